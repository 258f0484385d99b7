//! What the caller hears: prompts in order, cut into packets of the agreed codec and packet time.
//!
//! Silence is sent between prompts so that NAT and session border controllers keep the path open; where the path is kept
//! open otherwise (ICE), one packet in twenty of it. Nothing is sent while the call is held or no address is known; a
//! prompt waits meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rtc_rtp::header::Header;
use rtc_shared::marshal::Marshal;

use super::Prompt;
use super::prompt::NARROW;
use crate::call::{Codec, MediaPlan};
use crate::codec::{self, Encoder};

const HEADER: usize = 12;
/// Longest payload we make: 60 ms of G.711 or G.722. Opus is told to stay below it and needs about half.
const MAX_PAYLOAD: usize = 480;
/// Prompts waiting at most; a call plays three in a row.
const MAX_QUEUED: usize = 64;
/// Sent at once after the task was late; what is older is skipped, its timestamps too.
const MAX_CATCH_UP: Duration = Duration::from_millis(60);

/// Packets of silence after a prompt, until the ear is at rest; from then on it is always the same one.
const FADE: u32 = 10;
/// One packet of silence in so many where the path is kept open otherwise: 400 ms, as Opus does in DTX (RFC 7587
/// section 3.1.3).
const RARELY: u32 = 20;

/// Packet time of prompts that are kept encoded, milliseconds.
const READY_MS: u32 = 20;

/// Builds the packets of one call. Times are since the session's start.
#[derive(Debug)]
pub struct Sender {
    encoder: Encoder,
    payload_type: u8,
    packet_ms: u32,
    may_send: bool,
    ssrc: u32,
    sequence: u16,
    /// Of the next packet, which is due at `next`.
    timestamp: u32,
    next: Duration,
    /// The next packet begins a talk spurt.
    marker: bool,
    /// Prompts and how far each was said, in samples at 8 kHz.
    queue: VecDeque<(Arc<Prompt>, usize)>,
    /// Newest run of prompts whose end was not told.
    run: Option<u64>,
    packets: u32,
    octets: u32,
    /// Silence is sent rarely.
    sparse: bool,
    /// Packets of silence in a row, and the length of their payload, which stays in `datagram`.
    silent: u32,
    silent_length: usize,
    pcm: Vec<i16>,
    datagram: Vec<u8>,
}

/// What one packet's time brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot<'a> {
    /// Datagram to send, if any.
    pub datagram: Option<&'a [u8]>,
    /// The queue was played to its end with this packet; the newest run in it.
    pub run_done: Option<u64>,
}

impl Sender {
    pub fn new(plan: &MediaPlan, ssrc: u32) -> Self {
        let mut random = rand::rng();
        let packet_ms = codec::packet_ms(plan.codec, plan.ptime_ms);
        let mut sender = Self {
            encoder: Encoder::new(plan.codec),
            payload_type: plan.payload_type,
            packet_ms,
            may_send: false,
            ssrc,
            sequence: random.random(),
            timestamp: random.random(),
            next: Duration::from_millis(u64::from(packet_ms)),
            marker: true,
            queue: VecDeque::new(),
            run: None,
            packets: 0,
            octets: 0,
            sparse: false,
            silent: 0,
            silent_length: 0,
            pcm: Vec::new(),
            datagram: Vec::new(),
        };
        sender.update(plan);
        sender
    }

    /// For a path that something else keeps open.
    pub fn sparse(self) -> Self {
        Self { sparse: true, ..self }
    }

    /// The media changed: hold, resume, another codec or packet time.
    pub fn update(&mut self, plan: &MediaPlan) {
        let known = plan.remote.port() != 0 && !plan.remote.ip().is_unspecified();
        let may_send = plan.direction.we_send() && known;
        self.marker |= may_send && !self.may_send;
        self.may_send = may_send;
        self.silent = 0;
        self.payload_type = plan.payload_type;
        self.packet_ms = codec::packet_ms(plan.codec, plan.ptime_ms);
        if plan.codec != self.encoder.codec() {
            self.encoder = Encoder::new(plan.codec);
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// For a sender report: the RTP timestamp of `now`, packets and payload octets so far. `None`: nothing was sent.
    pub fn sent(&self, now: Duration) -> Option<(u32, u32, u32)> {
        let ahead =
            self.next.saturating_sub(now).as_millis().saturating_mul(u128::from(self.encoder.codec().clock())) / 1_000;
        let ahead = u32::try_from(ahead).unwrap_or(0);
        (self.packets > 0).then(|| (self.timestamp.wrapping_sub(ahead), self.packets, self.octets))
    }

    /// Queues a run of prompts. False when some found no room; the end of the run is told all the same, so that
    /// nobody waits for words that never come.
    pub fn play(&mut self, run: u64, prompts: Vec<Arc<Prompt>>) -> bool {
        self.marker |= self.queue.is_empty();
        self.run = Some(run);
        let room = MAX_QUEUED.saturating_sub(self.queue.len());
        let all = prompts.len() <= room;
        self.queue.extend(prompts.into_iter().take(room).map(|prompt| (prompt, 0)));
        all
    }

    /// Empties the queue; the end of what was in it is never told.
    pub fn stop_playing(&mut self) {
        self.queue.clear();
        self.run = None;
    }

    /// Packets that are due at `now`: call `slot` as often.
    pub fn due(&mut self, now: Duration) -> u32 {
        let packet = self.packet_time();
        while now.saturating_sub(self.next) >= MAX_CATCH_UP {
            self.skip(now);
        }
        match now.checked_sub(self.next) {
            Some(late) => u32::try_from(late.as_millis() / packet.as_millis().max(1)).unwrap_or(0) + 1,
            None => 0,
        }
    }

    /// Builds the packet that is due.
    pub fn slot(&mut self) -> Slot<'_> {
        let timestamp = self.timestamp;
        self.step(1);
        if !self.may_send {
            return Slot { datagram: None, run_done: None };
        }
        self.silent = if self.queue.is_empty() { self.silent.saturating_add(1) } else { 0 };
        let ready_made = self.ready_made();
        if ready_made.is_none() {
            self.next_sound();
        }
        let run_done = if self.queue.is_empty() { self.run.take() } else { None };
        if self.sparse && self.silent > FADE && !self.silent.is_multiple_of(RARELY) {
            return Slot { datagram: None, run_done };
        }
        let header = Header {
            version: 2,
            marker: std::mem::take(&mut self.marker),
            payload_type: self.payload_type,
            sequence_number: self.sequence,
            timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.datagram.resize(HEADER + MAX_PAYLOAD, 0);
        let Some((head, payload)) = self.datagram.split_at_mut_checked(HEADER) else {
            return Slot { datagram: None, run_done };
        };
        // To encode silence costs Opus as much as speech.
        let again = self.silent > FADE && self.encoder.codec() == Codec::Opus && self.silent_length > 0;
        let length = match &ready_made {
            Some((prompt, packet)) => copy(prompt.opus().get(*packet).map_or(&[], |packet| packet), payload),
            None if again => self.silent_length,
            None => self.encoder.encode(&self.pcm, payload),
        };
        self.silent_length = if self.silent > 0 { length } else { 0 };
        let built = header.marshal_to(head).is_ok() && length > 0;
        if built {
            self.packets = self.packets.wrapping_add(1);
            self.octets = self.octets.wrapping_add(u32::try_from(length).unwrap_or(0));
        }
        Slot { datagram: self.datagram.get(..HEADER + length).filter(|_| built), run_done }
    }

    /// Packets whose time passed unused.
    fn skip(&mut self, now: Duration) {
        let late = now.saturating_sub(self.next).saturating_sub(MAX_CATCH_UP).as_millis();
        let packets = late / self.packet_time().as_millis().max(1) + 1;
        self.step(u32::try_from(packets).unwrap_or(u32::MAX));
    }

    fn step(&mut self, packets: u32) {
        let units = self.encoder.codec().clock() / 1_000 * self.packet_ms;
        // The RTP timestamp wraps.
        self.timestamp = self.timestamp.wrapping_add(units.wrapping_mul(packets));
        self.next += self.packet_time() * packets;
    }

    fn packet_time(&self) -> Duration {
        Duration::from_millis(u64::from(self.packet_ms))
    }

    /// The next packet where prompts are kept in the very form it takes.
    fn ready_made(&mut self) -> Option<(Arc<Prompt>, usize)> {
        if self.encoder.codec() != Codec::Opus || self.packet_ms != READY_MS {
            return None;
        }
        let (prompt, said) = self.queue.front_mut()?;
        let samples = usize::try_from(NARROW / 1_000 * READY_MS).unwrap_or(1);
        let (prompt, packet) = (prompt.clone(), *said / samples);
        *said += samples;
        if packet + 1 >= prompt.opus().len() {
            self.queue.pop_front();
        }
        Some((prompt, packet))
    }

    /// The next packet's sound: prompts back to back, then silence.
    fn next_sound(&mut self) {
        let rate = self.encoder.codec().rate();
        let scale = usize::try_from(rate / NARROW).unwrap_or(1).max(1);
        let length = usize::try_from(rate / 1_000 * self.packet_ms).unwrap_or(0);
        self.pcm.clear();
        while let Some((prompt, said)) = self.queue.front_mut() {
            let rest = prompt.pcm(rate).get(*said * scale..).unwrap_or(&[]);
            let count = rest.len().min(length - self.pcm.len());
            self.pcm.extend(rest.iter().take(count));
            *said += count.div_ceil(scale);
            if count < rest.len() {
                break;
            }
            self.queue.pop_front();
        }
        self.pcm.resize(length, 0);
    }
}

/// As much as there is room for; its length.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    to.iter_mut().zip(from).map(|(to, from)| *to = *from).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Direction;
    use crate::codec::Decoder;
    use crate::media::packet::parse;

    fn plan(direction: Direction) -> MediaPlan {
        MediaPlan {
            codec: Codec::Pcmu,
            payload_type: 0,
            dtmf_payload_type: None,
            remote: "127.0.0.1:4000".parse().unwrap(),
            remote_rtcp: "127.0.0.1:4001".parse().unwrap(),
            rtcp_mux: false,
            signalled_from: None,
            noise_payload_type: None,
            direction,
            ptime_ms: 20,
        }
    }

    fn prompt(samples: usize) -> Arc<Prompt> {
        Arc::new(Prompt::new(vec![4_000; samples], "hello".into()))
    }

    #[test]
    fn prompts_play_back_to_back_and_then_silence_keeps_the_path_open() {
        let mut sender = Sender::new(&plan(Direction::SendRecv), 7);
        assert!(sender.play(1, vec![prompt(200), prompt(200)]));
        let mut loud = 0;
        let mut done_at = None;
        let mut last: Option<(u16, u32)> = None;
        for n in 0..6 {
            let slot = sender.slot();
            if let Some(run) = slot.run_done {
                done_at = Some((n, run));
            }
            let packet = parse(slot.datagram.unwrap()).unwrap();
            loud +=
                Decoder::new(Codec::Pcmu, 8_000).decode(packet.payload).unwrap().iter().filter(|s| **s > 3_000).count();
            assert_eq!(packet.marker, n == 0);
            if let Some((sequence, timestamp)) = last {
                assert_eq!(packet.sequence, sequence.wrapping_add(1));
                assert_eq!(packet.timestamp, timestamp.wrapping_add(160));
            }
            last = Some((packet.sequence, packet.timestamp));
        }
        assert_eq!((loud, done_at), (400, Some((2, 1))));
    }

    #[test]
    fn nothing_leaves_while_held_and_the_prompt_waits() {
        let mut sender = Sender::new(&plan(Direction::Inactive), 7);
        sender.play(1, vec![prompt(160)]);
        assert_eq!(sender.slot(), Slot { datagram: None, run_done: None });
        let mut nowhere = plan(Direction::SendRecv);
        nowhere.remote = "0.0.0.0:4000".parse().unwrap();
        sender.update(&nowhere);
        assert_eq!(sender.slot().datagram, None);
        sender.update(&plan(Direction::SendRecv));
        assert_eq!(sender.slot().run_done, Some(1));
    }

    #[test]
    fn silenced_prompts_never_count_as_said_and_the_words_after_them_do() {
        let mut sender = Sender::new(&plan(Direction::SendRecv), 7);
        sender.play(1, vec![prompt(800)]);
        assert_eq!(sender.slot().run_done, None);
        sender.stop_playing();
        assert_eq!(sender.slot().run_done, None);
        sender.play(2, vec![prompt(160)]);
        sender.play(3, vec![prompt(160)]);
        assert_eq!(sender.slot().run_done, None);
        assert_eq!(sender.slot().run_done, Some(3));
        assert_eq!(sender.slot().run_done, None);
    }

    #[test]
    fn nobody_waits_for_words_that_are_none_or_found_no_room() {
        let mut sender = Sender::new(&plan(Direction::SendRecv), 7);
        assert!(sender.play(1, Vec::new()));
        assert_eq!(sender.slot().run_done, Some(1));
        assert!(!sender.play(2, vec![prompt(160); MAX_QUEUED + 1]));
        let ends: Vec<_> = (0..MAX_QUEUED + 3).filter_map(|_| sender.slot().run_done).collect();
        assert_eq!(ends, [2]);
    }

    #[test]
    fn a_late_task_catches_up_a_little_and_skips_the_rest() {
        let mut sender = Sender::new(&plan(Direction::SendRecv), 7);
        assert_eq!(sender.due(Duration::from_millis(19)), 0);
        assert_eq!(sender.due(Duration::from_millis(45)), 2);
        sender.slot();
        sender.slot();
        assert_eq!(sender.due(Duration::from_secs(2)), 3);
        for _ in 0..3 {
            sender.slot();
        }
        assert_eq!(sender.due(Duration::from_secs(2)), 0);
    }

    #[test]
    fn every_codec_and_packet_time_says_the_whole_prompt_in_time() {
        for codec in Codec::ALL {
            for ptime_ms in [10, 20, 30, 40, 60] {
                let mut sender = Sender::new(&MediaPlan { codec, ptime_ms, ..plan(Direction::SendRecv) }, 7);
                // A tone: Opus leaves out what does not swing.
                let tone = |samples| (0..samples).map(|n| if n % 16 < 8 { 8_000 } else { -8_000 }).collect();
                sender.play(1, [4_001, 3_999].map(|n| Arc::new(Prompt::new(tone(n), String::new()))).into());
                let mut decoder = Decoder::new(codec, codec.rate());
                let per_ms = usize::try_from(codec.rate() / 1_000).unwrap();
                let (mut loud, mut units, mut first, mut done) = (0, 0, None, None);
                for now in (0..=2_400).step_by(20).map(Duration::from_millis) {
                    for _ in 0..sender.due(now) {
                        let slot = sender.slot();
                        if slot.run_done.is_some() {
                            done = Some(now);
                        }
                        let packet = parse(slot.datagram.unwrap()).unwrap();
                        let first = *first.get_or_insert(packet.timestamp);
                        assert_eq!(packet.timestamp.wrapping_sub(first), units, "{codec:?} {ptime_ms}");
                        units += codec::duration(codec, packet.payload).unwrap();
                        let pcm = decoder.decode(packet.payload).unwrap();
                        loud += pcm.chunks(per_ms).filter(|ms| ms.iter().any(|s| s.abs() > 2_000)).count();
                    }
                }
                assert!((960..=1_020).contains(&loud), "{codec:?} {ptime_ms}: {loud} ms");
                let done = done.unwrap().as_millis();
                assert!((1_000..=1_080).contains(&done), "{codec:?} {ptime_ms}: {done}");
                let sent_ms = u64::from(units) * 1_000 / u64::from(codec.clock());
                assert!(sent_ms.abs_diff(2_400) <= 60, "{codec:?} {ptime_ms}: {sent_ms}");
            }
        }
    }

    #[test]
    fn where_the_path_is_kept_open_silence_is_rare_and_the_next_words_come_whole() {
        let plan = MediaPlan { codec: Codec::Opus, ..plan(Direction::SendRecv) };
        let mut sender = Sender::new(&plan, 7).sparse();
        let sent = |sender: &mut Sender, slots: usize| {
            (0..slots).filter_map(|_| Some(parse(sender.slot().datagram?).unwrap().marker)).collect::<Vec<_>>()
        };
        assert_eq!(sent(&mut sender, 200).len(), 10 + 10, "a fade, then one in twenty");
        sender.play(1, vec![prompt(1_600)]);
        let words = sent(&mut sender, 10);
        assert_eq!((words.len(), words[0]), (10, true));
        assert_eq!(sent(&mut sender, 10).len(), 10, "the fade");
        assert_eq!(sent(&mut sender, 100).len(), 5);
    }

    #[test]
    fn a_prompt_goes_on_where_it_was_when_the_codec_changes() {
        let mut sender = Sender::new(&plan(Direction::SendRecv), 7);
        sender.play(1, vec![prompt(1_600)]);
        for _ in 0..5 {
            assert_eq!(sender.slot().run_done, None);
        }
        sender.update(&MediaPlan { codec: Codec::G722, payload_type: 9, ..plan(Direction::SendRecv) });
        let ends: Vec<_> = (0..10).filter(|_| sender.slot().run_done.is_some()).collect();
        assert_eq!(ends, [4]);
    }
}
