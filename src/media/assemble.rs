//! Cuts the stream of samples into frames whose borders are whole milliseconds, so that `MediaTime` is exact.

use std::collections::VecDeque;

use crate::call::{AudioFrame, FrameKind, MediaTime};

/// Collects samples and lets frames out.
#[derive(Debug)]
pub struct Assembler {
    rate: u32,
    /// Samples in frames that left.
    left: u64,
    kind: FrameKind,
    pending: Vec<i16>,
}

/// What a frame of mixed samples is called: whatever must not be hidden.
fn graver(a: FrameKind, b: FrameKind) -> FrameKind {
    match (a, b) {
        (FrameKind::Concealed, _) | (_, FrameKind::Concealed) => FrameKind::Concealed,
        (FrameKind::Heard, _) | (_, FrameKind::Heard) => FrameKind::Heard,
        _ => FrameKind::Silence,
    }
}

impl Assembler {
    pub fn new(rate: u32) -> Self {
        Self { rate, left: 0, kind: FrameKind::Silence, pending: Vec::new() }
    }

    /// Position behind the last sample taken.
    pub fn end(&self) -> u64 {
        self.left + samples(self.pending.len())
    }

    /// Kind of the newest samples.
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// Takes a packet's sound; a packet of whole milliseconds becomes a frame without copying.
    pub fn packet(&mut self, kind: FrameKind, pcm: Vec<i16>, out: &mut VecDeque<AudioFrame>) {
        if pcm.is_empty() {
            return;
        }
        self.turn_to(kind, out);
        if self.pending.is_empty() && pcm.len().is_multiple_of(self.per_ms()) {
            self.emit(pcm, out);
        } else {
            for sample in pcm {
                self.sample(kind, sample, out);
            }
        }
    }

    /// Takes synthetic samples.
    pub fn fill(
        &mut self,
        kind: FrameKind,
        count: usize,
        mut next: impl FnMut() -> i16,
        out: &mut VecDeque<AudioFrame>,
    ) {
        for _ in 0..count {
            self.sample(kind, next(), out);
        }
    }

    /// Lets out what is pending, padded to a whole millisecond.
    pub fn finish(&mut self, out: &mut VecDeque<AudioFrame>) {
        if self.pending.is_empty() {
            return;
        }
        let whole = self.pending.len().next_multiple_of(self.per_ms());
        self.pending.resize(whole, 0);
        let pcm = std::mem::take(&mut self.pending);
        self.emit(pcm, out);
    }

    fn sample(&mut self, kind: FrameKind, sample: i16, out: &mut VecDeque<AudioFrame>) {
        self.turn_to(kind, out);
        if self.pending.is_empty() {
            self.pending.reserve_exact(self.per_frame());
        }
        self.pending.push(sample);
        if self.pending.len() >= self.per_frame() {
            let pcm = std::mem::take(&mut self.pending);
            self.emit(pcm, out);
        }
    }

    /// Ends the pending frame when the kind changes: its whole milliseconds leave, only within one do samples mix.
    fn turn_to(&mut self, kind: FrameKind, out: &mut VecDeque<AudioFrame>) {
        if self.kind == kind {
            return;
        }
        let rest = self.pending.len() % self.per_ms();
        if rest < self.pending.len() {
            let mixed = self.pending.split_off(self.pending.len() - rest);
            let pcm = std::mem::replace(&mut self.pending, mixed);
            self.emit(pcm, out);
        }
        self.kind = if rest == 0 { kind } else { graver(self.kind, kind) };
    }

    fn emit(&mut self, pcm: Vec<i16>, out: &mut VecDeque<AudioFrame>) {
        let at = MediaTime::from_samples(self.left, self.rate);
        self.left += samples(pcm.len());
        out.push_back(AudioFrame { at, rate: self.rate, kind: self.kind, pcm });
    }

    fn per_ms(&self) -> usize {
        usize::try_from(self.rate / 1_000).unwrap_or(1).max(1)
    }

    fn per_frame(&self) -> usize {
        self.per_ms() * 20
    }
}

fn samples(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_packets_still_make_frames_of_whole_milliseconds() {
        let mut assembler = Assembler::new(8_000);
        let mut out = VecDeque::new();
        for (kind, length) in [
            (FrameKind::Heard, 163),
            (FrameKind::Concealed, 160),
            (FrameKind::Silence, 5),
            (FrameKind::Heard, 1),
            (FrameKind::Heard, 160),
        ] {
            assembler.packet(kind, vec![1; length], &mut out);
        }
        assembler.finish(&mut out);
        let mut at = 0;
        for frame in &out {
            assert_eq!(frame.at.0, at);
            assert_eq!(frame.pcm.len() % 8, 0);
            at += samples(frame.pcm.len()) / 8;
        }
        assert_eq!(out.iter().map(|f| f.pcm.iter().map(|&s| u64::from(s == 1)).sum::<u64>()).sum::<u64>(), 489);
        assert!(out.iter().any(|f| f.kind == FrameKind::Concealed));
    }

    #[test]
    fn a_concealed_piece_within_a_frame_marks_at_most_a_millisecond_on_either_side_of_it() {
        let mut assembler = Assembler::new(8_000);
        let mut out = VecDeque::new();
        assembler.packet(FrameKind::Heard, vec![1; 1_003], &mut out);
        assembler.fill(FrameKind::Concealed, 160, || 0, &mut out);
        assembler.packet(FrameKind::Heard, vec![1; 1_000], &mut out);
        assembler.finish(&mut out);
        let marked: usize = out.iter().filter(|f| f.kind == FrameKind::Concealed).map(|f| f.pcm.len()).sum();
        assert_eq!(marked, 168);
    }
}
