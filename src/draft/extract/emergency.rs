//! Hazard words. A match is never silent: conditions, denials and the past lower it to a doubt, they do not hide it.

use std::ops::Range;

use regex::Regex;
use serde::Deserialize;

use super::phrases::{ends_clause, ends_sentence};
use super::rule::simplified;
use super::{Doc, Spans};
use crate::draft::DraftError;
use crate::draft::lines::{Line, copies};
use crate::draft::schema::ServiceKind;

#[derive(Deserialize)]
struct Patterns {
    en: Vec<(ServiceKind, String)>,
    zh: Vec<(ServiceKind, String)>,
    yue: Vec<(ServiceKind, String)>,
}

#[derive(Deserialize)]
struct Doubts {
    before: Vec<String>,
    around: Vec<String>,
    now: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    direct: Patterns,
    doubt: Doubts,
}

pub struct Lexicon {
    direct: Vec<(ServiceKind, Regex)>,
    /// A condition or a denial that ends where the danger begins.
    before: Regex,
    /// The past, or a thing named after a danger.
    around: Regex,
    /// It happens while the caller speaks.
    now: Regex,
}

#[derive(Clone)]
pub struct Hazard {
    pub service: ServiceKind,
    pub spans: Spans,
    /// Said as a condition, denied, of the past, or as part of another word.
    pub doubtful: bool,
}

/// A doubt counts within the sentence, this many scalars to either side.
const REACH: usize = 24;
/// Scalars before the danger in which a condition or a denial of it begins.
const CONDITION: usize = 40;

impl Lexicon {
    pub fn parse(json: &str) -> Result<Self, DraftError> {
        let file: File =
            serde_json::from_str(json).map_err(|cause| DraftError::Data { file: "emergency lexicon", cause })?;
        // Lines are matched in Simplified characters; the borders of English words are none to Chinese ones.
        let compile = |pattern: &str| {
            let pattern = simplified(pattern).replace(r"\b", r"(?-u:\b)");
            Regex::new(&pattern).map_err(|cause| DraftError::Pattern(Box::new(cause)))
        };
        let mut direct = Vec::new();
        for (service, pattern) in &file.direct.en {
            direct.push((*service, compile(&format!(r"\b(?:{pattern})\b"))?));
        }
        for (service, pattern) in file.direct.zh.iter().chain(&file.direct.yue) {
            direct.push((*service, compile(pattern)?));
        }
        Ok(Self {
            direct,
            before: compile(&format!("(?:{})$", file.doubt.before.join("|")))?,
            around: compile(&file.doubt.around.join("|"))?,
            now: compile(&file.doubt.now.join("|"))?,
        })
    }

    /// Every hazard in order of time; at most one a pattern and line.
    pub fn find(&self, doc: &Doc<'_>) -> Vec<Hazard> {
        let told = |hazard: &mut Hazard, line| hazard.spans.iter_mut().for_each(|(at, _)| *at = line);
        let lines = doc.segments.iter().enumerate();
        lines.flat_map(|(at, line)| copies(&line.kept.hazards, || self.line(line), |one| told(one, at))).collect()
    }

    fn line(&self, line: &Line) -> Vec<Hazard> {
        let mut found: Vec<Hazard> = Vec::new();
        for (service, pattern) in &self.direct {
            let each = pattern.find_iter(&line.plain.text).take(8).map(|hit| {
                let range = line.plain.range(hit.range());
                let doubtful = self.doubtful(line, &range);
                Hazard { service: *service, spans: vec![(0, range)], doubtful }
            });
            // The certain one, if any, stands for the line.
            found.extend(each.min_by_key(|hazard| hazard.doubtful));
        }
        found.sort_by_key(|hazard| hazard.spans.first().map_or(0, |(_, range)| range.start));
        found
    }

    fn doubtful(&self, line: &Line, danger: &Range<usize>) -> bool {
        let near = |reach: usize, ends: fn(char) -> bool| {
            let before = line.plain.slice(danger.start.saturating_sub(reach)..danger.start);
            let after = line.plain.slice(danger.end..(danger.end + reach).min(line.chars.len()));
            (before.rsplit(ends).next().unwrap_or_default(), after.split(ends).next().unwrap_or_default())
        };
        let within = |rule: &Regex, (before, after): (&str, &str)| {
            rule.is_match(&format!("{before}{}{after}", line.plain.slice(danger.clone())))
        };
        let (condition, _) = near(CONDITION, ends_clause);
        self.before.is_match(condition)
            || within(&self.around, near(REACH, ends_sentence)) && !within(&self.now, near(REACH, ends_clause))
    }
}
