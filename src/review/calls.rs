//! The calls: a page of them, and one with everything known about it.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::people::Agent;
use super::people::audit::audit;
use super::people::mask::Names;
use super::view::{self, CallDetail, CallList, CallSummary, ErasedList, Headline, PartyView};
use super::{Desk, call_id, emergency, transfer};
use crate::config::limits;
use crate::draft::tone::tone;
use crate::intake::problem::Problem;
use crate::store::people::What;

const DEFAULT_PAGE: u32 = 50;

#[derive(Deserialize, IntoParams)]
pub(super) struct PageQuery {
    /// The `next` of the page before.
    before: Option<String>,
    /// Rows, 1 to 200; 50 without it.
    limit: Option<u32>,
}

/// A number of rows within the bounds, or what would be right.
pub(super) fn rows(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(DEFAULT_PAGE);
    if (1..=limits::MAX_PAGE).contains(&limit) {
        Ok(limit)
    } else {
        let detail = format!("limit: expected 1 to {}", limits::MAX_PAGE);
        Err(Problem::new(StatusCode::BAD_REQUEST, "parameter", detail))
    }
}

#[utoipa::path(get, path = "/api/calls", tag = "calls", operation_id = "list_calls", params(PageQuery),
    responses((status = 200, description = "a page of calls, newest first", body = CallList),
              (status = 400, description = "a parameter out of its bounds", body = Problem)))]
pub(super) async fn list(
    State(desk): State<Desk>,
    agent: Agent,
    Query(query): Query<PageQuery>,
) -> Result<Json<CallList>, Problem> {
    let limit = rows(query.limit)?;
    let before = query.before.as_deref().map(str::parse).transpose().map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "parameter", "before: expected the `next` of another page")
    })?;
    let page = desk.parts.store.calls(before, limit).await?;
    let mut calls = Vec::with_capacity(page.calls.len());
    for row in &page.calls {
        let draft = desk.parts.store.draft(row.id).await?.map(|(body, _)| body);
        let headline = draft.as_deref().map(Headline::of).unwrap_or_default();
        let mut summary = CallSummary::new(row, headline, emergency::of(&desk, row.id).await?);
        if !agent.is_local() {
            let draft = draft.and_then(|draft| serde_json::from_str(&draft).ok()).unwrap_or_default();
            summary.mask(&Names::of(&draft));
        }
        calls.push(summary);
    }
    let damaged = page.damaged.iter().map(ToString::to_string).collect();
    let (notices, sip) = (desk.parts.notices.clone(), desk.parts.sip.clone());
    Ok(Json(CallList { calls, damaged, next: view::cursor(page.next), notices, sip }))
}

#[utoipa::path(get, path = "/api/calls/{id}", tag = "calls", operation_id = "get_call",
    params(("id" = String, Path, description = "call id")),
    responses((status = 200, description = "the call", body = CallDetail),
              (status = 404, description = "no such call", body = Problem)))]
pub(super) async fn one(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
) -> Result<Json<CallDetail>, Problem> {
    let id = call_id(&id)?;
    let (store, live) = (&desk.parts.store, desk.parts.transfers.of(id));
    let row = store.call(id).await?.ok_or_else(|| Problem::not_found("there is no such call"))?;
    audit(&desk, &agent, What::View, Some(id), None).await?;
    // What is being erased is not shown any more, however long its words take to go.
    let kept = row.erased_unix_ms.is_none();
    let draft = if kept { store.draft(id).await? } else { None };
    let (body, complete) = draft.map_or((None, false), |(body, complete)| (Some(body), complete));
    let raised = emergency::of(&desk, id).await?;
    let utterances = if kept { store.utterances(id).await? } else { Vec::new() };
    let tone = tone(&utterances).into();
    let transcript = utterances.into_iter().map(Into::into).collect();
    let deliveries = store.deliveries(id).await?.into_iter().map(Into::into).collect();
    let mut shown = CallDetail {
        summary: CallSummary::new(&row, body.as_deref().map(Headline::of).unwrap_or_default(), raised),
        dialled: row.dialled.clone(),
        party: PartyView::new(&row),
        channel: view::channel(&row.origin),
        follows: row.follows.map(|earlier| earlier.to_string()),
        dtmf: row.dtmf.clone(),
        notice: row.notice.map(Into::into),
        transcript,
        tone,
        coverage: row.coverage.map(Into::into),
        line_quality: row.line_quality.clone().map(Into::into),
        draft: body.and_then(|body| serde_json::from_str(&body).ok()),
        draft_complete: complete,
        deliveries,
        transfer: transfer::shown(live, &row),
        notices: desk.parts.notices.clone(),
    };
    if !desk.sees_caller(&agent, id).await? {
        shown.mask();
    }
    Ok(Json(shown))
}

/// Whoever asks by the caller's digits has them from the caller.
#[utoipa::path(delete, path = "/api/calls/{id}", tag = "calls", operation_id = "erase_call",
    params(("id" = String, Path, description = "call id, or the ten digits of its reference")),
    responses((status = 200, description = "erased: sound, words, drafts and deliveries are gone, a stub remains; by \
               reference, of every call whose caller was told it", body = ErasedList),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call", body = Problem),
              (status = 409, description = "a call is not over, or its draft is not made; nothing was erased",
               body = Problem)))]
pub(super) async fn erase(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
) -> Result<Json<ErasedList>, Problem> {
    let erased = match (desk.parts.erase)(id.clone()).await {
        Ok(erased) => erased,
        Err(error) => {
            // It may have begun, and then it is ended in the background.
            if let Ok(call) = call_id(&id)
                && desk.parts.store.call(call).await?.is_some_and(|row| row.erased_unix_ms.is_some())
            {
                audit(&desk, &agent, What::Erase, Some(call), Some("not ended yet".into())).await?;
            }
            return Err(error.into());
        }
    };
    for one in &erased {
        audit(&desk, &agent, What::Erase, Some(one.call), None).await?;
    }
    Ok(Json(ErasedList { erased: erased.into_iter().map(Into::into).collect() }))
}
