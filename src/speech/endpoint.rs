//! Cuts a call's audio into speech segments at pauses. Pure: samples in, segments out, no clock and no task.
//!
//! The cuts depend on the samples alone, not on how they were framed, because crash recovery runs the recording
//! through a new [`Listener`] and skips the segments that are already stored.

use std::time::Duration;

use super::vad::Vad;
use crate::call::{AudioFrame, MediaSpan, MediaTime};
use crate::config::limits;

/// More than any recording lasts.
const LONGEST_GAP: Duration = Duration::from_secs(limits::MAX_FILE_HOURS * 3_600);

/// Between two runs of speech a gap up to this is a stop consonant or a breath and part of them.
const JOINED: Duration = Duration::from_millis(160);

/// When speech begins and ends. The defaults were measured over eleven whole calls at 8 kHz.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndpointRules {
    /// A block at or above this score begins speech.
    pub on: f32,
    /// So many in a row: a click or the edge of a tone is shorter.
    pub on_blocks: u32,
    /// Blocks below this score are a pause.
    pub off: f32,
    /// Blocks of 16 ms that a pause lasts before it ends a segment (28: 448 ms).
    pub pause_blocks: u32,
    /// Sound kept before and after the speech.
    pub padding: Duration,
    /// A segment is cut here even without a pause.
    pub longest: Duration,
    /// Such a cut falls on the quietest point of this last stretch.
    pub cut_search: Duration,
}

impl Default for EndpointRules {
    fn default() -> Self {
        Self {
            on: 0.5,
            on_blocks: 3,
            off: 0.35,
            pause_blocks: 28,
            padding: Duration::from_millis(200),
            longest: limits::MAX_SEGMENT,
            cut_search: Duration::from_secs(5),
        }
    }
}

/// A piece to recognise.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    pub span: MediaSpan,
    pub pcm: Vec<i16>,
    /// Where the detector heard speech in it.
    pub voiced: Vec<MediaSpan>,
}

/// What the listener noticed.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The caller began to speak here.
    SpeechStarted(MediaTime),
    /// The caller's last sound before a pause.
    SpeechEnded(MediaTime),
    /// Pieces follow each other without overlap.
    Segment(Cut),
}

impl Heard {
    pub fn into_cut(self) -> Option<Cut> {
        match self {
            Self::Segment(cut) => Some(cut),
            Self::SpeechStarted(_) | Self::SpeechEnded(_) => None,
        }
    }
}

/// Positions are in samples since answer.
#[derive(Clone, Copy, Debug)]
enum State {
    Quiet {
        since: u64,
        /// Blocks in a row at or above `on`.
        rising: u32,
    },
    Speaking {
        /// First sample of the segment, padding included.
        from: u64,
        /// End of the last block that was not a pause.
        voiced_to: u64,
        pause: u32,
    },
}

/// One call's ear.
pub struct Listener {
    rate: u32,
    rules: EndpointRules,
    vad: Vad,
    block: usize,
    state: State,
    /// Sound that may still become part of a segment; its first sample is `kept_from`.
    kept: Vec<i16>,
    kept_from: u64,
    /// First sample that no block has scored yet.
    scored_to: u64,
    /// No later segment begins before this sample.
    segment_end: u64,
    /// Runs of blocks of the open segment that were speech; short gaps between them are closed.
    voiced: Vec<(u64, u64)>,
}

impl Listener {
    /// `rate`: samples per second of every frame that will be pushed.
    pub fn new(rate: u32, rules: EndpointRules) -> Self {
        Self {
            rate,
            rules,
            vad: Vad::new(rate),
            block: Vad::block_samples(rate),
            state: State::Quiet { since: 0, rising: 0 },
            kept: Vec::new(),
            kept_from: 0,
            scored_to: 0,
            segment_end: 0,
            voiced: Vec::new(),
        }
    }

    /// Takes the next frame. Missing samples before it count as silence, repeated ones are dropped.
    pub fn push(&mut self, frame: &AudioFrame) -> Vec<Heard> {
        let mut heard = Vec::new();
        // Frame positions are whole milliseconds; less than two of them is rounding.
        let rounding = MediaTime(2).as_samples(self.rate);
        let at = frame.at.as_samples(self.rate);
        let mut pcm = frame.pcm.as_slice();
        if at > self.received_to() + rounding {
            // Bounded, so that a wrong position cannot keep this thread busy for ever.
            let mut missing = (at - self.received_to()).min(self.samples(LONGEST_GAP));
            let silence = vec![0i16; self.block];
            while missing > 0 {
                let step = missing.min(silence.len() as u64);
                self.take(&silence[..step as usize], &mut heard);
                missing -= step;
            }
        } else if at + rounding < self.received_to() {
            let repeated = usize::try_from(self.received_to() - at).unwrap_or(usize::MAX);
            pcm = pcm.get(repeated..).unwrap_or_default();
        }
        self.take(pcm, &mut heard);
        heard
    }

    /// The audio is complete: closes the open segment with everything that was heard.
    pub fn finish(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        let end = self.received_to();
        if let State::Speaking { from, voiced_to, pause } = self.state {
            // The rest is shorter than a block and too short to score: it goes with what came before it.
            let spoken_to = if pause == 0 { end } else { voiced_to };
            let cut = (spoken_to + self.padding()).min(end);
            heard.push(Heard::SpeechEnded(self.time(spoken_to)));
            heard.extend(self.segment(from, cut));
            self.state = State::Quiet { since: spoken_to, rising: 0 };
        }
        heard
    }

    /// The segment being spoken and its sound so far, for partial results.
    pub fn open(&self) -> Option<Cut> {
        let State::Speaking { from, .. } = self.state else { return None };
        let span = MediaSpan::new(self.time(from), self.time(self.received_to()));
        Some(Cut { span, pcm: self.kept.get(self.kept_index(from)..)?.to_vec(), voiced: Vec::new() })
    }

    /// What the segment being spoken will be if the pause that has begun goes on: known once its padding is heard, half
    /// a pause before it is cut.
    pub fn ending(&self) -> Option<MediaSpan> {
        let (from, to) = self.ending_samples()?;
        Some(MediaSpan::new(self.time(from), self.time(to)))
    }

    /// The same, with its sound.
    pub fn ending_cut(&self) -> Option<Cut> {
        let (from, to) = self.ending_samples()?;
        Some(self.cut(from, to))
    }

    fn ending_samples(&self) -> Option<(u64, u64)> {
        let State::Speaking { from, voiced_to, .. } = self.state else { return None };
        let to = voiced_to + self.padding();
        (to <= self.scored_to && self.spoken_after(from)).then_some((from, to))
    }

    /// Length of the segment being spoken.
    pub fn open_ms(&self) -> Option<u64> {
        match self.state {
            State::Speaking { from, .. } => Some(self.time(self.received_to()) - self.time(from)),
            State::Quiet { .. } => None,
        }
    }

    /// Since when the caller has been quiet; `None` while speaking.
    pub fn quiet_since(&self) -> Option<MediaTime> {
        match self.state {
            State::Quiet { since, .. } => Some(self.time(since)),
            State::Speaking { .. } => None,
        }
    }

    fn take(&mut self, pcm: &[i16], heard: &mut Vec<Heard>) {
        self.kept.extend_from_slice(pcm);
        while self.received_to() - self.scored_to >= self.block as u64 {
            let from = self.kept_index(self.scored_to);
            let score = self.vad.score(&self.kept[from..from + self.block]);
            let start = self.scored_to;
            self.scored_to += self.block as u64;
            self.step(start, score, heard);
        }
        self.forget();
    }

    fn step(&mut self, block_start: u64, score: f32, heard: &mut Vec<Heard>) {
        match self.state {
            State::Quiet { since, rising } => {
                let rising = if score >= self.rules.on { rising + 1 } else { 0 };
                if rising < self.rules.on_blocks {
                    self.state = State::Quiet { since, rising };
                    return;
                }
                let began = block_start - u64::from(rising - 1) * self.block as u64;
                let from = began.saturating_sub(self.padding()).max(self.segment_end);
                self.state = State::Speaking { from, voiced_to: self.scored_to, pause: 0 };
                self.voiced.push((began, self.scored_to));
                heard.push(Heard::SpeechStarted(self.time(began)));
            }
            State::Speaking { from, voiced_to, pause } => {
                let (voiced_to, pause) = if score < self.rules.off {
                    (voiced_to, pause + 1)
                } else {
                    self.note_voiced(block_start);
                    (self.scored_to, 0)
                };
                if pause >= self.rules.pause_blocks {
                    let cut = (voiced_to + self.padding()).min(self.scored_to);
                    heard.push(Heard::SpeechEnded(self.time(voiced_to)));
                    heard.extend(self.segment(from, cut));
                    self.state = State::Quiet { since: voiced_to, rising: 0 };
                } else if self.scored_to - from >= self.samples(self.rules.longest) {
                    let cut = self.quietest(from);
                    heard.extend(self.segment(from, cut));
                    self.state = State::Speaking { from: cut, voiced_to: voiced_to.max(cut), pause };
                } else {
                    self.state = State::Speaking { from, voiced_to, pause };
                }
            }
        }
    }

    /// Where the last stretch of the open segment is quietest: the middle of five blocks (80 ms) with the least
    /// energy, on a block's edge.
    fn quietest(&self, from: u64) -> u64 {
        const BLOCKS: usize = 5;
        let width = self.block * BLOCKS;
        let search = self.samples(self.rules.cut_search).min((self.scored_to - from) / 2);
        let (first, last) = (self.kept_index(self.scored_to - search), self.kept_index(self.scored_to));
        let energy = |at: &usize| -> u64 {
            self.kept[*at..*at + width].iter().map(|s| u64::from(s.unsigned_abs()).pow(2)).sum()
        };
        let starts = (first..last.saturating_sub(width)).step_by(self.block);
        let middle = self.block * (BLOCKS / 2);
        starts.min_by_key(energy).map_or(self.scored_to, |at| self.kept_from + (at + middle) as u64)
    }

    /// `None`: a cut at the longest length fell into a pause, and nobody spoke after it.
    fn segment(&mut self, from: u64, to: u64) -> Option<Heard> {
        if !self.spoken_after(from) {
            return None;
        }
        self.segment_end = to;
        let cut = self.cut(from, to);
        self.voiced.retain(|run| run.1 > to);
        Some(Heard::Segment(cut))
    }

    fn spoken_after(&self, from: u64) -> bool {
        self.voiced.iter().any(|run| run.1 > from)
    }

    fn cut(&self, from: u64, to: u64) -> Cut {
        let pcm = self.kept[self.kept_index(from)..self.kept_index(to)].to_vec();
        let voiced = self.voiced.iter().map(|run| (run.0.max(from), run.1.min(to))).filter(|run| run.0 < run.1);
        let voiced = voiced.map(|run| MediaSpan::new(self.time(run.0), self.time(run.1))).collect();
        Cut { span: MediaSpan::new(self.time(from), self.time(to)), pcm, voiced }
    }

    /// The block that was scored last is speech.
    fn note_voiced(&mut self, block_start: u64) {
        let joined = self.samples(JOINED);
        match self.voiced.last_mut() {
            Some(run) if block_start <= run.1 + joined => run.1 = self.scored_to,
            _ => self.voiced.push((block_start, self.scored_to)),
        }
    }

    /// Drops sound that no segment can need any more; in large steps, so that quiet costs no copying.
    fn forget(&mut self) {
        let needed_from = match self.state {
            State::Quiet { rising, .. } => {
                let rising = u64::from(rising) * self.block as u64;
                self.scored_to.saturating_sub(rising + self.padding()).max(self.segment_end)
            }
            State::Speaking { from, .. } => from,
        };
        let unneeded = usize::try_from(needed_from.saturating_sub(self.kept_from)).unwrap_or(0);
        if unneeded > usize::try_from(self.rate).unwrap_or(0) / 2 {
            self.kept.drain(..unneeded);
            self.kept_from = needed_from;
            // A long segment's room is not kept for the rest of the call.
            let second = usize::try_from(self.rate).unwrap_or(0);
            if self.kept.capacity() > 4 * self.kept.len().max(second) {
                self.kept.shrink_to(second);
            }
        }
    }

    fn received_to(&self) -> u64 {
        self.kept_from + self.kept.len() as u64
    }

    fn kept_index(&self, sample: u64) -> usize {
        usize::try_from(sample.saturating_sub(self.kept_from)).unwrap_or(usize::MAX).min(self.kept.len())
    }

    fn padding(&self) -> u64 {
        self.samples(self.rules.padding)
    }

    fn samples(&self, length: Duration) -> u64 {
        MediaTime(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)).as_samples(self.rate)
    }

    fn time(&self, sample: u64) -> MediaTime {
        MediaTime::from_samples(sample, self.rate)
    }
}
