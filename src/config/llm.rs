//! The language model that adds to drafts, where one is configured.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::check::value_error;
use super::server::{Server, remote_host};
use super::{Config, ConfigError, limits};

/// A server with OpenAI's chat endpoint, whoever made it. Without `url` there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Llm {
    /// The part before `/chat/completions`.
    pub url: Option<String>,
    /// As the server names it; one with a single model takes any name.
    pub model: String,
    /// File (mode 0600) with the key for `Authorization: Bearer`.
    pub key_file: Option<PathBuf>,
    /// All of one call, waiting for its turn and a second try included: a draft is held back at most so long.
    pub timeout_s: u64,
    /// The server may be beyond loopback: callers' words leave this machine.
    pub allow_remote: bool,
    /// Turns and characters of a call that it is asked about; what was said later stays out.
    pub max_turns: usize,
    pub max_chars: usize,
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            url: None,
            model: "default".into(),
            key_file: None,
            timeout_s: 20,
            allow_remote: false,
            max_turns: 200,
            max_chars: 12_000,
        }
    }
}

impl Llm {
    /// The host beyond this machine that callers' words are sent to.
    pub fn sends_words_to(&self) -> Option<String> {
        self.url.as_deref().and_then(remote_host)
    }
}

pub(super) fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let Llm { url: Some(url), model, key_file, timeout_s, allow_remote, max_turns, max_chars } = &config.llm else {
        return Ok(());
    };
    Server {
        table: "llm",
        url,
        path: "/chat/completions",
        model,
        has_key: key_file.is_some(),
        allow_remote: *allow_remote,
        sends: "callers' words",
    }
    .check(path)?;
    if !limits::LLM_TIMEOUT_S.contains(timeout_s) {
        let (least, most) = limits::LLM_TIMEOUT_S.into_inner();
        return value_error(path, "llm.timeout_s", timeout_s, &format!("{least} to {most} seconds"));
    }
    for (key, value, range) in
        [("llm.max_turns", max_turns, limits::LLM_TURNS), ("llm.max_chars", max_chars, limits::LLM_CHARS)]
    {
        if !range.contains(value) {
            return value_error(path, key, value, &format!("{} to {}", range.start(), range.end()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(table: &str) -> Result<Config, String> {
        Config::parse(&format!("[llm]\n{table}"), Path::new("heardline.toml")).map_err(|e| e.to_string())
    }

    #[test]
    fn words_leave_this_machine_only_where_the_operator_says_so_and_a_key_only_over_https() {
        let host = |table: &str| parse(table).map(|config| config.llm.sends_words_to());
        assert_eq!(host(""), Ok(None));
        assert_eq!(host("url = \"http://127.0.0.1:8080/v1\""), Ok(None));
        assert_eq!(host("url = \"https://llm.example/v1\"\nallow_remote = true"), Ok(Some("llm.example".into())));
        for (table, says) in [
            ("url = \"https://llm.example/v1\"", "llm.allow_remote = true"),
            ("url = \"http://llm.example/v1\"\nallow_remote = true\nkey_file = \"key\"", "only over https"),
            ("url = \"http://me:pw@127.0.0.1/v1\"", "llm.key_file"),
            ("url = \"http://127.0.0.1/v1/chat/completions\"", "only the part before /chat/completions"),
            ("url = \"llm\"", "not a URL"),
            ("url = \"http://127.0.0.1/v1\"\nmodel = \"\"", "llm.model"),
            ("url = \"http://127.0.0.1/v1\"\ntimeout_s = 61", "1 to 60 seconds"),
            ("url = \"http://127.0.0.1/v1\"\nmax_turns = 0", "llm.max_turns = 0: 1 to 2000"),
            ("url = \"http://127.0.0.1/v1\"\nmax_chars = 5", "llm.max_chars = 5"),
        ] {
            let said = parse(table).unwrap_err();
            assert!(said.contains(says) && said.starts_with("heardline.toml: llm."), "{table}: {said}");
        }
    }
}
