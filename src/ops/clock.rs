//! The only place that reads a clock. Everything else is handed a [`Clock`], so tests step time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Wall time (may jump; for stamps and schedules that outlive the process) and monotonic time (for durations).
#[derive(Clone)]
pub struct Clock {
    /// Milliseconds added to the wall clock; tests step it, production leaves it at zero.
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    pub fn system() -> Self {
        Self { offset_ms: Arc::new(AtomicI64::new(0)) }
    }

    /// Milliseconds since the Unix epoch.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn unix_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.offset_ms.load(Ordering::Relaxed))
    }

    pub fn timestamp(&self) -> Timestamp {
        timestamp(self.unix_ms())
    }

    /// Monotonic instant. Never compare with wall time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// Microseconds of the kernel's monotonic clock (`CLOCK_MONOTONIC`), as the service manager counts them.
    pub fn monotonic_us(&self) -> u128 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        u128::try_from(now.tv_sec).unwrap_or(0) * 1_000_000 + u128::try_from(now.tv_nsec).unwrap_or(0) / 1_000
    }

    /// Processor time that all threads of this process have used.
    pub fn cpu_time(&self) -> Duration {
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let (seconds, nanos) = (u64::try_from(used.tv_sec).unwrap_or(0), u32::try_from(used.tv_nsec).unwrap_or(0));
        Duration::new(seconds, nanos)
    }

    /// Steps the wall clock of this process (tests, and `HEARDLINE_CLOCK_OFFSET_MS` in crash tests).
    pub fn step(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms.fetch_add(millis, Ordering::Relaxed);
    }
}

/// RFC 3339 stamp of a stored millisecond count; out-of-range values become the epoch.
pub fn timestamp(unix_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
