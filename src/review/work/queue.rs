//! The lists of calls, and the next one to work at.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{Counts, Item, Queue};
use super::{Desk, Inner, WorkProblem};
use crate::call::CallId;
use crate::draft::Names;
use crate::intake::problem::Problem;
use crate::review::calls::rows;
use crate::review::people::Agent;
use crate::review::people::audit::audit;
use crate::store::people::What;
use crate::store::reviews::{Asked, List, QueueRow};

/// Characters of a filter; no line or category has more.
const LONGEST: usize = 200;

#[derive(Deserialize, IntoParams)]
pub(in crate::review) struct QueueQuery {
    /// `waiting` (open drafts of calls that are over: emergencies, then by the minute they are due, then the least sure;
    /// the default), `live` (calls that are up), `decided` (newest decision first) or `all` (newest call first).
    state: Option<String>,
    /// A code of the taxonomy, or a top level. Calls that are up have none yet.
    category: Option<String>,
    line: Option<String>,
    /// Only what you hold; of the decided, what you decided.
    mine: Option<bool>,
    /// The `next` of the page before.
    before: Option<String>,
    /// Rows, 1 to 200; 50 without it.
    limit: Option<u32>,
}

#[utoipa::path(get, path = "/api/queue", tag = "work", operation_id = "list_queue", params(QueueQuery),
    responses((status = 200, description = "a page of one list", body = Queue),
              (status = 400, description = "a parameter out of its bounds", body = Problem)))]
pub(in crate::review) async fn list(
    State(desk): State<Desk>,
    agent: Agent,
    Query(query): Query<QueueQuery>,
) -> Result<Json<Queue>, Problem> {
    let asked = asked(&desk, &agent, query)?;
    let page = asked.limit;
    let mut found = desk.parts.reviews.queue(&Asked { limit: page.saturating_add(1), ..asked.clone() }).await?;
    let more = found.len() > page as usize;
    found.truncate(page as usize);
    let next = found.last().filter(|_| more).map(|row| format!("{}:{}", row.place, row.review.call));
    let items = found.into_iter().map(|row| Item::new(desk.outlined(row), &agent, asked.now_unix_ms)).collect();
    let counts = desk.parts.reviews.queue_counts(&agent.name, asked.now_unix_ms).await?;
    let counts = Counts {
        live: counts.live,
        waiting: counts.waiting,
        overdue: counts.overdue,
        mine: counts.mine,
        dead: counts.dead,
    };
    Ok(Json(Queue { items, counts, next }))
}

fn asked(desk: &Inner, agent: &Agent, query: QueueQuery) -> Result<Asked, Problem> {
    let wrong = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, "parameter", detail);
    let list = match query.state.as_deref() {
        None | Some("waiting") => List::Waiting,
        Some("live") => List::Live,
        Some("decided") => List::Decided,
        Some("all") => List::All,
        Some(_) => return Err(wrong("state: expected waiting, live, decided or all")),
    };
    let place = |text: String| -> Option<(i64, CallId)> {
        let (place, call) = text.split_once(':')?;
        Some((place.parse().ok()?, call.parse().ok()?))
    };
    let after =
        query.before.map(|text| place(text).ok_or_else(|| wrong("before: expected the `next` of another page")));
    if [&query.category, &query.line].into_iter().flatten().any(|text| text.chars().count() > LONGEST) {
        return Err(wrong("category, line: at most 200 characters"));
    }
    Ok(Asked {
        list,
        category: query.category.filter(|text| !text.is_empty()),
        line: query.line.filter(|text| !text.is_empty()),
        mine: query.mine.unwrap_or(false).then(|| agent.name.clone()),
        after: after.transpose()?,
        limit: rows(query.limit)?,
        now_unix_ms: desk.parts.clock.unix_ms(),
    })
}

impl Inner {
    /// A call that is up has its outline from the draft as it stands.
    fn outlined(&self, mut row: QueueRow) -> QueueRow {
        let draft = row.live_draft.as_deref().filter(|_| !row.review.complete).and_then(|body| super::read(body).ok());
        if let Some(draft) = draft {
            let rules = (self.parts.rules)(&row.line);
            let work = row.review.work.as_deref().and_then(|work| serde_json::from_str(work).ok()).unwrap_or_default();
            let shown = self.parts.drafter.with_work(&work, draft, &rules.hours);
            row.review.outline = self.parts.drafter.outline(&shown, &work, row.started_unix_ms, &rules.due);
        }
        row
    }
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Next {
    call: String,
}

#[utoipa::path(post, path = "/api/queue/next", tag = "work", operation_id = "claim_next",
    responses((status = 200, description = "the first of those that wait and that nobody held; it is yours now", body = Next),
              (status = 204, description = "there is none"),
              (status = 403, description = "not from this desk", body = Problem)))]
pub(in crate::review) async fn next(State(desk): State<Desk>, agent: Agent) -> Result<Response, WorkProblem> {
    match desk.parts.reviews.claim_next(desk.hand(&agent)).await? {
        Some(row) => {
            desk.tell_review(&row);
            audit(&desk, &agent, What::Reveal, Some(row.call), None).await?;
            Ok(Json(Next { call: row.call.to_string() }).into_response())
        }
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Categories {
    categories: Vec<Category>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Category {
    code: String,
    /// In English (`en`), Simplified (`zh-Hans`) and Traditional Chinese (`zh-Hant`).
    #[schema(value_type = Object)]
    name: Names,
}

#[utoipa::path(get, path = "/api/categories", tag = "work", operation_id = "list_categories",
    responses((status = 200, description = "the categories that a draft may have, by code", body = Categories)))]
pub(in crate::review) async fn categories(State(desk): State<Desk>) -> Json<Categories> {
    let names = desk.parts.drafter.categories();
    let mut categories: Vec<Category> = names.into_iter().map(|(code, name)| Category { code, name }).collect();
    categories.sort_by(|a, b| a.code.cmp(&b.code));
    Json(Categories { categories })
}
