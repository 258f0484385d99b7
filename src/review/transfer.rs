//! Passing a live call on to its line's own destination. How that is done is the line's matter; here it is asked for and shown.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::people::Agent;
use super::people::audit::audit;
use super::{Desk, call_id};
use crate::call::{CallId, Origin, Transfer, TransferState};
use crate::intake::problem::Problem;
use crate::store::CallRow;
use crate::store::people::What;

/// Live calls that can be passed on.
pub trait Transfers: Send + Sync {
    /// `None`: it is not on the line, or there is nowhere to pass it on to.
    fn of(&self, call: CallId) -> Option<Transfer>;
    /// Returns at once; what comes of it is told as events.
    fn ask(&self, call: CallId) -> Result<(), NotPossible>;
}

/// Why a call cannot be passed on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPossible {
    /// There is no such live call, or its line names no destination.
    Nowhere,
    UnderWay,
    /// It went through, or the call ends just now.
    Over,
}

/// Where a live call may be passed on to, and what came of it.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferView {
    /// Whom the line calls: `999 (sip:999@trunk.example)`.
    pub to: String,
    /// `possible`, `asked`, `done` or `failed`; what failed may be asked for again while the call goes on.
    pub state: &'static str,
    /// What the line told last.
    pub detail: Option<String>,
}

impl From<Transfer> for TransferView {
    fn from(transfer: Transfer) -> Self {
        let Transfer { to, state, detail } = transfer;
        Self { to: named(&to), state: state.as_str(), detail }
    }
}

/// People read the number, the trunk the address.
fn named(uri: &str) -> String {
    let user = uri.split_once(':').and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    user.map_or_else(|| uri.to_owned(), |user| format!("{user} ({uri})"))
}

/// What is shown of a call: as it stands on the line, else as its row keeps it. `live` was asked for before `row` was read,
/// lest a call that ended in between show neither.
pub(super) fn shown(live: Option<Transfer>, row: &CallRow) -> Option<TransferView> {
    live.or_else(|| row.transfer.clone().map(Transfer::over)).map(Into::into)
}

/// The transfer was asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferAsked {
    /// `asked`.
    state: &'static str,
}

#[utoipa::path(post, path = "/api/calls/{id}/transfer", tag = "calls", operation_id = "transfer_call",
    params(("id" = String, Path, description = "call id")),
    responses((status = 202, description = "the line was asked to pass the caller on; the event `transfer` tells what \
               comes of it, and the call goes on until then", body = TransferAsked),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 404, description = "no such call", body = Problem),
              (status = 409, description = "it cannot be passed on now; `detail` says why", body = Problem)))]
pub(super) async fn ask(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<TransferAsked>), Problem> {
    let call = call_id(&id)?;
    let row = desk.parts.store.call(call).await?.ok_or_else(|| Problem::not_found("there is no such call"))?;
    if let Err(why) = desk.parts.transfers.ask(call) {
        return Err(Problem::new(StatusCode::CONFLICT, "transfer", told(why, &row)));
    }
    tracing::info!(%call, "an agent asked for the caller to be passed on");
    audit(&desk, &agent, What::Transfer, Some(call), None).await?;
    Ok((StatusCode::ACCEPTED, Json(TransferAsked { state: TransferState::Asked.as_str() })))
}

fn told(why: NotPossible, row: &CallRow) -> String {
    match why {
        NotPossible::UnderWay => "the caller is being passed on already".to_owned(),
        NotPossible::Over => "the call is over".to_owned(),
        NotPossible::Nowhere if row.ended_unix_ms.is_some() || row.state.is_final() => "the call is over".to_owned(),
        NotPossible::Nowhere if row.answered_unix_ms.is_none() => "the call is not answered yet".to_owned(),
        NotPossible::Nowhere if !matches!(row.origin, Origin::Sip { .. }) => {
            "only calls that came over a telephone line can be passed on; call the caller back".to_owned()
        }
        NotPossible::Nowhere => {
            format!("line {:?} names no destination; set its emergency_transfer in the configuration", row.line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_shown_with_the_number_that_people_know() {
        assert_eq!(named("sip:999@trunk.example"), "999 (sip:999@trunk.example)");
        assert_eq!(named("sips:desk@[::1]:5061;transport=tcp"), "desk (sips:desk@[::1]:5061;transport=tcp)");
        assert_eq!(named("sip:trunk.example"), "sip:trunk.example");
    }
}
