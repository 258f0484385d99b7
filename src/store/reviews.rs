//! What people do with drafts: who holds which, what they entered, what they decided, what they corrected.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{DeliveryState, StoreError};
use crate::call::{CallId, CorrectionKind, Decision, DraftId, EmergencyState, Outline, Reference, ReviewState, Traces};

/// What the work at drafts needs of a store. Changes are applied one after the other, so that of two people who do the
/// same at once one is refused ([`StoreError::Refused`]). A method returns only when its change is durable.
#[async_trait]
pub trait Reviews: Send + Sync + 'static {
    /// `None`: there is no such call, it is erased, it was never answered, or its review is still owed (`take_up`).
    async fn review(&self, call: CallId) -> Result<Option<ReviewRow>, StoreError>;
    /// Which value of which field somebody has looked at, as JSON text by the field's key.
    async fn seen(&self, call: CallId) -> Result<BTreeMap<String, String>, StoreError>;
    /// A page of calls, in the order of the list asked for.
    async fn queue(&self, asked: &Asked) -> Result<Vec<QueueRow>, StoreError>;
    async fn queue_counts(&self, who: &str, now_unix_ms: i64) -> Result<QueueCounts, StoreError>;

    /// Takes the lease, or prolongs it. Refused while another holds it, unless it is taken over.
    async fn claim(&self, call: CallId, hand: Hand, take_over: bool) -> Result<ReviewRow, StoreError>;
    /// Claims the first of those that wait and that nobody holds. `None`: there is none.
    async fn claim_next(&self, hand: Hand) -> Result<Option<ReviewRow>, StoreError>;
    /// Gives the lease back; of somebody who does not hold it changes nothing. `None`: nobody has touched the call.
    async fn give_back(&self, call: CallId, by: &str) -> Result<Option<ReviewRow>, StoreError>;
    /// Keeps what was entered, and takes the lease. Refused when the revision is another, another person holds it, or it
    /// is decided; that one's own lease ran out refuses nothing.
    async fn edit(&self, edited: Edited) -> Result<ReviewRow, StoreError>;
    /// Notes values that somebody looked at. Raises no revision.
    async fn note_seen(&self, call: CallId, values: BTreeMap<String, String>) -> Result<(), StoreError>;
    /// The decided version of the draft, the deliveries it owes and the corrections, in one transaction. Nothing of it is
    /// delivered before `undo_until_unix_ms`. Refused as an edit is, and while the call is up; a merge also where it would
    /// make a chain.
    async fn decide(&self, decided: NewDecision) -> Result<ReviewRow, StoreError>;
    /// Takes all of that away again. Refused once it is due or on its way, when a later version of the draft is there, or
    /// when another person decided it, unless `anybodys`.
    async fn undo(&self, call: CallId, hand: Hand, anybodys: bool) -> Result<ReviewRow, StoreError>;

    /// Calls that were merged into this one, oldest first.
    async fn merged(&self, call: CallId) -> Result<Vec<Told>, StoreError>;
    /// Who was told this number, unless it is erased.
    async fn told(&self, reference: &Reference) -> Result<Option<Told>, StoreError>;

    /// Corrections of decisions that cannot be taken back any more (made before `until_unix_ms`), oldest first, after the
    /// place `after` (time, id).
    async fn corrections(
        &self,
        after: (i64, i64),
        until_unix_ms: i64,
        limit: u32,
    ) -> Result<Vec<CorrectionRow>, StoreError>;
    /// How often fields were corrected, by category, in decisions made before `until_unix_ms`.
    async fn correction_rates(&self, until_unix_ms: i64) -> Result<Vec<CorrectionRate>, StoreError>;

    /// Who decided, and how long they had the draft before them (milliseconds, `None`: not known), of decisions made since.
    async fn decision_times(&self, since_unix_ms: i64) -> Result<Vec<(String, Option<u64>)>, StoreError>;

    /// Calls that were completed before there were reviews.
    async fn owed(&self, limit: u32) -> Result<Vec<CallId>, StoreError>;
    /// Makes the reviews that are owed. One that is there, or whose call is erased, changes nothing.
    async fn take_up(&self, owed: Vec<(CallId, Outline)>) -> Result<(), StoreError>;
}

/// Why the work at a draft was refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{by} works at this draft")]
    Held { by: String },
    #[error("the draft has changed since it was read")]
    Stale,
    #[error("{by} has decided this draft")]
    Decided { by: String },
    #[error("the call is not over: {state}")]
    NotOver { state: String },
    #[error("nothing is decided that could be taken back")]
    Undecided,
    #[error("{by} decided it; they or a supervisor can take it back")]
    Anothers { by: String },
    #[error("the decision is on its way; it cannot be taken back any more")]
    TooLate,
    #[error("that call was itself merged into {reference}; merge this one into {reference}")]
    Merged { reference: Reference },
    #[error("{reference} was merged into this call, which cannot go into another then")]
    HoldsMerged { reference: Reference },
}

/// Who does it, when, and until when they hold it from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hand {
    /// Name of an account.
    pub by: String,
    pub now_unix_ms: i64,
    pub until_unix_ms: i64,
}

/// The work at one draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRow {
    pub call: CallId,
    /// [`ReviewRow::UNTOUCHED`] of a call that is up and that nobody has touched.
    pub revision: u32,
    /// The draft is complete.
    pub complete: bool,
    pub outline: Outline,
    /// JSON of what people entered.
    pub work: Option<String>,
    /// It may have run out.
    pub lease: Option<Lease>,
    pub decision: Option<DecisionRow>,
}

impl ReviewRow {
    pub const UNTOUCHED: u32 = 1;

    pub fn holder(&self, now_unix_ms: i64) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| self.decision.is_none() && now_unix_ms < lease.until_unix_ms)
    }

    pub fn state(&self, now_unix_ms: i64) -> ReviewState {
        match &self.decision {
            Some(decision) if now_unix_ms < decision.undo_until_unix_ms => ReviewState::Deciding,
            Some(_) => ReviewState::Decided,
            None if !self.complete => ReviewState::Live,
            None if self.holder(now_unix_ms).is_some() => ReviewState::Held,
            None => ReviewState::Waiting,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub by: String,
    pub until_unix_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    pub decision: Decision,
    pub by: String,
    pub at_unix_ms: i64,
    pub reason: Option<String>,
    pub unit: Option<String>,
    /// The call it was merged into.
    pub into: Option<Told>,
    /// Of the draft.
    pub version: u32,
    pub undo_until_unix_ms: i64,
}

/// A call, and the number that its caller was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub call: CallId,
    pub reference: Reference,
}

/// What somebody entered.
#[derive(Clone, Debug)]
pub struct Edited {
    pub call: CallId,
    pub hand: Hand,
    /// The one that was edited.
    pub revision: u32,
    pub work: String,
    pub outline: Outline,
}

/// What somebody decided.
#[derive(Clone, Debug)]
pub struct NewDecision {
    pub call: CallId,
    pub hand: Hand,
    /// The one that was decided.
    pub revision: u32,
    pub decision: Decision,
    pub reason: Option<String>,
    pub unit: Option<String>,
    /// Of [`Decision::Merge`].
    pub into: Option<Told>,
    /// How long the draft was before whoever decided it.
    pub took_ms: Option<u32>,
    pub draft: DraftId,
    pub version: u32,
    /// Frozen, as every version is.
    pub body: String,
    /// Endpoint names each owed one delivery.
    pub endpoints: Vec<String>,
    pub undo_until_unix_ms: i64,
    pub outline: Outline,
    pub traces: Traces,
    pub corrections: Vec<NewCorrection>,
}

/// JSON of values and evidence is text here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCorrection {
    pub by: String,
    pub pointer: String,
    pub field: String,
    pub category: Option<String>,
    pub kind: CorrectionKind,
    pub old: String,
    pub new: String,
    pub evidence: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionRow {
    pub id: i64,
    pub call: CallId,
    pub draft: DraftId,
    pub at_unix_ms: i64,
    pub made: NewCorrection,
}

/// Of one field in one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionRate {
    pub category: Option<String>,
    pub field: String,
    /// Drafts of that category that were decided.
    pub decided: u64,
    pub entered: u64,
    pub corrected: u64,
    pub not_said: u64,
}

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Calls that are up, the oldest first.
    Live,
    /// Open drafts of calls that are over, by rank.
    Waiting,
    /// The newest decision first.
    Decided,
    /// The newest call first.
    All,
}

/// A page of a list. Empty filters let everything through.
#[derive(Clone, Debug)]
pub struct Asked {
    pub list: List,
    /// A code of the taxonomy, or the top level of some.
    pub category: Option<String>,
    pub line: Option<String>,
    /// Only what this person holds (of the decided: decided).
    pub mine: Option<String>,
    /// The last row of the page before: its number in the order of the list (rank, time of the decision; else 0), its call.
    pub after: Option<(i64, CallId)>,
    pub limit: u32,
    pub now_unix_ms: i64,
}

/// One line of a list.
#[derive(Clone, Debug)]
pub struct QueueRow {
    pub review: ReviewRow,
    /// For [`Asked::after`].
    pub place: i64,
    pub reference: Reference,
    pub line: String,
    pub started_unix_ms: i64,
    pub duration_ms: Option<u64>,
    pub emergency: Option<EmergencyState>,
    /// The draft as it stands while the call is up.
    pub live_draft: Option<String>,
    /// `dead` before `pending`.
    pub delivery: Option<DeliveryState>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    pub live: u64,
    pub waiting: u64,
    pub overdue: u64,
    pub mine: u64,
    /// Deliveries that were given up.
    pub dead: u64,
}
