//! How many calls may be in progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The admission counter shared by all doors.
#[derive(Clone)]
pub struct Admission {
    slots: Arc<Semaphore>,
    open: Arc<AtomicBool>,
    paused: Arc<AtomicBool>,
}

/// How many calls one trunk may have in progress, beside the limit of all.
#[derive(Clone, Debug)]
pub struct Quota(Arc<Semaphore>);

/// One admitted call; dropping it frees its place, and the one in its trunk's quota.
pub struct Permit {
    _slot: OwnedSemaphorePermit,
    _quota: Option<OwnedSemaphorePermit>,
}

impl Quota {
    pub fn new(max_calls: usize) -> Self {
        Self(Arc::new(Semaphore::new(max_calls)))
    }

    pub fn is_full(&self) -> bool {
        self.0.available_permits() == 0
    }
}

impl Admission {
    pub fn new(max_calls: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(max_calls)),
            open: Arc::new(AtomicBool::new(true)),
            paused: Arc::default(),
        }
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
        let quota = match quota {
            Some(quota) => Some(quota.0.clone().try_acquire_owned().ok()?),
            None => None,
        };
        let slot = self.slots.clone().try_acquire_owned().ok()?;
        Some(Permit { _slot: slot, _quota: quota })
    }

    /// Would [`admit`](Self::admit) say no at this moment? For a refusal that costs nothing.
    pub fn is_full(&self) -> bool {
        !self.takes_calls() || self.slots.available_permits() == 0
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
        drop(first);
        assert!(admission.admit().is_some() && !admission.is_full());
        admission.pause(true);
        assert!(admission.admit().is_none() && admission.is_full());
        admission.pause(false);
        assert!(admission.admit().is_some());
        admission.close();
        assert!(admission.admit().is_none() && admission.is_full());
    }

    #[test]
    fn a_trunk_that_has_used_its_quota_takes_no_place_of_the_others() {
        let (admission, quota) = (Admission::new(3), Quota::new(1));
        let first = admission.admit_within(Some(&quota)).expect("the trunk has one");
        assert!(admission.admit_within(Some(&quota)).is_none() && quota.is_full());
        let _second = admission.admit().expect("the others have two");
        let third = admission.admit().expect("the others have two");
        drop((first, third));
        assert!(!quota.is_full() && admission.admit_within(Some(&quota)).is_some());
    }
}
