//! The worker from end to end: what is owed is delivered once, or stays visible.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use super::endpoint::{FakeEndpoint, Say};
use super::store::FakeStore;
use crate::call::{CallEvent, DeliveryKind};
use crate::config::limits;
use crate::config::secret::WebhookSecret;
use crate::intake::client::Patience;
use crate::intake::{Endpoint, Outbox, OutboxHandle, emergency_key, idempotency_key, sign};
use crate::ops::clock::Clock;
use crate::store::{DeliveryRow, DeliveryState, NextStep, Subject};

const MINUTE: Duration = Duration::from_secs(60);

struct Bench {
    store: Arc<FakeStore>,
    clock: Clock,
    secret: WebhookSecret,
    events: broadcast::Receiver<CallEvent>,
    stop: CancellationToken,
    outbox: OutboxHandle,
}

impl Bench {
    fn start(store: FakeStore, url: &reqwest::Url) -> Self {
        let store = Arc::new(store);
        let (clock, secret) = (Clock::system(), WebhookSecret::generate());
        let (sender, events) = broadcast::channel(limits::EVENT_QUEUE);
        let stop = CancellationToken::new();
        let endpoint =
            |name: &str, takes| Endpoint { name: name.into(), url: url.clone(), secret: secret.clone(), takes };
        let endpoints = vec![endpoint("desk", DeliveryKind::Draft), endpoint("alarm", DeliveryKind::Emergency)];
        let patience = Patience { connect: Duration::from_secs(10), whole: Duration::from_secs(20) };
        let outbox = Outbox::start_with(patience, store.clone(), endpoints, clock.clone(), sender, stop.clone());
        Self { store, clock, secret, events, stop, outbox }
    }

    fn owe(&self, body: &str) -> String {
        let id = self.store.owe("desk", body, self.clock.unix_ms());
        self.outbox.nudge();
        id
    }

    fn step(&self, by: Duration) {
        self.clock.step(by);
        self.outbox.nudge();
    }

    async fn stopped(self) {
        self.stop.cancel();
        self.outbox.stopped().await;
    }
}

fn all(state: DeliveryState) -> impl Fn(&[DeliveryRow]) -> bool {
    move |rows| rows.iter().all(|row| row.state == state)
}

fn attempts(at_least: u32) -> impl Fn(&[DeliveryRow]) -> bool {
    move |rows| rows.iter().map(|row| row.attempts).sum::<u32>() >= at_least
}

fn owed(count: usize) -> FakeStore {
    let store = FakeStore::new();
    for at in 0..count {
        store.owe("desk", &format!("{{\"n\":{at}}}"), 1);
    }
    store
}

#[tokio::test]
async fn every_attempt_carries_the_same_id_key_and_bytes_and_a_signature_that_holds() {
    let endpoint = FakeEndpoint::start(vec![Say::Status(503), Say::Status(503)], Say::Status(200)).await;
    let mut bench = Bench::start(FakeStore::new(), &endpoint.url);
    let id = bench.owe("{\"draft\":\"水\"}");
    for attempt in 1..=2 {
        bench.store.until(attempts(attempt)).await;
        bench.step(MINUTE);
    }
    bench.store.until(all(DeliveryState::Delivered)).await;

    let row = bench.store.row(&id);
    let got = endpoint.got();
    assert_eq!(got.len(), 3);
    let now_s = bench.clock.unix_ms() / 1000;
    for one in &got {
        assert_eq!(one.body, "{\"draft\":\"水\"}");
        assert_eq!(one.headers["webhook-id"], id.as_str());
        let Subject::Draft { draft, version } = row.subject else { panic!("{row:?}") };
        assert_eq!(one.headers["idempotency-key"], idempotency_key(draft, version).as_str());
        assert_eq!(one.headers["content-type"], "application/json");
        assert!(one.headers["user-agent"].to_str().unwrap().starts_with("heardline/"));
        let secrets = [bench.secret.clone()];
        assert_eq!(sign::verify(&one.headers, &one.body, &secrets, now_s, sign::TOLERANCE), Ok(()));
    }
    let stamps: Vec<_> = got.iter().map(|one| one.headers["webhook-timestamp"].clone()).collect();
    assert!(stamps[0] < stamps[1] && stamps[1] < stamps[2], "{stamps:?}");

    let mut states = Vec::new();
    while let Ok(CallEvent::Delivery { call, state, kind: DeliveryKind::Draft }) = bench.events.try_recv() {
        assert_eq!(call, row.call);
        states.push(state);
    }
    assert_eq!(states.last().map(String::as_str), Some("delivered").filter(|_| states.len() == 3));
    bench.stopped().await;
}

#[tokio::test]
async fn an_emergency_goes_though_drafts_hang_and_is_tried_every_five_seconds_under_its_calls_key() {
    let gate = Arc::new(Notify::new());
    let endpoint = FakeEndpoint::start(vec![Say::Gate(gate.clone()), Say::Status(503)], Say::Status(200)).await;
    let bench = Bench::start(owed(1), &endpoint.url);
    endpoint.until_got(1).await;
    let now = bench.clock.unix_ms();
    let id = bench.store.owe_subject("alarm", Subject::Emergency, "{\"quote\":\"fire\"}", now);
    bench.outbox.nudge();
    endpoint.until_got(2).await;
    bench.store.until(|rows| rows.iter().any(|row| row.id == id && row.attempts == 1)).await;
    let due = bench.store.row(&id).next_attempt_unix_ms;
    assert!((now + 5_000..now + 60_000).contains(&due), "{due} after {now}");
    bench.step(Duration::from_millis(u64::try_from(due - now).unwrap()));
    bench.store.until(|rows| rows.iter().any(|row| row.id == id && row.state == DeliveryState::Delivered)).await;
    let key = emergency_key(bench.store.row(&id).call);
    let got = endpoint.got();
    assert!(
        got[1..]
            .iter()
            .all(|one| one.headers["idempotency-key"] == key.as_str() && one.headers["webhook-id"] == id.as_str())
    );
    gate.notify_one();
    bench.store.until(all(DeliveryState::Delivered)).await;
    bench.stopped().await;
}

#[tokio::test]
async fn a_dead_endpoint_is_probed_once_a_minute_and_its_return_drains_everything_once() {
    let endpoint = FakeEndpoint::start(vec![], Say::Status(503)).await;
    let bench = Bench::start(owed(50), &endpoint.url);
    bench.store.until(attempts(1)).await;
    for probe in 2..=6 {
        bench.step(MINUTE);
        bench.store.until(attempts(probe)).await;
    }
    assert_eq!(endpoint.got().len(), 6);
    assert!(bench.store.rows().iter().all(|row| row.attempts <= 1), "the probes take turns");

    endpoint.say(Say::Status(200));
    bench.step(MINUTE);
    bench.store.until(all(DeliveryState::Delivered)).await;
    assert_eq!(endpoint.got().len(), 56);
    assert!(endpoint.peak() <= limits::DELIVERY_PARALLEL, "{}", endpoint.peak());
    bench.stopped().await;
}

#[tokio::test]
async fn one_refused_delivery_is_parked_with_its_reason_and_stops_no_other() {
    let endpoint = FakeEndpoint::start(vec![Say::Status(422)], Say::Status(200)).await;
    let bench = Bench::start(FakeStore::new(), &endpoint.url);
    let refused = bench.owe("{}");
    bench.store.until(attempts(1)).await;
    let taken = bench.owe("{}");
    bench.store.until(|rows| rows.iter().all(|row| row.state != DeliveryState::Pending)).await;
    assert_eq!(bench.store.row(&refused).state, DeliveryState::Dead);
    assert_eq!(bench.store.row(&refused).last_status, Some(422));
    assert!(bench.store.row(&refused).last_error.unwrap().contains("422"));
    assert_eq!(bench.store.row(&taken).state, DeliveryState::Delivered);
    bench.stopped().await;
}

#[tokio::test]
async fn gone_stops_the_endpoint_and_parks_everything_owed_to_it_visibly() {
    let endpoint = FakeEndpoint::start(vec![], Say::Status(410)).await;
    let bench = Bench::start(owed(40), &endpoint.url);
    bench.store.until(all(DeliveryState::Dead)).await;
    let later = bench.owe("{}");
    bench.store.until(all(DeliveryState::Dead)).await;
    assert_eq!(endpoint.got().len(), 1, "asked again after 410");
    assert!(bench.store.row(&later).last_error.unwrap().contains("410"));
    bench.stopped().await;
}

#[tokio::test]
async fn a_delivery_to_an_endpoint_that_is_no_longer_configured_is_parked_with_the_reason() {
    let endpoint = FakeEndpoint::start(vec![], Say::Status(200)).await;
    let store = owed(1);
    let stray = store.owe("former", "{}", 1);
    let bench = Bench::start(store, &endpoint.url);
    bench.store.until(|rows| rows.iter().all(|row| row.state != DeliveryState::Pending)).await;
    assert_eq!(bench.store.row(&stray).state, DeliveryState::Dead);
    assert!(bench.store.row(&stray).last_error.unwrap().contains("not in the configuration"));
    assert_eq!(endpoint.got().len(), 1);
    bench.stopped().await;
}

#[tokio::test]
async fn a_delivery_in_flight_is_not_sent_a_second_time() {
    let gate = Arc::new(Notify::new());
    let endpoint = FakeEndpoint::start(vec![], Say::Gate(gate.clone())).await;
    let bench = Bench::start(owed(1), &endpoint.url);
    endpoint.until_got(1).await;
    for _ in 0..50 {
        bench.step(MINUTE);
        tokio::task::yield_now().await;
    }
    gate.notify_one();
    bench.store.until(all(DeliveryState::Delivered)).await;
    assert_eq!(endpoint.got().len(), 1);
    bench.stopped().await;
}

#[tokio::test]
async fn what_the_store_could_not_write_is_offered_again_and_not_sent_again() {
    let endpoint = FakeEndpoint::start(vec![], Say::Status(200)).await;
    let store = owed(1);
    store.refuse_records(2);
    let bench = Bench::start(store, &endpoint.url);
    bench.store.until(all(DeliveryState::Delivered)).await;
    assert_eq!(endpoint.got().len(), 1);
    bench.stopped().await;
}

#[tokio::test]
async fn stopping_waits_for_the_attempt_in_flight_to_be_written_down() {
    let gate = Arc::new(Notify::new());
    let endpoint = FakeEndpoint::start(vec![], Say::Gate(gate.clone())).await;
    let bench = Bench::start(owed(2), &endpoint.url);
    endpoint.until_got(1).await;
    let store = bench.store.clone();
    bench.stop.cancel();
    gate.notify_one();
    bench.outbox.stopped().await;
    let written = store.written();
    assert_eq!(written.len(), 1, "the second one is left for the next start");
    assert_eq!(written[0].next, NextStep::Done);
}
