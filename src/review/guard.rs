//! Where requests of the desk may come from: its own pages and programs, by loopback or by the names it is given.
//!
//! A listener is reachable from every web page in the operator's browser. The Host check stops DNS rebinding, the origin
//! checks stop cross-site requests, the headers stop what slips into a page.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::uri::Authority;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use metrics::counter;

use super::Desk;
use crate::ingress::webrtc::source;
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

/// Where the desk's requests may come from, as configured and bound.
#[derive(Clone, Debug, Default)]
pub struct Door {
    /// Names it is opened by, beside loopback's; in lower case.
    pub hosts: Vec<String>,
    /// With https, in front; whoever else comes from beyond this machine must come over TLS.
    pub proxies: Vec<IpNet>,
    /// Bound to loopback alone, with nobody in front: open to this machine while there are no accounts.
    pub open: bool,
}

/// In the extensions of every request of a listener that speaks TLS.
#[derive(Clone, Copy, Debug)]
pub struct OverTls;

/// How a request came; in its extensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Came {
    /// Whose it is, behind proxies too. `None`: not known.
    pub client: Option<IpAddr>,
    /// All the way from the browser.
    pub https: bool,
    /// From a program on this machine, by a loopback name.
    pub here: bool,
}

/// Checks the request, then stamps the answer.
pub(super) async fn desk(State(desk): State<Desk>, mut request: Request, next: Next) -> Response {
    let response = match check(&desk.parts.door, &request) {
        Ok(came) => {
            request.extensions_mut().insert(came);
            next.run(request).await
        }
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

fn check(door: &Door, request: &Request) -> Result<Came, Refused> {
    let headers = request.headers();
    let (host, named) = host(request, &door.hosts).ok_or_else(|| {
        let detail =
            "open the desk by a loopback name (http://127.0.0.1:PORT, http://localhost:PORT) or by one of desk.hosts";
        ("host", Problem::new(StatusCode::MISDIRECTED_REQUEST, "host", detail))
    })?;
    let came = came(door, request, named)?;

    let own_origin = origin(headers, &host, came.https)?;
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
    Ok(came)
}

fn came(door: &Door, request: &Request, named: bool) -> Result<Came, Refused> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let over_tls = request.extensions().get::<OverTls>().is_some();
    let ip = peer.map(|peer| peer.ip().to_canonical());
    let loopback = ip.is_some_and(|ip| ip.is_loopback());
    let proxied = ip.is_some_and(|ip| door.proxies.iter().any(|network| network.contains(&ip)));
    if !(over_tls || loopback || proxied || door.open) {
        let detail = "passwords and callers' words do not travel in the clear: come by https, through the desk's proxy";
        return Err(("plain", Problem::new(StatusCode::FORBIDDEN, "plain", detail)));
    }
    let client = peer.map(|peer| source::client(peer, request.headers(), &door.proxies));
    // A proxy on this machine may bring somebody from elsewhere under a loopback name.
    let here = !named && client.is_some_and(|client| client.is_loopback());
    Ok(Came { client, https: over_tls || (proxied && named), here })
}

fn foreign() -> Refused {
    let detail = "this request comes from another site; open the desk in its own tab";
    ("origin", Problem::new(StatusCode::FORBIDDEN, "origin", detail))
}

fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
        && headers.get("sec-fetch-dest").is_some_and(|dest| dest == "document")
}

/// The authority the client used, when it is exactly one, and whether it is one of `ours`; others must be loopback.
fn host(request: &Request, ours: &[String]) -> Option<(String, bool)> {
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
    let name = authority.host().to_ascii_lowercase();
    let named = ours.contains(&name);
    (!text.contains('@') && (named || is_loopback(&name))).then(|| (text.to_ascii_lowercase(), named))
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// `true`: an Origin came and it is ours. `false`: none came.
fn origin(headers: &HeaderMap, host: &str, https: bool) -> Result<bool, Refused> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(false) };
    let own = origin.to_str().is_ok_and(|text| {
        let text = text.to_ascii_lowercase();
        // A page of the same name without TLS may be anybody's between here and there.
        let plain = text.strip_prefix("http://").filter(|_| !https);
        plain.or_else(|| text.strip_prefix("https://")) == Some(host)
    });
    if own && origins.next().is_none() { Ok(true) } else { Err(foreign()) }
}
