//! [`Search`] on SQLite's full-text index.

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::reviews::queue;
use super::rows::{self, Reader};
use super::writer::Command;
use super::{SqliteStore, StoreError};
use crate::store::reviews::QueueRow;
use crate::store::search::{Indexed, Owed, Phrase, Search, Wanted};

/// Calls that may begin in one millisecond.
const A_MS: i64 = 1_024;

#[async_trait]
impl Search for SqliteStore {
    async fn search(&self, wanted: &Wanted) -> Result<Vec<QueueRow>, StoreError> {
        let found = sqlx::query(sqlx::AssertSqlSafe(queue::found_sql()))
            .bind(expression(&wanted.phrases))
            .bind(wanted.before.unwrap_or(i64::MAX))
            .bind(wanted.limit)
            .fetch_all(&self.readers)
            .await?;
        Ok(rows::readable(found.iter().map(queue::row)))
    }

    async fn to_index(&self, limit: u32) -> Result<Vec<Owed>, StoreError> {
        let sql = "SELECT call AS id, turn FROM search_owed ORDER BY call DESC LIMIT ?";
        let found = sqlx::query(sql).bind(limit).fetch_all(&self.readers).await?;
        let owed = |row| {
            let r = Reader::new(row, "owed search of call", "id");
            Ok(Owed { call: r.parse("id")?, turn: r.get("turn")? })
        };
        Ok(rows::readable(found.iter().map(owed)))
    }

    async fn index(&self, indexed: Vec<Indexed>) -> Result<(), StoreError> {
        self.writer.write(Index(indexed)).await
    }
}

/// Quotes hold letters and digits only, so nothing in them is an operator.
fn expression(phrases: &[Phrase]) -> String {
    let phrase = |phrase: &Phrase| {
        let terms: Vec<String> =
            phrase.terms.iter().map(|term| term.replace(|c: char| !c.is_alphanumeric(), "")).collect();
        format!("\"{}\"{}", terms.join(" "), if phrase.prefix { "*" } else { "" })
    };
    phrases.iter().map(phrase).collect::<Vec<_>>().join(" AND ")
}

struct Index(Vec<Indexed>);

impl Command for Index {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        for Indexed { owed, terms } in &self.0 {
            keep(conn, owed, terms).await?;
        }
        Ok(())
    }
}

pub(super) async fn keep(conn: &mut SqliteConnection, owed: &Owed, terms: &str) -> Result<(), StoreError> {
    let call = owed.call.to_string();
    let current = sqlx::query("DELETE FROM search_owed WHERE call = ? AND turn = ?")
        .bind(&call)
        .bind(owed.turn)
        .execute(&mut *conn)
        .await?;
    if current.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query("DELETE FROM search WHERE rowid = (SELECT place FROM search_call WHERE call = ?)")
        .bind(&call)
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "INSERT OR IGNORE INTO search_call (place, call)
         SELECT COALESCE((SELECT MAX(place) + 1 FROM search_call
                          WHERE place >= call.started_unix_ms * ?2 AND place < (call.started_unix_ms + 1) * ?2),
                         call.started_unix_ms * ?2), call.id
         FROM call WHERE call.id = ?1",
    )
    .bind(&call)
    .bind(A_MS)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO search (rowid, terms) SELECT search_call.place, ?2 FROM search_call JOIN call ON call.id = search_call.call
         WHERE search_call.call = ?1 AND call.erased_unix_ms IS NULL AND ?2 <> ''",
    )
    .bind(&call)
    .bind(terms)
    .execute(conn)
    .await?;
    Ok(())
}
