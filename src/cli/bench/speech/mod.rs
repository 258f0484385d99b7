//! The recogniser beside its peers in one run, and under load. `scripts/bench-speech/run` makes what it works from.

mod comparison;
mod engines;
mod latency;
mod load;
mod loaded;
mod utterances;
mod weight;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Figure;
use crate::cli::Failure;
use crate::config::{Config, find_bundled};
use crate::gateway::load_recognizer;
use crate::speech::Recognizer;

use comparison::{Comparison, DEFAULTS, Peers, Row, Truth, WINDOWS, Weights, compare};
use load::Load;
use loaded::Loaded;
use utterances::{Spoken, calls, evenly};
use weight::{Deaf, Weighted};

#[derive(Args)]
pub(super) struct Speech {
    /// Calls, models and peers that `make bench-speech` made; results go there too
    #[arg(long, default_value = "target/bench-speech")]
    work: PathBuf,
    /// Few utterances, short calls: to see that it runs, not for figures
    #[arg(long)]
    quick: bool,
    /// Fail when a peer is missing
    #[arg(long)]
    require_peers: bool,
    /// Only one of the two
    #[arg(long)]
    only: Option<Half>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// Beside the peers
    Compare,
    /// Calls in real time
    Load,
}

/// Utterances in the comparison, and of those for a model of a real size.
const UTTERANCES: usize = 200;
const OF_REAL_SIZE: usize = 24;
const QUICK: usize = 8;
/// Recogniser states of the gateway under load, and its calls at once.
const WORKERS: usize = 2;
const CALLS: usize = 8;
/// The model that stands for one of a real size.
const BASE: &str = "base size";
/// Demand over capacity when it is too much.
const OVERLOAD: f64 = 3.0;

#[derive(Default, Serialize)]
struct Report {
    figures: Vec<Figure>,
    comparisons: Vec<Comparison>,
    /// Calls that `WORKERS` carry, by the cost of a second of speech and how much of a call is speech.
    capacity_calls: Option<f64>,
    loads: Vec<Loaded>,
}

impl Speech {
    pub(super) async fn run(&self, json: bool) -> Result<(), Failure> {
        let progress = ProgressBar::new_spinner();
        progress.enable_steady_tick(Duration::from_millis(200));
        let mut report = Report::default();
        let mut folders = vec![self.work.join("calls")];
        folders.extend(find_bundled(Path::new("audio-samples")));
        let calls = calls(&folders)?;
        let all: Vec<Spoken> = calls.iter().flat_map(utterances::Call::spoken).collect();
        if self.only != Some(Half::Load) {
            self.compare(&all, &mut report, &progress).await?;
        }
        if self.only != Some(Half::Compare) {
            self.load(&calls, &all, &mut report, &progress).await?;
        }
        progress.finish_and_clear();
        let document = serde_json::to_string_pretty(&report).map_err(Failure::new)?;
        let kept = self.work.join("report.json");
        std::fs::write(&kept, &document).map_err(|e| Failure::new(format!("{}: {e}", kept.display())))?;
        if json {
            println!("{document}");
        } else {
            report.print();
            println!("all of it as JSON: {}", kept.display());
        }
        let missing: Vec<&String> = report.comparisons.iter().flat_map(|made| &made.missing).collect();
        match missing.first() {
            Some(peer) if self.require_peers => Err(Failure::new(format!("the peer {peer} is missing"))),
            _ => Ok(()),
        }
    }

    async fn compare(&self, all: &[Spoken], report: &mut Report, progress: &ProgressBar) -> Result<(), Failure> {
        let (wanted, of_real_size) = if self.quick { (4 * QUICK, QUICK) } else { (UTTERANCES, OF_REAL_SIZE) };
        if all.len() < wanted {
            return Err(Failure::new(format!("{} of {wanted} utterances: run `make bench-speech`", all.len())));
        }
        let spoken = evenly(all.iter().collect(), wanted);
        let windows = if self.quick { &WINDOWS[..1] } else { &WINDOWS };
        let nano = Weights {
            name: "heardline-nano",
            ggml: bundled_model()?,
            faster_whisper: self.work.join("faster-whisper/nano"),
        };
        let peers = Peers { work: &self.work, windows };
        let ears = load_recognizer(&Config::standard())?;
        let made = compare(&nano, ears, Vec::new(), &spoken, Truth::Said, &peers, progress).await?.judged();
        let windows: Vec<u32> = made.window.into_iter().collect();
        report.comparisons.push(made);

        let base = Weights {
            name: "base shape, random weights",
            ggml: self.model("base-q8_0"),
            faster_whisper: self.work.join("faster-whisper/base"),
        };
        let mut others = Vec::new();
        for kind in ["f16", "q5_1"] {
            others.push((format!("language known, {kind}"), self.recognizer(&format!("base-{kind}"))?));
        }
        let peers = Peers { work: &self.work, windows: &windows };
        let spoken = evenly(spoken, of_real_size);
        let made = compare(&base, self.base()?, others, &spoken, Truth::Ours, &peers, progress).await?.judged();
        report.comparisons.push(made);
        report.figures.extend(report.comparisons.iter().flat_map(ratios));
        Ok(())
    }

    async fn load(
        &self,
        calls: &[utterances::Call],
        all: &[Spoken],
        report: &mut Report,
        progress: &ProgressBar,
    ) -> Result<(), Failure> {
        let ears = load_recognizer(&Config::standard())?;
        let recognizer: Arc<dyn Recognizer> = Arc::new(Weighted { weight: self.base()?, ears: ears.clone() });
        progress.set_message("what a second of speech costs");
        let sample = evenly(all.iter().collect(), QUICK);
        let languages = Config::standard().line_for(None).languages.clone();
        let cost = engines::ours(recognizer.clone(), &sample, Some(languages)).await?.cpu_s
            / sample.iter().map(|one| one.seconds()).sum::<f64>();
        let speech: u64 = calls.iter().flat_map(utterances::Call::cut).map(|cut| cut.span.millis()).sum();
        let whole: u64 = calls.iter().map(utterances::Call::millis).sum();
        let capacity = WORKERS as f64 / (cost * speech as f64 / whole as f64);
        report.capacity_calls = Some(capacity);
        let overload = (OVERLOAD * capacity).ceil() as usize;
        let seconds = if self.quick { 10 } else { 30 };
        let loads = [("the bundled model", CALLS, &ears), (BASE, CALLS, &recognizer), (BASE, overload, &recognizer)];
        for (model, at_once, recognizer) in loads {
            progress.set_message(format!("{model}: {at_once} calls at once, {seconds} s each"));
            let load = Load { model, calls: at_once, seconds, workers: WORKERS };
            report.loads.push(load.run(calls, recognizer.clone(), ears.clone()).await?);
        }
        report.figures.extend(loaded::figures(&report.loads));
        Ok(())
    }

    fn model(&self, name: &str) -> PathBuf {
        self.work.join(format!("models/{name}.bin"))
    }

    fn base(&self) -> Result<Arc<dyn Recognizer>, Failure> {
        self.recognizer("base-q8_0")
    }

    /// As the gateway loads a model that an operator configures; one that hears nothing.
    fn recognizer(&self, name: &str) -> Result<Arc<dyn Recognizer>, Failure> {
        let path = self.model(name);
        let bytes = std::fs::read(&path)
            .map_err(|e| Failure::new(format!("{}: {e}; run `make bench-speech`", path.display())))?;
        let mut config = Config::standard();
        config.speech.model_sha256 =
            Some(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        config.speech.model = path;
        Ok(Arc::new(Deaf(load_recognizer(&config)?)))
    }
}

fn bundled_model() -> Result<PathBuf, Failure> {
    let model = Config::standard().speech.model;
    find_bundled(&model).ok_or_else(|| Failure::new(format!("{} is missing; run from the checkout", model.display())))
}

/// Ours over each peer's.
fn ratios(made: &Comparison) -> Vec<Figure> {
    let by_default = |row: &Row| row.settings == DEFAULTS;
    let faster = |row: &Row| row.engine.starts_with("faster-whisper");
    let peers = [
        ("sound a CPU second, over whisper.cpp", made.ratio(by_default), 4.0, 6.0),
        ("sound a CPU second, over faster-whisper", made.ratio(faster), 1.3, 2.0),
    ];
    let figures = peers.into_iter().filter_map(|(name, ratio, landing, goal)| {
        Some(Figure { name, value: ratio?, unit: "times", landing, goal, note: made.model.into() })
    });
    figures.collect()
}

impl Report {
    fn print(&self) {
        self.comparisons.iter().for_each(|made| println!("{made}"));
        if let Some(capacity) = self.capacity_calls {
            println!("{WORKERS} workers carry {capacity:.1} calls of a base-sized model\n");
        }
        self.loads.iter().for_each(|loaded| println!("{loaded}"));
        self.figures.iter().for_each(Figure::print);
    }
}
