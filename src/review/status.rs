//! Health for machines, the status page for everybody, metrics for Prometheus.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::public::{Inner, Public};
use super::{Desk, caller};
use crate::config::Line;
use crate::ingress::text::path_segment;
use crate::intake::problem::{Problem, Reason};
use crate::ops::health::Health;

#[derive(Serialize, ToSchema)]
pub(super) struct Status {
    status: &'static str,
}

#[utoipa::path(get, path = "/health/live", tag = "operations",
    responses((status = 200, description = "the process runs", body = Status)))]
pub(super) async fn live() -> Json<Status> {
    Json(Status { status: "live" })
}

#[utoipa::path(get, path = "/health/ready", tag = "operations",
    responses((status = 200, description = "calls are taken", body = Status),
              (status = 503, description = "no calls are taken; `reasons` says why", body = Problem)))]
pub(super) async fn ready(State(desk): State<Desk>) -> Result<Json<Status>, Problem> {
    desk.parts.health.ready().map(|()| Json(Status { status: "ready" })).map_err(|reasons| Problem {
        reasons: reasons.into_iter().map(|(condition, reason)| Reason { condition, reason }).collect(),
        ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", "no calls are taken now; see reasons")
    })
}

#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Prometheus text format", content_type = "text/plain")))]
pub(super) async fn metrics(State(desk): State<Desk>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], desk.parts.metrics.render())
}

/// What a caller needs to know. The reasons are for operators and stay on the desk.
fn words(health: &Health) -> (StatusCode, &'static str, &'static str) {
    if health.draining() {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "Closing",
            "The hotline is closing down. Calls in progress are finished; new calls are not taken.",
        )
    } else if health.ready().is_err() {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available",
            "The hotline cannot take calls at the moment. Please try again in a few minutes.",
        )
    } else {
        (StatusCode::OK, "Open", "The hotline is taking calls.")
    }
}

/// The sentence alone; the status code tells machines the same.
pub(super) async fn plain(State(public): State<Public>) -> (StatusCode, String) {
    let (status, _, sentence) = words(&public.health);
    (status, format!("{sentence}\n"))
}

pub(super) async fn page(State(public): State<Public>) -> Html<String> {
    let (status, word, sentence) = words(&public.health);
    let links = if status == StatusCode::OK { links(&public) } else { String::new() };
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Hotline: {word}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"refresh\" content=\"60\"><link rel=\"icon\" href=\"/icon.svg\">\
         <link rel=\"stylesheet\" href=\"/page.css\"></head><body class=\"status\"><main><h1>{word}</h1>\
         <p>{sentence}</p>{links}</main></body></html>"
    ))
}

/// One to each line's page, where browsers can call.
fn links(public: &Inner) -> String {
    if !(public.takes_calls && caller::has_page(public)) {
        return String::new();
    }
    let lines = (public.lines)();
    let alone = lines.len() == 1;
    let link = |line: &Line| {
        let label = if alone { "Call now".to_owned() } else { format!("Call now: {}", as_text(&line.name)) };
        format!("<p><a href=\"/call/{}\">{label}</a></p>", path_segment(&line.name))
    };
    lines.iter().map(link).collect()
}

/// HTML text.
fn as_text(name: &str) -> String {
    name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
