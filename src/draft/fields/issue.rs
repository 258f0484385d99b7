//! The fields of one matter: what it is about, how soon somebody must look, what it is called.

use super::EXTRACTOR;
use crate::draft::extract::{Doc, category, urgency};
use crate::draft::schema::{
    Alternative, EmergencySection, Field, LanguageSection, MAX_ALTERNATIVES, MAX_TITLE, Source, Urgency,
};
use crate::draft::taxonomy::{Category, NO_CONTENT, UNCLEAR};
use crate::draft::{Drafter, text};

/// A category is shown for review below this share.
const SURE: f32 = 0.55;

pub fn code<'a>(drafter: &'a Drafter, scored: &category::Scored) -> &'a str {
    drafter.taxonomy.categories.get(scored.category).map_or(UNCLEAR, |category| category.code.as_str())
}

pub fn category(drafter: &Drafter, doc: &Doc<'_>, scored: &[category::Scored], wrong: bool) -> Field<String> {
    if doc.segments.is_empty() {
        let mut field = Field::unknown();
        field.value = Some(NO_CONTENT.to_owned());
        field.confidence = 0.9;
        return field;
    }
    let Some(best) = scored.first() else {
        let value = if wrong { NO_CONTENT } else { UNCLEAR };
        return Field::found(value.to_owned(), 0.3, Source::Classifier, Vec::new(), EXTRACTOR);
    };
    // "Hello, can you hear me" is speech of a person who wanted something.
    let value = match code(drafter, best) {
        _ if wrong => NO_CONTENT,
        NO_CONTENT => UNCLEAR,
        code => code,
    };
    let heard = doc.confidence(&best.spans);
    let mut field = Field::found(
        value.to_owned(),
        best.confidence * (0.5 + 0.5 * heard),
        Source::Classifier,
        doc.evidence(&best.spans),
        EXTRACTOR,
    )
    .review_if(best.confidence < SURE);
    let others = scored.iter().filter(|other| code(drafter, other) != value).take(MAX_ALTERNATIVES);
    field.alternatives =
        others.map(|s| Alternative { value: code(drafter, s).to_owned(), confidence: s.confidence }).collect();
    field
}

pub fn urgency(
    doc: &Doc<'_>,
    row: Option<&Category>,
    category: &Field<String>,
    emergency: &EmergencySection,
) -> Field<Urgency> {
    if emergency.flag.value == Some(true) {
        let evidence = emergency.flag.evidence.clone();
        return Field::found(Urgency::Emergency, emergency.flag.confidence, Source::Rule, evidence, EXTRACTOR);
    }
    let listed = row.map_or(Urgency::Normal, |row| row.urgency);
    // Only hazard words make an emergency; a category alone at most asks for a look within two hours.
    let default = listed.min(Urgency::Urgent);
    let code = row.map_or(UNCLEAR, |row| row.code.as_str());
    match urgency::raise(doc, default, code) {
        Some((urgency, spans)) => Field::found(urgency, 0.7, Source::Rule, doc.evidence(&spans), EXTRACTOR),
        None => {
            let mut field = Field::found(default, 0.6, Source::Default, category.evidence.clone(), EXTRACTOR);
            field.confidence = category.confidence.min(0.6);
            field.review_if(category.needs_review)
        }
    }
}

pub fn title(
    row: Option<&Category>,
    language: &LanguageSection,
    category: &Field<String>,
    address: &Field<String>,
    silent: bool,
) -> Field<String> {
    let tag = language.primary.value.as_deref().unwrap_or("en");
    let hant = tag.ends_with("Hant");
    let chinese = hant || tag.ends_with("Hans");
    let name = row.map_or("", |row| {
        if hant {
            &row.name.hant
        } else if chinese {
            &row.name.hans
        } else {
            &row.name.en
        }
    });
    let separator = if chinese { "：" } else { ": " };
    let value = match &address.value {
        Some(place) => format!("{name}{separator}{place}"),
        None => name.to_owned(),
    };
    let evidence: Vec<_> = category.evidence.iter().chain(&address.evidence).cloned().collect();
    let confidence = category.confidence.min(if address.value.is_some() { address.confidence } else { 1.0 });
    let source = if silent { Source::Default } else { Source::Rule };
    Field::found(text::cut(&value, MAX_TITLE), confidence, source, evidence, EXTRACTOR).review_if(category.needs_review)
}
