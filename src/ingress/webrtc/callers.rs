//! How many calls one address may have, and how fast it may make them. Pure; the time is handed in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ingress::buckets::{Buckets, Rate, neighbourhood};

/// Counts of all addresses. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Callers {
    state: Arc<Mutex<State>>,
    at_once: usize,
    rate: Rate,
    /// Time until one more call may be made.
    every: Duration,
}

#[derive(Debug)]
struct State {
    /// As many entries as there are calls.
    calls: HashMap<IpAddr, usize>,
    buckets: Buckets,
}

/// One call of an address; dropping it frees its place.
#[derive(Debug)]
pub(super) struct Place {
    state: Arc<Mutex<State>>,
    source: IpAddr,
}

/// Why an address must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// It has as many calls as it may.
    TooMany,
    /// It made many calls lately; the next one in this time.
    TooFast(Duration),
}

impl Callers {
    /// `per_minute` new calls an address and minute, and as many in a row.
    pub fn new(at_once: usize, per_minute: u32) -> Self {
        let state = State { calls: HashMap::new(), buckets: Buckets::new() };
        let every = Duration::from_secs(60) / per_minute.max(1);
        Self { state: Arc::new(Mutex::new(state)), at_once, rate: Rate::every(every, per_minute), every }
    }

    /// A place for one more call of `source`: an IPv4 address, or the /64 of an IPv6 one.
    pub fn admit(&self, source: IpAddr, now: Instant) -> Result<Place, Wait> {
        let source = neighbourhood(source);
        let mut state = lock(&self.state);
        if state.calls.get(&source).is_some_and(|calls| *calls >= self.at_once) {
            return Err(Wait::TooMany);
        }
        if !state.buckets.take(source, self.rate, now) {
            return Err(Wait::TooFast(self.every));
        }
        *state.calls.entry(source).or_default() += 1;
        Ok(Place { state: self.state.clone(), source })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if let Some(calls) = state.calls.get_mut(&self.source) {
            *calls -= 1;
            if *calls == 0 {
                state.calls.remove(&self.source);
            }
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::clock::Clock;

    #[test]
    fn an_address_has_so_many_calls_at_once_and_a_hang_up_frees_its_place() {
        let callers = Callers::new(2, 60);
        let now = Clock::system().instant();
        let source = IpAddr::from([192, 0, 2, 1]);
        let first = callers.admit(source, now).unwrap();
        let _second = callers.admit(source, now).unwrap();
        assert_eq!(callers.admit(source, now).unwrap_err(), Wait::TooMany);
        assert!(callers.admit(IpAddr::from([192, 0, 2, 2]), now).is_ok(), "another address is another caller");
        drop(first);
        let third = callers.admit(source, now).unwrap();
        drop((third, _second));
        assert!(lock(&callers.state).calls.is_empty());
    }

    #[test]
    fn an_address_that_calls_again_and_again_waits_and_then_may() {
        let callers = Callers::new(100, 3);
        let now = Clock::system().instant();
        let source = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..3 {
            drop(callers.admit(source, now).unwrap());
        }
        assert_eq!(callers.admit(source, now).unwrap_err(), Wait::TooFast(Duration::from_secs(20)));
        assert!(callers.admit(source, now + Duration::from_secs(20)).is_ok());
    }
}
