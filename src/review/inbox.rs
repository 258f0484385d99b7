//! The built-in intake endpoint: keeps each signed draft once. It stands where a case system would stand, so
//! that a fresh installation delivers over real HTTP without one.

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics::counter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::Desk;
use super::calls::rows;
use super::people::Agent;
use super::people::audit::audit;
use crate::call::DraftId;
use crate::config::limits;
use crate::intake::problem::Problem;
use crate::intake::sign::{TOLERANCE, verify};
use crate::store::Received;
use crate::store::people::What;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The one thing the endpoint reads of a draft.
#[derive(Deserialize)]
struct Addressed {
    draft_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Receipt {
    draft_id: String,
    /// `accepted`, or `duplicate` when the same body came before.
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Held {
    webhook_id: String,
    draft: Value,
}

#[derive(Serialize, ToSchema)]
pub(super) struct HeldList {
    drafts: Vec<Held>,
}

#[derive(Deserialize, IntoParams)]
pub(super) struct HeldQuery {
    /// Rows, 1 to 200; 50 without it.
    pub limit: Option<u32>,
}

#[utoipa::path(post, path = "/intake/drafts", tag = "intake", operation_id = "receive_draft",
    params(("Idempotency-Key" = String, Header, description = "\"DRAFT_ID:VERSION\""),
           ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header),
           ("webhook-signature" = String, Header, description = "Standard Webhooks, v1")),
    request_body(content = Object, content_type = "application/json", description = "a ticket draft"),
    responses((status = 201, description = "kept", body = Receipt),
              (status = 200, description = "the same body came before", body = Receipt),
              (status = 400, description = "no Idempotency-Key", body = Problem),
              (status = 401, description = "signature missing, wrong or old", body = Problem),
              (status = 413, description = "larger than any draft", body = Problem),
              (status = 415, description = "not application/json", body = Problem),
              (status = 503, description = "too many at once; see Retry-After", body = Problem),
              (status = 422, description = "not a draft, or the key came with another body", body = Problem)))]
pub(super) async fn receive(State(desk): State<Desk>, request: Request) -> Response {
    let Ok(_permit) = desk.intake.try_acquire() else {
        counter!("heardline_review_received_total", "result" => "busy").increment(1);
        let detail = "too many drafts are being read; send it again";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
        return ([(header::RETRY_AFTER, limits::RETRY_AFTER_S.to_string())], problem).into_response();
    };
    let answer = accept(&desk, request).await;
    let result = match &answer {
        Ok((received, _)) => match received {
            Received::Accepted => "accepted",
            Received::Duplicate => "duplicate",
            Received::Conflict => "conflict",
        },
        Err(problem) if problem.status == 401 => "unsigned",
        Err(_) => "refused",
    };
    counter!("heardline_review_received_total", "result" => result).increment(1);
    match answer {
        Ok((Received::Accepted, draft_id)) => kept(draft_id),
        Ok((Received::Duplicate, draft_id)) => Json(Receipt { draft_id, status: "duplicate" }).into_response(),
        Ok((Received::Conflict, _)) => {
            unprocessable("conflict", "this Idempotency-Key came before with another body").into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

fn kept(draft_id: String) -> Response {
    let location = HeaderValue::from_str(&format!("/intake/drafts/{draft_id}"));
    let mut response = (StatusCode::CREATED, Json(Receipt { draft_id, status: "accepted" })).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// What was posted, its signature checked.
pub(super) struct Posted {
    pub webhook_id: String,
    /// Without quotes.
    pub key: String,
    pub sha256: String,
    pub text: String,
    pub now_ms: i64,
}

/// Nothing is believed before the signature fits; nothing but the signed body is believed after it.
pub(super) async fn posted(desk: &Desk, request: Request) -> Result<Posted, Problem> {
    let (head, body) = request.into_parts();
    let headers = head.headers;
    let body = read(body, &headers).await?;
    let now_ms = desk.parts.clock.unix_ms();
    verify(&headers, &body, &desk.parts.secrets, now_ms.div_euclid(1000), TOLERANCE)
        .map_err(|e| Problem::new(StatusCode::UNAUTHORIZED, "signature", e.to_string()))?;
    if !is_json(&headers) {
        let detail = "send Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail));
    }
    let key = key(&headers).ok_or_else(|| {
        let detail = "send Idempotency-Key: \"DRAFT_ID:VERSION\" (\"CALL_ID:emergency\"), the same at every attempt";
        Problem::new(StatusCode::BAD_REQUEST, "idempotency-key", detail)
    })?;
    let sha256 = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    let text = String::from_utf8(body.into()).map_err(|_| unprocessable("body", "the body is not UTF-8"))?;
    let webhook_id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    Ok(Posted { webhook_id, key, sha256, text, now_ms })
}

async fn accept(desk: &Desk, request: Request) -> Result<(Received, String), Problem> {
    let Posted { webhook_id, key, sha256, text, now_ms } = posted(desk, request).await?;
    let draft = addressed(&text)?;
    let keyed = key.split_once(':').map_or(key.as_str(), |(draft, _version)| draft);
    if keyed != draft.to_string() {
        return Err(unprocessable("idempotency-key", "the Idempotency-Key names another draft than draft_id"));
    }
    let received = desk.parts.store.receive(&webhook_id, &key, &sha256, &text, now_ms).await?;
    Ok((received, draft.to_string()))
}

async fn read(body: axum::body::Body, headers: &HeaderMap) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("a draft has at most {} bytes", limits::MAX_INTAKE_BODY);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|n| n.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|n| usize::try_from(n).map_or(true, |n| n > limits::MAX_INTAKE_BODY)) {
        return Err(too_large());
    }
    match tokio::time::timeout(limits::DELIVERY_TIMEOUT, to_bytes(body, limits::MAX_INTAKE_BODY)).await {
        Ok(read) => read.map_err(|_| too_large()),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", "the body did not arrive in time")),
    }
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The key, with or without the quotes of a structured-field string.
fn key(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(IDEMPOTENCY_KEY)?.to_str().ok()?.trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    (!bare.is_empty() && bare.len() <= limits::MAX_PEER_STRING && !bare.contains('"')).then(|| bare.to_owned())
}

/// Reads `draft_id` without building the document, so a large or deep one costs nothing.
fn addressed(text: &str) -> Result<DraftId, Problem> {
    let object = text.trim_start().starts_with('{');
    let draft: Addressed = serde_json::from_str(text)
        .ok()
        .filter(|_| object)
        .ok_or_else(|| unprocessable("body", "the body is not a JSON object with a draft_id"))?;
    draft
        .draft_id
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| unprocessable("body", "draft_id: expected a UUID in lower case"))
}

pub(super) fn unprocessable(name: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, name, detail)
}

/// What the endpoint holds is shown whole.
pub(super) async fn reveal(desk: &Desk, agent: &Agent) -> Result<(), Problem> {
    audit(desk, agent, What::Reveal, None, Some("what the built-in endpoint holds".into())).await
}

#[utoipa::path(get, path = "/intake/drafts", tag = "intake", operation_id = "list_drafts", params(HeldQuery),
    responses((status = 200, description = "drafts the built-in endpoint holds, newest first", body = HeldList)))]
pub(super) async fn list(
    State(desk): State<Desk>,
    agent: Agent,
    Query(query): Query<HeldQuery>,
) -> Result<Json<HeldList>, Problem> {
    reveal(&desk, &agent).await?;
    let held = desk.parts.store.received(rows(query.limit)?).await?;
    let drafts = held
        .into_iter()
        .map(|(webhook_id, body)| Held { webhook_id, draft: serde_json::from_str(&body).unwrap_or_default() });
    Ok(Json(HeldList { drafts: drafts.collect() }))
}

#[utoipa::path(get, path = "/intake/drafts/{id}", tag = "intake", operation_id = "get_draft",
    params(("id" = String, Path, description = "draft id")),
    responses((status = 200, description = "the draft, byte for byte as it was received; only among the newest 200",
               content_type = "application/json"),
              (status = 404, description = "not among them", body = Problem)))]
pub(super) async fn one(State(desk): State<Desk>, agent: Agent, Path(id): Path<String>) -> Result<Response, Problem> {
    reveal(&desk, &agent).await?;
    let absent = || Problem::not_found("the endpoint holds no such draft among its newest");
    let id: DraftId = id.parse().map_err(|_| absent())?;
    let held = desk.parts.store.received(limits::MAX_PAGE).await?;
    let body = held.into_iter().map(|(_, body)| body).find(|body| addressed(body).is_ok_and(|draft| draft == id));
    let body = body.ok_or_else(absent)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
