//! `heardline eval`: how well the program does its work, measured over material whose truth is known.
//!
//! `speech`: from sound to words. `drafts`: from words to a ticket. `columns` and `page`: the look both share.

mod columns;
mod drafts;
mod page;
mod speech;

use std::path::Path;

use clap::{Args, Subcommand};

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
    /// What the drafter makes of written calls, held against the tickets they should become
    #[command(after_long_help = drafts::MANUAL)]
    Drafts(drafts::Drafts),
}

impl Eval {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Speech(speech) => speech.run().await,
            What::Drafts(drafts) => drafts.run(),
        }
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|e| Failure::new(format!("{}: cannot be written: {e}", file.display())))
}
