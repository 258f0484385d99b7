//! All extractors over one call, in the order in which they need each other.

mod disposition;
mod emergency;
mod issue;
mod language;
mod matter;

use super::evidence::Segment;
use super::extract::cues::Mark;
use super::extract::{Doc, Spans, address, matters, name, phone};
use super::schema::{
    Anonymity, Consent, Disposition, EmergencySection, Field, Issue, LanguageSection, Location, MAX_DESCRIPTION,
    MAX_EVIDENCE, MAX_SUMMARY, OccurredAt, Phone, Source, Urgency, Vulnerability,
};
use super::{CallFacts, Drafter, caller, text};
use matter::Matter;

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
    let phones = caller::phones(facts, spoken.into_iter().map(|(phone, _)| phone).collect());
    let found_name = name::find(&doc);
    let found_address = address::find(&doc).filter(|found| !overlaps(&found.spans, &phone_spans));
    let masks = address::masks(&doc);
    let hazards = drafter.lexicon.find(&doc);
    let certain = hazards.iter().filter(|hazard| !hazard.doubtful).flat_map(|hazard| hazard.spans.clone());
    let certain: Spans = certain.take(MAX_EVIDENCE).collect();
    let cues = drafter.cues.find(&doc);
    let units = matters::units(&doc, &cues);
    let hits = drafter.classifier.hits(&doc, &drafter.taxonomy, &units, &masks, &certain);
    let matters = matter::matters(drafter, &units, &cues, &hits, &certain);
    let wrong = matters.iter().all(|matter| matter.code(drafter).starts_with("other."))
        && cues.iter().any(|said| said.is(Mark::Wrong));
    let emergency = emergency::flag(facts, &doc, &hazards);

    let mut personal = phone_spans;
    personal.extend(found_name.iter().flat_map(|found| found.spans.clone()));
    let call_address = located(&doc, found_address.as_ref());
    let quote = |sentences: &[text::Sentence], limit: usize| {
        let (value, count) = text::join(segments, sentences, limit);
        let spans: Spans = sentences.iter().take(count).map(|s| (s.line, s.range.clone())).collect();
        match value.is_empty() {
            true => Field::unknown(),
            // A quote shows its gaps itself.
            false => {
                Field { needs_review: false, ..Field::found(value, 0.9, Source::Rule, doc.evidence(&spans), EXTRACTOR) }
            }
        }
    };
    let content = |matter: &Matter<'_>| {
        let mut topic: Spans = matter.scored.first().map(|best| best.spans.clone()).unwrap_or_default();
        topic.extend(found_address.iter().flat_map(|found| found.spans.clone()));
        text::content(segments, &matter.units, &personal, &topic)
    };
    let issue = |(at, matter): (usize, &Matter<'_>)| {
        let category = issue::category(drafter, &doc, matter, wrong);
        let request_type = issue::request_type(&doc, matter, &category);
        let row = category.value.as_deref().and_then(|code| drafter.taxonomy.get(code));
        let told = (&category, &request_type);
        let urgency = issue::urgency(&doc, matter, row, told, (at == 0).then_some(&emergency));
        let address = own_address(matter, segments, cantonese).unwrap_or_else(|| call_address.clone());
        let title = issue::title(row, &language, &category, &address, segments.is_empty());
        Issue {
            issue_id: format!("i{}", at + 1),
            request_type,
            category,
            title,
            description: quote(&content(matter), MAX_DESCRIPTION),
            location: Location { address_text: address, ..Location::default() },
            occurred_at: OccurredAt::default(),
            handle_within_h: urgency.value.filter(|_| !segments.is_empty()).map(|class| within(facts, class)),
            urgency,
            safety_risks: issue::safety_risks(&doc, matter),
            respondent: Field::unknown(),
            affected_count: Field::unknown(),
            group_demand: Field::unknown(),
            desired_outcome: Field::unknown(),
            routing_suggestion: Field::unknown(),
        }
    };
    let issues: Vec<Issue> = matters.iter().enumerate().map(issue).collect();
    let title = issues.first().map(|issue| issue.title.clone()).unwrap_or_default();
    let mut sentences: Vec<_> = matters.iter().flat_map(content).collect();
    sentences.sort_by_key(|sentence| (sentence.line, sentence.range.start));
    let disposition = disposition::suggest(
        facts,
        &disposition::Heard {
            issues: &issues,
            emergency: &emergency,
            phones: &phones,
            units: &units,
            cues: &cues,
            segments,
            wrong,
        },
    );
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
        issues,
        emergency,
        title,
        summary: quote(&sentences, MAX_SUMMARY),
        disposition,
    }
}

/// Hours, as the deployment sets them.
fn within(facts: &CallFacts, class: Urgency) -> u32 {
    match class {
        Urgency::Emergency => facts.urgency.emergency_h,
        Urgency::Urgent => facts.urgency.urgent_h,
        Urgency::High => facts.urgency.high_h,
        Urgency::Normal => facts.urgency.normal_h,
        Urgency::Low => facts.urgency.low_h,
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

/// The place that the matter's own lines name, when the call has several matters.
fn own_address(matter: &Matter<'_>, segments: &[Segment<'_>], cantonese: bool) -> Option<Field<String>> {
    let own = matter.lines(segments);
    if own.len() == segments.len() {
        return None;
    }
    let doc = Doc::new(&own, cantonese);
    address::find(&doc).map(|found| located(&doc, Some(&found)))
}

fn located(doc: &Doc<'_>, found: Option<&address::Found>) -> Field<String> {
    found.map_or_else(Field::unknown, |found| {
        let confidence = (found.score / (found.score + 1.0)) * (0.5 + 0.5 * doc.confidence(&found.spans));
        Field::found(found.value.clone(), confidence, Source::Rule, doc.evidence(&found.spans), EXTRACTOR)
            .review_if(confidence < 0.6)
    })
}
