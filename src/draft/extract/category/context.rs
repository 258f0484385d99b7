//! What a term weighs where it stands: a place or a person in charge is seldom the topic, what is announced always is.

use std::collections::HashSet;

use super::Hit;
use crate::draft::lines::Line;
use crate::draft::normal::Folded;
use crate::draft::taxonomy::Taxonomy;

/// Weight of what is said after "I want to report", in one sentence with it.
const ANNOUNCED: f32 = 1.5;
const ANNOUNCE: &[&str] = &[
    "report",
    "calling about",
    "calling because",
    "rang about",
    "ringing about",
    "phoning about",
    "called about",
    "it's about",
    "its about",
    "complain",
    "complaint",
    "problem",
    "issue",
    "question about",
    "投诉",
    "反映",
    "反应",
    "举报",
    "报修",
    "关于",
    "咨询",
    "想报",
    "报一下",
    "第一个",
    "查询",
    "建议",
    "想问",
    "系关",
];
/// "in front of the school": the place, not the topic.
const PLACE: f32 = 0.15;
const PLACE_BEFORE: &[&str] = &[
    "near",
    "next to",
    "behind",
    "in front of",
    "across from",
    "opposite",
    "beside",
    "by the",
    "by a",
    "outside",
    "under",
    "close to",
    "at the back of",
    "round the corner from",
    "past the",
    "between the",
];
const PLACE_AFTER: &[&str] = &[
    "旁边",
    "对面",
    "门口",
    "后面",
    "附近",
    "隔壁",
    "前面",
    "侧边",
    "旁",
    "边上",
    "楼下",
    "出面",
    "外面",
    "嗰度",
    "那儿",
    "那边",
    " right under",
    " right there",
    " right by",
    " right next",
    " counter",
    " office",
    " desk",
    " department",
    " hotline",
];
/// Places and people that calls of every kind name: topics only where they are announced.
const MERE: f32 = 0.4;
/// One a line.
const MERELY: &str = include_str!("../../data/merely.txt");
/// Scalars before a term in which it may be announced.
const SENTENCE: usize = 160;
/// Scalars before a term in which a place or an announcement stands.
const BEFORE: usize = 16;

/// Terms that are mere places or people, by their index.
pub struct Context {
    merely: HashSet<usize>,
}

impl Context {
    pub fn new(taxonomy: &Taxonomy) -> Self {
        let words: HashSet<String> = MERELY.lines().map(|word| Folded::simplified(word).text).collect();
        let terms = taxonomy.terms.iter().enumerate().filter(|(_, term)| words.contains(&term.text));
        Self { merely: terms.map(|(at, _)| at).collect() }
    }

    /// `unit`: where the hit's unit begins.
    pub fn factor(&self, segment: &Line, unit: usize, hit: &Hit) -> f32 {
        // Unpunctuated speech may be one sentence of an hour; an announcement does not reach that far.
        let from = unit.max(hit.range.start.saturating_sub(SENTENCE));
        let sentence = segment.plain.slice(from..hit.range.start);
        let near = segment.plain.slice(hit.range.start.saturating_sub(BEFORE).max(from)..hit.range.start);
        let announced = near.contains("about ")
            || ANNOUNCE.iter().any(|word| sentence.contains(word) || term_says(segment, hit, word));
        let mut factor = if announced { ANNOUNCED } else { 1.0 };
        if is_place(segment, hit, near) {
            factor *= PLACE;
        } else if self.merely.contains(&hit.term) && !ANNOUNCE.iter().any(|word| near.contains(word)) {
            factor *= MERE;
        }
        factor
    }
}

/// The announcement may be part of the term: "noise complaint".
fn term_says(segment: &Line, hit: &Hit, word: &str) -> bool {
    segment.plain.slice(hit.range.clone()).contains(word)
}

fn is_place(segment: &Line, hit: &Hit, near: &str) -> bool {
    let before = near.trim_end().trim_end_matches(" the").trim_end_matches(" a").trim_end_matches(" my").trim_end();
    let end = (hit.range.end + 12).min(segment.chars.len());
    let after = segment.plain.slice(hit.range.end..end);
    // A word may end the place's name: 地铁 (站) 旁边, "the station (entrance)".
    let next = after.char_indices().nth(1).map_or("", |(at, _)| &after[at..]);
    PLACE_BEFORE.iter().any(|word| before.ends_with(word) || format!("{before} the").ends_with(word))
        || PLACE_AFTER.iter().any(|word| after.starts_with(word) || next.starts_with(word))
}
