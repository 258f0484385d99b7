//! Earlier calls of the same person or about the same matter: what is kept for it, and the look.

use std::collections::BTreeMap;

use sqlx::{Row as _, SqliteConnection, SqlitePool};

use super::rows;
use crate::call::{CallId, Earlier, Matter, Reference, Since, Traces};
use crate::store::StoreError;

/// Calls looked at for one number, one category, one reference.
const MOST: u32 = 64;

/// Replaces what is kept of a call.
pub(super) async fn keep(conn: &mut SqliteConnection, call: CallId, traces: &Traces) -> Result<(), StoreError> {
    let id = call.to_string();
    for sql in FORGET {
        sqlx::query(sql).bind(&id).execute(&mut *conn).await?;
    }
    for number in &traces.numbers {
        sqlx::query(
            "INSERT OR IGNORE INTO caller_number (number, call, started_unix_ms)
             SELECT ?, id, started_unix_ms FROM call WHERE id = ?",
        )
        .bind(number)
        .bind(&id)
        .execute(&mut *conn)
        .await?;
    }
    for (nth, matter) in (0_i64..).zip(&traces.matters) {
        sqlx::query(
            "INSERT INTO matter (call, nth, category, place, gist, started_unix_ms)
             SELECT id, ?, ?, ?, ?, started_unix_ms FROM call WHERE id = ?",
        )
        .bind(nth)
        .bind(&matter.category)
        .bind(&matter.place)
        .bind(rows::json(&matter.gist)?)
        .bind(&id)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// What an erasure must remove, by call.
pub(super) const FORGET: [&str; 2] = ["DELETE FROM caller_number WHERE call = ?", "DELETE FROM matter WHERE call = ?"];

pub(super) const BY_NUMBER: &str = "SELECT call FROM caller_number WHERE number = ? AND started_unix_ms >= ?
     ORDER BY started_unix_ms DESC LIMIT ?";
pub(super) const BY_CATEGORY: &str = "SELECT DISTINCT call FROM matter WHERE category = ? AND started_unix_ms >= ?
     ORDER BY started_unix_ms DESC LIMIT ?";
const BY_REFERENCE: &str =
    "SELECT id AS call FROM call WHERE (reference = ?1 AND ticket IS NULL) OR ticket = ?1 ORDER BY id DESC LIMIT ?2";

#[derive(Default)]
struct Why {
    quoted: bool,
    same_number: bool,
}

pub(super) async fn find(
    readers: &SqlitePool,
    call: CallId,
    traces: &Traces,
    since: Since,
) -> Result<Vec<Earlier>, StoreError> {
    let mut found: BTreeMap<String, Why> = BTreeMap::new();
    for number in &traces.numbers {
        let calls =
            sqlx::query(BY_NUMBER).bind(number).bind(since.number_unix_ms).bind(MOST).fetch_all(readers).await?;
        for row in &calls {
            found.entry(row.try_get("call")?).or_default().same_number = true;
        }
    }
    for matter in &traces.matters {
        let query = sqlx::query(BY_CATEGORY).bind(&matter.category).bind(since.matter_unix_ms).bind(MOST);
        for row in &query.fetch_all(readers).await? {
            found.entry(row.try_get("call")?).or_default();
        }
    }
    if let Some(quoted) = &traces.quoted {
        for row in &sqlx::query(BY_REFERENCE).bind(quoted).bind(MOST).fetch_all(readers).await? {
            found.entry(row.try_get("call")?).or_default().quoted = true;
        }
    }
    found.remove(&call.to_string());
    let mut earlier = Vec::with_capacity(found.len());
    for (id, why) in found.into_iter().rev() {
        earlier.extend(read(readers, &id, why).await?);
    }
    Ok(earlier)
}

/// `None`: erased, or without a draft.
async fn read(readers: &SqlitePool, id: &str, why: Why) -> Result<Option<Earlier>, StoreError> {
    let sql = "SELECT id, COALESCE(ticket, reference) AS reference, started_unix_ms FROM call
               WHERE id = ? AND state = 'done' AND erased_unix_ms IS NULL";
    let Some(row) = sqlx::query(sql).bind(id).fetch_optional(readers).await? else { return Ok(None) };
    let damaged = |reason: String| StoreError::Damaged { what: "call", id: id.to_owned(), reason };
    let reference: Reference = row.try_get::<String, _>("reference")?.parse().map_err(|e| damaged(format!("{e}")))?;
    let mut matters = Vec::new();
    let kept = sqlx::query("SELECT category, place, gist FROM matter WHERE call = ? ORDER BY nth").bind(id);
    for row in &kept.fetch_all(readers).await? {
        let gist = serde_json::from_str(row.try_get("gist")?).map_err(|e| damaged(format!("gist: {e}")))?;
        matters.push(Matter { category: row.try_get("category")?, place: row.try_get("place")?, gist });
    }
    Ok(Some(Earlier {
        call: rows::call_id(&row)?,
        reference,
        started_unix_ms: row.try_get("started_unix_ms")?,
        quoted: why.quoted,
        same_number: why.same_number,
        matters,
    }))
}
