//! Who may talk to the desk while it has no accounts: this machine's own pages and programs.
//!
//! A loopback listener is reachable from every web page in the operator's browser. The Host check stops DNS
//! rebinding, the origin checks stop cross-site requests, the headers stop what slips into a page.

use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::uri::Authority;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::counter;

use crate::intake::problem::Problem;

const POLICY: &str = "default-src 'self'; media-src 'self'; object-src 'none'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// On every answer, whatever made it.
pub(super) const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// The writes that other programs make; their signature stands in for the origin.
const SIGNED: [&str; 2] = ["/intake/drafts", "/intake/emergencies"];

/// Checks the request, then stamps the answer.
pub(super) async fn desk(request: Request, next: Next) -> Response {
    let response = match check(&request) {
        Ok(()) => next.run(request).await,
        Err((reason, problem)) => {
            counter!("heardline_review_refused_total", "reason" => reason).increment(1);
            problem.into_response()
        }
    };
    counter!("heardline_review_requests_total", "status" => status_class(response.status())).increment(1);
    stamp(response)
}

pub(super) fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

fn stamp(response: Response) -> Response {
    let mut response = as_problem(response, Problem::of_status);
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Refusals of the router and of the extractors come as bare text; `problem` says what they mean.
pub(super) fn as_problem(response: Response, problem: impl FnOnce(StatusCode) -> Problem) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let bare = kind.is_none_or(|kind| kind.starts_with(b"text/plain"));
    if !(status.is_client_error() && bare) {
        return response;
    }
    let (mut said, _) = response.into_parts();
    said.headers.remove(header::CONTENT_TYPE);
    said.headers.remove(header::CONTENT_LENGTH);
    let mut response = problem(status).into_response();
    response.headers_mut().extend(said.headers);
    response
}

type Refused = (&'static str, Problem);

fn check(request: &Request) -> Result<(), Refused> {
    let headers = request.headers();
    let host = host(request).ok_or_else(|| {
        let detail = "open the desk by a loopback name: http://127.0.0.1:PORT or http://localhost:PORT";
        ("host", Problem::new(StatusCode::MISDIRECTED_REQUEST, "host", detail))
    })?;

    let own_origin = origin(headers, &host)?;
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    match site {
        None | Some(b"same-origin" | b"none") => {}
        // A link on another site may open the page itself, nothing below it.
        Some(_) if safe && request.uri().path() == "/" && is_navigation(headers) => {}
        Some(_) => return Err(foreign()),
    }
    let signed = SIGNED.contains(&request.uri().path());
    if !safe && !signed && !own_origin && site != Some(b"same-origin") {
        let detail = "a request that changes something must say where it comes from: send Origin with the address \
                      of this desk";
        return Err(("origin_missing", Problem::new(StatusCode::FORBIDDEN, "origin", detail)));
    }
    Ok(())
}

fn foreign() -> Refused {
    let detail = "this request comes from another site; open the desk in its own tab";
    ("origin", Problem::new(StatusCode::FORBIDDEN, "origin", detail))
}

fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
        && headers.get("sec-fetch-dest").is_some_and(|dest| dest == "document")
}

/// The authority the client used, when it is exactly one and loopback.
fn host(request: &Request) -> Option<String> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let first = hosts.next().map(|host| host.to_str().ok()).map_or(Some(None), |host| host.map(Some))?;
    if hosts.next().is_some() {
        return None;
    }
    let in_target = request.uri().authority().map(Authority::as_str);
    let text = match (first, in_target) {
        (Some(host), None) => host,
        (None, Some(target)) => target,
        (Some(host), Some(target)) if host == target => host,
        _ => return None,
    };
    let authority: Authority = text.parse().ok()?;
    (!text.contains('@') && is_loopback(authority.host())).then(|| text.to_ascii_lowercase())
}

fn is_loopback(host: &str) -> bool {
    matches!(host.to_ascii_lowercase().as_str(), "localhost" | "127.0.0.1" | "[::1]")
}

/// `true`: an Origin came and it is ours. `false`: none came.
fn origin(headers: &HeaderMap, host: &str) -> Result<bool, Refused> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(false) };
    let own = origin.to_str().is_ok_and(|text| {
        let text = text.to_ascii_lowercase();
        text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) == Some(host)
    });
    if own && origins.next().is_none() { Ok(true) } else { Err(foreign()) }
}
