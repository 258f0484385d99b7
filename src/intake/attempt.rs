//! One attempt, told from top to bottom: sign, send, decide, write down, tell.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::counter;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::client::{Answer, Client, Patience};
use super::health::{Admission, Change, Health, Pass};
use super::schedule::{self, Decision, Fault, Kind, Outcome, Standing};
use super::{Endpoint, key_of, sign};
use crate::call::{CallEvent, DeliveryKind};
use crate::ops::clock::Clock;
use crate::ops::fault;
use crate::store::{AttemptResult, DeliveryRow, DeliveryState, NextStep, Store, StoreError};

/// A result the store did not take is offered again after this.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// One configured endpoint with its connections and its health.
pub(super) struct Target {
    endpoint: Endpoint,
    client: Client,
    health: Mutex<Health>,
}

impl Target {
    pub(super) fn admit(&self, now_ms: i64, in_flight: usize) -> Admission {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).admit(now_ms, in_flight)
    }

    fn learn(&self, pass: Pass, outcome: &Outcome, now_ms: i64) -> (Change, Option<i64>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let change = health.learn(pass, outcome.kind(), outcome.retry_after_ms(), now_ms);
        (change, health.held_until_ms())
    }
}

/// What every attempt needs.
pub(super) struct Sender {
    store: Arc<dyn Store>,
    clock: Clock,
    events: broadcast::Sender<CallEvent>,
    stop: CancellationToken,
    targets: HashMap<String, Arc<Target>>,
}

impl Sender {
    pub(super) fn new(
        store: Arc<dyn Store>,
        endpoints: Vec<Endpoint>,
        patience: Patience,
        clock: Clock,
        events: broadcast::Sender<CallEvent>,
        stop: CancellationToken,
    ) -> Self {
        let target = |endpoint: Endpoint| {
            let client = Client::new(endpoint.url.clone(), patience);
            let health = match endpoint.takes {
                DeliveryKind::Draft => Health::new(),
                DeliveryKind::Emergency => Health::urgent(),
            };
            (endpoint.name.clone(), Arc::new(Target { endpoint, client, health: Mutex::new(health) }))
        };
        Self { store, clock, events, stop, targets: endpoints.into_iter().map(target).collect() }
    }

    pub(super) fn target(&self, name: &str) -> Option<&Arc<Target>> {
        self.targets.get(name)
    }

    pub(super) async fn attempt(&self, target: &Target, pass: Pass, row: DeliveryRow, body: String) {
        fault::point("post.sending");
        let answer = self.send(target, &row, body).await;
        let kind = answer.outcome.kind();
        if kind == Kind::Accepted {
            fault::point("post.accepted");
        }
        counter!("heardline_intake_attempts_total", "outcome" => kind.label()).increment(1);

        let now_ms = self.clock.unix_ms();
        let (change, held_until_ms) = target.learn(pass, &answer.outcome, now_ms);
        let standing = Standing {
            attempts: row.attempts.saturating_add(1),
            created_ms: row.created_unix_ms,
            now_ms,
            random: rand::random(),
            kind: row.subject.kind(),
        };
        let (next, error) = match schedule::decide(&answer.outcome, &standing) {
            Decision::Done => (NextStep::Done, None),
            Decision::RetryAt(at_ms) => {
                // A probe must be left to find out when a held endpoint is back, however often this one failed.
                let unix_ms = held_until_ms.filter(|_| kind == Kind::Down).map_or(at_ms, |until| at_ms.min(until));
                (NextStep::RetryAt { unix_ms }, answer.note)
            }
            Decision::Park { reason } => (NextStep::Park, Some(join(&reason, answer.note.as_deref()))),
            Decision::StopEndpoint => (NextStep::Park, Some(join(&gone(row.subject.kind()), answer.note.as_deref()))),
        };
        let status = answer.outcome.status();
        tracing::debug!(delivery = %row.id, endpoint = %row.endpoint, status, outcome = kind.label(), "delivery attempted");
        self.record(&row, AttemptResult { delivery: row.id.clone(), at_unix_ms: now_ms, status, error, next }).await;
        self.apply(&row.endpoint, change, now_ms).await;
    }

    /// Dead without an attempt: `reason` says what to put right before a replay.
    pub(super) async fn park(&self, row: DeliveryRow, reason: String) {
        counter!("heardline_intake_attempts_total", "outcome" => "not_sent").increment(1);
        let at_unix_ms = self.clock.unix_ms();
        let result = AttemptResult {
            delivery: row.id.clone(),
            at_unix_ms,
            status: None,
            error: Some(reason),
            next: NextStep::Park,
        };
        self.record(&row, result).await;
    }

    async fn send(&self, target: &Target, row: &DeliveryRow, body: String) -> Answer {
        let now_ms = self.clock.unix_ms();
        match sign::headers(&row.id, now_ms.div_euclid(1000), &body, &target.endpoint.secret) {
            Ok(signed) => target.client.post(&key_of(row), &signed, body, now_ms).await,
            Err(error) => Answer::fault(Fault::Local, format!("cannot sign: {error}")),
        }
    }

    /// Held on to until the store takes it: while it is not written, the delivery must not be sent again.
    async fn record(&self, row: &DeliveryRow, result: AttemptResult) {
        let state = match result.next {
            NextStep::Done => DeliveryState::Delivered,
            NextStep::RetryAt { .. } => DeliveryState::Pending,
            NextStep::Park => DeliveryState::Dead,
        };
        if state == DeliveryState::Dead {
            // The reason may quote the endpoint, and that the draft: it is shown at the desk only.
            let (delivery, endpoint, status) = (&row.id, &row.endpoint, result.status);
            match row.subject.kind() {
                DeliveryKind::Draft => tracing::warn!(delivery, endpoint, status, "delivery parked"),
                DeliveryKind::Emergency => tracing::error!(
                    call = %row.call, delivery, endpoint, status,
                    "an emergency was not taken by its endpoint and is not sent again; see it at the desk and act on it there"
                ),
            }
        }
        loop {
            match self.store.record_attempt(result.clone()).await {
                Ok(()) => break,
                Err(StoreError::NotFound { .. }) => {
                    tracing::info!(delivery = %row.id, "delivery was taken out of the store while it was sent");
                    return;
                }
                Err(error) => {
                    tracing::error!(delivery = %row.id, %error, "attempt not written down");
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = tokio::time::sleep(RECORD_AGAIN) => {}
                    }
                }
            }
        }
        // Nobody watching is no fault.
        let kind = row.subject.kind();
        let _ = self.events.send(CallEvent::Delivery { call: row.call, kind, state: state.as_str().to_owned() });
    }

    /// What one attempt taught about the endpoint, for its other deliveries.
    async fn apply(&self, endpoint: &str, change: Change, now_ms: i64) {
        match change {
            Change::Nothing => {}
            Change::HoldUntil(until_ms) => {
                tracing::warn!(endpoint, hold_ms = until_ms - now_ms, "endpoint takes nothing, deliveries wait");
                self.make_due(endpoint, until_ms).await;
            }
            Change::Recovered => {
                tracing::info!(endpoint, "endpoint takes deliveries");
                self.make_due(endpoint, now_ms).await;
            }
            Change::Stopped => {
                counter!("heardline_intake_endpoint_stopped_total").increment(1);
                tracing::error!(endpoint, "endpoint answered 410 Gone and is stopped, its deliveries are parked");
                self.make_due(endpoint, now_ms).await;
            }
        }
    }

    pub(super) async fn make_due(&self, endpoint: &str, unix_ms: i64) {
        if let Err(error) = self.store.make_due(endpoint, unix_ms).await {
            tracing::error!(endpoint, %error, "waiting deliveries not rescheduled");
        }
    }
}

/// Why a stopped endpoint's deliveries are parked.
pub(super) fn gone(kind: DeliveryKind) -> String {
    format!("the endpoint answered 410 Gone and is stopped; correct {}, restart, then replay", schedule::setting(kind))
}

fn join(reason: &str, note: Option<&str>) -> String {
    note.map_or_else(|| reason.to_owned(), |note| format!("{reason} ({note})"))
}
