//! Hazard words. A match is never silent: conditions and the past lower it to a doubt, they do not hide it.

use regex::Regex;
use serde::Deserialize;

use super::{Doc, Spans};
use crate::draft::DraftError;
use crate::draft::schema::ServiceKind;

#[derive(Deserialize)]
struct Patterns {
    en: Vec<(ServiceKind, String)>,
    zh: Vec<(ServiceKind, String)>,
    yue: Vec<(ServiceKind, String)>,
}

#[derive(Deserialize)]
struct Words {
    en: Vec<String>,
    zh: Vec<String>,
    yue: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    direct: Patterns,
    downgrade: Words,
}

pub struct Lexicon {
    direct: Vec<(ServiceKind, Regex)>,
    downgrade: Regex,
}

pub struct Hazard {
    pub service: ServiceKind,
    pub spans: Spans,
    /// Said as a condition, of the past, or as part of another word.
    pub doubtful: bool,
}

/// A downgrade counts within the sentence, this many scalars to either side.
const REACH: usize = 24;

impl Lexicon {
    pub fn parse(json: &str) -> Result<Self, DraftError> {
        let file: File =
            serde_json::from_str(json).map_err(|cause| DraftError::Data { file: "emergency lexicon", cause })?;
        let compile = |pattern: &str| Regex::new(pattern).map_err(|cause| DraftError::Pattern(Box::new(cause)));
        let mut direct = Vec::new();
        // English in word borders; Chinese has none.
        for (service, pattern) in &file.direct.en {
            direct.push((*service, compile(&format!(r"\b(?:{pattern})\b"))?));
        }
        for (service, pattern) in file.direct.zh.iter().chain(&file.direct.yue) {
            direct.push((*service, compile(pattern)?));
        }
        let words: Vec<String> = [&file.downgrade.en, &file.downgrade.zh, &file.downgrade.yue]
            .into_iter()
            .flatten()
            .map(|word| regex::escape(word))
            .collect();
        Ok(Self { direct, downgrade: compile(&words.join("|"))? })
    }

    /// Every hazard in order of time; at most one a pattern and line.
    pub fn find(&self, doc: &Doc<'_>) -> Vec<Hazard> {
        let mut out: Vec<Hazard> = Vec::new();
        for (line, segment) in doc.segments.iter().enumerate() {
            let mut found: Vec<Hazard> = Vec::new();
            for (service, pattern) in &self.direct {
                let each = pattern.find_iter(&segment.folded.text).take(8).map(|hit| {
                    let range = segment.folded.range(hit.range());
                    let doubtful = self.doubtful(segment.folded.slice(sentence(segment.chars(), &range)));
                    Hazard { service: *service, spans: vec![(line, range)], doubtful }
                });
                // The certain one, if any, stands for the line.
                found.extend(each.min_by_key(|hazard| hazard.doubtful));
            }
            found.sort_by_key(|hazard| hazard.spans.first().map_or(0, |(_, range)| range.start));
            out.append(&mut found);
        }
        out
    }

    fn doubtful(&self, around: &str) -> bool {
        self.downgrade.is_match(around)
    }
}

fn sentence(chars: &[char], range: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let ends = |c: &char| matches!(c, '.' | '!' | '?' | ';' | '。' | '！' | '？' | '；');
    let low = range.start.saturating_sub(REACH);
    let high = (range.end + REACH).min(chars.len());
    let start = chars[low..range.start].iter().rposition(ends).map_or(low, |at| low + at + 1);
    let end = chars[range.end..high].iter().position(ends).map_or(high, |at| range.end + at);
    start..end
}
