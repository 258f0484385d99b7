//! Who recognises: the gateway's recogniser, and its peers as programs of their own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::Deserialize;
use tokio::process::Command;

use super::utterances::Spoken;
use crate::call::Language;
use crate::cli::Failure;
use crate::ops::clock::Clock;
use crate::speech::{Recognizer, utterance};

/// What one engine made of the utterances, in their order.
pub(super) struct Run {
    pub engine: String,
    pub texts: Vec<String>,
    /// Of the whole process, all its threads: what a machine is charged.
    pub cpu_s: f64,
}

/// The gateway's recogniser on this thread, as a worker of its pool has it; what is refused counts as nothing written.
/// `languages`: of the line; `None`: each utterance's own is known.
pub(super) async fn ours(
    recognizer: Arc<dyn Recognizer>,
    spoken: &[&Spoken],
    languages: Option<Vec<Language>>,
) -> Result<Run, Failure> {
    let model = recognizer.model().clone();
    let segments: Vec<_> =
        spoken.iter().map(|one| one.segment(languages.clone().unwrap_or_else(|| vec![one.language]))).collect();
    let measured = tokio::task::spawn_blocking(move || {
        let clock = Clock::system();
        let goes_on = Arc::new(AtomicBool::new(false));
        let mut worker = recognizer.worker().map_err(Failure::new)?;
        if let Some(first) = segments.first() {
            // What the first one pays for all.
            worker.recognise(first, &goes_on).map_err(Failure::new)?;
        }
        let begun = clock.cpu_time();
        let mut texts = Vec::new();
        for segment in &segments {
            let hypothesis = worker.recognise(segment, &goes_on).map_err(Failure::new)?;
            texts.push(utterance(segment, &model, Ok(hypothesis)).text);
        }
        Ok::<_, Failure>((texts, clock.cpu_time().saturating_sub(begun).as_secs_f64()))
    });
    let (texts, cpu_s) = measured.await.map_err(Failure::new)??;
    Ok(Run { engine: "heardline".into(), texts, cpu_s })
}

#[derive(Deserialize)]
struct About {
    engine: String,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    cpu_s: f64,
}

/// A peer's program over the utterances that were written to a folder: first a line about itself, then one each.
/// `None`: it is not there.
pub(super) async fn peer(program: &Path, arguments: &[&str], count: usize) -> Result<Option<Run>, Failure> {
    if !program.exists() {
        return Ok(None);
    }
    let output = Command::new(program)
        .args(arguments)
        // A kernel chosen by hand for an old BLAS would slow a new one.
        .env_remove("OPENBLAS_CORETYPE")
        .env_remove("OPENBLAS_L2_SIZE")
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| Failure::new(format!("{}: {e}", program.display())))?;
    let failed = |reason: String| Failure::new(format!("{}: {reason}", program.display()));
    if !output.status.success() {
        return Err(failed(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let about: About = serde_json::from_str(lines.next().unwrap_or_default()).map_err(|e| failed(e.to_string()))?;
    let results: Vec<Line> =
        lines.map(serde_json::from_str).collect::<Result<_, _>>().map_err(|e| failed(e.to_string()))?;
    if results.len() != count {
        return Err(failed(format!("{} of {count} utterances came back", results.len())));
    }
    let cpu_s = results.iter().map(|line| line.cpu_s).sum();
    Ok(Some(Run { engine: about.engine, texts: results.into_iter().map(|line| line.text).collect(), cpu_s }))
}
