//! [`Reviews`] on SQLite. Whoever comes second to the one writer is refused; that is all the locking there is.

mod corrections;
mod decide;
mod merge;
pub(super) mod queue;
mod work;

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::rows::{self, Reader};
use super::{SqliteStore, StoreError};
use crate::call::{CallId, Outline, Reference};
use crate::config::limits;
use crate::store::reviews::{
    Asked, CorrectionRate, CorrectionRow, DecisionRow, Edited, Hand, Lease, NewDecision, QueueCounts, QueueRow,
    ReviewRow, Reviews, Told,
};

#[async_trait]
impl Reviews for SqliteStore {
    async fn review(&self, call: CallId) -> Result<Option<ReviewRow>, StoreError> {
        let mut conn = self.readers.acquire().await?;
        Ok(find(&mut conn, call).await?.review())
    }

    async fn seen(&self, call: CallId) -> Result<BTreeMap<String, String>, StoreError> {
        let sql = "SELECT field, value FROM review_seen WHERE call = ?";
        let found: Vec<(String, String)> = sqlx::query_as(sql).bind(call.to_string()).fetch_all(&self.readers).await?;
        Ok(found.into_iter().collect())
    }

    async fn queue(&self, asked: &Asked) -> Result<Vec<QueueRow>, StoreError> {
        queue::page(&self.readers, asked).await
    }

    async fn queue_counts(&self, who: &str, now_unix_ms: i64) -> Result<QueueCounts, StoreError> {
        queue::counts(&self.readers, who, now_unix_ms).await
    }

    async fn claim(&self, call: CallId, hand: Hand, take_over: bool) -> Result<ReviewRow, StoreError> {
        self.writer.write(work::Claim { call, hand, take_over }).await
    }

    async fn claim_next(&self, hand: Hand) -> Result<Option<ReviewRow>, StoreError> {
        self.writer.write(work::ClaimNext { hand }).await
    }

    async fn give_back(&self, call: CallId, by: &str) -> Result<Option<ReviewRow>, StoreError> {
        self.writer.write(work::GiveBack { call, by: by.to_owned() }).await
    }

    async fn edit(&self, edited: Edited) -> Result<ReviewRow, StoreError> {
        self.writer.write(work::Edit(edited)).await
    }

    async fn note_seen(&self, call: CallId, values: BTreeMap<String, String>) -> Result<(), StoreError> {
        self.writer.write(work::NoteSeen { call, values }).await
    }

    async fn decide(&self, decided: NewDecision) -> Result<ReviewRow, StoreError> {
        self.writer.write(decide::Decide(decided)).await
    }

    async fn undo(&self, call: CallId, hand: Hand, anybodys: bool) -> Result<ReviewRow, StoreError> {
        self.writer.write(decide::Undo { call, hand, anybodys }).await
    }

    async fn merged(&self, call: CallId) -> Result<Vec<Told>, StoreError> {
        let mut conn = self.readers.acquire().await?;
        merge::into(&mut conn, call).await
    }

    async fn told(&self, reference: &Reference) -> Result<Option<Told>, StoreError> {
        let sql = "SELECT id AS call, reference FROM call WHERE reference = ? AND erased_unix_ms IS NULL";
        let found = sqlx::query(sql).bind(reference.as_str()).fetch_optional(&self.readers).await?;
        found.map(|row| merge::told(&row)).transpose()
    }

    async fn corrections(
        &self,
        after: (i64, i64),
        until_unix_ms: i64,
        limit: u32,
    ) -> Result<Vec<CorrectionRow>, StoreError> {
        corrections::after(&self.readers, after, until_unix_ms, limit).await
    }

    async fn correction_rates(&self, until_unix_ms: i64) -> Result<Vec<CorrectionRate>, StoreError> {
        corrections::rates(&self.readers, until_unix_ms).await
    }

    async fn decision_times(&self, since_unix_ms: i64) -> Result<Vec<(String, Option<u64>)>, StoreError> {
        // The condition is that of the index `review_decided`.
        let sql = "SELECT decided_by, took_ms FROM review WHERE decision IS NOT NULL AND decided_unix_ms >= ?
                   ORDER BY decided_unix_ms DESC LIMIT ?";
        let found: Vec<(String, Option<i64>)> =
            sqlx::query_as(sql).bind(since_unix_ms).bind(limits::DECISIONS_A_DAY).fetch_all(&self.readers).await?;
        Ok(found.into_iter().map(|(by, took)| (by, took.and_then(|took| u64::try_from(took).ok()))).collect())
    }

    async fn owed(&self, limit: u32) -> Result<Vec<CallId>, StoreError> {
        let sql = "SELECT call AS id FROM review_owed ORDER BY call DESC LIMIT ?";
        let found = sqlx::query(sql).bind(limit).fetch_all(&self.readers).await?;
        Ok(rows::readable(found.iter().map(rows::call_id)))
    }

    async fn take_up(&self, owed: Vec<(CallId, Outline)>) -> Result<(), StoreError> {
        self.writer.write(work::TakeUp(owed)).await
    }
}

/// What is stored of the work at a call.
enum Found {
    /// Nobody has touched it, and its draft is not complete.
    Untouched {
        state: String,
    },
    Row(Box<ReviewRow>),
    /// No such call, erased, or its review is still owed.
    Nothing,
}

impl Found {
    fn review(self) -> Option<ReviewRow> {
        match self {
            Self::Row(row) => Some(*row),
            _ => None,
        }
    }
}

/// States of a call whose draft still grows.
const UP: [&str; 2] = ["live", "finishing"];

async fn find(conn: &mut SqliteConnection, call: CallId) -> Result<Found, StoreError> {
    let sql = "SELECT review.*, call.id, call.state FROM call LEFT JOIN review ON review.call = call.id
               WHERE call.id = ? AND call.erased_unix_ms IS NULL";
    let Some(found) = sqlx::query(sql).bind(call.to_string()).fetch_optional(conn).await? else {
        return Ok(Found::Nothing);
    };
    if found.try_get::<Option<i64>, _>("revision")?.is_some() {
        return Ok(Found::Row(Box::new(review(&found)?)));
    }
    let state: String = found.try_get("state")?;
    Ok(if state == "done" { Found::Nothing } else { Found::Untouched { state } })
}

/// The row that a change needs, or why there is none.
async fn known(conn: &mut SqliteConnection, call: CallId) -> Result<ReviewRow, StoreError> {
    find(conn, call).await?.review().ok_or_else(|| StoreError::NotFound { what: "review", id: call.to_string() })
}

fn review(row: &SqliteRow) -> Result<ReviewRow, StoreError> {
    let r = Reader::new(row, "review of call", "call");
    let lease = r.get::<Option<String>>("holder")?.zip(r.get::<Option<i64>>("held_until_unix_ms")?);
    let decision = match r.get::<Option<&str>>("decision")? {
        Some(_) => Some(DecisionRow {
            decision: r.parse("decision")?,
            by: r.get("decided_by")?,
            at_unix_ms: r.get("decided_unix_ms")?,
            reason: r.get("reason")?,
            unit: r.get("unit")?,
            into: match r.get::<Option<&str>>("merged_into")? {
                Some(_) => Some(Told { call: r.parse("merged_into")?, reference: r.parse("merged_reference")? }),
                None => None,
            },
            version: r.number("decided_version")?,
            undo_until_unix_ms: r.get("undo_until_unix_ms")?,
        }),
        None => None,
    };
    Ok(ReviewRow {
        call: r.parse("call")?,
        revision: r.number("revision")?,
        complete: r.get("complete")?,
        outline: r.json("outline")?,
        work: r.get("work")?,
        lease: lease.map(|(by, until_unix_ms)| Lease { by, until_unix_ms }),
        decision,
    })
}

/// The first complete draft of a call opens its review, a later one raises the revision of an open one.
pub(super) async fn completed(conn: &mut SqliteConnection, call: CallId, outline: &Outline) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO review (call, line, revision, complete, outline, rank, due_unix_ms, category)
         SELECT id, line, ?2, 1, ?3, ?4, ?5, ?6 FROM call WHERE id = ?1
         ON CONFLICT (call) DO UPDATE SET revision = revision + 1, complete = 1, outline = excluded.outline,
                rank = excluded.rank, due_unix_ms = excluded.due_unix_ms, category = excluded.category
         WHERE decision IS NULL",
    )
    .bind(call.to_string())
    // Above that of a call nobody has touched: whoever read the live draft has not read this one.
    .bind(ReviewRow::UNTOUCHED + 1)
    .bind(rows::json(outline)?)
    .bind(outline.rank())
    .bind(outline.due_unix_ms)
    .bind(&outline.category)
    .execute(&mut *conn)
    .await?;
    sqlx::query("DELETE FROM review_owed WHERE call = ?").bind(call.to_string()).execute(conn).await?;
    Ok(())
}
