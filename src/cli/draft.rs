//! `heardline draft`: the ticket draft of a file.

use std::path::{Path, PathBuf};

use clap::Args;

use super::offline::TranscriptFile;
use super::{Failure, load_config, offline, show};
use crate::call::{CallId, DraftId, Origin, Party};
use crate::config::Config;
use crate::draft::{BUILT_IN_TAXONOMY, CallFacts, json_schema};
use crate::gateway::{DEMO_MODEL_NOTICE, load_drafter};
use crate::ops::clock::Clock;
use crate::pipeline::LanguageModel;

#[derive(Args)]
pub(super) struct DraftCommand {
    /// A WAV file, or a transcript made by `heardline transcribe --json`
    #[arg(required_unless_present_any = ["schema", "taxonomy"])]
    input: Option<PathBuf>,
    #[arg(long)]
    config: Option<PathBuf>,
    /// The draft as JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Print the JSON Schema of drafts and end
    #[arg(long)]
    schema: bool,
    /// Print the built-in categories and end; a city's own file begins with them
    #[arg(long)]
    taxonomy: bool,
}

impl DraftCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        if self.taxonomy {
            print!("{BUILT_IN_TAXONOMY}");
            return Ok(());
        }
        let Some(input) = self.input.filter(|_| !self.schema) else {
            println!("{}", serde_json::to_string_pretty(&json_schema()).map_err(Failure::new)?);
            return Ok(());
        };
        let config = load_config(self.config.as_deref())?;
        let transcript = if input.extension().is_some_and(|extension| extension == "json") {
            read_transcript(&input)?
        } else {
            offline::transcribe(&input, &config, |_| ()).await?
        };
        let drafter = load_drafter(&config)?;
        let (facts, utterances) = (facts(&config, &transcript), &transcript.utterances);
        let mut draft = drafter.draft(&facts, utterances, transcript.coverage);
        if let Some(model) = LanguageModel::of(&config.llm, Clock::system())?
            && let Some(question) = drafter.question(&draft, utterances, model.bounds)
            && let Some(answer) = model.ask(&question).await
        {
            draft = drafter.with_answer(&facts, utterances, &question, &answer, draft);
        }
        let draft = serde_json::to_value(&draft).map_err(Failure::new)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&draft).map_err(Failure::new)?);
        } else {
            print!("{}", show::draft(&draft));
            if transcript.demo_model {
                println!("{DEMO_MODEL_NOTICE}");
            }
        }
        Ok(())
    }
}

/// A transcript is text; more than this is not one.
const MAX_TRANSCRIPT: u64 = 64 * 1024 * 1024;

fn read_transcript(path: &Path) -> Result<TranscriptFile, Failure> {
    let wrong = |reason: String| {
        Failure::new(format!("{}: {reason}; expected what `heardline transcribe --json` prints", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?.len();
    if size > MAX_TRANSCRIPT {
        return Err(wrong(format!("{size} bytes, at most {MAX_TRANSCRIPT} are read")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))
}

/// A file has no caller, no times and no door: what is unknown stays unknown.
pub(super) fn facts(config: &Config, transcript: &TranscriptFile) -> CallFacts {
    let line = config.line_for(None).clone();
    let now = Clock::system().unix_ms();
    CallFacts {
        draft_id: DraftId::new(),
        version: 1,
        call: CallId::new(),
        reference: None,
        line: line.name,
        regions: line.regions,
        party: Party::default(),
        origin: Origin::File,
        dialled: None,
        follows: None,
        created_unix_ms: now,
        started_unix_ms: now,
        answered_unix_ms: None,
        ended_unix_ms: None,
        duration_ms: Some(transcript.duration_ms),
        cause: None,
        notice: None,
        recording: None,
        dtmf: String::new(),
        read_backs: Vec::new(),
        model: transcript.model.clone(),
        demo_model: transcript.demo_model,
        emergency_number: line.emergency_number,
        emergency: None,
        time_zone: line.time_zone,
        places: line.places.clone(),
        redact: config.intake.redact,
        urgency: config.urgency,
    }
}
