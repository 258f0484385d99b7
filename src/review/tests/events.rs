use super::TestDesk;
use super::reader::Reader;
use crate::call::{CallEvent, CallId, CallState, MediaTime};

async fn open(desk: &TestDesk, path: &str) -> Reader {
    Reader::open(desk.address, path, &[]).await
}

fn digit(call: CallId, digit: char) -> CallEvent {
    CallEvent::Dtmf { call, digit, at: MediaTime(40) }
}

#[tokio::test]
async fn a_watcher_is_told_what_happens_by_name_and_only_of_its_call() {
    let desk = TestDesk::start().await;
    let (mine, other) = (CallId::new(), CallId::new());
    let mut all = open(&desk, "/api/events").await;
    let mut one = open(&desk, &format!("/api/events?call={mine}")).await;
    assert!(all.seen.to_lowercase().contains("content-type: text/event-stream"), "{}", all.seen);
    assert!(all.seen.to_lowercase().contains("x-content-type-options: nosniff"));
    desk.events.send(CallEvent::State { call: other, state: CallState::Live, cause: None }).unwrap();
    desk.events.send(digit(mine, '7')).unwrap();
    all.until("event: state\n").await;
    all.until("event: dtmf\n").await;
    one.until("event: dtmf\n").await;
    one.until("\"digit\":\"7\"").await;
    assert!(!one.seen.contains(&other.to_string()));
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_told_so_and_cut() {
    let desk = TestDesk::start().await;
    let mut reader = open(&desk, "/api/events").await;
    // The queue of this desk holds 8 and nothing runs between these sends.
    for _ in 0..50 {
        desk.events.send(digit(CallId::new(), '1')).unwrap();
    }
    reader.until("event: lagged\n").await;
    reader.until_closed().await;
    assert!(!reader.seen.contains("event: dtmf"), "what is left is stale: {}", reader.seen);
}

#[tokio::test]
async fn event_streams_end_when_the_gateway_stops_and_are_bounded() {
    let desk = TestDesk::start().await;
    let mut readers = Vec::new();
    for _ in 0..crate::config::limits::MAX_WATCHERS {
        readers.push(open(&desk, "/api/events").await);
    }
    assert_eq!(desk.get("/api/events").await.status, 503);
    desk.health.stop();
    for mut reader in readers {
        reader.until_closed().await;
    }
}
