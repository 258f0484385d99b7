//! Puts finished calls into a store many times faster than they could come: for the benchmark of the desk.
//!
//! The rows are those that the writer's own commands make; only the commits are fewer.

use sqlx::{Connection as _, SqliteConnection};

use super::search::keep;
use super::writer::Command as _;
use super::{StoreError, calls, open, outbox};
use crate::call::Utterance;
use crate::store::search::Owed;
use crate::store::{CallEnd, CompletedDraft, DataDir, NewCall};

/// Calls of one transaction.
const AT_ONCE: usize = 2_000;

/// A call that is over.
pub struct Finished {
    pub call: NewCall,
    pub said: Vec<Utterance>,
    pub end: CallEnd,
    pub draft: CompletedDraft,
    /// For the search.
    pub terms: String,
    /// By this person; `None`: it waits.
    pub decided_by: Option<&'static str>,
}

/// Into the database of `data`, which is made or migrated as needed.
pub async fn fill(data: &DataDir, calls: impl Iterator<Item = Finished>) -> Result<(), StoreError> {
    let (mut conn, readers) = open::open(&data.database()).await?;
    let mut calls = calls.peekable();
    while calls.peek().is_some() {
        let mut transaction = conn.begin().await?;
        for call in calls.by_ref().take(AT_ONCE) {
            put(&mut transaction, call).await?;
        }
        transaction.commit().await?;
    }
    readers.close().await;
    conn.close().await?;
    Ok(())
}

async fn put(conn: &mut SqliteConnection, finished: Finished) -> Result<(), StoreError> {
    let Finished { call, said, end, draft, terms, decided_by } = finished;
    let (id, at_unix_ms) = (call.id, call.started_unix_ms);
    calls::CreateCall { call, draw: calls::draw_nine_digits }.apply(conn).await?;
    calls::AnswerCall { call: id, at_unix_ms }.apply(conn).await?;
    for utterance in said {
        calls::AppendUtterance { call: id, utterance }.apply(conn).await?;
    }
    let ended_unix_ms = end.ended_unix_ms;
    calls::EndCall { call: id, end }.apply(conn).await?;
    outbox::CompleteDraft(draft).apply(conn).await?;
    keep(conn, &Owed { call: id, turn: 1 }, &terms).await?;
    if let Some(by) = decided_by {
        sqlx::query(
            "UPDATE review SET decision = 'answered', decided_by = ?2, decided_unix_ms = ?3, decided_version = 1,
                    undo_until_unix_ms = ?3, took_ms = 30000 WHERE call = ?1",
        )
        .bind(id.to_string())
        .bind(by)
        .bind(ended_unix_ms)
        .execute(conn)
        .await?;
    }
    Ok(())
}
