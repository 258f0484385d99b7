//! What stands on every answer of the public listener: it may be asked by any name and from any address.
//!
//! A route may say more about itself; what it does not say is said here, in the strictest way.

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use metrics::counter;

use super::guard::{as_problem, status_class};
use crate::intake::problem::Problem;

/// Everything but who may frame it.
macro_rules! policy {
    ($($frames:literal)?) => {
        concat!(
            "default-src 'self'; connect-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; \
             form-action 'none'; frame-ancestors "
            $(, $frames)?
        )
    };
}

/// Where the route says nothing else. X-Frame-Options cannot name sites, so a route with a policy of its own goes
/// without it.
pub(super) const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, policy!("'none'")),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// RFC 9725 section 4.2: what a WHIP endpoint takes.
const ACCEPT_POST: (HeaderName, &str) = (HeaderName::from_static("accept-post"), "application/sdp");

/// The caller's page: our own pages and those of `origins` may show it in a frame.
pub(super) fn page_policy(origins: &[String]) -> HeaderValue {
    let mut policy = policy!("'self'").to_owned();
    for origin in origins {
        policy.push(' ');
        policy.push_str(origin);
    }
    // Origins are checked with the configuration, so this cannot fail; if it does, nobody may frame the page.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(policy!("'none'")))
}

pub(super) async fn stamp(request: Request, next: Next) -> Response {
    let options_of_whip = request.method() == Method::OPTIONS && request.uri().path().starts_with("/whip/");
    let mut response = as_problem(next.run(request).await, problem);
    counter!("heardline_public_requests_total", "status" => status_class(response.status())).increment(1);
    let unauthorized = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    let own_policy = headers.contains_key(header::CONTENT_SECURITY_POLICY);
    for (name, value) in HEADERS {
        if !(own_policy && name == header::X_FRAME_OPTIONS) {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
    }
    if unauthorized {
        // RFC 9110 section 15.5.2: a 401 says how to do better.
        headers.entry(header::WWW_AUTHENTICATE).or_insert(HeaderValue::from_static("Bearer"));
    }
    if options_of_whip {
        headers.insert(ACCEPT_POST.0, HeaderValue::from_static(ACCEPT_POST.1));
    }
    response
}

/// For the answers of the router and of the extractors.
fn problem(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::not_found("there is no such page; callers find theirs at /call/LINE"),
        other => Problem::of_status(other),
    }
}
