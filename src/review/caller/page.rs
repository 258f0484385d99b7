//! The caller's page and the button for other sites' pages: files that `web/` was built to, inside the program.

use std::borrow::Cow;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::{Inner, Public};
use crate::intake::problem::Problem;

/// Finds a file by its path under `web/dist`.
pub(in crate::review) type Files = fn(&str) -> Option<Cow<'static, [u8]>>;

/// Empty in a program that was built without Node.js.
#[derive(rust_embed::RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Built;

pub(in crate::review) const BUILT: Files = |path| Built::get(path).map(|file| file.data);

const PAGE: &str = "call.html";
/// Its address must never change, so it is asked for again soon.
const EMBED_FRESH: &str = "public, max-age=300";
/// Vite puts a hash of the content into these names.
const ASSET_FRESH: &str = "public, max-age=31536000, immutable";
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
    let answer = match (public.line(&line), (public.files)(PAGE)) {
        (None, _) => message(StatusCode::NOT_FOUND, "No such line", NO_LINE),
        (Some(_), Some(page)) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        (Some(_), None) => message(StatusCode::SERVICE_UNAVAILABLE, "This page is not built in", NOT_BUILT),
    };
    ([policy, (MICROPHONE.0, HeaderValue::from_static(MICROPHONE.1))], answer).into_response()
}

const NO_LINE: &str = "<p>There is no hotline at this address. Please check the link, or call by telephone.</p>";
const NOT_BUILT: &str = "<p>Calling from a browser is not possible here yet. Please call by telephone.</p>\
     <p>For the operator: this program was built without the caller's page. On the machine that builds it run \
     <code>scripts/setup web</code> (it needs Node.js and says so), then <code>make build</code>. Calls by SIP and by \
     other WHIP clients work without it.</p>";

fn message(status: StatusCode, title: &str, text: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"/icon.svg\">\
         <link rel=\"stylesheet\" href=\"/page.css\"></head><body class=\"status\"><main><h1>{title}</h1>\
         {text}</main></body></html>"
    );
    (status, Html(page)).into_response()
}

/// `GET /assets/{*file}`.
pub(in crate::review) async fn asset(
    State(public): State<Public>,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let none = || Problem::not_found("there is no such file; load the page again");
    let content = (public.files)(&format!("assets/{file}")).ok_or_else(none)?;
    let kind = content_type(&file);
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, ASSET_FRESH)], content).into_response())
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

/// What Vite writes; anything else is only downloaded.
fn content_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("wav") => "audio/wav",
        _ => "application/octet-stream",
    }
}
