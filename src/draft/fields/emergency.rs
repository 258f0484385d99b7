//! Danger: for the emergency service, not for a ticket.

use super::EXTRACTOR;
use crate::call::Danger;
use crate::draft::CallFacts;
use crate::draft::extract::emergency::Hazard;
use crate::draft::extract::{Doc, Spans};
use crate::draft::schema::{EmergencySection, EmergencyService, Field, RaisedEmergency, Source};
use crate::ops::clock::timestamp;

pub fn flag(facts: &CallFacts, doc: &Doc<'_>, hazards: &[Hazard]) -> EmergencySection {
    let said = said(facts, doc, hazards);
    match &facts.emergency {
        Some(raised) => stands(said, doc, raised),
        None => said,
    }
}

/// What the words of the call say.
fn said(facts: &CallFacts, doc: &Doc<'_>, hazards: &[Hazard]) -> EmergencySection {
    let Some(first) = hazards.iter().find(|hazard| !hazard.doubtful).or(hazards.first()) else {
        let mut flag = Field::unknown();
        flag.value = Some(false);
        // Nobody said a hazard word; what was not recognised may hold one.
        flag.confidence = 0.9;
        return EmergencySection { flag, service: None, raised_at_ms: None, raised: None };
    };
    let certain = !first.doubtful;
    let alike = hazards.iter().filter(|hazard| hazard.doubtful != certain);
    let spans: Spans = alike.flat_map(|hazard| hazard.spans.clone()).collect();
    let evidence = doc.evidence(&spans);
    let raised_at_ms = evidence.first().map(|e| e.audio_end_ms).filter(|_| certain);
    let confidence = if certain { 0.9 } else { 0.5 };
    let flag = Field::found(certain, confidence, Source::Rule, evidence, EXTRACTOR).review_if(true);
    let service = certain.then(|| EmergencyService { kind: first.service, number: facts.emergency_number.clone() });
    EmergencySection { flag, service, raised_at_ms, raised: None }
}

/// What was raised while the caller spoke stands, though the final words may have lost what raised it. Then whatever was
/// written down of those seconds is the evidence, for a person to hear.
fn stands(said: EmergencySection, doc: &Doc<'_>, danger: &Danger) -> EmergencySection {
    let flag = if said.flag.value == Some(true) {
        said.flag
    } else {
        let there = |span: crate::call::MediaSpan| span.overlap(danger.span) > 0;
        let lines = doc.segments.iter().enumerate().filter(|(_, segment)| there(segment.utterance.span));
        let spans: Spans = lines.map(|(line, segment)| (line, 0..segment.len())).collect();
        Field::found(true, 0.9, Source::Rule, doc.evidence(&spans), EXTRACTOR).review_if(true)
    };
    EmergencySection {
        flag,
        service: Some(EmergencyService { kind: danger.service, number: danger.number.clone() }),
        raised_at_ms: Some(danger.span.end.as_millis()),
        raised: Some(RaisedEmergency {
            raised_at: timestamp(danger.raised_unix_ms).to_string(),
            quote: danger.quote.clone(),
            audio_start_ms: danger.span.start.as_millis(),
            audio_end_ms: danger.span.end.as_millis(),
            heard_in: danger.heard_in,
        }),
    }
}
