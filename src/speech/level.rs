//! What the detector does not look at: how far a block stands out from the line's own noise, whether it is a machine's
//! tone, and how much a quiet caller must be raised. Pure.
//!
//! Measured over three bundled calls, by the share of their sentences that lay in segments: at -30 dB the detector
//! alone keeps 84 %, at -40 dB 17 %, raised both 100 %; over white noise at 5 and 0 dB it makes one segment of the whole
//! call, held against the floor it keeps every sentence apart.

use std::collections::VecDeque;

/// Levels and tones are judged at this rate: it is the telephone's band that matters.
const RATE: u32 = 8_000;
/// One-pole high-pass at about 190 Hz: hum and rumble are no part of a level, nor is a constant offset.
const HIGH_PASS: f32 = 0.85;
/// A block's part in the smoothed level.
const SMOOTHING: f32 = 0.4;
/// The floor is the least smoothed level of the last ten stretches of 12 blocks and the one that grows: about two
/// seconds, in which any speaker pauses for breath or closes the lips (minimum statistics, Martin 2001).
const STRETCH: u32 = 12;
const STRETCHES: usize = 10;
/// Order of the predictor: two sinusoids, which is what DTMF, dial and ringback tones are.
const ORDER: usize = 4;
/// What is left of a tone after prediction is 29 dB and more below it, of speech at most 25 dB (five calls).
const TONE_DB: f32 = 27.0;
/// Quieter than this, sample units, a caller is raised; at most by `MOST_GAIN`.
const RAISED_TO: f32 = 4_000.0;
const MOST_GAIN: f32 = 40.0;
/// The peak that gain follows falls by 0.27 dB a second.
const PEAK_DECAY: f32 = 0.9995;
const SILENCE_DB: f32 = -100.0;

/// One call's levels, fed block by block.
pub struct Level {
    previous: f32,
    high_passed: f32,
    smooth_db: Option<f32>,
    /// Least level of each whole stretch.
    minima: VecDeque<f32>,
    stretch_db: f32,
    in_stretch: u32,
    peak: f32,
    band: Vec<f32>,
}

impl Level {
    pub fn new() -> Self {
        Self {
            previous: 0.0,
            high_passed: 0.0,
            smooth_db: None,
            minima: VecDeque::with_capacity(STRETCHES + 1),
            stretch_db: f32::INFINITY,
            in_stretch: 0,
            peak: 0.0,
            band: Vec::new(),
        }
    }

    /// Takes the next block. Decibels by which it stands out from the floor, never negative.
    pub fn hear(&mut self, block: &[i16], rate: u32) -> f32 {
        self.take_band(block, rate);
        let mut power = 0.0;
        for &sample in &self.band {
            self.high_passed = HIGH_PASS * (self.high_passed + sample - self.previous);
            self.previous = sample;
            power += self.high_passed * self.high_passed;
        }
        let full_scale = 32_768.0 * 32_768.0 * self.band.len().max(1) as f32;
        let db = (10.0 * (power / full_scale).log10()).max(SILENCE_DB);
        let smooth = self.smooth_db.map_or(db, |last| last + SMOOTHING * (db - last));
        self.smooth_db = Some(smooth);
        self.stretch_db = self.stretch_db.min(smooth);
        let floor = self.minima.iter().fold(self.stretch_db, |least, minimum| least.min(*minimum));
        self.in_stretch += 1;
        if self.in_stretch == STRETCH {
            self.minima.push_back(self.stretch_db);
            if self.minima.len() > STRETCHES {
                self.minima.pop_front();
            }
            (self.stretch_db, self.in_stretch) = (f32::INFINITY, 0);
        }
        let loudest = block.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
        self.peak = (self.peak * PEAK_DECAY).max(f32::from(loudest));
        (db - floor).max(0.0)
    }

    /// Factor that brings a quiet caller to where the detector hears well.
    pub fn gain(&self) -> f32 {
        (RAISED_TO / self.peak.max(1.0)).clamp(1.0, MOST_GAIN)
    }

    /// Whether the block taken last is one or two sinusoids: linear prediction leaves next to nothing of it.
    pub fn is_tone(&self) -> bool {
        let mean = self.band.iter().sum::<f32>() / self.band.len().max(1) as f32;
        let step = std::f32::consts::TAU / self.band.len().max(1) as f32;
        let hann = |i: usize| 0.5 - 0.5 * (step * (i as f32 + 0.5)).cos();
        let windowed: Vec<f32> = self.band.iter().enumerate().map(|(i, s)| (s - mean) * hann(i)).collect();
        prediction_gain_db(&windowed) > TONE_DB
    }

    /// The block at 8 kHz: neighbours averaged.
    fn take_band(&mut self, block: &[i16], rate: u32) {
        let every = usize::try_from(rate / RATE).unwrap_or(1).max(1);
        let mean = |samples: &[i16]| samples.iter().map(|s| f32::from(*s)).sum::<f32>() / samples.len() as f32;
        self.band.clear();
        self.band.extend(block.chunks(every).map(mean));
    }
}

/// Levinson-Durbin recursion over the autocorrelation.
fn prediction_gain_db(samples: &[f32]) -> f32 {
    let mut correlation = [0.0_f32; ORDER + 1];
    for (lag, sum) in correlation.iter_mut().enumerate() {
        *sum = samples.iter().skip(lag).zip(samples).map(|(a, b)| a * b).sum();
    }
    let whole = correlation[0];
    if whole < 1.0 {
        return 0.0;
    }
    let mut weights = [0.0_f32; ORDER + 1];
    let mut error = whole;
    for i in 1..=ORDER {
        let explained: f32 = (1..i).map(|j| weights[j] * correlation[i - j]).sum();
        let reflection = (correlation[i] - explained) / error;
        let before = weights;
        weights[i] = reflection;
        for j in 1..i {
            weights[j] = before[j] - reflection * before[i - j];
        }
        error *= 1.0 - reflection * reflection;
        // Nothing is left, but for rounding.
        if error <= whole * 1e-6 {
            return 60.0;
        }
    }
    10.0 * (whole / error).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::samples;

    /// Sine waves of equal strength, 16 ms at 8 kHz.
    fn tone(frequencies: &[f32], from: usize) -> Vec<i16> {
        let at = |i: usize, f: f32| (std::f32::consts::TAU * f * (from + i) as f32 / RATE as f32).sin();
        (0..128).map(|i| frequencies.iter().map(|f| at(i, *f) * 6_000.0).sum::<f32>() as i16).collect()
    }

    #[test]
    fn keys_and_line_tones_are_told_from_every_block_of_speech() {
        for pair in [[697.0, 1_209.0], [941.0, 1_477.0], [440.0, 480.0], [350.0, 440.0], [425.0, 425.0]] {
            let mut level = Level::new();
            level.hear(&tone(&pair, 37), RATE);
            assert!(level.is_tone(), "{pair:?}");
        }
        for name in samples::CALLS {
            let (rate, pcm) = samples::wav(name);
            let mut level = Level::new();
            let mut tones = 0;
            for block in pcm.chunks_exact(128) {
                let above = level.hear(block, rate);
                tones += usize::from(above > 10.0 && level.is_tone());
            }
            assert_eq!(tones, 0, "{name}");
        }
    }

    #[test]
    fn steady_sound_becomes_the_floor_within_seconds_and_speech_does_not() {
        let mut level = Level::new();
        for _ in 0..60 {
            assert!(level.hear(&[0; 128], RATE) < 1.0);
        }
        let hum = |level: &mut Level, blocks: usize| {
            (0..blocks).map(|n| level.hear(&tone(&[300.0, 520.0], n * 128), RATE)).last().unwrap()
        };
        assert!(hum(&mut level, 20) > 20.0);
        assert!(hum(&mut level, 150) < 3.0);
    }

    #[test]
    fn a_quiet_caller_is_raised_and_a_loud_one_is_left_alone() {
        let gain = |loud: i16| {
            let mut level = Level::new();
            level.hear(&[loud, -loud, loud, -loud].repeat(32), RATE);
            level.gain()
        };
        assert_eq!((gain(400), gain(20_000), gain(0)), (10.0, 1.0, MOST_GAIN));
    }
}
