//! The endpointer on bad lines: quiet callers, noise, rumble, tones. What is speech is kept, what is none is not.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::call_tests::{heard, recognizer, transcribe};
use super::samples::{self, CALLS};
use super::*;
use crate::call::{MediaSpan, MediaTime};
use crate::ops::clock::Clock;

const RATE: u32 = 8_000;
const SEED: u64 = 20_261_127;

fn spans(rate: u32, pcm: &[i16]) -> Vec<MediaSpan> {
    heard(rate, pcm, rate as usize / 50).into_iter().filter_map(Heard::into_cut).map(|cut| cut.span).collect()
}

fn scaled(pcm: &[i16], by: f32) -> Vec<i16> {
    pcm.iter().map(|s| (f32::from(*s) * by) as i16).collect()
}

fn noisy(pcm: &[i16], snr_db: f32) -> Vec<i16> {
    let mut rng = StdRng::seed_from_u64(SEED);
    let power = pcm.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / pcm.len() as f32;
    // Uniform noise of this peak has a third of its square as power.
    let peak = (3.0 * power * 10_f32.powf(-snr_db / 10.0)).sqrt();
    pcm.iter().map(|s| (f32::from(*s) + rng.random_range(-peak..=peak)) as i16).collect()
}

/// One minute of whatever `at` gives for a time in seconds, in -1..1.
fn minute(mut at: impl FnMut(f64) -> f64) -> Vec<i16> {
    (0..60 * RATE).map(|n| (at(f64::from(n) / f64::from(RATE)) * 12_000.0) as i16).collect()
}

fn sines(at: f64, frequencies: &[f64]) -> f64 {
    frequencies.iter().map(|f| (std::f64::consts::TAU * f * at).sin()).sum::<f64>() / frequencies.len() as f64
}

/// Share of each sentence that lies in segments, the least of a call, and seconds of segments that hold none of it.
fn kept(name: &str, rate: u32, pcm: &[i16]) -> (f64, f64) {
    let cut = spans(rate, pcm);
    let sentences: Vec<MediaSpan> = samples::reference(name)
        .sentences
        .iter()
        .map(|s| MediaSpan::new(MediaTime(s.start_ms), MediaTime(s.end_ms)))
        .collect();
    let share = |truth: &MediaSpan| cut.iter().map(|s| s.overlap(*truth)).sum::<u64>() as f64 / truth.millis() as f64;
    let elsewhere = cut.iter().filter(|s| sentences.iter().all(|t| s.overlap(*t) == 0));
    let least = sentences.iter().map(share).fold(1.0, f64::min);
    (least, elsewhere.map(|s| s.millis()).sum::<u64>() as f64 / 1_000.0)
}

#[test]
fn quiet_loud_and_offset_callers_are_heard_like_others() {
    for name in CALLS {
        let (rate, pcm) = samples::wav(name);
        let offset: Vec<i16> = pcm.iter().map(|s| s.saturating_add(8_000)).collect();
        let changed = [
            ("-30 dB", scaled(&pcm, 0.0316)),
            ("-40 dB", scaled(&pcm, 0.01)),
            ("clipped", scaled(&pcm, 20.0)),
            ("with an offset", offset),
        ];
        for (how, pcm) in changed {
            let (least, elsewhere) = kept(name, rate, &pcm);
            println!("{name} {how}: {least:.3} of a sentence, {elsewhere} s elsewhere");
            assert!(least >= 0.95, "{name} {how}: {least}");
            assert!(elsewhere < 0.5, "{name} {how}: {elsewhere} s");
        }
    }
}

#[test]
fn sentences_stay_apart_in_noise_and_are_kept() {
    println!("seed {SEED}");
    for name in CALLS {
        let (rate, pcm) = samples::wav(name);
        let clean = spans(rate, &pcm).len();
        // At 5 dB the ends of sentences fall below the noise.
        for (snr, must) in [(20.0, 0.95), (10.0, 0.85), (5.0, 0.7)] {
            let noisy = noisy(&pcm, snr);
            let (least, elsewhere) = kept(name, rate, &noisy);
            let pieces = spans(rate, &noisy).len();
            println!(
                "{name} at {snr} dB: {least:.3} of a sentence, {pieces} segments for {clean}, {elsewhere} s elsewhere"
            );
            assert!(least >= must && elsewhere < 0.5, "{name} at {snr} dB: {least}, {elsewhere} s");
            assert!(pieces.abs_diff(clean) <= 2, "{name} at {snr} dB: {pieces} segments for {clean}");
        }
    }
}

#[test]
fn noise_rumble_keys_and_line_tones_are_no_speech() {
    println!("seed {SEED}");
    let mut rng = StdRng::seed_from_u64(SEED);
    let rows = [697.0, 770.0, 852.0, 941.0];
    let columns = [1_209.0, 1_336.0, 1_477.0];
    let key = |at: f64| {
        let n = (at / 0.25) as usize;
        if at % 0.25 < 0.12 { sines(at, &[rows[n % 4], columns[n % 3]]) } else { 0.0 }
    };
    let mut low = 0.0_f64;
    let sounds = [
        ("white noise", minute(|_| rng.random_range(-0.3..0.3))),
        ("faint noise", minute(|at| (at * 7_919.0).fract() * 0.002)),
        ("dial tone", minute(|at| sines(at, &[350.0, 440.0]))),
        ("busy tone", minute(|at| if at % 1.0 < 0.5 { sines(at, &[480.0, 620.0]) } else { 0.0 })),
        ("ringback", minute(|at| if at % 6.0 < 2.0 { sines(at, &[440.0, 480.0]) } else { 0.0 })),
        ("keys", minute(key)),
        ("fax", minute(|at| if at % 3.5 < 0.5 { sines(at, &[1_100.0]) } else { 0.0 })),
        (
            "rumble",
            minute(|at| {
                low += 0.02 * ((at * 99_991.0).fract() - 0.5 - low);
                low * 8.0
            }),
        ),
    ];
    for (name, pcm) in sounds {
        let speech: u64 = spans(RATE, &pcm).iter().map(|s| s.millis()).sum();
        println!("{name}: {speech} ms of speech in a minute");
        assert!(speech <= 1_000, "{name}: {speech} ms");
    }
}

#[test]
fn odd_sound_is_cut_without_harm() {
    for rate in [8_000, 16_000] {
        for pcm in [vec![], vec![1], vec![i16::MIN; 3], vec![i16::MAX; rate as usize], vec![0; 7]] {
            assert!(spans(rate, &pcm).is_empty(), "{} samples at {rate}", pcm.len());
        }
    }
}

/// Ten minutes of hold music: a melody with harmonics over chords, each note dying away.
fn music() -> Vec<i16> {
    let notes: [f64; 7] = [262.0, 294.0, 330.0, 349.0, 392.0, 440.0, 494.0];
    let chords = [[131.0, 165.0, 196.0], [147.0, 175.0, 220.0], [110.0, 131.0, 165.0]];
    let at = |at: f64| {
        let n = (at / 0.3) as usize;
        let note = notes[(n * 5 + n / 7) % notes.len()];
        let partials: f64 =
            (1..6).map(|h| (std::f64::consts::TAU * note * f64::from(h) * at).sin() / f64::from(h)).sum();
        let chord = sines(at, &chords[(n / 8) % chords.len()]);
        (partials * 0.3 + chord * 0.5) * (-(at % 0.3) * 4.0).exp()
    };
    (0..600 * RATE).map(|n| (at(f64::from(n) / f64::from(RATE)) * 12_000.0) as i16).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_minutes_without_a_word_give_no_word() {
    println!("seed {SEED}");
    let pool = SpeechPool::start(recognizer(), 0, Clock::system()).unwrap();
    let mut rng = StdRng::seed_from_u64(SEED);
    let ten = |one: Vec<i16>| one.repeat(10);
    let sounds = [
        ("silence", vec![0; 600 * RATE as usize]),
        ("noise", (0..600 * RATE).map(|_| rng.random_range(-2_000..2_000)).collect()),
        ("music", music()),
        ("tones", ten(minute(|at| sines(at, if at % 2.0 < 1.0 { &[440.0, 480.0] } else { &[1_400.0, 2_100.0] })))),
    ];
    for (name, pcm) in sounds {
        let made = transcribe(&pool, RATE, &pcm).await;
        let invented: Vec<&str> = made.iter().map(|u| u.text.as_str()).filter(|t| !t.is_empty()).collect();
        let sure: Vec<f32> = made.iter().filter(|u| !u.text.is_empty()).map(|u| u.confidence).collect();
        println!("{name}: {} segments, invented {invented:?}, confidences {sure:?}", made.len());
        assert!(invented.is_empty(), "{name}: {invented:?}");
    }
}
