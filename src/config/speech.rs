//! Who recognises speech: what can be configured, and what about it can be wrong.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::check::value_error;
use super::server::{Server, remote_host};
use super::{Config, ConfigError, limits};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Speech {
    pub engine: Engine,
    pub model: PathBuf,
    /// SHA-256 the file must have; only needed for a model that is not in `models/catalogue.toml`.
    pub model_sha256: Option<String>,
    /// Recogniser states, one thread each. 0: one a core.
    pub workers: usize,
    pub allow_demo_model: bool,
    /// The window handed to Whisper is the segment plus this margin, never below the floor (milliseconds).
    pub window_margin_ms: u32,
    pub window_floor_ms: u32,
    pub partials: bool,
    /// Only looked at with `engine = "openai"`.
    pub openai: OpenAi,
}

impl Default for Speech {
    fn default() -> Self {
        Self {
            engine: Engine::Whisper,
            model: PathBuf::from("models/heardline-nano.bin"),
            model_sha256: None,
            workers: 0,
            allow_demo_model: false,
            window_margin_ms: 640,
            window_floor_ms: 2_000,
            partials: true,
            openai: OpenAi::default(),
        }
    }
}

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
        remote_host(&self.url)
    }
}

pub(super) fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    if config.speech.engine != Engine::OpenAi {
        return Ok(());
    }
    let OpenAi { url, model, key_file, timeout_s, allow_remote, .. } = &config.speech.openai;
    Server {
        table: "speech.openai",
        url,
        path: "/audio/transcriptions",
        model,
        has_key: key_file.is_some(),
        allow_remote: *allow_remote,
        sends: "callers' voices",
    }
    .check(path)?;
    if !limits::ENGINE_TIMEOUT_S.contains(timeout_s) {
        let (least, most) = limits::ENGINE_TIMEOUT_S.into_inner();
        return value_error(path, "speech.openai.timeout_s", timeout_s, &format!("{least} to {most} seconds"));
    }
    Ok(())
}
