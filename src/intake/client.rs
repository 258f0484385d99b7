//! One HTTP attempt: POST the frozen body, read a bounded answer. No redirects, no proxies, no retries of its own.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, Url};

use super::problem::Problem;
use super::schedule::{Conflict, Fault, Outcome, retry_after_ms};
use super::sign;
use crate::config::limits;
use crate::ops::outbound;

/// How long an attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub connect: Duration,
    /// Connecting, sending and reading together.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: limits::DELIVERY_CONNECT, whole: limits::DELIVERY_TIMEOUT }
    }
}

/// What came back, and what to tell the operator about it. The note holds no body and no secret.
#[derive(Debug)]
pub struct Answer {
    pub outcome: Outcome,
    pub note: Option<String>,
}

impl Answer {
    pub(super) fn fault(fault: Fault, note: impl AsRef<str>) -> Self {
        Self { outcome: Outcome::Fault(fault), note: Some(outbound::one_line(note.as_ref())) }
    }
}

/// The client of one endpoint. Its connections and its trust in certificates are shared with no other.
pub struct Client {
    url: Url,
    patience: Patience,
    http: OnceLock<reqwest::Client>,
}

impl Client {
    pub fn new(url: Url, patience: Patience) -> Self {
        Self { url, patience, http: OnceLock::new() }
    }

    /// Posts `body`. Never fails: whatever happens is an outcome. `now_ms` dates a `Retry-After` that is a date.
    pub async fn post(&self, idempotency_key: &str, signed: &sign::Headers, body: String, now_ms: i64) -> Answer {
        let http = match self.http() {
            Ok(http) => http,
            Err(reason) => return Answer::fault(Fault::Local, reason),
        };
        let Some(headers) = request_headers(idempotency_key, signed) else {
            return Answer::fault(Fault::Local, "a header of the delivery has characters that HTTP does not carry");
        };
        match http.post(self.url.clone()).headers(headers).body(body).send().await {
            Ok(response) => read(response, now_ms).await,
            Err(error) => {
                let fault = fault_of(&error);
                Answer::fault(fault, outbound::describe(error))
            }
        }
    }

    /// Built at the first attempt and again after a failure: a machine without certificates delays deliveries
    /// to an https endpoint, it does not keep the gateway from starting.
    fn http(&self) -> Result<&reqwest::Client, String> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let built = build(&self.url, self.patience)?;
        Ok(self.http.get_or_init(|| built))
    }
}

fn build(url: &Url, patience: Patience) -> Result<reqwest::Client, String> {
    let builder = outbound::builder(url).connect_timeout(patience.connect).timeout(patience.whole);
    builder.build().map_err(|error| format!("the HTTP client cannot be set up: {}", outbound::describe(error)))
}

fn request_headers(idempotency_key: &str, signed: &sign::Headers) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(5);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("idempotency-key"), HeaderValue::from_str(idempotency_key).ok()?);
    for (name, value) in signed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).ok()?);
    }
    Some(headers)
}

async fn read(mut response: Response, now_ms: i64) -> Answer {
    let status = response.status().as_u16();
    let retry_after_ms = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after_ms(value, now_ms));
    if response.status().is_success() {
        // Nothing in the body could change what 2xx says, so a slow or endless one is not waited for.
        let outcome = Outcome::Answer { status, retry_after_ms, conflict: Conflict::Unsaid };
        return Answer { outcome, note: None };
    }
    let problem = Problem::read(&read_bounded(&mut response).await);
    let conflict = match (&problem, status) {
        (Some(problem), 409) => problem.conflict(),
        _ => Conflict::Unsaid,
    };
    let said = problem.and_then(|problem| problem.for_operator());
    let note = said.map_or_else(|| status.to_string(), |said| format!("{status}: {said}"));
    Answer { outcome: Outcome::Answer { status, retry_after_ms, conflict }, note: Some(note) }
}

/// At most [`limits::MAX_ANSWER`] bytes; the connection is dropped with the rest unread. A body that breaks off
/// or takes too long is as good as its beginning: the status has been said.
async fn read_bounded(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = limits::MAX_ANSWER - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() >= limits::MAX_ANSWER {
            break;
        }
    }
    body
}

fn fault_of(error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        Fault::Timeout
    } else if error.is_connect() {
        Fault::Connect
    } else if error.is_builder() {
        Fault::Local
    } else {
        Fault::Broken
    }
}
