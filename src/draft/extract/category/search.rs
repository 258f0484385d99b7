//! Terms of the taxonomy in one line. All are found in one pass. A Chinese term may have a gap (工资…没发); an English one
//! of several words is also found with them apart or in another order ("smell of gas", "the heating is not working").

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::Hit;
use crate::draft::DraftError;
use crate::draft::extract::Doc;
use crate::draft::extract::phrases::{ends_sentence, is_word};
use crate::draft::lines::Line;
use crate::draft::normal::{Folded, is_han};
use crate::draft::taxonomy::{GAP, Taxonomy};
use crate::draft::token::{Kind, Token};

pub struct Search {
    written: AhoCorasick,
    /// What each pattern of `written` is: a whole term, or a part of one with gaps.
    uses: Vec<Vec<Use>>,
    sounded: AhoCorasick,
    /// The term of each pattern of `sounded`.
    terms: Vec<usize>,
    /// Stem to (term, index of the word in the term).
    stems: HashMap<String, Vec<(usize, usize)>>,
    /// Content words of each English term, parts of each Chinese one.
    lengths: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Use {
    term: usize,
    part: usize,
}

const FUNCTION_WORDS: &[&str] =
    &["a", "an", "the", "is", "are", "of", "in", "on", "at", "to", "my", "for", "with", "from"];
/// Words of the problem may stand this many words apart, beyond the term's own.
const WINDOW: usize = 3;
/// Scalars between two parts of a Chinese term.
const BETWEEN: usize = 8;
/// A term found with its words apart is worth less than the term itself; one that is only sounded like it, less still.
const APART: f32 = 0.8;
const SOUNDED: f32 = 0.7;

impl Search {
    pub fn new(taxonomy: &Taxonomy) -> Result<Self, DraftError> {
        let mut patterns: Vec<String> = Vec::new();
        let mut uses: Vec<Vec<Use>> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut stems: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        let mut lengths = vec![0; taxonomy.terms.len()];
        for (at, term) in taxonomy.terms.iter().enumerate() {
            for (part, text) in term.text.split(GAP).enumerate() {
                let pattern = *known.entry(text.to_owned()).or_insert_with(|| {
                    patterns.push(text.to_owned());
                    uses.push(Vec::new());
                    patterns.len() - 1
                });
                uses[pattern].push(Use { term: at, part });
                lengths[at] = part + 1;
            }
            if term.chinese {
                continue;
            }
            let words: Vec<&str> = term.text.split([' ', '-']).collect();
            let content: Vec<&str> = words.iter().copied().filter(|word| !FUNCTION_WORDS.contains(word)).collect();
            // "Blocked in" is no topic without its "in", and a "lift" is not what is lifting the pavement.
            if content.len() == 1 {
                continue;
            }
            for (place, word) in content.into_iter().enumerate() {
                stems.entry(stem(word)).or_default().push((at, place));
                lengths[at] = place + 1;
            }
        }
        let spoken = |text: &str| text.chars().count() >= 2 && text.chars().all(is_han);
        let terms: Vec<usize> = (0..taxonomy.terms.len()).filter(|&at| spoken(&taxonomy.terms[at].text)).collect();
        let sounds = terms.iter().map(|&at| Folded::sounded(&taxonomy.terms[at].text).text);
        Ok(Self {
            written: AhoCorasick::new(patterns).map_err(DraftError::Terms)?,
            sounded: AhoCorasick::new(sounds).map_err(DraftError::Terms)?,
            uses,
            terms,
            stems,
            lengths,
        })
    }

    pub fn find(&self, doc: &Doc<'_>, taxonomy: &Taxonomy, line: usize) -> Vec<Hit> {
        let Some(segment) = doc.segments.get(line) else { return Vec::new() };
        let mut found = self.written(segment, taxonomy);
        self.apart(doc.line(line), taxonomy, &mut found);
        found
    }

    /// Terms as they are written, and those with gaps; a whole one inside a longer one does not count.
    fn written(&self, segment: &Line, taxonomy: &Taxonomy) -> Vec<Hit> {
        let text = &segment.plain.text;
        let mut spans: Vec<(Range<usize>, usize)> = Vec::new();
        for found in self.written.find_overlapping_iter(text) {
            spans.push((found.range(), found.pattern().as_usize()));
        }
        spans.sort_by(|(a, _), (b, _)| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
        let mut reach = 0..0;
        let mut parts: HashMap<usize, (usize, Range<usize>)> = HashMap::new();
        let mut hits = Vec::new();
        for (bytes, pattern) in spans {
            let range = segment.plain.range(bytes.clone());
            for Use { term, part } in self.uses[pattern].iter().copied() {
                let entry = &taxonomy.terms[term];
                let bordered = if entry.chinese { is_word(text, &bytes) } else { bounded(text, bytes.clone()) };
                if !bordered {
                    continue;
                }
                let whole = match (entry.chinese, self.lengths[term]) {
                    (true, 2..) => join(segment, &mut parts, term, part, &range),
                    _ if bytes.end <= reach.end && bytes != reach => None,
                    _ => {
                        reach = bytes.clone();
                        Some(range.clone())
                    }
                };
                let Some(whole) = whole.filter(|_| !entry.chinese || part + 1 == self.lengths[term]) else { continue };
                let chars = entry.text.chars().count() as f32;
                let weight = (chars * if entry.chinese { 3.0 } else { 1.0 }).sqrt();
                hits.push(Hit { term, category: entry.category, unit: 0, line: 0, range: whole, weight, factor: 1.0 });
            }
        }
        hits
    }

    /// Chinese words that sound like a term of which at least half is written right.
    pub fn alike(&self, segment: &Line, taxonomy: &Taxonomy) -> Vec<Hit> {
        if !segment.chars.iter().any(|c| is_han(*c)) {
            return Vec::new();
        }
        let sounded = Folded::sounded(&segment.plain.text);
        let mut hits = Vec::new();
        for found in self.sounded.find_overlapping_iter(&sounded.text) {
            let term = self.terms[found.pattern().as_usize()];
            let entry = &taxonomy.terms[term];
            let range = sounded.range(found.range());
            let heard = segment.plain.slice(range.clone()).chars();
            let (same, all) = (heard.zip(entry.text.chars()).filter(|(a, b)| a == b).count(), range.len());
            if same * 2 >= all && same < all {
                let weight = (all as f32 * 3.0).sqrt() * SOUNDED;
                hits.push(Hit { term, category: entry.category, unit: 0, line: 0, range, weight, factor: 1.0 });
            }
        }
        hits
    }

    /// English terms with their words apart, inside one sentence.
    fn apart(&self, tokens: &[Token<'_>], taxonomy: &Taxonomy, hits: &mut Vec<Hit>) {
        let mut seen: HashMap<usize, Vec<Option<(usize, usize)>>> = HashMap::new();
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
                let entry = &taxonomy.terms[term];
                if !entry.text.starts_with("no ") || ordered(places) {
                    let range = span(tokens, from, to);
                    let mut near = hits.iter().rev().take(16);
                    if !near.any(|hit| hit.range.start <= range.start && range.end <= hit.range.end) {
                        let weight = (entry.text.len() as f32).sqrt() * APART;
                        hits.push(Hit { term, category: entry.category, unit: 0, line: 0, range, weight, factor: 1.0 });
                    }
                    seen.remove(&term);
                }
            }
        }
    }
}

/// The next part of a term with gaps; its whole range once the last part is there.
fn join(
    segment: &Line,
    parts: &mut HashMap<usize, (usize, Range<usize>)>,
    term: usize,
    part: usize,
    range: &Range<usize>,
) -> Option<Range<usize>> {
    if part == 0 {
        parts.insert(term, (0, range.clone()));
        return None;
    }
    let (last, so_far) = parts.get(&term)?;
    let between = segment.chars.get(so_far.end..range.start)?;
    if last + 1 != part || between.len() > BETWEEN || between.iter().any(|c| ends_sentence(*c)) {
        return None;
    }
    let whole = so_far.start..range.end;
    parts.insert(term, (part, whole.clone()));
    Some(whole)
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
