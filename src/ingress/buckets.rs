//! Token buckets: how fast a source, or a trunk, may go on. Pure; the time is handed in.
//!
//! A bucket is one instant, the generic cell rate algorithm: when it would be full again. So a source costs 24 bytes,
//! and thousands of sources a fixed table without any allocation in the flood.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::config::limits;

/// So many a second, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingress) struct Rate {
    /// Time one token takes to come back.
    interval: Duration,
    /// How far ahead of time a source may be: all but one token of the burst.
    ahead: Duration,
}

impl Rate {
    /// `per_second` and `burst` of 0 count as 1.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self::every(Duration::from_secs(1) / per_second.max(1), burst)
    }

    /// One each `interval`, and `burst` at once.
    pub fn every(interval: Duration, burst: u32) -> Self {
        Self { interval, ahead: interval * burst.saturating_sub(1) }
    }
}

/// One bucket; a new one is full.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::ingress) struct Bucket {
    full_at: Option<Instant>,
}

impl Bucket {
    /// Takes a token; false when there is none.
    pub fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |at| at.max(now));
        if full_at.saturating_duration_since(now) > rate.ahead {
            return false;
        }
        self.full_at = full_at.checked_add(rate.interval);
        true
    }
}

/// Places a source may have in the table.
const WAYS: usize = 8;

/// The buckets of all sources: a fixed table in which a new source takes the place of the one idle longest among the
/// few that share its row.
#[derive(Debug)]
pub(in crate::ingress) struct Buckets {
    slots: Vec<Slot>,
    /// Seeded anew at each start, so that nobody can choose addresses that share a row.
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    source: Option<u64>,
    bucket: Bucket,
}

impl Buckets {
    pub fn new() -> Self {
        Self { slots: vec![Slot::default(); limits::RATE_SOURCES], hasher: RandomState::new() }
    }

    /// Takes a token of `source`; false when it goes too fast.
    pub fn take(&mut self, source: IpAddr, rate: Rate, now: Instant) -> bool {
        let hash = self.hasher.hash_one(neighbourhood(source));
        let rows = self.slots.len().div_ceil(WAYS).max(1);
        let row = usize::try_from(hash % u64::try_from(rows).unwrap_or(1)).unwrap_or(0);
        let Some(row) = self.slots.chunks_mut(WAYS).nth(row) else { return true };
        if let Some(slot) = row.iter_mut().find(|slot| slot.source == Some(hash)) {
            return slot.bucket.take(rate, now);
        }
        // The fullest bucket loses the least when it is forgotten.
        let Some(slot) = row.iter_mut().min_by_key(|slot| (slot.source.is_some(), slot.bucket.full_at)) else {
            return true;
        };
        *slot = Slot { source: Some(hash), bucket: Bucket::default() };
        slot.bucket.take(rate, now)
    }
}

/// What counts as one source: an IPv4 address, or the /64 that one IPv6 subscriber has to himself.
pub fn neighbourhood(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) if ip.is_loopback() => IpAddr::V6(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::clock::Clock;

    fn source(n: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + n).into())
    }

    #[test]
    fn a_burst_passes_then_only_the_rate() {
        let start = Clock::system().instant();
        let rate = Rate::new(15, 30);
        let mut bucket = Bucket::default();
        let passed = |bucket: &mut Bucket, ms: u64, tries: u32| {
            let now = start + Duration::from_millis(ms);
            (0..tries).filter(|_| bucket.take(rate, now)).count()
        };
        assert_eq!(passed(&mut bucket, 0, 100), 30);
        assert_eq!(passed(&mut bucket, 60, 100), 0);
        assert_eq!(passed(&mut bucket, 1_000, 100), 15);
        assert_eq!(passed(&mut bucket, 60_000, 100), 30, "and never more than the burst");
    }

    #[test]
    fn each_source_has_its_own_bucket_and_the_table_never_grows() {
        let start = Clock::system().instant();
        let rate = Rate::new(1, 2);
        let mut buckets = Buckets::new();
        for n in 0..200 {
            let passed = (0..10).filter(|_| buckets.take(source(n), rate, start)).count();
            assert_eq!(passed, 2, "source {n}");
        }
        let size = buckets.slots.len();
        for n in 1_000..100_000 {
            assert!(buckets.take(source(n), rate, start), "a new source is never shut out by others");
        }
        assert_eq!((buckets.slots.len(), buckets.slots.capacity()), (size, size));
    }

    #[test]
    fn an_ipv6_subscriber_is_one_source_however_many_addresses_it_takes() {
        let start = Clock::system().instant();
        let mut buckets = Buckets::new();
        let passed = (0..100_u16)
            .filter(|n| {
                let ip: IpAddr = format!("2001:db8:1:2::{n:x}").parse().unwrap();
                buckets.take(ip, Rate::new(15, 30), start)
            })
            .count();
        assert_eq!(passed, 30);
        assert_eq!(neighbourhood("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
        assert_eq!(neighbourhood("::1".parse().unwrap()), "::1".parse::<IpAddr>().unwrap());
    }
}
