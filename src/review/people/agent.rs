//! Who makes a request of the desk.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::intake::problem::Problem;
pub use crate::store::people::Role;

/// The name of whoever works on this machine without an account. No account may have it.
pub const LOCAL: &str = "local";

/// In the extensions of every request that `admit` let through, but for those that anyone may make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    pub name: String,
    pub role: Role,
}

impl Agent {
    /// Without accounts, and of commands on this machine.
    pub fn local() -> Self {
        Self { name: LOCAL.into(), role: Role::Administrator }
    }

    /// Has no account, so nothing is hidden from it and what it only looks at is not written down.
    pub fn is_local(&self) -> bool {
        self.name == LOCAL
    }
}

impl<S: Sync> FromRequestParts<S> for Agent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(not_logged_in)
    }
}

pub(super) fn not_logged_in() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "login", "log in first: POST /api/login with name and password")
}
