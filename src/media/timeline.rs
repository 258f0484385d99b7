//! Makes recordings clock-true: every sample stands where our monotonic clock says it was spoken.
//!
//! Position zero is the session's start. A packet's place follows from its RTP timestamp through an anchor that is
//! set by the first packet's arrival and moved only to follow the sender's clock. What no packet covers is filled:
//! silence where the caller was silent on purpose, marked concealment where sound was lost. All positions are
//! samples of the one rate the call is recorded at; a codec's RTP clock is turned into it here.

use std::collections::VecDeque;
use std::time::Duration;

use super::MediaStats;
use super::canvas::Canvas;
use super::drift::Drift;
use super::jitter::{Content, Jitter, Pushed, Released};
use crate::call::{AudioFrame, Codec, FrameKind, MediaSpan, MediaTime};
use crate::codec;

/// Frames leave at most this far behind real time, plus the sender's packet time, one fill step and one tick: under
/// 240 ms at 20 ms packets. Jitter of 120 ms and the 25 ms that a drifting clock may be off before it is corrected
/// within speech fit in.
pub const MAX_LAG: Duration = Duration::from_millis(170);
/// Ahead of its arrival by more than this, a packet's timestamp has jumped.
const EARLY_MS: i64 = 200;
/// A new anchor may move a packet back by this much so that it joins what was already let out.
const JOIN_MS: i64 = 40;
/// Packets in a row whose place was filled before they came: the path or the timestamps jumped.
const LATE_RUN: u32 = 10;
/// Milliseconds filled at a time.
const STEP_MS: i64 = 20;

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

/// One payload of sound and what the stream said about its place.
struct Sound<'a> {
    codec: Codec,
    payload: &'a [u8],
    timestamp: i64,
    arrived: Duration,
    /// Packets right before it that were lost or could not be heard.
    lost: i64,
    /// Nobody knows what was lost before it.
    jumped: bool,
}

/// The timeline of one call. Times are since the session's start.
#[derive(Debug)]
pub struct Timeline {
    rate: u32,
    jitter: Jitter,
    drift: Drift,
    canvas: Canvas,
    /// Position of timestamp zero; `None` until a packet sets it.
    anchor: Option<i64>,
    absence: Absence,
    late_run: u32,
    /// Timestamp of the newest audio packet of this stream.
    newest: Option<i64>,
    /// Samples of the newest audio packet.
    packet_length: i64,
    /// Packets since the newest audio packet that came and could not be heard.
    unheard: u64,
    /// Since here concealment was let out only because nothing came: a loss, or silence that was never sent. The
    /// next packet's sequence number tells which.
    presumed_lost: Option<i64>,
    cleared: VecDeque<MediaSpan>,
}

impl Timeline {
    /// `rate`: of the frames, hertz. `codec`: what the first packets are expected in.
    pub fn new(rate: u32, codec: Codec) -> Self {
        let canvas = Canvas::new(rate, codec);
        let packet_length = STEP_MS * canvas.per_ms();
        Self {
            rate,
            jitter: Jitter::default(),
            drift: Drift::new(rate),
            canvas,
            anchor: None,
            absence: Absence::NotYet,
            late_run: 0,
            newest: None,
            packet_length,
            unheard: 0,
            presumed_lost: None,
            cleared: VecDeque::new(),
        }
    }

    /// Takes a packet of the caller.
    pub fn push(
        &mut self,
        place: (u16, u32, u32),
        content: Content,
        now: Duration,
        stats: &mut MediaStats,
        out: &mut VecDeque<AudioFrame>,
    ) {
        let (sequence, timestamp, ssrc) = place;
        if self.jitter.is_other_stream(sequence, ssrc) {
            if self.jitter.is_running() {
                stats.restarts += 1;
            }
            self.drain(now, true, stats, out);
            self.jitter.restart(sequence, timestamp, ssrc);
        }
        match self.jitter.push(place, content, now) {
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
        let due = self.canvas.samples(now.saturating_sub(MAX_LAG)) - self.packet_length;
        while self.canvas.end() < due && self.is_overdue(due) {
            let Some(released) = self.jitter.pop(now, true) else { break };
            self.place(released, stats, out);
        }
        let missing = (due - self.canvas.end()).max(0);
        let (kind, count) = (self.absence_kind(), missing - missing % (STEP_MS * self.canvas.per_ms()));
        if kind == FrameKind::Concealed && count > 0 {
            self.presumed_lost.get_or_insert(self.canvas.end());
        }
        self.canvas.fill(kind, count, stats, out);
        stats.samples = u64::try_from(self.canvas.end()).unwrap_or(0);
    }

    /// Whether the packet that waits behind a missing one stands before position `due`. One that stands later leaves
    /// the missing one its time, however long a burst was lost before both.
    fn is_overdue(&self, due: i64) -> bool {
        match (self.anchor, self.jitter.waiting()) {
            (Some(anchor), Some(timestamp)) => anchor + self.canvas.from_clock(timestamp) < due,
            (_, waiting) => waiting.is_some(),
        }
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
        let missing = (self.canvas.samples(now) - self.canvas.end()).max(0);
        // The last packet before a hang-up is not followed by another one: that is an end, not a loss.
        let lag = self.canvas.samples(MAX_LAG) + self.packet_length;
        let lost = self.canvas.kind() == FrameKind::Concealed || lag < missing;
        let kind = if lost { self.absence_kind() } else { FrameKind::Silence };
        self.canvas.fill(kind, missing - missing % self.canvas.per_ms(), stats, out);
        self.canvas.finish(out);
        stats.samples = u64::try_from(self.canvas.end()).unwrap_or(0);
    }

    /// The next span that was told as concealed and proved to be silence: no packet is missing there.
    pub fn cleared(&mut self) -> Option<MediaSpan> {
        self.cleared.pop_front()
    }

    fn drain(&mut self, now: Duration, force: bool, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        while let Some(released) = self.jitter.pop(now, force) {
            self.place(released, stats, out);
        }
    }

    fn place(&mut self, released: Released, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        let Released { lost_before, timestamp, arrived, jumped, restarted, content } = released;
        stats.packets_lost += lost_before;
        if restarted {
            self.anchor = None;
            self.newest = None;
        }
        self.unheard = self.unheard.saturating_add(lost_before);
        match content {
            Content::Audio(codec, payload) => {
                let lost = i64::try_from(self.unheard).unwrap_or(i64::MAX);
                self.place_sound(Sound { codec, payload: &payload, timestamp, arrived, lost, jumped }, stats, out);
            }
            Content::Quiet => {
                // What was lost before it is told here; where the silence ends is told by the next sound or tick.
                let lost = i64::try_from(self.unheard).unwrap_or(0).saturating_mul(self.packet_length);
                if lost == 0 && !jumped {
                    self.clear(self.canvas.end(), stats);
                }
                let room = self.canvas.samples(arrived) - self.canvas.end();
                self.canvas.fill(FrameKind::Concealed, lost.min(room), stats, out);
                self.unheard = 0;
                self.presumed_lost = None;
                self.absence = Absence::Quiet;
                self.canvas.silence();
            }
            Content::Unheard => self.unheard = self.unheard.saturating_add(1),
            Content::Nothing => {}
        }
    }

    fn place_sound(&mut self, sound: Sound<'_>, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        let Some(units) = codec::duration(sound.codec, sound.payload) else {
            stats.bad_payload += 1;
            self.unheard = self.unheard.saturating_add(1);
            return;
        };
        let turned = self.follow_codec(sound.codec);
        let length = self.canvas.from_clock(i64::from(units));
        let lost = sound.lost.saturating_mul(self.packet_length.max(length));
        let arrival = self.canvas.samples(sound.arrived);
        let offset = self.canvas.from_clock(sound.timestamp);
        let mut at = self.anchor.map_or(0, |anchor| anchor + offset);
        // Packets come here in their order, so a timestamp that goes back has jumped.
        let back = self.newest.replace(sound.timestamp).is_some_and(|newest| sound.timestamp < newest);
        let early = at + length - arrival > EARLY_MS * self.canvas.per_ms();
        let mut fresh = self.anchor.is_none() || early || back;
        // The numbers are whole, only the timestamp says nothing: it stands right behind the packet before it.
        let follows = (turned || early || back) && sound.lost == 0 && !sound.jumped;
        if !fresh && at + length <= self.canvas.end() {
            stats.packets_late += 1;
            self.late_run += 1;
            if self.late_run < LATE_RUN {
                self.canvas.pass_over(sound.payload);
                self.unheard = 0;
                self.presumed_lost = None;
                return;
            }
            fresh = true;
        }
        self.late_run = 0;
        if fresh {
            stats.restarts += u64::from(self.anchor.is_some());
            at = self.anchor_at(offset, arrival - length, follows);
        } else {
            self.drift.observe(arrival - (at + length), sound.arrived);
            at = self.follow_drift(at, stats);
        }
        if !fresh && !sound.jumped {
            self.clear(at - lost, stats);
        }
        let unknown = (fresh || sound.jumped) && !follows && self.absence == Absence::Lost;
        let gap = at - self.canvas.end();
        self.bridge(gap, if unknown { gap } else { lost }, (length, sound.payload), stats, out);
        let heard = self.canvas.hear(sound.payload, -gap, out);
        stats.bad_payload += u64::from(heard.is_err());
        self.unheard = u64::from(heard.is_err());
        self.presumed_lost = None;
        self.absence = Absence::Lost;
        self.packet_length = length;
    }

    /// Turns to the codec of a packet. True when it is another one; its stream goes on, but timestamps in another
    /// clock say nothing about the place.
    fn follow_codec(&mut self, codec: Codec) -> bool {
        let before = self.canvas.codec();
        if before == codec {
            return false;
        }
        self.canvas.turn_to(codec);
        if before.clock() != codec.clock() {
            self.anchor = None;
        }
        true
    }

    /// Anchors a packet whose timestamp says nothing at its arrival, or right behind what it follows.
    fn anchor_at(&mut self, offset: i64, wanted: i64, follows: bool) -> i64 {
        // On a whole millisecond, so that frames end where packets do and need no copying.
        let wanted = wanted - wanted.rem_euclid(self.canvas.per_ms());
        let end = self.canvas.end();
        let joins = end > wanted && end - wanted <= JOIN_MS * self.canvas.per_ms();
        let near = (end - wanted).abs() <= EARLY_MS * self.canvas.per_ms();
        let at = if joins || (follows && near) { end } else { wanted };
        self.anchor = Some(at - offset);
        self.drift.reset();
        at
    }

    fn follow_drift(&mut self, at: i64, stats: &mut MediaStats) -> i64 {
        let in_a_gap = at > self.canvas.end();
        let moved = self.drift.take(in_a_gap || self.canvas.is_quiet());
        if moved != 0 {
            self.anchor = self.anchor.map(|anchor| anchor + moved);
            stats.drift_samples += moved.unsigned_abs();
        }
        at + moved
    }

    /// Fills up to a packet that does not join the last one: silence first, what was lost right before the packet.
    fn bridge(
        &mut self,
        gap: i64,
        lost: i64,
        (length, next): (i64, &[u8]),
        stats: &mut MediaStats,
        out: &mut VecDeque<AudioFrame>,
    ) {
        if gap <= 0 {
            return;
        }
        let lost = lost.clamp(0, gap);
        // A gap that is not much longer than its lost packets is all theirs.
        let lost = if lost > 0 && gap - lost < self.packet_length { gap } else { lost };
        self.canvas.fill(FrameKind::Silence, gap - lost, stats, out);
        self.canvas.mend(lost, length, next, stats, out);
    }

    /// What was presumed lost before position `to` was silence: the sequence numbers are whole.
    fn clear(&mut self, to: i64, stats: &mut MediaStats) {
        let Some(from) = self.presumed_lost.take() else { return };
        // As in `bridge`: a stretch not much longer than its lost packets is all theirs.
        let whole = to.min(self.canvas.end()) - from;
        if whole < self.packet_length {
            return;
        }
        let time = |at: i64| MediaTime::from_samples(u64::try_from(at).unwrap_or(0), self.rate);
        self.cleared.push_back(MediaSpan::new(time(from), time(from + whole)));
        stats.concealed_samples = stats.concealed_samples.saturating_sub(u64::try_from(whole).unwrap_or(0));
    }

    fn forget_stream(&mut self) {
        self.jitter = Jitter::default();
        self.anchor = None;
        self.newest = None;
        self.late_run = 0;
        self.unheard = 0;
        self.presumed_lost = None;
    }

    fn absence_kind(&self) -> FrameKind {
        match self.absence {
            Absence::Lost => FrameKind::Concealed,
            Absence::NotYet | Absence::Quiet | Absence::Held => FrameKind::Silence,
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
