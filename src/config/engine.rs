//! Who recognises speech: what can be configured, and what about it can be wrong.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::check::{is_local, value_error};
use super::{Config, ConfigError, Speech, limits};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Whisper in this process, with `speech.model`.
    Whisper,
    /// A server with OpenAI's `/v1/audio/transcriptions`.
    OpenAi,
    /// Nobody: calls are recorded, and drafted for a person to listen.
    None,
}

/// A server with OpenAI's transcription endpoint, whoever made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenAi {
    /// The part before `/audio/transcriptions`.
    pub url: String,
    /// As the server names it.
    pub model: String,
    /// File (mode 0600) with the key for `Authorization: Bearer`.
    pub key_file: Option<PathBuf>,
    /// One segment, whole.
    pub timeout_s: u64,
    /// The server may be beyond loopback: callers' voices leave this machine.
    pub allow_remote: bool,
    /// What the server does not answer is recognised with `speech.model`; else it waits and is filled in later.
    pub fall_back: bool,
}

impl Default for OpenAi {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8000/v1".into(),
            model: "whisper-1".into(),
            key_file: None,
            timeout_s: 10,
            allow_remote: false,
            fall_back: true,
        }
    }
}

impl Speech {
    /// The host beyond this machine that callers' voices are sent to.
    pub fn sends_voices_to(&self) -> Option<String> {
        (self.engine == Engine::OpenAi).then(|| self.openai.remote_host()).flatten()
    }
}

impl OpenAi {
    /// Host and port of the server when it is beyond this machine.
    pub fn remote_host(&self) -> Option<String> {
        let url = reqwest::Url::parse(&self.url).ok()?;
        (is_local(&url) == Some(false)).then(|| url.authority().to_owned())
    }
}

pub(super) fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    if config.speech.engine != Engine::OpenAi {
        return Ok(());
    }
    let OpenAi { url, model, key_file, timeout_s, allow_remote, .. } = &config.speech.openai;
    let wrong = |expected: &str| value_error(path, "speech.openai.url", url, expected);
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return wrong("not a URL; write for example \"http://127.0.0.1:8000/v1\"");
    };
    if !matches!(parsed.scheme(), "http" | "https") {
        return wrong("only http and https");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return wrong(
            "no user or password in the URL; put the server's key into a file and name it in speech.openai.key_file",
        );
    }
    if parsed.query().is_some() || parsed.fragment().is_some() || parsed.path().ends_with("/transcriptions") {
        return wrong("only the part before /audio/transcriptions, for example \"http://127.0.0.1:8000/v1\"");
    }
    let Some(local) = is_local(&parsed) else { return wrong("names no host") };
    if !local && !allow_remote {
        return wrong(
            "beyond this machine; it would be sent callers' voices, so say it explicitly with speech.openai.allow_remote = true",
        );
    }
    if !local && parsed.scheme() == "http" && key_file.is_some() {
        return wrong("a key goes beyond this machine only over https");
    }
    if model.is_empty() || model.len() > limits::MAX_PEER_STRING || model.chars().any(char::is_control) {
        return value_error(path, "speech.openai.model", model, "the name the server knows its model by");
    }
    if !limits::ENGINE_TIMEOUT_S.contains(timeout_s) {
        let (least, most) = limits::ENGINE_TIMEOUT_S.into_inner();
        return value_error(path, "speech.openai.timeout_s", timeout_s, &format!("{least} to {most} seconds"));
    }
    Ok(())
}
