//! Calls merged into others: one deep, whoever merges what at the same time.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::find;
use crate::call::CallId;
use crate::store::StoreError;
use crate::store::reviews::{Refused, Told};
use crate::store::sqlite::rows::{self, Reader};

/// Whether `call` may go into `target`. Asked within the change, so that of two people who merge at once one is refused.
pub(super) async fn allowed(conn: &mut SqliteConnection, call: CallId, target: CallId) -> Result<(), StoreError> {
    if let Some(held) = into(conn, call).await?.into_iter().next() {
        return Err(Refused::HoldsMerged { reference: held.reference }.into());
    }
    let unknown = || StoreError::NotFound { what: "call to merge into", id: target.to_string() };
    match find(conn, target).await? {
        super::Found::Nothing => Err(unknown()),
        super::Found::Untouched { state } if !super::UP.contains(&state.as_str()) => Err(unknown()),
        super::Found::Untouched { .. } => Ok(()),
        super::Found::Row(row) => match row.decision.and_then(|decision| decision.into) {
            Some(Told { reference, .. }) => Err(Refused::Merged { reference }.into()),
            None => Ok(()),
        },
    }
}

/// Calls that were merged into this one, oldest first.
pub(super) async fn into(conn: &mut SqliteConnection, call: CallId) -> Result<Vec<Told>, StoreError> {
    let sql = "SELECT review.call, call.reference FROM review JOIN call ON call.id = review.call
               WHERE review.merged_into = ? AND call.erased_unix_ms IS NULL ORDER BY review.call";
    let found = sqlx::query(sql).bind(call.to_string()).fetch_all(conn).await?;
    Ok(rows::readable(found.iter().map(told)))
}

pub(super) fn told(row: &SqliteRow) -> Result<Told, StoreError> {
    let r = Reader::new(row, "call", "call");
    Ok(Told { call: r.parse("call")?, reference: r.parse("reference")? })
}
