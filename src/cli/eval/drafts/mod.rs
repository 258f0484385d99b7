//! `heardline eval drafts FILE.jsonl`: what the drafter makes of written or recorded calls, held against the tickets they
//! should become.
//!
//! Reading order: `calls`, `gold` and `keys` (the file), `written` (a call as its recogniser would have heard it), `spoken`
//! (as the configured one does), `scores`, `fields`, `particulars`, `quoted` and `claims` (pure), `report` (all of them),
//! `table` and `html` (for people).

mod calls;
mod claims;
mod fields;
mod gold;
mod html;
mod keys;
mod particulars;
mod quoted;
mod report;
mod scores;
mod spoken;
mod table;
mod written;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::Outputs;
use crate::call::Speaker;
use crate::cli::draft::facts;
use crate::cli::offline::TranscriptFile;
use crate::cli::{Failure, load_config};
use crate::config::Config;
use crate::draft::{CallFacts, Drafter};
use crate::gateway::{DEMO_MODEL_NOTICE, load_drafter};
use calls::{Call, Problem};
use report::{Report, Scored, Scores};
use spoken::Spoken;

#[derive(Args)]
pub(super) struct Drafts {
    /// Calls with the tickets they should become, one JSON object a line
    file: PathBuf,
    /// Hear the calls' recordings with the configured recogniser instead of reading their turns
    #[arg(long)]
    audio: bool,
    #[command(flatten)]
    outputs: Outputs,
    #[arg(long)]
    config: Option<PathBuf>,
}

pub(super) const MANUAL: &str = include_str!("manual.txt");

impl Drafts {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = load_config(self.config.as_deref())?;
        let drafter = load_drafter(&config)?;
        let shown = self.file.display().to_string();
        let mut problems = Vec::new();
        let calls = self.calls(&drafter, &mut problems)?;
        let found = calls.len() + problems.len();
        let judge = Judge { drafter: &drafter, config: &config };
        let report = if self.audio {
            let folder = self.file.parent().unwrap_or(Path::new(""));
            let spoken = spoken::heard(&calls, folder, &config).await;
            let spoken = spoken.map_err(|e| Failure { message: format!("{shown}: {}", e.message), ..e })?;
            judge.of_recordings(shown.clone(), spoken, problems)?
        } else {
            judge.of_turns(shown.clone(), &calls, problems)?
        };
        let notice = if report.demo_model { format!("{DEMO_MODEL_NOTICE}\n") } else { String::new() };
        self.outputs.publish(&report, &(table::table(&report) + &notice), || html::document(&report))?;
        for problem in &report.problems {
            eprintln!("heardline: {shown} line {}: {}", problem.line, problem.error);
        }
        match report.problems.len() {
            0 => Ok(()),
            missing => Err(Failure::new(format!("{missing} of {found} lines could not be scored"))),
        }
    }

    /// Every call with its line; lines that hold none are problems.
    fn calls(&self, drafter: &Drafter, problems: &mut Vec<Problem>) -> Result<Vec<(usize, Call)>, Failure> {
        let shown = self.file.display();
        let failed = |e: std::io::Error| Failure::new(format!("{shown}: {e}; give a file with a call a line"));
        let known = |code: &str| drafter.knows_category(code);
        let lines = calls::read(BufReader::new(File::open(&self.file).map_err(failed)?), &known).map_err(failed)?;
        if lines.is_empty() {
            return Err(Failure::new(format!("{shown}: holds no call")));
        }
        let mut calls = Vec::new();
        for (line, call) in lines {
            match call {
                Ok(call) => calls.push((line, call)),
                Err(error) => problems.push(Problem { line, error }),
            }
        }
        Ok(calls)
    }
}

struct Judge<'a> {
    drafter: &'a Drafter,
    config: &'a Config,
}

impl Judge<'_> {
    fn of_turns(&self, file: String, calls: &[(usize, Call)], problems: Vec<Problem>) -> Result<Report, Failure> {
        let scores = |agents: bool| {
            let each = calls.iter().map(|(_, call)| self.score(call, &written::transcript(heard(call, agents))));
            each.collect::<Result<_, _>>().map(Scores::of)
        };
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            file,
            heard: "caller",
            model: None,
            demo_model: false,
            scores: scores(false)?,
            with_agents: Some(scores(true)?),
            left_out: Vec::new(),
            problems,
        })
    }

    fn of_recordings(&self, file: String, spoken: Spoken<'_>, mut problems: Vec<Problem>) -> Result<Report, Failure> {
        let each = spoken.calls.iter().map(|(call, transcript)| self.score(call, transcript));
        let scores = Scores::of(each.collect::<Result<_, _>>()?);
        problems.extend(spoken.problems);
        problems.sort_by_key(|problem| problem.line);
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            file,
            heard: "recording",
            model: Some(spoken.model),
            demo_model: spoken.demo_model,
            scores,
            with_agents: None,
            left_out: spoken.left_out,
            problems,
        })
    }

    fn score(&self, call: &Call, transcript: &TranscriptFile) -> Result<Scored, Failure> {
        let draft = self.draft(transcript).map_err(Failure::new)?;
        let again = |texts: &[String]| {
            let texts = texts.iter().map(|text| (Speaker::Caller, text.as_str()));
            self.draft(&written::transcript(texts)).unwrap_or_default()
        };
        let category = draft.pointer("/issues/0/category/value").and_then(Value::as_str);
        let labels = category.map(|code| self.drafter.category_names(code)).unwrap_or_default();
        let callers = transcript.utterances.iter().filter(|said| said.speaker == Speaker::Caller);
        let said: Vec<&str> = callers.map(|said| said.text.as_str()).collect();
        let mut checks = fields::checks(&call.gold, &draft);
        checks.extend(particulars::checks(&call.lang, &call.gold, &draft));
        checks.extend(claims::evidence(&draft, &again));
        checks.extend(quoted::checks(&call.gold, &draft));
        checks.extend(claims::summary(&draft, &said.join("\n"), &labels));
        Ok(Scored { id: call.id.clone(), lang: call.lang.clone(), difficulty: call.difficulty.clone(), checks })
    }

    fn draft(&self, transcript: &TranscriptFile) -> serde_json::Result<Value> {
        let facts = CallFacts { created_unix_ms: AT, started_unix_ms: AT, ..facts(self.config, transcript) };
        serde_json::to_value(self.drafter.draft(&facts, &transcript.utterances, transcript.coverage))
    }
}

/// When every call was made, whenever it is run: a Tuesday at noon (UTC), so that "this morning" is over and "tonight" to come.
const AT: i64 = 1_795_521_600_000;

/// The caller's turns, or the agents' as well; prompts are the gateway's own.
fn heard(call: &Call, agents: bool) -> impl Iterator<Item = (Speaker, &str)> {
    call.turns.iter().filter_map(move |turn| match turn.speaker {
        calls::Speaker::Caller => Some((Speaker::Caller, turn.text.as_str())),
        calls::Speaker::Agent if agents => Some((Speaker::Agent, turn.text.as_str())),
        _ => None,
    })
}
