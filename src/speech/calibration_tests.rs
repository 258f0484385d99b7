//! What a model's word probabilities are worth, measured. Prints the table of `models/heardline-nano.md`:
//! `cargo test --lib speech::calibration_tests -- --ignored --nocapture`

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::call_tests::{heard, recognizer, segments, tokens};
use super::samples::{self, CALLS, spoken};
use super::text::tidy;
use super::*;
use crate::call::{CallId, Language};

/// Decibels of speech over noise; `None` is the clip as it is.
const LEVELS: [Option<f32>; 8] = [None, Some(20.0), Some(15.0), Some(10.0), Some(7.0), Some(5.0), Some(2.0), Some(0.0)];

/// White noise added at a ratio to the mean power of the clip's loud half.
fn noisy(pcm: &[i16], decibels: f32, rng: &mut StdRng) -> Vec<i16> {
    let mut power: Vec<f32> =
        pcm.chunks(160).map(|c| c.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / c.len() as f32).collect();
    power.sort_by(f32::total_cmp);
    let loud = &power[power.len() / 2..];
    let level = (loud.iter().sum::<f32>() / loud.len() as f32 / 10_f32.powf(decibels / 10.0)).sqrt();
    // Uniform noise of this half width has the variance 1.
    let width = 3_f32.sqrt();
    pcm.iter()
        .map(|s| (f32::from(*s) + level * rng.random_range(-width..width)).clamp(-32_768.0, 32_767.0) as i16)
        .collect()
}

/// For each word of `got`: whether an alignment with the fewest edits has it in `wanted`.
fn right(wanted: &[String], got: &[String]) -> Vec<bool> {
    let width = got.len() + 1;
    let mut cost = vec![0_usize; (wanted.len() + 1) * width];
    for i in 0..=wanted.len() {
        for j in 0..=got.len() {
            cost[i * width + j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let differ = usize::from(wanted[i - 1] != got[j - 1]);
                    let change = cost[(i - 1) * width + j - 1] + differ;
                    change.min(cost[(i - 1) * width + j] + 1).min(cost[i * width + j - 1] + 1)
                }
            };
        }
    }
    let (mut i, mut j) = (wanted.len(), got.len());
    let mut right = vec![false; got.len()];
    while i > 0 && j > 0 {
        let same = wanted[i - 1] == got[j - 1];
        if cost[i * width + j] == cost[(i - 1) * width + j - 1] + usize::from(!same) {
            right[j - 1] = same;
            (i, j) = (i - 1, j - 1);
        } else if cost[i * width + j] == cost[i * width + j - 1] + 1 {
            j -= 1;
        } else {
            i -= 1;
        }
    }
    right
}

#[test]
#[ignore = "prints the table from which models/catalogue.toml has its thresholds"]
fn the_reliability_of_word_probabilities() {
    let seed: u64 = 20_261_127;
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let free = Arc::new(AtomicBool::new(false));
    let recognizer = recognizer();
    let (mut worker, model) = (recognizer.worker().unwrap(), recognizer.model());
    // Confidence, and whether the word is right.
    let mut words: Vec<(f32, bool)> = Vec::new();
    for name in CALLS {
        let (rate, clean) = samples::wav(name);
        let reference = samples::reference(name);
        let language = Language::from_code(&reference.lang).unwrap();
        let wanted: Vec<String> = reference.sentences.iter().flat_map(|s| tokens(&s.text)).collect();
        // Cut where the clean clip has its pauses, so that the endpointer is not measured too.
        let cuts = segments(CallId::new(), rate, heard(rate, &clean, 160));
        let draws = |level: Option<f32>| if level.is_some() { 4 } else { 1 };
        for decibels in LEVELS.into_iter().flat_map(|level| std::iter::repeat_n(level, draws(level))) {
            let pcm = decibels.map_or_else(|| clean.clone(), |level| noisy(&clean, level, &mut rng));
            let mut got: Vec<(String, f32)> = Vec::new();
            for cut in &cuts {
                let (from, to) = (cut.span.start.as_samples(rate) as usize, cut.span.end.as_samples(rate) as usize);
                let pcm = pcm[from.min(pcm.len())..to.min(pcm.len())].to_vec();
                let segment = SpeechSegment { pcm, spoken: spoken(&[language]), ..cut.clone() };
                let made = tidy(worker.recognise(&segment, &free).unwrap(), &segment.spoken);
                // What is refused has no words to be sure of.
                let kept = utterance(&segment, model, Ok(made)).words;
                got.extend(kept.iter().flat_map(|w| tokens(&w.text).into_iter().map(|key| (key, w.confidence))));
            }
            if decibels.is_none() {
                let lowest = got.iter().map(|(_, p)| *p).fold(1.0, f32::min);
                println!("{name} as it is: {} words, the least certain {lowest:.2}", got.len());
            }
            let keys: Vec<String> = got.iter().map(|(key, _)| key.clone()).collect();
            words.extend(right(&wanted, &keys).into_iter().zip(&got).map(|(right, (_, p))| (*p, right)));
        }
    }
    let share = |words: &mut dyn Iterator<Item = &(f32, bool)>| {
        let (mut all, mut good) = (0_usize, 0_usize);
        words.for_each(|(_, right)| (all, good) = (all + 1, good + usize::from(*right)));
        (all, good as f32 * 100.0 / all.max(1) as f32)
    };
    println!("| confidence | words | right |\n| --- | --- | --- |");
    let edges = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01];
    for edge in edges.windows(2) {
        let (all, good) = share(&mut words.iter().filter(|w| w.0 >= edge[0] && w.0 < edge[1]));
        println!("| {:.2}-{:.2} | {all} | {good:.1} % |", edge[0], edge[1].min(1.0));
    }
    for hundredths in (1..100).chain([100]) {
        let at = hundredths as f32 / 100.0;
        let ((above, right_above), (below, right_below)) =
            (share(&mut words.iter().filter(|w| w.0 >= at)), share(&mut words.iter().filter(|w| w.0 < at)));
        println!(
            "{at:.2}: at or above {above} words, {right_above:.2} % right; below {below}, {right_below:.2} % right"
        );
    }
}
