//! Calls from browsers: what can be configured, and what about it can be wrong.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::check::value_error;
use super::{Config, ConfigError, PortRange};

/// Calls from browsers, on the public listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebRtc {
    pub enabled: bool,
    /// Addresses of this machine that sound comes to. Empty: the public listener's.
    pub addresses: Vec<IpAddr>,
    /// One UDP port a call and address.
    pub udp_ports: PortRange,
    /// Written into our candidates when browsers reach us through NAT.
    pub public_address: Option<IpAddr>,
    /// Answer connectivity checks and make none (RFC 8445 section 2.5): for a gateway that callers can reach.
    pub ice_lite: bool,
    /// Other sites whose pages may call and may frame the caller's page, for example `https://city.example`.
    pub origins: Vec<String>,
    /// Calls at once, and new ones a minute, from one address.
    pub calls_per_address: usize,
    pub calls_per_minute: u32,
    /// Public key (PEM, Ed25519) or shared secret that signs callers' identities.
    pub token_key: Option<PathBuf>,
    pub token_algorithm: TokenAlgorithm,
    /// `aud` a token must name.
    pub token_audience: String,
    /// Nobody calls without a token.
    pub token_required: bool,
}

/// Signatures of identity tokens (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenAlgorithm {
    EdDSA,
    HS256,
}

/// A STUN or TURN server that the caller's page uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceServer {
    /// `stun:…`, `turn:…` or `turns:…` (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// A password that every caller gets to see.
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub credential: Option<String>,
    /// File with the secret shared with the TURN server: each caller gets a password of its own for an hour.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
}

impl Default for WebRtc {
    fn default() -> Self {
        Self {
            enabled: true,
            addresses: Vec::new(),
            udp_ports: PortRange { first: 30_000, last: 30_999 },
            public_address: None,
            ice_lite: true,
            origins: Vec::new(),
            calls_per_address: 4,
            calls_per_minute: 12,
            token_key: None,
            token_algorithm: TokenAlgorithm::EdDSA,
            token_audience: "heardline".into(),
            token_required: false,
        }
    }
}

pub(super) fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let webrtc = &config.webrtc;
    let wrong = |key: &str, value: &dyn std::fmt::Display, expected: &str| value_error(path, key, value, expected);
    if config.public.tls_certificate.is_some() != config.public.tls_key.is_some() {
        return wrong("public.tls_certificate", &"alone", "set public.tls_certificate and public.tls_key, or neither");
    }
    if !webrtc.enabled {
        return Ok(());
    }
    let listens_everywhere = webrtc.addresses.is_empty() && config.public.listen.ip().is_unspecified();
    if listens_everywhere || webrtc.addresses.iter().any(IpAddr::is_unspecified) {
        let expected = "name the addresses of this machine that sound comes to, for example [\"192.0.2.10\"]";
        return wrong("webrtc.addresses", &"every address", expected);
    }
    for origin in &webrtc.origins {
        let parsed = reqwest::Url::parse(origin).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if parsed.is_none_or(|url| url.origin().ascii_serialization() != *origin) {
            return wrong("webrtc.origins", origin, "scheme and host alone, for example \"https://city.example\"");
        }
    }
    if webrtc.calls_per_address == 0 || webrtc.calls_per_minute == 0 {
        return wrong("webrtc.calls_per_address", &0, "at least 1; to take no calls from browsers set enabled = false");
    }
    if webrtc.token_required && webrtc.token_key.is_none() {
        return wrong("webrtc.token_required", &true, "needs webrtc.token_key, or nobody can call");
    }
    config.ice_servers.iter().try_for_each(|server| check_server(server, path))
}

fn check_server(server: &IceServer, path: &Path) -> Result<(), ConfigError> {
    let known = |url: &&String| ["stun:", "turn:", "turns:"].iter().any(|scheme| url.starts_with(scheme));
    if let Some(url) = server.urls.iter().find(|url| !known(url)) {
        return value_error(path, "ice_server.urls", url, "begins with stun:, turn: or turns:");
    }
    if server.urls.is_empty() {
        return value_error(
            path,
            "ice_server.urls",
            &"[]",
            "name at least one, for example \"stun:stun.example:3478\"",
        );
    }
    let relays = server.urls.iter().any(|url| !url.starts_with("stun:"));
    let one_password = server.username.is_some() && server.credential.is_some();
    if relays && one_password == server.secret_file.is_some() {
        let expected = "a TURN server needs either secret_file, or username and credential";
        return value_error(path, "ice_server.secret_file", &server.urls.join(" "), expected);
    }
    Ok(())
}
