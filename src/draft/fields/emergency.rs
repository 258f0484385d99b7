//! Danger: for the emergency service, not for a ticket.

use super::EXTRACTOR;
use crate::draft::CallFacts;
use crate::draft::extract::emergency::Hazard;
use crate::draft::extract::{Doc, Spans};
use crate::draft::schema::{EmergencySection, EmergencyService, Field, Source};

pub fn flag(facts: &CallFacts, doc: &Doc<'_>, hazards: &[Hazard]) -> EmergencySection {
    let Some(first) = hazards.iter().find(|hazard| !hazard.doubtful).or(hazards.first()) else {
        let mut flag = Field::unknown();
        flag.value = Some(false);
        // Nobody said a hazard word; what was not recognised may hold one.
        flag.confidence = 0.9;
        return EmergencySection { flag, service: None, raised_at_ms: None };
    };
    let certain = !first.doubtful;
    let alike = hazards.iter().filter(|hazard| hazard.doubtful != certain);
    let spans: Spans = alike.flat_map(|hazard| hazard.spans.clone()).collect();
    let evidence = doc.evidence(&spans);
    let raised_at_ms = evidence.first().map(|e| e.audio_end_ms).filter(|_| certain);
    let confidence = if certain { 0.9 } else { 0.5 };
    let flag = Field::found(certain, confidence, Source::Rule, evidence, EXTRACTOR).review_if(true);
    let service = certain.then(|| EmergencyService { kind: first.service, number: facts.emergency_number.clone() });
    EmergencySection { flag, service, raised_at_ms }
}
