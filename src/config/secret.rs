//! Secrets: never printed, never logged.

use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use rand::RngCore as _;

use super::{ConfigError, limits};

/// A `whsec_` secret (Standard Webhooks), made at first start. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct WebhookSecret(String);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(hidden)")
    }
}

impl WebhookSecret {
    /// Prefix and base64 of 24 to 64 bytes, as the standard wants it.
    pub fn parse(text: &str) -> Option<Self> {
        let encoded = text.trim().strip_prefix("whsec_")?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
        (24..=64).contains(&bytes.len()).then(|| Self(text.trim().to_owned()))
    }

    pub fn generate() -> Self {
        let mut bytes = [0_u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(bytes)))
    }

    /// For signing only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Reads `file`, or makes it (mode 0600) when `create` is set and it does not exist.
    pub fn load(file: &Path, create: bool) -> Result<Self, ConfigError> {
        let unreadable = |reason: String| ConfigError::Unreadable { path: PathBuf::from(file), reason };
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).ok_or_else(|| ConfigError::Syntax {
                path: file.into(),
                reason: "not a webhook secret; expected whsec_ and the base64 of 24 to 64 bytes".into(),
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && create => {
                let secret = Self::generate();
                let mut out = std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(file)
                    .map_err(|e| unreadable(e.to_string()))?;
                writeln!(out, "{}", secret.0).and_then(|()| out.sync_all()).map_err(|e| unreadable(e.to_string()))?;
                Ok(secret)
            }
            Err(e) => Err(unreadable(e.to_string())),
        }
    }
}

/// What a server of speech or language models knows us by (`Authorization: Bearer`). Its `Debug` shows nothing.
#[derive(Clone)]
pub struct ApiKey(String);

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(hidden)")
    }
}

impl ApiKey {
    /// For the request's header only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// One line of visible ASCII in a file that nobody else can read.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let unreadable = |e: std::io::Error| ConfigError::Unreadable { path: file.into(), reason: e.to_string() };
        let wrong = |reason: &str| ConfigError::Syntax { path: file.into(), reason: reason.into() };
        let mode = std::fs::metadata(file).map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(wrong("others on this machine can read the key in it; chmod 600 the file"));
        }
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        let key = text.trim();
        let fits = (1..=limits::MAX_ENGINE_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(key.to_owned())) } else { Err(wrong("not a key; expected one line of visible ASCII")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_others_can_read_is_refused_and_none_is_ever_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        let load = |text: &str, mode: u32| {
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            ApiKey::load(&file).map_err(|e| e.to_string())
        };
        let key = load("sk-canary\n", 0o600).unwrap();
        assert_eq!((key.expose(), format!("{key:?}").as_str()), ("sk-canary", "ApiKey(hidden)"));
        for (text, mode, says) in
            [("sk-canary", 0o640, "chmod 600"), ("sk canary", 0o600, "not a key"), ("", 0o600, "")]
        {
            let said = load(text, mode).unwrap_err();
            assert!(said.contains(says) && said.contains("key") && !said.contains("canary"), "{said}");
        }
    }
}
