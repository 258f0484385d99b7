//! People of the desk: accounts, logins, and the audit of what they saw and did.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::call::CallId;

/// What the desk needs of a store about people. A method returns only when its change is durable.
#[async_trait]
pub trait People: Send + Sync + 'static {
    /// Disabled ones count: disabling the last account opens nothing.
    async fn has_accounts(&self) -> Result<bool, StoreError>;
    /// By name.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;
    /// Role and password hash (PHC string) of an account that may log in.
    async fn credentials(&self, name: &str) -> Result<Option<(Role, String)>, StoreError>;
    /// The change and its audit row in one transaction. Every change but [`AccountChange::Add`] ends the account's logins.
    ///
    /// [`StoreError::Exists`] for an account that is there, [`StoreError::NotFound`] for one that is not.
    async fn change_account(&self, name: &str, change: AccountChange, by: &str, at: i64) -> Result<(), StoreError>;

    /// Begins a login, with its audit row. `false`: the account was changed or removed while its password was checked.
    async fn log_in(&self, login: NewLogin) -> Result<bool, StoreError>;
    /// Whoever holds the token, as the account is now. `None`: nobody, or the account is disabled.
    async fn login(&self, token_sha256: &TokenHash) -> Result<Option<Login>, StoreError>;
    /// The login was used.
    async fn seen(&self, token_sha256: &TokenHash, at_unix_ms: i64) -> Result<(), StoreError>;
    async fn log_out(&self, token_sha256: &TokenHash) -> Result<(), StoreError>;

    /// Adds a row. With `quiet_ms` only when the same person did the same with the same call no less than so long before
    /// (a page that reads a call again at every event has seen it once).
    async fn add_audit(&self, row: NewAuditRow, quiet_ms: i64) -> Result<(), StoreError>;
    /// Oldest first.
    async fn audit(&self, asked: &AuditQuery, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError>;
}

/// SHA-256 of a login's token.
pub type TokenHash = [u8; 32];

/// What an account may do at the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Hears calls, corrects and decides drafts.
    Agent,
    /// The same, and takes drafts over from others.
    Supervisor,
    /// Everything, erasing included.
    Administrator,
    /// Reads the audit, and calls without names, numbers and voices; changes nothing.
    Auditor,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Agent, Self::Supervisor, Self::Administrator, Self::Auditor];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no role; roles are agent, supervisor, administrator, auditor"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub role: Role,
    pub disabled: bool,
    pub created_unix_ms: i64,
    pub last_login_unix_ms: Option<i64>,
}

/// Passwords are PHC strings (argon2id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    Add { role: Role, password: String },
    Role(Role),
    Password(String),
    Disable,
    Enable,
    Remove,
}

#[derive(Clone, Debug)]
pub struct NewLogin {
    pub token_sha256: TokenHash,
    pub account: String,
    /// The hash that the password was checked against.
    pub password: String,
    pub at_unix_ms: i64,
    /// Logins that began before the first, or were last seen before the second, are over and removed.
    pub over_before: (i64, i64),
    /// Logins of one account; with one more, the one unseen longest ends.
    pub most: u32,
    /// For the audit: where it comes from.
    pub from: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub account: String,
    pub role: Role,
    pub began_unix_ms: i64,
    pub seen_unix_ms: i64,
}

/// What somebody saw or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    View,
    /// Personal data was shown or heard.
    Reveal,
    Edit,
    Decide,
    Export,
    Erase,
    Acknowledge,
    /// A caller was to be passed on.
    Transfer,
    /// A delivery was sent again.
    Replay,
    Login,
    LoginFailed,
    UserChanged,
}

impl What {
    pub const ALL: [Self; 12] = [
        Self::View,
        Self::Reveal,
        Self::Edit,
        Self::Decide,
        Self::Export,
        Self::Erase,
        Self::Acknowledge,
        Self::Transfer,
        Self::Replay,
        Self::Login,
        Self::LoginFailed,
        Self::UserChanged,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Reveal => "reveal",
            Self::Edit => "edit",
            Self::Decide => "decide",
            Self::Export => "export",
            Self::Erase => "erase",
            Self::Acknowledge => "acknowledge",
            Self::Transfer => "transfer",
            Self::Replay => "replay",
            Self::Login => "login",
            Self::LoginFailed => "login_failed",
            Self::UserChanged => "user_changed",
        }
    }
}

/// `detail` never holds what a caller said, nor who they are: the row outlives the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditRow {
    pub at_unix_ms: i64,
    /// Name of an account; `local` for whoever works on this machine without one.
    pub who: String,
    pub what: What,
    pub call: Option<CallId>,
    pub detail: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Rises by one a row.
    pub id: i64,
    pub row: NewAuditRow,
}

/// Which rows of the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Not before.
    pub since_unix_ms: Option<i64>,
    /// Before.
    pub until_unix_ms: Option<i64>,
    pub who: Option<String>,
    pub call: Option<CallId>,
}
