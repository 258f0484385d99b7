//! The place the caller names: the best chain of address parts in the call, and what other chains add to it.

mod areas;
mod asset;
mod en;
mod en_phrases;
mod en_words;
mod found;
mod part;
#[cfg(test)]
mod tests;
mod zh;
mod zh_phrases;
mod zh_words;

use super::{Doc, Spans};
use crate::draft::lines::copies;
use crate::draft::token::Token;

pub use found::Found;
pub use part::{Kind, Known, Part};

/// Neighbouring parts of one line: one reading of it as an address.
#[derive(Clone, Debug)]
pub struct Chain {
    pub parts: Vec<Part>,
    /// The stretch of the line, in scalars: from the first part to the last one, with what was taken back.
    pub line: usize,
    pub range: std::ops::Range<usize>,
    /// Parts add up, a cue before them adds more.
    pub score: f32,
    /// It is the door of somebody else: `楼上是…`.
    pub others: bool,
    /// It is where the caller is: `I'm in …`.
    pub own: bool,
}

impl Chain {
    fn new(parts: Vec<Part>, tokens: &[Token<'_>], from: usize, to: usize, cue: bool) -> Option<Self> {
        let (first, last) = (tokens.get(from)?, tokens.get(to.checked_sub(1)?)?);
        let score = parts.iter().map(|part| part.score).sum::<f32>() + if cue { 1.0 } else { 0.0 };
        Some(Self { parts, line: first.line, range: first.start..last.end, score, others: false, own: false })
    }

    fn place(&mut self, line: usize) {
        self.line = line;
        self.parts.iter_mut().for_each(|part| part.line = line);
    }

    /// From the coarsest to the finest kind; `None` when nothing but what stands beside is named.
    fn kinds(&self) -> Option<(Kind, Kind)> {
        let kinds = || self.parts.iter().map(|part| part.kind).filter(|kind| *kind < Kind::Near);
        Some((kinds().min()?, kinds().max()?))
    }
}

/// What of a call looks like an address; each line is read once for all uses.
pub struct Addresses(Vec<Chain>);

impl Addresses {
    /// The place that the caller means.
    pub fn found(self, doc: &Doc<'_>) -> Option<Found> {
        found::compose(doc, self.0)
    }

    /// Without what is the name of a person: 翟子轩 is no estate.
    pub fn without(mut self, names: &Spans) -> Self {
        let named = |chain: &Chain| {
            names
                .iter()
                .any(|(line, name)| *line == chain.line && name.start < chain.range.end && chain.range.start < name.end)
        };
        self.0.retain(|chain| !named(chain));
        self
    }

    /// Every stretch that looks like an address, for masking: a street's name is no topic.
    pub fn masks(&self) -> Vec<Spans> {
        let spans = |chain: &Chain| {
            let names = chain.parts.iter().filter(|part| part.kind < Kind::Near);
            names.map(|part| (part.line, part.range.clone())).collect()
        };
        self.0.iter().map(spans).collect()
    }
}

/// A district of Hong Kong begins here.
pub fn is_area(tokens: &[Token<'_>], at: usize) -> bool {
    areas::english(tokens, at).is_some()
}

pub fn read(doc: &Doc<'_>) -> Addresses {
    Addresses(chains(doc))
}

fn chains(doc: &Doc<'_>) -> Vec<Chain> {
    let mut out = Vec::new();
    for (line, segment) in doc.segments.iter().enumerate() {
        let find = || {
            let known = doc.names(line);
            let mut chains = en::chains(doc, line, &known);
            chains.extend(zh::chains(doc, line, &known));
            chains
        };
        let [other, cantonese] = &segment.kept.chains;
        out.extend(copies(if doc.cantonese { cantonese } else { other }, find, |chain| chain.place(line)));
    }
    out
}
