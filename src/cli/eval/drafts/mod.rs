//! `heardline eval drafts FILE.jsonl`: what the drafter makes of written calls, held against the tickets they should
//! become.
//!
//! Reading order: `calls` (the file), `written` (a call as its recogniser would have heard it), `scores`, `fields` and
//! `claims` (pure), `report` (all of them), `table` and `html` (for people).

mod calls;
mod claims;
mod fields;
mod html;
mod report;
mod scores;
mod table;
mod written;

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::Args;

use super::Outputs;
use crate::cli::{Failure, load_config};
use crate::config::Config;
use crate::draft::Drafter;
use crate::gateway::load_drafter;
use calls::{Call, Problem};
use report::{Report, Scored, Sums};

#[derive(Args)]
pub(super) struct Drafts {
    /// Written calls with the tickets they should become, one JSON object a line
    file: PathBuf,
    #[command(flatten)]
    outputs: Outputs,
    #[arg(long)]
    config: Option<PathBuf>,
}

pub(super) const MANUAL: &str = include_str!("manual.txt");

impl Drafts {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = load_config(self.config.as_deref())?;
        let drafter = load_drafter(&config)?;
        let shown = self.file.display().to_string();
        let failed = |e: std::io::Error| Failure::new(format!("{shown}: {e}; give a file with a call a line"));
        let known = |code: &str| drafter.knows_category(code);
        let lines = calls::read(BufReader::new(File::open(&self.file).map_err(failed)?), &known).map_err(failed)?;
        if lines.is_empty() {
            return Err(Failure::new(format!("{shown}: holds no call")));
        }
        let found = lines.len();
        let (mut per_call, mut problems) = (Vec::new(), Vec::new());
        for (line, call) in lines {
            match call {
                Ok(call) => per_call.push(score(&call, &drafter, &config)?),
                Err(error) => problems.push(Problem { line, error }),
            }
        }
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            file: shown.clone(),
            heard: "caller",
            total: Sums::of("", per_call.iter()),
            by_language: Sums::by(&per_call, |call| &call.lang),
            by_difficulty: Sums::by(&per_call, |call| &call.difficulty),
            per_call,
            problems,
        };
        self.outputs.publish(&report, &table::table(&report), || html::document(&report))?;
        for problem in &report.problems {
            eprintln!("heardline: {shown} line {}: {}", problem.line, problem.error);
        }
        match report.problems.len() {
            0 => Ok(()),
            missing => Err(Failure::new(format!("{missing} of {found} lines could not be scored"))),
        }
    }
}

fn score(call: &Call, drafter: &Drafter, config: &Config) -> Result<Scored, Failure> {
    let drafted = |texts: &[String]| serde_json::to_value(written::draft(texts, drafter, config));
    let heard = written::heard(call);
    let draft = drafted(&heard).map_err(Failure::new)?;
    let again = |texts: &[String]| drafted(texts).unwrap_or_default();
    let category = draft.pointer("/issues/0/category/value").and_then(serde_json::Value::as_str);
    let labels = category.map(|code| drafter.category_names(code)).unwrap_or_default();
    let mut checks = fields::checks(&call.gold, &draft);
    checks.extend(claims::evidence(&draft, &again));
    checks.extend(claims::summary(&draft, &heard.join("\n"), &labels));
    Ok(Scored { id: call.id.clone(), lang: call.lang.clone(), difficulty: call.difficulty.clone(), checks })
}
