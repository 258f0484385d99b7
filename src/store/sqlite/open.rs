//! Opening the database file: refuse what a newer program made, bring what an older one made up to date.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlSafeStr as _, SqliteConnection, SqlitePool};

use crate::config::limits;
use crate::store::StoreError;

/// How long a statement waits for a lock that a foreign program (a backup, `sqlite3`) holds.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Every migration, oldest first. Listed by hand and not by `sqlx::migrate!`, which does not notice a new file
/// without a build script; a test holds this list against the folder.
pub(super) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "calls drafts outbox", include_str!("../migrations/0001_calls_drafts_outbox.sql")),
    (2, "line quality", include_str!("../migrations/0002_line_quality.sql")),
    (3, "erasure", include_str!("../migrations/0003_erasure.sql")),
    (4, "web calls", include_str!("../migrations/0004_web_calls.sql")),
    (5, "speech", include_str!("../migrations/0005_speech.sql")),
    (6, "repeats", include_str!("../migrations/0006_repeats.sql")),
    (7, "emergency", include_str!("../migrations/0007_emergency.sql")),
    (8, "read back", include_str!("../migrations/0008_read_back.sql")),
    (9, "review", include_str!("../migrations/0009_review.sql")),
    (10, "people", include_str!("../migrations/0010_people.sql")),
    (11, "search", include_str!("../migrations/0011_search.sql")),
    (12, "merge", include_str!("../migrations/0012_merge.sql")),
    (13, "transfer", include_str!("../migrations/0013_transfer.sql")),
];

/// The writer's connection and the readers, on a file whose schema is this program's.
pub(super) async fn open(file: &Path) -> Result<(SqliteConnection, SqlitePool), StoreError> {
    open_with(file, MIGRATIONS).await
}

pub(super) async fn open_with(
    file: &Path,
    migrations: &[(i64, &'static str, &'static str)],
) -> Result<(SqliteConnection, SqlitePool), StoreError> {
    if file.exists() {
        refuse_newer(file, migrations).await?;
    } else {
        // SQLite gives its log files the mode of the database, so this covers all of them.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        made.map_err(|e| StoreError::NotWritable { path: file.into(), reason: e.to_string() })?;
    }
    connect(file, Some(migrations)).await
}

/// The same on a file that another program has open and keeps up to date.
pub(super) async fn beside(file: &Path) -> Result<(SqliteConnection, SqlitePool), StoreError> {
    let found = refuse_newer(file, MIGRATIONS).await?;
    let needed = newest(MIGRATIONS);
    if found < needed {
        return Err(StoreError::OlderSchema { path: file.into(), found, needed });
    }
    connect(file, None).await
}

async fn connect(
    file: &Path,
    migrations: Option<&[(i64, &'static str, &'static str)]>,
) -> Result<(SqliteConnection, SqlitePool), StoreError> {
    let failed = |e: sqlx::Error| StoreError::Database(format!("{}: {e}", file.display()));
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .synchronous(SqliteSynchronous::Full)
        // What was removed is overwritten, and nothing of it is ever written outside the data folder.
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    let mut writer = options.clone().journal_mode(SqliteJournalMode::Wal).connect().await.map_err(failed)?;
    if let Some(migrations) = migrations {
        let ran = migrator(migrations).run(&mut writer).await;
        ran.map_err(|e| StoreError::Database(format!("{}: {e}", file.display())))?;
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(limits::STORE_READERS)
        .connect_with(options.pragma("query_only", "ON"))
        .await
        .map_err(failed)?;
    Ok((writer, readers))
}

fn migrator(migrations: &[(i64, &'static str, &'static str)]) -> Migrator {
    let resolve = |&(version, what, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, what.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(migrations.iter().map(resolve).collect())
}

/// The newest migration that was applied. Looks through a read-only connection, so that a file of a newer program is left
/// exactly as it is.
async fn refuse_newer(file: &Path, migrations: &[(i64, &'static str, &'static str)]) -> Result<i64, StoreError> {
    let failed = |e: sqlx::Error| StoreError::Database(format!("{}: {e}", file.display()));
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    // Even a reader would leave an empty log behind, unless told that nobody writes. With a log (after a crash) the
    // schema may stand only there, and it must be read.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .immutable(!Path::new(&log).exists())
        .busy_timeout(BUSY)
        .disable_statement_logging();
    let mut conn = options.connect().await.map_err(failed)?;
    let found = newest_applied(&mut conn).await.map_err(failed)?;
    conn.close().await.map_err(failed)?;
    let known = newest(migrations);
    if found > known {
        return Err(StoreError::NewerSchema { path: file.into(), found, known });
    }
    Ok(found)
}

fn newest(migrations: &[(i64, &'static str, &'static str)]) -> i64 {
    migrations.iter().map(|&(version, _, _)| version).max().unwrap_or(0)
}

/// Zero for a file without a schema: one that was made but died before its first migration.
async fn newest_applied(conn: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let migrated: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')")
            .fetch_one(&mut *conn)
            .await?;
    if !migrated {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations").fetch_one(conn).await
}
