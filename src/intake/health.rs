//! Whether an endpoint is worth sending to now: up, held back after failures, or stopped.
//!
//! A held endpoint gets one delivery at a time, as a probe; the first success lets the rest go, a few at first.
//! Pure: stepped by tests with made-up times. Not stored: after a restart the first delivery goes alone.

use std::time::Duration;

use super::schedule::Kind;
use crate::config::limits;

/// The first hold is short, as the schedule's first delay: most faults are a restart of the endpoint.
const FIRST_HOLD: Duration = Duration::from_secs(5);
/// While an endpoint is down, one delivery asks this often.
pub const PROBE_EVERY: Duration = Duration::from_secs(60);
/// An endpoint for emergencies.
pub const URGENT_PROBE_EVERY: Duration = Duration::from_secs(5);
/// Deliveries let go together after a success that ended a hold; each further success adds one.
const WINDOW_AFTER_HOLD: usize = 2;

#[derive(Debug)]
pub struct Health {
    state: State,
    /// Counts the holds. An attempt sent before a hold says nothing about the time after it.
    epoch: u64,
    probe_every: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up { window: usize },
    Held { until_ms: i64, failures: u32 },
    Stopped,
}

/// Leave to send one delivery; handed back with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    epoch: u64,
}

/// Whether a delivery may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Go(Pass),
    /// Enough are in flight; one of them ending is the time to ask again.
    Full,
    HeldUntil(i64),
    Stopped,
}

/// What an outcome changed for the endpoint's other deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Nothing,
    /// Held: none is worth trying before then.
    HoldUntil(i64),
    /// Back: all are due.
    Recovered,
    Stopped,
}

impl Health {
    #[expect(clippy::new_without_default, reason = "an endpoint's unknown health is no default value")]
    pub fn new() -> Self {
        Self::probed(PROBE_EVERY)
    }

    /// Of an endpoint for emergencies: asked every five seconds while it is down, whatever it asks for itself.
    pub fn urgent() -> Self {
        Self::probed(URGENT_PROBE_EVERY)
    }

    fn probed(probe_every: Duration) -> Self {
        Self { state: State::Held { until_ms: i64::MIN, failures: 0 }, epoch: 0, probe_every }
    }

    pub fn admit(&self, now_ms: i64, in_flight: usize) -> Admission {
        let pass = Admission::Go(Pass { epoch: self.epoch });
        match self.state {
            State::Up { window } if in_flight < window => pass,
            State::Held { until_ms, .. } if now_ms < until_ms => Admission::HeldUntil(until_ms),
            State::Held { .. } if in_flight == 0 => pass,
            State::Up { .. } | State::Held { .. } => Admission::Full,
            State::Stopped => Admission::Stopped,
        }
    }

    /// `retry_after_ms`: what the endpoint asked for, zero when it did not.
    pub fn learn(&mut self, pass: Pass, kind: Kind, retry_after_ms: i64, now_ms: i64) -> Change {
        if self.state == State::Stopped {
            return Change::Nothing;
        }
        match kind {
            Kind::Gone => {
                self.state = State::Stopped;
                Change::Stopped
            }
            _ if pass.epoch != self.epoch => Change::Nothing,
            Kind::Down => self.hold(retry_after_ms, now_ms),
            Kind::Accepted | Kind::Later | Kind::Refused => self.alive(kind),
        }
    }

    /// When a held endpoint is tried next.
    pub fn held_until_ms(&self) -> Option<i64> {
        match self.state {
            State::Held { until_ms, .. } => Some(until_ms),
            State::Up { .. } | State::Stopped => None,
        }
    }

    fn hold(&mut self, retry_after_ms: i64, now_ms: i64) -> Change {
        let failures = match self.state {
            State::Held { failures, .. } => failures.saturating_add(1),
            State::Up { .. } | State::Stopped => 1,
        };
        let pause = if failures == 1 { FIRST_HOLD } else { self.probe_every };
        let asked_ms = if self.probe_every == URGENT_PROBE_EVERY { 0 } else { retry_after_ms };
        let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX).max(asked_ms);
        let until_ms = now_ms.saturating_add(pause_ms);
        self.state = State::Held { until_ms, failures };
        self.epoch += 1;
        Change::HoldUntil(until_ms)
    }

    fn alive(&mut self, kind: Kind) -> Change {
        match self.state {
            State::Held { .. } => {
                self.state = State::Up { window: WINDOW_AFTER_HOLD };
                if kind == Kind::Accepted { Change::Recovered } else { Change::Nothing }
            }
            State::Up { window } => {
                self.state = State::Up { window: (window + 1).min(limits::DELIVERY_PARALLEL) };
                Change::Nothing
            }
            State::Stopped => Change::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(health: &Health, now_ms: i64, in_flight: usize) -> Pass {
        match health.admit(now_ms, in_flight) {
            Admission::Go(pass) => pass,
            other => panic!("not admitted at {now_ms}: {other:?}"),
        }
    }

    #[test]
    fn a_dead_endpoint_for_emergencies_is_asked_every_five_seconds_even_if_it_asks_for_more_time() {
        let mut health = Health::urgent();
        for now in (0..60_000).step_by(5_000) {
            let probe = pass(&health, now, 0);
            assert_eq!(health.learn(probe, Kind::Down, 600_000, now), Change::HoldUntil(now + 5_000));
        }
    }

    #[test]
    fn a_dead_endpoint_is_asked_by_one_delivery_a_minute() {
        let mut health = Health::new();
        let first = pass(&health, 0, 0);
        assert_eq!(health.admit(0, 1), Admission::Full, "the first one goes alone");
        assert_eq!(health.learn(first, Kind::Down, 0, 0), Change::HoldUntil(5_000));
        let mut now = 5_000;
        for _ in 0..60 {
            assert_eq!(health.admit(now - 1, 0), Admission::HeldUntil(now));
            let probe = pass(&health, now, 0);
            assert_eq!(health.admit(now, 1), Admission::Full);
            assert_eq!(health.learn(probe, Kind::Down, 0, now), Change::HoldUntil(now + 60_000));
            now += 60_000;
        }
    }

    #[test]
    fn the_first_success_lets_the_rest_go_a_few_at_first_and_never_above_the_bound() {
        let mut health = Health::new();
        let probe = pass(&health, 0, 0);
        assert_eq!(health.learn(probe, Kind::Accepted, 0, 0), Change::Recovered);
        for window in WINDOW_AFTER_HOLD..=limits::DELIVERY_PARALLEL {
            let pass = pass(&health, 0, window - 1);
            assert_eq!(health.admit(0, window), Admission::Full);
            assert_eq!(health.learn(pass, Kind::Accepted, 0, 0), Change::Nothing);
        }
        assert_eq!(health.admit(0, limits::DELIVERY_PARALLEL), Admission::Full);
    }

    #[test]
    fn an_attempt_sent_before_the_hold_neither_ends_nor_lengthens_it() {
        let mut health = Health::new();
        let probe = pass(&health, 0, 0);
        health.learn(probe, Kind::Accepted, 0, 0);
        let (one, two, three) = (pass(&health, 0, 0), pass(&health, 0, 1), pass(&health, 0, 1));
        assert_eq!(health.learn(one, Kind::Down, 0, 100), Change::HoldUntil(5_100));
        assert_eq!(health.learn(two, Kind::Accepted, 0, 200), Change::Nothing);
        assert_eq!(health.learn(three, Kind::Down, 0, 300), Change::Nothing);
        assert_eq!(health.held_until_ms(), Some(5_100));
    }

    #[test]
    fn what_the_endpoint_asks_for_lengthens_the_hold() {
        let mut health = Health::new();
        let probe = pass(&health, 0, 0);
        assert_eq!(health.learn(probe, Kind::Down, 3_600_000, 0), Change::HoldUntil(3_600_000));
    }

    #[test]
    fn a_refusal_shows_that_the_endpoint_lives_without_calling_everything_back() {
        let mut health = Health::new();
        let probe = pass(&health, 0, 0);
        assert_eq!(health.learn(probe, Kind::Refused, 0, 0), Change::Nothing);
        assert_eq!(health.held_until_ms(), None);
    }

    #[test]
    fn an_endpoint_that_is_gone_stays_stopped() {
        let mut health = Health::new();
        let probe = pass(&health, 0, 0);
        assert_eq!(health.learn(probe, Kind::Gone, 0, 0), Change::Stopped);
        assert_eq!(health.learn(probe, Kind::Accepted, 0, 1), Change::Nothing);
        assert_eq!(health.admit(i64::MAX, 0), Admission::Stopped);
    }
}
