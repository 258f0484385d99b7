//! Wall time that may be acted on where acting cannot be undone (erasing). Pure: both clocks come in.
//!
//! A wall clock that jumps (a dead battery, a wrong time server, a restored machine) must not erase a call early. A
//! time is trusted once the wall clock has gone at the pace of the monotonic one for [`CONFIRM`] of real time.

use std::time::{Duration, Instant};

/// Steps up to this, in either direction, are corrections and not jumps.
const STEP: Duration = Duration::from_secs(3_600);
/// Real time a changed clock must go steadily before it is believed.
pub const CONFIRM: Duration = Duration::from_secs(3_600);

/// Where the two clocks stood when the present run of steady time began.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    at: Instant,
    wall_ms: i64,
}

/// Watches the wall clock. Ask it regularly: it knows only what it was shown.
#[derive(Debug, Default)]
pub struct TrustedTime {
    anchor: Option<Anchor>,
    confirm: Option<Duration>,
}

/// What a look at the clocks came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// May be acted on: milliseconds since the Unix epoch.
    Trusted(i64),
    /// Not yet believed; `jumped_ms` when this look found the jump.
    Waiting { jumped_ms: Option<i64> },
}

impl TrustedTime {
    /// Believes after `confirm` instead of [`CONFIRM`].
    pub fn confirmed_after(confirm: Duration) -> Self {
        Self { anchor: None, confirm: Some(confirm) }
    }

    pub fn look(&mut self, now: Instant, wall_ms: i64) -> Look {
        let Some(anchor) = self.anchor else {
            self.anchor = Some(Anchor { at: now, wall_ms });
            return Look::Waiting { jumped_ms: None };
        };
        let steady = now.saturating_duration_since(anchor.at);
        let expected = anchor.wall_ms.saturating_add(millis(steady));
        let off = wall_ms.saturating_sub(expected);
        if off.unsigned_abs() > u64::try_from(STEP.as_millis()).unwrap_or(u64::MAX) {
            self.anchor = Some(Anchor { at: now, wall_ms });
            return Look::Waiting { jumped_ms: Some(off) };
        }
        // Not anchored anew at each look: many small steps would add up to a jump that nobody noticed.
        if steady < self.confirm.unwrap_or(CONFIRM) {
            Look::Waiting { jumped_ms: None }
        } else {
            Look::Trusted(wall_ms)
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::clock::Clock;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;

    /// Looks every minute for `minutes`, the wall clock `off_ms` from true.
    fn watch(time: &mut TrustedTime, from: &mut Instant, minutes: u32, off_ms: i64, zero: Instant) -> Vec<Look> {
        let looks = (0..minutes).map(|_| {
            *from += Duration::from_secs(60);
            time.look(*from, millis(*from - zero) + off_ms)
        });
        looks.collect()
    }

    fn trusted(looks: &[Look]) -> usize {
        looks.iter().filter(|look| matches!(look, Look::Trusted(_))).count()
    }

    #[test]
    fn a_clock_is_believed_after_an_hour_of_steady_time() {
        let zero = Clock::system().instant();
        let (mut time, mut now) = (TrustedTime::default(), zero);
        assert_eq!(trusted(&watch(&mut time, &mut now, 60, 0, zero)), 0);
        assert_eq!(trusted(&watch(&mut time, &mut now, 600, 0, zero)), 600);
    }

    #[test]
    fn no_jump_of_more_than_an_hour_is_believed_until_it_has_stood_for_an_hour() {
        let zero = Clock::system().instant();
        for jump in [HOUR + 1, -HOUR - 1, DAY, -DAY, 400 * DAY, -400 * DAY, i64::MAX / 2, i64::MIN / 2] {
            let (mut time, mut now) = (TrustedTime::default(), zero);
            watch(&mut time, &mut now, 120, 0, zero);
            let after = watch(&mut time, &mut now, 60, jump, zero);
            assert_eq!(trusted(&after), 0, "{jump}");
            assert!(matches!(after[0], Look::Waiting { jumped_ms: Some(off) } if off == jump), "{after:?}");
            // Back again: that is a jump too.
            assert_eq!(trusted(&watch(&mut time, &mut now, 60, 0, zero)), 0, "{jump}");
            assert_eq!(trusted(&watch(&mut time, &mut now, 10, 0, zero)), 10, "{jump}");
        }
    }

    #[test]
    fn small_corrections_are_no_jumps_and_many_of_them_are_one() {
        let zero = Clock::system().instant();
        let (mut time, mut now) = (TrustedTime::default(), zero);
        watch(&mut time, &mut now, 120, 0, zero);
        assert_eq!(trusted(&watch(&mut time, &mut now, 5, HOUR / 2, zero)), 5);
        let creeping: Vec<_> = (1..20).flat_map(|n| watch(&mut time, &mut now, 1, n * HOUR / 2, zero)).collect();
        assert!(creeping.iter().any(|look| matches!(look, Look::Waiting { jumped_ms: Some(_) })), "{creeping:?}");
    }

    #[test]
    fn a_machine_that_slept_is_not_believed_at_once() {
        let zero = Clock::system().instant();
        let (mut time, mut now) = (TrustedTime::default(), zero);
        watch(&mut time, &mut now, 120, 0, zero);
        // The monotonic clock stood still for eight hours.
        assert_eq!(trusted(&watch(&mut time, &mut now, 60, 8 * HOUR, zero)), 0);
    }
}
