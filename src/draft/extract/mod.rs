//! What the caller said, read field by field.

pub mod address;
mod address_en;
mod address_zh;
pub mod category;
mod correct;
mod cues;
pub mod emergency;
mod gloss;
pub mod name;
mod owner;
pub mod phone;
mod plan;
pub mod reference;
mod runs;
mod scan;
pub mod this_line;
pub mod urgency;

use std::ops::Range;

use super::evidence::Segment;
use super::schema::{Evidence, MAX_EVIDENCE};
use super::token::{Token, tokens};

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
}

impl<'a> Doc<'a> {
    pub fn new(segments: &'a [Segment<'a>], cantonese: bool) -> Self {
        let mut all = Vec::new();
        let mut lines = Vec::with_capacity(segments.len() + 1);
        for (line, segment) in segments.iter().enumerate() {
            lines.push(all.len());
            all.extend(tokens(&segment.folded, line));
        }
        lines.push(all.len());
        Self { segments, tokens: all, lines, cantonese }
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
