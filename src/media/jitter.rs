//! Puts packets back in order: by extended sequence number, waiting `JITTER_WAIT` for what is missing.
//!
//! It never stretches or shrinks time (a playout buffer would, and make the recording false); where a packet
//! belongs is said by its timestamp, which [`super::timeline`] turns into a position.

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::Codec;
use crate::config::limits;

/// Below the expected sequence number by more than this: not late but a jump (RFC 3550 appendix A.1).
const MAX_MISORDER: i64 = 100;

/// What a packet contributes to the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Sound, still encoded: a codec's state wants its payloads in order.
    Audio(Codec, Vec<u8>),
    /// Comfort noise (RFC 3389), untransmitted silence or a key press (RFC 4733): silence on purpose.
    Quiet,
    /// A payload type that was not agreed: sound, perhaps, that cannot be heard.
    Unheard,
    /// An empty payload: nothing that can be heard and nothing about silence.
    Nothing,
}

/// A packet in its order.
#[derive(Clone, Debug)]
pub struct Released {
    /// Sequence numbers given up right before this one.
    pub lost_before: u64,
    /// RTP timestamp, extended over its wrap at 2^32.
    pub timestamp: i64,
    /// When it arrived.
    pub arrived: Duration,
    /// First packet after a jump of the sequence numbers: they do not tell what was lost before it.
    pub jumped: bool,
    /// First packet of another stream: its timestamp has nothing to do with the last one.
    pub restarted: bool,
    pub content: Content,
}

/// What became of a pushed packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    Kept {
        reordered: bool,
    },
    Duplicate,
    Late,
    /// A sequence number far off, or another SSRC: kept aside, and believed if its successor follows (RFC 3550
    /// appendix A.1, probation).
    Doubted,
}

#[derive(Clone, Debug)]
struct Slot {
    /// Extended.
    sequence: i64,
    timestamp: i64,
    arrived: Duration,
    content: Content,
}

#[derive(Clone, Debug)]
struct Doubted {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    arrived: Duration,
    content: Content,
}

/// The buffer. Times are since the session's start.
#[derive(Debug)]
pub struct Jitter {
    /// Ascending, at most `JITTER_RING` numbers apart; none or one as long as nothing is missing.
    waiting: VecDeque<Slot>,
    ssrc: Option<u32>,
    /// Extended sequence number that is released next.
    next: i64,
    /// Highest extended sequence number taken.
    highest: i64,
    timestamp: i64,
    /// Bit n: sequence number `next - 1 - n` was received.
    history: u128,
    doubted: Option<Doubted>,
    jumped: bool,
    restarted: bool,
}

impl Default for Jitter {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            ssrc: None,
            next: 0,
            highest: -1,
            timestamp: 0,
            history: 0,
            doubted: None,
            jumped: true,
            restarted: true,
        }
    }
}

fn ring_length() -> i64 {
    i64::try_from(limits::JITTER_RING).unwrap_or(i64::MAX)
}

impl Jitter {
    /// Whether this packet begins another stream (the first of all, or the second with another SSRC or after a jump
    /// in the sequence). Then drain with `pop(…, true)` and call [`Self::restart`] before `push`.
    pub fn is_other_stream(&self, sequence: u16, ssrc: u32) -> bool {
        self.ssrc.is_none() || (self.is_doubtful(sequence, ssrc) && self.doubted_before(sequence, ssrc).is_some())
    }

    /// Begins at this packet, or at the one before it that was doubted until now.
    pub fn restart(&mut self, sequence: u16, timestamp: u32, ssrc: u32) {
        let same = self.ssrc == Some(ssrc);
        let doubted = self.doubted_before(sequence, ssrc).cloned();
        self.doubted = None;
        self.waiting.clear();
        self.next = i64::from(sequence) + (1 << 16);
        self.highest = self.next - 1;
        if !same {
            self.timestamp = i64::from(doubted.as_ref().map_or(timestamp, |first| first.timestamp));
        }
        self.ssrc = Some(ssrc);
        self.history = 0;
        self.jumped = true;
        // With the same SSRC the timestamp still counts from the same start.
        self.restarted = !same;
        if let Some(first) = doubted {
            self.next -= 1;
            let (sequence, timestamp) = (self.next, self.extend(first.timestamp));
            self.waiting.push_back(Slot { sequence, timestamp, arrived: first.arrived, content: first.content });
        }
    }

    /// Whether a stream has begun.
    pub fn is_running(&self) -> bool {
        self.ssrc.is_some()
    }

    /// Timestamp of the packet that would be released next.
    pub fn waiting(&self) -> Option<i64> {
        self.waiting.front().map(|slot| slot.timestamp)
    }

    /// Takes a packet. The caller has asked `is_other_stream` before.
    pub fn push(&mut self, (sequence, timestamp, ssrc): (u16, u32, u32), content: Content, now: Duration) -> Pushed {
        if self.is_doubtful(sequence, ssrc) {
            self.doubted = Some(Doubted { ssrc, sequence, timestamp, arrived: now, content });
            return Pushed::Doubted;
        }
        self.doubted = None;
        let extended = self.next + self.distance(sequence);
        if extended < self.next {
            let age = u32::try_from(self.next - 1 - extended).unwrap_or(u32::MAX);
            let seen = self.history.checked_shr(age).unwrap_or(0) & 1 == 1;
            return if seen { Pushed::Duplicate } else { Pushed::Late };
        }
        let at = self.waiting.partition_point(|slot| slot.sequence < extended);
        if self.waiting.get(at).is_some_and(|slot| slot.sequence == extended) {
            return Pushed::Duplicate;
        }
        let timestamp = self.extend(timestamp);
        self.waiting.insert(at, Slot { sequence: extended, timestamp, arrived: now, content });
        let reordered = extended < self.highest;
        self.highest = self.highest.max(extended);
        Pushed::Kept { reordered }
    }

    /// The next packet, when it is there, or when what is missing before it was waited for long enough (or `force`).
    pub fn pop(&mut self, now: Duration, force: bool) -> Option<Released> {
        let first = self.waiting.front()?;
        let lost = u64::try_from(first.sequence - self.next).unwrap_or(0);
        let due = lost == 0 || force || now >= first.arrived + limits::JITTER_WAIT;
        if !due {
            return None;
        }
        let Slot { sequence, timestamp, arrived, content } = self.waiting.pop_front()?;
        self.next = sequence + 1;
        self.remember(lost);
        let (jumped, restarted) = (std::mem::take(&mut self.jumped), std::mem::take(&mut self.restarted));
        Some(Released { lost_before: lost, timestamp, arrived, jumped, restarted, content })
    }

    fn remember(&mut self, lost: u64) {
        let shift = u32::try_from(lost).unwrap_or(u32::MAX).saturating_add(1);
        self.history = self.history.checked_shl(shift).unwrap_or(0) | 1;
    }

    fn doubted_before(&self, sequence: u16, ssrc: u32) -> Option<&Doubted> {
        self.doubted.as_ref().filter(|doubted| doubted.ssrc == ssrc && doubted.sequence == sequence.wrapping_sub(1))
    }

    fn is_doubtful(&self, sequence: u16, ssrc: u32) -> bool {
        self.ssrc != Some(ssrc) || self.is_far(sequence)
    }

    fn distance(&self, sequence: u16) -> i64 {
        let low = self.next.rem_euclid(1 << 16);
        let forward = (i64::from(sequence) - low).rem_euclid(1 << 16);
        if forward >= 1 << 15 { forward - (1 << 16) } else { forward }
    }

    fn is_far(&self, sequence: u16) -> bool {
        let distance = self.distance(sequence);
        distance >= ring_length() || distance < -MAX_MISORDER
    }

    fn extend(&mut self, timestamp: u32) -> i64 {
        let low = self.timestamp.rem_euclid(1 << 32);
        let forward = (i64::from(timestamp) - low).rem_euclid(1 << 32);
        let step = if forward >= 1 << 31 { forward - (1 << 32) } else { forward };
        self.timestamp += step;
        self.timestamp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn push(jitter: &mut Jitter, sequence: u16, now: Duration) -> Pushed {
        push_of(jitter, sequence, 1, now)
    }

    fn push_of(jitter: &mut Jitter, sequence: u16, ssrc: u32, now: Duration) -> Pushed {
        let timestamp = u32::from(sequence).wrapping_mul(160);
        if jitter.is_other_stream(sequence, ssrc) {
            jitter.restart(sequence, timestamp, ssrc);
        }
        jitter.push((sequence, timestamp, ssrc), Content::Quiet, now)
    }

    #[test]
    fn packets_leave_in_order_and_duplicates_are_told() {
        let mut jitter = Jitter::default();
        let kept = |reordered| Pushed::Kept { reordered };
        assert_eq!(push(&mut jitter, 65_534, MS), kept(false));
        assert_eq!(push(&mut jitter, 0, MS), kept(false));
        assert_eq!(push(&mut jitter, 65_535, MS * 2), kept(true));
        assert_eq!(push(&mut jitter, 65_535, MS * 2), Pushed::Duplicate);
        let order: Vec<_> = std::iter::from_fn(|| jitter.pop(MS * 3, false)).map(|r| r.lost_before).collect();
        assert_eq!(order, [0, 0, 0]);
        assert_eq!(push(&mut jitter, 65_535, MS * 4), Pushed::Duplicate);
    }

    #[test]
    fn a_missing_packet_is_waited_for_and_then_given_up() {
        let mut jitter = Jitter::default();
        push(&mut jitter, 10, MS);
        assert!(jitter.pop(MS, false).is_some());
        push(&mut jitter, 13, MS * 40);
        assert!(jitter.pop(MS * 139, false).is_none());
        let released = jitter.pop(MS * 140, false).unwrap();
        assert_eq!(released.lost_before, 2);
        assert_eq!(push(&mut jitter, 11, MS * 150), Pushed::Late);
        assert_eq!(push(&mut jitter, 13, MS * 150), Pushed::Duplicate);
    }

    #[test]
    fn one_far_packet_is_doubted_and_two_are_a_new_stream() {
        let mut jitter = Jitter::default();
        push(&mut jitter, 10, MS);
        assert!(jitter.pop(MS, false).is_some());
        assert_eq!(push(&mut jitter, 30_000, MS), Pushed::Doubted);
        assert_eq!(push(&mut jitter, 11, MS), Pushed::Kept { reordered: false });
        assert_eq!(push(&mut jitter, 30_001, MS), Pushed::Doubted);
        assert!(jitter.is_other_stream(30_002, 1));
        // The one that was doubted is not lost: it leads the new run.
        assert_eq!(push(&mut jitter, 30_002, MS), Pushed::Kept { reordered: false });
        let run: Vec<_> = std::iter::from_fn(|| jitter.pop(MS, false)).map(|r| (r.jumped, r.lost_before)).collect();
        assert_eq!(run[run.len() - 2..], [(true, 0), (false, 0)]);
    }

    #[test]
    fn a_stray_packet_of_another_stream_changes_nothing_and_two_in_a_row_are_the_new_one() {
        let mut jitter = Jitter::default();
        for n in 0..10 {
            assert_eq!(push(&mut jitter, n, MS), Pushed::Kept { reordered: false });
            assert_eq!(push_of(&mut jitter, n * 7, 2, MS), Pushed::Doubted);
        }
        assert_eq!(push_of(&mut jitter, 64, 2, MS), Pushed::Kept { reordered: false });
        let run: Vec<_> = std::iter::from_fn(|| jitter.pop(MS, false)).map(|r| r.restarted).collect();
        assert_eq!(run, [true, false]);
    }

    #[test]
    fn the_timestamp_goes_on_over_its_wrap() {
        let mut jitter = Jitter::default();
        jitter.restart(1, u32::MAX - 79, 1);
        jitter.push((1, u32::MAX - 79, 1), Content::Quiet, MS);
        jitter.push((2, 80, 1), Content::Quiet, MS);
        let first = jitter.pop(MS, false).unwrap().timestamp;
        assert_eq!(jitter.pop(MS, false).unwrap().timestamp - first, 160);
    }
}
