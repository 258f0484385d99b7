//! What people saw and did: one function that writes a row, and the rows as JSON lines.

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::agent::Agent;
use crate::call::CallId;
use crate::config::limits::{AUDIT_PAGE, AUDIT_QUIET};
use crate::intake::problem::Problem;
use crate::review::view::stamp;
use crate::review::{Desk, Inner, call_id};
use crate::store::StoreError;
use crate::store::people::{AuditQuery, AuditRow, NewAuditRow, What};

/// Writes down what `agent` sees or did: before something is shown, so that nothing is seen unwritten; after something was
/// changed, so that nothing is claimed that did not happen.
///
/// Seeing the same again within a quarter of an hour is the same look. Without accounts looks are not written down.
/// `detail` holds nothing that a caller said, nor who they are: it outlives the call.
pub(in crate::review) async fn audit(
    desk: &Inner,
    agent: &Agent,
    what: What,
    call: Option<CallId>,
    detail: Option<String>,
) -> Result<(), Problem> {
    let looks = matches!(what, What::View | What::Reveal);
    if looks && agent.is_local() {
        return Ok(());
    }
    let quiet_ms = if looks { super::millis(AUDIT_QUIET) } else { 0 };
    let row = NewAuditRow { at_unix_ms: desk.parts.clock.unix_ms(), who: agent.name.clone(), what, call, detail };
    Ok(desk.parts.people.add_audit(row, quiet_ms).await?)
}

#[derive(Deserialize, IntoParams)]
pub(in crate::review) struct AuditParameters {
    /// RFC 3339; not before.
    since: Option<String>,
    /// RFC 3339; before.
    until: Option<String>,
    /// Name of an account.
    who: Option<String>,
    /// Call id.
    call: Option<String>,
}

/// A line.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct AuditLine {
    /// Rises by one a row: a gap is a row that is missing.
    id: i64,
    /// RFC 3339, UTC.
    at: String,
    /// An account; `local`: somebody on this machine; `?`: a name that is no account's.
    who: String,
    /// `view`, `reveal`, `edit`, `decide`, `export`, `erase`, `acknowledge`, `replay`, `login`, `login_failed` or
    /// `user_changed`.
    what: &'static str,
    call: Option<String>,
    detail: Option<String>,
}

impl From<AuditRow> for AuditLine {
    fn from(AuditRow { id, row }: AuditRow) -> Self {
        let NewAuditRow { at_unix_ms, who, what, call, detail } = row;
        Self { id, at: stamp(at_unix_ms), who, what: what.as_str(), call: call.map(|call| call.to_string()), detail }
    }
}

#[utoipa::path(get, path = "/api/audit", tag = "people", operation_id = "audit", params(AuditParameters),
    responses((status = 200, description = "JSON lines, oldest first", body = AuditLine,
               content_type = "application/jsonl"),
              (status = 400, description = "a parameter that cannot be read", body = Problem),
              (status = 403, description = "for auditors and administrators", body = Problem)))]
pub(in crate::review) async fn export(
    State(desk): State<Desk>,
    agent: Agent,
    Query(parameters): Query<AuditParameters>,
) -> Result<Response, Problem> {
    let asked = AuditQuery {
        since_unix_ms: time("since", parameters.since)?,
        until_unix_ms: time("until", parameters.until)?,
        who: parameters.who,
        call: parameters.call.as_deref().map(call_id).transpose()?,
    };
    audit(&desk, &agent, What::Export, None, Some("audit".into())).await?;
    let lines = unfold(Some(0), move |after| {
        let (desk, asked) = (desk.clone(), asked.clone());
        async move { page(&desk, &asked, after?).await }
    });
    let kind = [(header::CONTENT_TYPE, "application/jsonl; charset=utf-8")];
    Ok((kind, Body::from_stream(lines)).into_response())
}

/// The lines after a row, and where the next page begins. `None`: there are no more.
async fn page(desk: &Desk, asked: &AuditQuery, after: i64) -> Option<(Result<Bytes, StoreError>, Option<i64>)> {
    let rows = match desk.parts.people.audit(asked, after, AUDIT_PAGE).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::error!(%error, "the audit could not be read to its end");
            return Some((Err(error), None));
        }
    };
    let last = rows.last()?.id;
    let mut text = Vec::new();
    for row in rows {
        // Text and numbers alone: this cannot fail, and if it did, the gap in the ids would show it.
        text.extend(serde_json::to_vec(&AuditLine::from(row)).unwrap_or_default());
        text.push(b'\n');
    }
    Some((Ok(text.into()), Some(last)))
}

fn time(name: &str, text: Option<String>) -> Result<Option<i64>, Problem> {
    let read = text.map(|text| text.parse::<Timestamp>().map(Timestamp::as_millisecond)).transpose();
    read.map_err(|_| {
        let detail = format!("{name}: expected a time as RFC 3339 has it, for example 2026-01-31T08:00:00Z");
        Problem::new(StatusCode::BAD_REQUEST, "parameter", detail)
    })
}
