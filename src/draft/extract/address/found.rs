//! One address out of all chains of the call.

use super::part::{Kind, Part, spans};
use super::{Chain, asset};
use crate::draft::extract::{Doc, Spans};
use crate::draft::normal::is_han;

/// Below this a chain is too little to be sent to.
const LEAST: f32 = 0.8;
/// A place named after a correction replaces the one before it.
const CORRECTED: f32 = 2.0;
/// Lines within which the rest of an address is looked for.
const NEAR: usize = 4;
/// Words of water that comes from another flat: then the caller's own is looked at first.
const LEAKS: [&str; 9] = ["漏水", "渗水", "滲水", "渗漏", "滲漏", "漏下", "漏落", "leak", "seep"];

/// The caller's place.
pub struct Found {
    pub value: String,
    /// From the first part to the last one of each line.
    pub spans: Spans,
    /// How much of an address it is.
    pub score: f32,
    /// Its parts as the value names them; a district may stand elsewhere in the call.
    pub parts: Vec<Part>,
}

impl Found {
    /// The text of one part of the address and where it is said.
    pub fn field(&self, kinds: &[Kind]) -> Option<(String, Spans, Vec<&Part>)> {
        let mut parts: Vec<&Part> = self.parts.iter().filter(|part| kinds.contains(&part.kind)).collect();
        if kinds.contains(&Kind::District) {
            parts.drain(..parts.len().saturating_sub(1));
        }
        let owned: Vec<Part> = parts.iter().map(|part| (*part).clone()).collect();
        (!parts.is_empty()).then(|| (written(&owned), spans(parts.iter().copied()), parts))
    }

    /// What names the district: a city where no district is named.
    pub fn district(&self) -> Option<Kind> {
        [Kind::District, Kind::City].into_iter().find(|kind| self.parts.iter().any(|part| part.kind == *kind))
    }

    /// The gazetteer knows one of its names; only by its sound.
    pub fn is_known(&self) -> bool {
        self.parts.iter().any(|part| part.known.is_some())
    }

    pub fn is_repaired(&self) -> bool {
        self.parts.iter().any(|part| part.known.as_ref().is_some_and(|known| known.repaired))
    }
}

pub fn compose(doc: &Doc<'_>, chains: Vec<Chain>) -> Option<Found> {
    let (others, chains): (Vec<Chain>, Vec<Chain>) = chains.into_iter().partition(|chain| chain.others);
    let worth = |chain: &Chain| {
        // A district alone is no place to be sent to where there is a better one.
        let placed = chain.kinds().is_none_or(|(_, fine)| fine > Kind::Town);
        (placed, chain.score + if corrected(doc, chain) { CORRECTED } else { 0.0 })
    };
    let mut best: Option<(usize, (bool, f32))> = None;
    for (at, chain) in chains.iter().enumerate().filter(|(_, chain)| chain.score >= LEAST) {
        let worth = worth(chain);
        if best.is_none_or(|(_, most)| worth > most) {
            best = Some((at, worth));
        }
    }
    let asset = asset::find(doc);
    let Some((best, (_, mut score))) = best else {
        let part = asset?;
        let (value, spans) = (part.text.clone(), spans(std::iter::once(&part)));
        return Some(Found { value, spans, score: 1.0, parts: vec![part] });
    };
    let best = said_again(&chains, best);
    let mut members = vec![chains.get(best)?.clone()];
    for chain in nearest(&chains, best) {
        if fits(&members, chain) {
            score += chain.score;
            members.push(chain.clone());
        }
    }
    order(&mut members);
    let mut spans: Spans = members.iter().map(|chain| (chain.line, chain.range.clone())).collect();
    let mut parts: Vec<Part> = members.into_iter().flat_map(|chain| chain.parts).collect();
    if let Some(other) = complained_of(doc, &parts, &others) {
        let finest = other.kinds().map_or(Kind::Room, |(coarse, _)| coarse);
        parts.retain(|part| part.kind < finest);
        parts.extend(other.parts.iter().cloned());
        spans.push((other.line, other.range.clone()));
    }
    if let Some(asset) = asset {
        spans.push((asset.line, asset.range.clone()));
        parts.push(asset);
    }
    let value = written(&parts);
    if !parts.iter().any(|part| part.kind == Kind::District) {
        parts.extend(district(&chains, best));
    }
    Some(Found { value, spans, score, parts })
}

/// Another chain that says the same place and more of it: "Sorrel Close … 14 Sorrel Close".
fn said_again(chains: &[Chain], best: usize) -> usize {
    let said = |chain: &Chain| {
        let fine: Vec<Part> = chain.parts.iter().filter(|part| part.kind > Kind::Town).cloned().collect();
        written(&fine)
    };
    let Some(first) = chains.get(best).map(said).filter(|first| !first.is_empty()) else { return best };
    let near = chains.iter().enumerate().filter(|(at, chain)| {
        *at != best && chains.get(best).is_some_and(|best| best.line.abs_diff(chain.line) <= NEAR)
    });
    let more = near.filter(|(_, chain)| said(chain).len() > first.len() && said(chain).contains(&first));
    more.map(|(at, _)| at).next().unwrap_or(best)
}

fn corrected(doc: &Doc<'_>, chain: &Chain) -> bool {
    let Some(segment) = doc.segments.get(chain.line) else { return false };
    let before = segment.folded.slice(chain.range.start.saturating_sub(12)..chain.range.start);
    ["no sorry", "i mean", "sorry,", "不对", "错了", "唔係", "錯咗"].iter().any(|word| before.contains(word))
}

/// The other chains near the best one, nearest line first.
fn nearest(chains: &[Chain], best: usize) -> impl Iterator<Item = &Chain> {
    let line = chains.get(best).map_or(0, |chain| chain.line);
    let mut near: Vec<&Chain> = chains
        .iter()
        .enumerate()
        .filter(|(at, chain)| *at != best && chain.line.abs_diff(line) <= NEAR)
        .map(|(_, chain)| chain)
        .collect();
    near.sort_by_key(|chain| chain.line.abs_diff(line));
    near.into_iter()
}

/// A chain goes on with an address when it is finer or coarser than all of it: `望槐里小区` and `三号楼二单元`. A
/// district alone is no more of an address, and the flat a caller calls from is not in the shop complained of.
fn fits(members: &[Chain], chain: &Chain) -> bool {
    let kinds = |chains: &[Chain]| {
        let all: Vec<(Kind, Kind)> = chains.iter().filter_map(Chain::kinds).collect();
        Some((all.iter().map(|k| k.0).min()?, all.iter().map(|k| k.1).max()?))
    };
    let (Some((coarse, fine)), Some((coarser, finer))) = (kinds(members), chain.kinds()) else { return false };
    let shop =
        members.iter().flat_map(|chain| &chain.parts).any(|part| part.kind == Kind::Near && !part.text.ends_with(' '));
    let elsewhere = chain.own && shop;
    let within = coarser > fine && coarser >= Kind::Community;
    let around = finer < coarse && coarse >= Kind::Community && finer > Kind::Town;
    !elsewhere && (within || around)
}

/// As it is written: Chinese from coarse to fine, English as the caller said it.
fn order(members: &mut [Chain]) {
    let chinese = members.iter().flat_map(|chain| &chain.parts).any(|part| part.text.chars().any(is_han));
    if chinese {
        members.sort_by_key(|chain| chain.kinds());
    } else {
        members.sort_by_key(|chain| (chain.line, chain.range.start));
    }
}

/// The door of whoever disturbs the caller; water is looked for at the caller's own.
fn complained_of<'c>(doc: &Doc<'_>, parts: &[Part], others: &'c [Chain]) -> Option<&'c Chain> {
    let own = parts.iter().find(|part| part.kind.is_within_building())?;
    let leaks = doc.segments.iter().any(|segment| LEAKS.iter().any(|word| segment.folded.text.contains(word)));
    let within = |chain: &&Chain| {
        chain.line.abs_diff(own.line) <= NEAR && chain.kinds().is_some_and(|(coarse, _)| coarse.is_within_building())
    };
    others.iter().find(within).filter(|_| !leaks)
}

/// The district, said elsewhere in the call or known of a name; the nearest one.
fn district(chains: &[Chain], best: usize) -> Option<Part> {
    let line = chains.get(best)?.line;
    let all = || chains.iter().flat_map(|chain| &chain.parts);
    let named = all().filter(|part| part.kind == Kind::District).min_by_key(|part| part.line.abs_diff(line));
    let known = chains.get(best)?.parts.iter().find_map(|part| {
        let district = part.known.as_ref()?.district.clone()?;
        Some(Part { kind: Kind::District, text: district, ..part.clone() })
    });
    named.cloned().or(known)
}

/// Chinese without spaces, English with commas.
fn written(parts: &[Part]) -> String {
    let mut out = String::new();
    let chinese = |text: &str| text.chars().any(is_han);
    // English writes the district in a line of its own.
    let alone = parts.len() == 1;
    // "廣福道，廣福道一百三十號": the same name again.
    let again =
        |at: usize| parts.get(at + 1).is_some_and(|next| Some(&next.text) == parts.get(at).map(|part| &part.text));
    let kept = parts.iter().enumerate().filter(|(at, _)| !again(*at)).map(|(_, part)| part);
    for part in kept.filter(|part| alone || part.kind != Kind::District || chinese(&part.text)) {
        let apart = !(out.is_empty() || out.ends_with(' ') || chinese(&part.text) || chinese(&out));
        if apart {
            out.push_str(", ");
        } else if part.kind == Kind::Asset && !out.is_empty() {
            out.push('，');
        }
        out.push_str(&part.text);
    }
    out
}
