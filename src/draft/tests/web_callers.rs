//! Callers from the web: what was typed, what a token proves, and the earlier call that one adds to.

use serde_json::json;

use super::drafter;
use crate::call::{CallId, Coverage, Identity, Origin};
use crate::draft::CallFacts;
use crate::draft::schema::{Channel, Disposition, Field, PhoneOrigin, Relation, Source, TicketDraft};
use crate::draft::testing::{call, facts};

pub fn given(name: Option<&str>, number: Option<&str>) -> Identity {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Identity { uri: String::new(), number: own(number), display_name: own(name), subject: None }
}

/// A call from a browser that adds to an earlier one.
pub fn web_facts() -> CallFacts {
    let origin = Origin::WebRtc { source: [127, 0, 0, 1].into(), user_agent: None, origin: None };
    CallFacts { origin, dialled: None, follows: Some(CallId::new()), ..facts() }
}

fn draft(facts: &CallFacts, texts: &[&str]) -> TicketDraft {
    drafter().draft(facts, &call(texts), Coverage::default())
}

fn others(field: &Field<String>) -> Vec<&str> {
    field.alternatives.iter().map(|other| other.value.as_str()).collect()
}

#[test]
fn a_typed_identity_is_claimed_and_needs_a_look() {
    let mut facts = web_facts();
    facts.party.claimed = Some(given(Some("Anna Walker"), Some("+12125550134")));
    let silent = draft(&facts, &[]);
    let name = &silent.caller.name;
    assert_eq!((name.value.as_deref(), name.source, name.needs_review), (Some("Anna Walker"), Source::WebForm, true));
    let phone = &silent.caller.phones[0];
    assert_eq!((phone.origin, phone.source, phone.needs_review), (PhoneOrigin::WebForm, Source::WebForm, true));
    assert!(phone.preferred && phone.e164.as_deref() == Some("+12125550134"));
    assert_eq!(silent.disposition_suggestion, Disposition::Callback);
    let told = serde_json::to_value(&silent).unwrap();
    assert_eq!((&told["schema_version"], &told["call"]["channel"]), (&json!("1.5.0"), &json!("webrtc")));
    assert_eq!(
        (&told["caller"]["name"]["source"], &told["caller"]["phones"][0]["origin"]),
        (&json!("web_form"), &json!("web_form"))
    );
    facts.origin = super::facts().origin;
    let telephone = draft(&facts, &[]);
    assert_eq!(telephone.caller.phones[0].origin, PhoneOrigin::SipFrom, "by telephone it is a claim of the phone");
    assert_eq!(telephone.caller.name.value, None);
}

#[test]
fn a_token_wins_over_what_was_typed_and_both_are_kept() {
    let mut facts = web_facts();
    facts.party.claimed = Some(given(Some("A. Walker"), Some("5550199")));
    facts.party.verified =
        Some(Identity { subject: Some("citizen-17".into()), ..given(Some("Anna Walker"), Some("+12125550134")) });
    let draft = draft(&facts, &[]);
    let name = &draft.caller.name;
    assert_eq!((name.value.as_deref(), name.source, name.needs_review), (Some("Anna Walker"), Source::Token, false));
    assert!(name.confidence > 0.9 && others(name) == ["A. Walker"]);
    let phones: Vec<_> = draft.caller.phones.iter().map(|p| (p.origin, p.preferred, p.needs_review)).collect();
    assert_eq!(phones, [(PhoneOrigin::Token, true, false), (PhoneOrigin::WebForm, false, true)]);
    assert_eq!(draft.caller.subject.as_deref(), Some("citizen-17"));
    assert_eq!(draft.call.channel, Channel::Webrtc);
}

#[test]
fn what_the_caller_says_stands_and_agreement_makes_it_surer() {
    let said = &["My name is Anna Walker, my number is two one two, five five five, zero one three four."];
    let alone = draft(&web_facts(), said);
    let mut facts = web_facts();
    facts.party.verified = Some(given(Some("ANNA  WALKER"), Some("+12125550134")));
    let agreed = draft(&facts, said);
    let name = &agreed.caller.name;
    assert_eq!((name.value.as_deref(), name.source), (Some("Anna Walker"), Source::Rule));
    assert!(name.confidence > alone.caller.name.confidence && name.alternatives.is_empty() && !name.needs_review);
    assert!(!name.evidence.is_empty());
    let (spoken, before) = (&agreed.caller.phones[0], &alone.caller.phones[0]);
    assert!(spoken.origin == PhoneOrigin::Spoken && spoken.preferred && spoken.confidence > before.confidence);

    facts.party.verified = None;
    facts.party.claimed = Some(given(Some("Hannah Walker"), None));
    let differs = draft(&facts, said).caller.name;
    assert_eq!((differs.value.as_deref(), differs.needs_review), (Some("Anna Walker"), true));
    assert_eq!(others(&differs), ["Hannah Walker"]);
    assert_eq!(differs.confidence, alone.caller.name.confidence);
}

#[test]
fn a_call_that_adds_to_an_earlier_one_names_it() {
    let facts = web_facts();
    let one = draft(&facts, &[]);
    assert_eq!(one.related.len(), 1);
    let related = &one.related[0];
    assert_eq!((related.relation, related.score), (Relation::SameTicket, 1.0));
    let told = serde_json::to_value(&one).unwrap();
    let expected = json!([{"ref": told["reference"], "call_id": facts.follows.unwrap().to_string(),
                           "relation": "same_ticket", "score": 1.0, "confirmed": null}]);
    assert_eq!(told["related"], expected);
    assert!(draft(&super::facts(), &[]).related.is_empty());
}

fn remove_everywhere(value: &mut serde_json::Value, keys: &[&str]) {
    match value {
        serde_json::Value::Object(object) => {
            object.retain(|key, _| !keys.contains(&key.as_str()));
            object.values_mut().for_each(|value| remove_everywhere(value, keys));
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(|value| remove_everywhere(value, keys)),
        _ => {}
    }
}

#[test]
fn a_draft_of_the_form_before_can_still_be_read() {
    let mut old = serde_json::to_value(draft(&web_facts(), &["My name is Anna Walker."])).unwrap();
    old["schema_version"] = json!("1.0.0");
    old.as_object_mut().unwrap().remove("related");
    old["caller"].as_object_mut().unwrap().remove("subject");
    remove_everywhere(&mut old, &["band", "prompted", "unsure"]);
    let schema = jsonschema::validator_for(&crate::draft::json_schema()).unwrap();
    assert!(schema.is_valid(&old));
    let read: TicketDraft = serde_json::from_value(old).unwrap();
    assert!(read.related.is_empty() && read.caller.name.value.as_deref() == Some("Anna Walker"));
}
