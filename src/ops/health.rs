//! Whether this gateway can take calls, and if not, why: named conditions that the stages set.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// Where the process is between its start and its end. Only ever moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Serving,
    /// No new calls; those in progress are carried to their end.
    Draining,
    /// The listeners close: long answers (event streams) end now.
    Stopped,
}

/// Shared by every stage that can fail and by the pages that tell about it.
#[derive(Debug)]
pub struct Health {
    /// Reason of each condition that does not hold now; a name that is absent holds.
    broken: Mutex<BTreeMap<&'static str, String>>,
    phase: watch::Sender<Phase>,
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    pub fn new() -> Self {
        Self { broken: Mutex::default(), phase: watch::Sender::new(Phase::Serving) }
    }

    /// States how `name` (a stage or a resource, for example `store` or `disk`) is. The reason is for operators.
    pub fn set(&self, name: &'static str, state: Result<(), String>) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        match state {
            Ok(()) => {
                if broken.remove(name).is_some() {
                    tracing::info!(condition = name, "condition holds again");
                }
            }
            Err(reason) => {
                if broken.get(name) != Some(&reason) {
                    tracing::warn!(condition = name, reason, "condition broken");
                }
                broken.insert(name, reason);
            }
        }
    }

    /// `Err` holds every reason why no call can be taken, by name.
    pub fn ready(&self) -> Result<(), Vec<(String, String)>> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reasons: Vec<_> = broken.iter().map(|(name, reason)| ((*name).to_owned(), reason.clone())).collect();
        drop(broken);
        if self.draining() {
            reasons.push(("draining".into(), "the gateway is shutting down and takes no new calls".into()));
        }
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    pub fn drain(&self) {
        self.advance(Phase::Draining);
    }

    /// Ends the event streams, so that the desk listener can close.
    pub fn stop(&self) {
        self.advance(Phase::Stopped);
    }

    pub fn draining(&self) -> bool {
        *self.phase.borrow() >= Phase::Draining
    }

    /// To wait for a change of phase.
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    fn advance(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let forward = *phase < to;
            *phase = to.max(*phase);
            forward
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_condition_names_its_reason_until_it_holds_again() {
        let health = Health::new();
        assert_eq!(health.ready(), Ok(()));
        health.set("disk", Err("less than 1 GiB free".into()));
        health.set("speech", Ok(()));
        assert_eq!(health.ready(), Err(vec![("disk".into(), "less than 1 GiB free".into())]));
        health.set("disk", Ok(()));
        assert_eq!(health.ready(), Ok(()));
    }

    #[test]
    fn a_stopped_gateway_never_goes_back_to_draining() {
        let health = Health::new();
        health.stop();
        health.drain();
        assert_eq!(*health.phase().borrow(), Phase::Stopped);
        assert!(health.ready().is_err());
    }
}
