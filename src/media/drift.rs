//! Notices that the sender's clock runs differently from ours, from how late its packets arrive.
//!
//! The least lateness within a second is free of jitter; when it leaves the tolerance the timeline is told how many
//! samples to insert (sender slow) or drop (sender fast).

use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(1);
/// Packets a window needs to be believed.
const ENOUGH: u32 = 10;
/// Samples of lateness that are left alone: 10 ms at 8 kHz.
const TOLERANCE: i64 = 80;
/// Beyond this a correction is made even within speech: 25 ms at 8 kHz.
const URGENT: i64 = 200;
/// Largest piece inserted or dropped at one packet: 10 ms at 8 kHz.
const PIECE: i64 = 80;

/// Estimator and debt. Times are since the session's start, lateness is in samples.
#[derive(Debug, Default)]
pub struct Drift {
    since: Duration,
    packets: u32,
    least: i64,
    owed: i64,
}

impl Drift {
    pub fn reset(&mut self) {
        *self = Self::default();
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
        self.owed = if self.least.abs() > TOLERANCE { self.least } else { 0 };
        self.packets = 0;
    }

    /// Samples to move the timeline by at this packet; `quiet` when nobody would hear it.
    pub fn take(&mut self, quiet: bool) -> i64 {
        if self.owed == 0 || !(quiet || self.owed.abs() > URGENT) {
            return 0;
        }
        let piece = self.owed.clamp(-PIECE, PIECE);
        self.owed -= piece;
        // What was observed so far was measured on the timeline as it stood.
        self.packets = 0;
        piece
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
        let mut drift = Drift::default();
        feed(&mut drift, |n| i64::try_from(n % 7).unwrap() * 150);
        assert_eq!(drift.take(true), 0);
    }

    #[test]
    fn a_small_debt_waits_for_quiet_and_a_large_one_does_not() {
        let mut drift = Drift::default();
        feed(&mut drift, |_| 120);
        assert_eq!(drift.take(false), 0);
        assert_eq!((drift.take(true), drift.take(true), drift.take(true)), (80, 40, 0));
        let mut drift = Drift::default();
        feed(&mut drift, |_| -240);
        assert_eq!(drift.take(false), -80);
        assert_eq!(drift.take(false), 0);
    }
}
