//! Danger heard in a call. It is raised once, by the words that were heard first, and only a person clears it.

use serde::{Deserialize, Serialize};

use super::MediaSpan;

/// Whose matter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    Fire,
    Medical,
    Police,
}

impl ServiceKind {
    pub const ALL: [Self; 3] = [Self::Fire, Self::Medical, Self::Police];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fire => "fire",
            Self::Medical => "medical",
            Self::Police => "police",
        }
    }
}

/// Which words it was heard in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeardIn {
    /// Words that were shown while the caller still spoke. The final ones may differ.
    Partial,
    Final,
}

impl HeardIn {
    pub const ALL: [Self; 2] = [Self::Partial, Self::Final];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::Final => "final",
        }
    }
}

/// Where an emergency stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmergencyState {
    Raised,
    /// A person at the desk has taken it.
    Acknowledged,
    /// Nobody did in time: counted, and logged as an error.
    Escalated,
}

impl EmergencyState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
        }
    }
}

/// What was heard, and where in the recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Danger {
    pub service: ServiceKind,
    /// What the caller is told to dial: the line's emergency number.
    pub number: String,
    /// The hazard words, verbatim.
    pub quote: String,
    #[serde(flatten)]
    pub span: MediaSpan,
    pub heard_in: HeardIn,
    pub raised_unix_ms: i64,
}
