//! All extractors over one call, in the order in which they need each other.

mod disposition;
mod emergency;
mod issue;
mod language;

use super::evidence::Segment;
use super::extract::{Doc, Spans, address, name, phone};
use super::schema::{
    Anonymity, Consent, Disposition, EmergencySection, Field, Issue, LanguageSection, Location, MAX_DESCRIPTION,
    MAX_EVIDENCE, MAX_SUMMARY, OccurredAt, Phone, Source, Vulnerability,
};
use super::taxonomy::NO_CONTENT;
use super::{CallFacts, Drafter, caller, read_back, text};

/// What the words of a call say.
pub struct Reading {
    pub language: LanguageSection,
    pub caller: Caller,
    pub quoted_reference: Field<String>,
    pub issues: Vec<Issue>,
    pub emergency: EmergencySection,
    pub title: Field<String>,
    pub summary: Field<String>,
    pub disposition: Disposition,
}

/// What the words of a call say about who calls.
pub struct Caller {
    pub name: Field<String>,
    pub phones: Vec<Phone>,
    pub anonymity: Field<Anonymity>,
    pub follow_up_consent: Field<Consent>,
    pub callback_window: Field<String>,
    pub vulnerability: Field<Vec<Vulnerability>>,
}

const EXTRACTOR: &str = "rules@1";

pub fn read(drafter: &Drafter, facts: &CallFacts, segments: &[Segment<'_>]) -> Reading {
    let (language, cantonese) = language::spoken(segments);
    let doc = Doc::new(segments, cantonese);
    let spoken = phone::spoken(&doc, &facts.regions);
    let phone_spans: Spans = spoken.iter().flat_map(|(_, spans)| spans.clone()).collect();
    let mut phones = caller::phones(facts, spoken.into_iter().map(|(phone, _)| phone).collect());
    let read_backs = read_back::judge(segments, &facts.read_backs);
    read_back::settle(&doc, &read_backs, &mut phones);
    let found_name = name::find(&doc);
    let found_address = address::find(&doc).filter(|found| !overlaps(&found.spans, &phone_spans));
    let masks = address::masks(&doc);
    let hazards = drafter.lexicon.find(&doc);
    let certain = hazards.iter().filter(|hazard| !hazard.doubtful).flat_map(|hazard| hazard.spans.clone());
    let mut scored =
        drafter.classifier.classify(&doc, &drafter.taxonomy, &masks, &certain.take(MAX_EVIDENCE).collect());
    if scored.iter().any(|one| issue::code(drafter, one) != NO_CONTENT) {
        scored.retain(|one| issue::code(drafter, one) != NO_CONTENT);
    }
    let wrong = scored.first().is_none_or(|best| issue::code(drafter, best).starts_with("other."))
        && disposition::wrong_number(segments, |line| !read_back::may_answer(&read_backs, line));
    let category = issue::category(drafter, &doc, &scored, wrong);
    let emergency = emergency::flag(facts, &doc, &hazards);

    let mut personal = phone_spans;
    personal.extend(read_back::asides(&read_backs));
    personal.extend(found_name.iter().flat_map(|found| found.spans.clone()));
    let mut topic: Spans = scored.first().map(|best| best.spans.clone()).unwrap_or_default();
    topic.extend(found_address.iter().flat_map(|found| found.spans.clone()));
    let sentences = text::content(segments, &personal, &topic);
    let row = category.value.as_deref().and_then(|code| drafter.taxonomy.get(code));
    let urgency = issue::urgency(&doc, row, &category, &emergency);
    let address = located(&doc, found_address);
    let title = issue::title(row, &language, &category, &address, segments.is_empty());
    let quote = |limit: usize| {
        let (value, count) = text::join(segments, &sentences, limit);
        let spans: Spans = sentences.iter().take(count).map(|s| (s.line, s.range.clone())).collect();
        match value.is_empty() {
            true => Field::unknown(),
            // A quote shows its gaps itself.
            false => {
                Field { needs_review: false, ..Field::found(value, 0.9, Source::Rule, doc.evidence(&spans), EXTRACTOR) }
            }
        }
    };
    let disposition = disposition::suggest(facts, &category, &emergency, &phones, segments, wrong);
    let issue = Issue {
        issue_id: "i1".to_owned(),
        request_type: Field::unknown(),
        category,
        title: title.clone(),
        description: quote(MAX_DESCRIPTION),
        location: Location { address_text: address, ..Location::default() },
        occurred_at: OccurredAt::default(),
        urgency,
        safety_risks: Field::unknown(),
        respondent: Field::unknown(),
        affected_count: Field::unknown(),
        group_demand: Field::unknown(),
        desired_outcome: Field::unknown(),
        routing_suggestion: Field::unknown(),
    };
    Reading {
        language,
        caller: Caller {
            name: caller::name(facts, named(&doc, found_name)),
            phones,
            anonymity: Field::unknown(),
            follow_up_consent: Field::unknown(),
            callback_window: Field::unknown(),
            vulnerability: Field::unknown(),
        },
        quoted_reference: Field::unknown(),
        issues: vec![issue],
        emergency,
        title,
        summary: quote(MAX_SUMMARY),
        disposition,
    }
}

fn overlaps(a: &Spans, b: &Spans) -> bool {
    a.iter().any(|(line, x)| b.iter().any(|(other, y)| line == other && x.start < y.end && y.start < x.end))
}

fn named(doc: &Doc<'_>, found: Option<name::Found>) -> Field<String> {
    found.map_or_else(Field::unknown, |found| {
        let confidence = found.score * (0.5 + 0.5 * doc.confidence(&found.spans));
        Field::found(found.value, confidence, Source::Rule, doc.evidence(&found.spans), EXTRACTOR)
            .review_if(confidence < 0.6)
    })
}

fn located(doc: &Doc<'_>, found: Option<address::Found>) -> Field<String> {
    found.map_or_else(Field::unknown, |found| {
        let confidence = (found.score / (found.score + 1.0)) * (0.5 + 0.5 * doc.confidence(&found.spans));
        Field::found(found.value, confidence, Source::Rule, doc.evidence(&found.spans), EXTRACTOR)
            .review_if(confidence < 0.6)
    })
}
