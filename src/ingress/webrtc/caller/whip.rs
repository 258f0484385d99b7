//! WHIP as a client (RFC 9725): one POST that begins a call and one DELETE that ends it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, Url};

use super::{CallInfo, CallerError};
use crate::config::limits;
use crate::ops::outbound;
use crate::ops::problem::Problem;

const CONNECT: Duration = Duration::from_secs(10);
/// One request, whole: longer than the gateway takes at most.
const REQUEST: Duration = Duration::from_secs(30);

/// The address of one line.
pub(super) struct Whip {
    http: Client,
    pub url: Url,
}

/// A call the gateway took.
pub(super) struct Session {
    pub answer: String,
    pub status: u16,
    /// Where it is ended.
    pub location: Url,
    /// What opens what was understood of it.
    pub token: Option<String>,
}

impl Whip {
    pub fn new(url: &str) -> Result<Self, CallerError> {
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let parsed = parsed.ok_or_else(|| CallerError::Url { url: url.to_owned() })?;
        let http = client(&parsed).map_err(|reason| CallerError::Local { reason })?;
        Ok(Self { http, url: parsed })
    }

    /// Posts the offer. `bearer`: a signed identity.
    pub async fn offer(
        &self,
        sdp: String,
        bearer: Option<&str>,
        info: Option<&CallInfo>,
    ) -> Result<Session, CallerError> {
        let mut request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/sdp").body(sdp);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(info) = info {
            let json = serde_json::to_vec(info).map_err(|e| CallerError::Local { reason: e.to_string() })?;
            request = request.header("Heardline-Call-Info", URL_SAFE_NO_PAD.encode(json));
        }
        let url = || self.url.to_string();
        let no_answer = |error| CallerError::NoAnswer { url: url(), reason: outbound::describe(error) };
        let mut response = request.send().await.map_err(no_answer)?;
        if !response.status().is_success() {
            return Err(self.refusal(response).await);
        }
        let bad = |reason: &str| CallerError::Answer { url: url(), reason: reason.to_owned() };
        let status = response.status().as_u16();
        let location = text(response.headers(), LOCATION.as_str()).and_then(|at| self.url.join(&at).ok());
        let location = location.ok_or_else(|| bad("the answer has no Location, so the call could not be ended"))?;
        let token = text(response.headers(), "Heardline-Token");
        let body = read(&mut response, limits::MAX_SDP).await;
        let answer = String::from_utf8(body).map_err(|_| bad("the answer is no text"))?;
        Ok(Session { answer, status, location, token })
    }

    /// Hangs up. A gateway that is gone has ended the call as well.
    pub async fn end(&self, session: &Session) {
        match self.http.delete(session.location.clone()).send().await {
            Ok(response) if response.status().is_success() => {}
            Ok(response) => tracing::debug!(status = %response.status(), "the gateway had ended the call before"),
            Err(error) => tracing::debug!(error = outbound::describe(error), "the call's DELETE was not answered"),
        }
    }

    /// What the gateway says about it, for the person who calls.
    async fn refusal(&self, mut response: Response) -> CallerError {
        let status = response.status();
        let retry = text(response.headers(), RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok());
        let body = read(&mut response, limits::MAX_ANSWER).await;
        let detail = serde_json::from_slice::<Problem>(&body).ok().and_then(|problem| problem.detail);
        let mut said = status.canonical_reason().unwrap_or("for a reason of its own").to_owned();
        if let Some(detail) = detail {
            let plain = |c: char| if c.is_control() { ' ' } else { c };
            said.push_str(": ");
            said.extend(detail.chars().take(limits::MAX_PROBLEM_TEXT).map(plain));
        }
        CallerError::Refused { url: self.url.to_string(), status: status.as_u16(), said, retry_after_s: retry }
    }
}

fn client(url: &Url) -> Result<Client, String> {
    let agent = concat!("heardline-caller/", env!("CARGO_PKG_VERSION"));
    let builder = outbound::builder(url).user_agent(agent).connect_timeout(CONNECT).timeout(REQUEST);
    builder.build().map_err(|error| format!("the HTTP client cannot be set up: {}", outbound::describe(error)))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// At most `most` bytes; a body that breaks off is as good as its beginning.
async fn read(response: &mut Response, most: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = most - body.len();
        body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        if body.len() >= most {
            break;
        }
    }
    body
}
