//! What becomes of a draft, undone within ten seconds and delivered once after them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LINES, WorkDesk, state_of};
use crate::call::{CallEvent, ReviewState};
use crate::config::limits::UNDO;
use crate::store::{AttemptResult, NextStep, Store as _};

const MOMENT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn nothing_is_approved_unseen_or_while_something_required_is_missing() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&["The street light is broken.", "My name is Ann Lee."]).await;
    let refused = desk.decide("li/agent", call, json!({"decision": "approve"})).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let open: Vec<String> =
        refused.json()["errors"].as_array().unwrap().iter().map(|one| one["pointer"].to_string()).collect();
    for pointer in ["/issues/0/location/address_text", "/caller/phones"] {
        assert!(open.contains(&format!("\"{pointer}\"")), "{open:?}");
    }
    // The caller did not say: neither an address nor a number is needed.
    let revision = desk.review(call).await["revision"].as_u64().unwrap();
    let edits = json!([{"pointer": "/issues/0/location/address_text", "not_said": true}, {"pointer": "/caller/phones", "not_said": true}]);
    let review = desk.edit("li/agent", call, revision, edits).await.json();
    assert_eq!(state_of(&review, "/caller/phones"), "not_said");
    let checks = review["fields"].as_array().unwrap().iter().filter(|field| field["state"] == "check").count();
    let refused = desk.decide("li/agent", call, json!({"decision": "approve"})).await;
    assert_eq!(refused.status, if checks > 0 { 422 } else { 200 }, "{review}");
    if checks > 0 {
        assert_eq!(refused.json()["errors"].as_array().unwrap().len(), checks);
        desk.see_all(call).await;
        assert_eq!(desk.decide("li/agent", call, json!({"decision": "approve"})).await.status, 200);
    }
    desk.step(UNDO);
    let review = desk.due().await.remove(0)["review"].clone();
    assert_eq!((&review["decision"], &review["by"]), (&json!("approve"), &json!("li")));
    assert_eq!(review["not_said"], json!(["/issues/0/location/address_text", "/caller/phones"]));
}

#[tokio::test]
async fn a_doubtful_value_keeps_a_draft_from_being_approved_until_somebody_looked_at_it() {
    let desk = WorkDesk::start().await;
    let call = desk.live(&[]).await;
    desk.complete(call, &LINES).await;
    let mut draft = desk.draft(call, 2, &crate::draft::testing::call(&LINES));
    draft.draft_id = desk.review(call).await["draft"]["draft_id"].as_str().unwrap().to_owned();
    draft.caller.name.needs_review = true;
    desk.version(call, draft).await;
    let refused = desk.decide("li/agent", call, json!({"decision": "approve"})).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json()["errors"].to_string().contains("/caller/name"), "{refused:?}");
    desk.see_all(call).await;
    assert_eq!(desk.decide("li/agent", call, json!({"decision": "approve"})).await.status, 200);
}

#[tokio::test]
async fn a_decision_is_undone_within_ten_seconds_and_refused_after() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&LINES).await;
    desk.claim("li/agent", call).await;
    let before = desk.review(call).await;
    let mut events = desk.events.subscribe();
    let decided = desk.decide("li/agent", call, json!({"decision": "wrong_number"})).await;
    assert_eq!(decided.status, 200, "{decided:?}");
    let told = events.try_recv().unwrap();
    assert!(matches!(told, CallEvent::Review { state: ReviewState::Deciding, .. }), "{told:?}");
    let review = desk.review(call).await;
    assert_eq!((&review["state"], &review["decision"]["decision"]), (&json!("deciding"), &json!("wrong_number")));
    assert_eq!(review["decision"]["undo_until"], decided.json()["undo_until"]);
    assert_eq!(review["draft"]["version"], 2);
    let until: jiff::Timestamp = decided.json()["undo_until"].as_str().unwrap().parse().unwrap();
    let early = desk.store.due_deliveries(until.as_millisecond() - 1, 10).await.unwrap();
    assert!(early.is_empty(), "nothing leaves before the ten seconds are over");
    let other = desk.undo("wang/agent", call).await;
    assert_eq!(other.status, 409, "{other:?}");
    assert_eq!(desk.undo("li/agent", call).await.status, 204);
    let after = desk.review(call).await;
    assert_eq!((&after["draft"], &after["decision"]), (&before["draft"], &Value::Null));
    assert_eq!((&after["state"], &after["mine"]), (&json!("held"), &json!(true)));
    desk.step(UNDO * 2);
    assert!(desk.due().await.is_empty(), "it is gone");
    assert_eq!(desk.undo("li/agent", call).await.status, 409, "nothing is decided");

    assert_eq!(desk.decide("li/agent", call, json!({"decision": "answered"})).await.status, 200);
    desk.step(UNDO);
    let late = desk.undo("li/agent", call).await;
    assert_eq!(late.status, 409);
    assert!(late.json()["detail"].as_str().unwrap().contains("on its way"), "{late:?}");
    assert_eq!(desk.review(call).await["state"], "decided");
}

#[tokio::test]
async fn every_decision_is_delivered_exactly_once_with_what_was_corrected() {
    let desk = WorkDesk::start().await;
    let mut calls = Vec::new();
    for body in [
        json!({"decision": "approve"}),
        json!({"decision": "redirect", "unit": " Roads "}),
        json!({"decision": "call_back"}),
        json!({"decision": "wrong_number"}),
        json!({"decision": "reject", "reason": "a joke"}),
        json!({"decision": "answered"}),
    ] {
        let call = desk.drafted(&LINES).await;
        let revision = desk.review(call).await["revision"].as_u64().unwrap();
        let edits = json!([{"pointer": "/caller/phones/0", "value": "212-555-0135"}]);
        assert_eq!(desk.edit("li/agent", call, revision, edits).await.status, 200);
        desk.see_all(call).await;
        let answer = desk.decide("li/agent", call, body.clone()).await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
        calls.push((call, body));
    }
    let desk = desk.restarted().await;
    desk.step(UNDO);
    let due = desk.store.due_deliveries(desk.clock.unix_ms(), 100).await.unwrap();
    assert_eq!(due.len(), calls.len());
    for (row, body) in &due {
        let draft: Value = serde_json::from_str(body).unwrap();
        let (_, decided) = calls.iter().find(|(call, _)| *call == row.call).unwrap();
        assert_eq!(draft["review"]["decision"], decided["decision"]);
        assert_eq!((&draft["version"], &draft["schema_version"]), (&json!(2), &json!("1.5.0")));
        assert_eq!(draft["caller"]["phones"][0]["number"], "2125550135");
        assert_eq!(
            (&draft["caller"]["phones"][0]["origin"], &draft["caller"]["phones"][0]["source"]),
            (&json!("agent"), &json!("agent"))
        );
        assert_eq!(draft["review"]["corrected"], json!(["/caller/phones/0"]));
        let unit = decided.get("unit").map_or(Value::Null, |_| json!("Roads"));
        assert_eq!(
            (&draft["review"]["unit"], &draft["review"]["reason"]),
            (&unit, decided.get("reason").unwrap_or(&Value::Null))
        );
        let done = AttemptResult {
            delivery: row.id.clone(),
            at_unix_ms: desk.clock.unix_ms(),
            status: Some(200),
            error: None,
            next: NextStep::Done,
        };
        desk.store.record_attempt(done).await.unwrap();
    }
    desk.step(UNDO * 100);
    assert!(desk.due().await.is_empty(), "once");
}

#[tokio::test]
async fn a_decision_says_what_it_must_and_comes_from_whoever_read_the_draft_last() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&LINES).await;
    for (body, pointer) in [
        (json!({"decision": "reject"}), "/review/reason"),
        (json!({"decision": "reject", "reason": " "}), "/review/reason"),
        (json!({"decision": "redirect", "reason": "not ours"}), "/review/unit"),
        (json!({"decision": "redirect", "unit": "x".repeat(201)}), "/review/unit"),
        (json!({"decision": "reject", "reason": "a\u{0}b"}), "/review/reason"),
    ] {
        let answer = desk.decide("li/agent", call, body.clone()).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{body}");
    }
    for junk in [json!({"decision": "cheese"}), json!({}), json!({"decision": "approve", "x": 1}), json!(["approve"])] {
        assert_eq!(desk.decide("li/agent", call, junk.clone()).await.status, 422, "{junk}");
    }
    let path = format!("/api/calls/{call}/decision");
    assert_eq!(desk.post("li/agent", &path, json!({"decision": "answered"})).await.status, 428);
    let stale = desk.ask("li/agent", "POST", &path, &["If-Match: \"1\""], &json!({"decision": "answered"})).await;
    assert_eq!((stale.status, stale.json()["current"]["call"].as_str()), (412, Some(call.to_string().as_str())));
    let claim = format!("/api/calls/{call}/claim");
    assert_eq!(desk.post("wang/agent", &claim, Value::Null).await.status, 409, "whoever has to read it anew has it");
    assert_eq!(desk.ask("li/agent", "DELETE", &claim, &[], &Value::Null).await.status, 204);
    desk.claim("wang/agent", call).await;
    let held = desk.decide("li/agent", call, json!({"decision": "answered"})).await;
    assert_eq!((held.status, &held.json()["holder"]), (409, &json!("wang")));
    assert_eq!(desk.decide("wang/agent", call, json!({"decision": "answered"})).await.status, 200);
    let again = desk.decide("wang/agent", call, json!({"decision": "answered"})).await;
    assert_eq!(again.status, 409, "decided once: {again:?}");
    assert_eq!(desk.undo("chen/supervisor", call).await.status, 204, "a supervisor takes back what others decided");
}

#[tokio::test]
async fn corrections_are_exported_as_lines_and_counted() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&LINES).await;
    let revision = desk.review(call).await["revision"].as_u64().unwrap();
    let edits = json!([
        {"pointer": "/caller/name", "value": "Ann Leigh"},
        {"pointer": "/issues/0/respondent", "value": "City Light Co."},
        {"pointer": "/issues/0/location/address_text", "not_said": true},
    ]);
    let edited = desk.edit("wang/agent", call, revision, edits).await.json();
    desk.step(crate::config::limits::LEASE);
    desk.see_all(call).await;
    let before = crate::ops::clock::timestamp(desk.clock.unix_ms()).to_string();
    assert_eq!(desk.decide("li/agent", call, json!({"decision": "approve"})).await.status, 200);
    assert_eq!(desk.get("/api/corrections").await.status, 403, "whole values are for administrators");
    let export = async |query: &str| {
        desk.ask("ada/administrator", "GET", &format!("/api/corrections{query}"), &[], &Value::Null).await
    };
    let early = export("").await;
    assert!(early.status == 200 && !early.text().contains("Leigh"), "it may still be taken back: {early:?}");
    desk.step(UNDO + MOMENT);
    let whole = export(&format!("?since={before}")).await;
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("application/jsonl")));
    let text = whole.text();
    // Chunked: the lines that are JSON are ours.
    let lines: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect();
    let told = |kind: &str| lines.iter().find(|line| line["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {text}"));
    let corrected = told("corrected");
    assert_eq!(
        (&corrected["old"], &corrected["new"], &corrected["by"]),
        (&json!("Ann Lee"), &json!("Ann Leigh"), &json!("wang"))
    );
    assert_eq!((&corrected["call"], &corrected["field"]), (&json!(call.to_string()), &json!("name")));
    assert_eq!(corrected["category"], edited["draft"]["issues"][0]["category"]["value"]);
    assert_eq!(corrected["evidence"][0]["text"], "Ann Lee");
    assert_eq!((&told("entered")["old"], &told("not_said")["new"]), (&Value::Null, &Value::Null));
    let later = crate::ops::clock::timestamp(desk.clock.unix_ms()).to_string();
    assert_eq!(export(&format!("?since={later}")).await.text().find("Leigh"), None);
    assert_eq!(export("?since=yesterday").await.status, 400);
    let rates = desk.get("/api/corrections/rates").await.json()["rates"].clone();
    let name = rates.as_array().unwrap().iter().find(|rate| rate["field"] == "name").unwrap();
    assert_eq!((&name["decided"], &name["corrected"], &name["rate"]), (&json!(1), &json!(1), &json!(1.0)));
}
