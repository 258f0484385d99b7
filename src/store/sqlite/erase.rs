//! [`Erasable`] on SQLite: tombstone, removal, stub, and the remnants in the file.

use async_trait::async_trait;
use sqlx::{Row as _, SqliteConnection, SqlitePool};

use super::calls::wrong_state;
use super::rows::{self, json};
use super::writer::Command;
use super::{SqliteStore, StoreError, earlier};
use crate::call::{CallId, Origin, Party, Reference};
use crate::config::limits;
use crate::store::erase::{Erasable, Erased};

#[async_trait]
impl Erasable for SqliteStore {
    async fn calls_by_reference(&self, reference: &Reference) -> Result<Vec<CallId>, StoreError> {
        // The number that a call under another's reference has of its own was told to nobody.
        let sql = "SELECT id FROM call WHERE (reference = ?1 AND ticket IS NULL) OR ticket = ?1 ORDER BY id";
        let found = sqlx::query(sql).bind(reference.as_str()).fetch_all(&self.readers).await?;
        found.iter().map(rows::call_id).collect()
    }

    async fn begin_erasure(&self, calls: &[CallId], at_unix_ms: i64) -> Result<Vec<Erased>, StoreError> {
        self.writer.write(Begin { calls: calls.to_vec(), at_unix_ms }).await
    }

    async fn erase_words(&self, call: CallId) -> Result<(), StoreError> {
        self.writer.write(EraseWords { call }).await
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        self.writer.scrub().await
    }

    async fn finish_erasure(&self, call: CallId) -> Result<(), StoreError> {
        self.writer.write(Finish { call }).await
    }

    async fn erasing(&self) -> Result<Vec<CallId>, StoreError> {
        let sql = "SELECT id FROM call WHERE erased_unix_ms IS NOT NULL AND erasure_done = 0 ORDER BY id";
        ids(&self.readers, sqlx::query(sql)).await
    }

    async fn erasable_lines(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT line FROM call WHERE erased_unix_ms IS NULL AND state IN ('done', 'refused')";
        Ok(sqlx::query_scalar(sql).fetch_all(&self.readers).await?)
    }

    async fn ended_before(&self, line: &str, unix_ms: i64, limit: u32) -> Result<Vec<CallId>, StoreError> {
        ids(&self.readers, sqlx::query(ENDED_BEFORE).bind(line).bind(unix_ms).bind(limit)).await
    }
}

/// The conditions are those of the index `call_expiry`, word for word, or SQLite would not use it.
pub(super) const ENDED_BEFORE: &str =
    "SELECT id FROM call WHERE erased_unix_ms IS NULL AND state IN ('done', 'refused')
     AND line = ? AND ended_unix_ms < ? ORDER BY ended_unix_ms LIMIT ?";

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

async fn ids(readers: &SqlitePool, query: Query<'_>) -> Result<Vec<CallId>, StoreError> {
    let found = query.fetch_all(readers).await?;
    Ok(rows::readable(found.iter().map(rows::call_id)))
}

struct Begin {
    calls: Vec<CallId>,
    at_unix_ms: i64,
}

impl Command for Begin {
    type Answer = Vec<Erased>;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<Vec<Erased>, StoreError> {
        let mut begun = Vec::with_capacity(self.calls.len());
        for call in &self.calls {
            begun.push(self.begin(conn, *call).await?);
        }
        Ok(begun)
    }
}

impl Begin {
    async fn begin(&self, conn: &mut SqliteConnection, id: CallId) -> Result<Erased, StoreError> {
        let call = id.to_string();
        let begun = sqlx::query(
            "UPDATE call SET erased_unix_ms = COALESCE(erased_unix_ms, ?) WHERE id = ? AND state IN ('done', 'refused')",
        )
        .bind(self.at_unix_ms)
        .bind(&call)
        .execute(&mut *conn)
        .await?;
        if begun.rows_affected() == 0 {
            return Err(wrong_state(conn, id, "over, its draft made,").await?);
        }
        let told = "SELECT COALESCE(ticket, reference) AS reference FROM call WHERE id = ?";
        let row = sqlx::query(told).bind(&call).fetch_one(&mut *conn).await?;
        let reference = row.try_get::<String, _>("reference")?.parse().map_err(|e| StoreError::Damaged {
            what: "call",
            id: call.clone(),
            reason: format!("reference: {e}"),
        })?;
        let delivered_to = sqlx::query_scalar(
            "SELECT DISTINCT endpoint FROM delivery WHERE call = ? AND state = 'delivered' ORDER BY endpoint",
        )
        .bind(&call)
        .fetch_all(&mut *conn)
        .await?;
        sqlx::query("INSERT OR IGNORE INTO erased_draft (draft) SELECT DISTINCT id FROM draft WHERE call = ?")
            .bind(&call)
            .execute(&mut *conn)
            .await?;
        let cancelled = sqlx::query("DELETE FROM delivery WHERE call = ? AND state <> 'delivered'")
            .bind(&call)
            .execute(conn)
            .await?
            .rows_affected();
        Ok(Erased { call: id, reference, delivered_to, cancelled })
    }
}

struct EraseWords {
    call: CallId,
}

impl Command for EraseWords {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let call = self.call.to_string();
        // The key of an event is "CALL:emergency", that of a draft "DRAFT:VERSION", and ";" follows ":".
        sqlx::query("DELETE FROM inbox WHERE idempotency_key = ? || ':emergency'")
            .bind(&call)
            .execute(&mut *conn)
            .await?;
        sqlx::query(
            "DELETE FROM inbox WHERE arrival IN (
                 SELECT inbox.arrival FROM draft JOIN inbox
                 ON inbox.idempotency_key >= draft.id || ':' AND inbox.idempotency_key < draft.id || ';'
                 WHERE draft.call = ?)",
        )
        .bind(&call)
        .execute(&mut *conn)
        .await?;
        for sql in [
            "DELETE FROM utterance WHERE call = ?",
            "DELETE FROM live_draft WHERE call = ?",
            "DELETE FROM delivery WHERE call = ?",
            "DELETE FROM emergency WHERE call = ?",
            "DELETE FROM draft WHERE call = ?",
            "DELETE FROM review WHERE call = ?",
            "DELETE FROM review_owed WHERE call = ?",
            "DELETE FROM review_seen WHERE call = ?",
            "DELETE FROM correction WHERE call = ?",
            // Its terms went with its drafts.
            "DELETE FROM search_owed WHERE call = ?",
        ]
        .into_iter()
        .chain(earlier::FORGET)
        {
            sqlx::query(sql).bind(&call).execute(&mut *conn).await?;
        }
        sqlx::query(
            "UPDATE call SET party = ?, origin = ?, dialled = NULL, follows = NULL, notice_start_ms = NULL, notice_end_ms = NULL,
                    coverage = NULL, recording_sha256 = NULL, recording_duration_ms = NULL, recording_rate = NULL,
                    lost = '[]', dtmf = '', read_backs = '[]', transfer = NULL, heard_ms = NULL,
                    line_quality = NULL
             WHERE id = ? AND erased_unix_ms IS NOT NULL",
        )
        .bind(json(&Party::default())?)
        .bind(json(&nobody())?)
        .bind(&call)
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// Where a call came from when that must not be known any more.
fn nobody() -> Origin {
    Origin::Sip {
        sip_call_id: String::new(),
        source: (std::net::Ipv4Addr::UNSPECIFIED, 0).into(),
        transport: String::new(),
        user_agent: None,
    }
}

struct Finish {
    call: CallId,
}

impl Command for Finish {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("UPDATE call SET erasure_done = 1 WHERE id = ? AND erased_unix_ms IS NOT NULL")
            .bind(self.call.to_string())
            .execute(conn)
            .await?;
        Ok(())
    }
}

/// `secure_delete` overwrites a row with zeros where it lay, but rows that SQLite moved between pages before may have
/// left copies in unused parts; only rewriting the file removes those. A large file is not rewritten while calls wait
/// for the writer. Then the log, which holds the pages as they were, is folded in and cut to nothing.
pub(super) async fn scrub(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *conn).await?;
    let page: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut *conn).await?;
    if pages.saturating_mul(page) <= limits::SCRUB_BYTES {
        sqlx::query("VACUUM").execute(&mut *conn).await?;
    } else {
        tracing::info!("the database is too large to be rewritten in service; erased rows were overwritten in place");
    }
    // Waits for readers as long as the busy timeout says.
    let busy: i64 = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(conn).await?.try_get(0)?;
    if busy == 0 {
        return Ok(());
    }
    Err(StoreError::Database("its log could not be cut off while it was read; erasing is tried again".into()))
}

/// Whether the built-in endpoint must not keep this draft, or this event of a call.
pub(super) async fn is_erased(conn: &mut SqliteConnection, idempotency_key: &str) -> Result<bool, StoreError> {
    let about = idempotency_key.split(':').next().unwrap_or_default();
    let sql = "SELECT EXISTS (SELECT 1 FROM erased_draft WHERE draft = ?1)
                      OR EXISTS (SELECT 1 FROM call WHERE id = ?1 AND erased_unix_ms IS NOT NULL)";
    Ok(sqlx::query_scalar(sql).bind(about).fetch_one(conn).await?)
}
