//! Danger while the caller speaks, and what the draft says of it afterwards.

use super::{draft_of, drafter};
use crate::call::{Coverage, Danger, HeardIn, MediaSpan, MediaTime, ServiceKind, Utterance};
use crate::draft::schema::{Disposition, TicketDraft};
use crate::draft::testing::{call, facts, utterance};
use crate::draft::{CallFacts, json_schema};

fn hazard(text: &str) -> Option<(ServiceKind, String)> {
    drafter().hazard(&utterance(0, text, 1_000, 4_000)).map(|hazard| (hazard.service, hazard.quote))
}

#[test]
fn words_of_danger_raise_in_every_language_and_conditions_and_the_past_do_not() {
    for (text, service, quote) in [
        ("please come quickly I can smell gas in the basement", ServiceKind::Fire, "can smell gas"),
        ("my father is not breathing", ServiceKind::Medical, "not breathing"),
        ("我家厨房着火了快来人", ServiceKind::Fire, "着火"),
        ("廚房著火了快來人", ServiceKind::Fire, "著火"),
        ("老人叫不醒了", ServiceKind::Medical, "叫不醒"),
        ("有人拿刀喺樓下", ServiceKind::Police, "拿刀"),
        ("我老豆暈低咗", ServiceKind::Medical, "暈低"),
        ("我老豆晕低咗", ServiceKind::Medical, "晕低"),
    ] {
        assert_eq!(hazard(text), Some((service, quote.to_owned())), "{text}");
    }
    for text in [
        "what if the house is on fire",
        "去年这里着火了",
        "要是著火怎麼辦",
        "the street light is broken",
        "",
        "停水三天了",
    ] {
        assert_eq!(hazard(text), None, "{text}");
    }
}

#[test]
fn the_words_are_given_with_their_own_milliseconds() {
    let said = utterance(0, "the house is on fire", 1_000, 4_000);
    let found = drafter().hazard(&said).unwrap();
    assert_eq!(found.span, MediaSpan::new(said.words[3].span.start, said.words[4].span.end));
}

fn raised(start: u64, end: u64) -> CallFacts {
    let danger = Danger {
        service: ServiceKind::Medical,
        number: "999".into(),
        quote: "not breathing".into(),
        span: MediaSpan::new(MediaTime(start), MediaTime(end)),
        heard_in: HeardIn::Partial,
        raised_unix_ms: 1_795_400_080_000,
    };
    CallFacts { emergency: Some(danger), ..facts() }
}

fn drafted(facts: &CallFacts, utterances: &[Utterance]) -> TicketDraft {
    let draft = drafter().draft(facts, utterances, Coverage::default());
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    assert!(schema.is_valid(&serde_json::to_value(&draft).unwrap()));
    draft
}

#[test]
fn what_was_raised_by_words_that_the_final_ones_lost_stays_raised_with_those_seconds_as_evidence() {
    let said = call(&["good morning", "my father is now leaving", "thank you"]);
    assert_eq!(draft_of(&said).emergency.flag.value, Some(false));
    let draft = drafted(&raised(4_500, 5_500), &said);
    let emergency = &draft.emergency;
    assert_eq!((emergency.flag.value, emergency.flag.needs_review), (Some(true), true));
    assert_eq!(emergency.flag.evidence.len(), 1);
    assert_eq!(emergency.flag.evidence[0].text, "my father is now leaving");
    let service = emergency.service.as_ref().unwrap();
    assert_eq!((service.kind, service.number.as_str()), (ServiceKind::Medical, "999"));
    assert_eq!(emergency.raised_at_ms, Some(5_500));
    let told = emergency.raised.as_ref().unwrap();
    assert_eq!((told.quote.as_str(), told.heard_in), ("not breathing", HeardIn::Partial));
    assert_eq!((told.audio_start_ms, told.audio_end_ms), (4_500, 5_500));
    assert_eq!(draft.disposition_suggestion, Disposition::Redirect);
}

#[test]
fn a_doubt_in_the_final_words_does_not_lower_it_and_words_that_agree_are_its_evidence() {
    let doubted = drafted(&raised(500, 900), &call(&["my father was not breathing last year"]));
    assert_eq!(doubted.emergency.flag.value, Some(true));
    let agreed = drafted(&raised(500, 900), &call(&["my father is not breathing"]));
    assert_eq!(agreed.emergency.flag.evidence[0].text, "not breathing");
    let unheard = drafted(&raised(500, 900), &[]);
    assert_eq!((unheard.emergency.flag.value, unheard.emergency.flag.needs_review), (Some(true), true));
}
