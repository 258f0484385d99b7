//! What RFC 3550 counts of a stream: packets expected and received (appendix A.3) and interarrival jitter (A.8).

use std::time::Duration;

use super::rtcp::{ReportBlock, low_bits};

/// Farther than this from the highest number, a packet begins another run (RFC 3550 appendix A.1).
const MAX_DROPOUT: i64 = 3_000;

#[derive(Debug)]
struct Stream {
    ssrc: u32,
    /// Extended sequence numbers.
    first: i64,
    highest: i64,
    received: i64,
    /// As of the last report.
    expected_before: i64,
    received_before: i64,
    timing: Option<Timing>,
}

#[derive(Clone, Copy, Debug)]
struct Timing {
    clock: u32,
    transit: u32,
    /// Clock units times sixteen.
    jitter: u32,
}

/// The receiving side of a call's RTP. Times are since the session's start.
#[derive(Debug, Default)]
pub struct Reception {
    stream: Option<Stream>,
    /// Sum over `packets` of the jitter after each, microseconds.
    jitter_sum_us: u64,
    packets: u64,
    jitter_max_us: u64,
}

impl Reception {
    /// Takes note of a packet of the caller. `timed`: timestamp and clock of a packet of sound; key presses repeat
    /// their timestamps and say nothing about jitter.
    pub fn packet(&mut self, ssrc: u32, sequence: u16, timed: Option<(u32, u32)>, now: Duration) {
        let mut known = self.stream.take().filter(|stream| stream.ssrc == ssrc);
        let goes_on = known.as_mut().is_some_and(|stream| stream.count(sequence));
        let stream = self.stream.insert(known.filter(|_| goes_on).unwrap_or_else(|| Stream::new(ssrc, sequence)));
        let Some((timestamp, clock)) = timed else { return };
        let arrival = u64::try_from(now.as_micros()).unwrap_or(u64::MAX).saturating_mul(u64::from(clock)) / 1_000_000;
        let transit = low_bits(arrival).wrapping_sub(timestamp);
        let jitter = match stream.timing {
            Some(last) if last.clock == clock => {
                let way = transit.wrapping_sub(last.transit).cast_signed().unsigned_abs();
                // A jump of the timestamps by over a second is no jitter.
                let way = if way > clock { 0 } else { way };
                last.jitter.saturating_add(way).saturating_sub(last.jitter.saturating_add(8) >> 4)
            }
            _ => 0,
        };
        stream.timing = Some(Timing { clock, transit, jitter });
        let jitter_us = u64::from(jitter >> 4) * 1_000_000 / u64::from(clock.max(1));
        self.jitter_sum_us = self.jitter_sum_us.saturating_add(jitter_us);
        self.packets += 1;
        self.jitter_max_us = self.jitter_max_us.max(jitter_us);
    }

    /// Mean and worst jitter, microseconds.
    pub fn jitter_us(&self) -> (u64, u64) {
        (self.jitter_sum_us / self.packets.max(1), self.jitter_max_us)
    }

    /// The report about this stream; each one tells the loss since the one before.
    pub fn report(&mut self) -> Option<ReportBlock> {
        let stream = self.stream.as_mut()?;
        let expected = stream.highest - stream.first + 1;
        let since = (expected - stream.expected_before, stream.received - stream.received_before);
        (stream.expected_before, stream.received_before) = (expected, stream.received);
        let lost_since = (since.0 - since.1).max(0);
        let fraction = lost_since.saturating_mul(256).checked_div(since.0).unwrap_or(0).clamp(0, 255);
        Some(ReportBlock {
            ssrc: stream.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: i32::try_from((expected - stream.received).clamp(-0x80_0000, 0x7F_FFFF)).unwrap_or(0),
            highest: low_bits(u64::try_from(stream.highest).unwrap_or(0)),
            jitter: stream.timing.map_or(0, |timing| timing.jitter >> 4),
            last_sender_report: 0,
            delay: 0,
        })
    }
}

impl Stream {
    fn new(ssrc: u32, sequence: u16) -> Self {
        let first = i64::from(sequence);
        Self { ssrc, first, highest: first, received: 1, expected_before: 0, received_before: 0, timing: None }
    }

    /// False: this number has nothing to do with those before.
    fn count(&mut self, sequence: u16) -> bool {
        let forward = (i64::from(sequence) - self.highest).rem_euclid(1 << 16);
        let step = if forward >= 1 << 15 { forward - (1 << 16) } else { forward };
        if step.abs() > MAX_DROPOUT {
            return false;
        }
        self.highest = self.highest.max(self.highest + step);
        self.received += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn loss_is_told_as_a_fraction_since_the_last_report_and_in_all_over_the_wrap() {
        let mut reception = Reception::default();
        for n in (0..100_u16).filter(|n| n % 4 != 1) {
            reception.packet(9, 65_500_u16.wrapping_add(n), None, ms(u64::from(n) * 20));
        }
        let first = reception.report().unwrap();
        assert_eq!((first.fraction_lost, first.cumulative_lost, first.highest), (64, 25, 65_500 + 99));
        for n in 100..200_u16 {
            reception.packet(9, 65_500_u16.wrapping_add(n), None, ms(u64::from(n) * 20));
        }
        let second = reception.report().unwrap();
        assert_eq!((second.fraction_lost, second.cumulative_lost), (0, 25));
        reception.packet(10, 7, None, ms(4_000));
        assert_eq!(reception.report().unwrap().cumulative_lost, 0, "another stream counts anew");
    }

    #[test]
    fn jitter_is_that_of_the_arrivals_in_any_clock() {
        for clock in [8_000, 48_000] {
            let mut steady = Reception::default();
            let mut shaken = Reception::default();
            for n in 0..500_u32 {
                let timed = Some((n.wrapping_mul(clock / 50), clock));
                let sequence = u16::try_from(n).unwrap();
                steady.packet(1, sequence, timed, ms(u64::from(n) * 20));
                shaken.packet(1, sequence, timed, ms(u64::from(n) * 20 + u64::from(n % 2) * 16));
            }
            assert_eq!(steady.jitter_us(), (0, 0));
            let (mean, worst) = shaken.jitter_us();
            // Every packet is 16 ms nearer to or farther from the one before it: that is where A.8 settles.
            assert!((14_000..=16_000).contains(&mean) && (15_500..=16_500).contains(&worst), "{clock}: {mean} {worst}");
            let told = u64::from(shaken.report().unwrap().jitter) * 1_000 / u64::from(clock);
            assert!((15..=16).contains(&told));
        }
    }
}
