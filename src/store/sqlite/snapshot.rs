//! A copy of the database as it is at one moment, made through a connection beside the running gateway's.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::open::BUSY;
use super::rows;
use crate::call::CallId;
use crate::store::StoreError;

/// What is in the copy.
pub struct Snapshot {
    /// Every call, and whether a finished recording is known for it.
    pub calls: Vec<(CallId, bool)>,
}

/// Fills `target` (empty, its mode set) with a consistent, compact copy of `database`, and checks it.
pub async fn snapshot(database: &Path, target: &Path) -> Result<Snapshot, StoreError> {
    let failed = |e: sqlx::Error| StoreError::Database(format!("{}: {e}", database.display()));
    let options = SqliteConnectOptions::new().busy_timeout(BUSY).disable_statement_logging();
    // Writable, for the shared memory of the log; nothing but reading is done.
    let mut conn = options.clone().filename(database).create_if_missing(false).connect().await.map_err(failed)?;
    let into = target.to_str().ok_or_else(|| StoreError::Database("the target's name is not UTF-8".into()))?;
    sqlx::query("VACUUM INTO ?").bind(into).execute(&mut conn).await.map_err(failed)?;
    conn.close().await.map_err(failed)?;

    let mut copy = options.filename(target).read_only(true).immutable(true).connect().await.map_err(failed)?;
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut copy).await.map_err(failed)?;
    if verdict != "ok" {
        return Err(StoreError::Database(format!("{}: damaged: {verdict}", database.display())));
    }
    let found = sqlx::query("SELECT id, recording_sha256 IS NOT NULL AS finished FROM call ORDER BY id")
        .fetch_all(&mut copy)
        .await
        .map_err(failed)?;
    copy.close().await.map_err(failed)?;
    let call = |row: &sqlx::sqlite::SqliteRow| Ok((rows::call_id(row)?, row.try_get("finished")?));
    Ok(Snapshot { calls: rows::readable(found.iter().map(call)) })
}
