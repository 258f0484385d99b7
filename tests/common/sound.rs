//! Sound files and how alike two sounds are.

use std::path::Path;

/// Samples per second of everything on a narrow-band line.
pub const RATE: u32 = 8_000;
/// Samples of one envelope step: 20 ms.
const STEP: usize = 160;

/// First channel of a 16-bit WAV, and its rate.
pub fn read_wav(path: &Path) -> (Vec<i16>, u32) {
    let reader = hound::WavReader::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let format = reader.spec();
    let channels = usize::from(format.channels);
    let samples = reader.into_samples::<i16>().step_by(channels).map(|s| s.expect("a whole sample")).collect();
    (samples, format.sample_rate)
}

/// 8 kHz, 16 bit, one channel.
pub fn write_wav(path: &Path, pcm: &[i16]) {
    let format =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, format).expect("a sound file");
    for sample in pcm {
        writer.write_sample(*sample).expect("room for the sound");
    }
    writer.finalize().expect("room for the sound");
}

/// Loudness of each 20 ms.
pub fn envelope(pcm: &[i16]) -> Vec<f64> {
    pcm.chunks(STEP)
        .map(|part| {
            let energy: f64 = part.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
            (energy / f64::from(u32::try_from(part.len()).unwrap())).sqrt()
        })
        .collect()
}

/// Best normalised cross-correlation (-1 to 1) of the two envelopes, `part` shifted anywhere inside `whole`.
pub fn likeness(whole: &[i16], part: &[i16]) -> f64 {
    let (whole, part) = (envelope(whole), envelope(part));
    if whole.len() < part.len() || part.is_empty() {
        return 0.0;
    }
    (0..=whole.len() - part.len()).map(|at| correlation(&whole[at..at + part.len()], &part)).fold(-1.0, f64::max)
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let count = f64::from(u32::try_from(a.len()).unwrap());
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / count, b.iter().sum::<f64>() / count);
    let (mut both, mut own_a, mut own_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        both += (x - mean_a) * (y - mean_b);
        own_a += (x - mean_a).powi(2);
        own_b += (y - mean_b).powi(2);
    }
    if own_a * own_b == 0.0 { 0.0 } else { both / (own_a * own_b).sqrt() }
}

#[test]
fn a_sound_is_like_itself_and_unlike_another() {
    let part: Vec<i16> = (0..8_000_i32).map(|n| i16::try_from((n / 400 % 2) * (n * 31 % 9_000)).unwrap()).collect();
    let mut whole = vec![0; 1_600];
    whole.extend(&part);
    assert!(likeness(&whole, &part) > 0.99);
    let other: Vec<i16> = part.iter().rev().copied().collect();
    assert!(likeness(&vec![0; 10_000], &part).abs() < 0.01 && likeness(&whole, &other) < 0.95);
}
