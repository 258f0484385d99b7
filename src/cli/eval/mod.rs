//! `heardline eval`: how well the program does its work, measured over material whose truth is known.
//!
//! `speech`: from sound to words. `drafts`: from words to a ticket. `columns` and `page`: the look both share.

mod columns;
mod drafts;
mod page;
mod speech;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Failure;
pub use speech::score;

#[derive(Args)]
pub(super) struct Eval {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Word errors, digits, invented words, word times, coverage and speed over WAV files with known words
    #[command(after_long_help = speech::MANUAL)]
    Speech(speech::Speech),
    /// What the drafter makes of written or recorded calls, held against the tickets they should become
    #[command(after_long_help = drafts::MANUAL)]
    Drafts(drafts::Drafts),
}

impl Eval {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Speech(speech) => speech.run().await,
            What::Drafts(drafts) => drafts.run().await,
        }
    }
}

/// Where a report goes.
#[derive(Args)]
struct Outputs {
    /// One JSON document into this file, or with `-` on stdout in place of the table
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,
    /// One page for a browser, all in the file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Outputs {
    fn publish(&self, report: &impl Serialize, table: &str, page: impl FnOnce() -> String) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(report).map_err(Failure::new)?;
        match self.json.as_deref() {
            Some(file) if file == Path::new("-") => println!("{json}"),
            other => {
                print!("{table}");
                other.map_or(Ok(()), |file| write(file, &(json + "\n")))?;
            }
        }
        self.html.as_deref().map_or(Ok(()), |file| write(file, &page()))
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|e| Failure::new(format!("{}: cannot be written: {e}", file.display())))
}
