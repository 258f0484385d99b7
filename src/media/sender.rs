//! Prompts and comfort silence toward the caller, one packet every 20 ms.
//!
//! Silence is sent between prompts so that NAT and session border controllers keep the path open. Nothing is sent
//! while the call is held or no address is known; a prompt waits meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rtc_rtp::header::Header;
use rtc_shared::marshal::Marshal;

use super::Prompt;
use super::codec;
use crate::call::{Codec, MediaPlan};

/// Samples and, for G.711, payload bytes of one packet.
const PACKET: usize = 160;
const PACKET_TIME: Duration = Duration::from_millis(20);
const HEADER: usize = 12;
/// Prompts waiting at most; a call plays three in a row.
const MAX_QUEUED: usize = 64;
/// Packets sent at once after the task was late; older ones are skipped, their timestamps too.
const MAX_CATCH_UP: u64 = 3;

/// Builds the packets of one call. Times are since the session's start.
#[derive(Debug)]
pub struct Sender {
    codec: Codec,
    payload_type: u8,
    may_send: bool,
    ssrc: u32,
    sequence: u16,
    first_timestamp: u32,
    /// 20 ms slots since start that were sent or skipped.
    slots: u64,
    /// The next packet begins a talk spurt.
    marker: bool,
    queue: VecDeque<(Arc<Prompt>, usize)>,
    /// Newest run of prompts whose end was not told.
    run: Option<u64>,
    datagram: [u8; HEADER + PACKET],
}

/// What one slot brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot<'a> {
    /// Datagram to send, if any.
    pub datagram: Option<&'a [u8]>,
    /// The queue was played to its end with this packet; the newest run in it.
    pub run_done: Option<u64>,
}

impl Sender {
    pub fn new(plan: &MediaPlan) -> Self {
        let mut random = rand::rng();
        let mut sender = Self {
            codec: plan.codec,
            payload_type: plan.payload_type,
            may_send: false,
            ssrc: random.random(),
            sequence: random.random(),
            first_timestamp: random.random(),
            slots: 0,
            marker: true,
            queue: VecDeque::new(),
            run: None,
            datagram: [0; HEADER + PACKET],
        };
        sender.update(plan);
        sender
    }

    /// The media changed: hold, resume or another codec.
    pub fn update(&mut self, plan: &MediaPlan) {
        let known = plan.remote.port() != 0 && !plan.remote.ip().is_unspecified();
        let may_send = plan.direction.we_send() && known;
        self.marker |= may_send && !self.may_send;
        self.may_send = may_send;
        self.codec = plan.codec;
        self.payload_type = plan.payload_type;
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
    pub fn due(&mut self, now: Duration) -> u64 {
        let reached = u64::try_from(now.as_millis() / PACKET_TIME.as_millis()).unwrap_or(u64::MAX);
        let due = reached.saturating_sub(self.slots);
        let skipped = due.saturating_sub(MAX_CATCH_UP);
        self.slots += skipped;
        due - skipped
    }

    /// Builds the packet of the next slot.
    pub fn slot(&mut self) -> Slot<'_> {
        let slot = self.slots;
        self.slots += 1;
        if !self.may_send {
            return Slot { datagram: None, run_done: None };
        }
        let pcm = self.next_sound();
        let run_done = if self.queue.is_empty() { self.run.take() } else { None };
        let header = Header {
            version: 2,
            marker: std::mem::take(&mut self.marker),
            payload_type: self.payload_type,
            sequence_number: self.sequence,
            // The low 32 bits are the RTP timestamp's wrap.
            timestamp: self.first_timestamp.wrapping_add(low_bits(slot.wrapping_mul(160))),
            ssrc: self.ssrc,
            ..Header::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        let (head, payload) = self.datagram.split_at_mut(HEADER);
        let built = header.marshal_to(head).is_ok();
        codec::encode(self.codec, &pcm, payload);
        Slot { datagram: built.then_some(&self.datagram), run_done }
    }

    /// The next 20 ms: prompts back to back, then silence.
    fn next_sound(&mut self) -> [i16; PACKET] {
        let mut pcm = [0; PACKET];
        let mut filled = 0;
        while let Some((prompt, at)) = self.queue.front_mut() {
            let rest = prompt.pcm.get(*at..).unwrap_or(&[]);
            let room = pcm.get_mut(filled..).unwrap_or(&mut []);
            let count = rest.len().min(room.len());
            room.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            filled += count;
            *at += count;
            if *at < prompt.pcm.len() {
                break;
            }
            self.queue.pop_front();
        }
        pcm
    }
}

fn low_bits(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Direction;
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
        Arc::new(Prompt { pcm: vec![4_000; samples], text: "hello".into() })
    }

    #[test]
    fn prompts_play_back_to_back_and_then_silence_keeps_the_path_open() {
        let mut sender = Sender::new(&plan(Direction::SendRecv));
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
            loud += codec::decode(Codec::Pcmu, packet.payload).iter().filter(|s| **s > 3_000).count();
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
        let mut sender = Sender::new(&plan(Direction::Inactive));
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
        let mut sender = Sender::new(&plan(Direction::SendRecv));
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
        let mut sender = Sender::new(&plan(Direction::SendRecv));
        assert!(sender.play(1, Vec::new()));
        assert_eq!(sender.slot().run_done, Some(1));
        assert!(!sender.play(2, vec![prompt(160); MAX_QUEUED + 1]));
        let ends: Vec<_> = (0..MAX_QUEUED + 3).filter_map(|_| sender.slot().run_done).collect();
        assert_eq!(ends, [2]);
    }

    #[test]
    fn a_late_task_catches_up_a_little_and_skips_the_rest() {
        let mut sender = Sender::new(&plan(Direction::SendRecv));
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
}
