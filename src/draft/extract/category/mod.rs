//! What the call is about: terms of the taxonomy in the caller's words, place names masked.
//!
//! `search` finds the terms, `context` weighs them by what stands around them, [`rank`] adds them up.

mod context;
mod search;

use std::collections::HashMap;
use std::ops::Range;

use super::matters::Unit;
use super::{Doc, Spans};
use crate::draft::DraftError;
use crate::draft::lines::{Line, copies};
use crate::draft::taxonomy::Taxonomy;
use context::Context;
use search::Search;

/// A category with its share of the weight and the words that speak for it, heaviest first.
pub struct Scored {
    pub category: usize,
    pub confidence: f32,
    pub spans: Spans,
}

/// A term where it was said.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Index in [`Taxonomy::terms`].
    pub term: usize,
    /// Index in [`Taxonomy::categories`].
    pub category: usize,
    /// Index in the call's units.
    pub unit: usize,
    pub line: usize,
    /// Scalars of the line.
    pub range: Range<usize>,
    pub weight: f32,
    /// What its weight is worth where it stands.
    pub factor: f32,
}

pub struct Classifier {
    search: Search,
    context: Context,
    /// The first term of [`INCIDENT`], and the category; `None` in a taxonomy without.
    incident: Option<(usize, usize)>,
}

/// What is named first is what the call is about, more often than what is described at length.
const FIRST: f32 = 1.3;
/// Asking about a policy and chasing a case are how a matter is brought, more often than what it is about.
const MANNER: f32 = 0.55;
const MANNERS: [&str; 2] = ["admin.policy", "admin.case_followup"];
const INCIDENT: &str = "safety.incident";
/// Categories beside those of safety that danger is a topic of.
const GRAVE: [&str; 3] = ["welfare.child_family", "utility.gas", "housing.elevator"];
/// What certain danger weighs where no term names it: more than any one term.
const DANGER: f32 = 8.0;
/// When no term weighs this much, words that only sound like a term are looked for.
const FAINT: f32 = 2.0;

impl Classifier {
    pub fn new(taxonomy: &Taxonomy) -> Result<Self, DraftError> {
        let category = taxonomy.categories.iter().position(|category| category.code == INCIDENT);
        let term = taxonomy.terms.iter().position(|term| Some(term.category) == category);
        Ok(Self { search: Search::new(taxonomy)?, context: Context::new(taxonomy), incident: term.zip(category) })
    }

    /// Every term of the call that is no part of a place's name, in order of time within each line.
    pub fn hits(
        &self,
        doc: &Doc<'_>,
        taxonomy: &Taxonomy,
        units: &[Unit],
        masks: &[Spans],
        hazards: &Spans,
    ) -> Vec<Hit> {
        let (masked, dangers) = (by_line(masks), by_line(std::slice::from_ref(hazards)));
        let mut hits = Vec::new();
        for (line, segment) in doc.segments.iter().enumerate() {
            let find = || self.weighed(segment, self.search.find(doc, taxonomy, line), units, line);
            let found = copies(&segment.kept.terms, find, |hit| hit.line = line);
            hits.extend(kept(found, units, &masked, &dangers));
        }
        if hits.iter().all(|hit: &Hit| hit.weight < FAINT) {
            for (line, segment) in doc.segments.iter().enumerate() {
                let find = || self.weighed(segment, self.search.alike(segment, taxonomy), units, line);
                let found = copies(&segment.kept.alike, find, |hit| hit.line = line);
                hits.extend(kept(found, units, &masked, &dangers));
            }
        }
        hits.extend(self.endangered(taxonomy, units, &hits, hazards));
        let is_manner = |at: usize| taxonomy.categories.get(at).is_some_and(|one| MANNERS.contains(&one.code.as_str()));
        hits.iter_mut().filter(|hit| is_manner(hit.category)).for_each(|hit| hit.weight *= MANNER);
        hits
    }

    /// Danger that no term of a category names is an incident by itself.
    fn endangered(&self, taxonomy: &Taxonomy, units: &[Unit], hits: &[Hit], hazards: &Spans) -> Vec<Hit> {
        let Some((term, category)) = self.incident.filter(|_| !hazards.is_empty()) else { return Vec::new() };
        let mut said: HashMap<usize, Vec<&Hit>> = HashMap::new();
        for hit in hits {
            said.entry(hit.line).or_default().push(hit);
        }
        let grave = |hit: &Hit| {
            let code = taxonomy.categories.get(hit.category).map_or("", |category| category.code.as_str());
            code.starts_with("safety.") || GRAVE.contains(&code)
        };
        let named = |line: usize, range: &Range<usize>| {
            let over = |hit: &Hit| hit.range.start < range.end && range.start < hit.range.end;
            said.get(&line).is_some_and(|here| here.iter().any(|hit| grave(hit) || over(hit)))
        };
        let unnamed = hazards.iter().filter(|(line, range)| !named(*line, range));
        let hit = |(line, range): &(usize, Range<usize>)| {
            let unit = unit_of(units, *line, range.start);
            Hit { term, category, unit, line: *line, range: range.clone(), weight: DANGER, factor: 1.0 }
        };
        unnamed.map(hit).collect()
    }

    /// Hits of one line with their factors.
    fn weighed(&self, segment: &Line, mut found: Vec<Hit>, units: &[Unit], line: usize) -> Vec<Hit> {
        for hit in &mut found {
            let unit = units.get(unit_of(units, line, hit.range.start)).filter(|unit| unit.line == line);
            hit.factor = self.context.factor(segment, unit.map_or(0, |unit| unit.range.start), hit);
        }
        found
    }
}

/// Words of a hazard are the topic of the call, whatever else is said.
const HAZARD: f32 = 2.5;

/// Ranges by their line.
type ByLine<'a> = HashMap<usize, Vec<&'a Range<usize>>>;

/// Those that are no part of a place's name, with their units and weights.
fn kept(mut found: Vec<Hit>, units: &[Unit], masked: &ByLine<'_>, dangers: &ByLine<'_>) -> Vec<Hit> {
    // Masks may overlap (one reading of each language), but few do: the last three that begin before the hit's end.
    found.retain(|hit| {
        let mask = masked.get(&hit.line).map_or(&[][..], |ranges| &ranges[..]);
        let begun = mask.partition_point(|range| range.start < hit.range.end);
        !mask[begun.saturating_sub(3)..begun].iter().any(|range| hit.range.start < range.end)
    });
    for hit in &mut found {
        hit.unit = unit_of(units, hit.line, hit.range.start);
        let here = dangers.get(&hit.line).map_or(&[][..], |ranges| &ranges[..]);
        let hazard = here.iter().any(|r| r.start < hit.range.end && hit.range.start < r.end);
        hit.weight *= if hazard { HAZARD } else { hit.factor };
    }
    found
}

/// Index of the unit in which scalar `at` of a line stands.
fn unit_of(units: &[Unit], line: usize, at: usize) -> usize {
    units.partition_point(|unit| (unit.line, unit.range.end) <= (line, at))
}

fn by_line(masks: &[Spans]) -> ByLine<'_> {
    let mut masked = ByLine::new();
    for (line, range) in masks.iter().flatten() {
        masked.entry(*line).or_default().push(range);
    }
    masked.values_mut().for_each(|ranges| ranges.sort_by_key(|range| range.start));
    masked
}

/// The categories of these hits, best first.
pub fn rank<'a>(hits: impl Iterator<Item = &'a Hit>) -> Vec<Scored> {
    let hits: Vec<&Hit> = hits.collect();
    let first = hits.iter().map(|hit| hit.unit).min();
    // Weight and count of each term, so a word said ten times does not drown the rest.
    let mut terms: HashMap<(usize, usize), (f32, u32)> = HashMap::new();
    let mut spans: HashMap<usize, Vec<(f32, &Hit)>> = HashMap::new();
    for hit in hits {
        let weight = hit.weight * if Some(hit.unit) == first { FIRST } else { 1.0 };
        let entry = terms.entry((hit.category, hit.term)).or_insert((0.0, 0));
        *entry = (entry.0.max(weight), entry.1 + 1);
        spans.entry(hit.category).or_default().push((weight, hit));
    }
    let mut terms: Vec<_> = terms.into_iter().collect();
    // Sums of floats depend on their order; the map's changes from run to run.
    terms.sort_unstable_by_key(|(key, _)| *key);
    let mut weights: HashMap<usize, f32> = HashMap::new();
    for ((category, _), (weight, count)) in terms {
        *weights.entry(category).or_default() += weight * (1.0 + (count as f32).ln());
    }
    let mut order: Vec<(usize, f32)> = weights.into_iter().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let total: f32 = order.iter().map(|(_, weight)| weight).sum();
    let scored = order.into_iter().map(|(category, weight)| {
        let mut found = spans.remove(&category).unwrap_or_default();
        found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then((x.line, x.range.start).cmp(&(y.line, y.range.start))));
        let spans = found.into_iter().take(3).map(|(_, hit)| (hit.line, hit.range.clone())).collect();
        // The share, held back by how little was heard: one short word alone is a guess.
        Scored { category, confidence: weight / (total + 1.5), spans }
    });
    scored.collect()
}
