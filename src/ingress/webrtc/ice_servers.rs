//! STUN and TURN servers for the caller's page, each caller with a password of its own.
//!
//! Passwords are made as coturn's `use-auth-secret` checks them ("A REST API for Access to TURN Services",
//! draft-uberti-behave-turn-rest): the user name says until when it holds, the password signs the user name.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::Serialize;

use crate::config::{ConfigError, IceServer};

/// Longer than the longest call: the password is asked for again when a call's path is refreshed.
const VALID: Duration = Duration::from_secs(3_600);

/// The configured servers, their secrets read.
#[derive(Clone, Default)]
pub struct IceServers(Vec<Server>);

#[derive(Clone)]
struct Server {
    urls: Vec<String>,
    login: Login,
}

#[derive(Clone)]
enum Login {
    None,
    /// The same for every caller.
    Shared {
        username: String,
        credential: String,
    },
    /// Signs one for each caller.
    Own(hmac::Key),
}

/// One server as a browser's `RTCPeerConnection` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RtcIceServer {
    pub urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl IceServers {
    /// Reads the secrets. The error names `ice_server.secret_file`.
    pub fn load(servers: &[IceServer]) -> Result<Self, ConfigError> {
        servers.iter().map(Server::load).collect::<Result<_, _>>().map(Self)
    }

    /// For one caller; passwords hold for an hour from `now_unix_ms`.
    pub fn for_caller(&self, now_unix_ms: i64) -> Vec<RtcIceServer> {
        let expires_s = now_unix_ms / 1_000 + i64::try_from(VALID.as_secs()).unwrap_or_default();
        self.0.iter().map(|server| server.for_caller(expires_s, rand::random())).collect()
    }
}

impl Server {
    fn load(server: &IceServer) -> Result<Self, ConfigError> {
        let login = match (&server.secret_file, &server.username, &server.credential) {
            (Some(file), ..) => Login::Own(secret(file)?),
            (None, Some(username), Some(credential)) => {
                Login::Shared { username: username.clone(), credential: credential.clone() }
            }
            _ => Login::None,
        };
        Ok(Self { urls: server.urls.clone(), login })
    }

    /// `caller` keeps the names of callers of the same second apart, in the TURN server's log and quota.
    fn for_caller(&self, expires_s: i64, caller: u64) -> RtcIceServer {
        let (username, credential) = match &self.login {
            Login::None => (None, None),
            Login::Shared { username, credential } => (Some(username.clone()), Some(credential.clone())),
            Login::Own(key) => {
                let username = format!("{expires_s}:{caller:016x}");
                let credential = STANDARD.encode(hmac::sign(key, username.as_bytes()));
                (Some(username), Some(credential))
            }
        };
        RtcIceServer { urls: self.urls.clone(), username, credential }
    }
}

fn secret(file: &Path) -> Result<hmac::Key, ConfigError> {
    let wrong = |expected: String| ConfigError::Value {
        path: "configuration".into(),
        key: "ice_server.secret_file".into(),
        value: file.display().to_string(),
        expected,
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(wrong("is empty; put the TURN server's secret (coturn: static-auth-secret) into it".into()));
    }
    // HMAC-SHA1 is what TURN servers check; its key stays secret and the signed text is short-lived.
    Ok(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(secret_file: &Path) -> IceServer {
        IceServer {
            urls: vec!["turn:turn.example:3478".into()],
            username: None,
            credential: None,
            secret_file: Some(secret_file.to_owned()),
        }
    }

    #[test]
    fn the_password_signs_the_user_name_which_says_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("turn.secret");
        std::fs::write(&file, "north\n").unwrap();
        let servers = IceServers::load(&[turn(&file)]).unwrap();
        // Made with: printf 1433895918:00000000000004d2 | openssl dgst -sha1 -hmac north -binary | base64
        let made = servers.0[0].for_caller(1_433_895_918, 1_234);
        assert_eq!(made.username.as_deref(), Some("1433895918:00000000000004d2"));
        assert_eq!(made.credential.as_deref(), Some("S4B6h4rd4JBmzuRNgMtrI7VtmLU="));

        let [one, two] = [0, 1].map(|_| servers.for_caller(1_000_000_500).remove(0));
        assert!(one.username.as_ref().unwrap().starts_with("1003600:"), "an hour later: {one:?}");
        assert_ne!(one.username, two.username, "each caller has its own");
        assert_ne!(one.credential, two.credential);
    }

    #[test]
    fn a_server_without_a_secret_is_handed_out_as_it_is_configured() {
        let stun = IceServer {
            urls: vec!["stun:stun.example:3478".into()],
            username: None,
            credential: None,
            secret_file: None,
        };
        let shared = IceServer { username: Some("city".into()), credential: Some("open".into()), ..stun.clone() };
        let servers = IceServers::load(&[stun, shared]).unwrap().for_caller(0);
        let json = serde_json::to_value(&servers).unwrap();
        assert_eq!(json[0], serde_json::json!({"urls": ["stun:stun.example:3478"]}));
        assert_eq!((&json[1]["username"], &json[1]["credential"]), (&"city".into(), &"open".into()));
    }

    #[test]
    fn a_secret_that_cannot_be_read_or_is_empty_names_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("turn.secret");
        let error = |file: &Path| IceServers::load(&[turn(file)]).err().unwrap().to_string();
        assert!(error(&file).contains("ice_server.secret_file") && error(&file).contains("cannot be read"));
        std::fs::write(&file, " \n").unwrap();
        assert!(error(&file).contains("ice_server.secret_file") && error(&file).contains("is empty"));
    }
}
