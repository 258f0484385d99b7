//! Claims, edits, what was looked at.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::{Found, UP, completed, find, known, review};
use crate::call::{CallId, Outline};
use crate::store::StoreError;
use crate::store::reviews::{Edited, Hand, Refused, ReviewRow};
use crate::store::sqlite::calls::wrong_state;
use crate::store::sqlite::rows::json;
use crate::store::sqlite::writer::Command;

pub(super) struct Claim {
    pub call: CallId,
    pub hand: Hand,
    pub take_over: bool,
}

impl Command for Claim {
    type Answer = ReviewRow;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<ReviewRow, StoreError> {
        let row = touched(conn, self.call, &self.hand).await?;
        open_to(&row, &self.hand, self.take_over)?;
        hold(conn, self.call, &self.hand).await
    }
}

/// The row, made now where the call is up and nobody has touched it before.
pub(super) async fn touched(conn: &mut SqliteConnection, call: CallId, hand: &Hand) -> Result<ReviewRow, StoreError> {
    match find(conn, call).await? {
        Found::Row(row) => return Ok(*row),
        Found::Nothing => return known(conn, call).await,
        Found::Untouched { state } if !UP.contains(&state.as_str()) => {
            return Err(wrong_state(conn, call, "answered").await?);
        }
        Found::Untouched { .. } => {}
    }
    let outline = Outline { due_unix_ms: hand.now_unix_ms, ..Outline::default() };
    sqlx::query(
        "INSERT INTO review (call, line, revision, complete, outline, rank, due_unix_ms)
         SELECT id, line, ?2, 0, ?3, ?4, ?5 FROM call WHERE id = ?1",
    )
    .bind(call.to_string())
    .bind(ReviewRow::UNTOUCHED)
    .bind(json(&outline)?)
    .bind(outline.rank())
    .bind(outline.due_unix_ms)
    .execute(&mut *conn)
    .await?;
    known(conn, call).await
}

/// Whether this person may work at it now.
pub(super) fn open_to(row: &ReviewRow, hand: &Hand, take_over: bool) -> Result<(), Refused> {
    if let Some(decision) = &row.decision {
        return Err(Refused::Decided { by: decision.by.clone() });
    }
    match row.holder(hand.now_unix_ms) {
        Some(lease) if lease.by != hand.by && !take_over => Err(Refused::Held { by: lease.by.clone() }),
        _ => Ok(()),
    }
}

async fn hold(conn: &mut SqliteConnection, call: CallId, hand: &Hand) -> Result<ReviewRow, StoreError> {
    sqlx::query("UPDATE review SET holder = ?, held_until_unix_ms = ? WHERE call = ?")
        .bind(&hand.by)
        .bind(hand.until_unix_ms)
        .bind(call.to_string())
        .execute(&mut *conn)
        .await?;
    known(conn, call).await
}

pub(super) struct ClaimNext {
    pub hand: Hand,
}

/// The conditions on `review` are those of the index `review_open`, word for word, or SQLite would not use it.
pub(in crate::store::sqlite) const FIRST_FREE: &str =
    "SELECT review.* FROM review CROSS JOIN call ON call.id = review.call
     WHERE review.complete = 1 AND review.decision IS NULL
           AND (review.holder IS NULL OR review.held_until_unix_ms <= ?) AND call.erased_unix_ms IS NULL
     ORDER BY review.rank, review.call LIMIT 1";

impl Command for ClaimNext {
    type Answer = Option<ReviewRow>;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<Option<ReviewRow>, StoreError> {
        let found = sqlx::query(FIRST_FREE).bind(self.hand.now_unix_ms).fetch_optional(&mut *conn).await?;
        match found {
            Some(row) => Ok(Some(hold(conn, review(&row)?.call, &self.hand).await?)),
            None => Ok(None),
        }
    }
}

pub(super) struct GiveBack {
    pub call: CallId,
    pub by: String,
}

impl Command for GiveBack {
    type Answer = Option<ReviewRow>;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<Option<ReviewRow>, StoreError> {
        sqlx::query("UPDATE review SET holder = NULL, held_until_unix_ms = NULL WHERE call = ? AND holder = ?")
            .bind(self.call.to_string())
            .bind(&self.by)
            .execute(&mut *conn)
            .await?;
        match find(conn, self.call).await? {
            Found::Nothing => Err(StoreError::NotFound { what: "call", id: self.call.to_string() }),
            found => Ok(found.review()),
        }
    }
}

pub(super) struct Edit(pub Edited);

impl Command for Edit {
    type Answer = ReviewRow;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<ReviewRow, StoreError> {
        let Edited { call, hand, revision, work, outline } = &self.0;
        let row = touched(conn, *call, hand).await?;
        open_to(&row, hand, false)?;
        if row.revision != *revision {
            return Err(Refused::Stale.into());
        }
        sqlx::query(
            "UPDATE review SET revision = revision + 1, work = ?, outline = ?, rank = ?, due_unix_ms = ?, category = ?
             WHERE call = ?",
        )
        .bind(work)
        .bind(json(outline)?)
        .bind(outline.rank())
        .bind(outline.due_unix_ms)
        .bind(&outline.category)
        .bind(call.to_string())
        .execute(&mut *conn)
        .await?;
        hold(conn, *call, hand).await
    }
}

pub(super) struct NoteSeen {
    pub call: CallId,
    pub values: BTreeMap<String, String>,
}

impl Command for NoteSeen {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        if matches!(find(conn, self.call).await?, Found::Nothing) {
            return Err(StoreError::NotFound { what: "review", id: self.call.to_string() });
        }
        for (field, value) in &self.values {
            sqlx::query(
                "INSERT INTO review_seen (call, field, value) VALUES (?, ?, ?)
                 ON CONFLICT (call, field) DO UPDATE SET value = excluded.value",
            )
            .bind(self.call.to_string())
            .bind(field)
            .bind(value)
            .execute(&mut *conn)
            .await?;
        }
        Ok(())
    }
}

pub(super) struct TakeUp(pub Vec<(CallId, Outline)>);

impl Command for TakeUp {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        for (call, outline) in &self.0 {
            let owed: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM call JOIN draft ON draft.call = call.id
                 WHERE call.id = ?1 AND call.erased_unix_ms IS NULL AND call.state = 'done'
                       AND NOT EXISTS (SELECT 1 FROM review WHERE call = ?1))",
            )
            .bind(call.to_string())
            .fetch_one(&mut *conn)
            .await?;
            if owed {
                completed(conn, *call, outline).await?;
            }
            let done = "DELETE FROM review_owed WHERE call = ?";
            sqlx::query(done).bind(call.to_string()).execute(&mut *conn).await?;
        }
        Ok(())
    }
}
