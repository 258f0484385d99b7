//! What is asked of every server that callers' words or voices are sent to: where it is, and that the operator said so.

use std::path::Path;

use super::check::{is_local, value_error};
use super::{ConfigError, limits};

/// The keys of one such server, and how they are spoken of.
pub(super) struct Server<'a> {
    /// `speech.openai`.
    pub table: &'static str,
    pub url: &'a str,
    /// What we put behind `url`.
    pub path: &'static str,
    pub model: &'a str,
    pub has_key: bool,
    pub allow_remote: bool,
    /// What leaves this machine: `callers' voices`.
    pub sends: &'static str,
}

impl Server<'_> {
    pub fn check(&self, file: &Path) -> Result<(), ConfigError> {
        let Self { table, url, path, model, has_key, allow_remote, sends } = *self;
        let wrong = |expected: &str| value_error(file, &format!("{table}.url"), &url, expected);
        let Ok(parsed) = reqwest::Url::parse(url) else {
            return wrong("not a URL; write for example \"http://127.0.0.1:8000/v1\"");
        };
        if !matches!(parsed.scheme(), "http" | "https") {
            return wrong("only http and https");
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return wrong(&format!(
                "no user or password in the URL; put the server's key into a file and name it in {table}.key_file"
            ));
        }
        let last = path.rsplit('/').next().unwrap_or(path);
        if parsed.query().is_some() || parsed.fragment().is_some() || parsed.path().ends_with(&format!("/{last}")) {
            return wrong(&format!("only the part before {path}, for example \"http://127.0.0.1:8000/v1\""));
        }
        let Some(local) = is_local(&parsed) else { return wrong("names no host") };
        if !local && !allow_remote {
            return wrong(&format!(
                "beyond this machine; it would be sent {sends}, so say it explicitly with {table}.allow_remote = true"
            ));
        }
        if !local && parsed.scheme() == "http" && has_key {
            return wrong("a key goes beyond this machine only over https");
        }
        if model.is_empty() || model.len() > limits::MAX_PEER_STRING || model.chars().any(char::is_control) {
            return value_error(file, &format!("{table}.model"), &model, "the name the server knows its model by");
        }
        Ok(())
    }
}

/// Host and port of a URL beyond this machine.
pub(super) fn remote_host(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    (is_local(&url) == Some(false)).then(|| url.authority().to_owned())
}
