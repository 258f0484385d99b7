//! The own call as it happens.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::reader::Reader;
use super::{TestCall, TestPublic, partial};
use crate::call::{CallEvent, CallState, EndCause};
use crate::config::limits;
use crate::store::Store as _;

async fn open(public: &TestPublic, call: &TestCall) -> Reader {
    let mut reader = Reader::open(public.address, &format!("{}/events", call.path()), &[&call.authorization()]).await;
    reader.until("event: snapshot\n").await;
    reader.until("\n\n").await;
    reader
}

#[tokio::test]
async fn a_page_is_told_its_call_from_the_snapshot_to_the_finished_draft_and_no_other_call() {
    let public = TestPublic::start().await;
    let (mut mine, mut other) = (public.call().await, public.call().await);
    public.hear(&mut mine, "Hello, is this the city hotline?").await;
    let mut page = open(&public, &mine).await;
    let head = page.seen.to_lowercase();
    assert!(head.contains("content-type: text/event-stream") && head.contains("cache-control: no-store"), "{head}");
    assert!(head.contains("x-accel-buffering: no") && head.contains("x-content-type-options: nosniff"), "{head}");
    assert_eq!(page.events()[0].1["captions"][0]["text"], "Hello, is this the city hotline?");

    public.hear(&mut other, "Somebody else's words.").await;
    public.tell(partial(other.id, "somebody else"));
    public.tell(partial(mine.id, "my name is"));
    page.until("event: partial\n").await;
    public.hear(&mut mine, "My name is Anna Walker.").await;
    page.until("\"name\":\"Anna Walker\"").await;
    public.hang_up(&mine).await;
    page.until("finishing").await;
    public.complete(&mine).await;
    page.until_closed().await;

    let events = page.events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["snapshot", "partial", "final", "fields", "state", "fields", "state", "complete"]);
    assert_eq!(events[1].1, json!({"text": "my name is", "at_ms": 5_100}));
    let caption = json!({"seq": 1, "start_ms": 2_000, "end_ms": 3_900, "text": "My name is Anna Walker.",
                         "language": "en", "heard": true});
    assert_eq!(events[2].1, caption);
    assert_eq!(events[4].1, json!({"state": "finishing", "end_cause": "caller_hangup"}));
    assert_eq!(events[6].1, json!({"state": "done", "end_cause": "caller_hangup"}));
    assert_eq!(events[7].1, json!({}));
    for hidden in ["omebody else", "secret-model", "evidence", &mine.id.to_string(), &other.id.to_string()] {
        assert!(!page.seen.contains(hidden), "{hidden}: {}", page.seen);
    }
}

#[tokio::test]
async fn a_page_that_comes_when_all_is_done_gets_it_and_the_end() {
    let public = TestPublic::start().await;
    let mut call = public.call().await;
    public.hear(&mut call, "My name is Anna Walker.").await;
    public.hang_up(&call).await;
    public.complete(&call).await;
    let mut page = open(&public, &call).await;
    page.until_closed().await;
    assert_eq!(page.names(), ["snapshot", "complete"]);

    let refused = public.ring().await;
    let mut waiting = open(&public, &refused).await;
    public.tell(CallEvent::State { call: refused.id, state: CallState::Refused, cause: Some(EndCause::Refused) });
    waiting.until_closed().await;
    assert_eq!(waiting.names(), ["snapshot", "state"]);
    public.store.refuse_call(refused.id, EndCause::Refused, 3_000).await.unwrap();
    let mut late = open(&public, &refused).await;
    late.until_closed().await;
    assert_eq!(late.names(), ["snapshot"]);
}

#[tokio::test]
async fn nothing_falls_between_the_snapshot_and_the_events() {
    const SENTENCES: usize = 40;
    let public = TestPublic::start().await;
    let mut call = public.call().await;
    let mut pages = Vec::new();
    let address = public.address;
    for number in 0..SENTENCES {
        if number % 4 == 0 {
            // Answered while the sentences go on; at most as many as one call may have.
            let (path, bearer) = (format!("{}/events", call.path()), call.authorization());
            pages.push(tokio::spawn(async move {
                let mut page = Reader::open(address, &path, &[&bearer]).await;
                page.until(&format!("sentence {}.", number + 8)).await;
                page
            }));
        }
        public.hear(&mut call, &format!("This is sentence {number}.")).await;
        if number >= 8 && number % 4 == 3 {
            let page = pages.remove(0).await.unwrap();
            let mut seen = BTreeSet::new();
            for (name, data) in page.events() {
                match name.as_str() {
                    "snapshot" => seen.extend(data["captions"].as_array().unwrap().iter().map(seq)),
                    "final" => drop(seen.insert(seq(&data))),
                    _ => {}
                }
            }
            let last = *seen.last().unwrap();
            assert!(seen.iter().copied().eq(0..=last), "{seen:?}");
        }
    }
}

fn seq(caption: &Value) -> u64 {
    caption["seq"].as_u64().unwrap()
}

#[tokio::test]
async fn a_page_that_fell_behind_gets_everything_anew_and_goes_on() {
    let public = TestPublic::start().await;
    let mut call = public.call().await;
    let mut page = open(&public, &call).await;
    // The queue of these events holds 8 and nothing runs between these sends.
    for _ in 0..50 {
        public.tell(partial(call.id, "stale"));
    }
    page.until("event: lagged\n").await;
    public.hear(&mut call, "My name is Anna Walker.").await;
    page.until("\"name\":\"Anna Walker\"").await;
    let names = page.names();
    let at = names.iter().position(|name| name == "lagged").unwrap();
    assert_eq!(names[at + 1], "snapshot", "{names:?}");
}

#[tokio::test]
async fn a_call_never_goes_back_to_where_it_was() {
    let public = TestPublic::start().await;
    let call = public.call().await;
    public.hang_up(&call).await;
    let mut page = open(&public, &call).await;
    // Told before the snapshot was taken, read after it.
    public.tell(CallEvent::State { call: call.id, state: CallState::Live, cause: None });
    public.complete(&call).await;
    page.until_closed().await;
    assert_eq!(page.names(), ["snapshot", "fields", "state", "complete"]);
}

#[tokio::test]
async fn with_one_stream_too_many_of_a_call_its_oldest_gives_way() {
    let public = TestPublic::start().await;
    let (mine, other) = (public.call().await, public.call().await);
    let mut pages = Vec::new();
    for _ in 0..limits::CALLER_STREAMS_PER_CALL {
        pages.push(open(&public, &mine).await);
    }
    let mut others = open(&public, &other).await;
    pages.push(open(&public, &mine).await);
    pages.remove(0).until_closed().await;
    public.tell(partial(mine.id, "still here"));
    public.tell(partial(other.id, "here too"));
    for page in &mut pages {
        page.until("still here").await;
    }
    others.until("here too").await;
}

#[tokio::test]
async fn a_stream_ends_with_the_gateway_and_with_the_words_of_its_call() {
    let public = TestPublic::start().await;
    let (erased, open_call) = (public.call().await, public.call().await);
    let (mut first, mut second) = (open(&public, &erased).await, open(&public, &open_call).await);
    public.tell(CallEvent::Erased { call: erased.id });
    first.until_closed().await;
    public.health.stop();
    second.until_closed().await;
    assert_eq!((first.names(), second.names()), (vec!["snapshot".to_owned()], vec!["snapshot".to_owned()]));
}
