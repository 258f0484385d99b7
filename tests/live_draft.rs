//! The draft grows while the caller speaks, and what it says then it says in the end.

mod common;

use heardline::call::{CallEvent, CallState};
use serde_json::Value;

use common::DEADLINE;
use common::gateway::TestGateway;
use common::served::{make, plan};

/// A call with the bundled model, whose draft names the matter while the call is up.
async fn grows(sample: &'static str, category: &str) {
    let mut gateway = TestGateway::start_with(None, |_| {}).await;
    let target = ([127, 0, 0, 1], gateway.udp_port()).into();
    let caller = tokio::spawn(async move { make(plan(target, sample)).await.expect("a whole call") });
    let named = |event: &CallEvent| match event {
        CallEvent::Draft { call, complete: false, draft } => {
            let named = &draft["issues"][0]["category"];
            (named["value"] == category).then(|| (*call, named["evidence"][0].clone()))
        }
        _ => None,
    };
    let (id, evidence) = gateway.event("a draft in mid-call names the matter", named).await;
    let row = gateway.calls().await.into_iter().find(|row| row.id == id).unwrap();
    assert_eq!(row.state, CallState::Live, "while the caller is on the line");
    let time = |key: &str| evidence[key].as_u64().unwrap();
    assert!(time("audio_start_ms") < time("audio_end_ms"), "with the seconds that say it: {evidence}");

    caller.await.unwrap();
    gateway.settled(1, DEADLINE).await;
    let (body, complete) = gateway.gateway.store().draft(id).await.unwrap().unwrap();
    let draft: Value = serde_json::from_str(&body).unwrap();
    assert!(complete && draft["issues"][0]["category"]["value"] == category, "{}", draft["issues"][0]);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_of_spoken_english_grows_within_the_call() {
    grows("en-heating", "utility.heating").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_of_spoken_mandarin_grows_within_the_call() {
    grows("zh-heating", "utility.heating").await;
}
