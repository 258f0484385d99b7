//! The matters of a call, each with the sentences, the cues and the categories that belong to it.

use crate::draft::Drafter;
use crate::draft::evidence::Segment;
use crate::draft::extract::Spans;
use crate::draft::extract::category::{self, Hit, Scored};
use crate::draft::extract::matters::{self, CHASED, Unit};
use crate::draft::extract::phrases::Said;
use crate::draft::taxonomy::{NO_CONTENT, UNCLEAR};

pub struct Matter<'a> {
    pub units: Vec<&'a Unit>,
    pub cues: Vec<&'a Said>,
    /// Best first. Categories of the whole call follow those of the matter's own words.
    pub scored: Vec<Scored>,
}

impl Matter<'_> {
    pub fn code<'d>(&self, drafter: &'d Drafter) -> &'d str {
        self.scored.first().map_or(UNCLEAR, |best| code(drafter, best))
    }

    /// Every span lies in words of this matter.
    pub fn holds(&self, spans: &Spans) -> bool {
        let holds =
            |unit: &&Unit, line, start, end| unit.line == line && unit.range.start <= start && end <= unit.range.end;
        spans.iter().all(|(line, range)| self.units.iter().any(|unit| holds(unit, *line, range.start, range.end)))
    }

    /// The lines it is told in, read by themselves.
    pub fn lines<'s>(&self, segments: &[Segment<'s>]) -> Vec<Segment<'s>> {
        let mut lines: Vec<usize> = self.units.iter().map(|unit| unit.line).collect();
        lines.dedup();
        lines.iter().filter_map(|line| segments.get(*line).cloned()).collect()
    }
}

pub fn code<'d>(drafter: &'d Drafter, scored: &Scored) -> &'d str {
    drafter.taxonomy.categories.get(scored.category).map_or(UNCLEAR, |category| category.code.as_str())
}

/// At least one, the main one first: danger, then the order of mention. `certain`: hazards that are no doubt.
pub fn matters<'a>(
    drafter: &Drafter,
    units: &'a [Unit],
    cues: &'a [Said],
    hits: &[Hit],
    certain: &Spans,
) -> Vec<Matter<'a>> {
    let of = matters::split(units, hits, &drafter.taxonomy);
    let mut out: Vec<(Vec<&Unit>, Vec<&Hit>)> = Vec::new();
    let mut ids: Vec<usize> = Vec::new();
    // A second mention that only the whole of its words shows to be one joins the first.
    let count = of.iter().max().map_or(1, |last| last + 1);
    for id in 0..count {
        let own: Vec<&Hit> = hits.iter().filter(|hit| of.get(hit.unit) == Some(&id)).collect();
        let best =
            |hits: &[&Hit]| meaningful(drafter, category::rank(hits.iter().copied())).first().map(|best| best.category);
        let same = out.iter().position(|(_, hits)| best(hits) == best(&own) || best(&own).is_none());
        ids.push(same.unwrap_or(out.len()));
        match same.and_then(|same| out.get_mut(same)) {
            Some((_, hits)) => hits.extend(own),
            None => out.push((Vec::new(), own)),
        }
    }
    for (unit, id) in units.iter().zip(&of) {
        if let Some((units, _)) = ids.get(*id).and_then(|at| out.get_mut(*at)) {
            units.push(unit);
        }
    }
    let whole = || meaningful(drafter, category::rank(hits.iter()));
    let mut matters: Vec<Matter<'a>> = out
        .into_iter()
        .map(|(units, own)| {
            let mut scored = meaningful(drafter, category::rank(own.into_iter()));
            if !scored.is_empty() {
                let more: Vec<Scored> = whole()
                    .into_iter()
                    .filter(|one| scored.iter().all(|other| other.category != one.category))
                    .collect();
                scored.extend(more);
            }
            let cues = cues.iter().filter(|said| within(&units, said)).collect();
            Matter { units, cues, scored }
        })
        .collect();
    let danger = |matter: &Matter<'_>| certain.iter().any(|(line, range)| matter.holds(&vec![(*line, range.clone())]));
    // A case that is chased is about something, which is the matter; that nobody answered is another one beside it.
    matters.sort_by_key(|matter| (!danger(matter), matter.code(drafter) == CHASED));
    matters
}

fn within(units: &[&Unit], said: &Said) -> bool {
    let at = units.partition_point(|unit| (unit.line, unit.range.end) <= (said.line, said.range.start));
    units.get(at).is_some_and(|unit| unit.line == said.line && unit.range.start <= said.range.start)
}

/// "Hello, can you hear me" counts only where nothing else is said.
fn meaningful(drafter: &Drafter, mut scored: Vec<Scored>) -> Vec<Scored> {
    if scored.iter().any(|one| code(drafter, one) != NO_CONTENT) {
        scored.retain(|one| code(drafter, one) != NO_CONTENT);
    }
    scored
}
