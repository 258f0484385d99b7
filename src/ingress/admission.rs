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

/// How many calls one trunk may have in progress, beside the limit of all.
#[derive(Clone, Debug)]
pub struct Quota(Arc<Places>);

/// One admitted call; dropping it frees its place, and the one in its trunk's quota.
pub struct Permit {
    _place: Place,
    _of_quota: Option<Place>,
}

/// A counter and not a semaphore: the limit may change while calls are in progress.
#[derive(Debug)]
struct Places {
    limit: AtomicUsize,
    taken: AtomicUsize,
}

struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Places {
    fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit: AtomicUsize::new(limit), taken: AtomicUsize::new(0) })
    }

    fn take(self: &Arc<Self>) -> Option<Place> {
        let limit = self.limit.load(Ordering::Acquire);
        let one_more = |taken: usize| (taken < limit).then_some(taken + 1);
        self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Place(self.clone()))
    }

    fn are_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire) >= self.limit.load(Ordering::Acquire)
    }
}

impl Quota {
    pub fn new(max_calls: usize) -> Self {
        Self(Places::new(max_calls))
    }

    pub fn is_full(&self) -> bool {
        self.0.are_taken()
    }

    /// Another number of calls; see [`Admission::resize`].
    pub fn resize(&self, max_calls: usize) {
        self.0.limit.store(max_calls, Ordering::Release);
    }
}

impl Admission {
    pub fn new(max_calls: usize) -> Self {
        Self { places: Places::new(max_calls), open: Arc::new(AtomicBool::new(true)), paused: Arc::default() }
    }

    /// `None`: full, paused or draining; the door answers 503 with Retry-After.
    pub fn admit(&self) -> Option<Permit> {
        self.admit_within(None)
    }

    /// The same for a call that counts against a trunk's quota too.
    pub fn admit_within(&self, quota: Option<&Quota>) -> Option<Permit> {
        if !self.takes_calls() {
            return None;
        }
        let of_quota = match quota {
            Some(quota) => Some(quota.0.take()?),
            None => None,
        };
        Some(Permit { _place: self.places.take()?, _of_quota: of_quota })
    }

    /// Would [`admit`](Self::admit) say no at this moment? For a refusal that costs nothing.
    pub fn is_full(&self) -> bool {
        !self.takes_calls() || self.places.are_taken()
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

    fn takes_calls(&self) -> bool {
        self.open.load(Ordering::Acquire) && !self.paused.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_or_draining_gateway_admits_nobody_and_a_finished_call_frees_its_place() {
        let admission = Admission::new(1);
        let first = admission.admit().expect("one place");
        assert!(admission.admit().is_none() && admission.is_full());
        assert_eq!(admission.in_progress(), 1);
        drop(first);
        assert_eq!(admission.in_progress(), 0);
        assert!(!admission.is_full() && admission.admit().is_some());
        admission.pause(true);
        assert!(admission.admit().is_none() && admission.is_full());
        admission.pause(false);
        assert!(admission.admit().is_some());
        admission.close();
        assert!(admission.admit().is_none() && admission.is_full());
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

    #[test]
    fn a_trunk_that_has_used_its_quota_takes_no_place_of_the_others() {
        let (admission, quota) = (Admission::new(3), Quota::new(1));
        let first = admission.admit_within(Some(&quota)).expect("the trunk has one");
        assert!(admission.admit_within(Some(&quota)).is_none() && quota.is_full());
        assert_eq!(admission.in_progress(), 1, "the refused call holds nothing");
        let _second = admission.admit().expect("the others have two");
        let third = admission.admit().expect("the others have two");
        drop((first, third));
        assert!(!quota.is_full());
        let full = Admission::new(0);
        assert!(full.admit_within(Some(&quota)).is_none() && !quota.is_full(), "nor the quota when all are taken");
    }
}
