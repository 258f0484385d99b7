//! Changes the sample rate of files and prompts; calls stay at their codec's rate.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing};

/// Frames of one step; about 20 ms at 48 kHz.
const CHUNK: usize = 1_024;

#[derive(Debug, thiserror::Error)]
pub enum ResampleError {
    #[error("cannot resample {from} Hz to {to} Hz: {reason}")]
    Rates { from: u32, to: u32, reason: String },
    #[error("resampling failed: {0}")]
    Step(String),
}

/// Streaming resampler of one mono signal (full scale is -1.0 to 1.0).
pub struct Resampler {
    from: u32,
    to: u32,
    /// `None` when nothing is to be done.
    fft: Option<Fft<f32>>,
    waiting: Vec<f32>,
    step: Vec<f32>,
    taken: u64,
    given: u64,
    /// Output samples of the filter's delay, still to be left out.
    skip: usize,
}

impl Resampler {
    pub fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        let wrong = |reason: String| ResampleError::Rates { from, to, reason };
        let size = |rate: u32| usize::try_from(rate).map_err(|e| wrong(e.to_string()));
        let fft = if from == to {
            None
        } else {
            Some(
                Fft::<f32>::new(size(from)?, size(to)?, CHUNK, 1, FixedSync::Input)
                    .map_err(|e| wrong(e.to_string()))?,
            )
        };
        let skip = fft.as_ref().map_or(0, rubato::Resampler::output_delay);
        let step = vec![0.0; fft.as_ref().map_or(0, rubato::Resampler::output_frames_max)];
        Ok(Self { from, to, fft, waiting: Vec::new(), step, taken: 0, given: 0, skip })
    }

    /// Takes samples and appends what is ready.
    pub fn push(&mut self, pcm: &[f32], out: &mut Vec<f32>) -> Result<(), ResampleError> {
        self.taken += u64::try_from(pcm.len()).unwrap_or(0);
        if self.fft.is_none() {
            out.extend_from_slice(pcm);
            return Ok(());
        }
        self.waiting.extend_from_slice(pcm);
        while self.step(false, out)? {}
        Ok(())
    }

    /// Appends the rest: in all, the output lasts as long as the input to within one sample.
    pub fn finish(mut self, out: &mut Vec<f32>) -> Result<(), ResampleError> {
        if self.fft.is_none() || self.taken == 0 {
            return Ok(());
        }
        let before = out.len();
        let wanted = (self.taken * u64::from(self.to)).div_ceil(u64::from(self.from));
        let owed = usize::try_from(wanted.saturating_sub(self.given)).unwrap_or(usize::MAX);
        // The filter's delay comes out after at most two empty steps more than the rates ask for.
        while out.len() - before < owed {
            if !self.step(true, out)? {
                break;
            }
        }
        out.truncate(before.saturating_add(owed));
        Ok(())
    }

    fn step(&mut self, last: bool, out: &mut Vec<f32>) -> Result<bool, ResampleError> {
        let Some(fft) = &mut self.fft else { return Ok(false) };
        let needed = rubato::Resampler::input_frames_next(fft);
        if self.waiting.len() < needed && !last {
            return Ok(false);
        }
        let present = self.waiting.len().min(needed);
        let failed = |e: &dyn std::fmt::Display| ResampleError::Step(e.to_string());
        let room = self.step.len();
        let input = InterleavedSlice::new(&self.waiting, 1, self.waiting.len()).map_err(|e| failed(&e))?;
        let mut output = InterleavedSlice::new_mut(&mut self.step, 1, room).map_err(|e| failed(&e))?;
        let indexing = (present < needed).then(|| Indexing::new().partial_len(present));
        let (_, made) = rubato::Resampler::process_into_buffer(fft, &input, &mut output, indexing.as_ref())
            .map_err(|e| failed(&e))?;
        self.waiting.drain(..present);
        let skipped = self.skip.min(made);
        self.skip -= skipped;
        out.extend_from_slice(self.step.get(skipped..made).unwrap_or(&[]));
        self.given += u64::try_from(made - skipped).unwrap_or(0);
        Ok(true)
    }
}

/// Resamples a whole signal.
pub fn resample(pcm: &[i16], from: u32, to: u32) -> Result<Vec<i16>, ResampleError> {
    if from == to {
        return Ok(pcm.to_vec());
    }
    let mut resampler = Resampler::new(from, to)?;
    let mut made = Vec::new();
    let mut out = Vec::new();
    for block in pcm.chunks(1 << 16) {
        let block: Vec<f32> = block.iter().map(|&s| f32::from(s) / 32_768.0).collect();
        resampler.push(&block, &mut made)?;
        out.extend(made.drain(..).map(to_i16));
    }
    resampler.finish(&mut made)?;
    out.extend(made.into_iter().map(to_i16));
    Ok(out)
}

/// Full scale to 16 bit, clipping.
#[expect(clippy::cast_possible_truncation, reason = "the value is clamped to the range first; NaN becomes zero")]
pub fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, seconds: f64) -> Vec<i16> {
        (0..(f64::from(rate) * seconds) as usize)
            .map(|n| (f64::sin(n as f64 * 440.0 * std::f64::consts::TAU / f64::from(rate)) * 10_000.0) as i16)
            .collect()
    }

    #[test]
    fn any_rate_keeps_length_pitch_level_and_place() {
        for (from, to) in
            [(8_000, 16_000), (44_100, 16_000), (48_000, 8_000), (192_000, 16_000), (11_025, 8_000), (12_345, 16_000)]
        {
            let out = resample(&tone(from, 1.0), from, to).unwrap();
            assert!(out.len().abs_diff(usize::try_from(to).unwrap()) <= 1, "{from}->{to}: {}", out.len());
            let wanted = tone(to, 1.0);
            let middle = out.len() / 4..out.len() * 3 / 4;
            let worst = out[middle.clone()].iter().zip(&wanted[middle]).map(|(a, b)| a.abs_diff(*b)).max();
            // Half a sample of the lower rate at the tone's steepest: the filter's delay is left out in whole samples.
            let half_a_sample = 10_000.0 * 440.0 * std::f64::consts::PI / f64::from(from.min(to));
            assert!(worst.is_some_and(|w| f64::from(w) < half_a_sample + 100.0), "{from}->{to}: {worst:?}");
        }
    }

    #[test]
    fn the_same_rate_and_nothing_at_all_pass_unchanged() {
        assert_eq!(resample(&[1, -2, 3], 8_000, 8_000).unwrap(), [1, -2, 3]);
        assert!(resample(&[], 8_000, 16_000).unwrap().is_empty());
        assert_eq!(resample(&[0; 3], 8_000, 16_000).unwrap().len(), 6);
        assert!(resample(&[0], 0, 16_000).is_err());
    }

    #[test]
    fn loud_samples_are_clipped_and_never_wrap() {
        assert_eq!((to_i16(1.5), to_i16(-1.5), to_i16(f32::NAN)), (32_767, -32_768, 0));
    }
}
