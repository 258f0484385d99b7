//! One request to a server with OpenAI's API, whoever made it: bounded in time and size, and what came of it in words for
//! the operator.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use serde_json::Value;

use super::outbound;
use crate::config::limits;
use crate::config::secret::ApiKey;

/// How the server is spoken of.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Table of the configuration with `url`, `model`, `key_file` and `timeout_s`.
    pub table: &'static str,
    /// What stands behind `url`, with its slash.
    pub path: &'static str,
    /// What it is expected to be: `a transcription server`.
    pub kind: &'static str,
}

/// Why there is no answer. The texts are for the operator; none quotes a key or what was said.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No connection, or it broke off.
    Unreachable(String),
    Timeout(Duration),
    /// 429 and 5xx, with the rest the server asks for.
    Busy(u16, Option<Duration>),
    /// 401, 403, 404: not this request is wrong, every one is.
    SetUp(u16),
    /// Another status, with what the server says about it.
    Refused(u16, String),
    Junk(String),
    /// It failed before and is left alone for now.
    Resting,
    /// Nobody waits for it any more.
    Aborted,
}

impl Trouble {
    /// Metric label, and what complaints are counted by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Timeout(_) => "timeout",
            Self::Busy(..) => "busy",
            Self::SetUp(_) => "set_up",
            Self::Refused(..) => "refused",
            Self::Junk(_) => "junk",
            Self::Resting => "resting",
            Self::Aborted => "aborted",
        }
    }

    /// Whether the server as a whole is at fault, so that asking it about anything else makes no sense now.
    pub fn is_down(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout(_) | Self::Busy(..) | Self::SetUp(_) | Self::Resting)
    }

    /// The rest it asks for itself.
    pub fn rest(&self) -> Option<Duration> {
        if let Self::Busy(_, rest) = self { *rest } else { None }
    }

    pub fn told(&self, server: Named) -> String {
        let Named { table, path, kind } = server;
        match self {
            Self::Unreachable(reason) => format!("no connection: {reason}; check {table}.url and the server"),
            Self::Timeout(within) => {
                let seconds = within.as_secs();
                format!("no answer within {seconds} s ({table}.timeout_s); the server is stuck or too slow")
            }
            Self::Busy(status, _) => format!("answered {status}; the server is overloaded or broken, its log says why"),
            Self::SetUp(status @ (401 | 403)) => {
                format!("answered {status}; it does not accept the key of {table}.key_file")
            }
            Self::SetUp(status) => {
                format!(
                    "answered {status}; it has no {path} under {table}.url, or no model of the name in {table}.model"
                )
            }
            Self::Refused(status, said) => format!("answered {status}{said}"),
            Self::Junk(reason) => format!("answered 200 with junk: {reason}; is {table}.url {kind}?"),
            Self::Resting => "left alone for now, because it failed before".to_owned(),
            Self::Aborted => "stopped at its deadline".to_owned(),
        }
    }
}

pub struct Api {
    url: Url,
    key: Option<HeaderValue>,
    within: Duration,
    /// Bytes read of an answer.
    most: usize,
    http: OnceLock<reqwest::Client>,
}

impl Api {
    /// `base`: the URL before the server's path; `within` bounds a request as a whole, `most` the bytes of its answer.
    pub fn new(base: &Url, server: Named, key: Option<&ApiKey>, within: Duration, most: usize) -> Self {
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), server.path));
        let bearer = |key: &ApiKey| {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose())).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        Self { url, key: key.and_then(bearer), within, most, http: OnceLock::new() }
    }

    /// Posts a body and gives that of a 200.
    pub async fn post(&self, kind: &str, body: Vec<u8>) -> Result<Vec<u8>, Trouble> {
        let mut request =
            self.http()?.post(self.url.clone()).header(CONTENT_TYPE, kind).header(ACCEPT, "application/json");
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.clone());
        }
        let mut response = request.body(body).send().await.map_err(|error| self.trouble(error))?;
        let status = response.status();
        let rest = retry_after(&response);
        let read = outbound::read_bounded(&mut response, self.most).await;
        let (body, more) = read.map_err(|error| self.trouble(error))?;
        match status {
            StatusCode::OK if more => Err(Trouble::Junk(format!("more than the {} bytes expected at most", self.most))),
            StatusCode::OK => Ok(body),
            StatusCode::TOO_MANY_REQUESTS => Err(Trouble::Busy(status.as_u16(), rest)),
            status if status.is_server_error() => Err(Trouble::Busy(status.as_u16(), rest)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(Trouble::SetUp(status.as_u16()))
            }
            status => Err(Trouble::Refused(status.as_u16(), said(&body))),
        }
    }

    /// Built at the first request and again after a failure: a machine without certificates does not keep the gateway
    /// from starting.
    fn http(&self) -> Result<&reqwest::Client, Trouble> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let builder = outbound::builder(&self.url).connect_timeout(limits::ENGINE_CONNECT).timeout(self.within);
        let failed =
            |error| Trouble::Unreachable(format!("the HTTP client cannot be set up: {}", outbound::describe(error)));
        let built = builder.build().map_err(failed)?;
        Ok(self.http.get_or_init(|| built))
    }

    fn trouble(&self, error: reqwest::Error) -> Trouble {
        if error.is_timeout() && !error.is_connect() {
            Trouble::Timeout(self.within)
        } else {
            Trouble::Unreachable(outbound::describe(error))
        }
    }
}

/// The seconds of `Retry-After`. A date would ask for longer than we would wait.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// What a refusal says about itself, as OpenAI (`error.message`), FastAPI (`detail`) or others (`error`) write it.
fn said(body: &[u8]) -> String {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let places = ["/error/message", "/detail", "/error", "/message"];
    let said = places.iter().find_map(|place| document.pointer(place)?.as_str());
    said.map_or_else(String::new, |said| format!(": {}", outbound::one_line(said)))
}
