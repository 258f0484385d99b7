//! The pages that `web/` was built to, inside the program.

use std::borrow::Cow;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::intake::problem::Problem;

/// Finds a file by its path under `web/dist`.
pub(super) type Files = fn(&str) -> Option<Cow<'static, [u8]>>;

/// Empty in a program that was built without Node.js.
#[derive(rust_embed::RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Built;

pub(super) const BUILT: Files = |path| Built::get(path).map(|file| file.data);

/// Vite puts a hash of the content into these names.
const FRESH: &str = "public, max-age=31536000, immutable";

/// The page of this name, or a page that says what is missing and how to build it.
pub(super) fn page(files: Files, name: &str, not_built: &str) -> Response {
    match files(name) {
        Some(page) => ([(header::CONTENT_TYPE, content_type(name))], page).into_response(),
        None => message(StatusCode::SERVICE_UNAVAILABLE, "This page is not built in", not_built),
    }
}

/// One of the files that pages name, by its path under `assets/`.
pub(super) fn asset(files: Files, file: &str) -> Result<Response, Problem> {
    let none = || Problem::not_found("there is no such file; load the page again");
    let content = files(&format!("assets/{file}")).ok_or_else(none)?;
    Ok(([(header::CONTENT_TYPE, content_type(file)), (header::CACHE_CONTROL, FRESH)], content).into_response())
}

/// A page of a heading and some text; both are ours and may hold HTML.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"/icon.svg\">\
         <link rel=\"stylesheet\" href=\"/page.css\"></head><body class=\"status\"><main><h1>{title}</h1>\
         {text}</main></body></html>"
    );
    (status, Html(page)).into_response()
}

/// What Vite writes; anything else is only downloaded.
pub(super) fn content_type(file: &str) -> &'static str {
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
