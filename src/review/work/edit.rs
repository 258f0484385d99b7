//! One draft: read, entered into, looked at.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::view::ReviewView;
use super::{Desk, Inner, Opened, WorkProblem, if_match, object};
use crate::draft::schema::TicketDraft;
use crate::draft::work::{Edit, Entry, MOST_EDITS, Work, Wrong, states};
use crate::intake::problem::Problem;
use crate::review::call_id;
use crate::review::people::Agent;
use crate::review::people::audit::audit;
use crate::store::Refused;
use crate::store::people::What;
use crate::store::reviews::Edited;

/// With its revision as the entity tag.
impl IntoResponse for ReviewView {
    fn into_response(self) -> Response {
        let tag = HeaderValue::from_str(&format!("\"{}\"", self.revision));
        let mut response = Json(self).into_response();
        if let Ok(tag) = tag {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

#[utoipa::path(get, path = "/api/calls/{id}/review", tag = "work", operation_id = "get_review",
    params(("id" = String, Path, description = "call id")),
    responses((status = 200, description = "the draft as people work at it; its revision is the ETag", body = ReviewView),
              (status = 404, description = "no such call, or it was never answered", body = Problem),
              (status = 409, description = "its draft cannot be read", body = Problem)))]
pub(in crate::review) async fn review(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
) -> Result<ReviewView, Problem> {
    desk.view(call_id(&id)?, &agent).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::review) struct Edits {
    /// At most 64.
    edits: Vec<OneEdit>,
}

/// Either a value, or that the caller did not say it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::review) struct OneEdit {
    /// JSON pointer (RFC 6901) to a field of the draft; `/caller/phones` for a number that is not in it.
    pointer: String,
    #[serde(default)]
    #[schema(value_type = Object)]
    value: Option<Value>,
    #[serde(default)]
    not_said: bool,
}

const EXPECTED: &str = "{\"edits\": [{\"pointer\": \"/caller/name\", \"value\": \"Ann Lee\"}, {\"pointer\": \
                        \"/caller/phones\", \"not_said\": true}]}, 1 to 64 of them";

fn edits(body: &[u8]) -> Result<Vec<Edit>, Problem> {
    let Edits { edits } = object(body, EXPECTED)?;
    let entry = |one: OneEdit| match (one.value, one.not_said) {
        (Some(value), false) => Some(Edit { pointer: one.pointer, entry: Entry::Value(value) }),
        (None, true) => Some(Edit { pointer: one.pointer, entry: Entry::NotSaid }),
        _ => None,
    };
    let count = edits.len();
    let read: Option<Vec<Edit>> = edits.into_iter().map(entry).collect();
    let read = read.filter(|_| (1..=MOST_EDITS).contains(&count));
    read.ok_or_else(|| crate::review::inbox::unprocessable("body", &format!("expected {EXPECTED}")))
}

#[utoipa::path(patch, path = "/api/calls/{id}/review", tag = "work", operation_id = "edit_review",
    params(("id" = String, Path, description = "call id"),
           ("If-Match" = String, Header, description = "the ETag of the review that was edited")),
    request_body(content = Edits, content_type = "application/json"),
    responses((status = 200, description = "all of it is written; the draft is yours for five minutes", body = ReviewView),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call", body = Problem),
              (status = 409, description = "another holds it (`holder`), or it is decided", body = WorkProblem),
              (status = 412, description = "the review has changed; it is in `current`", body = WorkProblem),
              (status = 422, description = "a value that cannot stand there (`errors`); none was written", body = WorkProblem),
              (status = 428, description = "no If-Match", body = Problem)))]
pub(in crate::review) async fn edit(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<ReviewView, WorkProblem> {
    let call = call_id(&id)?;
    let opened = desk.open(call).await?;
    let revision = if_match(&headers)?;
    let edits = edits(&body)?;
    let pointers = edits.iter().map(|edit| edit.pointer.as_str()).collect::<Vec<_>>().join(" ");
    let change = |desk: &Inner, work: &Work, shown: &TicketDraft, regions: &[String]| {
        desk.parts.drafter.edit(work, shown, &edits, &agent.name, regions)
    };
    desk.change(opened, &agent, revision, pointers, change).await
}

impl Inner {
    /// Makes a change of what people entered, of the draft as they saw it: written, told, and in the audit.
    pub(super) async fn change(
        &self,
        opened: Opened,
        agent: &Agent,
        revision: u32,
        told: String,
        change: impl FnOnce(&Self, &Work, &TicketDraft, &[String]) -> Result<Work, Vec<Wrong>>,
    ) -> Result<ReviewView, WorkProblem> {
        let call = opened.row.call;
        let edited = self.edited(opened, agent, revision, change).await?;
        match self.parts.reviews.edit(edited).await {
            Ok(row) => self.tell_review(&row),
            Err(error) => return Err(self.refused(call, agent, error).await),
        }
        audit(self, agent, What::Edit, Some(call), Some(told)).await?;
        Ok(self.view(call, agent).await?)
    }

    /// What is to be written, or why it must not.
    async fn edited(
        &self,
        opened: Opened,
        agent: &Agent,
        revision: u32,
        change: impl FnOnce(&Self, &Work, &TicketDraft, &[String]) -> Result<Work, Vec<Wrong>>,
    ) -> Result<Edited, WorkProblem> {
        let call = opened.row.call;
        let hand = self.hand(agent);
        if opened.row.revision != revision {
            let other = opened.row.holder(hand.now_unix_ms).filter(|lease| lease.by != agent.name);
            let held = other.map(|lease| Refused::Held { by: lease.by.clone() });
            return Err(self.refused(call, agent, held.unwrap_or(Refused::Stale).into()).await);
        }
        let Opened { newest, work, shown, rules, ended_unix_ms, .. } = opened;
        let (Some(newest), Some(shown)) = (newest, shown) else {
            return Err(WorkProblem::new(
                StatusCode::CONFLICT,
                "state",
                "nothing was heard yet; there is no draft to edit",
            ));
        };
        let work = change(self, &work, &shown, &rules.regions).map_err(|wrong| {
            WorkProblem::fields("a value cannot stand where it was entered; none was written", wrong)
        })?;
        let shown = self.parts.drafter.with_work(&work, newest, &rules.hours);
        let outline = self.parts.drafter.outline(&shown, &work, ended_unix_ms, &rules.due);
        let work = serde_json::to_string(&work).map_err(|_| super::unreadable())?;
        Ok(Edited { call, hand, revision, work, outline })
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::review) struct Seen {
    /// JSON pointers (RFC 6901) of fields of the review, at most 64.
    pointers: Vec<String>,
}

#[utoipa::path(post, path = "/api/calls/{id}/seen", tag = "work", operation_id = "note_seen",
    params(("id" = String, Path, description = "call id")),
    request_body(content = Seen, content_type = "application/json"),
    responses((status = 204, description = "noted, of the values as they stand; the revision stays"),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call", body = Problem),
              (status = 422, description = "no such field", body = WorkProblem)))]
pub(in crate::review) async fn seen(
    State(desk): State<Desk>,
    _agent: Agent,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, WorkProblem> {
    let call = call_id(&id)?;
    let opened = desk.open(call).await?;
    let expected = "{\"pointers\": [\"/caller/name\"]}, at most 64 of them";
    let Seen { pointers } = object(&body, expected)?;
    if pointers.len() > MOST_EDITS {
        return Err(crate::review::inbox::unprocessable("body", &format!("expected {expected}")).into());
    }
    let fields = opened.shown.as_ref().map(|shown| states(shown, &opened.work)).unwrap_or_default();
    let mut values = std::collections::BTreeMap::new();
    for pointer in pointers {
        let field = fields.iter().find(|field| field.pointer == pointer);
        let field = field.ok_or_else(|| WorkProblem::field(&pointer, "the review has no such field"))?;
        values.insert(field.key.clone(), field.value.clone());
    }
    desk.parts.reviews.note_seen(call, values).await?;
    Ok(StatusCode::NO_CONTENT)
}
