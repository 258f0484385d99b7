//! Is this 16 ms speech? The only user of earshot.

use earshot::Detector;

use super::level::Level;
use super::upsample::block_to_16k;

/// Length of one scored block, milliseconds (earshot: 256 samples at 16 kHz).
pub const BLOCK_MS: u32 = 16;
const BLOCK_16K: usize = 256;
/// After this many blocks of digital silence the detector is not asked again until a sample differs from zero.
/// A rule about samples only, so the same recording gives the same scores however it was framed.
const ZEROS_BEFORE_REST: u32 = 16;

/// A block must stand out from the floor by this to be speech: six times what steady noise varies by.
const STANDS_OUT_DB: f32 = 3.0;
/// What such a block scores at most: no speech, whatever the threshold.
const HELD_DOWN: f32 = 0.1;

pub struct Vad {
    detector: Box<Detector>,
    rate: u32,
    level: Level,
    previous: i16,
    zeros: u32,
}

impl Vad {
    pub fn new(rate: u32) -> Self {
        Self { detector: Box::new(Detector::default()), rate, level: Level::new(), previous: 0, zeros: 0 }
    }

    /// Samples of one block at this rate.
    pub fn block_samples(rate: u32) -> usize {
        usize::try_from(rate * BLOCK_MS / 1000).unwrap_or(BLOCK_16K).max(1)
    }

    /// Score 0-1 of one block of `block_samples(rate)` samples.
    pub fn score(&mut self, block: &[i16]) -> f32 {
        let stands_out = self.level.hear(block, self.rate) >= STANDS_OUT_DB;
        if block.iter().all(|s| *s == 0) {
            self.zeros = self.zeros.saturating_add(1);
        } else {
            self.zeros = 0;
        }
        if self.zeros >= ZEROS_BEFORE_REST {
            if self.zeros == ZEROS_BEFORE_REST {
                self.detector.reset();
                self.previous = 0;
            }
            return 0.0;
        }
        let mut scaled = [0i16; BLOCK_16K];
        block_to_16k(block, self.previous, &mut scaled);
        self.previous = block.last().copied().unwrap_or(0);
        let gain = self.level.gain();
        for sample in &mut scaled {
            // `as` keeps to the range.
            *sample = (f32::from(*sample) * gain) as i16;
        }
        let score = self.detector.predict_i16(&scaled);
        if score > HELD_DOWN && (!stands_out || self.level.is_tone()) { HELD_DOWN } else { score }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::samples;

    #[test]
    fn speech_scores_high_and_silence_low() {
        let (rate, pcm) = samples::wav("en-gas");
        let mut vad = Vad::new(rate);
        let scores: Vec<f32> = pcm.chunks_exact(Vad::block_samples(rate)).map(|b| vad.score(b)).collect();
        // Sentence at 2.336-4.233 s, silence before 0.8 s.
        let voiced = scores[146..264].iter().filter(|s| **s >= 0.5).count();
        assert!(voiced > 80, "{voiced} of 118 blocks");
        assert!(scores[..45].iter().all(|s| *s < 0.5));
        let mut quiet = Vad::new(rate);
        assert!((0..200).all(|_| quiet.score(&[0; 128]) < 0.5));
    }
}
