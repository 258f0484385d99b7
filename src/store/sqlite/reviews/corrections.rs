//! Corrections, as data.

use sqlx::{Row as _, SqliteConnection, SqlitePool};

use crate::store::StoreError;
use crate::store::reviews::{CorrectionRate, CorrectionRow, NewCorrection, NewDecision};
use crate::store::sqlite::rows::{self, Reader};

pub(super) async fn keep(conn: &mut SqliteConnection, decided: &NewDecision) -> Result<(), StoreError> {
    for one in &decided.corrections {
        sqlx::query(
            "INSERT INTO correction (call, draft, version, at_unix_ms, by, pointer, field, category, kind, old, new, evidence)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(decided.call.to_string())
        .bind(decided.draft.to_string())
        .bind(decided.version)
        .bind(decided.hand.now_unix_ms)
        .bind(&one.by)
        .bind(&one.pointer)
        .bind(&one.field)
        .bind(&one.category)
        .bind(one.kind.as_str())
        .bind(&one.old)
        .bind(&one.new)
        .bind(&one.evidence)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

pub(super) async fn after(
    readers: &SqlitePool,
    after: (i64, i64),
    until_unix_ms: i64,
    limit: u32,
) -> Result<Vec<CorrectionRow>, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM correction WHERE (at_unix_ms, id) > (?, ?) AND at_unix_ms < ? ORDER BY at_unix_ms, id LIMIT ?",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(until_unix_ms)
    .bind(limit)
    .fetch_all(readers)
    .await?;
    let row = |row: &sqlx::sqlite::SqliteRow| {
        let r = Reader::new(row, "correction of call", "call");
        Ok(CorrectionRow {
            id: r.get("id")?,
            call: r.parse("call")?,
            draft: r.parse("draft")?,
            at_unix_ms: r.get("at_unix_ms")?,
            made: NewCorrection {
                by: r.get("by")?,
                pointer: r.get("pointer")?,
                field: r.get("field")?,
                category: r.get("category")?,
                kind: r.parse("kind")?,
                old: r.get("old")?,
                new: r.get("new")?,
                evidence: r.get("evidence")?,
            },
        })
    };
    Ok(rows::readable(found.iter().map(row)))
}

/// By the category that was decided: of a category that was itself corrected, the right one.
pub(super) async fn rates(readers: &SqlitePool, until_unix_ms: i64) -> Result<Vec<CorrectionRate>, StoreError> {
    let found = sqlx::query(
        "WITH decided AS MATERIALIZED (SELECT category, COUNT(*) AS count FROM review
              WHERE decision IS NOT NULL AND decided_unix_ms < ?1 GROUP BY category)
         SELECT made.category, made.field, made.entered, made.corrected, made.not_said,
                COALESCE(decided.count, 0) AS decided
         FROM (SELECT review.category, correction.field,
                      COUNT(DISTINCT CASE kind WHEN 'entered' THEN correction.call END) AS entered,
                      COUNT(DISTINCT CASE kind WHEN 'corrected' THEN correction.call END) AS corrected,
                      COUNT(DISTINCT CASE kind WHEN 'not_said' THEN correction.call END) AS not_said
               FROM correction JOIN review ON review.call = correction.call
               WHERE correction.at_unix_ms < ?1 GROUP BY review.category, correction.field) AS made
         LEFT JOIN decided ON decided.category IS made.category
         ORDER BY made.category, made.field",
    )
    .bind(until_unix_ms)
    .fetch_all(readers)
    .await?;
    let count = |row: &sqlx::sqlite::SqliteRow, column: &str| -> Result<u64, sqlx::Error> {
        Ok(row.try_get::<i64, _>(column)?.unsigned_abs())
    };
    let rate = |row: &sqlx::sqlite::SqliteRow| {
        Ok(CorrectionRate {
            category: row.try_get("category")?,
            field: row.try_get("field")?,
            decided: count(row, "decided")?,
            entered: count(row, "entered")?,
            corrected: count(row, "corrected")?,
            not_said: count(row, "not_said")?,
        })
    };
    found.iter().map(rate).collect()
}
