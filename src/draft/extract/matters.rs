//! Where one matter ends and the next begins. A caller announces it ("another thing", 第二个是, 仲有), or speaks of
//! something else altogether; who comes back to a matter does not begin a new one.

use std::collections::HashMap;
use std::ops::Range;

use super::Doc;
use super::category::Hit;
use super::phrases::{Mark, Said, ends_clause};
use crate::draft::lines::copies;
use crate::draft::taxonomy::{Category, Taxonomy};
use crate::draft::text;

/// Matters of one call; later ones stay with the last.
pub const MAX_MATTERS: usize = 8;

/// A sentence, or the part of it before or after a further matter is announced.
#[derive(Clone, Debug)]
pub struct Unit {
    pub line: usize,
    /// Scalars of the line, without surrounding space.
    pub range: Range<usize>,
    /// It begins inside a sentence.
    pub inner: bool,
    /// Greeting, thanks, hesitation and nothing else.
    pub empty: bool,
    further: Option<Mark>,
    several: bool,
}

/// Scalars before a cue in which its clause begins.
const CLAUSE: usize = 60;
/// How much weight a category needs to be a matter of its own.
const ANNOUNCED: f32 = 1.4;
const FURTHER: f32 = 2.4;
/// Without any announcement: two terms, or a long one.
const ALONE: f32 = 4.6;
/// The same first level may be two sides of one thing, so it needs a little more.
const KIN: f32 = 1.1;
/// Below this a matter takes in what follows, unless another one is announced.
const FAINT: f32 = 2.0;
/// Chasing a case is how a matter is brought: what it is about is told beside it.
pub const CHASED: &str = "admin.case_followup";
/// Share of a unit's weight that keeps it with the matter before.
const SHARE: f32 = 0.5;

/// All units of the call in order of time.
pub fn units(doc: &Doc<'_>, cues: &[Said]) -> Vec<Unit> {
    let mut rest = cues;
    let lines = doc.segments.iter().enumerate();
    let each = lines.flat_map(|(line, segment)| {
        let here = rest.partition_point(|said| said.line <= line);
        let (said, later) = rest.split_at(here);
        rest = later;
        copies(&segment.kept.units, || in_line(segment.chars(), said), |unit| unit.line = line)
    });
    each.collect()
}

/// Units of one line.
fn in_line(chars: &[char], said: &[Said]) -> Vec<Unit> {
    let mut out = Vec::new();
    let mut marks = said.iter().filter(|said| further(said).is_some() || said.is(Mark::Several)).peekable();
    for sentence in text::sentences(chars) {
        let mut open =
            Unit { line: 0, range: sentence.clone(), inner: false, empty: false, further: None, several: false };
        while let Some(said) = marks.next_if(|said| said.range.start < sentence.end) {
            let start = clause_start(chars, &open.range, said);
            if further(said).is_some() && start > open.range.start {
                let tail = Unit { range: start..sentence.end, inner: true, ..open };
                open.range.end = start;
                out.extend(trimmed(chars, open));
                open = tail;
                open.further = None;
            }
            open.further = open.further.filter(|mark| *mark == Mark::Another).or(further(said)).or(open.further);
            open.several |= said.is(Mark::Several);
        }
        out.extend(trimmed(chars, open));
    }
    out
}

fn further(said: &Said) -> Option<Mark> {
    [Mark::Another, Mark::Also].into_iter().find(|mark| said.is(*mark))
}

/// Where the clause with the cue begins; unpunctuated speech is cut before the cue and the "and" or "I" before it.
fn clause_start(chars: &[char], sentence: &Range<usize>, said: &Said) -> usize {
    let before = sentence.start.max(said.range.start.saturating_sub(CLAUSE)).min(said.range.start)..said.range.start;
    if let Some(comma) = chars.get(before.clone()).and_then(|before| before.iter().rposition(|c| ends_clause(*c))) {
        return before.start + comma + 1;
    }
    let heard = chars.get(said.range.clone()).unwrap_or_default();
    if heard.first() == Some(&'也') || ["too", "as well"].iter().any(|word| same(heard, word)) {
        // Said within or behind what it adds: 垃圾也没人收, "the lift is broken too".
        return sentence.start;
    }
    let mut start = said.range.start;
    for word in ["there's ", "there is ", "i ", "and ", "oh ", "the ", "有", "我", "呢"] {
        let length = word.chars().count();
        let found = start.checked_sub(length).filter(|&from| from >= sentence.start);
        if let Some(from) = found.filter(|&from| chars.get(from..start).is_some_and(|heard| same(heard, word))) {
            start = from;
        }
    }
    start
}

fn same(heard: &[char], word: &str) -> bool {
    heard.iter().map(char::to_ascii_lowercase).eq(word.chars())
}

fn trimmed(chars: &[char], unit: Unit) -> Option<Unit> {
    let range = text::trim(chars, unit.range)?;
    Some(Unit { empty: text::is_empty(chars.get(range.clone())?), range, ..unit })
}

/// What one matter is about so far: the weight of each of its categories.
#[derive(Default)]
struct Matter {
    weights: HashMap<usize, f32>,
}

impl Matter {
    fn lead(&self) -> Option<usize> {
        heaviest(&self.weights).map(|(category, _)| category)
    }

    /// Too little was said for it to be what the call is about: what follows may tell.
    fn is_faint(&self) -> bool {
        heaviest(&self.weights).is_none_or(|(_, weight)| weight < FAINT)
    }

    fn add(&mut self, weights: &HashMap<usize, f32>) {
        for (category, weight) in weights {
            *self.weights.entry(*category).or_default() += weight;
        }
    }
}

fn heaviest(weights: &HashMap<usize, f32>) -> Option<(usize, f32)> {
    let by_weight = |a: &(&usize, &f32), b: &(&usize, &f32)| a.1.total_cmp(b.1).then(b.0.cmp(a.0));
    weights.iter().max_by(by_weight).map(|(category, weight)| (*category, *weight))
}

/// The matter of each unit, counted from 0 in the order of their first mention.
pub fn split(units: &[Unit], hits: &[Hit], taxonomy: &Taxonomy) -> Vec<usize> {
    let mut weights = weights(units, hits, taxonomy);
    let mut matters: Vec<Matter> = vec![Matter::default()];
    let (mut current, mut announced, mut several) = (0, false, false);
    let mut of = Vec::with_capacity(units.len());
    for (unit, weights) in units.iter().zip(&mut weights) {
        several |= unit.several;
        announced |= unit.further == Some(Mark::Another);
        if let Some((category, weight)) = heaviest(weights) {
            let own = |matter: &Matter| {
                let lead = matter.lead();
                let share = lead.and_then(|lead| weights.get(&lead)).copied().unwrap_or_default();
                lead == Some(category) || share >= weight * SHARE
            };
            let known = matters.get(current).filter(|matter| own(matter)).map(|_| current);
            let known = known.or_else(|| matters.iter().position(own));
            let lead = matters.get(current).and_then(Matter::lead);
            let faint = matters.get(current).is_none_or(Matter::is_faint) && !announced;
            let chased = lead.is_some_and(|lead| is(taxonomy, lead, CHASED));
            let new = || {
                let needed =
                    needed(announced, several || chased, unit.further, !chased && kin(taxonomy, lead?, category))?;
                (weight >= needed && !faint && matters.len() < MAX_MATTERS).then_some(matters.len())
            };
            current = known.or_else(new).unwrap_or(current);
            if current == matters.len() {
                matters.push(Matter::default());
            }
            if let Some(matter) = matters.get_mut(current) {
                matter.add(weights);
            }
            announced = false;
        }
        of.push(current);
    }
    of
}

/// The weight that begins a new matter; `None`: none does.
fn needed(announced: bool, several: bool, further: Option<Mark>, kin: bool) -> Option<f32> {
    if announced {
        return Some(ANNOUNCED);
    }
    let least = if several || further == Some(Mark::Also) { FURTHER } else { ALONE };
    match (kin, least < ALONE) {
        (true, false) => None,
        (true, true) => Some(least * KIN),
        (false, _) => Some(least),
    }
}

fn is(taxonomy: &Taxonomy, at: usize, code: &str) -> bool {
    taxonomy.categories.get(at).is_some_and(|category| category.code == code)
}

fn kin(taxonomy: &Taxonomy, a: usize, b: usize) -> bool {
    let top = |at: usize| taxonomy.categories.get(at).and_then(|category: &Category| category.code.split('.').next());
    top(a) == top(b)
}

/// Weight of each category in each unit, every term once. What says that nothing was understood begins no matter.
fn weights(units: &[Unit], hits: &[Hit], taxonomy: &Taxonomy) -> Vec<HashMap<usize, f32>> {
    let mut out: Vec<HashMap<usize, f32>> = units.iter().map(|_| HashMap::new()).collect();
    let mut seen: HashMap<(usize, usize), f32> = HashMap::new();
    for hit in hits {
        let says = taxonomy.categories.get(hit.category).is_some_and(|category| !category.code.starts_with("other."));
        let Some(weights) = out.get_mut(hit.unit).filter(|_| says) else { continue };
        let before = seen.entry((hit.unit, hit.term)).or_default();
        let more = (hit.weight - *before).max(0.0);
        *before += more;
        *weights.entry(hit.category).or_default() += more;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::extract::phrases::Phrases;
    use crate::draft::testing::call;

    fn unit_texts(texts: &[&str]) -> Vec<String> {
        let spoken = call(texts);
        let segments: Vec<_> = spoken.iter().filter_map(crate::draft::evidence::Segment::new).collect();
        let doc = Doc::new(&segments, false);
        let cues = Phrases::parse(include_str!("../data/phrases.json")).unwrap().find(&doc);
        let all = units(&doc, &cues);
        all.iter().map(|unit| segments[unit.line].text(unit.range.clone())).collect()
    }

    #[test]
    fn a_further_matter_begins_a_unit_where_it_is_announced() {
        assert_eq!(
            unit_texts(&["the light is out and another thing is the bins"]),
            ["the light is out", "and another thing is the bins"]
        );
        assert_eq!(unit_texts(&["路灯坏了，另外垃圾没人收。"]), ["路灯坏了，", "另外垃圾没人收。"]);
        assert_eq!(unit_texts(&["街燈壞咗仲有垃圾冇人收"]), ["街燈壞咗", "仲有垃圾冇人收"]);
        assert_eq!(unit_texts(&["The lift is broken too. 垃圾也没人收"]), ["The lift is broken too.", "垃圾也没人收"]);
    }

    #[test]
    fn units_hold_every_word_once_and_in_order() {
        let texts = ["Also, also and also another thing, besides 另外还有一个另外，", "第二个", "", "no cue here"];
        let joined: String = unit_texts(&texts).concat().split_whitespace().collect();
        assert_eq!(joined, texts.concat().split_whitespace().collect::<String>());
    }
}
