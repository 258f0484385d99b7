//! WHIP (RFC 9725) over HTTP: an offer in, an answer and the call's URL out.
//!
//! What differs, and why: sound goes both ways (`sendrecv`), for a caller must hear that the call is recorded. The URL of
//! a call cannot be guessed and is enough to end it; an `Authorization` that comes along is only refused when it is
//! another call's. What was understood is read with a bearer of our own (`Heardline-Token`). Candidates may trickle; an
//! ICE restart is refused with 422, so there is no `ETag` to match. The page asks elsewhere for its ICE servers.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use metrics::counter;
use tower_http::timeout::TimeoutLayer;

use super::callers::Wait;
use super::door::{Created, Refused, Request, WebDoor};
use super::fragment::Fragment;
use super::info;
use super::sessions::{Bearer, SessionId};
use crate::config::limits;
use crate::ingress::text;
use crate::ops::problem::Problem;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
/// Opens what was understood of the call; for its caller alone.
pub const TOKEN: HeaderName = HeaderName::from_static("heardline-token");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// The routes that make, change and end calls. Serve them with the peer's address (`ConnectInfo<SocketAddr>`).
pub fn routes(door: WebDoor) -> Router {
    Router::new()
        .route("/whip/{line}", post(offer))
        .route("/whip/{line}/{session}", delete(hang_up).patch(candidates))
        .layer(DefaultBodyLimit::max(limits::MAX_SDP))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits::HTTP_REQUEST_WITHIN))
        .with_state(door)
}

async fn offer(
    State(door): State<WebDoor>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(line): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let told = match read(&door, line.clone(), peer, &headers, &body) {
        Ok(request) => door.call(request).await.map_err(Refused::into_response),
        Err(problem) => Err(problem.into_response()),
    };
    let (outcome, response) = match told {
        Ok(created) => ("answered", answered(&line, &created)),
        Err(response) => ("refused", response),
    };
    counter!("heardline_webrtc_offers_total", "outcome" => outcome, "status" => response.status().as_str().to_owned())
        .increment(1);
    response
}

fn read(door: &WebDoor, line: String, peer: SocketAddr, headers: &HeaderMap, body: &Bytes) -> Result<Request, Problem> {
    expect(headers, SDP)?;
    let text_of = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text_of(header::ORIGIN).filter(|_| is_cross_origin(headers)).map(text::bounded);
    if origin.as_deref().is_some_and(|origin| !door.is_known_origin(origin)) {
        let detail = "this page may not call here; its origin is not in webrtc.origins";
        return Err(Problem::new(StatusCode::FORBIDDEN, "origin", detail));
    }
    let sdp = std::str::from_utf8(body)
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "sdp", "the SDP cannot be read: it is not UTF-8"))?;
    Ok(Request {
        line,
        sdp: sdp.to_owned(),
        source: door.source(peer, headers),
        authorization: headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().to_owned()),
        info: headers.get(info::HEADER).map(|value| value.as_bytes().to_owned()),
        user_agent: text_of(header::USER_AGENT).map(text::bounded),
        origin,
    })
}

/// What a browser says of itself, which a page cannot change (Fetch Metadata); other programs say nothing.
fn is_cross_origin(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}

fn answered(line: &str, created: &Created) -> Response {
    // A line's name may hold anything; the session is of base64's URL alphabet.
    let location = format!("/whip/{}/{}", text::path_segment(line), created.session.as_str());
    let headers = [
        (header::CONTENT_TYPE, SDP.to_owned()),
        (header::LOCATION, location),
        (TOKEN, created.bearer.reveal().to_owned()),
        (ACCEPT_PATCH, FRAGMENT.to_owned()),
    ];
    (StatusCode::CREATED, headers, created.sdp.clone()).into_response()
}

/// The URL is enough; a bearer that comes along must be this call's.
fn session(door: &WebDoor, line: &str, session: &str, headers: &HeaderMap) -> Result<SessionId, Problem> {
    let id = SessionId::from_url(session);
    let gone = |_| Problem::not_found("there is no such call, or it is over");
    door.sessions().call(line, &id).map_err(gone)?;
    // It may be the identity that the offer came with; what is not ours to tell apart is let be.
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| text::bearer(value.as_bytes()));
    if bearer.is_some_and(|bearer| door.sessions().is_of_another(&id, &Bearer::from_header(bearer))) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "bearer", "this bearer is another call's"));
    }
    Ok(id)
}

async fn hang_up(
    State(door): State<WebDoor>,
    Path((line, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let session = session(&door, &line, &id, &headers)?;
    // Hanging up twice is no mistake: the call is over.
    door.hang_up(&session).await;
    Ok(StatusCode::OK)
}

async fn candidates(
    State(door): State<WebDoor>,
    Path((line, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: String,
) -> Result<StatusCode, Problem> {
    expect(&headers, FRAGMENT)?;
    let session = session(&door, &line, &id, &headers)?;
    let malformed =
        |error: super::fragment::FragmentError| Problem::new(StatusCode::BAD_REQUEST, "fragment", error.to_string());
    let fragment = Fragment::parse(&body).map_err(malformed)?;
    let gone = || Problem::not_found("there is no such call, or it is over");
    let ours = fragment.ufrag.map(|ufrag| door.is_ufrag_of(&session, &ufrag).ok_or_else(gone)).transpose()?;
    if ours == Some(false) {
        let detail = "ICE restarts are not supported; make a new call that adds to this one";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "ice-restart", detail));
    }
    door.candidates(&session, fragment.candidates).await.map(|_| StatusCode::NO_CONTENT).ok_or_else(gone)
}

fn expect(headers: &HeaderMap, kind: &str) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim();
    if given.eq_ignore_ascii_case(kind) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", format!("send it as Content-Type: {kind}")))
}

impl Refused {
    fn into_response(self) -> Response {
        let mut response = self.problem().into_response();
        let headers = response.headers_mut();
        match self {
            Self::Token(_) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Wait(Wait::TooFast(time)) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(time.as_secs().max(1)));
            }
            Self::Wait(Wait::TooMany) | Self::Busy | Self::CannotRecord => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(limits::RETRY_AFTER_S));
            }
            _ => {}
        }
        response
    }

    fn problem(&self) -> Problem {
        let of = |status: u16, name: &str, detail: String| {
            Problem::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), name, detail)
        };
        match self {
            Self::NoSuchLine => Problem::not_found("there is no such line"),
            Self::Token(error) => of(401, "token", error.to_string()),
            Self::Info(error) => of(400, "call-info", error.to_string()),
            Self::Offer(error) => of(error.status(), "offer", error.to_string()),
            Self::TooLate => {
                of(422, "related", "the earlier call can no longer be added to; make a new call without it".into())
            }
            Self::Wait(Wait::TooMany) => {
                of(429, "too-many-calls", "this address has as many calls as it may; end one, then call again".into())
            }
            Self::Wait(Wait::TooFast(_)) => {
                of(429, "too-fast", "this address has called many times; wait a little, then call again".into())
            }
            Self::Busy => of(503, "busy", "no line is free, or the hotline is closing; try again soon".into()),
            Self::CannotRecord => of(
                503,
                "cannot-record",
                "calls cannot be recorded at the moment, so none are taken; try again later".into(),
            ),
            Self::Failed => {
                of(500, "failed", "the call could not be taken; its operator finds the reason in the log".into())
            }
        }
    }
}
