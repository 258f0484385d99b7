//! Parts of an address, and how neighbouring parts make one.

use std::ops::Range;

use crate::draft::extract::Spans;
use crate::draft::token::Token;

/// What a part names, from coarse to fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    City,
    District,
    /// Township, subdistrict office.
    Town,
    Street,
    /// House number, lane number.
    Number,
    /// Two streets.
    Intersection,
    /// Estate, compound, village.
    Community,
    Building,
    Entrance,
    Floor,
    Room,
    /// What stands at the place or beside it: a shop, `opposite the school`.
    Near,
    /// Number on a lamp post, a bus stop, a manhole.
    Asset,
}

impl Kind {
    pub fn is_within_building(self) -> bool {
        matches!(self, Self::Entrance | Self::Floor | Self::Room)
    }
}

/// One part of one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub kind: Kind,
    /// As written in a value.
    pub text: String,
    pub line: usize,
    /// Tokens of the line.
    pub from: usize,
    pub to: usize,
    /// Scalars of the line.
    pub range: Range<usize>,
    /// How much of an address it is.
    pub score: f32,
    /// Set where the gazetteer knows the name.
    pub known: Option<Known>,
}

/// What the gazetteer says of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub district: Option<String>,
    /// Only the sound is the same; the text is the gazetteer's.
    pub repaired: bool,
}

impl Part {
    pub fn new(tokens: &[Token<'_>], kind: Kind, from: usize, to: usize, text: String, score: f32) -> Option<Self> {
        let first = tokens.get(from)?;
        let last = tokens.get(to.checked_sub(1)?)?;
        let range = first.start..last.end;
        Some(Self { kind, text, line: first.line, from, to, range, score, known: None })
    }
}

/// What stands between two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Nothing that parts them.
    Joined,
    /// The caller takes the part before it back.
    Corrected,
    /// The caller settles on what follows.
    Settled,
    /// The caller wavers between the two; the first stays until one is settled on.
    Either,
}

/// No address has more parts; a longer row is no address.
const MOST: usize = 16;

/// Adds a part to a chain. `false`: it begins another one.
pub fn join(chain: &mut Vec<Part>, part: &Part, gap: Gap) -> bool {
    if chain.len() >= MOST {
        return false;
    }
    match gap {
        Gap::Either => return chain.last().is_some_and(|last| last.kind == part.kind),
        Gap::Corrected => {
            chain.pop();
            chain.truncate(coarser(chain, part.kind));
        }
        Gap::Settled => chain.truncate(coarser(chain, part.kind)),
        // The same thing twice is another place, unless it is the number begun again: "六零，六零三".
        Gap::Joined => {
            if let Some(last) = chain.last().filter(|last| last.kind == part.kind && part.kind == Kind::Room) {
                if !part.text.starts_with(last.text.as_str()) {
                    return false;
                }
                chain.pop();
            }
        }
    }
    chain.push(part.clone());
    true
}

/// How many parts of the chain are coarser than `kind`.
fn coarser(chain: &[Part], kind: Kind) -> usize {
    chain.iter().rposition(|part| part.kind < kind).map_or(0, |at| at + 1)
}

/// The stretches of text that the parts are made of; what only a mark or a space parts is one.
pub fn spans<'p>(parts: impl Iterator<Item = &'p Part>) -> Spans {
    let mut out: Spans = Vec::new();
    for part in parts {
        match out.last_mut() {
            Some((line, range)) if *line == part.line && range.start <= part.range.start => {
                let near = part.range.start <= range.end + 2;
                if near {
                    range.end = range.end.max(part.range.end);
                } else {
                    out.push((part.line, part.range.clone()));
                }
            }
            _ => out.push((part.line, part.range.clone())),
        }
    }
    out
}
