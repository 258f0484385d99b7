//! Calls as the configured recogniser hears their recordings.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::calls::{Call, Problem};
use crate::cli::Failure;
use crate::cli::offline::{Transcriber, TranscriptFile};
use crate::config::Config;

/// Segments of one recording that are recognised at once.
const AHEAD: usize = 16;

pub(super) struct Spoken<'a> {
    pub model: String,
    pub demo_model: bool,
    pub calls: Vec<(&'a Call, TranscriptFile)>,
    pub left_out: Vec<String>,
    pub problems: Vec<Problem>,
}

/// Recognises the recordings of `calls`, each with its line in the file; `folder` is where the file is. The error: there
/// is no recogniser, or nothing for it.
pub(super) async fn heard<'a>(
    calls: &'a [(usize, Call)],
    folder: &Path,
    config: &Config,
) -> Result<Spoken<'a>, Failure> {
    let without = calls.iter().filter(|(_, call)| call.audio.is_none()).map(|(_, call)| call.id.clone());
    let left_out: Vec<String> = without.collect();
    let recorded = calls.len() - left_out.len();
    if recorded == 0 {
        let how = "give its line \"audio\": \"call.wav\", a file beside this one, or leave out --audio";
        return Err(Failure::new(format!("no call names its recording; {how}")));
    }
    let transcriber = Transcriber::load(config)?;
    let progress = ProgressBar::new(u64::try_from(recorded).unwrap_or(0))
        .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} calls {msg}").map_err(Failure::new)?);
    let mut spoken = Spoken {
        model: transcriber.model().name.clone(),
        demo_model: transcriber.model().demo,
        calls: Vec::new(),
        left_out,
        problems: Vec::new(),
    };
    for (line, call) in calls {
        let Some(audio) = &call.audio else { continue };
        progress.set_message(call.id.clone());
        let silent = ProgressBar::hidden();
        match transcriber.transcribe(&folder.join(audio), AHEAD, &silent, |_, _| ()).await {
            Ok(transcript) => spoken.calls.push((call, transcript)),
            Err(failure) => spoken.problems.push(Problem { line: *line, error: failure.message }),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(spoken)
}
