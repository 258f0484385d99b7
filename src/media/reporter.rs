//! When our RTCP reports are due, what stands in them, and what the peer's tell (RFC 3550 section 6).

use std::time::Duration;

use rand::Rng;

use super::reception::Reception;
use super::rtcp::{self, Received, SenderInfo, low_bits};

/// Mean time between two reports (RFC 3550 section 6.2: the minimum for a session of any bandwidth).
const INTERVAL: Duration = Duration::from_secs(5);
/// A round trip above this is no measurement.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(30);

/// Our part of one RTCP session. Times are since the session's start.
#[derive(Debug)]
pub struct Reporter {
    ssrc: u32,
    /// Random (RFC 7022 section 4.2), so that it names neither host nor user.
    cname: String,
    next: Duration,
    /// Middle of the NTP time of the peer's newest sender report, and when it came.
    last_sender_report: Option<(u32, Duration)>,
    round_trip: Option<Duration>,
    remote_lost: Option<u64>,
    remote_jitter: Option<u32>,
}

impl Reporter {
    pub fn new(ssrc: u32) -> Self {
        let cname = format!("{:024x}", rand::rng().random::<u128>() >> 32);
        // The first one comes at half the time, so that a short call has one too.
        let next = varied(INTERVAL / 2);
        Self { ssrc, cname, next, last_sender_report: None, round_trip: None, remote_lost: None, remote_jitter: None }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Whether a report is due; each is told once.
    pub fn due(&mut self, now: Duration) -> bool {
        if now < self.next {
            return false;
        }
        self.next = now + varied(INTERVAL);
        true
    }

    /// The report as of `now`. `sent`: RTP timestamp of now, packets and octets, when something was sent.
    pub fn report(
        &self,
        now: Duration,
        sent: Option<(u32, u32, u32)>,
        reception: &mut Reception,
        goodbye: bool,
    ) -> Vec<u8> {
        let ntp = ntp(now);
        let sender = sent.map(|(timestamp, packets, octets)| SenderInfo { ntp, timestamp, packets, octets });
        let about = reception.report().map(|mut block| {
            if let Some((middle, at)) = self.last_sender_report {
                block.last_sender_report = middle;
                block.delay = low_bits(ntp_units(now.saturating_sub(at)) >> 16);
            }
            block
        });
        rtcp::build(self.ssrc, sender, about, &self.cname, goodbye)
    }

    /// Takes in what the peer reported.
    pub fn heard(&mut self, received: &Received, now: Duration) {
        if let Some(middle) = received.sender_report {
            self.last_sender_report = Some((middle, now));
        }
        let Some(block) = received.about_us else { return };
        self.remote_lost = Some(u64::try_from(block.cumulative_lost).unwrap_or(0));
        self.remote_jitter = Some(block.jitter);
        if block.last_sender_report != 0 {
            let middle = low_bits(ntp(now) >> 16);
            let units = middle.wrapping_sub(block.last_sender_report).wrapping_sub(block.delay);
            let trip = Duration::from_micros((u64::from(units) * 1_000_000) >> 16);
            // A negative one has wrapped to hours.
            if trip <= MAX_ROUND_TRIP {
                self.round_trip = Some(trip);
            }
        }
    }

    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Packets of ours that the peer lost, and its jitter in our clock's units.
    pub fn remote(&self) -> (Option<u64>, Option<u32>) {
        (self.remote_lost, self.remote_jitter)
    }
}

/// Half to one and a half times (RFC 3550 section 6.3.1), so that many calls do not report in step.
fn varied(interval: Duration) -> Duration {
    interval.mul_f64(rand::rng().random_range(0.5..1.5))
}

/// Time since the session's start as NTP time: the peer only subtracts (RFC 3550 section 6.4.1 allows it), and the
/// wall clock stays ours. Never zero, which would mean "no report".
fn ntp(now: Duration) -> u64 {
    ntp_units(now + Duration::from_secs(1))
}

/// In 2^-32 s.
fn ntp_units(time: Duration) -> u64 {
    (time.as_secs() << 32) | ((u64::from(time.subsec_nanos()) << 32) / 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn two_that_report_to_each_other_learn_their_round_trip_and_losses() {
        let (mut here, mut there) = (Reporter::new(1), Reporter::new(2));
        let mut heard_here = Reception::default();
        let mut heard_there = Reception::default();
        for n in (0..100).filter(|n| n % 10 != 5) {
            heard_there.packet(1, n, Some((u32::from(n) * 160, 8_000)), ms(u64::from(n) * 20));
        }
        let report = here.report(ms(10_000), Some((160_000, 100, 16_000)), &mut heard_here, false);
        there.heard(&rtcp::parse(&report, 2).unwrap(), ms(40));
        let answer = there.report(ms(1_040), None, &mut heard_there, false);
        here.heard(&rtcp::parse(&answer, 1).unwrap(), ms(11_090));
        let trip = here.round_trip().unwrap();
        assert!(trip.abs_diff(ms(90)) < ms(1), "{trip:?}");
        assert_eq!(here.remote().0, Some(10));
        assert_eq!(there.round_trip(), None);
    }

    #[test]
    fn reports_come_every_few_seconds_and_a_junk_answer_measures_nothing() {
        let mut reporter = Reporter::new(1);
        let at: Vec<u64> = (0..6_000).map(|n| n * 20).filter(|&at| reporter.due(ms(at))).collect();
        assert!((15..50).contains(&at.len()), "{at:?}");
        assert!(at.windows(2).all(|pair| (2_480..=7_520).contains(&(pair[1] - pair[0]))), "{at:?}");
        let block = rtcp::ReportBlock { ssrc: 1, last_sender_report: 77, delay: u32::MAX / 2, ..Default::default() };
        reporter.heard(&Received { about_us: Some(block), ..Received::default() }, ms(5_000));
        assert_eq!(reporter.round_trip(), None);
    }
}
