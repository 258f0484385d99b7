//! The configuration: parsed and checked whole before a port is bound.
//!
//! `heardline.toml` in the repository is the manual: every key with its default, unit and reason. A test
//! compares it with the defaults here. Every mistake names file, key, value and what would be right.

pub mod changes;
mod check;
mod desk;
mod draft;
mod emergency;
mod engine;
mod gazetteer;
pub mod limits;
mod llm;
mod review;
pub mod secret;
mod server;
mod transfer;
mod urgency;
mod webrtc;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::call::{Codec, Language, Places, Script, SpokenHere};

pub use self::desk::Desk;
pub use self::draft::Draft;
pub use self::emergency::Emergency;
pub use self::engine::{Engine, OpenAi};
pub use self::llm::Llm;
pub use self::review::{DueMinutes, Review};
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
pub struct Sip {
    pub listen: Vec<SipListen>,
    /// Address written into Contact and SDP when callers reach us through NAT.
    pub public_address: Option<IpAddr>,
    pub rtp_ports: PortRange,
    /// Accept calls from any address. Without it, sources beyond loopback need a `[[trunk]]`.
    pub open: bool,
    pub max_calls: usize,
    /// PEM files of the `tls:` listeners; read again on SIGHUP.
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// Codecs we take, the one we like best first; the first of them that the caller offers is spoken.
    pub codecs: Vec<Codec>,
    /// Learn where a caller behind NAT sends sound from, when its SDP address stays silent.
    pub nat_learning: bool,
}

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

/// Silence and length rules of a call, seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallRules {
    pub silence_ask_s: u64,
    pub silence_end_s: u64,
    /// A caller who stops is asked for the place and the number that are missing, and hears a spoken number read back.
    pub follow_up: bool,
    pub follow_up_after_s: u64,
    pub warn_after_s: u64,
    pub end_after_s: u64,
    pub no_media_s: u64,
    pub media_lost_s: u64,
    /// After SIGTERM running calls may go on this long before they end with a spoken close.
    pub drain_s: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Line {
    pub name: String,
    /// Dialled numbers that reach this line; `*` is any.
    pub numbers: Vec<String>,
    /// Spoken languages, the first one is greeted first.
    pub languages: Vec<Language>,
    /// How Chinese is written: `zh-Hans` or `zh-Hant`. Without it: as the recogniser writes it, which may mix both.
    pub script: Option<Script>,
    /// Names of streets, districts and agencies that callers say; the recogniser is told to expect them.
    pub hot_words: Vec<String>,
    /// File with more names of places, one a line, each perhaps with a tab and its district.
    pub gazetteer: Option<PathBuf>,
    /// Hot words and gazetteer, as read at start.
    #[serde(skip)]
    pub places: Arc<Places>,
    /// Country codes (ISO 3166-1 alpha-2) whose numbering plans a spoken number is read by, in this order.
    pub regions: Vec<String>,
    /// The number the notice names for danger.
    pub emergency_number: String,
    /// SIP URI that an agent may pass a live call on to. Without it: none is passed on.
    pub emergency_transfer: Option<String>,
    /// Where its callers live, an IANA time zone: "yesterday" is counted there.
    pub time_zone: String,
    pub record_before_notice_ends: bool,
    /// Folder with `<language>/<prompt>.wav` that replaces the built-in prompts.
    pub prompts: Option<PathBuf>,
    /// Days after its end that a call is kept; then sound, words, drafts and deliveries are erased.
    pub retention_days: u32,
}

impl Line {
    /// What recognisers may expect of its callers.
    pub fn spoken_here(&self) -> SpokenHere {
        SpokenHere { languages: self.languages.clone(), script: self.script, hot_words: self.hot_words.clone() }
    }
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    pub name: String,
    pub allow: Vec<IpNet>,
    /// Believe P-Asserted-Identity from these networks.
    #[serde(default)]
    pub trust_identity: bool,
    /// Calls at once from this trunk; without it only `sip.max_calls` counts.
    #[serde(default)]
    pub max_calls: Option<usize>,
    /// New calls a second from this trunk, with bursts of twice as many.
    #[serde(default)]
    pub calls_per_second: Option<u32>,
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

impl Default for Sip {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 5060));
        Self {
            listen: vec![SipListen::Udp(loopback), SipListen::Tcp(loopback)],
            public_address: None,
            rtp_ports: PortRange { first: 20_000, last: 29_999 },
            open: false,
            max_calls: limits::MAX_CALLS,
            tls_certificate: None,
            tls_key: None,
            codecs: vec![Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma],
            nat_learning: true,
        }
    }
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

impl Default for CallRules {
    fn default() -> Self {
        Self {
            silence_ask_s: 12,
            silence_end_s: 8,
            follow_up: true,
            follow_up_after_s: 4,
            warn_after_s: 28 * 60,
            end_after_s: 30 * 60,
            no_media_s: limits::NO_MEDIA.as_secs(),
            media_lost_s: limits::MEDIA_LOST.as_secs(),
            drain_s: 120,
        }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self {
            name: "default".into(),
            numbers: vec!["*".into()],
            languages: vec![Language::En, Language::Zh],
            script: None,
            hot_words: Vec::new(),
            gazetteer: None,
            places: Arc::default(),
            regions: vec!["US".into(), "CN".into(), "HK".into()],
            emergency_number: "112".into(),
            emergency_transfer: None,
            time_zone: "UTC".into(),
            record_before_notice_ends: true,
            prompts: None,
            retention_days: 90,
        }
    }
}

/// `udp:ADDRESS:PORT`, `tcp:…` or `tls:…`; an IPv6 address stands in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SipListen {
    Udp(SocketAddr),
    Tcp(SocketAddr),
    Tls(SocketAddr),
}

impl SipListen {
    pub fn address(self) -> SocketAddr {
        match self {
            Self::Udp(address) | Self::Tcp(address) | Self::Tls(address) => address,
        }
    }

    /// `udp`, `tcp` or `tls`, as `;transport=` names it.
    pub fn transport(self) -> &'static str {
        match self {
            Self::Udp(_) => "udp",
            Self::Tcp(_) => "tcp",
            Self::Tls(_) => "tls",
        }
    }
}

impl fmt::Display for SipListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport(), self.address())
    }
}

impl FromStr for SipListen {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a SIP listener; write \"udp:127.0.0.1:5060\", \"tcp:[::1]:5060\" or \"tls:127.0.0.1:5061\""
            )
        };
        let (transport, address) = text.split_once(':').ok_or_else(wrong)?;
        let address: SocketAddr = address.parse().map_err(|_| wrong())?;
        match transport {
            "udp" => Ok(Self::Udp(address)),
            "tcp" => Ok(Self::Tcp(address)),
            "tls" => Ok(Self::Tls(address)),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for SipListen {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<SipListen> for String {
    fn from(listen: SipListen) -> Self {
        listen.to_string()
    }
}

/// `"FIRST-LAST"`, both included. A call takes an even port and the odd one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange {
    pub first: u16,
    pub last: u16,
}

impl PortRange {
    /// How many RTP/RTCP pairs fit.
    pub fn pairs(self) -> usize {
        let first_even = u32::from(self.first).next_multiple_of(2);
        let span = (u32::from(self.last) + 1).saturating_sub(first_even);
        usize::try_from(span / 2).unwrap_or(0)
    }
}

impl TryFrom<String> for PortRange {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.split_once('-').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
        match parsed {
            Some((first, last)) if first < last && first >= 1024 => Ok(Self { first, last }),
            _ => Err(format!(
                "{text:?} is not a port range; write for example \"20000-29999\" (1024 or above, first below last)"
            )),
        }
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> Self {
        format!("{}-{}", range.first, range.last)
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
