//! A datagram's way from the socket to the timeline, and the watch over media that never came or stopped.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::codec;
use super::dtmf::DtmfReader;
use super::jitter::Content;
use super::latch::Latch;
use super::packet::{self, PacketError};
use super::session::MediaTimeouts;
use super::timeline::Timeline;
use super::{MediaEvent, MediaStats};
use crate::call::{AudioFrame, Direction, MediaPlan};

/// Comfort noise (RFC 3389), static payload type.
const COMFORT_NOISE: u8 = 13;
/// Longest packet taken: 120 ms of G.711. Senders go to 60 ms; longer ones are junk that would shift the recording.
const MAX_PAYLOAD: usize = 960;

/// Everything that is received in one call. Times are since the session's start.
#[derive(Debug)]
pub struct Inbound {
    plan: MediaPlan,
    timeouts: MediaTimeouts,
    latch: Latch,
    timeline: Timeline,
    dtmf: DtmfReader,
    ssrc: Option<u32>,
    /// Nothing is expected from the peer.
    held: bool,
    /// First and newest sign of life that counts for the timeouts.
    heard_rtp: bool,
    alive: Duration,
    told: bool,
    frames: VecDeque<AudioFrame>,
    pub stats: MediaStats,
}

impl Inbound {
    pub fn new(plan: MediaPlan, timeouts: MediaTimeouts) -> Self {
        let held = !plan.direction.we_receive();
        let mut inbound = Self {
            latch: Latch::new(plan.remote, Duration::ZERO),
            timeline: Timeline::new(plan.codec.rate()),
            plan,
            timeouts,
            dtmf: DtmfReader::default(),
            ssrc: None,
            held: false,
            heard_rtp: false,
            alive: Duration::ZERO,
            told: false,
            frames: VecDeque::new(),
            stats: MediaStats::default(),
        };
        inbound.set_held(held, Duration::ZERO);
        inbound
    }

    /// Where to send to.
    pub fn target(&self) -> SocketAddr {
        self.latch.target()
    }

    /// A datagram on the RTP port.
    pub fn rtp(&mut self, datagram: &[u8], from: SocketAddr, now: Duration, out: &mut VecDeque<MediaEvent>) {
        let from = canonical(from);
        let rtp = match packet::parse(datagram) {
            Ok(rtp) => rtp,
            Err(PacketError::Rtcp) => return self.rtcp(datagram, from, now),
            Err(_) => {
                self.stats.malformed += 1;
                return;
            }
        };
        if !self.latch.accept(from, rtp.ssrc, rtp.sequence, now) {
            self.stats.wrong_source += 1;
            return;
        }
        self.alive = now;
        self.told = false;
        if !self.plan.direction.we_receive() {
            self.stats.while_held += 1;
            return;
        }
        if rtp.payload.len() > MAX_PAYLOAD {
            self.stats.malformed += 1;
            return;
        }
        self.stats.packets_received += 1;
        self.heard_rtp = true;
        if self.ssrc.replace(rtp.ssrc).is_some_and(|last| last != rtp.ssrc) {
            out.extend(self.dtmf.restart().map(|p| MediaEvent::Dtmf { digit: p.digit, at: p.at }));
        }
        let content = self.content(&rtp, now, out);
        let place = (rtp.sequence, rtp.timestamp, rtp.ssrc);
        self.timeline.push(place, content, now, &mut self.stats, &mut self.frames);
        self.let_out(out);
    }

    /// A datagram on the RTCP port, or RTCP on the RTP port: only a sign of life.
    pub fn rtcp(&mut self, datagram: &[u8], from: SocketAddr, now: Duration) {
        let version = datagram.first().is_some_and(|first| first >> 6 == 2);
        if !version || datagram.len() < 8 {
            self.stats.malformed += 1;
        } else if !self.latch.is_callers_host(canonical(from)) {
            self.stats.wrong_source += 1;
        } else {
            self.stats.rtcp_received += 1;
            self.alive = now;
        }
    }

    /// Lets out what is due and checks the timeouts. Call it every 20 ms.
    pub fn tick(&mut self, now: Duration, out: &mut VecDeque<MediaEvent>) {
        self.timeline.tick(now, &mut self.stats, &mut self.frames);
        self.let_out(out);
        out.extend(self.dtmf.poll(now).map(|p| MediaEvent::Dtmf { digit: p.digit, at: p.at }));
        if self.held || self.told {
            return;
        }
        let silent = now.saturating_sub(self.alive);
        if !self.heard_rtp && now >= self.timeouts.no_media && silent >= self.timeouts.no_media {
            self.told = true;
            out.push_back(MediaEvent::NoMedia);
        } else if self.heard_rtp && silent >= self.timeouts.media_lost {
            self.told = true;
            out.push_back(MediaEvent::MediaLost);
        }
    }

    /// A re-INVITE changed the media. The same plan again (a session refresh) changes nothing.
    pub fn update(&mut self, plan: MediaPlan, now: Duration, out: &mut VecDeque<MediaEvent>) {
        if plan == self.plan {
            return;
        }
        if plan.codec != self.plan.codec || plan.remote != self.plan.remote {
            self.timeline.other_stream(now, &mut self.stats, &mut self.frames);
        }
        // `c=0.0.0.0` is the old way to say hold (RFC 3264 section 8.4), not an address to learn from.
        if !plan.remote.ip().is_unspecified() {
            self.latch.update(plan.remote, now);
        }
        // A peer that turns to sendonly in mid-call has put us on hold: it may play music or send nothing.
        let turned = plan.direction == Direction::RecvOnly && self.plan.direction != Direction::RecvOnly;
        let stays = plan.direction == Direction::RecvOnly && self.held;
        let held = !plan.direction.we_receive() || turned || stays;
        self.plan = plan;
        self.set_held(held, now);
        self.let_out(out);
    }

    /// The call ended: everything up to now is let out.
    pub fn finish(&mut self, now: Duration, out: &mut VecDeque<MediaEvent>) {
        self.timeline.finish(now, &mut self.stats, &mut self.frames);
        self.let_out(out);
        out.extend(self.dtmf.restart().map(|p| MediaEvent::Dtmf { digit: p.digit, at: p.at }));
    }

    fn set_held(&mut self, held: bool, now: Duration) {
        if held != self.held {
            self.timeline.hold(held, now, &mut self.stats, &mut self.frames);
            self.held = held;
            // The timeouts begin anew with the resume.
            self.alive = now;
            self.told = false;
        }
    }

    fn content(&mut self, rtp: &packet::RtpPacket<'_>, now: Duration, out: &mut VecDeque<MediaEvent>) -> Content {
        let payload_type = rtp.payload_type;
        if payload_type == self.plan.payload_type {
            if rtp.payload.is_empty() {
                Content::Nothing
            } else {
                Content::Audio(codec::decode(self.plan.codec, rtp.payload))
            }
        } else if Some(payload_type) == self.plan.dtmf_payload_type {
            let press = self.dtmf.handle(rtp.payload, rtp.timestamp, now);
            out.extend(press.map(|p| MediaEvent::Dtmf { digit: p.digit, at: p.at }));
            Content::Quiet
        } else if payload_type == COMFORT_NOISE {
            Content::Quiet
        } else {
            self.stats.unknown_payload += 1;
            Content::Nothing
        }
    }

    fn let_out(&mut self, out: &mut VecDeque<MediaEvent>) {
        out.extend(self.frames.drain(..).map(MediaEvent::Frame));
    }
}

/// As SDP writes it: a socket of both families tells IPv4 peers as `::ffff:a.b.c.d`.
fn canonical(from: SocketAddr) -> SocketAddr {
    SocketAddr::new(from.ip().to_canonical(), from.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Codec, FrameKind};

    const PHONE: &str = "10.0.0.1:4000";

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn plan() -> MediaPlan {
        MediaPlan {
            codec: Codec::Pcma,
            payload_type: 8,
            dtmf_payload_type: Some(101),
            remote: PHONE.parse().unwrap(),
            remote_rtcp: "10.0.0.1:4001".parse().unwrap(),
            rtcp_mux: false,
            signalled_from: None,
            noise_payload_type: None,
            direction: Direction::SendRecv,
            ptime_ms: 20,
        }
    }

    struct Bench {
        inbound: Inbound,
        out: VecDeque<MediaEvent>,
    }

    impl Bench {
        fn new() -> Self {
            let timeouts = MediaTimeouts { no_media: ms(30_000), media_lost: ms(15_000) };
            Self { inbound: Inbound::new(plan(), timeouts), out: VecDeque::new() }
        }

        fn rtp(&mut self, payload_type: u8, n: u16, payload: &[u8], from: &str, now: Duration) {
            let mut bytes = vec![0x80, payload_type];
            bytes.extend_from_slice(&n.to_be_bytes());
            bytes.extend_from_slice(&(u32::from(n) * 160).to_be_bytes());
            bytes.extend_from_slice(&[0, 0, 0, 1]);
            bytes.extend_from_slice(payload);
            self.inbound.rtp(&bytes, from.parse().unwrap(), now, &mut self.out);
        }

        fn run(&mut self, from: u64, to: u64) {
            for tick in from / 20..to / 20 {
                self.inbound.tick(ms(tick * 20 + 20), &mut self.out);
            }
        }

        fn told(&self, wanted: fn(&MediaEvent) -> bool) -> usize {
            self.out.iter().filter(|e| wanted(e)).count()
        }
    }

    #[test]
    fn a_call_without_media_is_told_once_and_after_its_time() {
        let mut bench = Bench::new();
        bench.run(0, 29_980);
        assert_eq!(bench.told(|e| matches!(e, MediaEvent::NoMedia)), 0);
        bench.run(29_980, 60_000);
        assert_eq!(bench.told(|e| matches!(e, MediaEvent::NoMedia)), 1);
    }

    #[test]
    fn rtcp_keeps_a_silent_call_alive_and_hold_stops_the_clock() {
        let mut bench = Bench::new();
        bench.rtp(8, 0, &[0xD5; 160], PHONE, ms(20));
        bench.run(0, 10_000);
        bench.inbound.rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 1], "10.0.0.1:4001".parse().unwrap(), ms(10_000));
        bench.run(10_000, 24_000);
        let held = MediaPlan { direction: Direction::Inactive, ..plan() };
        bench.inbound.update(held, ms(24_000), &mut bench.out);
        bench.run(24_000, 100_000);
        bench.inbound.update(plan(), ms(100_000), &mut bench.out);
        bench.run(100_000, 114_000);
        assert_eq!(bench.told(|e| matches!(e, MediaEvent::MediaLost)), 0);
        bench.run(114_000, 120_000);
        assert_eq!(bench.told(|e| matches!(e, MediaEvent::MediaLost)), 1);
    }

    #[test]
    fn a_phone_that_turns_to_sendonly_is_on_hold_and_still_heard() {
        let mut bench = Bench::new();
        bench.rtp(8, 0, &[0xD5; 160], PHONE, ms(20));
        bench.run(0, 1_000);
        let held = MediaPlan { direction: Direction::RecvOnly, ..plan() };
        bench.inbound.update(held, ms(1_000), &mut bench.out);
        bench.run(1_000, 60_000);
        bench.rtp(8, 3_000, &[0x55; 160], PHONE, ms(60_000));
        bench.rtp(8, 3_001, &[0x55; 160], PHONE, ms(60_000));
        bench.run(60_000, 60_400);
        assert_eq!(bench.told(|e| matches!(e, MediaEvent::MediaLost)), 0);
        assert!(bench.told(|e| matches!(e, MediaEvent::Frame(f) if f.kind == FrameKind::Heard)) >= 2);
    }

    #[test]
    fn strangers_junk_and_wrong_types_are_counted_and_never_heard() {
        let mut bench = Bench::new();
        bench.rtp(8, 0, &[0x55; 160], PHONE, ms(20));
        bench.rtp(8, 1, &[0x55; 160], "6.6.6.6:4000", ms(30));
        bench.rtp(8, 1, &[0x55; 1_500], PHONE, ms(30));
        bench.rtp(96, 1, &[0x55; 160], PHONE, ms(40));
        bench.rtp(8, 2, &[], PHONE, ms(60));
        bench.inbound.rtp(&[7], PHONE.parse().unwrap(), ms(60), &mut bench.out);
        bench.inbound.rtp(&[0x80, 201, 0, 1, 0, 0, 0, 1], PHONE.parse().unwrap(), ms(60), &mut bench.out);
        bench.run(60, 400);
        let stats = bench.inbound.stats;
        assert_eq!((stats.wrong_source, stats.malformed, stats.unknown_payload, stats.rtcp_received), (1, 2, 1, 1));
        let heard: usize = bench
            .out
            .iter()
            .filter_map(|e| match e {
                MediaEvent::Frame(f) if f.kind == FrameKind::Heard => Some(f.pcm.len()),
                _ => None,
            })
            .sum();
        assert_eq!(heard, 160);
    }

    #[test]
    fn an_ipv4_peer_on_a_socket_of_both_families_is_the_same_peer() {
        assert_eq!(canonical("[::ffff:10.0.0.1]:4000".parse().unwrap()), PHONE.parse().unwrap());
    }
}
