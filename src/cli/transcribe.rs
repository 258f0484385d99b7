//! `heardline transcribe`: write down a WAV file.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, load_config, offline, show};
use crate::gateway::DEMO_MODEL_NOTICE;

#[derive(Args)]
pub(super) struct Transcribe {
    /// Any PCM WAV: 8 to 192 kHz, mono or stereo, up to 3 hours
    wav: PathBuf,
    #[arg(long)]
    config: Option<PathBuf>,
    /// One JSON document with words, times and confidences; `heardline draft` reads it
    #[arg(long)]
    json: bool,
}

impl Transcribe {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = load_config(self.config.as_deref())?;
        let json = self.json;
        let transcript = offline::transcribe(&self.wav, &config, |utterance| {
            if !json {
                println!("{}", show::utterance(utterance));
            }
        })
        .await?;
        if json {
            println!("{}", serde_json::to_string_pretty(&transcript).map_err(Failure::new)?);
            return Ok(());
        }
        if transcript.utterances.is_empty() {
            println!("no speech in {:.1} s of audio", transcript.duration_ms as f64 / 1000.0);
        }
        println!("{}", show::coverage(&transcript.coverage));
        if transcript.demo_model {
            println!("{DEMO_MODEL_NOTICE}");
        }
        Ok(())
    }
}
