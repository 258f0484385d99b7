//! Emergencies within calls: what the desk shows of them, who has taken one, and the built-in endpoint for their events.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::calls::rows;
use super::inbox::{self, HeldQuery, Posted, unprocessable};
use super::people::Agent;
use super::people::audit::audit;
use super::view::{SpanView, stamp};
use super::{Desk, call_id};
use crate::call::{CallEvent, CallId};
use crate::draft::schema::EmergencyEvent;
use crate::intake::problem::Problem;
use crate::store::people::What;
use crate::store::{Acknowledged, EmergencyRow, Received, StoreError};

/// Characters of a name or a reason that are kept.
const LONGEST: usize = 400;
/// Bytes of an acknowledgement.
const MOST_BYTES: usize = 8 << 10;

/// An emergency raised within a call. The flag of the draft stays, whoever has taken it.
#[derive(Serialize, ToSchema)]
pub(super) struct EmergencyView {
    /// `raised`, `acknowledged` or `escalated` (nobody acknowledged it in time).
    pub state: &'static str,
    /// `fire`, `medical` or `police`.
    pub service: &'static str,
    /// What the caller is told to dial.
    pub number: String,
    /// The hazard words.
    pub quote: String,
    pub span: SpanView,
    /// `partial` or `final` words.
    pub heard_in: &'static str,
    pub raised_at: String,
    pub acknowledged_at: Option<String>,
    pub acknowledged_by: Option<String>,
    pub reason: Option<String>,
    pub escalated_at: Option<String>,
}

impl From<EmergencyRow> for EmergencyView {
    fn from(row: EmergencyRow) -> Self {
        let state = row.state().as_str();
        let EmergencyRow { danger, acknowledged, escalated_unix_ms, .. } = row;
        let acknowledged_at = acknowledged.as_ref().map(|one| stamp(one.at_unix_ms));
        let (acknowledged_by, reason) = acknowledged.map(|one| (one.by, one.reason)).unwrap_or_default();
        Self {
            state,
            service: danger.service.as_str(),
            number: danger.number,
            quote: danger.quote,
            span: danger.span.into(),
            heard_in: danger.heard_in.as_str(),
            raised_at: stamp(danger.raised_unix_ms),
            acknowledged_at,
            acknowledged_by,
            reason,
            escalated_at: escalated_unix_ms.map(stamp),
        }
    }
}

/// The emergency of one call, to be shown. One that cannot be read must not hide the call: its draft has the flag too.
pub(super) async fn of(desk: &Desk, call: CallId) -> Result<Option<EmergencyView>, Problem> {
    match desk.parts.emergencies.emergency(call).await {
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::error!(%call, %error, "an emergency cannot be shown; restore the data folder from a backup");
            Ok(None)
        }
        found => Ok(found?.map(Into::into)),
    }
}

/// Both may be left out, and the body with them.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Acknowledgement {
    /// Who has taken it.
    by: Option<String>,
    /// What was done, or why nothing need be done.
    reason: Option<String>,
}

#[utoipa::path(post, path = "/api/calls/{id}/emergency/acknowledge", tag = "calls",
    operation_id = "acknowledge_emergency",
    params(("id" = String, Path, description = "call id")),
    request_body(content = Acknowledgement, content_type = "application/json"),
    responses((status = 200, description = "somebody has taken it; the first acknowledgement stands", body = EmergencyView),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call, or it has raised no emergency", body = Problem),
              (status = 422, description = "a body that is none", body = Problem)))]
pub(super) async fn acknowledge(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<EmergencyView>, Problem> {
    let call = call_id(&id)?;
    let given = read(&body)?;
    let at_unix_ms = desk.parts.clock.unix_ms();
    // Who it was is known by the login; without accounts, as they say.
    let by = if agent.is_local() { kept(given.by) } else { Some(agent.name.clone()) };
    let given = Acknowledged { at_unix_ms, by, reason: kept(given.reason) };
    let row = desk.parts.emergencies.acknowledge(call, given).await?;
    tracing::info!(%call, "an emergency was acknowledged at the desk");
    let event = CallEvent::Emergency { call, state: row.state(), danger: row.danger.clone() };
    let _nobody_watches = desk.parts.events.send(event);
    audit(&desk, &agent, What::Acknowledge, Some(call), None).await?;
    Ok(Json(row.into()))
}

fn read(body: &[u8]) -> Result<Acknowledgement, Problem> {
    if body.is_empty() {
        return Ok(Acknowledgement::default());
    }
    // Read as an object first: a list of texts would pass for the fields in their order.
    let object = if body.len() <= MOST_BYTES { serde_json::from_slice(body).ok() } else { None };
    let given = object.and_then(|object: Map<String, Value>| Acknowledgement::deserialize(Value::Object(object)).ok());
    given.ok_or_else(|| unprocessable("body", "expected nothing, or a JSON object with \"by\" and \"reason\" as text"))
}

fn kept(text: Option<String>) -> Option<String> {
    let bare: String = text?.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!bare.is_empty()).then_some(bare)
}

#[derive(Serialize, ToSchema)]
pub(super) struct EmergencyReceipt {
    call_id: String,
    /// `accepted`, or `duplicate` when the same body came before.
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(super) struct HeldEmergency {
    webhook_id: String,
    event: Value,
}

#[derive(Serialize, ToSchema)]
pub(super) struct HeldEmergencies {
    emergencies: Vec<HeldEmergency>,
}

#[utoipa::path(post, path = "/intake/emergencies", tag = "intake", operation_id = "receive_emergency",
    params(("Idempotency-Key" = String, Header, description = "\"CALL_ID:emergency\""),
           ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header),
           ("webhook-signature" = String, Header, description = "Standard Webhooks, v1")),
    request_body(content = Object, content_type = "application/json",
                 description = "the event, as in /api/schema/call-emergency.json"),
    responses((status = 201, description = "kept", body = EmergencyReceipt),
              (status = 200, description = "the same body came before", body = EmergencyReceipt),
              (status = 400, description = "no Idempotency-Key", body = Problem),
              (status = 401, description = "signature missing, wrong or old", body = Problem),
              (status = 413, description = "larger than any event", body = Problem),
              (status = 415, description = "not application/json", body = Problem),
              (status = 422, description = "not an event, or the key came with another body", body = Problem)))]
pub(super) async fn receive(State(desk): State<Desk>, request: Request) -> Result<Response, Problem> {
    let Posted { webhook_id, key, sha256, text, now_ms } = inbox::posted(&desk, request).await?;
    let event: EmergencyEvent = serde_json::from_str(&text)
        .map_err(|_| unprocessable("body", "the body is no event as /api/schema/call-emergency.json has it"))?;
    if key != format!("{}:emergency", event.call_id) {
        return Err(unprocessable("idempotency-key", "expected \"CALL_ID:emergency\" with the event's call_id"));
    }
    let call_id = event.call_id;
    let received = desk.parts.emergencies.receive_emergency(&webhook_id, &key, &sha256, &text, now_ms).await?;
    let (code, status) = match received {
        Received::Accepted => (StatusCode::CREATED, "accepted"),
        Received::Duplicate => (StatusCode::OK, "duplicate"),
        Received::Conflict => {
            return Err(unprocessable("conflict", "this Idempotency-Key came before with another body"));
        }
    };
    Ok((code, Json(EmergencyReceipt { call_id, status })).into_response())
}

#[utoipa::path(get, path = "/intake/emergencies", tag = "intake", operation_id = "list_emergencies", params(HeldQuery),
    responses((status = 200, description = "events the built-in endpoint holds, newest first", body = HeldEmergencies)))]
pub(super) async fn list(
    State(desk): State<Desk>,
    agent: Agent,
    Query(query): Query<HeldQuery>,
) -> Result<Json<HeldEmergencies>, Problem> {
    inbox::reveal(&desk, &agent).await?;
    let held = desk.parts.emergencies.received_emergencies(rows(query.limit)?).await?;
    let event = |(webhook_id, body): (String, String)| HeldEmergency {
        webhook_id,
        event: serde_json::from_str(&body).unwrap_or_default(),
    };
    Ok(Json(HeldEmergencies { emergencies: held.into_iter().map(event).collect() }))
}
