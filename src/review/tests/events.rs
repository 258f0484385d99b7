use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::{TestDesk, connect};
use crate::call::{CallEvent, CallId, CallState, MediaTime};

const DEADLINE: Duration = Duration::from_secs(20);

struct Reader {
    stream: TcpStream,
    seen: String,
}

impl Reader {
    async fn open(desk: &TestDesk, path: &str) -> Self {
        let stream = connect(desk.address, "GET", path, &[&format!("Host: {}", desk.address)], b"").await;
        let mut reader = Self { stream, seen: String::new() };
        reader.until("\r\n\r\n").await;
        reader
    }

    async fn until(&mut self, wanted: &str) {
        let mut buffer = [0; 4096];
        while !self.seen.contains(wanted) {
            let read = tokio::time::timeout(DEADLINE, self.stream.read(&mut buffer)).await;
            let count = read.unwrap_or_else(|_| panic!("no {wanted:?} in {}", self.seen)).unwrap();
            assert_ne!(count, 0, "ended before {wanted:?}: {}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }

    async fn until_closed(&mut self) {
        let mut rest = Vec::new();
        tokio::time::timeout(DEADLINE, self.stream.read_to_end(&mut rest)).await.unwrap().unwrap();
        self.seen.push_str(&String::from_utf8_lossy(&rest));
    }
}

fn digit(call: CallId, digit: char) -> CallEvent {
    CallEvent::Dtmf { call, digit, at: MediaTime(40) }
}

#[tokio::test]
async fn a_watcher_is_told_what_happens_by_name_and_only_of_its_call() {
    let desk = TestDesk::start().await;
    let (mine, other) = (CallId::new(), CallId::new());
    let mut all = Reader::open(&desk, "/api/events").await;
    let mut one = Reader::open(&desk, &format!("/api/events?call={mine}")).await;
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
    let mut reader = Reader::open(&desk, "/api/events").await;
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
        readers.push(Reader::open(&desk, "/api/events").await);
    }
    assert_eq!(desk.get("/api/events").await.status, 503);
    desk.health.stop();
    for mut reader in readers {
        reader.until_closed().await;
    }
}
