//! How soon somebody must look: the category's default, raised by danger and by vulnerable people without a utility.

use super::{Doc, Spans};
use crate::draft::schema::Urgency;

/// Danger said in so many words. "Urgent" and "as soon as possible" alone raise nothing.
const HAZARD: &[&str] = &[
    "dangerous",
    "someone could get hurt",
    "could get hurt",
    "somebody could get hurt",
    "got hurt",
    "exposed wire",
    "about to fall",
    "about to collapse",
    "很危险",
    "危险",
    "要倒",
    "漏电",
    "砸到",
    "好危險",
    "危險",
    "漏電",
    "差啲打中",
    "跌落嚟",
];
const VULNERABLE: &[&str] = &[
    "small children",
    "baby",
    "year old",
    "old mother",
    "old father",
    "elderly",
    "pregnant",
    "wheelchair",
    "老人",
    "小孩",
    "孩子",
    "孕妇",
    "婴儿",
    "残疾",
    "老人家",
    "婆婆",
    "細路",
    "孕婦",
];

/// A raise above the category's default and the words for it.
pub fn raise(doc: &Doc<'_>, default: Urgency, code: &str) -> Option<(Urgency, Spans)> {
    let hazard = find(doc, HAZARD).map(|spans| (Urgency::High.max(default), spans));
    let needs = code.starts_with("utility.") || code == "housing.elevator";
    let vulnerable = find(doc, VULNERABLE).filter(|_| needs).map(|spans| (Urgency::High.max(default), spans));
    [hazard, vulnerable]
        .into_iter()
        .flatten()
        .filter(|(urgency, _)| *urgency > default)
        .max_by_key(|(urgency, _)| *urgency)
}

fn find(doc: &Doc<'_>, words: &[&str]) -> Option<Spans> {
    doc.segments.iter().enumerate().find_map(|(line, segment)| {
        let text = &segment.folded.text;
        let hit = words.iter().find_map(|word| text.find(word).map(|at| at..at + word.len()))?;
        Some(vec![(line, segment.folded.range(hit))])
    })
}
