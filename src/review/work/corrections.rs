//! What people decided otherwise than the machine had read it, as data: line by line, and as rates.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, millis};
use crate::config::limits;
use crate::intake::problem::Problem;
use crate::review::people::Agent;
use crate::review::people::audit::audit;
use crate::review::view::stamp;
use crate::store::people::What;
use crate::store::reviews::{CorrectionRate, CorrectionRow, Reviews};

#[derive(Deserialize, IntoParams)]
pub(in crate::review) struct SinceQuery {
    /// RFC 3339: decided then or later; all without it.
    since: Option<String>,
}

/// One line of the export.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct CorrectionLine {
    /// When it was decided.
    at: String,
    /// Who entered it.
    by: String,
    call: String,
    draft: String,
    /// JSON pointer (RFC 6901) into the decided draft.
    pointer: String,
    /// Name of the field.
    field: String,
    category: Option<String>,
    /// The machine's value; null when it had none.
    #[schema(value_type = Object)]
    old: Value,
    /// The person's; null when the caller did not say it.
    #[schema(value_type = Object)]
    new: Value,
    /// The words that the machine's value rests on.
    #[schema(value_type = Object)]
    evidence: Value,
    /// `entered`, `corrected` or `not_said`.
    kind: &'static str,
}

impl From<CorrectionRow> for CorrectionLine {
    fn from(row: CorrectionRow) -> Self {
        let value = |json: String| serde_json::from_str(&json).unwrap_or_default();
        let CorrectionRow { call, draft, at_unix_ms, made, .. } = row;
        Self {
            at: stamp(at_unix_ms),
            by: made.by,
            call: call.to_string(),
            draft: draft.to_string(),
            pointer: made.pointer,
            field: made.field,
            category: made.category,
            old: value(made.old),
            new: value(made.new),
            evidence: value(made.evidence),
            kind: made.kind.as_str(),
        }
    }
}

/// Read from the store so many at a time, while the reader takes them.
const AT_ONCE: u32 = 500;

#[utoipa::path(get, path = "/api/corrections", tag = "work", operation_id = "export_corrections", params(SinceQuery),
    responses((status = 200, description = "JSON lines, oldest first; of decisions that cannot be taken back any more",
               body = CorrectionLine, content_type = "application/jsonl"),
              (status = 400, description = "since is no time", body = Problem)))]
pub(in crate::review) async fn corrections(
    State(desk): State<Desk>,
    agent: Agent,
    Query(query): Query<SinceQuery>,
) -> Result<Response, Problem> {
    let wrong = |_| {
        let detail = "since: expected a time as RFC 3339 writes it, for example 2026-01-31T00:00:00Z";
        Problem::new(StatusCode::BAD_REQUEST, "parameter", detail)
    };
    let since = query.since.map(|text| text.parse::<jiff::Timestamp>()).transpose().map_err(wrong)?;
    audit(&desk, &agent, What::Export, None, Some("corrections".to_owned())).await?;
    let after = (since.map_or(i64::MIN, |since| since.as_millisecond()), i64::MIN);
    let until = settled_before(&desk);
    // The first page before the status is sent: an export that cannot be read is no empty one.
    let first = desk.parts.reviews.corrections(after, until, AT_ONCE).await?;
    let reviews = Arc::clone(&desk.parts.reviews);
    let pages = unfold(Some(first), move |page| {
        let reviews = Arc::clone(&reviews);
        async move {
            let page = page?;
            let next = following(&*reviews, &page, until).await;
            let (lines, next) = match next {
                Ok(next) => (Ok(lines(page)), next),
                Err(error) => (Err(std::io::Error::other(error)), None),
            };
            Some((lines, next))
        }
    });
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], Body::from_stream(pages)).into_response())
}

async fn following(
    reviews: &dyn Reviews,
    page: &[CorrectionRow],
    until: i64,
) -> Result<Option<Vec<CorrectionRow>>, crate::store::StoreError> {
    let Some(last) = page.last().filter(|_| page.len() >= AT_ONCE as usize) else { return Ok(None) };
    reviews.corrections((last.at_unix_ms, last.id), until, AT_ONCE).await.map(Some)
}

fn lines(page: Vec<CorrectionRow>) -> Bytes {
    let line = |row: CorrectionRow| serde_json::to_string(&CorrectionLine::from(row)).unwrap_or_default() + "\n";
    page.into_iter().map(line).collect::<String>().into()
}

/// What was decided before can no longer be taken back.
fn settled_before(desk: &Desk) -> i64 {
    desk.parts.clock.unix_ms().saturating_sub(millis(limits::UNDO))
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Rates {
    rates: Vec<RateView>,
}

/// How often one field of one category was not right.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct RateView {
    category: Option<String>,
    field: String,
    /// Drafts of that category that were decided.
    decided: u64,
    /// Of these, in how many the machine had no value and a person entered one.
    entered: u64,
    corrected: u64,
    not_said: u64,
    /// The share in which a person entered or corrected it.
    rate: f64,
}

impl From<CorrectionRate> for RateView {
    fn from(of: CorrectionRate) -> Self {
        let CorrectionRate { category, field, decided, entered, corrected, not_said } = of;
        let changed = entered.saturating_add(corrected);
        let rate = if decided == 0 { 0.0 } else { (changed as f64 / decided as f64).min(1.0) };
        Self { category, field, decided, entered, corrected, not_said, rate }
    }
}

#[utoipa::path(get, path = "/api/corrections/rates", tag = "work", operation_id = "correction_rates",
    responses((status = 200, description = "by category and field, of decisions that cannot be taken back any more",
               body = Rates)))]
pub(in crate::review) async fn rates(State(desk): State<Desk>, _agent: Agent) -> Result<Json<Rates>, Problem> {
    let rates = desk.parts.reviews.correction_rates(settled_before(&desk)).await?;
    Ok(Json(Rates { rates: rates.into_iter().map(Into::into).collect() }))
}
