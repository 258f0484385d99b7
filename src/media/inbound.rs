//! A datagram's way from the socket to the timeline, and the watch over media that never came or stopped.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::dtmf::{DtmfReader, EventPacket, Press};
use super::jitter::Content;
use super::latch::{Latch, Learning};
use super::no_audio::NoAudioWatch;
use super::packet::{self, PacketError, RtpPacket};
use super::reception::Reception;
use super::reporter::Reporter;
use super::rtcp;
use super::session::MediaRules;
use super::timeline::Timeline;
use super::{MediaEvent, MediaStats};
use crate::call::{AudioFrame, Codec, Direction, FrameKind, MediaPlan};
use crate::codec;

/// Comfort noise (RFC 3389), static payload type.
const COMFORT_NOISE: u8 = 13;

/// Everything that is received in one call. Times are since the session's start.
#[derive(Debug)]
pub struct Inbound {
    plan: MediaPlan,
    /// Payload type and codec before the last change, until the first packet of the new one: what was under way when
    /// the change was agreed is heard too.
    before: Option<(u8, Codec)>,
    rules: MediaRules,
    latch: Latch,
    timeline: Timeline,
    dtmf: DtmfReader,
    reception: Reception,
    reporter: Reporter,
    /// Where the caller's reports come from, once one came.
    rtcp_from: Option<SocketAddr>,
    watch: NoAudioWatch,
    ssrc: Option<u32>,
    /// Another SSRC that was seen once: believed with its second packet in a row.
    stray: Option<u32>,
    /// Nothing is expected from the peer.
    held: bool,
    /// The caller is being passed on: no sound of theirs is missed.
    away: bool,
    /// First and newest sign of life that counts for the timeouts.
    heard_rtp: bool,
    alive: Duration,
    told: bool,
    frames: VecDeque<AudioFrame>,
    stats: MediaStats,
}

impl Inbound {
    /// The frames have the rate of `plan`'s codec, whatever codec follows. `ssrc`: what we send with.
    pub fn new(plan: MediaPlan, rules: MediaRules, ssrc: u32) -> Self {
        let held = !plan.direction.we_receive();
        let rate = plan.codec.rate();
        let learning = Learning::new(rules.nat_learning, plan.signalled_from);
        let mut inbound = Self {
            latch: Latch::new(plan.remote, learning, Duration::ZERO),
            timeline: Timeline::new(rate, plan.codec),
            before: None,
            rules,
            dtmf: DtmfReader::default(),
            reception: Reception::default(),
            reporter: Reporter::new(ssrc),
            rtcp_from: None,
            watch: NoAudioWatch::default(),
            ssrc: None,
            stray: None,
            held: false,
            away: false,
            heard_rtp: false,
            alive: Duration::ZERO,
            told: false,
            frames: VecDeque::new(),
            stats: MediaStats { rate, codec: Some(plan.codec), ..MediaStats::default() },
            plan,
        };
        inbound.set_held(held, Duration::ZERO);
        inbound
    }

    /// Where to send sound to.
    pub fn target(&self) -> SocketAddr {
        self.latch.target()
    }

    /// Where to send reports to, and whether through the RTP port. `None`: nowhere yet.
    pub fn rtcp_target(&self) -> Option<(SocketAddr, bool)> {
        let (target, muxed) = match self.rtcp_from {
            _ if self.plan.rtcp_mux => (self.latch.target(), true),
            // Behind NAT the address in the SDP leads nowhere; the caller's own reports show the way.
            from if self.latch.is_learned() => (from?, false),
            _ => (self.plan.remote_rtcp, false),
        };
        (target.port() != 0 && !target.ip().is_unspecified()).then_some((target, muxed))
    }

    /// Counters so far.
    pub fn stats(&self) -> MediaStats {
        let (jitter_mean_us, jitter_max_us) = self.reception.jitter_us();
        let (remote_lost, remote_jitter) = self.reporter.remote();
        let clock = u64::from(self.plan.codec.clock());
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        MediaStats {
            jitter_mean_us,
            jitter_max_us,
            round_trip_us: self.reporter.round_trip().map(micros),
            remote_lost,
            remote_jitter_us: remote_jitter.map(|units| u64::from(units) * 1_000_000 / clock),
            ..self.stats
        }
    }

    /// A datagram on the RTP port.
    pub fn rtp(&mut self, datagram: &[u8], from: SocketAddr, now: Duration, out: &mut VecDeque<MediaEvent>) {
        let from = canonical(from);
        match packet::parse(datagram) {
            Ok(rtp) if self.latch.accept(from, rtp.ssrc, rtp.sequence, now) => self.take(&rtp, now, out),
            Ok(_) => self.stats.wrong_source += 1,
            Err(PacketError::Rtcp) => self.rtcp(datagram, from, now),
            Err(_) => self.stats.malformed += 1,
        }
    }

    /// An RTP packet of a peer that has proved itself.
    pub fn carried(&mut self, packet: &[u8], now: Duration, out: &mut VecDeque<MediaEvent>) {
        match packet::parse(packet) {
            Ok(rtp) => self.take(&rtp, now, out),
            Err(_) => self.stats.malformed += 1,
        }
    }

    fn take(&mut self, rtp: &RtpPacket<'_>, now: Duration, out: &mut VecDeque<MediaEvent>) {
        self.alive = now;
        self.told = false;
        if !self.plan.direction.we_receive() {
            self.stats.while_held += 1;
            return;
        }
        let codec = self.codec_of(rtp.payload_type);
        if codec.is_some_and(|codec| !rtp.payload.is_empty() && codec::duration(codec, rtp.payload).is_none()) {
            self.stats.bad_payload += 1;
            return;
        }
        self.stats.packets_received += 1;
        self.heard_rtp = true;
        if self.belongs(rtp.ssrc, out) {
            let timed = codec.map(|codec| (rtp.timestamp, codec.clock()));
            self.reception.packet(rtp.ssrc, rtp.sequence, timed, now);
        }
        let content = self.content(rtp, codec, now, out);
        let place = (rtp.sequence, rtp.timestamp, rtp.ssrc);
        self.timeline.push(place, content, now, &mut self.stats, &mut self.frames);
        self.let_out(out);
    }

    /// A datagram on the RTCP port, or RTCP on the RTP port: a sign of life, and what the peer reports.
    pub fn rtcp(&mut self, datagram: &[u8], from: SocketAddr, now: Duration) {
        let from = canonical(from);
        let Ok(received) = rtcp::parse(datagram, self.reporter.ssrc()) else {
            self.stats.malformed += 1;
            return;
        };
        if !self.latch.is_callers_host(from) {
            self.stats.wrong_source += 1;
            return;
        }
        self.rtcp_from = Some(from);
        self.heed(&received, now);
    }

    /// RTCP of a peer that has proved itself.
    pub fn carried_rtcp(&mut self, packet: &[u8], now: Duration) {
        match rtcp::parse(packet, self.reporter.ssrc()) {
            Ok(received) => self.heed(&received, now),
            Err(_) => self.stats.malformed += 1,
        }
    }

    fn heed(&mut self, received: &rtcp::Received, now: Duration) {
        self.stats.rtcp_received += 1;
        // A BYE is no sign of life, and no end: that is said by SIP, where it cannot be forged by a packet.
        if !received.goodbye {
            self.alive = now;
        }
        self.reporter.heard(received, now);
    }

    /// Our report, when one is due. `sent`: as [`super::sender::Sender::sent`] tells it.
    pub fn report(&mut self, sent: Option<(u32, u32, u32)>, now: Duration) -> Option<Vec<u8>> {
        self.reporter.due(now).then(|| self.reporter.report(now, sent, &mut self.reception, false))
    }

    /// Our last report.
    pub fn goodbye(&mut self, sent: Option<(u32, u32, u32)>, now: Duration) -> Vec<u8> {
        self.reporter.report(now, sent, &mut self.reception, true)
    }

    /// Lets out what is due and checks the timeouts. Call it every 20 ms.
    pub fn tick(&mut self, now: Duration, out: &mut VecDeque<MediaEvent>) {
        self.timeline.tick(now, &mut self.stats, &mut self.frames);
        self.let_out(out);
        let press = self.dtmf.poll(now);
        self.tell(press, out);
        if self.held || self.away {
            return;
        }
        if let Some(reason) = self.watch.tick(now, self.heard_rtp) {
            self.stats.no_audio = Some(reason);
            out.push_back(MediaEvent::NoAudio(reason));
        }
        if self.told {
            return;
        }
        let silent = now.saturating_sub(self.alive);
        if !self.heard_rtp && now >= self.rules.no_media && silent >= self.rules.no_media {
            self.told = true;
            out.push_back(MediaEvent::NoMedia);
        } else if self.heard_rtp && silent >= self.rules.media_lost {
            self.told = true;
            out.push_back(MediaEvent::MediaLost);
        }
    }

    /// A re-INVITE changed the media. The same plan again (a session refresh) changes nothing.
    pub fn update(&mut self, plan: MediaPlan, now: Duration, out: &mut VecDeque<MediaEvent>) {
        if plan == self.plan {
            return;
        }
        if plan.remote != self.plan.remote {
            self.timeline.other_stream(now, &mut self.stats, &mut self.frames);
            self.before = None;
            self.rtcp_from = None;
        } else if (plan.payload_type, plan.codec) != (self.plan.payload_type, self.plan.codec) {
            self.before = Some((self.plan.payload_type, self.plan.codec));
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

    /// While the caller is away the timeouts rest; they begin anew when the caller is back.
    pub fn set_away(&mut self, away: bool, now: Duration) {
        self.away = away;
        self.alive = now;
        self.told = false;
        self.watch.resume(now);
    }

    /// The call ended: everything up to now is let out.
    pub fn finish(&mut self, now: Duration, out: &mut VecDeque<MediaEvent>) {
        self.timeline.finish(now, &mut self.stats, &mut self.frames);
        self.let_out(out);
        let press = self.dtmf.restart();
        self.tell(press, out);
    }

    fn set_held(&mut self, held: bool, now: Duration) {
        if held != self.held {
            self.timeline.hold(held, now, &mut self.stats, &mut self.frames);
            self.held = held;
            // The timeouts begin anew with the resume.
            self.alive = now;
            self.told = false;
            self.watch.resume(now);
        }
    }

    /// Whether an SSRC is the stream's; ends the key of a stream that ended.
    fn belongs(&mut self, ssrc: u32, out: &mut VecDeque<MediaEvent>) -> bool {
        if self.ssrc == Some(ssrc) {
            self.stray = None;
            return true;
        }
        if self.ssrc.is_some() && self.stray.replace(ssrc) != Some(ssrc) {
            return false;
        }
        if self.ssrc.replace(ssrc).is_some() {
            let press = self.dtmf.restart();
            self.tell(press, out);
        }
        true
    }

    /// The codec of a payload type that was agreed for sound.
    fn codec_of(&mut self, payload_type: u8) -> Option<Codec> {
        if payload_type == self.plan.payload_type {
            self.before = None;
            self.stats.codec = Some(self.plan.codec);
            return Some(self.plan.codec);
        }
        self.before.filter(|(before, _)| *before == payload_type).map(|(_, codec)| codec)
    }

    fn content(
        &mut self,
        rtp: &RtpPacket<'_>,
        codec: Option<Codec>,
        now: Duration,
        out: &mut VecDeque<MediaEvent>,
    ) -> Content {
        let payload_type = Some(rtp.payload_type);
        match codec {
            Some(_) if rtp.payload.is_empty() => Content::Nothing,
            Some(codec) if codec::is_untransmitted(codec, rtp.payload) => Content::Quiet,
            Some(codec) => Content::Audio(codec, rtp.payload.to_vec()),
            None if payload_type == self.plan.dtmf_payload_type => {
                let RtpPacket { payload, timestamp, sequence, marker, .. } = *rtp;
                let press = self.dtmf.handle(EventPacket { payload, timestamp, sequence, marker }, now);
                self.tell(press, out);
                Content::Quiet
            }
            None if payload_type == self.plan.noise_payload_type || rtp.payload_type == COMFORT_NOISE => Content::Quiet,
            None => {
                self.stats.unknown_payload += 1;
                Content::Unheard
            }
        }
    }

    fn tell(&mut self, press: Option<Press>, out: &mut VecDeque<MediaEvent>) {
        let Some(Press { digit, at }) = press else { return };
        self.watch.settle();
        out.push_back(MediaEvent::Dtmf { digit, at });
    }

    fn let_out(&mut self, out: &mut VecDeque<MediaEvent>) {
        for frame in self.frames.drain(..) {
            if frame.kind == FrameKind::Heard {
                self.watch.heard(&frame.pcm);
            }
            out.push_back(MediaEvent::Frame(frame));
        }
        while let Some(span) = self.timeline.cleared() {
            out.push_back(MediaEvent::NotLost(span));
        }
    }
}

/// As SDP writes it: a socket of both families tells IPv4 peers as `::ffff:a.b.c.d`.
fn canonical(from: SocketAddr) -> SocketAddr {
    SocketAddr::new(from.ip().to_canonical(), from.port())
}

#[cfg(test)]
#[path = "inbound_tests.rs"]
mod tests;
