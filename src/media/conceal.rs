//! Fills what was lost: the last 20 ms again, fading out over 60 ms, then silence.
//!
//! Longer repetition sounds like a robot and gives the recogniser words that were never said.

/// Samples kept of the sound before a loss: 20 ms at 8 kHz.
const MEMORY: usize = 160;
/// Samples until a repetition has faded to silence: 60 ms at 8 kHz.
const FADE: usize = 480;

/// Remembers the newest sound and continues it.
#[derive(Debug)]
pub struct Concealer {
    memory: [i16; MEMORY],
    /// Samples concealed since the last real sound.
    run: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Self { memory: [0; MEMORY], run: FADE }
    }
}

impl Concealer {
    /// Takes note of decoded sound.
    pub fn heard(&mut self, pcm: &[i16]) {
        let kept = pcm.len().min(MEMORY);
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
        self.run = FADE;
    }

    /// Next sample of the concealment.
    pub fn sample(&mut self) -> i16 {
        if self.run >= FADE {
            return 0;
        }
        let sound = self.memory.get(self.run % MEMORY).copied().unwrap_or(0);
        let left = FADE - self.run;
        self.run += 1;
        let (left, whole) = (i32::try_from(left).unwrap_or(0), i32::try_from(FADE).unwrap_or(i32::MAX));
        i16::try_from(i32::from(sound) * left / whole).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_repeats_the_last_sound_fading_to_silence() {
        let mut concealer = Concealer::default();
        assert_eq!(concealer.sample(), 0);
        concealer.heard(&[1_000; 400]);
        let filled: Vec<i16> = (0..600).map(|_| concealer.sample()).collect();
        assert_eq!(filled[0], 1_000);
        assert!(filled.windows(2).all(|pair| pair[1] <= pair[0]));
        assert!(filled[240] > 400 && filled[240] < 600);
        assert!(filled[480..].iter().all(|&s| s == 0));
    }

    #[test]
    fn short_packets_build_up_the_memory() {
        let mut concealer = Concealer::default();
        for value in 1..=2_i16 {
            concealer.heard(&[value * 480; 80]);
        }
        let filled: Vec<i16> = (0..160).map(|_| concealer.sample()).collect();
        assert_eq!(filled[0], 480);
        assert!(filled[80] > 700);
    }

    #[test]
    fn after_silence_a_loss_is_silent() {
        let mut concealer = Concealer::default();
        concealer.heard(&[500; 160]);
        concealer.silence();
        assert_eq!(concealer.sample(), 0);
    }
}
