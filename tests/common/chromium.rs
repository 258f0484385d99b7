//! A real Chromium that calls from the caller's page, driven by `web/tests/journey.mjs`, one that watches at the desk,
//! driven by `web/tests/desk-journey.mjs`, and people at work there, driven by `web/tests/agents/`.

use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use super::bundled;

/// What the caller saw; see the script.
#[derive(Debug, Deserialize)]
pub struct Journey {
    pub page_errors: Vec<String>,
    pub failure: Option<String>,
    #[serde(default)]
    pub notice: Option<String>,
    #[serde(default)]
    pub captions: Vec<Caption>,
    #[serde(default)]
    pub interruptions: usize,
    #[serde(default)]
    pub reference: Option<String>,
    #[serde(default)]
    pub earlier_reference: Option<String>,
    #[serde(default)]
    pub complete: bool,
    #[serde(default)]
    pub fields: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    pub troubles: Vec<String>,
    #[serde(default)]
    pub new_tab: Option<String>,
    #[serde(default)]
    pub asked_before_leaving: bool,
    #[serde(default)]
    pub asked_before_closing: bool,
}

#[derive(Debug, Deserialize)]
pub struct Caption {
    pub text: String,
    pub before_hang_up: bool,
}

impl Journey {
    /// All words shown, in order.
    pub fn words(&self) -> String {
        self.captions.iter().map(|caption| caption.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// Runs one scenario to its end; `page` is the URL of the caller's page.
pub async fn journey(page: &str, scenario: &str, sample: Option<&str>, more: &[&str]) -> Journey {
    assert!(
        Path::new("web/node_modules/playwright-core").exists(),
        "web/node_modules is missing: run scripts/setup test"
    );
    let mut command = Command::new("node");
    command.arg("web/tests/journey.mjs").args(["--url", page, "--scenario", scenario]).args(more);
    if let Some(sample) = sample {
        command.arg("--fake-microphone").arg(bundled(&format!("audio-samples/{sample}.wav")));
    }
    let output = command.current_dir(bundled("")).stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let line = said.lines().last().unwrap_or_else(|| panic!("{scenario}: the browser said nothing: {errors}"));
    println!("{scenario}: {line}");
    let journey: Journey = serde_json::from_str(line).unwrap_or_else(|e| panic!("{scenario}: {e}: {line}"));
    assert_eq!(journey.failure, None, "{scenario}: {line}");
    assert!(journey.page_errors.is_empty(), "{scenario}: {line}");
    journey
}

/// What an agent saw at the desk; see the script.
#[derive(Debug, Deserialize)]
pub struct Watched {
    pub page_errors: Vec<String>,
    pub failure: Option<String>,
    pub words_while_live: Option<bool>,
    pub quote: Option<String>,
    pub number: Option<String>,
    pub title: Option<String>,
    /// Words that the address's evidence lit.
    pub lit: Vec<String>,
    /// What was played of it, milliseconds into the recording.
    pub played_ms: Option<[u64; 2]>,
}

/// Watches a call with an emergency from before it begins; `desk` is the desk's URL.
pub async fn watch_desk(desk: &str) -> Watched {
    let mut command = Command::new("node");
    command.arg("web/tests/desk-journey.mjs").args(["--url", desk]);
    let output = command.current_dir(bundled("")).stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let line = said.lines().last().unwrap_or_else(|| panic!("the desk said nothing: {errors}"));
    println!("desk: {line}");
    let watched: Watched = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    assert_eq!(watched.failure, None, "{line}");
    assert!(watched.page_errors.is_empty(), "{line}");
    watched
}

/// Runs one of `web/tests/agents/` to its end, doing in between what it wants done; its report.
pub async fn agents(script: &str, arguments: &[&str], mut act: impl AsyncFnMut(&str)) -> Value {
    let mut command = Command::new("node");
    command.arg(format!("web/tests/agents/{script}.mjs")).args(arguments).current_dir(bundled(""));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut journey = command.spawn().unwrap();
    let mut answers = journey.stdin.take().unwrap();
    let mut said = BufReader::new(journey.stdout.take().unwrap()).lines();
    while let Some(line) = said.next_line().await.unwrap() {
        let report: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{script}: {e}: {line}"));
        if let Some(wanted) = report["wants"].as_str() {
            act(wanted).await;
            answers.write_all(b"\n").await.unwrap();
            continue;
        }
        println!("{script}: {line}");
        assert_eq!(report["failure"], Value::Null, "{script}: {line}");
        assert_eq!(report["page_errors"], serde_json::json!([]), "{script}: {line}");
        return report;
    }
    panic!("{script} said nothing at its end")
}
