//! Notices that the sender's clock runs differently from ours, from how late its packets arrive.
//!
//! The least lateness within a second is free of jitter; when it leaves the tolerance the timeline is told how many
//! samples to insert (sender slow) or drop (sender fast).

use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(1);
/// Packets a window needs to be believed.
const ENOUGH: u32 = 10;
/// Lateness that is left alone, and the largest piece inserted or dropped at one packet, milliseconds.
const TOLERANCE_MS: i64 = 10;
/// Beyond this a correction is made even within speech, milliseconds.
const URGENT_MS: i64 = 25;

/// Estimator and debt. Times are since the session's start, lateness is in samples.
#[derive(Debug)]
pub struct Drift {
    samples_per_ms: i64,
    since: Duration,
    packets: u32,
    least: i64,
    owed: i64,
}

impl Drift {
    pub fn new(rate: u32) -> Self {
        let samples_per_ms = i64::from(rate / 1_000).max(1);
        Self { samples_per_ms, since: Duration::ZERO, packets: 0, least: 0, owed: 0 }
    }

    pub fn reset(&mut self) {
        self.packets = 0;
        self.owed = 0;
    }

    /// Takes the lateness of one packet: arrival minus where its sound ends on the timeline.
    pub fn observe(&mut self, lateness: i64, arrived: Duration) {
        if self.packets == 0 {
            self.since = arrived;
            self.least = lateness;
        }
        self.packets += 1;
        self.least = self.least.min(lateness);
        if arrived.saturating_sub(self.since) < WINDOW || self.packets < ENOUGH {
            return;
        }
        self.owed = if self.least.abs() > self.tolerance() { self.least } else { 0 };
        self.packets = 0;
    }

    /// Samples to move the timeline by at this packet; `quiet` when nobody would hear it.
    pub fn take(&mut self, quiet: bool) -> i64 {
        if self.owed == 0 || !(quiet || self.owed.abs() > URGENT_MS * self.samples_per_ms) {
            return 0;
        }
        let piece = self.owed.clamp(-self.tolerance(), self.tolerance());
        // Whole milliseconds, as all places on the timeline are; less is not worth a correction.
        let piece = piece - piece % self.samples_per_ms;
        self.owed = if piece == 0 { 0 } else { self.owed - piece };
        // What was observed so far was measured on the timeline as it stood.
        self.packets = 0;
        piece
    }

    fn tolerance(&self) -> i64 {
        TOLERANCE_MS * self.samples_per_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(drift: &mut Drift, lateness: impl Fn(u64) -> i64) {
        for n in 0..60 {
            drift.observe(lateness(n), Duration::from_millis(n * 20));
        }
    }

    #[test]
    fn jitter_alone_is_no_drift() {
        let mut drift = Drift::new(8_000);
        feed(&mut drift, |n| i64::try_from(n % 7).unwrap() * 150);
        assert_eq!(drift.take(true), 0);
    }

    #[test]
    fn a_small_debt_waits_for_quiet_and_a_large_one_does_not() {
        let mut drift = Drift::new(8_000);
        feed(&mut drift, |_| 120);
        assert_eq!(drift.take(false), 0);
        assert_eq!((drift.take(true), drift.take(true), drift.take(true)), (80, 40, 0));
        let mut drift = Drift::new(8_000);
        feed(&mut drift, |_| -240);
        assert_eq!(drift.take(false), -80);
        assert_eq!(drift.take(false), 0);
    }
}
