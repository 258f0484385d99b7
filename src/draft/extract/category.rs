//! What the call is about: terms of the taxonomy in the caller's words, place names masked.
//!
//! Chinese terms and whole English terms are found with one multi-pattern search; English terms of several words are
//! also found with their words apart or in another order ("smell of gas", "the heating is not working").

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::{Doc, Spans};
use crate::draft::DraftError;
use crate::draft::taxonomy::Taxonomy;
use crate::draft::token::{Kind, Token};

/// A category with its share of the weight and the words that speak for it, heaviest first.
pub struct Scored {
    pub category: usize,
    pub confidence: f32,
    pub spans: Spans,
}

struct Hit {
    term: usize,
    line: usize,
    range: Range<usize>,
    weight: f32,
}

pub struct Classifier {
    search: AhoCorasick,
    /// Stem to (term, index of the word in the term).
    stems: HashMap<String, Vec<(usize, usize)>>,
    /// Content words of each English term.
    lengths: Vec<usize>,
}

const FUNCTION_WORDS: &[&str] =
    &["a", "an", "the", "is", "are", "of", "in", "on", "at", "to", "my", "for", "with", "from"];
/// Words of the problem may stand this many words apart, beyond the term's own.
const WINDOW: usize = 3;
/// A term found with its words apart is worth less than the term itself.
const APART: f32 = 0.8;
/// Weight of a sentence that says what it is about.
const ANNOUNCED: f32 = 1.5;
const ANNOUNCE: &[&str] = &[
    "report",
    "calling about",
    "calling because",
    "complain",
    "complaint",
    "problem",
    "issue",
    "question about",
    "投诉",
    "反映",
    "举报",
    "报修",
    "关于",
    "咨询",
    "投訴",
    "反應",
    "反应",
    "舉報",
    "想報",
    "關於",
    "报一下",
    "第一个",
];
/// Words of a hazard are the topic of the call, whatever else is said.
const HAZARD: f32 = 2.5;
/// "in front of the school": the place, not the topic.
const PLACE_BEFORE: &[&str] =
    &["near", "next to", "behind", "in front of", "across from", "opposite", "beside", "by the", "outside", "under"];
const PLACE_AFTER: &[&str] = &["旁边", "旁邊", "对面", "對面", "门口", "門口", "后面", "後面", "附近", "隔壁", "前面"];

impl Classifier {
    pub fn new(taxonomy: &Taxonomy) -> Result<Self, DraftError> {
        let search = AhoCorasick::new(taxonomy.terms.iter().map(|term| &term.text)).map_err(DraftError::Terms)?;
        let mut stems: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        let mut lengths = vec![0; taxonomy.terms.len()];
        for (at, term) in taxonomy.terms.iter().enumerate().filter(|(_, term)| !term.chinese) {
            let content = term.text.split([' ', '-']).filter(|word| !FUNCTION_WORDS.contains(word));
            for (place, word) in content.enumerate() {
                stems.entry(stem(word)).or_default().push((at, place));
                lengths[at] = place + 1;
            }
        }
        Ok(Self { search, stems, lengths })
    }

    /// Categories with any evidence, best first.
    pub fn classify(&self, doc: &Doc<'_>, taxonomy: &Taxonomy, masks: &[Spans], hazards: &Spans) -> Vec<Scored> {
        let mut masked: HashMap<usize, Vec<&Range<usize>>> = HashMap::new();
        for (line, range) in masks.iter().flatten() {
            masked.entry(*line).or_default().push(range);
        }
        for ranges in masked.values_mut() {
            ranges.sort_by_key(|range| range.start);
        }
        let mut hits = Vec::new();
        for line in 0..doc.segments.len() {
            let mut found = self.whole(doc, taxonomy, line);
            self.apart(doc, taxonomy, line, &mut found);
            let mask = masked.get(&line).map_or(&[][..], |ranges| &ranges[..]);
            // Masks may overlap (one reading of each language), but few do: the last three that begin before the hit's end.
            found.retain(|hit| {
                let begun = mask.partition_point(|range| range.start < hit.range.end);
                !mask[begun.saturating_sub(3)..begun].iter().any(|range| hit.range.start < range.end)
            });
            let text = doc.segments.get(line).map_or("", |segment| segment.folded.text.as_str());
            let announced = ANNOUNCE.iter().any(|word| text.contains(word));
            for hit in &mut found {
                hit.weight *= place_factor(doc, hit) * if announced { ANNOUNCED } else { 1.0 };
                if hazards.iter().any(|(at, r)| *at == line && r.start < hit.range.end && hit.range.start < r.end) {
                    hit.weight *= HAZARD;
                }
            }
            hits.append(&mut found);
        }
        rank(taxonomy, hits)
    }

    /// Terms as they are written; one inside a longer one does not count.
    fn whole(&self, doc: &Doc<'_>, taxonomy: &Taxonomy, line: usize) -> Vec<Hit> {
        let Some(segment) = doc.segments.get(line) else { return Vec::new() };
        let text = &segment.folded.text;
        let mut spans: Vec<(Range<usize>, usize)> = Vec::new();
        for found in self.search.find_overlapping_iter(text) {
            let term = found.pattern().as_usize();
            if taxonomy.terms[term].chinese || bounded(text, found.range()) {
                spans.push((found.range(), term));
            }
        }
        spans.sort_by(|(a, _), (b, _)| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
        let mut reach = 0..0;
        let mut hits = Vec::new();
        for (range, term) in spans {
            if range.end <= reach.end && range != reach {
                continue;
            }
            let chars = taxonomy.terms[term].text.chars().count() as f32;
            let weight = (chars * if taxonomy.terms[term].chinese { 3.0 } else { 1.0 }).sqrt();
            hits.push(Hit { term, line, range: segment.folded.range(range.clone()), weight });
            reach = range;
        }
        hits
    }

    /// English terms with their words apart, inside one sentence.
    fn apart(&self, doc: &Doc<'_>, taxonomy: &Taxonomy, line: usize, hits: &mut Vec<Hit>) {
        let mut seen: HashMap<usize, Vec<Option<(usize, usize)>>> = HashMap::new();
        let tokens = doc.line(line);
        for (at, token) in tokens.iter().enumerate() {
            if token.ends_sentence() {
                seen.clear();
            }
            if token.kind != Kind::Word {
                continue;
            }
            for &(term, place) in self.stems.get(&stem(token.text)).map_or(&[][..], |list| &list[..]) {
                let places = seen.entry(term).or_insert_with(|| vec![None; self.lengths[term]]);
                places[place] = Some((at, at));
                let Some((from, to)) = extent(places)
                    .filter(|(from, to)| (places.len() - 1..places.len() + WINDOW).contains(&(to - from)))
                else {
                    continue;
                };
                if !taxonomy.terms[term].text.starts_with("no ") || ordered(places) {
                    let range = span(tokens, from, to);
                    let known = hits
                        .iter()
                        .rev()
                        .take(16)
                        .any(|hit| hit.range.start <= range.start && range.end <= hit.range.end);
                    if !known {
                        let weight = (taxonomy.terms[term].text.len() as f32).sqrt() * APART;
                        hits.push(Hit { term, line, range, weight });
                    }
                    seen.remove(&term);
                }
            }
        }
    }
}

fn extent(places: &[Option<(usize, usize)>]) -> Option<(usize, usize)> {
    let mut out: Option<(usize, usize)> = None;
    for place in places {
        let (at, _) = (*place)?;
        out = Some(out.map_or((at, at), |(from, to)| (from.min(at), to.max(at))));
    }
    out
}

fn ordered(places: &[Option<(usize, usize)>]) -> bool {
    places.windows(2).all(|pair| pair[0] < pair[1])
}

fn span(tokens: &[Token<'_>], from: usize, to: usize) -> Range<usize> {
    tokens[from].start..tokens[to].end
}

fn bounded(text: &str, range: Range<usize>) -> bool {
    let before = text[..range.start].chars().next_back();
    let mut after = text[range.end..].chars();
    let mut next = after.next();
    if next == Some('s') {
        next = after.next();
    }
    !before.is_some_and(char::is_alphanumeric) && !next.is_some_and(|c| c.is_alphanumeric())
}

/// Crude on purpose: both sides go through it.
fn stem(word: &str) -> String {
    let word = word.trim_end_matches('\'').trim_end_matches("'s");
    for suffix in ["ing", "ed", "es", "s"] {
        if let Some(root) = word.strip_suffix(suffix).filter(|root| root.len() >= 3 && !word.ends_with("ss")) {
            return root.trim_end_matches('e').to_owned();
        }
    }
    if word.len() > 4 { word.trim_end_matches('e').to_owned() } else { word.to_owned() }
}

fn place_factor(doc: &Doc<'_>, hit: &Hit) -> f32 {
    let Some(segment) = doc.segments.get(hit.line) else { return 1.0 };
    let before = segment.folded.slice(hit.range.start.saturating_sub(16)..hit.range.start);
    let before = before.trim_end().trim_end_matches("the").trim_end_matches(" a").trim_end();
    let after = segment.folded.slice(hit.range.end..(hit.range.end + 3).min(segment.len()));
    let place = PLACE_BEFORE.iter().any(|word| before.ends_with(word))
        || PLACE_AFTER
            .iter()
            .any(|word| after.starts_with(word) || after.get(3..).is_some_and(|a| a.starts_with(word)));
    if place { 0.15 } else { 1.0 }
}

fn rank(taxonomy: &Taxonomy, hits: Vec<Hit>) -> Vec<Scored> {
    // Weight and count of each term, so a word said ten times does not drown the rest. In order: a sum of floats depends on it.
    let mut terms: BTreeMap<usize, (f32, u32)> = BTreeMap::new();
    let mut spans: HashMap<usize, Vec<Hit>> = HashMap::new();
    for hit in hits {
        let entry = terms.entry(hit.term).or_insert((0.0, 0));
        *entry = (entry.0.max(hit.weight), entry.1 + 1);
        spans.entry(taxonomy.terms[hit.term].category).or_default().push(hit);
    }
    let mut weights = vec![0.0_f32; taxonomy.categories.len()];
    for (term, (weight, count)) in terms {
        weights[taxonomy.terms[term].category] += weight * (1.0 + (count as f32).ln());
    }
    let mut order: Vec<(usize, f32)> = weights.into_iter().enumerate().filter(|(_, weight)| *weight > 0.0).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let total: f32 = order.iter().map(|(_, weight)| weight).sum();
    order
        .into_iter()
        .map(|(category, weight)| {
            let mut found = spans.remove(&category).unwrap_or_default();
            found.sort_by(|a, b| {
                b.weight.total_cmp(&a.weight).then((a.line, a.range.start).cmp(&(b.line, b.range.start)))
            });
            let spans = found.into_iter().take(3).map(|hit| (hit.line, hit.range)).collect();
            // The share, held back by how little was heard: one short word alone is a guess.
            Scored { category, confidence: weight / (total + 1.5), spans }
        })
        .collect()
}
