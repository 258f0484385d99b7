//! One request to a transcription server: bounded in time and size, ended as soon as nobody waits for it any more.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use serde_json::Value;

use super::answer::Answer;
use super::body;
use crate::config::limits;
use crate::config::secret::ApiKey;
use crate::ops::outbound;

/// How often the abort flag is looked at.
const LOOK: Duration = Duration::from_millis(50);

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

    /// Whether the server as a whole is at fault, so that asking it about another segment makes no sense now.
    pub fn is_down(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout(_) | Self::Busy(..) | Self::SetUp(_) | Self::Resting)
    }

    /// The rest it asks for itself.
    pub fn rest(&self) -> Option<Duration> {
        if let Self::Busy(_, rest) = self { *rest } else { None }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(reason) => write!(f, "no connection: {reason}; check speech.openai.url and the server"),
            Self::Timeout(within) => {
                let seconds = within.as_secs();
                write!(f, "no answer within {seconds} s (speech.openai.timeout_s); the server is stuck or too slow")
            }
            Self::Busy(status, _) => {
                write!(f, "answered {status}; the server is overloaded or broken, its log says why")
            }
            Self::SetUp(status @ (401 | 403)) => {
                write!(f, "answered {status}; it does not accept the key of speech.openai.key_file")
            }
            Self::SetUp(status) => write!(
                f,
                "answered {status}; it has no /audio/transcriptions under speech.openai.url, or no model of the name in \
                 speech.openai.model"
            ),
            Self::Refused(status, said) => write!(f, "answered {status}{said}"),
            Self::Junk(reason) => {
                write!(f, "answered 200 with junk: {reason}; is speech.openai.url a transcription server?")
            }
            Self::Resting => f.write_str("left alone for now, because it failed before"),
            Self::Aborted => f.write_str("stopped at its deadline"),
        }
    }
}

pub struct Client {
    url: Url,
    key: Option<HeaderValue>,
    within: Duration,
    http: OnceLock<reqwest::Client>,
}

impl Client {
    /// `base`: the URL before `/audio/transcriptions`; `within` bounds a request as a whole.
    pub fn new(base: &Url, key: Option<&ApiKey>, within: Duration) -> Self {
        let mut url = base.clone();
        url.set_path(&format!("{}/audio/transcriptions", base.path().trim_end_matches('/')));
        let bearer = |key: &ApiKey| {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose())).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        Self { url, key: key.and_then(bearer), within, http: OnceLock::new() }
    }

    /// Posts one segment and reads what came of it; gives up soon after `abort` becomes true.
    pub async fn ask(&self, fields: &[(&str, String)], wav: &[u8], abort: &AtomicBool) -> Result<Answer, Trouble> {
        let aborted = async {
            while !abort.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            answer = self.post(fields, wav) => answer,
            () = aborted => Err(Trouble::Aborted),
        }
    }

    async fn post(&self, fields: &[(&str, String)], wav: &[u8]) -> Result<Answer, Trouble> {
        let (kind, body) = body::form(fields, wav);
        let mut request =
            self.http()?.post(self.url.clone()).header(CONTENT_TYPE, kind).header(ACCEPT, "application/json");
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.clone());
        }
        let mut response = request.body(body).send().await.map_err(|error| self.trouble(error))?;
        let status = response.status();
        let rest = retry_after(&response);
        let (body, more) = outbound::read_bounded(&mut response, limits::MAX_ENGINE_ANSWER)
            .await
            .map_err(|error| self.trouble(error))?;
        match status {
            StatusCode::OK if more => {
                Err(Trouble::Junk(format!("more than the {} bytes expected at most", limits::MAX_ENGINE_ANSWER)))
            }
            StatusCode::OK => Answer::read(&body).map_err(Trouble::Junk),
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
