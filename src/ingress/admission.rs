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

/// One admitted call; dropping it frees its place.
pub struct Permit(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

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
        if !self.open.load(Ordering::Acquire) || self.paused.load(Ordering::Acquire) {
            return None;
        }
        self.slots.clone().try_acquire_owned().ok().map(Permit)
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
        drop(first);
        assert!(admission.admit().is_some());
        admission.pause(true);
        assert!(admission.admit().is_none());
        admission.pause(false);
        assert!(admission.admit().is_some());
        admission.close();
        assert!(admission.admit().is_none());
    }
}
