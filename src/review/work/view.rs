//! The JSON of the work at drafts.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Opened;
use crate::draft::work::{State, states};
use crate::review::people::{Agent, mask};
use crate::review::view::stamp;
use crate::store::reviews::{DecisionRow, QueueRow, Told};

/// A page of one list.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Queue {
    pub items: Vec<Item>,
    pub counts: Counts,
    /// Give as `before` for the next page.
    pub next: Option<String>,
}

/// Of all lists, whatever was asked for.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Counts {
    pub live: u64,
    pub waiting: u64,
    /// Waiting, and past their due time.
    pub overdue: u64,
    /// Held by whoever asks.
    pub mine: u64,
    /// Deliveries that were given up.
    pub dead: u64,
}

/// One call of a list.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Item {
    pub call: String,
    pub reference: String,
    pub line: String,
    pub title: Option<String>,
    pub category: Option<String>,
    /// `low`, `normal`, `high`, `urgent` or `emergency`.
    pub urgency: Option<String>,
    pub emergency: Option<Raised>,
    /// `live`, `waiting`, `held`, `deciding` (it can be taken back) or `decided`.
    pub state: &'static str,
    /// Who works at it; of a decided one, who decided it.
    pub holder: Option<String>,
    pub mine: bool,
    /// By when a person is to decide it; absent while the call is up.
    pub due_at: Option<String>,
    pub overdue: bool,
    /// Required fields that nothing is known of.
    pub missing: u32,
    /// Values to look at.
    pub check: u32,
    pub started_at: String,
    pub duration_ms: Option<u64>,
    /// Masked but for whoever holds it.
    pub number: Option<String>,
    pub place: Option<String>,
    /// Earlier calls it may have to do with.
    pub repeats: u32,
    /// `dead` (a delivery was given up) or `pending`.
    pub delivery: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Raised {
    /// `raised`, `acknowledged` or `escalated`.
    pub state: &'static str,
}

impl Item {
    pub fn new(row: QueueRow, agent: &Agent, now_unix_ms: i64) -> Self {
        let QueueRow { review, reference, line, started_unix_ms, duration_ms, emergency, delivery, .. } = row;
        let (state, outline) = (review.state(now_unix_ms), &review.outline);
        let holder = review.holder(now_unix_ms).map(|lease| &lease.by);
        let holder = holder.or(review.decision.as_ref().map(|decision| &decision.by));
        let mine = holder.is_some_and(|holder| *holder == agent.name);
        let reveals = mine || agent.is_local();
        let open = review.complete && review.decision.is_none();
        Self {
            call: review.call.to_string(),
            reference: reference.to_string(),
            line,
            title: outline.title.as_deref().map(|title| if reveals { title.to_owned() } else { mask::words(title) }),
            category: outline.category.clone(),
            urgency: outline.urgency.clone(),
            emergency: emergency.map(|state| Raised { state: state.as_str() }),
            state: state.as_str(),
            holder: holder.cloned(),
            mine,
            due_at: review.complete.then(|| stamp(outline.due_unix_ms)),
            overdue: open && outline.due_unix_ms <= now_unix_ms,
            missing: outline.missing,
            check: outline.check,
            started_at: stamp(started_unix_ms),
            duration_ms,
            number: outline.number.as_ref().map(|number| if reveals { number.clone() } else { mask::number(number) }),
            place: outline.place.clone(),
            repeats: outline.repeats,
            delivery: delivery.map(|state| state.as_str()),
        }
    }
}

/// The work at one draft.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct ReviewView {
    pub call: String,
    /// Also the `ETag`; give it as `If-Match`.
    pub revision: u32,
    /// As in the queue.
    pub state: &'static str,
    pub holder: Option<String>,
    pub mine: bool,
    /// When the holder's lease ends.
    pub until: Option<String>,
    pub due_at: Option<String>,
    /// As in `/api/schema/ticket-draft.json`, with what people entered; null while nothing was heard.
    #[schema(value_type = Option<Object>)]
    pub draft: Option<Value>,
    /// What there is to work at, issue by issue, then the call's.
    pub fields: Vec<FieldView>,
    pub decision: Option<DecisionView>,
    /// Calls that were merged into this one: with its own, so many callers.
    pub merged: Vec<ToldView>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct FieldView {
    /// JSON pointer (RFC 6901) into the draft.
    pub pointer: String,
    pub name: &'static str,
    /// `missing`, `check`, `sure`, `entered` or `not_said`.
    pub state: &'static str,
    /// Without it nobody approves the draft, unless the caller did not say it.
    pub required: bool,
    /// Somebody has looked at this very value.
    pub seen: bool,
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct DecisionView {
    /// `approve`, `redirect`, `call_back`, `wrong_number`, `reject`, `answered` or `merge`.
    pub decision: &'static str,
    pub by: String,
    pub at: String,
    pub reason: Option<String>,
    pub unit: Option<String>,
    /// Of `merge`.
    pub into: Option<ToldView>,
    /// Until then it can be taken back.
    pub undo_until: Option<String>,
}

/// A call, and the number that its caller was told.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct ToldView {
    pub call: String,
    pub reference: String,
}

impl From<&Told> for ToldView {
    fn from(told: &Told) -> Self {
        Self { call: told.call.to_string(), reference: told.reference.to_string() }
    }
}

impl DecisionView {
    fn new(row: &DecisionRow, now_unix_ms: i64) -> Self {
        Self {
            decision: row.decision.as_str(),
            by: row.by.clone(),
            at: stamp(row.at_unix_ms),
            reason: row.reason.clone(),
            unit: row.unit.clone(),
            into: row.into.as_ref().map(ToldView::from),
            undo_until: (now_unix_ms < row.undo_until_unix_ms).then(|| stamp(row.undo_until_unix_ms)),
        }
    }
}

impl ReviewView {
    pub fn new(
        opened: &Opened,
        seen: &BTreeMap<String, String>,
        merged: &[Told],
        agent: &Agent,
        now_unix_ms: i64,
    ) -> Self {
        let row = &opened.row;
        let lease = row.holder(now_unix_ms);
        let fields = opened.shown.as_ref().map(|shown| states(shown, &opened.work)).unwrap_or_default();
        let view = |field: crate::draft::work::FieldState| FieldView {
            seen: field.is_seen(seen) || matches!(field.state, State::Entered | State::NotSaid),
            pointer: field.pointer,
            name: field.name,
            state: field.state.as_str(),
            required: field.required,
        };
        let mine = lease.is_some_and(|lease| lease.by == agent.name);
        let reveals = mine || agent.is_local();
        let draft = opened.shown.as_ref().and_then(|shown| serde_json::to_value(shown).ok());
        Self {
            call: row.call.to_string(),
            revision: row.revision,
            state: row.state(now_unix_ms).as_str(),
            holder: lease.map(|lease| lease.by.clone()),
            mine,
            until: lease.map(|lease| stamp(lease.until_unix_ms)),
            due_at: row.complete.then(|| stamp(row.outline.due_unix_ms)),
            draft: draft.map(|mut draft| {
                if !reveals {
                    mask::draft(&mut draft);
                }
                draft
            }),
            fields: fields.into_iter().map(view).collect(),
            decision: row.decision.as_ref().map(|decision| DecisionView::new(decision, now_unix_ms)),
            merged: merged.iter().map(ToldView::from).collect(),
        }
    }
}
