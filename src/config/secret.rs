//! The webhook secret: never printed, never logged, made at first start.

use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use rand::RngCore as _;

use super::ConfigError;

/// A `whsec_` secret (Standard Webhooks). Its `Debug` shows nothing.
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
