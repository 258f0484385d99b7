//! The only door to what survives: SQLite rows and WAV files.
//!
//! [`Store`] is a trait so that another database can follow with the same tests; [`sqlite`] is the first.
//! One writer commits in groups; a method returns only when its change is durable (WAL, `synchronous=FULL`).

pub mod backup;
pub mod emergency;
pub mod erase;
pub mod layout;
pub mod people;
pub mod reviews;
pub mod search;
pub mod sqlite;

pub use emergency::{Acknowledged, Emergencies, EmergencyRow, NewEmergency};
pub use erase::{Erasable, Erased, Eraser};
pub use layout::DataDir;
pub use people::People;
pub use reviews::{Refused, Reviews};
pub use sqlite::SqliteStore;

use std::path::PathBuf;

use async_trait::async_trait;

use crate::call::{
    CallId, CallState, Coverage, DeliveryKind, DraftId, Earlier, EndCause, LineQuality, LostSpan, Origin, Outline,
    Party, ReadBack, Reference, Since, Traces, Transfer, Utterance,
};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path}: {reason}; point [data] dir at a folder this user may write")]
    NotWritable { path: PathBuf, reason: String },
    #[error("{path}: another heardline uses this data folder; stop it, or give this one its own [data] dir")]
    InUse { path: PathBuf },
    #[error(
        "{path}: made by a newer heardline (schema {found}, this program knows {known}); run that version or restore a backup"
    )]
    NewerSchema { path: PathBuf, found: i64, known: i64 },
    #[error(
        "{path}: used by an older heardline (schema {found}, this program needs {needed}); restart the gateway with this version"
    )]
    OlderSchema { path: PathBuf, found: i64, needed: i64 },
    #[error("{path}: a restore into it was broken off; remove it and restore again")]
    HalfRestored { path: PathBuf },
    #[error("database: {0}")]
    Database(String),
    #[error("there is a {what} {id} already")]
    Exists { what: &'static str, id: String },
    #[error("no {what} {id}")]
    NotFound { what: &'static str, id: String },
    #[error("row of {what} {id} is damaged: {reason}")]
    Damaged { what: &'static str, id: String, reason: String },
    #[error("call {id} is {state} and must be {wanted} for this; nothing was changed")]
    WrongState { id: CallId, state: String, wanted: &'static str },
    #[error("{0}; nothing was changed")]
    Refused(#[from] Refused),
    #[error("the store is shutting down")]
    Closed,
}

/// A call as it is when its INVITE was admitted.
#[derive(Clone, Debug)]
pub struct NewCall {
    pub id: CallId,
    pub line: String,
    pub party: Party,
    pub origin: Origin,
    pub dialled: Option<String>,
    /// The earlier call it adds to: both go under that call's reference. Ignored when that call is gone or erased.
    pub follows: Option<CallId>,
    pub started_unix_ms: i64,
}

/// One stored call.
#[derive(Clone, Debug)]
pub struct CallRow {
    pub id: CallId,
    /// As the caller is told: the first call's where one adds to another.
    pub reference: Reference,
    pub line: String,
    pub state: CallState,
    pub cause: Option<EndCause>,
    pub party: Party,
    pub origin: Origin,
    pub dialled: Option<String>,
    /// The earlier call it adds to.
    pub follows: Option<CallId>,
    pub started_unix_ms: i64,
    pub answered_unix_ms: Option<i64>,
    pub ended_unix_ms: Option<i64>,
    /// When the notice began and ended, in media time.
    pub notice: Option<crate::call::MediaSpan>,
    pub duration_ms: Option<u64>,
    pub coverage: Option<Coverage>,
    pub recording: Option<RecordingRow>,
    /// `None` unless the call was answered and lived to its end.
    pub line_quality: Option<LineQuality>,
    /// Digits the caller pressed, in order.
    pub dtmf: String,
    /// Numbers that were read back to the caller, in order.
    pub read_backs: Vec<ReadBack>,
    /// `None`: nobody asked for the caller to be passed on.
    pub transfer: Option<Transfer>,
    /// How far the call was heard when its progress was last noted; after a crash the recording may go a little
    /// further. `None`: never noted.
    pub heard_ms: Option<u64>,
    /// A segment gained words that the newest draft lacks.
    pub redraft: bool,
    /// When it was erased: only id, reference, line, state, cause and times are left.
    pub erased_unix_ms: Option<i64>,
}

/// What is known in mid-call that the recording does not tell after a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Spans that were concealed so far.
    pub lost: Vec<LostSpan>,
    /// The notice, as far as it was played.
    pub notice: Option<crate::call::MediaSpan>,
    pub dtmf: String,
    pub read_backs: Vec<ReadBack>,
    pub transfer: Option<Transfer>,
    /// Media time up to which all this holds.
    pub heard_ms: u64,
}

/// A finished recording, beside its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRow {
    pub sha256: String,
    pub duration_ms: u64,
    pub rate: u32,
}

/// What is known once the audio is complete.
#[derive(Clone, Debug)]
pub struct CallEnd {
    pub cause: EndCause,
    pub ended_unix_ms: i64,
    pub duration_ms: u64,
    pub recording: Option<RecordingRow>,
    /// Spans that were concealed, so that recovery can rebuild the ledger.
    pub lost: Vec<LostSpan>,
    pub notice: Option<crate::call::MediaSpan>,
    pub dtmf: String,
    pub read_backs: Vec<ReadBack>,
    pub transfer: Option<Transfer>,
    /// `None`: the gateway did not live to see the end.
    pub line_quality: Option<LineQuality>,
}

/// A draft as committed. `body` is frozen: every delivery posts exactly these bytes.
#[derive(Clone, Debug)]
pub struct CompletedDraft {
    pub call: CallId,
    pub draft: DraftId,
    pub version: u32,
    pub body: String,
    pub coverage: Coverage,
    pub created_unix_ms: i64,
    /// Endpoint names each owed one delivery.
    pub endpoints: Vec<String>,
    /// What later calls find this one by; those of an earlier version are replaced.
    pub traces: Traces,
    /// What the queue shows of it.
    pub outline: Outline,
}

/// What is owed to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Draft {
        draft: DraftId,
        version: u32,
    },
    /// The event of the call's emergency.
    Emergency,
}

impl Subject {
    pub fn kind(self) -> DeliveryKind {
        match self {
            Self::Draft { .. } => DeliveryKind::Draft,
            Self::Emergency => DeliveryKind::Emergency,
        }
    }
}

/// One draft version, or the event of an emergency, owed to one endpoint.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// Also the `webhook-id` of every attempt.
    pub id: String,
    pub call: CallId,
    pub subject: Subject,
    pub endpoint: String,
    pub state: DeliveryState,
    /// Since it was owed or last replayed; the log of attempts goes on counting.
    pub attempts: u32,
    pub next_attempt_unix_ms: i64,
    pub last_status: Option<u16>,
    /// What went wrong last, for the operator; never a body.
    pub last_error: Option<String>,
    pub delivered_unix_ms: Option<i64>,
    pub created_unix_ms: i64,
}

impl DeliveryRow {
    /// Of a draft: which, and its version.
    pub fn draft(&self) -> Option<(DraftId, u32)> {
        match self.subject {
            Subject::Draft { draft, version } => Some((draft, version)),
            Subject::Emergency => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// Refused for good or stopped; visible, replayable.
    Dead,
}

impl DeliveryState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// Result of one attempt.
#[derive(Clone, Debug)]
pub struct AttemptResult {
    pub delivery: String,
    pub at_unix_ms: i64,
    pub status: Option<u16>,
    pub error: Option<String>,
    pub next: NextStep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    Done,
    RetryAt { unix_ms: i64 },
    Park,
}

/// How many deliveries wait and how many were parked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    pub pending: u64,
    pub dead: u64,
}

/// What the built-in endpoint did with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    Accepted,
    /// The same id with the same body came before.
    Duplicate,
    /// The same idempotency key with another body.
    Conflict,
}

/// A page of calls, newest first.
#[derive(Clone, Debug)]
pub struct CallPage {
    pub calls: Vec<CallRow>,
    /// Calls of this page whose row cannot be read.
    pub damaged: Vec<CallId>,
    /// Pass as `before` to get the next page.
    pub next: Option<CallId>,
}

#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Inserts the row in state `ringing` and draws its reference; answers the one to tell the caller. Durable when it
    /// returns.
    async fn create_call(&self, call: NewCall) -> Result<Reference, StoreError>;
    /// The 200 OK is about to leave: state `live`. [`StoreError::WrongState`] unless it was `ringing`.
    async fn answer_call(&self, call: CallId, at_unix_ms: i64) -> Result<(), StoreError>;
    /// Never answered: state `refused`, final. Changes nothing when the audio is complete already.
    async fn refuse_call(&self, call: CallId, cause: EndCause, at_unix_ms: i64) -> Result<(), StoreError>;
    /// Overwrites what was noted before. Ignored unless the call is `live`.
    async fn note_progress(&self, call: CallId, progress: Progress) -> Result<(), StoreError>;
    /// Audio complete: state `finishing`. A second call with the same id changes nothing.
    async fn end_call(&self, call: CallId, end: CallEnd) -> Result<(), StoreError>;
    /// Idempotent by (call, seq).
    async fn append_utterance(&self, call: CallId, utterance: Utterance) -> Result<(), StoreError>;
    /// Another try at a segment that had no words; changes nothing where it has some by now.
    async fn fill_in(&self, call: CallId, utterance: Utterance) -> Result<(), StoreError>;
    /// The draft as it stands in mid-call; overwritten by the next, ignored once a complete one exists.
    async fn put_live_draft(&self, call: CallId, body: String) -> Result<(), StoreError>;
    /// Draft, outbox rows and state `done` in one transaction. `false`: a complete draft of this version or a later one was
    /// there already, or the one before it is gone, and nothing changed. [`StoreError::WrongState`] unless the call is
    /// `finishing` (`done` for a later version).
    async fn complete_draft(&self, draft: CompletedDraft) -> Result<bool, StoreError>;

    /// Calls with a complete draft that share a number, a category or the quoted reference with `traces`, without
    /// `call` itself and what was erased. A bounded number of each kind, newest first. The default: this store finds none.
    async fn earlier(&self, call: CallId, traces: &Traces, since: Since) -> Result<Vec<Earlier>, StoreError> {
        let (_, _, _) = (call, traces, since);
        Ok(Vec::new())
    }

    async fn call(&self, call: CallId) -> Result<Option<CallRow>, StoreError>;
    /// `(body, complete?)`: the frozen draft (its newest version) if there is one, else the live one.
    async fn draft(&self, call: CallId) -> Result<Option<(String, bool)>, StoreError>;
    /// In order of their spans. A damaged one comes back as `Unrecognised` over its span, without words, so that
    /// the draft can be made of the others and says that listening is needed.
    async fn utterances(&self, call: CallId) -> Result<Vec<Utterance>, StoreError>;
    /// Finished calls with segments that another try may give words (as long as fewer than `tries` were made at one of
    /// them), or with words that their newest draft lacks. Oldest first.
    async fn to_fill_in(&self, tries: u32, limit: u32) -> Result<Vec<CallId>, StoreError>;
    /// Spans given to `end_call`, before that to `note_progress`, as lost, as far as they can be read.
    async fn lost_spans(&self, call: CallId) -> Result<Vec<LostSpan>, StoreError>;
    async fn calls(&self, before: Option<CallId>, limit: u32) -> Result<CallPage, StoreError>;
    /// Calls in no final state, oldest first: what boot recovery must carry on.
    async fn unfinished(&self) -> Result<Vec<CallRow>, StoreError>;
    /// Calls that may be unfinished but whose row cannot be read: recovery leaves them, a person must look.
    async fn damaged(&self) -> Result<Vec<CallId>, StoreError>;

    /// Those of drafts first.
    async fn deliveries(&self, call: CallId) -> Result<Vec<DeliveryRow>, StoreError>;
    /// Pending and due at `now`, with their frozen bodies: emergencies first, then the oldest. At most `limit` of each.
    async fn due_deliveries(&self, now_unix_ms: i64, limit: u32) -> Result<Vec<(DeliveryRow, String)>, StoreError>;
    /// When the earliest pending delivery is due.
    async fn next_due(&self) -> Result<Option<i64>, StoreError>;
    async fn record_attempt(&self, result: AttemptResult) -> Result<(), StoreError>;
    async fn dead_deliveries(&self, limit: u32) -> Result<Vec<DeliveryRow>, StoreError>;
    /// Dead back to pending, due at once, with the whole schedule before it again. The body stays as it was.
    async fn replay(&self, delivery: &str, now_unix_ms: i64) -> Result<(), StoreError>;
    /// All pending deliveries of an endpoint become due at `unix_ms` (an endpoint that came back drains).
    async fn make_due(&self, endpoint: &str, unix_ms: i64) -> Result<(), StoreError>;

    /// For the gauges, asked about once a second. `None`: this store does not count.
    async fn delivery_counts(&self) -> Result<Option<DeliveryCounts>, StoreError> {
        Ok(None)
    }

    /// The built-in endpoint: keeps a received draft once.
    async fn receive(
        &self,
        webhook_id: &str,
        idempotency_key: &str,
        body_sha256: &str,
        body: &str,
        at_unix_ms: i64,
    ) -> Result<Received, StoreError>;
    /// Drafts the built-in endpoint holds: (webhook id, body), newest first.
    async fn received(&self, limit: u32) -> Result<Vec<(String, String)>, StoreError>;

    /// Waits for queued writes, then closes.
    async fn close(&self);
}
