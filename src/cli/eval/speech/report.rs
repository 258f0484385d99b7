//! What was measured of all clips together, by language and by condition. Pure.

use std::collections::BTreeSet;

use serde::Serialize;

use super::folder::Problem;
use super::measure::Measured;
use super::score::{Digits, Errors};
use crate::call::Coverage;
use crate::cli::call::percentile;

/// What `--json` writes. Lists are in the order of the file names.
#[derive(Serialize)]
pub(super) struct Report {
    /// Of this program.
    pub version: &'static str,
    pub folder: String,
    pub model: String,
    pub demo_model: bool,
    pub total: Sums,
    pub by_language: Vec<Sums>,
    pub by_condition: Vec<Sums>,
    pub clips: Vec<Measured>,
    pub problems: Vec<Problem>,
}

/// Clips together.
#[derive(Serialize)]
pub(super) struct Sums {
    /// Language or condition; empty where the reference names none.
    pub name: String,
    pub clips: usize,
    pub audio_ms: u64,
    /// Words in English, characters in Chinese.
    pub errors: Errors,
    /// Substitutions, deletions and insertions by reference words of clips in which something is said.
    pub error_rate: Option<f64>,
    pub digits: Digits,
    pub invented: Invented,
    pub start: Option<Spread>,
    pub end: Option<Spread>,
    pub coverage: Coverage,
    pub decode: Option<Latency>,
    /// Processor seconds and passed seconds by seconds of audio.
    pub real_time_factor: RealTimeFactor,
}

/// Words heard where the reference is empty.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Invented {
    pub words: usize,
    pub audio_ms: u64,
    pub words_a_minute: Option<f64>,
}

/// Word-time errors, milliseconds: of their sizes the median and the 90th percentile, and their signed median.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub edges: usize,
    pub median_ms: u64,
    pub p90_ms: u64,
    /// Above 0: too late.
    pub bias_ms: i64,
}

/// Time of a segment's decode.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Latency {
    pub segments: usize,
    pub p50_ms: u64,
    pub p95_ms: u64,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct RealTimeFactor {
    pub cpu: f64,
    pub wall: f64,
}

impl Spread {
    pub fn of(mut signed: Vec<i64>) -> Option<Self> {
        signed.sort_unstable();
        let bias_ms = *signed.get(signed.len() / 2)?;
        let mut sizes: Vec<u64> = signed.iter().map(|ms| ms.unsigned_abs()).collect();
        sizes.sort_unstable();
        let (median_ms, p90_ms) = (percentile(&sizes, 50), percentile(&sizes, 90));
        Some(Self { edges: sizes.len(), median_ms, p90_ms, bias_ms })
    }
}

impl Sums {
    pub fn of<'a>(name: &str, clips: impl Iterator<Item = &'a Measured>) -> Self {
        let mut sums = Self::empty(name);
        let (mut starts, mut ends, mut decode_ms) = (Vec::new(), Vec::new(), Vec::new());
        let (mut cpu_ms, mut wall_ms) = (0, 0);
        for clip in clips {
            sums.clips += 1;
            sums.audio_ms += clip.audio_ms;
            if clip.says_nothing() {
                sums.invented.words += clip.errors.insertions;
                sums.invented.audio_ms += clip.audio_ms;
            } else {
                sums.errors.add(&clip.errors);
            }
            sums.digits.add(&clip.digits);
            sums.coverage = added(sums.coverage, clip.coverage);
            starts.extend(&clip.times.start_ms);
            ends.extend(&clip.times.end_ms);
            decode_ms.extend(&clip.decode_ms);
            (cpu_ms, wall_ms) = (cpu_ms + clip.cpu_ms, wall_ms + clip.wall_ms);
        }
        sums.error_rate = sums.errors.rate();
        let minutes = sums.invented.audio_ms as f64 / 60_000.0;
        sums.invented.words_a_minute = (minutes > 0.0).then(|| sums.invented.words as f64 / minutes);
        (sums.start, sums.end) = (Spread::of(starts), Spread::of(ends));
        decode_ms.sort_unstable();
        sums.decode = (!decode_ms.is_empty()).then(|| Latency {
            segments: decode_ms.len(),
            p50_ms: percentile(&decode_ms, 50),
            p95_ms: percentile(&decode_ms, 95),
        });
        let audio_ms = sums.audio_ms.max(1) as f64;
        sums.real_time_factor = RealTimeFactor { cpu: cpu_ms as f64 / audio_ms, wall: wall_ms as f64 / audio_ms };
        sums
    }

    fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            clips: 0,
            audio_ms: 0,
            errors: Errors::default(),
            error_rate: None,
            digits: Digits::default(),
            invented: Invented::default(),
            start: None,
            end: None,
            coverage: Coverage::default(),
            decode: None,
            real_time_factor: RealTimeFactor::default(),
        }
    }

    /// One for each different `key`, by name.
    pub fn by(clips: &[Measured], key: impl Fn(&Measured) -> &str) -> Vec<Self> {
        let names: BTreeSet<&str> = clips.iter().map(&key).collect();
        names.into_iter().map(|name| Self::of(name, clips.iter().filter(|clip| key(clip) == name))).collect()
    }
}

impl Measured {
    /// Silence, noise, music, tones: every word is invented.
    pub fn says_nothing(&self) -> bool {
        self.difference.iter().all(|word| word.said.is_none())
    }
}

fn added(a: Coverage, b: Coverage) -> Coverage {
    Coverage {
        text_ms: a.text_ms + b.text_ms,
        silence_ms: a.silence_ms + b.silence_ms,
        unrecognised_ms: a.unrecognised_ms + b.unrecognised_ms,
        lost_ms: a.lost_ms + b.lost_ms,
        lost_line_ms: a.lost_line_ms + b.lost_line_ms,
        lost_recorder_ms: a.lost_recorder_ms + b.lost_recorder_ms,
        lost_interrupted_ms: a.lost_interrupted_ms + b.lost_interrupted_ms,
        not_recorded_ms: a.not_recorded_ms + b.not_recorded_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_errors_is_of_their_sizes_and_its_bias_keeps_the_sign() {
        let errors = vec![-50, -40, -30, -20, -10, -10, 0, 10, 20, 400];
        let known = Spread { edges: 10, median_ms: 20, p90_ms: 50, bias_ms: -10 };
        assert_eq!(Spread::of(errors), Some(known));
        assert_eq!(Spread::of(vec![]), None);
    }
}
