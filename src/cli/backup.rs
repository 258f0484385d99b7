//! `heardline backup` and `heardline restore`: the data folder, copied while calls go on, and back.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Failure, load_config};
use crate::config::Config;
use crate::ops::clock::Clock;
use crate::store::backup;

/// Copies database, recordings and webhook secret, consistent and checked, while the gateway runs or not
#[derive(Args)]
pub(super) struct Backup {
    /// New folder
    folder: PathBuf,
    /// Configuration file; without it heardline.toml in this folder, else the defaults
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Fills an empty data folder from a backup, after checking every file of it
#[derive(Args)]
pub(super) struct Restore {
    /// Folder that `backup` made
    folder: PathBuf,
    /// Configuration file; its data.dir is filled
    #[arg(long)]
    config: Option<PathBuf>,
}

impl Backup {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = load_config(self.config.as_deref())?;
        let bar = bar();
        let shown = bar.clone();
        let made_at = Clock::system().timestamp().to_string();
        let done = move |seen, all| {
            shown.set_length(all);
            shown.set_position(seen);
        };
        let made = backup::back_up(&config.data.dir, &self.folder, made_at, done).await.map_err(Failure::new)?;
        bar.finish_and_clear();
        println!("backed up to {}, every file read back and compared: {}", self.folder.display(), sum(&made.manifest));
        for call in made.missing {
            eprintln!("heardline: the recording of call {call} was not in the data folder");
        }
        say_what_is_not_in_it(&config);
        Ok(())
    }
}

impl Restore {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = load_config(self.config.as_deref())?;
        let bar = bar();
        let (shown, from, to) = (bar.clone(), self.folder.clone(), config.data.dir.clone());
        let work = move || {
            backup::restore(&from, &to, &|seen, all| {
                shown.set_length(all);
                shown.set_position(seen);
            })
        };
        let manifest = tokio::task::spawn_blocking(work).await.map_err(Failure::new)?.map_err(Failure::new)?;
        bar.finish_and_clear();
        println!("restored {} of {}: {}", config.data.dir.display(), manifest.made_at, sum(&manifest));
        println!("start the gateway: calls that were on the line then are carried on, drafts owed then are delivered");
        Ok(())
    }
}

fn sum(manifest: &backup::Manifest) -> String {
    let (recordings, mib) = (manifest.recordings(), manifest.bytes().div_ceil(1 << 20));
    format!("database and {recordings} recordings, {mib} MiB")
}

fn say_what_is_not_in_it(config: &Config) {
    let elsewhere = config.intake.secret_file.as_deref().map(Path::display);
    let secret = elsewhere.map(|file| format!(" and {file}")).unwrap_or_default();
    println!("not in it: the configuration file{secret}; keep those yourself");
}

fn bar() -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}") {
        bar.set_style(style);
    }
    bar
}
