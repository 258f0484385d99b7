//! How many calls may be in progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The admission counter shared by all doors.
#[derive(Clone)]
pub struct Admission {
    places: Arc<Places>,
    open: Arc<AtomicBool>,
    paused: Arc<AtomicBool>,
}

/// A counter and not a semaphore: the limit may change while calls are in progress.
struct Places {
    limit: AtomicUsize,
    taken: AtomicUsize,
}

/// One admitted call; dropping it frees its place.
pub struct Permit {
    places: Arc<Places>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.places.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Admission {
    pub fn new(max_calls: usize) -> Self {
        Self {
            places: Arc::new(Places { limit: AtomicUsize::new(max_calls), taken: AtomicUsize::new(0) }),
            open: Arc::new(AtomicBool::new(true)),
            paused: Arc::default(),
        }
    }

    /// `None`: full, paused or draining; the door answers 503 with Retry-After.
    pub fn admit(&self) -> Option<Permit> {
        if !self.open.load(Ordering::Acquire) || self.paused.load(Ordering::Acquire) {
            return None;
        }
        let limit = self.places.limit.load(Ordering::Acquire);
        let one_more = |taken: usize| (taken < limit).then_some(taken + 1);
        self.places.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Permit { places: self.places.clone() })
    }

    /// Calls that hold a place: ringing or on the line.
    pub fn in_progress(&self) -> usize {
        self.places.taken.load(Ordering::Acquire)
    }

    /// Another number of places. Nobody is sent away: with fewer, the next one is let in when enough have left.
    pub fn resize(&self, max_calls: usize) {
        self.places.limit.store(max_calls, Ordering::Release);
    }

    /// Refuses new calls while something they need is missing.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
    }

    /// From now on every new call is refused; running ones go on.
    pub fn close(&self) {
        self.open.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_or_draining_gateway_admits_nobody_and_a_finished_call_frees_its_place() {
        let admission = Admission::new(1);
        let first = admission.admit().expect("one place");
        assert!(admission.admit().is_none());
        assert_eq!(admission.in_progress(), 1);
        drop(first);
        assert_eq!(admission.in_progress(), 0);
        assert!(admission.admit().is_some());
        admission.pause(true);
        assert!(admission.admit().is_none());
        admission.pause(false);
        assert!(admission.admit().is_some());
        admission.close();
        assert!(admission.admit().is_none());
    }

    #[test]
    fn fewer_places_send_nobody_away_and_more_are_there_at_once() {
        let admission = Admission::new(2);
        let calls = [admission.admit().unwrap(), admission.admit().unwrap()];
        admission.resize(1);
        assert_eq!(admission.in_progress(), 2);
        let [first, _second] = calls;
        drop(first);
        assert!(admission.admit().is_none(), "one place, one call");
        admission.resize(2);
        assert!(admission.admit().is_some());
    }
}
