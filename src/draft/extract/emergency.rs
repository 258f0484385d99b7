//! Hazard words. A match is never silent: conditions and the past lower it to a doubt, they do not hide it.

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
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
        let scripts = scripts();
        let mut direct = Vec::new();
        // English in word borders; Chinese has none.
        for (service, pattern) in &file.direct.en {
            direct.push((*service, compile(&format!(r"\b(?:{pattern})\b"))?));
        }
        for (service, pattern) in file.direct.zh.iter().chain(&file.direct.yue) {
            direct.push((*service, compile(&forms(pattern, &scripts))?));
        }
        let words: Vec<String> = [&file.downgrade.en, &file.downgrade.zh, &file.downgrade.yue]
            .into_iter()
            .flatten()
            .map(|word| forms(&regex::escape(word), &scripts))
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

/// A recogniser prints either script for either language: Simplified, Hong Kong's Traditional, Taiwan's.
fn scripts() -> Vec<OpenCC> {
    let load = |config| {
        let loaded = OpenCC::from_config(config);
        loaded.inspect_err(|e| tracing::error!(reason = %e, "hazard words are known in one script only; rebuild")).ok()
    };
    [BuiltinConfig::Hk2s, BuiltinConfig::S2hk, BuiltinConfig::S2tw].into_iter().filter_map(load).collect()
}

/// A pattern in every script.
fn forms(pattern: &str, scripts: &[OpenCC]) -> String {
    let mut forms = vec![pattern.to_owned()];
    for script in scripts {
        let form = script.convert(pattern);
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms.join("|")
}

fn sentence(chars: &[char], range: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let ends = |c: &char| matches!(c, '.' | '!' | '?' | ';' | '。' | '！' | '？' | '；');
    let low = range.start.saturating_sub(REACH);
    let high = (range.end + REACH).min(chars.len());
    let start = chars[low..range.start].iter().rposition(ends).map_or(low, |at| low + at + 1);
    let end = chars[range.end..high].iter().position(ends).map_or(high, |at| range.end + at);
    start..end
}
