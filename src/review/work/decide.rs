//! What becomes of a draft, and taking that back within ten seconds.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Desk, Inner, Opened, WorkProblem, if_match, millis, object};
use crate::call::{CallId, Decision};
use crate::config::limits;
use crate::draft::repeats;
use crate::draft::work::{Correction, Verdict, corrections, decided, states, text, to_do};
use crate::intake::problem::Problem;
use crate::review::call_id;
use crate::review::people::Agent;
use crate::review::people::audit::audit;
use crate::review::view::stamp;
use crate::store::Refused;
use crate::store::people::What;
use crate::store::reviews::{NewCorrection, NewDecision, Told};

/// Characters of a reason, and of a unit.
const MOST_REASON: usize = 1_000;
const MOST_UNIT: usize = 200;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::review) struct DecisionBody {
    /// `approve`, `redirect`, `call_back`, `wrong_number`, `reject`, `answered` or `merge`.
    #[schema(value_type = String)]
    decision: Decision,
    /// `reject` needs one.
    #[serde(default)]
    reason: Option<String>,
    /// Whose matter it is; `redirect` needs one.
    #[serde(default)]
    unit: Option<String>,
    /// The id of the call it belongs to; `merge` needs one.
    #[serde(default)]
    into: Option<String>,
    /// How long the draft was before you.
    #[serde(default)]
    took_ms: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct DecisionMade {
    /// Until then it can be taken back (DELETE); then it is delivered.
    undo_until: String,
}

const EXPECTED: &str = "{\"decision\": \"approve\"}; decisions are approve, redirect (with \"unit\"), call_back, \
                        wrong_number, reject (with \"reason\"), answered, merge (with \"into\")";

#[utoipa::path(post, path = "/api/calls/{id}/decision", tag = "work", operation_id = "decide",
    params(("id" = String, Path, description = "call id"),
           ("If-Match" = String, Header, description = "the ETag of the review that is decided")),
    request_body(content = DecisionBody, content_type = "application/json"),
    responses((status = 200, description = "decided: the next version of the draft, delivered in ten seconds", body = DecisionMade),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call", body = Problem),
              (status = 409, description = "another holds it (`holder`), it is decided, the call is up, or a merge would make a \
               chain (type `merged`)", body = WorkProblem),
              (status = 412, description = "the review has changed; it is in `current`", body = WorkProblem),
              (status = 422, description = "it cannot be approved yet (`errors` says of each field why), or a reason or unit is \
               missing", body = WorkProblem),
              (status = 428, description = "no If-Match", body = Problem)))]
pub(in crate::review) async fn decide(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<DecisionMade>, WorkProblem> {
    let call = call_id(&id)?;
    let opened = desk.open(call).await?;
    let revision = if_match(&headers)?;
    let given = checked(object(&body, EXPECTED)?)?;
    let new = desk.decision(opened, &agent, revision, given).await?;
    let (decision, undo_until) = (new.decision, stamp(new.undo_until_unix_ms));
    match desk.parts.reviews.decide(new).await {
        Ok(row) => desk.tell_review(&row),
        Err(error) => return Err(desk.refused(call, &agent, error).await),
    }
    audit(&desk, &agent, What::Decide, Some(call), Some(decision.as_str().to_owned())).await?;
    metrics::counter!("heardline_review_decisions_total", "decision" => decision.as_str()).increment(1);
    tracing::info!(%call, %decision, "a draft was decided at the desk");
    Ok(Json(DecisionMade { undo_until }))
}

const INTO: &str = "/review/into";

/// Reason and unit trimmed, and there where they must be.
fn checked(given: DecisionBody) -> Result<DecisionBody, WorkProblem> {
    let DecisionBody { decision, reason, unit, into, took_ms } = given;
    let tidy = |name: &str, given: Option<String>, most: usize, lines: bool| -> Result<Option<String>, WorkProblem> {
        let given = given.filter(|text| !text.trim().is_empty());
        let tidied = given.map(|given| text(&given.into(), most, lines)).transpose();
        tidied.map_err(|detail| WorkProblem::field(&format!("/review/{name}"), detail))
    };
    let (reason, unit) = (tidy("reason", reason, MOST_REASON, true)?, tidy("unit", unit, MOST_UNIT, false)?);
    match decision {
        Decision::Reject if reason.is_none() => Err(WorkProblem::field("/review/reason", "say why there is no ticket")),
        Decision::Redirect if unit.is_none() => Err(WorkProblem::field("/review/unit", "say whose matter it is")),
        Decision::Merge if into.is_none() => Err(WorkProblem::field(INTO, "say which call it belongs to")),
        _ if decision != Decision::Merge && into.is_some() => Err(WorkProblem::field(INTO, "only `merge` has it")),
        _ => Ok(DecisionBody { decision, reason, unit, into, took_ms }),
    }
}

impl Inner {
    /// What is to be written, or why it must not.
    async fn decision(
        &self,
        opened: Opened,
        agent: &Agent,
        revision: u32,
        given: DecisionBody,
    ) -> Result<NewDecision, WorkProblem> {
        let Opened { row, newest, work, shown, rules, ended_unix_ms } = opened;
        let call = row.call;
        let hand = self.hand(agent);
        if let Some(decision) = row.decision {
            return Err(crate::store::StoreError::from(Refused::Decided { by: decision.by }).into());
        }
        let (Some(newest), Some(shown), true) = (newest, shown, row.complete) else {
            let state = "its words are not all there".to_owned();
            return Err(crate::store::StoreError::from(Refused::NotOver { state }).into());
        };
        if row.revision != revision {
            return Err(self.refused(call, agent, Refused::Stale.into()).await);
        }
        let states = states(&shown, &work);
        if given.decision == Decision::Approve {
            let open = to_do(&states, &self.parts.reviews.seen(call).await?);
            if !open.is_empty() {
                return Err(WorkProblem::fields("this draft cannot be approved yet", open));
            }
        }
        let made = corrections(&newest, &shown, &work, &agent.name);
        let DecisionBody { decision, reason, unit, into, took_ms } = given;
        let into = match into {
            Some(id) => Some(self.target(call, &id).await?),
            None => None,
        };
        let pair = |told: &Told| (told.call.to_string(), told.reference.to_string());
        let verdict = Verdict {
            decision,
            by: hand.by.clone(),
            at_unix_ms: hand.now_unix_ms,
            reason: reason.clone(),
            unit: unit.clone(),
            into: into.as_ref().map(pair),
            merged: self.parts.reviews.merged(call).await?.iter().map(pair).collect(),
        };
        let draft = decided(shown, newest.version, &states, &made, verdict);
        let id = draft.draft_id.parse().map_err(|_| super::unreadable())?;
        Ok(NewDecision {
            call,
            revision,
            decision,
            reason,
            unit,
            into,
            took_ms,
            draft: id,
            version: draft.version,
            body: serde_json::to_string(&draft).map_err(|_| super::unreadable())?,
            endpoints: self.parts.endpoints.clone(),
            undo_until_unix_ms: hand.now_unix_ms.saturating_add(millis(limits::UNDO)),
            outline: self.parts.drafter.outline(&draft, &work, ended_unix_ms, &rules.due),
            traces: repeats::traces(&draft),
            corrections: made.into_iter().map(stored).collect(),
            hand,
        })
    }
}

impl Inner {
    /// The call that `call` is to be merged into. Whether it may is asked again when it is written.
    async fn target(&self, call: CallId, id: &str) -> Result<Told, WorkProblem> {
        let other = self.told_of_id(id).await?.filter(|other| other.call != call);
        let other = other.ok_or_else(|| WorkProblem::field(INTO, "there is no such other call; it may be erased"))?;
        // Also makes a review that is still owed.
        self.open(other.call).await.map_err(|_| WorkProblem::field(INTO, "that call has no draft; take another"))?;
        Ok(other)
    }
}

fn stored(one: Correction) -> NewCorrection {
    NewCorrection {
        by: one.by,
        pointer: one.pointer,
        field: one.field.to_owned(),
        category: one.category,
        kind: one.kind,
        old: one.old.to_string(),
        new: one.new.to_string(),
        evidence: one.evidence.to_string(),
    }
}

#[utoipa::path(delete, path = "/api/calls/{id}/decision", tag = "work", operation_id = "undo_decision",
    params(("id" = String, Path, description = "call id")),
    responses((status = 204, description = "taken back: nothing of it was delivered; the draft is yours for five minutes"),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call", body = Problem),
              (status = 409, description = "nothing is decided, it is on its way, or another decided it", body = WorkProblem)))]
pub(in crate::review) async fn undo(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
) -> Result<StatusCode, WorkProblem> {
    let call = call_id(&id)?;
    let row = desk.parts.reviews.undo(call, desk.hand(&agent), agent.leads()).await?;
    desk.tell_review(&row);
    audit(&desk, &agent, What::Decide, Some(call), Some("taken back".to_owned())).await?;
    metrics::counter!("heardline_review_undone_total").increment(1);
    tracing::info!(%call, "a decision was taken back at the desk");
    Ok(StatusCode::NO_CONTENT)
}
