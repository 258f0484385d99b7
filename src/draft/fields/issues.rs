//! The issues of a draft: each matter with its own words, place and time, and the call's where it names none.

use std::cell::OnceCell;

use super::matter::Matter;
use super::said::{self, said};
use super::{EXTRACTOR, issue, location};
use crate::draft::extract::address::Found;
use crate::draft::extract::{Doc, Spans, address, consent, outcome, respondent};
use crate::draft::schema::{
    EmergencySection, Field, Issue, LanguageSection, Location, MAX_DESCRIPTION, OccurredAt, Source,
};
use crate::draft::text::{self, Sentence};
use crate::draft::work::within_h;
use crate::draft::{CallFacts, Drafter};

/// What was read of the whole call before its matters are told apart.
pub struct Heard<'a> {
    pub drafter: &'a Drafter,
    pub facts: &'a CallFacts,
    pub doc: &'a Doc<'a>,
    pub language: &'a LanguageSection,
    pub address: Option<&'a Found>,
    /// Words of the caller's name and numbers.
    pub personal: &'a Spans,
    pub emergency: &'a EmergencySection,
    pub wrong: bool,
    pub whole: OnceCell<Aspects>,
}

/// What one stretch of the call says beside its topic.
#[derive(Clone)]
pub struct Aspects {
    location: Location,
    occurred_at: OccurredAt,
    respondent: Field<String>,
    affected_count: Field<u32>,
    group_demand: Field<bool>,
    desired_outcome: Field<String>,
}

impl Heard<'_> {
    /// The matter at place `at` of the call's matters.
    pub fn issue(&self, at: usize, matter: &Matter<'_>) -> Issue {
        let doc = self.doc;
        let category = issue::category(self.drafter, doc, matter, self.wrong);
        let request_type = issue::request_type(doc, matter, &category);
        let row = category.value.as_deref().and_then(|code| self.drafter.taxonomy.get(code));
        let told = (&category, &request_type);
        let urgency = issue::urgency(doc, matter, row, told, (at == 0).then_some(self.emergency));
        let Aspects { location, occurred_at, respondent, affected_count, group_demand, desired_outcome } =
            self.aspects(at, matter);
        let silent = doc.segments.is_empty();
        Issue {
            issue_id: format!("i{}", at + 1),
            title: issue::title(row, self.language, &category, &location.address_text, silent),
            request_type,
            category,
            local_code: None,
            description: self.quote(&self.content(matter), MAX_DESCRIPTION),
            location,
            occurred_at,
            handle_within_h: urgency.value.filter(|_| !silent).map(|class| within_h(&self.facts.urgency, class)),
            urgency,
            safety_risks: issue::safety_risks(doc, matter),
            respondent,
            affected_count,
            group_demand,
            desired_outcome,
            routing_suggestion: Field::unknown(),
        }
    }

    /// Of the matter's own lines, then of the call: its place and time serve every matter, the rest the main one.
    fn aspects(&self, at: usize, matter: &Matter<'_>) -> Aspects {
        let segments = self.doc.segments;
        let lines = matter.lines(segments);
        if lines.len() == segments.len() {
            return self.call().clone();
        }
        let gazetteer = self.drafter.gazetteers.of(&self.facts.places);
        let doc = Doc::new(&lines, self.doc.cantonese).with_gazetteer(gazetteer);
        let mut own = self.read(&doc, address::read(&doc).found(&doc).as_ref());
        let call = self.call();
        if own.location.address_text.value.is_none() {
            own.location = call.location.clone();
        }
        if own.occurred_at.text.value.is_none() {
            own.occurred_at = call.occurred_at.clone();
        }
        if at == 0 {
            or(&mut own.respondent, &call.respondent);
            or(&mut own.affected_count, &call.affected_count);
            or(&mut own.group_demand, &call.group_demand);
            or(&mut own.desired_outcome, &call.desired_outcome);
        }
        own
    }

    /// Of the whole call.
    fn call(&self) -> &Aspects {
        self.whole.get_or_init(|| self.read(self.doc, self.address))
    }

    fn read(&self, doc: &Doc<'_>, address: Option<&Found>) -> Aspects {
        let (affected_count, group_demand) = said::affected(doc);
        Aspects {
            location: location::located(doc, address),
            occurred_at: said::occurred(doc, self.facts, &consent::window(doc)),
            respondent: said(doc, respondent::find(doc)),
            affected_count,
            group_demand,
            desired_outcome: said(doc, outcome::find(doc)),
        }
    }

    fn content(&self, matter: &Matter<'_>) -> Vec<Sentence> {
        let mut topic: Spans = matter.scored.first().map(|best| best.spans.clone()).unwrap_or_default();
        topic.extend(self.address.iter().flat_map(|found| found.spans.clone()));
        text::content(self.doc.segments, &matter.units, self.personal, &topic)
    }

    /// The content of all matters, in the order it was said.
    pub fn summary(&self, matters: &[Matter<'_>]) -> Vec<Sentence> {
        let mut sentences: Vec<_> = matters.iter().flat_map(|matter| self.content(matter)).collect();
        sentences.sort_by_key(|sentence| (sentence.line, sentence.range.start));
        sentences
    }

    /// The sentences in the caller's words, up to `limit` scalars.
    pub fn quote(&self, sentences: &[Sentence], limit: usize) -> Field<String> {
        let (value, count) = text::join(self.doc.segments, sentences, limit);
        if value.is_empty() {
            return Field::unknown();
        }
        let spans: Spans = sentences.iter().take(count).map(|s| (s.line, s.range.clone())).collect();
        // A quote shows its gaps itself.
        let evidence = self.doc.evidence(&spans);
        Field { needs_review: false, ..Field::found(value, 0.9, Source::Rule, evidence, EXTRACTOR) }
    }
}

fn or<T: Clone>(own: &mut Field<T>, call: &Field<T>) {
    if own.value.is_none() {
        own.clone_from(call);
    }
}
