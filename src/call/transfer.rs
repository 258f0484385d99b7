//! A caller who is passed on to somebody else while they speak.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::state::{UnknownName, named_enum};

named_enum!(
    /// How far it has come. What failed may be asked for again.
    TransferState, "state of a transfer", {
        Possible = "possible",
        Asked = "asked",
        /// The destination has the caller.
        Done = "done",
        Failed = "failed",
    }
);

/// Where a call may be passed on to, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The SIP URI of the configuration.
    pub to: String,
    pub state: TransferState,
    /// What the line told last, in words; nothing that a caller said.
    pub detail: Option<String>,
}

impl Transfer {
    pub fn possible(to: &str) -> Self {
        Self { to: to.to_owned(), state: TransferState::Possible, detail: None }
    }

    /// `None` unless somebody asked for it.
    pub fn asked_for(self) -> Option<Self> {
        (self.state != TransferState::Possible).then_some(self)
    }

    /// The call is over: what was not told by now never will be.
    pub fn over(mut self) -> Self {
        if self.state == TransferState::Asked {
            self.state = TransferState::Failed;
            self.detail = Some("the call ended before the line told what became of the transfer".to_owned());
        }
        self
    }
}
