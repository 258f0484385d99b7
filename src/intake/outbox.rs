//! The delivery worker: takes what is due out of the store and keeps it moving until it is delivered or parked.
//!
//! Everything that must survive is in the store; the worker's memory is who is in flight and which endpoint is
//! held back, and both may be lost at any time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::{Notify, broadcast};
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Endpoint;
use super::attempt::{Sender, gone};
use super::client::Patience;
use super::health::Admission;
use crate::call::{CallEvent, DeliveryKind};
use crate::config::limits;
use crate::ops::clock::Clock;
use crate::store::{DeliveryRow, Store, StoreError};

/// The store is asked at least this often, so a wall clock that jumps is noticed.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// And at most this often when it says that something is about to be due.
const ASK_AT_MOST: Duration = Duration::from_millis(20);

/// Starts the worker.
pub struct Outbox;

/// The running worker, as seen by everyone who puts something into its outbox.
#[derive(Clone)]
pub struct OutboxHandle {
    nudge: Arc<Notify>,
    worker: TaskTracker,
}

impl OutboxHandle {
    /// Something may be due (a draft was committed, a delivery replayed): look now instead of within a second.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Returns when the worker ended: after `stop` was cancelled and the attempts in flight were written down
    /// (at most one attempt's time).
    pub async fn stopped(self) {
        self.worker.wait().await;
    }
}

impl Outbox {
    pub fn start(
        store: Arc<dyn Store>,
        endpoints: Vec<Endpoint>,
        clock: Clock,
        events: broadcast::Sender<CallEvent>,
        stop: CancellationToken,
    ) -> OutboxHandle {
        Self::start_with(Patience::default(), store, endpoints, clock, events, stop)
    }

    pub(super) fn start_with(
        patience: Patience,
        store: Arc<dyn Store>,
        endpoints: Vec<Endpoint>,
        clock: Clock,
        events: broadcast::Sender<CallEvent>,
        stop: CancellationToken,
    ) -> OutboxHandle {
        let nudge = Arc::new(Notify::new());
        let sender = Sender::new(Arc::clone(&store), endpoints, patience, clock.clone(), events, stop.clone());
        let worker = Worker {
            store,
            clock,
            sender: Arc::new(sender),
            nudge: Arc::clone(&nudge),
            tasks: JoinSet::new(),
            in_flight: HashMap::new(),
        };
        let tracker = TaskTracker::new();
        tracker.spawn(worker.run(stop));
        tracker.close();
        OutboxHandle { nudge, worker: tracker }
    }
}

/// A delivery that has an attempt in flight.
struct InFlight {
    delivery: String,
    endpoint: String,
    kind: DeliveryKind,
}

struct Worker {
    store: Arc<dyn Store>,
    clock: Clock,
    sender: Arc<Sender>,
    nudge: Arc<Notify>,
    tasks: JoinSet<()>,
    in_flight: HashMap<task::Id, InFlight>,
}

impl Worker {
    async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let wait = match self.dispatch().await {
                Ok(wait) => wait,
                Err(StoreError::Closed) => break,
                Err(error) => {
                    tracing::error!(%error, "due deliveries cannot be read");
                    ASK_EVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.nudge.notified() => {}
                Some(ended) = self.tasks.join_next_with_id() => self.land(ended),
                () = tokio::time::sleep(wait) => {}
            }
        }
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.land(ended);
        }
    }

    /// Sends what may go now. Returns how long there is nothing to look for.
    async fn dispatch(&mut self) -> Result<Duration, StoreError> {
        let now_ms = self.clock.unix_ms();
        let mut due = self.store.due_deliveries(now_ms, limits::DELIVERY_BATCH).await?;
        // The least tried first, so that one body an endpoint chokes on does not probe it for ever.
        due.sort_by_key(|(row, _)| row.attempts);
        let flying: HashSet<String> = self.in_flight.values().map(|flight| flight.delivery.clone()).collect();
        let mut held: HashMap<String, i64> = HashMap::new();
        for (row, body) in due {
            // Drafts that hang hold up no emergency.
            let kind = row.subject.kind();
            if self.in_flight.values().filter(|flight| flight.kind == kind).count() >= limits::DELIVERY_PARALLEL {
                continue;
            }
            if flying.contains(&row.id) {
                continue;
            }
            if let Some((endpoint, until_ms)) = self.offer(row, body, now_ms) {
                held.insert(endpoint, until_ms);
            }
        }
        for (endpoint, until_ms) in held {
            // Otherwise they would be read, with their bodies, at every look until then.
            self.sender.make_due(&endpoint, until_ms).await;
        }
        self.count().await?;
        let next_due = self.store.next_due().await?;
        let until_due = next_due.map_or(i64::MAX, |due_ms| due_ms.saturating_sub(now_ms));
        Ok(match u64::try_from(until_due) {
            // Due and not sent: in flight, or its endpoint is full. An attempt that ends wakes us.
            Ok(0) | Err(_) => ASK_EVERY,
            Ok(millis) => Duration::from_millis(millis).clamp(ASK_AT_MOST, ASK_EVERY),
        })
    }

    /// Sends one due delivery, or parks it, or says until when its endpoint is held.
    fn offer(&mut self, row: DeliveryRow, body: String, now_ms: i64) -> Option<(String, i64)> {
        let flight = InFlight { delivery: row.id.clone(), endpoint: row.endpoint.clone(), kind: row.subject.kind() };
        let sender = Arc::clone(&self.sender);
        let Some(target) = self.sender.target(&row.endpoint).map(Arc::clone) else {
            let reason =
                format!("endpoint {:?} is not in the configuration; add it again, restart, then replay", row.endpoint);
            self.launch(flight, async move { sender.park(row, reason).await });
            return None;
        };
        let to_same = self.in_flight.values().filter(|other| other.endpoint == row.endpoint).count();
        match target.admit(now_ms, to_same) {
            Admission::Go(pass) => {
                self.launch(flight, async move { sender.attempt(&target, pass, row, body).await });
            }
            Admission::Full => {}
            Admission::HeldUntil(until_ms) => return Some((row.endpoint, until_ms)),
            Admission::Stopped => {
                let reason = gone(row.subject.kind());
                self.launch(flight, async move { sender.park(row, reason).await });
            }
        }
        None
    }

    fn launch(&mut self, flight: InFlight, work: impl Future<Output = ()> + Send + 'static) {
        let id = self.tasks.spawn(work).id();
        self.in_flight.insert(id, flight);
    }

    fn land(&mut self, ended: Result<(task::Id, ()), task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(panicked = error.is_panic(), "an attempt ended early, its delivery stays due");
                error.id()
            }
        };
        self.in_flight.remove(&id);
    }

    async fn count(&self) -> Result<(), StoreError> {
        if let Some(counts) = self.store.delivery_counts().await? {
            gauge!("heardline_intake_pending").set(counts.pending as f64);
            gauge!("heardline_intake_dead").set(counts.dead as f64);
        }
        Ok(())
    }
}
