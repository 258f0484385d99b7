//! Deadlines of decodes, and workers that are given up and replaced.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::workers::{Shared, State, WorkerId, retry};
use crate::call::Unheard;

impl Shared {
    /// Takes a worker out of service; the watch replaces it. Without another one, what waits waits for that.
    pub(super) fn leave(&self, id: WorkerId) {
        let mut state = self.lock();
        state.workers.remove(&id);
        self.rehire_later(&mut state);
        self.report(&state);
        drop(state);
        self.news.notify_all();
    }

    fn rehire_later(&self, state: &mut State) {
        state.rehire_at.get_or_insert(self.clock.instant() + self.rules.rehire);
    }

    /// Without any worker left, what waits is answered "unrecognised".
    fn drain_without_workers(&self, state: &mut State) {
        if state.workers.is_empty() {
            while state.queue.pop(|_| true).is_some() {}
            self.report(state);
            tracing::error!("no recogniser worker is left; segments are kept as unrecognised");
        }
    }

    /// Sees to deadlines until the pool is closed.
    pub(super) fn watch(self: Arc<Self>) {
        let mut state = self.lock();
        while !state.closed {
            let now = self.clock.instant();
            self.enforce(&mut state, now);
            let deadlines = state.workers.values().flatten().map(|r| r.deadline);
            let next = deadlines.chain(state.rehire_at).min();
            let wait = next.map_or(Duration::from_secs(60), |at| at.saturating_duration_since(now));
            let (after, _) = self.news.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            state = after;
        }
    }

    fn enforce(self: &Arc<Self>, state: &mut State, now: Instant) {
        let mut stuck = Vec::new();
        for (id, slot) in &mut state.workers {
            let Some(running) = slot.as_mut().filter(|r| r.deadline <= now) else { continue };
            if running.aborted {
                stuck.push(*id);
            } else {
                running.aborted = true;
                running.abort.store(true, Ordering::Relaxed);
                running.deadline = now + self.rules.abort_grace;
            }
        }
        for id in stuck {
            self.abandon(state, id);
        }
        if state.rehire_at.is_some_and(|at| at <= now) {
            self.replace_missing(state);
            self.drain_without_workers(state);
            self.news.notify_all();
        }
    }

    fn abandon(self: &Arc<Self>, state: &mut State, id: WorkerId) {
        let Some(Some(running)) = state.workers.remove(&id) else { return };
        state.abandoned += 1;
        metrics::counter!("heardline_speech_workers_abandoned_total").increment(1);
        tracing::error!(worker = id, call = %running.job.segment.call, "recogniser worker hung and was abandoned");
        self.replace_missing(state);
        retry(state, running.job, id, Unheard::EngineFailed);
        self.make_way(state, id);
        if state.rehire_at.is_none() {
            self.drain_without_workers(state);
        }
        self.news.notify_all();
    }

    pub(super) fn replace_missing(self: &Arc<Self>, state: &mut State) {
        state.rehire_at = None;
        while !state.closed && state.workers.len() < self.wanted && state.abandoned <= self.rules.abandoned {
            if let Err(e) = self.hire(state) {
                tracing::error!(reason = %e, "no new recogniser worker; tried again later");
                return self.rehire_later(state);
            }
        }
    }
}
