//! The place the caller names: the best chain of address parts in the call.

use super::{Doc, Spans, address_en, address_zh};

/// One reading of a stretch of a line as an address.
pub struct Found {
    pub value: String,
    pub spans: Spans,
    /// How much of an address it is; parts add up, a cue before it adds more.
    pub score: f32,
}

/// Below this a chain is too little to be sent to.
const LEAST: f32 = 0.8;
/// A place named after a correction replaces the one before it.
const CORRECTED: f32 = 2.0;

pub fn find(doc: &Doc<'_>) -> Option<Found> {
    let mut best: Option<Found> = None;
    for line in 0..doc.segments.len() {
        for mut found in address_en::chains(doc, line).into_iter().chain(address_zh::chains(doc, line)) {
            if found.score < LEAST {
                continue;
            }
            if corrected(doc, &found) {
                found.score += CORRECTED;
            }
            if best.as_ref().is_none_or(|best| found.score > best.score) {
                best = Some(found);
            }
        }
    }
    best
}

/// Every stretch that looks like an address, for masking: a street's name is no topic.
pub fn masks(doc: &Doc<'_>) -> Vec<Spans> {
    (0..doc.segments.len())
        .flat_map(|line| address_en::chains(doc, line).into_iter().chain(address_zh::chains(doc, line)))
        .map(|found| found.spans)
        .collect()
}

fn corrected(doc: &Doc<'_>, found: &Found) -> bool {
    let Some((line, range)) = found.spans.first() else { return false };
    let Some(segment) = doc.segments.get(*line) else { return false };
    let before = segment.folded.slice(range.start.saturating_sub(12)..range.start);
    ["no sorry", "i mean", "sorry,", "不对", "错了", "唔係", "錯咗"].iter().any(|word| before.contains(word))
}
