//! The caller's page and the button for other sites' pages, built from `web/`.

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Inner, Public};
use crate::intake::problem::Problem;
use crate::review::built::{self, BUILT, content_type, message};

const PAGE: &str = "call.html";
/// Its address must never change, so it is asked for again soon.
const EMBED_FRESH: &str = "public, max-age=300";
/// Files of the desk's page have names that begin with this; callers have no use for them.
const DESK: &str = "desk";
const MICROPHONE: (HeaderName, &str) = (HeaderName::from_static("permissions-policy"), "microphone=(self)");
const ANY_SITE: (HeaderName, &str) = (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");

/// Whether this program has the caller's page in it.
pub fn page_is_built() -> bool {
    BUILT(PAGE).is_some()
}

/// Whether the page was built in.
pub(in crate::review) fn has_page(public: &Inner) -> bool {
    (public.files)(PAGE).is_some()
}

/// `GET /call/{line}`.
pub(in crate::review) async fn page(State(public): State<Public>, Path(line): Path<String>) -> Response {
    let policy = (header::CONTENT_SECURITY_POLICY, public.page_policy.clone());
    let answer = match public.line(&line) {
        None => message(StatusCode::NOT_FOUND, "No such line", NO_LINE),
        Some(_) => built::page(public.files, PAGE, NOT_BUILT),
    };
    ([policy, (MICROPHONE.0, HeaderValue::from_static(MICROPHONE.1))], answer).into_response()
}

const NO_LINE: &str = "<p>There is no hotline at this address. Please check the link, or call by telephone.</p>";
const NOT_BUILT: &str = "<p>Calling from a browser is not possible here yet. Please call by telephone.</p>\
     <p>For the operator: this program was built without the caller's page. On the machine that builds it run \
     <code>scripts/setup web</code> (it needs Node.js and says so), then <code>make build</code>. Calls by SIP and by \
     other WHIP clients work without it.</p>";

/// `GET /assets/{*file}`.
pub(in crate::review) async fn asset(
    State(public): State<Public>,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let files: built::Files = if file.starts_with(DESK) { |_| None } else { public.files };
    built::asset(files, &file)
}

/// `GET /embed.js`: the button, for any site's page; what it opens may be framed by the configured ones only.
pub(in crate::review) async fn embed(State(public): State<Public>) -> Result<Response, Problem> {
    let script = (public.files)("embed.js").ok_or_else(|| {
        let detail = "this program was built without the pages of web/: run scripts/setup web, then make build";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-built", detail)
    })?;
    let kind = (header::CONTENT_TYPE, content_type("embed.js"));
    Ok(([kind, (header::CACHE_CONTROL, EMBED_FRESH), ANY_SITE], script).into_response())
}
