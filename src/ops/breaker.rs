//! Whether a server is worth asking, and how often its failures are worth a line in the log. Pure.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::config::limits;

/// Failures in a row before the server is left alone: one may be an accident.
const FAILURES: u32 = 2;

/// Opens after failures in a row, lets one round of tries through after each rest, closes with the first answer.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    rests_until: Option<Instant>,
    rest: Duration,
}

impl Breaker {
    /// Whether asking makes sense now.
    pub fn allows(&self, now: Instant) -> bool {
        self.rests_until.is_none_or(|until| until <= now)
    }

    /// The server answered. True when it had been left alone.
    pub fn answered(&mut self) -> bool {
        std::mem::take(self).rests_until.is_some()
    }

    /// The server did not answer; `wanted` is the rest it asked for itself.
    pub fn failed(&mut self, now: Instant, wanted: Option<Duration>) {
        let (first, longest) = limits::ENGINE_REST;
        if !self.allows(now) {
            // Asked before the others failed: their rest stands.
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES && wanted.is_none() {
            return;
        }
        self.rest = if self.rest.is_zero() { first } else { (self.rest * 2).min(longest) };
        self.rests_until = Some(now + wanted.map_or(self.rest, |wanted| wanted.clamp(self.rest, longest)));
    }
}

/// Says each kind of complaint once a while. A server that fails for an hour fails at every segment.
#[derive(Debug, Default)]
pub struct Complaints {
    /// When it was said, and how often it was not since.
    said: HashMap<&'static str, (Instant, u64)>,
}

impl Complaints {
    /// `Some`: say it, and that so many of the kind went unsaid since the last time.
    pub fn about(&mut self, kind: &'static str, now: Instant) -> Option<u64> {
        if let Some((at, unsaid)) = self.said.get_mut(kind)
            && now.saturating_duration_since(*at) < limits::ENGINE_COMPLAINT
        {
            *unsaid += 1;
            return None;
        }
        Some(self.said.insert(kind, (now, 0)).map_or(0, |(_, unsaid)| unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::clock::Clock;

    #[test]
    fn a_dead_server_is_asked_ever_more_seldom_and_the_first_answer_forgives_all() {
        let start = Clock::system().instant();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut breaker = Breaker::default();
        breaker.failed(at(0), None);
        assert!(breaker.allows(at(0)), "one failure is no pattern");
        breaker.failed(at(0), None);
        assert!(!breaker.allows(at(0)) && breaker.allows(at(1)));
        let (mut now, mut rests) = (1, Vec::new());
        for _ in 0..7 {
            breaker.failed(at(now), None);
            breaker.failed(at(now), None);
            let rest = (1..60).find(|s| breaker.allows(at(now + s))).unwrap();
            rests.push(rest);
            now += rest;
        }
        assert_eq!(rests, [2, 4, 8, 16, 30, 30, 30]);
        assert!(breaker.answered() && !breaker.answered() && breaker.allows(at(0)));
    }

    #[test]
    fn a_server_that_asks_for_rest_gets_it_at_once_and_within_bounds() {
        let now = Clock::system().instant();
        for (wanted, given) in [(0, 1), (7, 7), (86_400, 30)] {
            let mut breaker = Breaker::default();
            breaker.failed(now, Some(Duration::from_secs(wanted)));
            assert!(!breaker.allows(now + Duration::from_millis(given * 1_000 - 1)), "{wanted}");
            assert!(breaker.allows(now + Duration::from_secs(given)), "{wanted}");
        }
    }

    #[test]
    fn the_same_complaint_is_said_once_a_minute_with_the_number_left_out() {
        let start = Clock::system().instant();
        let mut complaints = Complaints::default();
        let said: Vec<_> = (0..121).map(|s| complaints.about("timeout", start + Duration::from_secs(s))).collect();
        let spoken: Vec<_> = said.iter().enumerate().filter_map(|(s, unsaid)| unsaid.map(|n| (s, n))).collect();
        assert_eq!(spoken, [(0, 0), (60, 59), (120, 59)]);
        assert_eq!(complaints.about("junk", start), Some(0), "another kind is news");
    }
}
