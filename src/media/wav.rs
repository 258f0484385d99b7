//! Reads any PCM WAV file as mono: prompts, files to transcribe.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec};

use super::resample::{ResampleError, Resampler, to_i16};
use crate::config::limits;

/// Highest sample rate taken; studio files go up to it.
const MAX_RATE: u32 = 192_000;
const MIN_RATE: u32 = 4_000;
const MAX_CHANNELS: u16 = 2;
/// Frames decoded between two steps of the resampler.
const BLOCK: usize = 1 << 14;

/// One channel of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonoAudio {
    /// Samples per second.
    pub rate: u32,
    pub pcm: Vec<i16>,
}

impl MonoAudio {
    pub fn duration_ms(&self) -> u64 {
        u64::try_from(self.pcm.len()).unwrap_or(u64::MAX).saturating_mul(1_000) / u64::from(self.rate.max(1))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum WavError {
    #[error("{path}: cannot be read: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("{path}: is empty; give a WAV file")]
    Empty { path: PathBuf },
    #[error("{path}: is not a PCM WAV file ({reason}); convert it, for example: sox INPUT -b 16 out.wav")]
    NotWav { path: PathBuf, reason: String },
    #[error("{path}: cannot be written: {reason}")]
    Unwritable { path: PathBuf, reason: String },
    #[error("{path}: the WAV file holds no samples")]
    NoSamples { path: PathBuf },
    #[error("{path}: is cut short after {frames} of {promised} samples; copy it again")]
    Truncated { path: PathBuf, frames: u64, promised: u64 },
    #[error("{path}: {what} is not taken; {expected}")]
    Unsupported { path: PathBuf, what: String, expected: String },
    #[error("{path}: {source}")]
    Resample { path: PathBuf, source: ResampleError },
}

/// Reads a file at its own rate. Memory: two bytes a sample, at most `MAX_FILE_HOURS`.
pub fn read_mono(path: &Path) -> Result<MonoAudio, WavError> {
    read(path, None)
}

/// Reads a file at `rate`, resampling block by block, so that memory follows `rate` and not the file's own.
pub fn read_at(path: &Path, rate: u32) -> Result<MonoAudio, WavError> {
    read(path, Some(rate))
}

/// Writes 16-bit mono; an existing file is replaced.
pub fn write_mono(path: &Path, rate: u32, pcm: &[i16]) -> Result<(), WavError> {
    let unwritable = |e: hound::Error| WavError::Unwritable { path: path.into(), reason: e.to_string() };
    let spec = WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).map_err(unwritable)?;
    pcm.iter().try_for_each(|sample| writer.write_sample(*sample)).map_err(unwritable)?;
    writer.finalize().map_err(unwritable)
}

fn read(path: &Path, wanted: Option<u32>) -> Result<MonoAudio, WavError> {
    let (reader, spec, promised) = open(path)?;
    let rate = wanted.unwrap_or(spec.sample_rate);
    let resample = |source| WavError::Resample { path: path.into(), source };
    let mut sink = Sink {
        resampler: Resampler::new(spec.sample_rate, rate).map_err(resample)?,
        block: Vec::with_capacity(BLOCK),
        made: Vec::new(),
        pcm: Vec::new(),
    };
    let frames = match (spec.sample_format, spec.bits_per_sample) {
        (SampleFormat::Float, 32) => decode(reader.into_samples::<f32>(), spec, |s| s, &mut sink),
        (SampleFormat::Int, bits @ (8 | 16 | 24 | 32)) => {
            let scale = 1.0 / f64::from(1_u32 << (bits - 1));
            decode(reader.into_samples::<i32>(), spec, |s| narrow(f64::from(s) * scale), &mut sink)
        }
        (_, bits) => {
            let expected = "8, 16, 24 or 32 bit integer or 32 bit float".to_owned();
            return Err(WavError::Unsupported { path: path.into(), what: format!("{bits} bit"), expected });
        }
    }
    .map_err(resample)?;
    if frames < promised {
        return Err(WavError::Truncated { path: path.into(), frames, promised });
    }
    let pcm = sink.finish().map_err(resample)?;
    Ok(MonoAudio { rate, pcm })
}

type Opened = (WavReader<BufReader<File>>, WavSpec, u64);

fn open(path: &Path) -> Result<Opened, WavError> {
    let unreadable = |e: std::io::Error| WavError::Unreadable { path: path.into(), reason: e.to_string() };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() == 0 {
        return Err(WavError::Empty { path: path.into() });
    }
    let reader = WavReader::new(BufReader::new(file))
        .map_err(|e| WavError::NotWav { path: path.into(), reason: e.to_string() })?;
    let spec = reader.spec();
    let unsupported = |what: String, expected: String| WavError::Unsupported { path: path.into(), what, expected };
    if !(MIN_RATE..=MAX_RATE).contains(&spec.sample_rate) {
        let expected = format!("{MIN_RATE} to {MAX_RATE} Hz");
        return Err(unsupported(format!("a rate of {} Hz", spec.sample_rate), expected));
    }
    if !(1..=MAX_CHANNELS).contains(&spec.channels) {
        return Err(unsupported(format!("{} channels", spec.channels), "mono or stereo".into()));
    }
    let promised = u64::from(reader.duration());
    if promised == 0 {
        return Err(WavError::NoSamples { path: path.into() });
    }
    let most = limits::MAX_FILE_HOURS * 3_600 * u64::from(spec.sample_rate);
    if promised > most {
        let expected = format!("at most {} hours; split it", limits::MAX_FILE_HOURS);
        return Err(unsupported("a file this long".into(), expected));
    }
    Ok((reader, spec, promised))
}

struct Sink {
    resampler: Resampler,
    block: Vec<f32>,
    made: Vec<f32>,
    pcm: Vec<i16>,
}

impl Sink {
    fn take(&mut self, sample: f32) -> Result<(), ResampleError> {
        self.block.push(sample);
        if self.block.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ResampleError> {
        self.resampler.push(&self.block, &mut self.made)?;
        self.block.clear();
        self.pcm.extend(self.made.drain(..).map(to_i16));
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<i16>, ResampleError> {
        self.flush()?;
        self.resampler.finish(&mut self.made)?;
        self.pcm.extend(self.made.drain(..).map(to_i16));
        Ok(self.pcm)
    }
}

/// Mixes frames down to one channel; ends at the first sample that cannot be read. Returns whole frames.
fn decode<S>(
    samples: impl Iterator<Item = Result<S, hound::Error>>,
    spec: WavSpec,
    scale: impl Fn(S) -> f32,
    sink: &mut Sink,
) -> Result<u64, ResampleError> {
    let channels = spec.channels.max(1);
    let (mut frames, mut sum, mut have) = (0, 0.0, 0);
    for sample in samples {
        let Ok(sample) = sample else { break };
        sum += scale(sample);
        have += 1;
        if have == channels {
            sink.take(sum / f32::from(channels))?;
            frames += 1;
            (sum, have) = (0.0, 0);
        }
    }
    Ok(frames)
}

#[expect(clippy::cast_possible_truncation, reason = "samples between -1 and 1, rounded to the nearest f32")]
fn narrow(sample: f64) -> f32 {
    sample as f32
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use hound::WavWriter;

    use super::*;

    fn write(dir: &Path, name: &str, spec: WavSpec, frames: usize) -> PathBuf {
        let path = dir.join(name);
        let mut writer = WavWriter::create(&path, spec).unwrap();
        for n in 0..frames * usize::from(spec.channels) {
            // Half of full scale on the left, silence on the right.
            let left = spec.channels == 1 || n % 2 == 0;
            match spec.sample_format {
                SampleFormat::Float => writer.write_sample(if left { 0.5_f32 } else { 0.0 }).unwrap(),
                SampleFormat::Int => {
                    let half = i32::try_from(1_i64 << (spec.bits_per_sample - 2)).unwrap();
                    writer.write_sample(if left { half } else { 0 }).unwrap();
                }
            }
        }
        writer.finalize().unwrap();
        path
    }

    #[test]
    fn every_pcm_shape_reads_as_the_same_sound() {
        let dir = tempfile::tempdir().unwrap();
        let formats = [
            (SampleFormat::Int, 8),
            (SampleFormat::Int, 16),
            (SampleFormat::Int, 24),
            (SampleFormat::Int, 32),
            (SampleFormat::Float, 32),
        ];
        for (sample_format, bits_per_sample) in formats {
            for (channels, level) in [(1, 16_384), (2, 8_192)] {
                let spec = WavSpec { channels, sample_rate: 22_050, bits_per_sample, sample_format };
                let path = write(dir.path(), "a.wav", spec, 2_205);
                let audio = read_mono(&path).unwrap();
                assert_eq!((audio.rate, audio.pcm.len(), audio.duration_ms()), (22_050, 2_205, 100));
                assert!(audio.pcm.iter().all(|&s| s == level), "{spec:?}");
                let at = read_at(&path, 16_000).unwrap();
                assert_eq!((at.rate, at.pcm.len()), (16_000, 1_600));
                assert!(at.pcm[800].abs_diff(level) < 100, "{spec:?}: {}", at.pcm[800]);
            }
        }
    }

    #[test]
    fn each_bad_file_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        assert!(matches!(read_mono(&path("none.wav")), Err(WavError::Unreadable { .. })));
        std::fs::write(path("empty.wav"), b"").unwrap();
        assert!(matches!(read_mono(&path("empty.wav")), Err(WavError::Empty { .. })));
        std::fs::write(path("mp3.wav"), b"ID3 this is some other kind of file altogether").unwrap();
        assert!(matches!(read_mono(&path("mp3.wav")), Err(WavError::NotWav { .. })));
        let spec = WavSpec { channels: 1, sample_rate: 8_000, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let silent = write(dir.path(), "zero.wav", spec, 0);
        assert!(matches!(read_mono(&silent), Err(WavError::NoSamples { .. })));
        let whole = write(dir.path(), "cut.wav", spec, 1_000);
        let bytes = std::fs::read(&whole).unwrap();
        std::fs::write(&whole, &bytes[..bytes.len() - 501]).unwrap();
        assert!(matches!(read_mono(&whole), Err(WavError::Truncated { frames: 749, promised: 1_000, .. })));
        std::fs::write(&whole, &bytes[..20]).unwrap();
        assert!(matches!(read_mono(&whole), Err(WavError::NotWav { .. })));
        let many = WavSpec { channels: 6, ..spec };
        let surround = write(dir.path(), "many.wav", many, 10);
        assert!(matches!(read_mono(&surround), Err(WavError::Unsupported { .. })));
    }
}
