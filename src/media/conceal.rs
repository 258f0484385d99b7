//! Fills what was lost, fading out over 60 ms, then silence. Opus continues its own sound and mends the end of a
//! loss from the packet after it; for the other codecs it is the last 20 ms again.
//!
//! Longer repetition sounds like a robot and gives the recogniser words that were never said.

use crate::call::Codec;
use crate::codec::Decoder;

/// Milliseconds kept of the sound before a loss.
const MEMORY_MS: u32 = 20;
/// Milliseconds until a repetition has faded to silence.
const FADE_MS: u32 = 60;

/// Remembers the newest sound and continues it.
#[derive(Debug)]
pub struct Concealer {
    memory: Vec<i16>,
    /// Samples until silence.
    fade: usize,
    /// Samples concealed since the last real sound.
    run: usize,
    /// Samples of the 2.5 ms that Opus counts in.
    grain: usize,
}

impl Concealer {
    pub fn new(rate: u32) -> Self {
        let samples = |millis: u32| usize::try_from(rate / 1_000 * millis).unwrap_or(1).max(1);
        let fade = samples(FADE_MS);
        Self { memory: vec![0; samples(MEMORY_MS)], fade, run: fade, grain: samples(5) / 2 }
    }

    /// Takes note of decoded sound.
    pub fn heard(&mut self, pcm: &[i16]) {
        let kept = pcm.len().min(self.memory.len());
        if kept == 0 {
            return;
        }
        self.memory.rotate_left(kept);
        let newest = self.memory.iter_mut().rev();
        for (slot, sample) in newest.zip(pcm.iter().rev()) {
            *slot = *sample;
        }
        self.run = 0;
    }

    /// Forgets the sound, so that a loss after a silence is silent.
    pub fn silence(&mut self) {
        self.run = self.fade;
    }

    /// Sound for `count` lost samples; what is missing at its end is silence.
    pub fn fill(&mut self, count: usize, decoder: &mut Decoder) -> Vec<i16> {
        let run = self.run.min(self.fade);
        let wanted = count.min(self.fade - run);
        self.run = run.saturating_add(count);
        let continued = if decoder.codec() == Codec::Opus {
            decoder.conceal(wanted, None)
        } else {
            self.memory.iter().copied().cycle().skip(run % self.memory.len().max(1)).take(wanted).collect()
        };
        let faded = continued.into_iter().enumerate().map(|(n, sample)| {
            let left = i32::try_from(self.fade - run - n).unwrap_or(0);
            let whole = i32::try_from(self.fade).unwrap_or(i32::MAX);
            i16::try_from(i32::from(sample) * left / whole).unwrap_or(0)
        });
        faded.collect()
    }

    /// How many of `count` lost samples right before a packet of `length` that packet itself can mend.
    pub fn mendable(&self, count: usize, length: usize, decoder: &Decoder) -> usize {
        if decoder.codec() != Codec::Opus {
            return 0;
        }
        let grain = self.grain.max(1);
        count.min(length) / grain * grain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoder() -> Decoder {
        Decoder::new(Codec::Pcmu, 8_000)
    }

    #[test]
    fn a_loss_repeats_the_last_sound_fading_to_silence_at_any_rate() {
        for rate in [8_000, 16_000] {
            let fade = usize::try_from(rate).unwrap() * 60 / 1_000;
            let mut concealer = Concealer::new(rate);
            assert!(concealer.fill(1, &mut decoder()).is_empty());
            concealer.heard(&[1_000; 800]);
            let mut filled = concealer.fill(fade / 3, &mut decoder());
            filled.extend(concealer.fill(fade, &mut decoder()));
            assert_eq!((filled.len(), filled[0]), (fade, 1_000));
            assert!(filled.windows(2).all(|pair| pair[1] <= pair[0]));
            assert!(filled[fade / 2] > 400 && filled[fade / 2] < 600);
            assert!(concealer.fill(100, &mut decoder()).is_empty());
        }
    }

    #[test]
    fn short_packets_build_up_the_memory() {
        let mut concealer = Concealer::new(8_000);
        for value in 1..=2_i16 {
            concealer.heard(&[value * 480; 80]);
        }
        let filled = concealer.fill(160, &mut decoder());
        assert_eq!(filled[0], 480);
        assert!(filled[80] > 700);
    }

    #[test]
    fn after_silence_a_loss_is_silent() {
        let mut concealer = Concealer::new(8_000);
        concealer.heard(&[500; 160]);
        concealer.silence();
        assert!(concealer.fill(160, &mut decoder()).is_empty());
    }

    #[test]
    fn only_opus_mends_and_in_whole_grains() {
        let opus = Decoder::new(Codec::Opus, 16_000);
        let concealer = Concealer::new(16_000);
        assert_eq!(concealer.mendable(1_000, 320, &opus), 320);
        assert_eq!(concealer.mendable(99, 320, &opus), 80);
        assert_eq!(concealer.mendable(1_000, 320, &decoder()), 0);
    }
}
