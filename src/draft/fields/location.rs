//! Where it is: the address as it is written, and its parts.

use super::EXTRACTOR;
use crate::draft::extract::address::{Found, Kind};
use crate::draft::extract::{Doc, Spans};
use crate::draft::schema::{Alignment, Field, Location, Source};

/// What a name that the deployment knows takes off the doubt in it.
const KNOWN: f32 = 0.5;
/// A name that only sounds like a known one is no surer than this.
const REPAIRED: f32 = 0.55;

pub fn located(doc: &Doc<'_>, found: Option<&Found>) -> Location {
    let Some(found) = found else { return Location::default() };
    let sure = found.score / (found.score + 1.0);
    let whole = Said { known: found.is_known(), repaired: found.is_repaired() };
    let field = |kinds: &[Kind]| {
        found.field(kinds).map_or_else(Field::unknown, |(value, spans, parts)| {
            let known = || parts.iter().filter_map(|part| part.known.as_ref());
            let said = Said { known: known().next().is_some(), repaired: known().any(|known| known.repaired) };
            said.field(doc, value, &spans, sure)
        })
    };
    Location {
        address_text: whole.field(doc, found.value.clone(), &found.spans, sure),
        district: found.district().map_or_else(Field::unknown, |kind| field(&[kind])),
        street: field(&[Kind::Street, Kind::Number]),
        community: field(&[Kind::Community]),
        building: field(&[Kind::Building]),
        unit: field(&[Kind::Entrance, Kind::Floor, Kind::Room]),
        intersection: match found.field(&[Kind::Intersection]) {
            Some(_) => field(&[Kind::Street, Kind::Intersection]),
            None => Field::unknown(),
        },
        asset_ref: field(&[Kind::Asset]),
    }
}

/// Whether the gazetteer knows a name, and only by its sound.
struct Said {
    known: bool,
    repaired: bool,
}

impl Said {
    fn field(&self, doc: &Doc<'_>, value: String, spans: &Spans, sure: f32) -> Field<String> {
        let sure = if self.known { sure + (1.0 - sure) * KNOWN } else { sure };
        let sure = if self.repaired { sure.min(REPAIRED) } else { sure };
        let confidence = sure * (0.5 + 0.5 * doc.confidence(spans));
        let source = if self.known { Source::Gazetteer } else { Source::Rule };
        let mut evidence = doc.evidence(spans);
        // The words are not the value's own.
        for piece in evidence.iter_mut().filter(|piece| self.repaired && piece.alignment == Alignment::Exact) {
            piece.alignment = Alignment::Fuzzy;
        }
        Field::found(value, confidence, source, evidence, EXTRACTOR).review_if(self.repaired || confidence < 0.6)
    }
}
