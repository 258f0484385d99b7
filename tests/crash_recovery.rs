//! kill -9 anywhere: after the restart exactly one draft per call at the endpoint (acceptance 5).

mod common;

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use heardline::call::{CallId, Origin, Party};
use heardline::store::{DataDir, NewCall, SqliteStore, Store as _};

use common::DEADLINE;
use common::endpoint::{Post, ScriptedEndpoint};
use common::served::{Served, call, stays, told};

/// One draft as a receiver that keeps the webhook-ids it has seen would have it.
fn one_effect(posts: &[Post]) -> Value {
    let ids: HashSet<_> = posts.iter().map(|post| post.headers["webhook-id"].to_str().unwrap().to_owned()).collect();
    let keys: HashSet<_> =
        posts.iter().map(|post| post.headers["idempotency-key"].to_str().unwrap().to_owned()).collect();
    let bodies: HashSet<_> = posts.iter().map(|post| post.body.clone()).collect();
    assert_eq!((ids.len(), keys.len(), bodies.len()), (1, 1, 1), "the same delivery at every try");
    serde_json::from_slice(&posts[0].body).unwrap()
}

fn words(draft: &Value) -> String {
    let segments = draft.pointer("/transcript/segments").unwrap().as_array().unwrap();
    segments.iter().map(|s| s["text"].as_str().unwrap().to_lowercase()).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_mid_call_the_draft_is_made_from_what_was_recorded() {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    let gateway = Served::start(folder.path(), &endpoint.url(), "", None);
    let speaking = tokio::spawn(told(stays(gateway.sip, "en-streetlight")));

    let heard_ms = gateway.two_sentences().await;
    gateway.kill();
    speaking.abort();
    assert!(endpoint.posts().is_empty());

    let again = Served::start(folder.path(), &endpoint.url(), "", None);
    endpoint.wait_for(1).await;
    let draft = one_effect(&endpoint.posts());
    let kept_ms = draft.pointer("/call/duration_ms").unwrap().as_u64().unwrap();
    assert!(kept_ms + 1_000 >= heard_ms, "{kept_ms} ms kept of at least {heard_ms} ms heard");
    assert_eq!(draft.pointer("/call/end_cause").unwrap(), "interrupted");
    assert!(words(&draft).contains("street light is broken"), "{}", words(&draft));
    let row = again.get("/api/calls").await;
    assert_eq!(row.pointer("/calls/0/state").unwrap(), "done");
}

/// Leaves a call in the data folder as a gateway that was killed while the caller spoke.
async fn unfinished_call(store: &SqliteStore, follows: Option<CallId>) -> (CallId, String) {
    let id = CallId::new();
    let origin = Origin::WebRtc { source: [127, 0, 0, 1].into(), user_agent: None, origin: None };
    let (line, party) = ("default".into(), Party::default());
    let call = NewCall { id, line, party, origin, dialled: None, follows, started_unix_ms: 1_000 };
    let reference = store.create_call(call).await.unwrap();
    store.answer_call(id, 1_100).await.unwrap();
    (id, reference.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_caller_added_to_an_earlier_call_both_drafts_go_under_one_reference() {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    let data = DataDir::open(&folder.path().join("data")).unwrap();
    let store = SqliteStore::open(&data).await.unwrap();
    let (first, reference) = unfinished_call(&store, None).await;
    let (second, told) = unfinished_call(&store, Some(first)).await;
    assert_eq!(told, reference);
    store.close().await;
    drop((store, data));

    let gateway = Served::start(folder.path(), &endpoint.url(), "", None);
    let posts = endpoint.wait_for(2).await;
    let drafts: Vec<Value> = posts.iter().map(|post| serde_json::from_slice(&post.body).unwrap()).collect();
    assert!(drafts.iter().all(|draft| draft["reference"] == reference.as_str()), "{drafts:?}");
    let of = |id: CallId| drafts.iter().find(|draft| draft["call"]["call_id"] == id.to_string()).unwrap();
    assert_eq!(of(first)["related"], serde_json::json!([]));
    assert_eq!(of(second)["related"][0]["call_id"], first.to_string());
    assert_eq!(of(second)["related"][0]["relation"], "same_ticket");
    let shown = gateway.get(&format!("/api/calls/{second}")).await;
    assert_eq!((&shown["follows"], &shown["reference"]), (&first.to_string().into(), &reference.into()));
}

/// Aborts at `fault`, restarts, and returns what the endpoint got.
async fn crash_at(fault: &str, sample: &'static str) -> (Vec<Post>, Value) {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    let mut gateway = Served::start(folder.path(), &endpoint.url(), "", Some(fault));
    let speaking = tokio::spawn(call(gateway.sip, sample));
    // The fault point aborts the process by itself.
    let (status, _) = gateway.ended().await;
    assert!(!status.success());
    speaking.abort();
    let before = endpoint.posts().len();
    let again = Served::start(folder.path(), &endpoint.url(), "", None);
    endpoint.wait_for(before + 1).await;
    let posts = tokio::time::timeout(DEADLINE, async {
        loop {
            let dead_or_waiting = again.get("/api/calls").await;
            let id = dead_or_waiting.pointer("/calls/0/id").unwrap().as_str().unwrap().to_owned();
            let call = again.get(&format!("/api/calls/{id}")).await;
            if call.pointer("/deliveries/0/state").is_some_and(|state| state == "delivered") {
                return endpoint.posts();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let posts = posts.await.expect("delivered after the restart");
    let draft = one_effect(&posts);
    (posts, draft)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_hang_up_before_the_draft_everything_said_is_in_it() {
    let (posts, draft) = crash_at("audio.complete", "zh-water").await;
    assert_eq!(posts.len(), 1);
    assert_eq!(draft.pointer("/call/end_cause").unwrap(), "caller_hangup", "the end was known before the crash");
    assert!(words(&draft).contains("停水了"), "{}", words(&draft));
    assert_eq!(draft.pointer("/issues/0/category/value").unwrap(), "utility.water");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_commit_and_post_the_draft_is_still_delivered() {
    let (posts, _) = crash_at("draft.committed", "zh-water").await;
    assert_eq!(posts.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_post_before_it_is_marked_the_endpoint_can_tell_it_is_the_same() {
    let (posts, _) = crash_at("post.accepted", "zh-water").await;
    assert_eq!(posts.len(), 2, "sent again with the same webhook-id, key and body, so it counts once");
}
