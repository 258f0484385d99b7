//! The desk's page, built from `web/`, and what stands beside every page: a style for messages, the icon.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Desk;
use super::built::{self, BUILT};
use crate::intake::problem::Problem;

const PAGE: &str = "desk.html";
const NOT_BUILT: &str = "<p>Calls are taken, written down and delivered all the same; the API answers under <code>/api</code>.</p>\
     <p>This program was built without the desk's page. On the machine that builds it run <code>scripts/setup web</code> \
     (it needs Node.js and says so), then <code>make build</code>.</p>";
pub(super) const STYLE: &str = include_str!("page/message.css");
const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">\
<rect width=\"32\" height=\"32\" rx=\"8\" fill=\"#0f6b6b\"/>\
<path d=\"M7 14v4M12 9v14M17 12v8M22 6v20M27 14v4\" stroke=\"#fff\" stroke-width=\"2.6\" stroke-linecap=\"round\"/></svg>";

/// Whether this program has the desk's page in it.
pub fn page_is_built() -> bool {
    BUILT(PAGE).is_some()
}

pub(super) async fn html(State(desk): State<Desk>) -> Response {
    built::page(desk.files, PAGE, NOT_BUILT)
}

/// `GET /assets/{*file}` of the desk.
pub(super) async fn asset(State(desk): State<Desk>, Path(file): Path<String>) -> Result<Response, Problem> {
    built::asset(desk.files, &file)
}

pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], ICON)
}
