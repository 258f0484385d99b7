//! A real Chromium that calls from the caller's page, driven by `web/tests/journey.mjs`.

use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
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
