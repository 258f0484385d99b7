//! Who will recognise speech, and what would keep it from being recognised.

use super::{Finding, answers, fail, good, place, warn};
use crate::call::Language;
use crate::config::secret::ApiKey;
use crate::config::{Config, Engine, find_bundled};
use crate::gateway::DEMO_MODEL_NOTICE;
use crate::speech::{Catalogue, ModelError, ModelInfo, verify};

pub(super) async fn findings(config: &Config) -> Vec<Finding> {
    match config.speech.engine {
        Engine::Whisper => model(config, ""),
        Engine::OpenAi => {
            let mut findings = server(config).await;
            if config.speech.openai.fall_back {
                findings.extend(model(config, "for what the speech server does not answer: "));
            }
            findings
        }
        Engine::None => {
            let says =
                "none: calls are recorded for a person to listen, nothing is written down until there is a recogniser";
            vec![warn("speech.engine", says)]
        }
    }
}

async fn server(config: &Config) -> Vec<Finding> {
    let openai = &config.speech.openai;
    let what = "speech.openai";
    let mut findings = Vec::new();
    if let Some(Err(error)) = openai.key_file.as_deref().map(ApiKey::load) {
        findings.push(fail(what, error.to_string()));
    }
    let Some((host, port)) = place(&openai.url) else {
        return vec![fail(what, format!("{}: names no host", openai.url))];
    };
    if config.speech.sends_voices_to().is_some() {
        let plain = if openai.url.starts_with("http:") { ", and not encrypted" } else { "" };
        findings.push(warn(what, format!("callers' voices leave this machine for {host}:{port}{plain}")));
    }
    findings.push(match answers(&host, port).await {
        Ok(()) => good(what, format!("{} at {host}:{port}; it answers", openai.model)),
        Err(e) if openai.fall_back => {
            warn(what, format!("{host}:{port}: {e}; speech.model recognises until it answers"))
        }
        Err(e) => warn(what, format!("{host}:{port}: {e}; calls are recorded and filled in when it answers")),
    });
    findings
}

fn model(config: &Config, role: &str) -> Vec<Finding> {
    let path = find_bundled(&config.speech.model).unwrap_or_else(|| config.speech.model.clone());
    let verified: Result<ModelInfo, ModelError> =
        Catalogue::bundled().and_then(|known| verify(&path, &known, config.speech.model_sha256.as_deref()));
    let what = "speech.model";
    match verified {
        Err(e) => vec![fail(what, format!("{role}{e}"))],
        Ok(info) => {
            let found = match info.demo {
                true => warn(what, format!("{role}{}: {DEMO_MODEL_NOTICE}", info.name)),
                false => good(what, format!("{role}{} is whole", info.name)),
            };
            [found].into_iter().chain(cantonese(config, &info)).collect()
        }
    }
}

/// A line where Cantonese is spoken and a model that does not know it.
fn cantonese(config: &Config, info: &ModelInfo) -> Option<Finding> {
    let line = config.lines.iter().find(|line| line.languages.contains(&Language::Yue))?;
    if info.languages.contains(&Language::Yue) {
        return None;
    }
    let says = format!(
        "line \"{}\" has Cantonese (yue) and {} does not know it: it is written down as if it were Mandarin; Cantonese \
         needs large-v3 class weights, for example `heardline models pull large-v3-turbo`",
        line.name, info.name
    );
    Some(warn("line.languages", says))
}
