//! All extractors over one call, in the order in which they need each other.

mod disposition;
mod emergency;
mod issue;
mod issues;
mod language;
mod location;
mod matter;
mod reference;
mod said;

use std::cell::OnceCell;

use super::evidence::Segment;
use super::extract::phrases::Mark;
use super::extract::{Doc, Spans, address, anonymity, consent, matters, name, phone, this_line, vulnerability};
use super::schema::{
    Anonymity, Consent, Disposition, EmergencySection, Field, Issue, LanguageSection, MAX_EVIDENCE, MAX_SUMMARY, Phone,
    Source, Vulnerability,
};
use super::{CallFacts, Drafter, caller, read_back};

use issues::Heard;
use said::said;

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
    let (mut language, cantonese) = language::spoken(segments);
    let doc = Doc::new(segments, cantonese).with_gazetteer(drafter.gazetteers.of(&facts.places));
    said::interpreter(&doc, &mut language);
    let spoken = phone::spoken(&doc, &facts.regions);
    let phone_spans: Spans = spoken.iter().flat_map(|(_, spans)| spans.clone()).collect();
    let reached: Spans = said::reached(&spoken);
    let mut phones = caller::phones(facts, spoken, this_line::find(&doc).map(|spans| (doc.evidence(&spans), spans)));
    let read_backs = read_back::judge(segments, &facts.read_backs);
    read_back::settle(&doc, &read_backs, &mut phones);
    let found_name = name::find(&doc);
    let of_name: Spans = found_name.iter().flat_map(|found| found.spans.clone()).collect();
    let addresses = address::read(&doc).without(&of_name);
    let masks = addresses.masks();
    let found_address = addresses.found(&doc).filter(|found| !overlaps(&found.spans, &phone_spans));
    let hazards = drafter.lexicon.find(&doc);
    let emergency = emergency::flag(facts, &doc, &hazards);

    let certain = hazards.iter().filter(|hazard| !hazard.doubtful).flat_map(|hazard| hazard.spans.clone());
    let certain: Spans = certain.take(MAX_EVIDENCE).collect();
    let cues = drafter.phrases.find(&doc);
    let units = matters::units(&doc, &cues);
    let hits = drafter.classifier.hits(&doc, &drafter.taxonomy, &units, &masks, &certain);
    let matters = matter::matters(drafter, &units, &cues, &hits, &certain);
    let idle = matters.iter().all(|matter| matter.code(drafter).starts_with("other."));
    let misdialled = cues.iter().find(|said| said.is(Mark::Wrong) && !read_back::may_answer(&read_backs, said.line));
    // What was asked of somebody else is no matter, if the call ends with the mistake and nothing is left behind.
    let ends = misdialled.is_some_and(|said| said.line + 2 > segments.len().saturating_sub(1) && said.line < 4);
    let nothing_left = phone_spans.is_empty() && found_name.is_none() && found_address.is_none();
    let wrong = misdialled.is_some() && (idle || ends && nothing_left && segments.len() <= 5);

    let mut personal = phone_spans;
    personal.extend(read_back::asides(&read_backs));
    personal.extend(found_name.iter().flat_map(|found| found.spans.clone()));
    let heard = Heard {
        drafter,
        facts,
        doc: &doc,
        language: &language,
        address: found_address.as_ref(),
        personal: &personal,
        emergency: &emergency,
        wrong,
        whole: OnceCell::new(),
    };
    let issues: Vec<Issue> = matters.iter().enumerate().map(|(at, matter)| heard.issue(at, matter)).collect();
    let title = issues.first().map(|issue| issue.title.clone()).unwrap_or_default();
    let summary = heard.quote(&heard.summary(&matters), MAX_SUMMARY);
    let told = disposition::Heard {
        issues: &issues,
        emergency: &emergency,
        phones: &phones,
        units: &units,
        cues: &cues,
        segments,
        wrong,
    };
    let disposition = disposition::suggest(facts, &told);
    Reading {
        caller: Caller {
            anonymity: said(&doc, anonymity::find(&doc, found_name.as_ref())),
            name: caller::name(facts, named(&doc, found_name)),
            phones,
            follow_up_consent: said(&doc, consent::follow_up(&doc, &reached)),
            callback_window: said(&doc, consent::window(&doc)),
            vulnerability: said(&doc, vulnerability::find(&doc)),
        },
        quoted_reference: reference::quoted(&doc),
        issues,
        title,
        summary,
        disposition,
        language,
        emergency,
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
