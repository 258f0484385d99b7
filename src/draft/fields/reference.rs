//! The case number that the caller quotes.

use super::EXTRACTOR;
use crate::draft::extract::{Doc, reference};
use crate::draft::schema::{Alternative, Field, MAX_ALTERNATIVES, Source};

/// The surest, of equal ones the last; the others beside it.
pub fn quoted(doc: &Doc<'_>) -> Field<String> {
    let mut found = reference::all(doc);
    let best = found.iter().enumerate().max_by(|(_, a), (_, b)| a.confidence.total_cmp(&b.confidence));
    let Some((at, _)) = best else { return Field::unknown() };
    let best = found.remove(at);
    let confidence = best.confidence * (0.5 + 0.5 * doc.confidence(&best.spans));
    found.retain(|other| other.value != best.value);
    let others = found.into_iter().take(MAX_ALTERNATIVES);
    let mut field = Field::found(best.value, confidence, Source::Rule, doc.evidence(&best.spans), EXTRACTOR)
        .review_if(confidence < 0.6 || others.len() > 0);
    field.alternatives = others.map(|o| Alternative { value: o.value, confidence: o.confidence / 2.0 }).collect();
    field
}
