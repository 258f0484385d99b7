//! The page of the desk: four static files inside the program.

use axum::http::header;
use axum::response::IntoResponse;

pub(super) const HTML: &str = include_str!("page/desk.html");
pub(super) const SCRIPT: &str = include_str!("page/desk.js");
pub(super) const DRAFT_SCRIPT: &str = include_str!("page/draft.js");
pub(super) const STYLE: &str = include_str!("page/desk.css");
const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">\
<rect width=\"32\" height=\"32\" rx=\"8\" fill=\"#0f6b6b\"/>\
<path d=\"M7 14v4M12 9v14M17 12v8M22 6v20M27 14v4\" stroke=\"#fff\" stroke-width=\"2.6\" stroke-linecap=\"round\"/></svg>";

pub(super) async fn html() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], HTML)
}

pub(super) async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

pub(super) async fn draft_script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], DRAFT_SCRIPT)
}

pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], ICON)
}
