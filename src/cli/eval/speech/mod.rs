//! `heardline eval speech DIR`: how well the configured recogniser hears the WAV files of a folder, held against what is
//! said in them, by the path of `heardline transcribe`.
//!
//! Reading order: `folder` (what is said), `score` and `times` (pure), `measure` (one clip), `report` (all of them),
//! `table` and `html` (for people).

mod folder;
mod html;
mod measure;
mod plots;
mod report;
pub mod score;
mod table;
mod times;

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Outputs;
use crate::cli::offline::Transcriber;
use crate::cli::{Failure, load_config};
use crate::gateway::DEMO_MODEL_NOTICE;
use crate::ops::clock::Clock;
use report::{Report, Sums};

#[derive(Args)]
pub(super) struct Speech {
    /// A folder of WAV files with `refs.tsv`, or a `.json` beside each
    dir: PathBuf,
    #[command(flatten)]
    outputs: Outputs,
    #[arg(long)]
    config: Option<PathBuf>,
}

pub(super) const MANUAL: &str = include_str!("manual.txt");

impl Speech {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = load_config(self.config.as_deref())?;
        let (clips, mut problems) = folder::read(&self.dir).map_err(Failure::new)?;
        if clips.is_empty() && problems.is_empty() {
            return Err(Failure::new(format!("{}: holds no WAV file", self.dir.display())));
        }
        let transcriber = Transcriber::load(&config)?;
        let clock = Clock::system();
        let progress = ProgressBar::new(u64::try_from(clips.len()).unwrap_or(0))
            .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} clips {msg}").map_err(Failure::new)?);
        let mut measured = Vec::new();
        for clip in &clips {
            progress.set_message(clip.file.clone());
            match measure::measure(clip, &transcriber, &clock).await {
                Ok(clip) => measured.push(clip),
                Err(error) => problems.push(folder::Problem { file: clip.file.clone(), error }),
            }
            progress.inc(1);
        }
        progress.finish_and_clear();
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            folder: self.dir.display().to_string(),
            model: transcriber.model().name.clone(),
            demo_model: transcriber.model().demo,
            total: Sums::of("", measured.iter()),
            by_language: Sums::by(&measured, |clip| &clip.lang),
            by_condition: Sums::by(&measured, |clip| &clip.condition),
            clips: measured,
            problems,
        };
        let notice = if report.demo_model { format!("{DEMO_MODEL_NOTICE}\n") } else { String::new() };
        self.outputs.publish(&report, &(table::table(&report) + &notice), || html::document(&report))?;
        let found = report.clips.len() + report.problems.len();
        for problem in &report.problems {
            eprintln!("heardline: {}: {}", problem.file, problem.error);
        }
        match report.problems.len() {
            0 => Ok(()),
            missing => Err(Failure::new(format!("{missing} of {found} files could not be measured"))),
        }
    }
}
