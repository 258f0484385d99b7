//! Makes recordings clock-true: every sample stands where our monotonic clock says it was spoken.
//!
//! Position zero is the session's start. A packet's place follows from its RTP timestamp through an anchor that is
//! set by the first packet's arrival and moved only to follow the sender's clock. What no packet covers is filled:
//! silence where the caller was silent on purpose, marked concealment where sound was lost.

use std::collections::VecDeque;
use std::time::Duration;

use super::MediaStats;
use super::assemble::Assembler;
use super::conceal::Concealer;
use super::drift::Drift;
use super::jitter::{Content, Jitter, Pushed, Released};
use crate::call::{AudioFrame, FrameKind};

/// Frames leave at most this far behind real time, plus one fill step and one tick: under 200 ms.
pub const MAX_LAG: Duration = Duration::from_millis(150);
/// Ahead of its arrival by more than this, a packet's timestamp has jumped.
const EARLY: i64 = 1_600;
/// A new anchor may move a packet back by this much so that it joins what was already let out.
const JOIN: i64 = 320;
/// Packets in a row whose place was filled before they came: the path or the timestamps jumped.
const LATE_RUN: u32 = 10;
/// Samples filled at a time: 20 ms.
const STEP: u64 = 160;
/// Loudest sample of what counts as quiet (about -40 dBFS), where a correction is not heard.
const QUIET: u16 = 300;

/// Why no packet is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absence {
    /// Before the first packet.
    NotYet,
    /// Sound was flowing: what is missing is lost.
    Lost,
    /// Comfort noise or a key press was the last thing sent.
    Quiet,
    Held,
}

/// The timeline of one call. Times are since the session's start.
#[derive(Debug)]
pub struct Timeline {
    rate: u32,
    jitter: Jitter,
    concealer: Concealer,
    drift: Drift,
    assembler: Assembler,
    /// Position of timestamp zero; `None` until a packet sets it.
    anchor: Option<i64>,
    absence: Absence,
    late_run: u32,
    /// Samples of the newest audio packet.
    packet_length: i64,
}

impl Timeline {
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            jitter: Jitter::default(),
            concealer: Concealer::default(),
            drift: Drift::default(),
            assembler: Assembler::new(rate),
            anchor: None,
            absence: Absence::NotYet,
            late_run: 0,
            packet_length: 160,
        }
    }

    /// Takes a packet of the caller.
    pub fn push(
        &mut self,
        (sequence, timestamp, ssrc): (u16, u32, u32),
        content: Content,
        now: Duration,
        stats: &mut MediaStats,
        out: &mut VecDeque<AudioFrame>,
    ) {
        if self.jitter.is_other_stream(sequence, ssrc) {
            if self.jitter.is_running() {
                stats.restarts += 1;
            }
            self.drain(now, true, stats, out);
            self.jitter.restart(sequence, timestamp, ssrc);
        }
        match self.jitter.push(sequence, timestamp, content, now) {
            Pushed::Kept { reordered } => stats.reordered += u64::from(reordered),
            Pushed::Duplicate => stats.duplicates += 1,
            Pushed::Late => stats.packets_late += 1,
            Pushed::Doubted => {}
        }
        self.drain(now, false, stats, out);
    }

    /// Lets out what is due at `now`. Call it every 20 ms.
    pub fn tick(&mut self, now: Duration, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        self.drain(now, false, stats, out);
        let due = self.samples(now.saturating_sub(MAX_LAG));
        while self.end() < due {
            let Some(released) = self.jitter.pop(now, true) else { break };
            self.place(released, stats, out);
        }
        let missing = u64::try_from(due - self.end()).unwrap_or(0);
        let (kind, count) = (self.absence_kind(), missing - missing % STEP);
        self.fill(kind, count, out);
        stats.samples = self.assembler.end();
    }

    /// The call is held (no sound is expected, what is missing is silence) or resumed.
    pub fn hold(&mut self, held: bool, now: Duration, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        if held {
            self.drain(now, true, stats, out);
            self.absence = Absence::Held;
            self.forget_stream();
        } else if self.absence == Absence::Held {
            self.absence = Absence::NotYet;
        }
    }

    /// The next packet may come from another device: its sequence and timestamps say nothing about the last ones.
    pub fn other_stream(&mut self, now: Duration, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        self.drain(now, true, stats, out);
        self.forget_stream();
    }

    /// The call ended: everything up to `now` is let out.
    pub fn finish(&mut self, now: Duration, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        self.drain(now, true, stats, out);
        let missing = u64::try_from(self.samples(now) - self.end()).unwrap_or(0);
        let whole = missing - missing % u64::from((self.rate / 1_000).max(1));
        // The last packet before a hang-up is not followed by another one: that is an end, not a loss.
        let lost =
            self.assembler.kind() == FrameKind::Concealed || self.samples(MAX_LAG) < self.samples(now) - self.end();
        let kind = if lost { self.absence_kind() } else { FrameKind::Silence };
        self.fill(kind, whole, out);
        self.assembler.finish(out);
        stats.samples = self.assembler.end();
    }

    fn drain(&mut self, now: Duration, force: bool, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        while let Some(released) = self.jitter.pop(now, force) {
            self.place(released, stats, out);
        }
    }

    fn place(&mut self, released: Released, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        stats.packets_lost += released.lost_before;
        if released.restarted {
            self.anchor = None;
        }
        match released.content {
            Content::Audio(pcm) if !pcm.is_empty() => {
                let lost = i64::try_from(released.lost_before).unwrap_or(i64::MAX);
                self.place_audio(pcm, released.timestamp, released.arrived, lost, stats, out);
            }
            Content::Quiet => {
                // What was lost before it is told here; where the silence ends is told by the next sound or tick.
                let lost = i64::try_from(released.lost_before).unwrap_or(0).saturating_mul(self.packet_length);
                let room = self.samples(released.arrived) - self.end();
                self.fill(FrameKind::Concealed, u64::try_from(lost.min(room)).unwrap_or(0), out);
                self.absence = Absence::Quiet;
                self.concealer.silence();
            }
            Content::Audio(_) | Content::Nothing => {}
        }
    }

    fn place_audio(
        &mut self,
        mut pcm: Vec<i16>,
        timestamp: i64,
        arrived: Duration,
        lost: i64,
        stats: &mut MediaStats,
        out: &mut VecDeque<AudioFrame>,
    ) {
        let length = i64::try_from(pcm.len()).unwrap_or(0);
        let arrival = self.samples(arrived);
        let mut jumped = self.anchor.is_none();
        let mut at = self.anchor.map_or(0, |anchor| anchor + timestamp);
        if !jumped && at + length - arrival > EARLY {
            jumped = true;
        }
        if !jumped && at + length <= self.end() {
            stats.packets_late += 1;
            self.late_run += 1;
            if self.late_run < LATE_RUN {
                return;
            }
            jumped = true;
        }
        self.late_run = 0;
        if jumped {
            stats.restarts += u64::from(self.anchor.is_some());
            at = self.anchor_at(timestamp, arrival - length);
        } else {
            self.drift.observe(arrival - (at + length), arrived);
            at = self.follow_drift(at, &pcm, stats);
        }
        let gap = at - self.end();
        if gap > 0 {
            self.bridge(gap, lost.saturating_mul(self.packet_length.max(length)), jumped, out);
        } else {
            // Its beginning was filled already; what is left still stands where it belongs.
            let covered = usize::try_from(-gap).unwrap_or(usize::MAX).min(pcm.len());
            pcm.drain(..covered);
        }
        self.concealer.heard(&pcm);
        self.assembler.packet(FrameKind::Heard, pcm, out);
        self.absence = Absence::Lost;
        self.packet_length = length;
    }

    /// Anchors a packet whose timestamp says nothing at its arrival.
    fn anchor_at(&mut self, timestamp: i64, wanted: i64) -> i64 {
        let end = self.end();
        let at = if end > wanted && end - wanted <= JOIN { end } else { wanted };
        self.anchor = Some(at - timestamp);
        self.drift.reset();
        at
    }

    fn follow_drift(&mut self, at: i64, pcm: &[i16], stats: &mut MediaStats) -> i64 {
        let in_a_gap = at > self.end();
        let moved = self.drift.take(in_a_gap || pcm.iter().all(|s| s.unsigned_abs() <= QUIET));
        if moved != 0 {
            self.anchor = self.anchor.map(|anchor| anchor + moved);
            stats.drift_samples += moved.unsigned_abs();
        }
        at + moved
    }

    /// Fills up to a packet that does not join the last one: silence first, what was lost right before the packet.
    fn bridge(&mut self, gap: i64, lost: i64, jumped: bool, out: &mut VecDeque<AudioFrame>) {
        let unknown = jumped && self.absence == Absence::Lost;
        let lost = if unknown { gap } else { lost.clamp(0, gap) };
        // A gap that is not much longer than its lost packets is all theirs.
        let lost = if lost > 0 && gap - lost < self.packet_length { gap } else { lost };
        self.fill(FrameKind::Silence, u64::try_from(gap - lost).unwrap_or(0), out);
        self.fill(FrameKind::Concealed, u64::try_from(lost).unwrap_or(0), out);
    }

    fn fill(&mut self, kind: FrameKind, count: u64, out: &mut VecDeque<AudioFrame>) {
        if count == 0 {
            return;
        }
        if kind == FrameKind::Concealed {
            let concealer = &mut self.concealer;
            self.assembler.fill(kind, count, || concealer.sample(), out);
        } else {
            self.concealer.silence();
            self.assembler.fill(kind, count, || 0, out);
        }
    }

    fn forget_stream(&mut self) {
        self.jitter = Jitter::default();
        self.anchor = None;
        self.late_run = 0;
    }

    fn absence_kind(&self) -> FrameKind {
        match self.absence {
            Absence::Lost => FrameKind::Concealed,
            Absence::NotYet | Absence::Quiet | Absence::Held => FrameKind::Silence,
        }
    }

    fn end(&self) -> i64 {
        i64::try_from(self.assembler.end()).unwrap_or(i64::MAX)
    }

    fn samples(&self, time: Duration) -> i64 {
        i64::try_from(time.as_micros() * u128::from(self.rate) / 1_000_000).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
