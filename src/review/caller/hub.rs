//! Tells each caller's pages what happens in that caller's own call.
//!
//! One task reads the gateway's events for all of them: an event is looked at once, however many callers watch, and
//! reaches nobody but the watchers of its call.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::fields::Fields;
use super::snapshot::{Caption, Partial};
use crate::call::{CallEvent, CallId, CallState, EndCause};
use crate::config::limits;
use crate::draft::Names;
use crate::ops::health::Phase;

/// What a caller is told.
#[derive(Clone, Debug)]
pub(super) enum Told {
    State(CallState, Option<EndCause>),
    Partial(Partial),
    Final(Caption),
    Fields(Arc<Fields>),
    /// The draft is made and owed to its endpoint.
    Complete(Arc<Fields>),
    Erased,
    /// Events were missed; the store has it all.
    Missed,
}

/// Who watches which call.
pub struct Hub {
    calls: Mutex<HashMap<CallId, Watched>>,
    room: Arc<Semaphore>,
}

struct Watched {
    told: broadcast::Sender<Told>,
    /// The oldest first; a token ends its stream.
    streams: VecDeque<CancellationToken>,
}

/// One open stream.
pub(super) struct Watch {
    pub told: broadcast::Receiver<Told>,
    /// A newer stream took this one's place.
    pub replaced: CancellationToken,
    call: CallId,
    hub: Arc<Hub>,
    _room: OwnedSemaphorePermit,
}

impl Hub {
    /// Runs until the gateway stops.
    pub fn start(
        events: broadcast::Receiver<CallEvent>,
        phase: watch::Receiver<Phase>,
        categories: Arc<HashMap<String, Names>>,
    ) -> Arc<Self> {
        let hub = Arc::new(Self { calls: Mutex::default(), room: Arc::new(Semaphore::new(limits::CALLER_STREAMS)) });
        tokio::spawn(Arc::clone(&hub).pass_on(events, phase, categories));
        hub
    }

    /// From now on nothing of this call is missed. `None`: too many streams are open.
    pub(super) fn watch(self: &Arc<Self>, call: CallId) -> Option<Watch> {
        let room = Arc::clone(&self.room).try_acquire_owned().ok()?;
        let replaced = CancellationToken::new();
        let mut calls = self.lock();
        let watched = calls.entry(call).or_insert_with(|| Watched {
            told: broadcast::Sender::new(limits::CALLER_EVENTS),
            streams: VecDeque::new(),
        });
        while watched.streams.len() >= limits::CALLER_STREAMS_PER_CALL {
            let Some(oldest) = watched.streams.pop_front() else { break };
            oldest.cancel();
        }
        watched.streams.push_back(replaced.clone());
        let told = watched.told.subscribe();
        drop(calls);
        metrics::gauge!("heardline_public_streams").increment(1.0);
        Some(Watch { told, replaced, call, hub: Arc::clone(self), _room: room })
    }

    async fn pass_on(
        self: Arc<Self>,
        mut events: broadcast::Receiver<CallEvent>,
        mut phase: watch::Receiver<Phase>,
        categories: Arc<HashMap<String, Names>>,
    ) {
        loop {
            let received = tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase == Phase::Stopped) => return,
                received = events.recv() => received,
            };
            match received {
                Ok(event) => self.tell(event, &categories),
                Err(RecvError::Lagged(_)) => {
                    for watched in self.lock().values() {
                        let _nobody_left = watched.told.send(Told::Missed);
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn tell(&self, event: CallEvent, categories: &HashMap<String, Names>) {
        let Some(watched) = self.lock().get(&event.call()).map(|watched| watched.told.clone()) else { return };
        let told = match event {
            CallEvent::State { state, cause, .. } => Told::State(state, cause),
            CallEvent::Partial { at, hypothesis, .. } => {
                Told::Partial(Partial { text: hypothesis.text, at_ms: at.as_millis() })
            }
            CallEvent::Final { utterance, .. } => match Caption::of(utterance) {
                Some(caption) => Told::Final(caption),
                None => return,
            },
            CallEvent::Draft { complete, draft, .. } => {
                let fields = Arc::new(Fields::of(&draft, categories));
                if complete { Told::Complete(fields) } else { Told::Fields(fields) }
            }
            CallEvent::Erased { .. } => Told::Erased,
            CallEvent::Answered { .. }
            | CallEvent::Dtmf { .. }
            | CallEvent::Emergency { .. }
            | CallEvent::Delivery { .. }
            | CallEvent::Review { .. }
            | CallEvent::Transfer { .. } => return,
        };
        let _nobody_left = watched.send(told);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, Watched>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        metrics::gauge!("heardline_public_streams").decrement(1.0);
        // Ours is cancelled first, so that it can be told from the others.
        self.replaced.cancel();
        let mut calls = self.hub.lock();
        if let Some(watched) = calls.get_mut(&self.call) {
            watched.streams.retain(|stream| !stream.is_cancelled());
            if watched.streams.is_empty() {
                calls.remove(&self.call);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn streams_are_bounded_and_a_closed_one_leaves_nothing_behind() {
        let (events, phase) = (broadcast::Sender::new(8), watch::Sender::new(Phase::Serving));
        let hub = Hub::start(events.subscribe(), phase.subscribe(), Arc::default());
        let mut open: Vec<Watch> = (0..limits::CALLER_STREAMS).map_while(|_| hub.watch(CallId::new())).collect();
        assert_eq!(open.len(), limits::CALLER_STREAMS);
        assert!(hub.watch(CallId::new()).is_none());
        assert!(hub.watch(open[0].call).is_none(), "nor for a call that has one");
        open.pop();
        let call = CallId::new();
        let first = hub.watch(call).expect("room of the one that closed");
        open.pop();
        let second = hub.watch(call).expect("the next one's");
        drop(first);
        assert!(!second.replaced.is_cancelled() && hub.lock().contains_key(&call), "the other is still there");
        drop((second, open));
        assert!(hub.lock().is_empty());
    }
}
