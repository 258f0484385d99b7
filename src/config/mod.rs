//! The configuration: parsed and checked whole before a port is bound.
//!
//! `heardline.toml` in the repository is the manual: every key with its default, unit and reason. A test
//! compares it with the defaults here. Every mistake names file, key, value and what would be right.

pub mod changes;
mod check;
mod desk;
mod draft;
mod emergency;
mod gazetteer;
pub mod limits;
mod line;
mod llm;
mod review;
pub mod secret;
mod server;
mod sip;
mod speech;
mod transfer;
mod urgency;
mod webrtc;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use self::desk::Desk;
pub use self::draft::Draft;
pub use self::emergency::Emergency;
pub use self::line::{CallRules, Line};
pub use self::llm::Llm;
pub use self::review::{DueMinutes, Review};
pub use self::sip::{PortRange, Sip, SipListen, Trunk};
pub use self::speech::{Engine, OpenAi, Speech};
pub use self::urgency::UrgencyHours;
pub use self::webrtc::{IceServer, TokenAlgorithm, WebRtc};

/// A mistake in the configuration or in what it points at. `main` exits 64 with it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: cannot be read: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("{path}: {reason}")]
    Syntax { path: PathBuf, reason: String },
    #[error("{path}: {key} = {value}: {expected}")]
    Value { path: PathBuf, key: String, value: String, expected: String },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub data: Data,
    pub desk: Desk,
    pub public: Public,
    pub sip: Sip,
    pub webrtc: WebRtc,
    #[serde(rename = "ice_server")]
    pub ice_servers: Vec<IceServer>,
    pub speech: Speech,
    pub draft: Draft,
    pub llm: Llm,
    pub intake: Intake,
    pub emergency: Emergency,
    pub call: CallRules,
    pub urgency: UrgencyHours,
    pub review: Review,
    #[serde(rename = "line")]
    pub lines: Vec<Line>,
    pub telemetry: Telemetry,
    #[serde(rename = "trunk")]
    pub trunks: Vec<Trunk>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// Folder of the database, the recordings and the generated secret.
    pub dir: PathBuf,
    /// New calls are refused while the folder's file system has less room than this, MiB.
    pub min_free_mib: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Public {
    pub listen: SocketAddr,
    /// PEM files: with them it speaks https; read again on SIGHUP.
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// Where drafts are posted. Without it: the built-in endpoint on the desk listener.
    pub url: Option<String>,
    /// File with the `whsec_` secret. Without it: `webhook.secret` in the data folder, made at first start.
    pub secret_file: Option<PathBuf>,
    /// The endpoint may be beyond loopback: a draft is a caller's words.
    pub allow_remote: bool,
    /// Cards, identity numbers and passwords are covered in drafts.
    pub redact: bool,
}

/// Traces, one a call, as OTLP over HTTP. Without `otlp_endpoint` none are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// For example `http://127.0.0.1:4318/v1/traces`.
    pub otlp_endpoint: Option<String>,
    /// The collector may be beyond loopback. Traces hold no words, numbers or names.
    pub allow_remote: bool,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: PathBuf::from("data"), min_free_mib: 256 }
    }
}

impl Default for Public {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8312)),
            tls_certificate: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
        }
    }
}

#[expect(clippy::derivable_impls, reason = "every default stands in one place, next to its siblings")]
impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp_endpoint: None, allow_remote: false }
    }
}

impl Default for Intake {
    fn default() -> Self {
        Self { url: None, secret_file: None, allow_remote: false, redact: true }
    }
}

impl Config {
    /// Reads and checks a file, and the gazetteers it names. `[[line]]` absent: one default line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| ConfigError::Unreadable { path: path.into(), reason: e.to_string() })?;
        let mut config = Self::parse(&text, path)?;
        gazetteer::load(&mut config.lines)?;
        Ok(config)
    }

    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text)
            .map_err(|e| ConfigError::Syntax { path: path.into(), reason: check::one_line(&e, text) })?;
        config.add_default_line();
        check::check(&config, path)?;
        Ok(config)
    }

    /// The defaults, ready to serve on loopback.
    pub fn standard() -> Self {
        let mut config = Self::default();
        config.add_default_line();
        config
    }

    fn add_default_line(&mut self) {
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
    }

    /// What a reload can make wrong together though each key is right by itself.
    pub fn check_ports(&self) -> Result<(), ConfigError> {
        check::check_room(self, Path::new("configuration"))
    }

    pub fn line_named(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// The line a dialled number reaches: an exact number before `*`, else the first line.
    pub fn line_for(&self, dialled: Option<&str>) -> &Line {
        let by_number: BTreeMap<&str, &Line> =
            self.lines.iter().flat_map(|line| line.numbers.iter().map(move |n| (n.as_str(), line))).collect();
        dialled
            .and_then(|number| by_number.get(number).copied())
            .or_else(|| by_number.get("*").copied())
            .unwrap_or_else(|| &self.lines[0])
    }
}

/// A bundled file (`models/…`, `audio-samples/…`): as given, else beside the program or in a folder above it,
/// so that `target/debug/heardline` started from anywhere finds the checkout it was built in.
pub fn find_bundled(relative: &Path) -> Option<PathBuf> {
    if relative.is_absolute() || relative.exists() {
        return relative.exists().then(|| relative.to_path_buf());
    }
    let program = std::env::current_exe().ok()?;
    program.ancestors().skip(1).take(5).map(|dir| dir.join(relative)).find(|path| path.exists())
}
