//! Emergencies at the desk: shown, taken by a person, kept once by the built-in endpoint.

use serde_json::{Value, json};
use standardwebhooks::Webhook;

use super::{Answer, TestDesk};
use crate::call::{CallEvent, CallId, CallState, Danger, EmergencyState, HeardIn, MediaSpan, MediaTime, ServiceKind};
use crate::store::EmergencyRow;

pub(super) fn raised(desk: &TestDesk) -> CallId {
    let call = desk.add_call(CallState::Live);
    let span = MediaSpan::new(MediaTime(9_100), MediaTime(9_800));
    let danger = Danger {
        service: ServiceKind::Fire,
        number: "112".into(),
        quote: "smell gas".into(),
        span,
        heard_in: HeardIn::Partial,
        raised_unix_ms: 10_000,
    };
    desk.store.emergencies.lock().unwrap().push(EmergencyRow {
        call,
        danger,
        acknowledged: None,
        escalated_unix_ms: None,
    });
    call
}

async fn acknowledge(desk: &TestDesk, call: &str, body: &str) -> Answer {
    let own = format!("Origin: {}", desk.origin());
    desk.ask("POST", &format!("/api/calls/{call}/emergency/acknowledge"), &[&own], body.as_bytes()).await
}

#[tokio::test]
async fn an_emergency_is_in_the_list_and_the_call_before_there_is_any_draft() {
    let desk = TestDesk::start().await;
    let call = raised(&desk);
    let quiet = desk.add_call(CallState::Live);
    let list = desk.get("/api/calls").await.json();
    let row = |id: CallId| {
        let rows = list["calls"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == id.to_string()).unwrap().clone()
    };
    assert_eq!((&row(quiet)["emergency"], &row(quiet)["raised"]), (&json!(false), &Value::Null));
    assert_eq!(row(call)["emergency"], true);
    let shown = desk.get(&format!("/api/calls/{call}")).await.json();
    assert_eq!(shown["raised"], row(call)["raised"]);
    let expected = json!({"state": "raised", "service": "fire", "number": "112", "quote": "smell gas",
        "span": {"start_ms": 9_100, "end_ms": 9_800}, "heard_in": "partial", "raised_at": "1970-01-01T00:00:10Z",
        "acknowledged_at": null, "acknowledged_by": null, "reason": null, "escalated_at": null});
    assert_eq!(shown["raised"], expected);

    desk.store.emergencies.lock().unwrap()[0].escalated_unix_ms = Some(70_000);
    assert_eq!(desk.get(&format!("/api/calls/{call}")).await.json()["raised"]["state"], "escalated");
}

#[tokio::test]
async fn a_person_takes_it_once_and_every_watcher_is_told() {
    let desk = TestDesk::start().await;
    let call = raised(&desk);
    let mut events = desk.events.subscribe();
    let first = acknowledge(&desk, &call.to_string(), r#"{"by": " Li\u0007 ", "reason": "fire brigade called"}"#).await;
    assert_eq!(first.status, 200, "{first:?}");
    let taken = first.json();
    assert_eq!((&taken["state"], &taken["acknowledged_by"]), (&json!("acknowledged"), &json!("Li")));
    let told = events.try_recv().unwrap();
    assert!(matches!(told, CallEvent::Emergency { state: EmergencyState::Acknowledged, .. }), "{told:?}");
    for body in ["", "{}", r#"{"by": "Wang"}"#] {
        let again = acknowledge(&desk, &call.to_string(), body).await;
        assert_eq!((again.status, again.json()), (200, taken.clone()), "the first one stands");
    }
}

#[tokio::test]
async fn only_the_desk_acknowledges_and_only_what_was_raised() {
    let desk = TestDesk::start().await;
    let (call, quiet) = (raised(&desk).to_string(), desk.add_call(CallState::Live).to_string());
    let path = format!("/api/calls/{call}/emergency/acknowledge");
    assert_eq!(desk.ask("POST", &path, &[], b"").await.status, 403, "without an origin");
    assert_eq!(desk.ask("POST", &path, &["Origin: http://evil.example"], b"").await.status, 403);
    for unknown in [quiet.as_str(), &CallId::new().to_string(), "..%2Fx"] {
        assert_eq!(acknowledge(&desk, unknown, "").await.status, 404, "{unknown}");
    }
    let long = format!("{{\"reason\": \"{}\"}}", "x".repeat(20_000));
    for junk in ["[]", "yes", r#"{"by": 3}"#, r#"{"clear": true}"#, &long] {
        assert_eq!(acknowledge(&desk, &call, junk).await.status, 422, "{junk:.40}");
    }
    assert_eq!(desk.get(&format!("/api/calls/{call}")).await.json()["raised"]["state"], "raised");
}

fn event(call: &str) -> Value {
    json!({"schema_version": "1.0.0", "type": "call.emergency", "call_id": call, "reference": "5720481610",
        "line": "default", "service": "fire", "number": "112", "quote": "smell gas", "audio_start_ms": 1,
        "audio_end_ms": 2, "heard_in": "partial", "raised_at": "2026-01-01T00:00:00Z", "caller_number": null})
}

async fn post(desk: &TestDesk, key: &str, body: &str, signed: &str) -> Answer {
    let at = desk.clock.unix_ms() / 1000;
    let signature = Webhook::new(desk.secret.expose()).unwrap().sign("msg_e", at, signed.as_bytes()).unwrap();
    let lines = [
        "webhook-id: msg_e".to_owned(),
        format!("webhook-timestamp: {at}"),
        format!("webhook-signature: {signature}"),
        "Content-Type: application/json".to_owned(),
        format!("Idempotency-Key: \"{key}\""),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    desk.ask("POST", "/intake/emergencies", &lines, body.as_bytes()).await
}

#[tokio::test]
async fn the_built_in_endpoint_keeps_a_signed_event_once_apart_from_drafts() {
    let desk = TestDesk::start().await;
    let call = CallId::new().to_string();
    let (key, body) = (format!("{call}:emergency"), event(&call).to_string());
    let first = post(&desk, &key, &body, &body).await;
    assert_eq!((first.status, first.json()["status"].as_str()), (201, Some("accepted")), "{first:?}");
    assert_eq!(post(&desk, &key, &body, &body).await.json()["status"], "duplicate");
    let other = body.replace("smell gas", "on fire");
    assert_eq!(post(&desk, &key, &other, &other).await.status, 422, "the same key with another body");
    assert_eq!(post(&desk, &key, &body, &other).await.status, 401, "a signature of something else");
    assert_eq!(post(&desk, &format!("{}:emergency", CallId::new()), &body, &body).await.status, 422);
    let draft = json!({"draft_id": call}).to_string();
    assert_eq!(post(&desk, &key, &draft, &draft).await.status, 422, "a draft is no event");
    let held = desk.get("/intake/emergencies").await.json();
    assert_eq!(held["emergencies"], json!([{"webhook_id": "msg_e", "event": event(&call)}]));
    assert_eq!(desk.get("/intake/drafts").await.json()["drafts"], json!([]));
}

#[tokio::test]
async fn the_events_schema_is_published_and_the_api_document_names_what_is_new() {
    let desk = TestDesk::start().await;
    let schema = desk.get("/api/schema/call-emergency.json").await.json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&event(&CallId::new().to_string())));
    for (key, wrong) in [("service", json!("army")), ("type", json!("call.ended")), ("reference", json!("1"))] {
        let mut broken = event("x");
        broken[key] = wrong;
        assert!(!validator.is_valid(&broken), "{key}");
    }
    let paths = desk.get("/api/openapi.json").await.json()["paths"].clone();
    for path in ["/api/calls/{id}/emergency/acknowledge", "/intake/emergencies", "/api/schema/call-emergency.json"] {
        assert!(paths[path].is_object(), "{path}");
    }
}
