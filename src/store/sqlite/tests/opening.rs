use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;
use crate::store::StoreError;
use crate::store::sqlite::open::{MIGRATIONS, open_with};

fn files(data: &DataDir) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(data.root()).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_file() && !path.to_string_lossy().ends_with("-shm"))
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect()
}

/// The migrations of a later version: ours and one more.
fn later() -> Vec<(i64, &'static str, &'static str)> {
    let mut later = MIGRATIONS.to_vec();
    later.push((900, "of a later version", "CREATE TABLE later (x TEXT) STRICT"));
    later
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let temp = tempfile::tempdir().unwrap();
    let data = DataDir::open(temp.path()).unwrap();
    let (writer, readers) = open_with(&data.database(), &later()).await.unwrap();
    let killed = tempfile::tempdir().unwrap();
    let killed = DataDir::open(killed.path()).unwrap();
    for suffix in ["", "-wal"] {
        let name = |data: &DataDir| format!("{}{suffix}", data.database().display());
        std::fs::copy(name(&data), name(&killed)).unwrap();
    }
    readers.close().await;
    sqlx::Connection::close(writer).await.unwrap();
    // Once after a clean stop, once with a log that was not folded in.
    for data in [data, killed] {
        let before = files(&data);
        let error = SqliteStore::open(&data).await.err().unwrap();
        let expected = MIGRATIONS.last().unwrap().0;
        assert!(matches!(&error, StoreError::NewerSchema { found: 900, known, .. } if *known == expected), "{error}");
        assert_eq!(files(&data).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
        assert!(files(&data) == before);
        open_with(&data.database(), &later()).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_of_an_older_version_is_brought_up_to_date_with_its_rows() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    folder.store.close().await;
    let (_writer, readers) = open_with(&folder.data.database(), &later()).await.unwrap();
    let kept: String =
        sqlx::query_scalar("SELECT id FROM call, (SELECT COUNT(*) FROM later)").fetch_one(&readers).await.unwrap();
    assert_eq!(kept, call.to_string());
}

#[tokio::test]
async fn the_database_and_its_logs_are_readable_by_nobody_else() {
    let folder = Folder::new().await;
    folder.new_call().await;
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", folder.data.database().display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{path}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let data = DataDir::open(temp.path()).unwrap();
    std::fs::write(data.database(), "these are not the bytes of a database, by far".repeat(40)).unwrap();
    let error = SqliteStore::open(&data).await.err().unwrap().to_string();
    assert!(error.contains("heardline.db") && error.contains("not a database"), "{error}");
}

#[tokio::test]
async fn a_first_start_that_died_before_its_schema_is_made_good() {
    let temp = tempfile::tempdir().unwrap();
    let data = DataDir::open(temp.path()).unwrap();
    std::fs::write(data.database(), "").unwrap();
    let store = SqliteStore::open(&data).await.unwrap();
    store.create_call(new_call(CallId::new())).await.unwrap();
}

#[tokio::test]
async fn commits_are_synced_and_readers_cannot_write() {
    let folder = Folder::new().await;
    let (mut writer, readers) = open_with(&folder.data.database(), MIGRATIONS).await.unwrap();
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut writer).await.unwrap();
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut writer).await.unwrap();
    let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut writer).await.unwrap();
    assert_eq!((journal.as_str(), synchronous, foreign_keys), ("wal", 2, 1));
    let refused = sqlx::query("DELETE FROM call").execute(&readers).await.unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");
}

#[test]
fn every_migration_in_the_folder_is_listed_in_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let listed: Vec<_> =
        MIGRATIONS.iter().map(|(version, what, _)| format!("{version:04}_{}.sql", what.replace(' ', "_"))).collect();
    assert_eq!(files, listed);
}
