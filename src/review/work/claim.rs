//! Who works at which draft. A lease ends by itself; nobody sweeps.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, WorkProblem};
use crate::intake::problem::Problem;
use crate::review::call_id;
use crate::review::people::audit::audit;
use crate::review::people::{Agent, Role};
use crate::review::view::stamp;
use crate::store::people::What;

#[derive(Deserialize, IntoParams)]
pub(in crate::review) struct ClaimQuery {
    /// From whoever holds it; supervisors and administrators only.
    take_over: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Claimed {
    /// Claim it again before then, as long as you work at it.
    until: String,
}

impl Agent {
    /// May take drafts over, and take back what others decided.
    pub(super) fn leads(&self) -> bool {
        matches!(self.role, Role::Supervisor | Role::Administrator)
    }
}

#[utoipa::path(post, path = "/api/calls/{id}/claim", tag = "work", operation_id = "claim",
    params(("id" = String, Path, description = "call id"), ClaimQuery),
    responses((status = 200, description = "it is yours for five minutes; again, for five more", body = Claimed),
              (status = 403, description = "not from this desk, or you may not take it over", body = Problem),
              (status = 404, description = "no such call, or it was never answered", body = Problem),
              (status = 409, description = "another holds it (`holder`), or it is decided", body = WorkProblem)))]
pub(in crate::review) async fn claim(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
    Query(query): Query<ClaimQuery>,
) -> Result<Json<Claimed>, WorkProblem> {
    let call = call_id(&id)?;
    let take_over = query.take_over.unwrap_or(false);
    if take_over && !agent.leads() {
        let detail = "only supervisors and administrators take a draft over";
        return Err(WorkProblem::new(StatusCode::FORBIDDEN, "role", detail));
    }
    // Makes the review where it is owed.
    desk.open(call).await?;
    let hand = desk.hand(&agent);
    let until = stamp(hand.until_unix_ms);
    let row = desk.parts.reviews.claim(call, hand, take_over).await?;
    desk.tell_review(&row);
    audit(&desk, &agent, What::Reveal, Some(call), None).await?;
    Ok(Json(Claimed { until }))
}

#[utoipa::path(delete, path = "/api/calls/{id}/claim", tag = "work", operation_id = "give_back",
    params(("id" = String, Path, description = "call id")),
    responses((status = 204, description = "you do not hold it"),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call", body = Problem)))]
pub(in crate::review) async fn give_back(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
) -> Result<StatusCode, WorkProblem> {
    let call = call_id(&id)?;
    if let Some(row) = desk.parts.reviews.give_back(call, &agent.name).await? {
        desk.tell_review(&row);
    }
    Ok(StatusCode::NO_CONTENT)
}
