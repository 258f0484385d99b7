//! One draft: claimed, edited, looked at.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LINES, WorkDesk, state_of};
use crate::call::{CallEvent, CallId, ReviewState};

const LEASE: Duration = crate::config::limits::LEASE;

#[tokio::test]
async fn two_agents_on_one_draft_the_second_is_told_who_has_it_and_only_a_supervisor_takes_it_over() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&LINES).await;
    let claim = format!("/api/calls/{call}/claim");
    let mut events = desk.events.subscribe();
    let mine = desk.post("li/agent", &claim, Value::Null).await;
    assert_eq!(mine.status, 200, "{mine:?}");
    assert!(mine.json()["until"].as_str().unwrap().ends_with('Z'));
    let told = events.try_recv().unwrap();
    let CallEvent::Review { state: ReviewState::Held, holder: Some(holder), .. } = told else { panic!("{told:?}") };
    assert_eq!(holder, "li");
    let other = desk.post("wang/agent", &claim, Value::Null).await;
    assert_eq!((other.status, &other.json()["holder"]), (409, &json!("li")));
    assert_eq!(other.header("content-type"), Some("application/problem+json"));
    let revision = desk.review(call).await["revision"].as_u64().unwrap();
    let edit = json!([{"pointer": "/caller/name", "value": "Ann Leigh"}]);
    assert_eq!(desk.edit("wang/agent", call, revision, edit.clone()).await.status, 409);
    let over = format!("{claim}?take_over=true");
    assert_eq!(desk.post("wang/agent", &over, Value::Null).await.status, 403);
    assert_eq!(desk.post("chen/supervisor", &over, Value::Null).await.status, 200);
    let lost = desk.edit("li/agent", call, revision, edit.clone()).await;
    assert_eq!((lost.status, &lost.json()["holder"]), (409, &json!("chen")));
    assert_eq!(desk.ask("chen/supervisor", "DELETE", &claim, &[], &Value::Null).await.status, 204);
    assert_eq!(desk.edit("li/agent", call, revision, edit).await.status, 200, "and then it is free");
}

#[tokio::test]
async fn a_lease_that_ran_out_while_somebody_typed_loses_nothing_and_overwrites_nobody() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&LINES).await;
    desk.post("li/agent", &format!("/api/calls/{call}/claim"), Value::Null).await;
    let revision = desk.review(call).await["revision"].as_u64().unwrap();
    desk.step(LEASE);
    assert_eq!(desk.review(call).await["state"], "waiting");
    let typed = desk.edit("li/agent", call, revision, json!([{"pointer": "/caller/name", "value": "Ann Leigh"}])).await;
    assert_eq!(typed.status, 200, "{typed:?}");
    assert_eq!(typed.header("etag"), Some(format!("\"{}\"", revision + 1).as_str()));
    assert_eq!((&typed.json()["mine"], &typed.json()["state"]), (&json!(true), &json!("held")));
    desk.step(LEASE);
    // Another goes on with it; what the first types now is of a draft that is no more.
    let other =
        desk.edit("wang/agent", call, revision + 1, json!([{"pointer": "/caller/name", "value": "Anne"}])).await;
    assert_eq!(other.status, 200);
    desk.step(LEASE);
    let edit = json!([{"pointer": "/issues/0/respondent", "value": "City Light Co."}]);
    let stale = desk.edit("li/agent", call, revision + 1, edit).await;
    assert_eq!(stale.status, 412, "{stale:?}");
    let current = stale.json()["current"].clone();
    assert_eq!(
        (&current["revision"], &current["draft"]["caller"]["name"]["value"]),
        (&json!(revision + 2), &json!("Anne"))
    );
    assert_eq!(current["mine"], true, "and it is theirs again, or what another entered could not be read");
    let desk = desk.restarted().await;
    let kept = desk.review(call).await;
    assert_eq!((&kept["revision"], &kept["draft"]["caller"]["name"]["value"]), (&json!(revision + 2), &json!("Anne")));
    let others = kept["draft"]["caller"]["name"]["alternatives"].as_array().unwrap();
    let others: Vec<&Value> = others.iter().map(|other| &other["value"]).collect();
    assert_eq!(others, ["Ann Lee", "Ann Leigh"], "what the machine read, then what another entered");
}

#[tokio::test]
async fn an_edit_says_which_revision_it_is_of_and_what_is_wrong_with_it() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&LINES).await;
    let path = format!("/api/calls/{call}/review");
    let revision = desk.review(call).await["revision"].as_u64().unwrap();
    let body = json!({"edits": [{"pointer": "/caller/name", "value": "Ann"}]});
    assert_eq!(desk.ask("li/agent", "PATCH", &path, &[], &body).await.status, 428);
    for tag in ["If-Match: 3", "If-Match: \"x\"", "If-Match: *"] {
        assert_eq!(desk.ask("li/agent", "PATCH", &path, &[tag], &body).await.status, 400, "{tag}");
    }
    let wrong = json!([
        {"pointer": "/caller/name", "value": "Ann Leigh"},
        {"pointer": "/issues/0/category", "value": "cheese"},
        {"pointer": "/caller/phones/0", "value": "call me"},
    ]);
    let refused = desk.edit("li/agent", call, revision, wrong).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let errors = refused.json()["errors"].clone();
    let pointers: Vec<&str> = errors.as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/issues/0/category", "/caller/phones/0"]);
    desk.claim("li/agent", call).await;
    assert_eq!(desk.review(call).await["draft"]["caller"]["name"]["value"], "Ann Lee", "none was written");
    let many: Vec<Value> = (0..65).map(|_| json!({"pointer": "/caller/name", "value": "Ann"})).collect();
    for junk in [
        json!([]),
        json!(many),
        json!([{"pointer": "/caller/name"}]),
        json!([{"pointer": "/caller/name", "value": "x", "not_said": true}]),
        json!([{"value": "x"}]),
        json!("x"),
    ] {
        let answer = desk.edit("li/agent", call, revision, junk.clone()).await;
        assert_eq!(answer.status, 422, "{junk}: {answer:?}");
    }
    let unknown = desk.edit("li/agent", CallId::new(), 1, json!([{"pointer": "/caller/name", "value": "x"}])).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn every_field_says_how_it_stands_and_what_was_seen_is_remembered_by_its_value() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&["The street light is broken.", LINES[1]]).await;
    let review = desk.review(call).await;
    assert_eq!(state_of(&review, "/issues/0/location/address_text"), "missing");
    assert_eq!(state_of(&review, "/caller/phones"), "missing");
    assert_eq!(state_of(&review, "/issues/0/respondent"), "", "unknown and not required: not listed");
    let seen = format!("/api/calls/{call}/seen");
    let named = |review: &Value| {
        let fields = review["fields"].as_array().unwrap();
        fields.iter().find(|field| field["pointer"] == "/caller/name").unwrap()["seen"].clone()
    };
    assert_eq!(named(&review), false);
    assert_eq!(desk.post("li/agent", &seen, json!({"pointers": ["/caller/name"]})).await.status, 204);
    let after = desk.review(call).await;
    assert_eq!((named(&after), &after["revision"]), (json!(true), &review["revision"]));
    let mut draft =
        desk.draft(call, 2, &crate::draft::testing::call(&["The street light is broken.", "My name is Anna Lee."]));
    draft.draft_id = review["draft"]["draft_id"].as_str().unwrap().to_owned();
    desk.version(call, draft).await;
    desk.claim("li/agent", call).await;
    let later = desk.review(call).await;
    assert_eq!((named(&later), &later["draft"]["caller"]["name"]["value"]), (json!(false), &json!("Anna Lee")));
    assert_ne!(later["revision"], review["revision"]);
    for wrong in [json!({"pointers": ["/issues/7/title"]}), json!({"pointers": "x"}), json!(["/caller/name"])] {
        assert_eq!(desk.post("li/agent", &seen, wrong.clone()).await.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn what_is_typed_while_the_call_is_up_stays_over_what_is_heard_later() {
    let desk = WorkDesk::start().await;
    let silent = desk.live(&[]).await;
    let nothing = desk.review(silent).await;
    assert_eq!((&nothing["draft"], &nothing["fields"], &nothing["state"]), (&Value::Null, &json!([]), &json!("live")));
    let early = desk.edit("li/agent", silent, 1, json!([{"pointer": "/caller/name", "value": "Ann"}])).await;
    assert_eq!(early.status, 409, "{early:?}");

    let call = desk.live(&LINES[..1]).await;
    assert_eq!(desk.post("li/agent", &format!("/api/calls/{call}/claim"), Value::Null).await.status, 200);
    let revision = desk.review(call).await["revision"].as_u64().unwrap();
    desk.hear(call, &LINES).await;
    let edits = json!([{"pointer": "/caller/name", "value": "Ann Leigh"}, {"pointer": "/caller/phones", "value": "212 555 0199"}]);
    let typed = desk.edit("li/agent", call, revision, edits).await;
    assert_eq!(typed.status, 200, "words that come do not make it stale: {typed:?}");
    desk.complete(call, &LINES).await;
    let review = desk.review(call).await;
    assert_eq!((&review["state"], &review["mine"]), (&json!("held"), &json!(true)));
    assert_eq!(review["draft"]["caller"]["name"]["value"], "Ann Leigh");
    assert_eq!(review["draft"]["caller"]["name"]["alternatives"][0]["value"], "Ann Lee");
    let numbers: Vec<&Value> =
        review["draft"]["caller"]["phones"].as_array().unwrap().iter().map(|phone| &phone["number"]).collect();
    assert_eq!(numbers, ["2125550199", "2125550134"]);
    let decided = desk.decide("li/agent", silent, json!({"decision": "approve"})).await;
    assert_eq!(decided.status, 409, "not while the call is up: {decided:?}");
}

#[tokio::test]
async fn writes_come_from_the_desk_only_and_calls_that_are_not_there_are_not_found() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&LINES).await;
    let host = format!("Host: {}", desk.address);
    for (method, path) in [
        ("POST", "claim"),
        ("DELETE", "claim"),
        ("PATCH", "review"),
        ("POST", "seen"),
        ("POST", "decision"),
        ("DELETE", "decision"),
    ] {
        let path = format!("/api/calls/{call}/{path}");
        for origin in ["X: y", "Origin: http://evil.example"] {
            let answer =
                super::super::send(desk.address, method, &path, &[&host, origin, "If-Match: \"2\""], b"").await;
            assert_eq!(answer.status, 403, "{method} {path} {origin}");
        }
        for id in [CallId::new().to_string(), "..%2fx".into()] {
            let path = path.replace(&call.to_string(), &id);
            let body =
                if path.ends_with("decision") { json!({"decision": "approve"}) } else { json!({"pointers": []}) };
            let body = if method == "PATCH" { json!({"edits": [{"pointer": "/x", "value": 1}]}) } else { body };
            let answer = desk.ask("li/agent", method, &path, &["If-Match: \"2\""], &body).await;
            assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
        }
    }
}
