//! What the rules found, as fields with their evidence.

use super::EXTRACTOR;
use crate::draft::CallFacts;
use crate::draft::extract::rule::Said;
use crate::draft::extract::{Doc, Spans, affected, interpreter, time};
use crate::draft::schema::{BelongsTo, Field, LanguageSection, OccurredAt, Phone, Source};

/// Below this a person looks at it.
const DOUBTED: f32 = 0.6;

/// What the words say, as sure as the rule and the recogniser are together.
pub fn said<T>(doc: &Doc<'_>, found: Option<Said<T>>) -> Field<T> {
    found.map_or_else(Field::unknown, |found| {
        let confidence = found.score * (0.5 + 0.5 * doc.confidence(&found.spans));
        Field::found(found.value, confidence, Source::Rule, doc.evidence(&found.spans), EXTRACTOR)
            .review_if(confidence < DOUBTED)
    })
}

/// Words of the spoken numbers that are not another's.
pub fn reached(spoken: &[(Phone, Spans)]) -> Spans {
    let own = spoken.iter().filter(|(phone, _)| phone.belongs_to != BelongsTo::OtherParty);
    own.flat_map(|(_, spans)| spans.clone()).collect()
}

pub fn interpreter(doc: &Doc<'_>, language: &mut LanguageSection) {
    if let Some((needed, named)) = interpreter::find(doc, language.primary.value.as_deref()) {
        language.needs_interpreter = said(doc, Some(needed));
        language.interpreter_language = said(doc, named);
    }
}

/// The words of `window` say when to call back, not when it happened.
pub fn occurred(doc: &Doc<'_>, facts: &CallFacts, window: &Option<Said<String>>) -> OccurredAt {
    let taken = window.iter().flat_map(|window| window.spans.clone()).collect();
    time::find(doc, facts, &taken).map_or_else(OccurredAt::default, |found| OccurredAt {
        text: said(doc, Some(found.text)),
        start: found.start,
        end: found.end,
        precision: found.precision,
        ongoing: found.ongoing,
    })
}

pub fn affected(doc: &Doc<'_>) -> (Field<u32>, Field<bool>) {
    let found = affected::find(doc);
    (said(doc, found.count), said(doc, found.group))
}
