//! A gateway under test: its own folder, its own ports, gone when the test ends.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use heardline::call::{CallEvent, CallId};
use heardline::config::{Config, SipListen};
use heardline::gateway::{Gateway, Parts};
use heardline::ops::clock::Clock;
use heardline::speech::{PoolRules, Recognizer};
use heardline::store::{CallRow, DeliveryState, Store};
use tempfile::TempDir;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::recognizer::Deaf;
use super::{DEADLINE, LOOPBACK};

/// Words for segments without them are looked for so often that a test need not wait.
pub const FILL_IN_EVERY: Duration = Duration::from_millis(200);

pub struct TestGateway {
    pub gateway: Gateway,
    pub clock: Clock,
    events: broadcast::Receiver<CallEvent>,
    seen: VecDeque<CallEvent>,
    /// Dropped last: the gateway writes into it.
    folder: TempDir,
}

/// The defaults on free loopback ports, with the data in `folder`.
pub fn config_in(folder: &TempDir) -> Config {
    let mut config = Config::standard();
    config.data.dir = folder.path().join("data");
    config.desk.listen = (LOOPBACK, 0).into();
    config.public.listen = (LOOPBACK, 0).into();
    config.sip.listen = vec![SipListen::Udp((LOOPBACK, 0).into()), SipListen::Tcp((LOOPBACK, 0).into())];
    config
}

impl TestGateway {
    /// A gateway whose recogniser understands nothing: signalling and media tests need no words.
    pub async fn start() -> Self {
        Self::start_with(Some(Arc::new(Deaf::new())), |_| {}).await
    }

    /// `recognizer`: `None` loads the model of the configuration.
    pub async fn start_with(recognizer: Option<Arc<dyn Recognizer>>, tweak: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().expect("a folder for the data");
        Self::start_in(folder, Clock::system(), recognizer, tweak).await
    }

    /// In a folder that may hold the data of an earlier run.
    pub async fn start_in(
        folder: TempDir,
        clock: Clock,
        recognizer: Option<Arc<dyn Recognizer>>,
        tweak: impl FnOnce(&mut Config),
    ) -> Self {
        let patience = PoolRules::default();
        let parts = Parts { clock, recognizer, patience, fill_in_every: FILL_IN_EVERY };
        Self::start_of(folder, parts, tweak).await
    }

    /// Of parts that a test replaced.
    pub async fn start_of(folder: TempDir, parts: Parts, tweak: impl FnOnce(&mut Config)) -> Self {
        // As `main` does; a test may build its own HTTP client before the gateway builds one.
        let _installed_already = rustls::crypto::ring::default_provider().install_default();
        let mut config = config_in(&folder);
        tweak(&mut config);
        let clock = parts.clock.clone();
        let gateway = Gateway::start(config, parts).await.expect("the gateway starts");
        let events = gateway.events();
        Self { gateway, clock, events, seen: VecDeque::new(), folder }
    }

    pub fn udp_port(&self) -> u16 {
        self.port(|listen| matches!(listen, SipListen::Udp(_)))
    }

    pub fn tcp_port(&self) -> u16 {
        self.port(|listen| matches!(listen, SipListen::Tcp(_)))
    }

    pub fn tls_port(&self) -> u16 {
        self.port(|listen| matches!(listen, SipListen::Tls(_)))
    }

    fn port(&self, wanted: impl Fn(&SipListen) -> bool) -> u16 {
        self.gateway.sip_addresses().into_iter().find(wanted).expect("a listener of each kind").address().port()
    }

    pub fn recording(&self, call: CallId) -> PathBuf {
        self.gateway.data_dir().join("recordings").join(format!("{call}.wav"))
    }

    /// Every call row, newest first.
    pub async fn calls(&self) -> Vec<CallRow> {
        all_calls(self.gateway.store().as_ref()).await
    }

    /// Waits for the first event that `wanted` maps to a value, those before it included.
    pub async fn event<T>(&mut self, what: &str, wanted: impl Fn(&CallEvent) -> Option<T>) -> T {
        if let Some(found) = self.seen.iter().find_map(&wanted) {
            return found;
        }
        let waiting = async {
            loop {
                match self.events.recv().await {
                    Ok(event) => {
                        let found = wanted(&event);
                        self.seen.push_back(event);
                        if let Some(found) = found {
                            return found;
                        }
                    }
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => panic!("the gateway ended while waiting for {what}"),
                }
            }
        };
        tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
    }

    /// Asks again at every event of the gateway until `check` says yes; the last no is in the panic.
    pub async fn until<T, E, F>(
        &mut self,
        what: &str,
        deadline: Duration,
        mut check: impl FnMut(Arc<dyn Store>) -> F,
    ) -> T
    where
        F: Future<Output = Result<T, E>>,
        E: Debug,
    {
        let store = self.gateway.store();
        let end = self.clock.instant() + deadline;
        loop {
            let reason = match check(store.clone()).await {
                Ok(value) => return value,
                Err(reason) => reason,
            };
            assert!(self.clock.instant() < end, "{what}: not within {deadline:?}: {reason:?}");
            // Events may be dropped and files change without one, so ask again now and then.
            let _next_event = tokio::time::timeout(Duration::from_millis(250), self.events.recv()).await;
        }
    }

    /// Waits until `count` calls are there, all in a final state, and every draft that is owed was delivered once.
    pub async fn settled(&mut self, count: usize, deadline: Duration) -> Vec<CallRow> {
        self.until(
            "all calls final and delivered",
            deadline,
            |store| async move { settled(store.as_ref(), count).await },
        )
        .await
    }

    /// Orderly end; the folder is handed back for another start.
    pub async fn shutdown(self) -> TempDir {
        self.gateway.shutdown().await;
        self.folder
    }
}

pub async fn all_calls(store: &dyn Store) -> Vec<CallRow> {
    let mut calls = Vec::new();
    let mut before = None;
    loop {
        let page = store.calls(before, 200).await.expect("the store answers");
        calls.extend(page.calls);
        match page.next {
            Some(next) => before = Some(next),
            None => return calls,
        }
    }
}

async fn settled(store: &dyn Store, count: usize) -> Result<Vec<CallRow>, String> {
    let calls = all_calls(store).await;
    let open = calls.iter().filter(|call| !call.state.is_final()).count();
    if calls.len() < count || open > 0 {
        return Err(format!("{} of {count} calls, {open} not final", calls.len()));
    }
    assert_eq!(calls.len(), count, "more calls than were made");
    for call in &calls {
        let owed = if call.state == heardline::call::CallState::Done { 1 } else { 0 };
        let all = store.deliveries(call.id).await.expect("the store answers");
        let (deliveries, events): (Vec<_>, Vec<_>) = all.into_iter().partition(|delivery| delivery.draft().is_some());
        assert!(events.len() <= 1, "{}: an emergency is sent once", call.id);
        if events.iter().any(|event| event.state != DeliveryState::Delivered) {
            return Err(format!("{}: its emergency is not delivered", call.id));
        }
        assert!(deliveries.len() <= owed, "{}: {} deliveries, {owed} owed", call.id, deliveries.len());
        let delivered = deliveries.iter().filter(|d| d.state == DeliveryState::Delivered).count();
        if delivered != owed {
            return Err(format!("{}: {delivered} of {owed} delivered", call.id));
        }
    }
    Ok(calls)
}
