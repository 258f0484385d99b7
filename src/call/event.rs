//! What a watcher of a call is told while it happens.

use serde::{Deserialize, Serialize};

use super::{
    CallId, CallState, Danger, EmergencyState, EndCause, Hypothesis, MediaTime, ReviewState, TransferState, Utterance,
};

/// What a delivery delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    Draft,
    /// The event of an emergency within the call.
    Emergency,
}

impl DeliveryKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Emergency => "emergency",
        }
    }
}

/// One live event. Lossy by design: the store holds the truth, a watcher that missed one reads it there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CallEvent {
    State {
        call: CallId,
        state: CallState,
        cause: Option<EndCause>,
    },
    /// The 200 OK left.
    Answered {
        call: CallId,
        line: String,
        codec: String,
    },
    Partial {
        call: CallId,
        at: MediaTime,
        hypothesis: Hypothesis,
    },
    Final {
        call: CallId,
        utterance: Utterance,
    },
    /// The draft as it stands; `complete` once it is committed. JSON of `draft::schema::TicketDraft`.
    Draft {
        call: CallId,
        complete: bool,
        draft: serde_json::Value,
    },
    Dtmf {
        call: CallId,
        digit: char,
        at: MediaTime,
    },
    /// It was written down before this is told.
    Emergency {
        call: CallId,
        state: EmergencyState,
        danger: Danger,
    },
    Delivery {
        call: CallId,
        kind: DeliveryKind,
        state: String,
    },
    /// Somebody claimed its draft, gave it back, edited it, decided it or took that back.
    Review {
        call: CallId,
        revision: u32,
        state: ReviewState,
        /// Name of the account that works at it.
        holder: Option<String>,
    },
    /// An agent asked for the caller to be passed on, or the line tells what comes of it.
    Transfer {
        call: CallId,
        state: TransferState,
        detail: Option<String>,
    },
    /// Its sound and words are gone.
    Erased {
        call: CallId,
    },
}

impl CallEvent {
    pub fn call(&self) -> CallId {
        match self {
            Self::State { call, .. }
            | Self::Answered { call, .. }
            | Self::Partial { call, .. }
            | Self::Final { call, .. }
            | Self::Draft { call, .. }
            | Self::Dtmf { call, .. }
            | Self::Emergency { call, .. }
            | Self::Delivery { call, .. }
            | Self::Review { call, .. }
            | Self::Transfer { call, .. }
            | Self::Erased { call } => *call,
        }
    }

    /// Name of the event on the SSE stream.
    pub fn name(&self) -> &'static str {
        match self {
            Self::State { .. } => "state",
            Self::Answered { .. } => "answered",
            Self::Partial { .. } => "partial",
            Self::Final { .. } => "final",
            Self::Draft { .. } => "draft",
            Self::Dtmf { .. } => "dtmf",
            Self::Emergency { .. } => "emergency",
            Self::Delivery { .. } => "delivery",
            Self::Review { .. } => "review",
            Self::Transfer { .. } => "transfer",
            Self::Erased { .. } => "erased",
        }
    }
}
