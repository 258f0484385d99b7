//! Decides whose packets are the caller's, so that a stranger who sprays the port range is never decoded.
//!
//! The SDP address wins whenever it speaks. Where learning is allowed, a caller behind NAT is learned once, within
//! a window after start or re-INVITE, only from the host its signalling comes from, and only from a source that
//! looks like one phone: one SSRC, steady sequence numbers, a phone's packet rate, and no rival that looks like a
//! phone as well (ES2025-01, "RTP bleed" and injection).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Time after start or update in which a source other than the SDP's may be learned.
pub const LEARN_WINDOW: Duration = Duration::from_secs(10);
/// A source must have been steady this long; the SDP address would have been heard by then.
pub const LEARN_SPAN: Duration = Duration::from_millis(200);
/// Packets a source must have sent; 60 ms packets need 240 ms for it.
const LEARN_PACKETS: u32 = 4;
/// Steady packets that make a source a rival.
const RIVAL_PACKETS: u32 = 3;
/// 10 ms packets are 100 a second; above twice that it is no phone.
const MAX_RATE: u128 = 200;
/// Sources watched at once while learning; further ones are only counted.
const MAX_CANDIDATES: usize = 4;
/// A rival silent for this long no longer prevents learning.
const RIVAL_SILENT: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
struct Candidate {
    from: SocketAddr,
    ssrc: u32,
    sequence: u16,
    packets: u32,
    since: Duration,
    last: Duration,
}

impl Candidate {
    fn is_a_phone(&self) -> bool {
        self.packets >= LEARN_PACKETS && self.span() >= LEARN_SPAN && self.has_a_phones_rate()
    }

    /// Steady so far, so it keeps others from being learned.
    fn may_become_one(&self) -> bool {
        self.packets >= RIVAL_PACKETS && self.has_a_phones_rate()
    }

    fn span(&self) -> Duration {
        self.last.saturating_sub(self.since)
    }

    fn has_a_phones_rate(&self) -> bool {
        u128::from(self.packets.saturating_sub(1)) * 1_000 <= self.span().as_millis() * MAX_RATE
    }
}

/// Whether a source other than the SDP's may become the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learning {
    /// `[sip] nat_learning = false`.
    Never,
    /// From this host: a phone's sound leaves the same NAT as its signalling. A proxy that stands between must relay
    /// media too, or name the phone's outside address in the SDP.
    From(IpAddr),
    /// The signalling's host is not known.
    FromAnywhere,
}

impl Learning {
    pub fn new(allowed: bool, signalled_from: Option<IpAddr>) -> Self {
        match signalled_from {
            _ if !allowed => Self::Never,
            Some(ip) => Self::From(ip.to_canonical()),
            None => Self::FromAnywhere,
        }
    }

    fn allows(self, from: SocketAddr) -> bool {
        match self {
            Self::Never => false,
            Self::From(ip) => from.ip() == ip,
            Self::FromAnywhere => true,
        }
    }
}

/// The source filter of one call. Times are since the session's start.
#[derive(Debug)]
pub struct Latch {
    sdp: SocketAddr,
    learning: Learning,
    since: Duration,
    /// Learned source, `None` while only the SDP address is believed.
    learned: Option<SocketAddr>,
    /// The SDP address has spoken: no learning any more.
    confirmed: bool,
    candidates: Vec<Candidate>,
}

impl Latch {
    pub fn new(sdp: SocketAddr, learning: Learning, now: Duration) -> Self {
        Self { sdp, learning, since: now, learned: None, confirmed: false, candidates: Vec::new() }
    }

    /// A re-INVITE named an address. The same address again keeps what was learned.
    pub fn update(&mut self, sdp: SocketAddr, now: Duration) {
        if sdp != self.sdp {
            *self = Self::new(sdp, self.learning, now);
        }
    }

    /// Where to send: the learned source, else the SDP address.
    pub fn target(&self) -> SocketAddr {
        self.learned.unwrap_or(self.sdp)
    }

    /// Whether a packet is the caller's.
    pub fn accept(&mut self, from: SocketAddr, ssrc: u32, sequence: u16, now: Duration) -> bool {
        if from == self.sdp {
            self.confirmed = true;
            self.learned = None;
            self.candidates = Vec::new();
            return true;
        }
        if self.confirmed {
            return false;
        }
        if let Some(learned) = self.learned {
            return from == learned;
        }
        if !self.learning.allows(from) {
            return false;
        }
        if now.saturating_sub(self.since) > LEARN_WINDOW {
            self.candidates = Vec::new();
            return false;
        }
        self.learn(from, ssrc, sequence, now)
    }

    /// Whether the caller's address was learned and is not the SDP's.
    pub fn is_learned(&self) -> bool {
        self.learned.is_some()
    }

    /// Whether RTCP from here counts as a sign of life: the host must be the caller's, ports differ behind NAT.
    pub fn is_callers_host(&self, from: SocketAddr) -> bool {
        from.ip() == self.target().ip()
    }

    fn learn(&mut self, from: SocketAddr, ssrc: u32, sequence: u16, now: Duration) -> bool {
        let fresh = Candidate { from, ssrc, sequence, packets: 1, since: now, last: now };
        match self.candidates.iter_mut().find(|c| c.from == from) {
            Some(known) => {
                let steady = known.ssrc == ssrc && (1..=5).contains(&sequence.wrapping_sub(known.sequence));
                if steady {
                    known.sequence = sequence;
                    known.packets = known.packets.saturating_add(1);
                    known.last = now;
                } else {
                    *known = fresh;
                }
            }
            None => {
                self.candidates.retain(|c| now.saturating_sub(c.last) < RIVAL_SILENT);
                if self.candidates.len() < MAX_CANDIDATES {
                    self.candidates.push(fresh);
                }
            }
        }
        let rivals = self.candidates.iter().filter(|c| {
            let alive = now.saturating_sub(c.last) < RIVAL_SILENT;
            c.from != from && alive && c.may_become_one()
        });
        let only = rivals.count() == 0 && self.candidates.iter().any(|c| c.from == from && c.is_a_phone());
        if only {
            self.learned = Some(from);
            self.candidates = Vec::new();
        }
        only
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Sends `count` packets every `every` ms; how many were accepted.
    fn feed(latch: &mut Latch, from: &str, ssrc: u32, first: u64, every: u64, count: u16) -> usize {
        (0..count).filter(|n| latch.accept(at(from), ssrc, *n, ms(first + u64::from(*n) * every))).count()
    }

    #[test]
    fn while_the_sdp_address_speaks_no_stranger_is_decoded() {
        let mut latch = Latch::new(at("10.0.0.1:4000"), Learning::FromAnywhere, ms(0));
        assert_eq!(feed(&mut latch, "6.6.6.6:9", 6, 0, 20, 5), 0);
        assert!(latch.accept(at("10.0.0.1:4000"), 1, 1, ms(100)));
        assert_eq!(feed(&mut latch, "6.6.6.6:9", 6, 100, 20, 500), 0);
        assert_eq!(latch.target(), at("10.0.0.1:4000"));
    }

    #[test]
    fn a_caller_behind_nat_is_learned_and_then_nobody_else() {
        let mut latch = Latch::new(at("192.168.0.9:4000"), Learning::FromAnywhere, ms(0));
        let accepted = feed(&mut latch, "203.0.113.5:61000", 1, 0, 20, 100);
        assert!(accepted >= 85, "{accepted}");
        assert_eq!(latch.target(), at("203.0.113.5:61000"));
        assert_eq!(feed(&mut latch, "6.6.6.6:9", 6, 2_000, 20, 500), 0);
        latch.update(at("192.168.0.9:4000"), ms(3_000));
        assert_eq!(latch.target(), at("203.0.113.5:61000"));
        latch.update(at("192.168.0.9:5000"), ms(3_000));
        assert_eq!(latch.target(), at("192.168.0.9:5000"));
    }

    #[test]
    fn the_sdp_address_takes_over_from_a_learned_one() {
        let mut latch = Latch::new(at("10.0.0.1:4000"), Learning::FromAnywhere, ms(0));
        assert!(feed(&mut latch, "203.0.113.5:61000", 1, 0, 20, 30) > 0);
        assert!(latch.accept(at("10.0.0.1:4000"), 9, 1, ms(700)));
        assert_eq!(feed(&mut latch, "203.0.113.5:61000", 1, 800, 20, 30), 0);
    }

    #[test]
    fn a_spray_is_never_learned_and_does_not_keep_the_caller_out() {
        let mut latch = Latch::new(at("192.168.0.9:4000"), Learning::FromAnywhere, ms(0));
        let mut heard = 0;
        for n in 0..100_u16 {
            let now = ms(u64::from(n) * 20);
            for burst in 0..50_u16 {
                let sequence = n.wrapping_mul(50).wrapping_add(burst);
                assert!(!latch.accept(at("6.6.6.6:9"), 6, sequence, now));
            }
            assert!(!latch.accept(at("6.6.6.7:9"), u32::from(n), n, now));
            heard += usize::from(latch.accept(at("203.0.113.5:61000"), 1, n, now));
        }
        assert!(heard >= 85, "{heard}");
    }

    #[test]
    fn after_the_window_nobody_is_learned() {
        let mut latch = Latch::new(at("192.168.0.9:4000"), Learning::FromAnywhere, ms(0));
        assert_eq!(feed(&mut latch, "203.0.113.5:61000", 1, 10_001, 20, 200), 0);
        assert!(latch.accept(at("192.168.0.9:4000"), 1, 1, ms(20_000)));
    }

    #[test]
    fn two_sources_that_both_look_like_a_phone_are_both_refused() {
        let mut latch = Latch::new(at("192.168.0.9:4000"), Learning::FromAnywhere, ms(0));
        let mut accepted = 0;
        for n in 0..200_u16 {
            let now = ms(u64::from(n) * 20);
            accepted += usize::from(latch.accept(at("6.6.6.6:9"), 6, n, now));
            accepted += usize::from(latch.accept(at("203.0.113.5:61000"), 1, n, now));
        }
        assert_eq!(accepted, 0);
    }

    #[test]
    fn where_learning_is_off_only_the_sdp_address_is_ever_heard() {
        let mut latch = Latch::new(at("192.168.0.9:4000"), Learning::new(false, Some([203, 0, 113, 5].into())), ms(0));
        assert_eq!(feed(&mut latch, "203.0.113.5:61000", 1, 0, 20, 500), 0);
        assert!(latch.accept(at("192.168.0.9:4000"), 1, 1, ms(20_000)));
    }

    #[test]
    fn only_the_host_that_signals_is_learned_however_like_a_phone_another_one_speaks() {
        let signalled = Learning::new(true, Some("::ffff:203.0.113.5".parse().unwrap()));
        let mut latch = Latch::new(at("192.168.0.9:4000"), signalled, ms(0));
        let (mut heard, mut strangers) = (0, 0);
        for n in 0..200_u16 {
            let now = ms(u64::from(n) * 20);
            strangers += usize::from(latch.accept(at("6.6.6.6:9"), 6, n, now));
            if n >= 50 {
                heard += usize::from(latch.accept(at("203.0.113.5:61000"), 1, n, now));
            }
        }
        assert_eq!(strangers, 0);
        assert!(heard >= 135, "{heard}");
    }
}
