//! The machine-readable description of the desk API, and the schemas of what is posted to endpoints.

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use utoipa::OpenApi;

use super::work::{claim, corrections, decide, edit, figures, matters, queue};
use super::{Desk, calls, deliveries, emergency, events, inbox, people, recording, search, status, transfer};
use crate::intake::problem::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Heardline desk",
        description = "Calls, their words, drafts and deliveries. With accounts a login is needed."
    ),
    paths(
        calls::list,
        calls::one,
        calls::erase,
        emergency::acknowledge,
        transfer::ask,
        recording::recording,
        queue::list,
        queue::next,
        queue::categories,
        search::search,
        figures::figures,
        edit::review,
        edit::edit,
        edit::seen,
        matters::matters,
        matters::link,
        claim::claim,
        claim::give_back,
        decide::decide,
        decide::undo,
        corrections::corrections,
        corrections::rates,
        events::stream,
        deliveries::list,
        deliveries::replay,
        inbox::receive,
        inbox::list,
        inbox::one,
        emergency::receive,
        emergency::list,
        status::live,
        status::ready,
        status::metrics,
        people::login::login,
        people::login::logout,
        people::login::me,
        people::audit::export,
        document,
        draft_schema,
        emergency_schema,
    ),
    components(schemas(Problem))
)]
pub(super) struct Document;

#[utoipa::path(get, path = "/api/openapi.json", tag = "operations",
    responses((status = 200, description = "this document", content_type = "application/json")))]
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}

#[utoipa::path(get, path = "/api/schema/ticket-draft.json", tag = "intake",
    responses((status = 200, description = "JSON Schema of a ticket draft", content_type = "application/schema+json")))]
pub(super) async fn draft_schema(State(desk): State<Desk>) -> Json<Value> {
    Json(desk.parts.draft_schema.clone())
}

#[utoipa::path(get, path = "/api/schema/call-emergency.json", tag = "intake",
    responses((status = 200, description = "JSON Schema of the event that is posted when a caller is heard to be in \
               danger: once a call to each URL of emergency.urls, at once, retried every 5 s, signed as drafts are; \
               Idempotency-Key: \"CALL_ID:emergency\"", content_type = "application/schema+json")))]
pub(super) async fn emergency_schema(State(desk): State<Desk>) -> Json<Value> {
    Json(desk.parts.emergency_schema.clone())
}
