//! Looks at calls and what was heard in them. They never wait for the writer.

use sqlx::SqlitePool;

use super::rows;
use crate::call::{CallId, LostSpan, Utterance};
use crate::store::{CallPage, CallRow, StoreError};

pub(super) async fn call(readers: &SqlitePool, call: CallId) -> Result<Option<CallRow>, StoreError> {
    let row = sqlx::query("SELECT * FROM call WHERE id = ?").bind(call.to_string()).fetch_optional(readers).await?;
    row.as_ref().map(rows::call).transpose()
}

/// The newest complete version, else the live one.
pub(super) async fn draft(readers: &SqlitePool, call: CallId) -> Result<Option<(String, bool)>, StoreError> {
    let draft = sqlx::query_as(
        "SELECT body, complete FROM (
             SELECT body, version, TRUE AS complete FROM draft WHERE call = ?1
             UNION ALL SELECT body, 0, FALSE FROM live_draft WHERE call = ?1)
         ORDER BY complete DESC, version DESC LIMIT 1",
    )
    .bind(call.to_string())
    .fetch_optional(readers)
    .await?;
    Ok(draft)
}

pub(super) async fn utterances(readers: &SqlitePool, call: CallId) -> Result<Vec<Utterance>, StoreError> {
    let found = sqlx::query("SELECT * FROM utterance WHERE call = ? ORDER BY start_ms, seq")
        .bind(call.to_string())
        .fetch_all(readers)
        .await?;
    Ok(found.iter().map(rows::utterance_or_gap).collect())
}

/// The condition on `unheard` is that of the index `utterance_to_fill_in`, word for word.
pub(super) async fn to_fill_in(readers: &SqlitePool, tries: u32, limit: u32) -> Result<Vec<CallId>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT call.id FROM utterance JOIN call ON call.id = utterance.call
         WHERE utterance.unheard IN ('no_engine', 'engine_failed') AND utterance.tries < ?
               AND call.state = 'done' AND call.erased_unix_ms IS NULL
         UNION SELECT id FROM call WHERE redraft = 1 AND state = 'done' AND erased_unix_ms IS NULL
         ORDER BY 1 LIMIT ?",
    )
    .bind(tries)
    .bind(limit)
    .fetch_all(readers)
    .await?;
    let id = |text: String| {
        text.parse().map_err(|_| StoreError::Damaged { what: "utterance", id: text, reason: "no call's id".into() })
    };
    found.into_iter().map(id).collect()
}

pub(super) async fn lost_spans(readers: &SqlitePool, call: CallId) -> Result<Vec<LostSpan>, StoreError> {
    let row = sqlx::query("SELECT id, lost FROM call WHERE id = ?")
        .bind(call.to_string())
        .fetch_optional(readers)
        .await?
        .ok_or_else(|| StoreError::NotFound { what: "call", id: call.to_string() })?;
    Ok(rows::lost_spans(&row))
}

pub(super) async fn calls(readers: &SqlitePool, before: Option<CallId>, limit: u32) -> Result<CallPage, StoreError> {
    // An id in text form is below "~", so the first page needs no statement of its own.
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    let mut found = sqlx::query("SELECT * FROM call WHERE id < ? ORDER BY id DESC LIMIT ?")
        .bind(before)
        .bind(i64::from(limit) + 1)
        .fetch_all(readers)
        .await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let (calls, damaged) = rows::calls(&found);
    // A damaged last row would end the paging early if its id came from the readable ones only.
    let next = if more { found.last().map(rows::call_id).transpose()? } else { None };
    Ok(CallPage { calls, damaged, next })
}

/// The condition is that of the index `call_unfinished`, word for word, or SQLite would not use it.
pub(super) const UNFINISHED: &str = "SELECT * FROM call WHERE state NOT IN ('done', 'refused') ORDER BY id";

pub(super) async fn unfinished(readers: &SqlitePool) -> Result<Vec<CallRow>, StoreError> {
    let found = sqlx::query(UNFINISHED).fetch_all(readers).await?;
    Ok(rows::calls(&found).0)
}

pub(super) async fn damaged(readers: &SqlitePool) -> Result<Vec<CallId>, StoreError> {
    let found = sqlx::query(UNFINISHED).fetch_all(readers).await?;
    Ok(rows::calls(&found).1)
}
