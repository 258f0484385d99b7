//! The fields of one matter: what it is about, what is wanted, how soon somebody must look, what it is called.

use super::EXTRACTOR;
use super::matter::{Matter, code};
use crate::draft::extract::phrases::Mark;
use crate::draft::extract::{Doc, request_type, urgency};
use crate::draft::schema::{
    Alternative, EmergencySection, Field, LanguageSection, MAX_ALTERNATIVES, MAX_EVIDENCE, MAX_TITLE, RequestType,
    Risk, Source, Urgency,
};
use crate::draft::taxonomy::{Category, NO_CONTENT, UNCLEAR};
use crate::draft::{Drafter, text};

/// A category is shown for review below this share.
const SURE: f32 = 0.55;

pub fn category(drafter: &Drafter, doc: &Doc<'_>, matter: &Matter<'_>, wrong: bool) -> Field<String> {
    if doc.segments.is_empty() {
        let mut field = Field::unknown();
        field.value = Some(NO_CONTENT.to_owned());
        field.confidence = 0.9;
        return field;
    }
    let Some(best) = matter.scored.first() else {
        let value = if wrong { NO_CONTENT } else { UNCLEAR };
        // No word speaks for it: that none was understood is what is known.
        return Field::found(value.to_owned(), 0.3, Source::Default, Vec::new(), EXTRACTOR).review_if(true);
    };
    let withdrawn = || matter.cues.iter().any(|said| said.is(Mark::Withdrawn));
    // "Hello, can you hear me" is speech of a person who wanted something.
    let value = match code(drafter, best) {
        _ if wrong => NO_CONTENT,
        NO_CONTENT if !withdrawn() => UNCLEAR,
        code => code,
    };
    let mistake = matter.cues.iter().find(|said| wrong && said.is(Mark::Wrong)).map(|said| said.spans());
    let spans = mistake.as_ref().unwrap_or(&best.spans);
    let heard = doc.confidence(spans);
    let mut field = Field::found(
        value.to_owned(),
        best.confidence * (0.5 + 0.5 * heard),
        Source::Classifier,
        doc.evidence(spans),
        EXTRACTOR,
    )
    .review_if(best.confidence < SURE);
    let others = matter.scored.iter().filter(|other| code(drafter, other) != value).take(MAX_ALTERNATIVES);
    field.alternatives =
        others.map(|s| Alternative { value: code(drafter, s).to_owned(), confidence: s.confidence }).collect();
    field
}

/// What the caller says it is, else what calls about the category mostly are, with the category's words.
pub fn request_type(doc: &Doc<'_>, matter: &Matter<'_>, category: &Field<String>) -> Field<RequestType> {
    let usual = category.value.as_deref().filter(|_| !doc.segments.is_empty()).and_then(request_type::usual);
    if usual.is_none() {
        return Field::unknown();
    }
    match request_type::find(&matter.units, &matter.cues, usual) {
        Some((kind, spans)) => Field::found(kind, 0.8, Source::Rule, doc.evidence(&spans), EXTRACTOR),
        None => Field {
            value: usual,
            confidence: category.confidence.min(0.5),
            evidence: category.evidence.clone(),
            band: category.band,
            needs_review: category.needs_review,
            extractor: Some(EXTRACTOR.to_owned()),
            ..Field::unknown()
        },
    }
}

pub fn urgency(
    doc: &Doc<'_>,
    matter: &Matter<'_>,
    row: Option<&Category>,
    (category, request): (&Field<String>, &Field<RequestType>),
    emergency: Option<&EmergencySection>,
) -> Field<Urgency> {
    if let Some(emergency) = emergency.filter(|emergency| emergency.flag.value == Some(true)) {
        let evidence = emergency.flag.evidence.clone();
        return Field::found(Urgency::Emergency, emergency.flag.confidence, Source::Rule, evidence, EXTRACTOR);
    }
    let listed = row.map_or(Urgency::Normal, |row| row.urgency);
    // Only hazard words make an emergency; a category alone at most asks for a look within two hours.
    let default = listed.min(Urgency::Urgent);
    let code = row.map_or(UNCLEAR, |row| row.code.as_str());
    let stated = request.value.filter(|_| request.source != Source::Default);
    let (value, why) = urgency::of(default, code, stated, &matter.cues);
    if value == default {
        let mut field = Field::found(default, 0.6, Source::Default, category.evidence.clone(), EXTRACTOR);
        field.confidence = category.confidence.min(0.6);
        return field.review_if(category.needs_review);
    }
    let said = why.map_or_else(|| request.evidence.clone(), |spans| doc.evidence(&spans));
    let evidence = category.evidence.iter().chain(&said).take(MAX_EVIDENCE).cloned().collect();
    Field::found(value, 0.7, Source::Rule, evidence, EXTRACTOR)
}

pub fn safety_risks(doc: &Doc<'_>, matter: &Matter<'_>) -> Field<Vec<Risk>> {
    let found = urgency::risks(&matter.cues);
    found.map_or_else(Field::unknown, |(risks, spans)| {
        Field::found(risks, 0.8, Source::Rule, doc.evidence(&spans), EXTRACTOR)
    })
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
