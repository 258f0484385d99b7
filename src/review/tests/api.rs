use std::sync::atomic::Ordering;

use serde_json::json;

use super::TestDesk;
use crate::call::{
    CallState, Codec, Coverage, DraftId, Identity, Language, LineQuality, MediaSpan, MediaTime, Origin, Party,
    SegmentOutcome, Utterance, Word,
};
use crate::store::{DeliveryRow, DeliveryState, Subject};

fn span(start: u64, end: u64) -> MediaSpan {
    MediaSpan::new(MediaTime(start), MediaTime(end))
}

#[tokio::test]
async fn a_call_is_shown_with_everything_known_about_it() {
    let desk = TestDesk::start().await;
    let id = desk.add_call(CallState::Done);
    desk.store.calls.lock().unwrap()[0].coverage = Some(Coverage { text_ms: 500, ..Coverage::default() });
    desk.store.calls.lock().unwrap()[0].line_quality =
        Some(LineQuality { codec: Some(Codec::G722), packets_lost: 7, ..LineQuality::default() });
    let draft = json!({"summary": {"title": {"value": "No heating"}}, "issues": [{"category": {"value": "utility.heating"}}],
                       "emergency": {"flag": {"value": true}}});
    desk.store.drafts.lock().unwrap().push((id, draft.to_string(), true));
    let word = Word::new("hello", span(100, 600), 0.4);
    desk.store.utterances.lock().unwrap().push((
        id,
        Utterance {
            text: "hello".into(),
            language: Some(Language::En),
            words: vec![word],
            confidence: 0.4,
            ..Utterance::wordless(0, span(0, 900), SegmentOutcome::Text, "nano")
        },
    ));
    let shown = desk.get(&format!("/api/calls/{id}")).await.json();
    assert_eq!(shown["reference"].as_str().unwrap().len(), 10);
    assert_eq!(shown["state"], "done");
    assert_eq!(shown["number"], "5550134");
    assert_eq!(shown["coverage"]["text_ms"], 500);
    assert_eq!((&shown["line_quality"]["codec"], &shown["line_quality"]["packets_lost"]), (&json!("G722"), &json!(7)));
    assert_eq!(shown["transcript"][0]["words"][0]["start_ms"], 100);
    assert_eq!(shown["transcript"][0]["span"], json!({"start_ms": 0, "end_ms": 900}));
    assert_eq!(shown["draft"], draft);
    assert_eq!(shown["draft_complete"], true);
    assert_eq!(shown["notices"], json!(["demo model"]));

    let list = desk.get("/api/calls").await.json();
    assert_eq!(list["calls"][0]["title"], "No heating");
    assert_eq!(list["calls"][0]["category"], "utility.heating");
    assert_eq!(list["calls"][0]["emergency"], true);
    assert_eq!(list["notices"], json!(["demo model"]));
    assert_eq!(list["sip"], json!(["sip:hotline@127.0.0.1:5060"]));
}

#[tokio::test]
async fn a_call_whose_words_are_still_being_erased_shows_none_of_them() {
    let desk = TestDesk::start().await;
    let id = desk.add_call(CallState::Done);
    desk.store.drafts.lock().unwrap().push((id, json!({"summary": {"title": {"value": "Secret"}}}).to_string(), true));
    let said =
        Utterance { text: "secret".into(), ..Utterance::wordless(0, span(0, 900), SegmentOutcome::Text, "nano") };
    desk.store.utterances.lock().unwrap().push((id, said));
    desk.store.calls.lock().unwrap()[0].erased_unix_ms = Some(1);
    let shown = desk.get(&format!("/api/calls/{id}")).await;
    assert!(!shown.text().to_lowercase().contains("secret"), "{}", shown.text());
    assert_eq!(desk.get(&format!("/api/calls/{id}/recording")).await.status, 404);
}

#[tokio::test]
async fn a_call_from_the_web_shows_what_was_typed_what_is_proved_and_what_it_adds_to() {
    let desk = TestDesk::start().await;
    let (earlier, id) = (desk.add_call(CallState::Done), desk.add_call(CallState::Done));
    let given = |name: &str, number: Option<&str>| Identity {
        uri: number.map(|number| format!("tel:{number}")).unwrap_or_default(),
        number: number.map(str::to_owned),
        display_name: Some(name.into()),
        subject: None,
    };
    {
        let mut calls = desk.store.calls.lock().unwrap();
        let row = calls.iter_mut().find(|row| row.id == id).unwrap();
        row.origin = Origin::WebRtc { source: [127, 0, 0, 1].into(), user_agent: None, origin: None };
        row.follows = Some(earlier);
        row.party = Party { claimed: Some(given("Anna", None)), ..Party::default() };
    }
    let shown = desk.get(&format!("/api/calls/{id}")).await.json();
    assert_eq!((&shown["channel"], &shown["follows"]), (&json!("webrtc"), &json!(earlier.to_string())));
    assert_eq!(shown["party"], json!({"verified": null, "claimed": "Anna", "asserted": null, "withheld": false}));
    assert_eq!((&shown["number"], &shown["display_name"]), (&json!(null), &json!("Anna")));
    let verified = Some(given("Anna Walker", Some("+12125550134")));
    desk.store.calls.lock().unwrap().iter_mut().find(|row| row.id == id).unwrap().party.verified = verified;
    let shown = desk.get(&format!("/api/calls/{id}")).await.json();
    assert_eq!((&shown["party"]["verified"], &shown["number"]), (&json!("tel:+12125550134"), &json!("+12125550134")));
    assert_eq!(shown["display_name"], "Anna Walker");
    let first = desk.get(&format!("/api/calls/{earlier}")).await.json();
    assert_eq!((&first["channel"], &first["follows"]), (&json!("sip"), &json!(null)));
}

#[tokio::test]
async fn a_withheld_number_is_not_shown_anywhere() {
    let desk = TestDesk::start().await;
    let id = desk.add_call(CallState::Live);
    desk.store.calls.lock().unwrap()[0].party.withheld = true;
    for path in ["/api/calls".to_owned(), format!("/api/calls/{id}")] {
        let text = String::from_utf8(desk.get(&path).await.body).unwrap();
        assert!(text.contains("\"withheld\":true") && !text.contains("5550134") && !text.contains("Anna"), "{text}");
    }
}

#[tokio::test]
async fn pages_of_calls_follow_each_other_without_gap_or_repeat() {
    let desk = TestDesk::start().await;
    let mut ids: Vec<String> = (0..5).map(|_| desk.add_call(CallState::Done).to_string()).collect();
    ids.sort();
    ids.reverse();
    let (mut seen, mut path) = (Vec::new(), "/api/calls?limit=2".to_owned());
    loop {
        let page = desk.get(&path).await.json();
        seen.extend(page["calls"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/calls?limit=2&before={next}");
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn a_dead_delivery_is_visible_and_sent_again_when_asked() {
    let desk = TestDesk::start().await;
    let call = desk.add_call(CallState::Done);
    desk.store.deliveries.lock().unwrap().push(DeliveryRow {
        id: "msg_1".into(),
        call,
        subject: Subject::Draft { draft: DraftId::new(), version: 1 },
        endpoint: "default".into(),
        state: DeliveryState::Dead,
        attempts: 3,
        next_attempt_unix_ms: 0,
        last_status: Some(404),
        last_error: Some("answered 404".into()),
        delivered_unix_ms: None,
        created_unix_ms: 0,
    });
    let dead = desk.get("/api/deliveries?state=dead").await.json();
    assert_eq!(dead["deliveries"][0]["last_error"], "answered 404");
    assert_eq!(desk.get(&format!("/api/calls/{call}")).await.json()["deliveries"][0]["state"], "dead");
    let own = format!("Origin: {}", desk.origin());
    let again = desk.ask("POST", "/api/deliveries/msg_1/replay", &[&own], b"").await;
    assert_eq!(again.status, 202);
    assert_eq!(desk.nudges.load(Ordering::Relaxed), 1, "the outbox was told");
    assert_eq!(desk.get("/api/deliveries?state=dead").await.json()["deliveries"], json!([]));
    let unknown = desk.ask("POST", "/api/deliveries/msg_1/replay", &[&own], b"").await;
    assert_eq!(unknown.status, 404, "it is not dead any more");
    assert_eq!(desk.nudges.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn health_says_what_is_wrong_and_metrics_are_text() {
    let desk = TestDesk::start().await;
    assert_eq!(desk.get("/health/ready").await.json()["status"], "ready");
    desk.health.set("disk", Err("less than 1 GiB free".into()));
    let answer = desk.get("/health/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["reasons"], json!([{"condition": "disk", "reason": "less than 1 GiB free"}]));
    assert_eq!(desk.get("/health/live").await.status, 200, "alive though not ready");
    let metrics = desk.get("/metrics").await;
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain"));
    assert!(String::from_utf8_lossy(&metrics.body).contains("heardline_review_requests_total"));
}

#[tokio::test]
async fn the_published_descriptions_are_served() {
    let desk = TestDesk::start().await;
    assert_eq!(desk.get("/api/schema/ticket-draft.json").await.json()["title"], "TicketDraft");
    let document = desk.get("/api/openapi.json").await.json();
    for path in ["/api/calls", "/api/calls/{id}/recording", "/intake/drafts", "/api/deliveries/{id}/replay"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let (mut names, mut refs) = (Vec::new(), Vec::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            names.push(operation["operationId"].as_str().unwrap().to_owned());
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["description"].is_string(), "OpenAPI requires one: {method} {path} {status}");
            }
        }
    }
    let operations = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), operations, "operation ids are unique: {names:?}");
    references(&document, &mut refs);
    assert!(!refs.is_empty());
    for to in refs {
        assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to} leads nowhere");
    }
}

fn references(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(|to| to.as_str()).map(str::to_owned));
            fields.values().for_each(|inner| references(inner, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

#[tokio::test]
async fn a_call_whose_row_is_damaged_is_named_in_the_list_and_hides_no_other() {
    let desk = TestDesk::start().await;
    let readable = desk.add_call(CallState::Done);
    let damaged = crate::call::CallId::new();
    desk.store.damaged.lock().unwrap().push(damaged);
    let list = desk.get("/api/calls").await.json();
    assert_eq!(list["calls"][0]["id"], readable.to_string());
    assert_eq!(list["damaged"], json!([damaged.to_string()]));
}

#[tokio::test]
async fn a_call_is_erased_by_id_or_reference_from_the_desk_only_and_never_while_it_goes_on() {
    let desk = TestDesk::start().await;
    let (over, live) = (desk.add_call(CallState::Done), desk.add_call(CallState::Live));
    let own = format!("Origin: {}", desk.origin());
    let path = format!("/api/calls/{over}");
    assert_eq!(desk.ask("DELETE", &path, &[], b"").await.status, 403);
    assert_eq!(desk.get(&path).await.json()["erased_at"], json!(null));
    for path in [path.as_str(), "/api/calls/0482913069"] {
        let reference = desk.get(&format!("/api/calls/{over}")).await.json()["reference"].clone();
        let path = path.replace("0482913069", reference.as_str().unwrap());
        let answer = desk.ask("DELETE", &path, &[&own], b"").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()["erased"][0]["delivered_to"], json!(["intake"]));
    }
    let erased = desk.get(&path).await.json();
    assert!(erased["erased_at"].is_string() && erased["has_recording"] == false, "{erased}");
    let refused = desk.ask("DELETE", &format!("/api/calls/{live}"), &[&own], b"").await;
    assert_eq!(refused.status, 409);
    assert!(refused.json()["detail"].as_str().unwrap().contains("live"));
    assert_eq!(desk.ask("DELETE", "/api/calls/1234567890", &[&own], b"").await.status, 404);
}
