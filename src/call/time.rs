//! Positions in a call's recording.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Position in the caller's audio since answer, in milliseconds. Always media time, never wall time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaTime(pub u64);

impl MediaTime {
    pub const ZERO: Self = Self(0);

    pub fn from_samples(samples: u64, rate: u32) -> Self {
        Self(samples.saturating_mul(1000) / u64::from(rate.max(1)))
    }

    pub fn as_samples(self, rate: u32) -> u64 {
        self.0.saturating_mul(u64::from(rate)) / 1000
    }

    pub fn as_millis(self) -> u64 {
        self.0
    }
}

impl Add<u64> for MediaTime {
    type Output = Self;
    fn add(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

impl Sub for MediaTime {
    type Output = u64;
    /// Milliseconds from `earlier` to `self`, zero when `earlier` is later.
    fn sub(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Half-open stretch of caller audio, `start <= end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MediaSpan {
    #[serde(rename = "start_ms")]
    pub start: MediaTime,
    #[serde(rename = "end_ms")]
    pub end: MediaTime,
}

impl MediaSpan {
    pub fn new(start: MediaTime, end: MediaTime) -> Self {
        Self { start, end: end.max(start) }
    }

    pub fn millis(self) -> u64 {
        self.end - self.start
    }

    /// Milliseconds that both spans share.
    pub fn overlap(self, other: Self) -> u64 {
        self.end.min(other.end) - self.start.max(other.start)
    }
}
