//! What the caller said, read field by field.

pub mod address;
pub mod affected;
pub mod anonymity;
pub mod category;
pub mod consent;
mod correct;
pub(in crate::draft) mod cues;
pub mod emergency;
pub mod gazetteer;
mod gloss;
pub mod interpreter;
pub mod matters;
pub mod name;
mod name_spelled;
mod name_zh;
pub mod outcome;
mod owner;
pub mod phone;
pub mod phrases;
pub mod plan;
pub mod reference;
pub mod request_type;
pub mod respondent;
pub mod rule;
mod runs;
pub(in crate::draft) mod scan;
pub mod this_line;
pub mod time;
pub mod urgency;
pub mod vulnerability;

use std::ops::Range;
use std::sync::Arc;

use super::evidence::Segment;
use super::schema::{Evidence, MAX_EVIDENCE};
use super::token::Token;

use gazetteer::{Gazetteer, Named};

/// Scalar ranges, each with the index of its line.
pub type Spans = Vec<(usize, Range<usize>)>;

/// The caller's lines and their words.
pub struct Doc<'a> {
    pub segments: &'a [Segment<'a>],
    pub tokens: Vec<Token<'a>>,
    /// First token of each line, and the end.
    lines: Vec<usize>,
    /// The caller speaks Cantonese.
    pub cantonese: bool,
    /// Names that the deployment knows; without any, none is found.
    gazetteer: Option<Arc<Gazetteer>>,
}

impl<'a> Doc<'a> {
    pub fn new(segments: &'a [Segment<'a>], cantonese: bool) -> Self {
        let mut all = Vec::new();
        let mut lines = Vec::with_capacity(segments.len() + 1);
        for (line, segment) in segments.iter().enumerate() {
            lines.push(all.len());
            all.extend(segment.tokens(line));
        }
        lines.push(all.len());
        Self { segments, tokens: all, lines, cantonese, gazetteer: None }
    }

    pub fn with_gazetteer(mut self, gazetteer: Arc<Gazetteer>) -> Self {
        self.gazetteer = Some(gazetteer);
        self
    }

    /// Names of the gazetteer in one line.
    pub fn names(&self, line: usize) -> Vec<Named> {
        self.gazetteer.as_ref().map(|known| known.names(self.line(line), self.cantonese)).unwrap_or_default()
    }

    /// Tokens of one line.
    pub fn line(&self, line: usize) -> &[Token<'a>] {
        match (self.lines.get(line), self.lines.get(line + 1)) {
            (Some(&from), Some(&to)) => self.tokens.get(from..to).unwrap_or_default(),
            _ => &[],
        }
    }

    pub fn evidence(&self, spans: &Spans) -> Vec<Evidence> {
        let found = spans.iter().take(MAX_EVIDENCE);
        found.filter_map(|(line, range)| Some(self.segments.get(*line)?.evidence(range.clone()))).collect()
    }

    /// Lowest recogniser confidence in the spans.
    pub fn confidence(&self, spans: &Spans) -> f32 {
        let each = spans.iter().filter_map(|(line, range)| Some(self.segments.get(*line)?.confidence(range.clone())));
        each.fold(1.0, f32::min)
    }

    /// Original text of one token.
    pub fn original(&self, token: &Token<'_>) -> String {
        self.segments.get(token.line).map(|segment| segment.text(token.range())).unwrap_or_default()
    }
}
