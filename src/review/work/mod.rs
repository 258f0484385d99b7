//! The work at drafts: lists, who holds which, what is entered and decided, and what was corrected.
//!
//! The guard of what is entered is the revision (`If-Match`), not the lease: a lease says in the lists who is at it. What
//! the fields of a draft are and how each stands is said in `draft::work`; here is who may do what, over HTTP.

pub(super) mod claim;
pub(super) mod corrections;
pub(super) mod decide;
pub(super) mod edit;
pub(super) mod figures;
pub(super) mod matters;
mod owed;
pub(super) mod queue;
mod refusal;
pub(super) mod view;

use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::people::Agent;
use super::people::audit::audit;
use super::{Desk, Inner};
use crate::call::{CallEvent, CallId, CallState};
use crate::config::{DueMinutes, UrgencyHours, limits};
use crate::draft::schema::TicketDraft;
use crate::draft::work::Work;
use crate::intake::problem::Problem;
use crate::store::people::What;
use crate::store::reviews::{Hand, ReviewRow};
use crate::store::{CallRow, StoreError};

pub use owed::take_up;
pub(super) use refusal::WorkProblem;
use view::ReviewView;

/// What of the configuration in force the work at drafts of a line goes by.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub due: DueMinutes,
    pub hours: UrgencyHours,
    /// Numbering plans, as the line has them.
    pub regions: Vec<String>,
}

/// A draft with the work at it.
pub(in crate::review) struct Opened {
    row: ReviewRow,
    /// What the machine read last, or the decided version; `None` while nothing was heard.
    newest: Option<TicketDraft>,
    work: Work,
    /// What people see.
    shown: Option<TicketDraft>,
    rules: Rules,
    /// End of the call; its start while it is up.
    ended_unix_ms: i64,
}

impl Inner {
    /// Who does it now, and holds it from now on.
    fn hand(&self, agent: &Agent) -> Hand {
        let now_unix_ms = self.parts.clock.unix_ms();
        let until_unix_ms = now_unix_ms.saturating_add(millis(limits::LEASE));
        Hand { by: agent.name.clone(), now_unix_ms, until_unix_ms }
    }

    /// Who holds a call sees its caller; so does this machine's own user, without accounts.
    pub(in crate::review) async fn sees_caller(&self, agent: &Agent, call: CallId) -> Result<bool, Problem> {
        if agent.is_local() {
            return Ok(true);
        }
        let row = self.parts.reviews.review(call).await?;
        let now = self.parts.clock.unix_ms();
        Ok(row.is_some_and(|row| row.holder(now).is_some_and(|lease| lease.by == agent.name)))
    }

    async fn open(&self, call: CallId) -> Result<Opened, Problem> {
        // The row before the draft: where a later version comes between, what is then written is refused as stale.
        let row = self.parts.reviews.review(call).await?;
        let known = self.parts.store.call(call).await?.filter(|row| row.erased_unix_ms.is_none());
        let known = known.ok_or_else(|| Problem::not_found("there is no such call"))?;
        let draft = self.parts.store.draft(call).await?;
        let newest = draft.as_ref().map(|(body, _)| read(body)).transpose()?;
        let complete = draft.is_some_and(|(_, complete)| complete);
        let row = match row {
            Some(row) => row,
            None => self.begun(&known, newest.as_ref().filter(|_| complete)).await?,
        };
        let work = match &row.work {
            Some(work) => serde_json::from_str(work).map_err(|_| unreadable())?,
            None => Work::default(),
        };
        let rules = (self.parts.rules)(&known.line);
        let shown = newest.clone().map(|newest| match row.decision {
            Some(_) => newest,
            None => self.parts.drafter.with_work(&work, newest, &rules.hours),
        });
        let ended_unix_ms = known.ended_unix_ms.unwrap_or(known.started_unix_ms);
        Ok(Opened { row, newest, work, shown, rules, ended_unix_ms })
    }

    /// The review of a call that has none: it is owed, or nobody has touched a call that is up.
    async fn begun(&self, call: &CallRow, complete: Option<&TicketDraft>) -> Result<ReviewRow, Problem> {
        let absent = || Problem::not_found("this call was never answered, so there is no draft to work at");
        if let Some(draft) = complete {
            let outline = owed::outline(&self.parts.drafter, &(self.parts.rules)(&call.line), call, draft);
            self.parts.reviews.take_up(vec![(call.id, outline)]).await?;
            return self.parts.reviews.review(call.id).await?.ok_or_else(absent);
        }
        if !matches!(call.state, CallState::Live | CallState::Finishing) {
            return Err(absent());
        }
        Ok(ReviewRow {
            call: call.id,
            revision: ReviewRow::UNTOUCHED,
            complete: false,
            outline: Default::default(),
            work: None,
            lease: None,
            decision: None,
        })
    }

    async fn view(&self, call: CallId, agent: &Agent) -> Result<ReviewView, Problem> {
        let opened = self.open(call).await?;
        let seen = self.parts.reviews.seen(call).await?;
        let merged = self.parts.reviews.merged(call).await?;
        Ok(ReviewView::new(&opened, &seen, &merged, agent, self.parts.clock.unix_ms()))
    }

    /// Tells whoever watches, after it was written down.
    fn tell_review(&self, row: &ReviewRow) {
        let now = self.parts.clock.unix_ms();
        let holder = row.holder(now).map(|lease| lease.by.clone());
        let event = CallEvent::Review { call: row.call, revision: row.revision, state: row.state(now), holder };
        let _nobody_watches = self.parts.events.send(event);
    }

    /// A change that the store refused: one that is stale says what there is instead.
    async fn refused(&self, call: CallId, agent: &Agent, error: StoreError) -> WorkProblem {
        if !matches!(error, StoreError::Refused(crate::store::Refused::Stale)) {
            return error.into();
        }
        match self.again(call, agent).await {
            Ok(current) => WorkProblem::stale(current),
            Err(problem) => problem.into(),
        }
    }

    /// What there is now, for somebody to lay beside what they typed: theirs again where nobody else holds it, because
    /// a caller's name cannot be merged unseen.
    async fn again(&self, call: CallId, agent: &Agent) -> Result<ReviewView, Problem> {
        if !self.sees_caller(agent, call).await?
            && let Ok(row) = self.parts.reviews.claim(call, self.hand(agent), false).await
        {
            self.tell_review(&row);
            audit(self, agent, What::Reveal, Some(call), None).await?;
        }
        self.view(call, agent).await
    }
}

fn read(body: &str) -> Result<TicketDraft, Problem> {
    serde_json::from_str(body).map_err(|_| unreadable())
}

fn unreadable() -> Problem {
    let detail = "this draft cannot be read by this program; it was made by a later one, or its row is damaged";
    Problem::new(StatusCode::CONFLICT, "unreadable", detail)
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The revision that a change is made on.
fn if_match(headers: &HeaderMap) -> Result<u32, Problem> {
    let given = headers.get(header::IF_MATCH).ok_or_else(|| {
        let detail = "send If-Match with the ETag of the review, for example \"3\"";
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "if-match", detail)
    })?;
    let revision = given.to_str().ok().and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    revision.ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "if-match",
            "If-Match: expected one revision in quotes, for example \"3\"",
        )
    })
}

/// A JSON object of the form `T`, or what would be right.
fn object<T: DeserializeOwned>(body: &[u8], expected: &str) -> Result<T, Problem> {
    if body.len() > limits::MAX_WORK_BODY {
        let detail = format!("the body has at most {} bytes", limits::MAX_WORK_BODY);
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail));
    }
    // Read as an object first: a list would pass for the members in their order.
    let members: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
    let given = members.and_then(|members| T::deserialize(Value::Object(members)).ok());
    given.ok_or_else(|| super::inbox::unprocessable("body", &format!("expected a JSON object: {expected}")))
}
