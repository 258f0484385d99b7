//! A number that was read back to the caller.

use serde::{Deserialize, Serialize};

use super::MediaTime;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Yes,
    No,
}

/// What the caller answers aloud is in their words from `at` on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBack {
    /// Digits, as they were read.
    pub number: String,
    /// When we began to read.
    pub at: MediaTime,
    /// The answer of a key.
    pub key: Option<Answer>,
}
