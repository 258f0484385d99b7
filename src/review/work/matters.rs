//! Matters of a call that are split or joined, and links between calls.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::ReviewView;
use super::{Desk, Inner, WorkProblem, if_match, object};
use crate::call::{CallId, Reference};
use crate::draft::schema::TicketDraft;
use crate::draft::work::{Matters, Work, Wrong};
use crate::intake::problem::Problem;
use crate::review::call_id;
use crate::review::people::Agent;
use crate::store::reviews::Told;

/// Either `split`, or `join` and `into`: an `issue_id` of the draft each.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::review) struct MattersBody {
    #[serde(default)]
    split: Option<String>,
    #[serde(default)]
    join: Option<String>,
    #[serde(default)]
    into: Option<String>,
}

const MATTERS_EXPECTED: &str = "{\"split\": \"i1\"} or {\"join\": \"i2\", \"into\": \"i1\"}";

impl MattersBody {
    fn asked(self) -> Option<Matters> {
        match (self.split, self.join, self.into) {
            (Some(issue), None, None) => Some(Matters::Split { issue }),
            (None, Some(from), Some(into)) => Some(Matters::Join { from, into }),
            _ => None,
        }
    }
}

#[utoipa::path(post, path = "/api/calls/{id}/issues", tag = "work", operation_id = "change_matters",
    params(("id" = String, Path, description = "call id"),
           ("If-Match" = String, Header, description = "the ETag of the review that is changed")),
    request_body(content = MattersBody, content_type = "application/json"),
    responses((status = 200, description = "one matter more (a copy without category, both descriptions to be looked at), or \
               two in one with the words of both", body = ReviewView),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call", body = Problem),
              (status = 409, description = "another holds it (`holder`), or it is decided", body = WorkProblem),
              (status = 412, description = "the review has changed; it is in `current`", body = WorkProblem),
              (status = 422, description = "no such matter, too many, or too long together (`errors`)", body = WorkProblem),
              (status = 428, description = "no If-Match", body = Problem)))]
pub(in crate::review) async fn matters(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<ReviewView, WorkProblem> {
    let opened = desk.open(call_id(&id)?).await?;
    let revision = if_match(&headers)?;
    let given: MattersBody = object(&body, MATTERS_EXPECTED)?;
    let asked = given.asked().ok_or_else(|| expected(MATTERS_EXPECTED))?;
    let told = match &asked {
        Matters::Split { issue } => format!("split {issue}"),
        Matters::Join { from, into } => format!("join {from} into {into}"),
    };
    let change = |desk: &Inner, work: &Work, shown: &TicketDraft, _: &[String]| {
        let made = desk.parts.drafter.matters(work, shown, &asked, &agent.name);
        made.map_err(|detail| vec![Wrong { pointer: "/issues".to_owned(), detail }])
    };
    desk.change(opened, &agent, revision, told, change).await
}

/// The other call by one of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::review) struct LinkBody {
    #[serde(default)]
    call: Option<String>,
    /// The number that its caller was told, ten digits.
    #[serde(default)]
    reference: Option<String>,
    /// `true`: they belong together; `false`: they have nothing to do with each other; null: as the machine said.
    linked: Option<bool>,
}

const LINK_EXPECTED: &str = "{\"call\": \"<call id>\", \"linked\": true}, or \"reference\" with ten digits in the place \
                             of \"call\"; linked is true, false or null";

#[utoipa::path(post, path = "/api/calls/{id}/links", tag = "work", operation_id = "link_call",
    params(("id" = String, Path, description = "call id"),
           ("If-Match" = String, Header, description = "the ETag of the review that is changed")),
    request_body(content = LinkBody, content_type = "application/json"),
    responses((status = 200, description = "it is in `related` of the draft, with `confirmed`", body = ReviewView),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call", body = Problem),
              (status = 409, description = "another holds it (`holder`), or it is decided", body = WorkProblem),
              (status = 412, description = "the review has changed; it is in `current`", body = WorkProblem),
              (status = 422, description = "there is no such other call", body = WorkProblem),
              (status = 428, description = "no If-Match", body = Problem)))]
pub(in crate::review) async fn link(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<ReviewView, WorkProblem> {
    let call = call_id(&id)?;
    let opened = desk.open(call).await?;
    let revision = if_match(&headers)?;
    let LinkBody { call: other, reference, linked } = object(&body, LINK_EXPECTED)?;
    let (pointer, other) = match (other, reference) {
        (Some(other), None) => ("/call", desk.told_of_id(&other).await?),
        (None, Some(reference)) => ("/reference", desk.told_of_reference(&reference).await?),
        _ => return Err(expected(LINK_EXPECTED)),
    };
    let other = other.filter(|other| other.call != call);
    let other = other.ok_or_else(|| WorkProblem::field(pointer, "there is no such other call; it may be erased"))?;
    let said = match linked {
        Some(true) => "belongs to",
        Some(false) => "has nothing to do with",
        None => "no longer says anything of",
    };
    let told = format!("{said} {}", other.call);
    let change = |_: &Inner, work: &Work, _: &TicketDraft, _: &[String]| {
        let mut next = work.clone();
        let detail = "too many calls are linked to this one; take one back first".to_owned();
        match next.link(&other.call.to_string(), other.reference.as_str(), linked) {
            true => Ok(next),
            false => Err(vec![Wrong { pointer: pointer.to_owned(), detail }]),
        }
    };
    desk.change(opened, &agent, revision, told, change).await
}

fn expected(form: &str) -> WorkProblem {
    crate::review::inbox::unprocessable("body", &format!("expected {form}")).into()
}

impl Inner {
    /// A call that is there, by the text of its id.
    pub(super) async fn told_of_id(&self, id: &str) -> Result<Option<Told>, Problem> {
        let Ok(call) = id.parse::<CallId>() else { return Ok(None) };
        let row = self.parts.store.call(call).await?.filter(|row| row.erased_unix_ms.is_none());
        Ok(row.map(|row| Told { call, reference: row.reference }))
    }

    async fn told_of_reference(&self, text: &str) -> Result<Option<Told>, Problem> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let Ok(reference) = digits.parse::<Reference>() else { return Ok(None) };
        Ok(self.parts.reviews.told(&reference).await?)
    }
}
