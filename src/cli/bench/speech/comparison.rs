//! The recogniser beside its peers: same weights, same sound, one thread.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::ProgressBar;
use serde::Serialize;

use super::engines::{Run, ours, peer};
use super::utterances::{Spoken, write};
use crate::call::Language;
use crate::cli::Failure;
use crate::cli::eval::score::Errors;
use crate::config::find_bundled;
use crate::speech::Recognizer;

/// A ratio counts only between engines whose word error rates lie at most this many points apart.
const SAME_ERRORS: f64 = 1.0;
/// Windows of whisper.cpp, set by hand for utterances of at most 8 s (400 frames): the shortest that real models bear,
/// and longer ones.
pub(super) const WINDOWS: [u32; 3] = [448, 512, 768];

/// Where a model's weights are for each engine.
pub(super) struct Weights {
    pub name: &'static str,
    pub ggml: PathBuf,
    pub faster_whisper: PathBuf,
}

/// What is told of one engine.
#[derive(Serialize)]
pub(super) struct Row {
    pub engine: String,
    pub settings: String,
    audio_s_per_cpu_s: f64,
    word_errors_percent: f64,
    /// How many times more sound the gateway's recogniser takes in a second of processor time.
    pub ours_over_it: f64,
    /// The word error rates are close enough for that to mean something.
    pub counts: bool,
}

#[derive(Serialize)]
pub(super) struct Comparison {
    pub model: &'static str,
    utterances: usize,
    audio_s: f64,
    pub rows: Vec<Row>,
    pub missing: Vec<String>,
    /// The window that was best for whisper.cpp.
    pub window: Option<u32>,
}

/// What an engine's texts are held against.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// What is said.
    Said,
    /// What the gateway's recogniser wrote: of a model that hears nothing it is only known that all must write the same.
    Ours,
}

pub(super) struct Peers<'a> {
    /// Folder with their programs and what they work from.
    pub work: &'a Path,
    /// Of whisper.cpp; the best of them is told.
    pub windows: &'a [u32],
}

/// Measures one after the other. `others`: further files of the same shape, for the gateway's recogniser only.
pub(super) async fn compare(
    weights: &Weights,
    recognizer: Arc<dyn Recognizer>,
    others: Vec<(String, Arc<dyn Recognizer>)>,
    spoken: &[&Spoken],
    truth: Truth,
    peers: &Peers<'_>,
    progress: &ProgressBar,
) -> Result<Comparison, Failure> {
    let say = |engine: &str| progress.set_message(format!("{}: {engine} on {} utterances", weights.name, spoken.len()));
    let folder = peers.work.join("utterances").join(weights.name);
    write(&folder, spoken)?;
    say("heardline");
    let first = ours(recognizer.clone(), spoken, None).await?;
    let said: Vec<String> = match truth {
        Truth::Said => spoken.iter().map(|one| one.said.clone()).collect(),
        Truth::Ours => first.texts.clone(),
    };
    let audio_s = spoken.iter().map(|one| one.seconds()).sum();
    let table = Table { said, audio_s, first: first.cpu_s };
    let mut made = Comparison {
        model: weights.name,
        utterances: spoken.len(),
        audio_s,
        rows: vec![table.row(&first, "language known".into())],
        missing: Vec::new(),
        window: None,
    };
    let two = ours(recognizer, spoken, Some(vec![Language::En, Language::Zh])).await?;
    made.rows.push(table.row(&two, "one of two languages".into()));
    for (settings, other) in others {
        say(&settings);
        made.rows.push(table.row(&ours(other, spoken, None).await?, settings));
    }

    say("whisper.cpp");
    let program = peers.work.join("whisper-cpp/release/whisper-cpp-peer");
    let (model, utterances) = (weights.ggml.to_string_lossy(), folder.to_string_lossy());
    match peer(&program, &[&model, &utterances], spoken.len()).await? {
        Some(run) => {
            made.rows.push(table.row(&run, DEFAULTS.into()));
            let mut best: Option<(u32, Run)> = None;
            for window in peers.windows {
                let by_hand = peer(&program, &[&model, &utterances, &window.to_string()], spoken.len()).await?;
                let Some(by_hand) = by_hand else { continue };
                let as_good = table.errors(&by_hand) <= table.errors(&run) + SAME_ERRORS;
                if as_good && best.as_ref().is_none_or(|(_, best)| by_hand.cpu_s < best.cpu_s) {
                    best = Some((*window, by_hand));
                }
            }
            if let Some((window, run)) = best {
                made.window = Some(window);
                made.rows.push(table.row(&run, format!("audio_ctx {window}")));
            }
        }
        None => made.missing.push("whisper.cpp".into()),
    }

    say("faster-whisper");
    let python = peers.work.join("venv/bin/python");
    let script = find_bundled(Path::new("scripts/bench-speech/faster_whisper_peer.py"));
    let converted = weights.faster_whisper.to_string_lossy();
    let run = match &script {
        Some(script) if weights.faster_whisper.exists() => {
            peer(&python, &[&script.to_string_lossy(), &converted, &utterances], spoken.len()).await?
        }
        _ => None,
    };
    match run {
        Some(run) => made.rows.push(table.row(&run, "int8, greedy".into())),
        None => made.missing.push("faster-whisper".into()),
    }
    Ok(made)
}

/// whisper.cpp as it is built and set when nobody says otherwise.
pub(super) const DEFAULTS: &str = "default build and parameters";

struct Table {
    said: Vec<String>,
    audio_s: f64,
    /// Processor time of the gateway's recogniser.
    first: f64,
}

impl Table {
    /// Percent.
    fn errors(&self, run: &Run) -> f64 {
        let mut errors = Errors::default();
        self.said.iter().zip(&run.texts).for_each(|(said, text)| errors.add(&Errors::between(said, text)));
        100.0 * errors.rate().unwrap_or(0.0)
    }

    fn row(&self, run: &Run, settings: String) -> Row {
        Row {
            engine: run.engine.clone(),
            settings,
            audio_s_per_cpu_s: self.audio_s / run.cpu_s,
            word_errors_percent: self.errors(run),
            ours_over_it: run.cpu_s / self.first,
            counts: true,
        }
    }
}

impl Comparison {
    /// Which ratios count is known when the first row is.
    pub(super) fn judged(mut self) -> Self {
        let ours = self.rows.first().map_or(0.0, |row| row.word_errors_percent);
        self.rows.iter_mut().for_each(|row| row.counts = (row.word_errors_percent - ours).abs() <= SAME_ERRORS);
        self
    }

    /// How many times more sound than `engine` with `settings`; `None`: it is missing, or its words are others.
    pub(super) fn ratio(&self, is_it: impl Fn(&Row) -> bool) -> Option<f64> {
        self.rows.iter().find(|row| is_it(row) && row.counts).map(|row| row.ours_over_it)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} utterances, {:.0} s of sound, one thread", self.model, self.utterances, self.audio_s)?;
        writeln!(f, "  {:42} {:30} {:>14} {:>8} {:>10}", "engine", "settings", "audio s/CPU s", "WER %", "ours/it")?;
        for row in &self.rows {
            let Row { engine, settings, audio_s_per_cpu_s, word_errors_percent, ours_over_it, counts } = row;
            let verdict = if *counts { "" } else { "  does not count: other words" };
            writeln!(
                f,
                "  {engine:42} {settings:30} {audio_s_per_cpu_s:14.1} {word_errors_percent:8.2} {ours_over_it:9.2}x{verdict}"
            )?;
        }
        for peer in &self.missing {
            writeln!(f, "  {peer:42} missing: run `make bench-speech`")?;
        }
        Ok(())
    }
}
