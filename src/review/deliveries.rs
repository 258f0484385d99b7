//! Deliveries that gave up: visible, and sent again when a person says so.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Desk;
use super::calls::rows;
use super::people::Agent;
use super::people::audit::audit;
use super::view::DeliveryList;
use crate::intake::problem::Problem;
use crate::store::people::What;

/// Longest delivery id we look up; ours are shorter.
const LONGEST_ID: usize = 128;

#[derive(Deserialize, IntoParams)]
pub(super) struct DeadQuery {
    /// Only `dead`; the others are listed with their call.
    state: Option<String>,
    /// Rows, 1 to 200; 50 without it.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Replayed {
    id: String,
    state: &'static str,
}

#[utoipa::path(get, path = "/api/deliveries", tag = "deliveries", operation_id = "list_deliveries", params(DeadQuery),
    responses((status = 200, description = "deliveries that were given up, newest first", body = DeliveryList),
              (status = 400, description = "a parameter out of its bounds", body = Problem)))]
pub(super) async fn list(
    State(desk): State<Desk>,
    Query(query): Query<DeadQuery>,
) -> Result<Json<DeliveryList>, Problem> {
    if query.state.as_deref().is_some_and(|state| state != "dead") {
        let detail = "state: expected \"dead\"; other deliveries are listed with their call";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "parameter", detail));
    }
    let dead = desk.parts.store.dead_deliveries(rows(query.limit)?).await?;
    Ok(Json(DeliveryList { deliveries: dead.into_iter().map(Into::into).collect() }))
}

#[utoipa::path(post, path = "/api/deliveries/{id}/replay", tag = "deliveries", operation_id = "replay_delivery",
    params(("id" = String, Path, description = "delivery id")),
    responses((status = 202, description = "due at once, with the same body", body = Replayed),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such dead delivery", body = Problem)))]
pub(super) async fn replay(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let shaped = id.len() <= LONGEST_ID && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b));
    if !shaped {
        return Err(Problem::not_found("there is no such delivery"));
    }
    desk.parts.store.replay(&id, desk.parts.clock.unix_ms()).await?;
    (desk.parts.nudge_outbox)();
    audit(&desk, &agent, What::Replay, None, Some(id.clone())).await?;
    tracing::info!(delivery = id, "a delivery was sent again by hand");
    Ok((StatusCode::ACCEPTED, Json(Replayed { id, state: "pending" })))
}
