//! The receiving side of one call with everything it let out, and packets to feed it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use heardline::call::{Codec, Direction, FrameKind, MediaPlan, MediaSpan, MediaTime};
use heardline::codec::Encoder;
use heardline::media::inbound::Inbound;
use heardline::media::{MediaEvent, MediaRules, MediaStats};

pub const PHONE: &str = "10.0.0.1:4000";
const TICK: Duration = Duration::from_millis(20);

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub fn plan(codec: Codec) -> MediaPlan {
    MediaPlan {
        codec,
        payload_type: codec.static_payload_type().unwrap_or(111),
        noise_payload_type: Some(13),
        dtmf_payload_type: Some(101),
        remote: PHONE.parse().unwrap(),
        remote_rtcp: "10.0.0.1:4001".parse().unwrap(),
        rtcp_mux: false,
        signalled_from: None,
        direction: Direction::SendRecv,
        ptime_ms: 20,
    }
}

/// One RTP packet with everything a test may want to change.
#[derive(Clone, Debug)]
pub struct Packet {
    pub payload_type: u8,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload: Vec<u8>,
    pub csrcs: u8,
    /// Profile and words of a header extension.
    pub extension: Option<(u16, Vec<u8>)>,
    pub padding: u8,
}

impl Packet {
    pub fn new(payload_type: u8, sequence: u16, timestamp: u32, payload: Vec<u8>) -> Self {
        Self {
            payload_type,
            marker: false,
            sequence,
            timestamp,
            ssrc: 1,
            payload,
            csrcs: 0,
            extension: None,
            padding: 0,
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let first = 0x80
            | self.csrcs
            | if self.extension.is_some() { 0x10 } else { 0 }
            | if self.padding > 0 { 0x20 } else { 0 };
        let mut out = vec![first, (u8::from(self.marker) << 7) | self.payload_type];
        out.extend(self.sequence.to_be_bytes());
        out.extend(self.timestamp.to_be_bytes());
        out.extend(self.ssrc.to_be_bytes());
        for n in 0..self.csrcs {
            out.extend([9, 9, 9, n]);
        }
        if let Some((profile, words)) = &self.extension {
            out.extend(profile.to_be_bytes());
            out.extend(u16::try_from(words.len() / 4).unwrap().to_be_bytes());
            out.extend(words);
        }
        out.extend(&self.payload);
        if self.padding > 0 {
            out.resize(out.len() + usize::from(self.padding) - 1, 0);
            out.push(self.padding);
        }
        out
    }
}

pub struct Receiver {
    pub inbound: Inbound,
    rate: u32,
    now: Duration,
    out: VecDeque<MediaEvent>,
    pub pcm: Vec<i16>,
    /// What each sample is made of.
    pub kinds: Vec<FrameKind>,
    pub keys: String,
}

impl Receiver {
    pub fn new(plan: MediaPlan) -> Self {
        let rate = plan.codec.rate();
        let patient = Duration::from_secs(3_600);
        let rules = MediaRules { no_media: patient, media_lost: patient, nat_learning: true };
        Self {
            inbound: Inbound::new(plan, rules, 99),
            rate,
            now: Duration::ZERO,
            out: VecDeque::new(),
            pcm: Vec::new(),
            kinds: Vec::new(),
            keys: String::new(),
        }
    }

    /// Ticks up to `at`, then takes the datagram.
    pub fn datagram(&mut self, bytes: &[u8], at: Duration) {
        self.run(at);
        self.inbound.rtp(bytes, PHONE.parse::<SocketAddr>().unwrap(), at, &mut self.out);
        self.collect();
    }

    /// Ticks every 20 ms up to `at`.
    pub fn run(&mut self, at: Duration) {
        while self.now + TICK <= at {
            self.now += TICK;
            self.inbound.tick(self.now, &mut self.out);
            self.collect();
        }
    }

    pub fn finish(&mut self, at: Duration) -> MediaStats {
        self.run(at);
        self.inbound.finish(at, &mut self.out);
        self.collect();
        self.inbound.stats()
    }

    /// Events that were let out elsewhere.
    pub fn take(&mut self, events: VecDeque<MediaEvent>) {
        self.out.extend(events);
        self.collect();
    }

    /// Stretches of concealment, joined.
    pub fn concealed(&self) -> Vec<MediaSpan> {
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for (at, _) in self.kinds.iter().enumerate().filter(|(_, kind)| **kind == FrameKind::Concealed) {
            match spans.last_mut() {
                Some((_, end)) if *end == at => *end = at + 1,
                _ => spans.push((at, at + 1)),
            }
        }
        let time = |at: usize| MediaTime::from_samples(at as u64, self.rate);
        spans.into_iter().map(|(start, end)| MediaSpan::new(time(start), time(end))).collect()
    }

    pub fn per_ms(&self) -> usize {
        usize::try_from(self.rate / 1_000).unwrap()
    }

    fn collect(&mut self) {
        let per_ms = self.per_ms();
        while let Some(event) = self.out.pop_front() {
            match event {
                MediaEvent::Frame(frame) => {
                    assert_eq!(frame.rate, self.rate);
                    assert_eq!(frame.at.as_samples(self.rate), self.pcm.len() as u64, "frames must join");
                    self.kinds.resize(self.kinds.len() + frame.pcm.len(), frame.kind);
                    self.pcm.extend(frame.pcm);
                }
                MediaEvent::NotLost(span) => {
                    let at = |time: MediaTime| usize::try_from(time.as_millis()).unwrap() * per_ms;
                    let end = at(span.end).min(self.kinds.len());
                    self.kinds[at(span.start)..end].fill(FrameKind::Silence);
                }
                MediaEvent::Dtmf { digit, .. } => self.keys.push(digit),
                _ => {}
            }
        }
    }
}

/// `seconds` of a swinging tone whose pitch and level change, cut into payloads of `packet_ms`.
pub fn payloads(codec: Codec, packet_ms: u32, seconds: u32) -> Vec<Vec<u8>> {
    let rate = codec.rate();
    let mut phase = 0.0_f64;
    let pcm: Vec<i16> = (0..rate * seconds)
        .map(|n| {
            let time = f64::from(n) / f64::from(rate);
            phase += (300.0 + 200.0 * (time * 2.0).sin()) / f64::from(rate);
            let level = 3_000.0 + 2_500.0 * (time * 5.0).sin();
            ((phase * std::f64::consts::TAU).sin() * level) as i16
        })
        .collect();
    let mut encoder = Encoder::new(codec);
    pcm.chunks_exact(usize::try_from(rate / 1_000 * packet_ms).unwrap())
        .map(|frame| {
            let mut out = vec![0; 1_000];
            let length = encoder.encode(frame, &mut out);
            out.truncate(length);
            out
        })
        .collect()
}
