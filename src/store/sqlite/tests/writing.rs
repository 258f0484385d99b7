use sqlx::SqliteConnection;

use super::*;
use crate::store::StoreError;
use crate::store::sqlite::writer::Command;

/// Writes, then fails or not: what a command with a mistake does to its neighbours.
struct Note {
    text: String,
    fails: bool,
}

impl Command for Note {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO inbox (webhook_id, idempotency_key, body_sha256, body, received_unix_ms) VALUES (?1, ?1, '', '', 0)")
            .bind(&self.text)
            .execute(&mut *conn)
            .await?;
        if self.fails { Err(StoreError::Database("meant to fail".into())) } else { Ok(()) }
    }
}

struct Statement(&'static str);

impl Command for Statement {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(self.0).execute(conn).await?;
        Ok(())
    }
}

async fn notes(folder: &Folder) -> Vec<String> {
    let kept: Vec<(String, String)> = folder.store.received(1_000).await.unwrap();
    kept.into_iter().rev().map(|(id, _)| id).collect()
}

#[tokio::test]
async fn changes_are_kept_in_the_order_they_were_asked_for() {
    let folder = Folder::new().await;
    let expected: Vec<String> = (0..600).map(|n| format!("note {n}")).collect();
    let writes = expected.iter().map(|text| folder.store.writer.write(Note { text: text.clone(), fails: false }));
    // Unconstrained: tokio's budget would interrupt the asking itself and come back in another order.
    for written in tokio::task::coop::unconstrained(futures_util::future::join_all(writes)).await {
        written.unwrap();
    }
    assert!(notes(&folder).await == expected);
}

#[tokio::test]
async fn a_failing_change_is_undone_alone_and_its_neighbours_are_kept() {
    let mut folder = Folder::new().await;
    let bad = |n: usize| n % 3 == 1;
    let writes = (0..60).map(|n| folder.store.writer.write(Note { text: format!("note {n}"), fails: bad(n) }));
    let results = futures_util::future::join_all(writes).await;
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result.is_err(), bad(n), "{n}: {result:?}");
    }
    folder.reopen().await;
    let expected: Vec<String> = (0..60).filter(|&n| !bad(n)).map(|n| format!("note {n}")).collect();
    assert_eq!(notes(&folder).await, expected);
}

#[tokio::test]
async fn a_full_disk_fails_what_it_cannot_keep_and_writing_goes_on_when_there_is_room() {
    let folder = Folder::new().await;
    let writer = &folder.store.writer;
    writer.write(Note { text: "before".into(), fails: false }).await.unwrap();
    // SQLite raises the limit to the present size by itself: no page more.
    writer.write(Statement("PRAGMA max_page_count = 1")).await.unwrap();
    let big = "x".repeat(100_000);
    let full = writer.write(Note { text: big.clone(), fails: false }).await.unwrap_err();
    assert!(full.to_string().contains("full"), "{full}");
    writer.write(Statement("PRAGMA max_page_count = 1000000")).await.unwrap();
    writer.write(Note { text: "after".into(), fails: false }).await.unwrap();
    assert_eq!(notes(&folder).await, ["before", "after"]);
}

#[tokio::test]
async fn a_group_that_does_not_reach_the_disk_is_an_error_for_all_of_it_and_the_next_group_is_fine() {
    let folder = Folder::new().await;
    let writer = &folder.store.writer;
    let note = |text: &str| writer.write(Note { text: text.into(), fails: false });
    // Ends the group's transaction from inside, as SQLite does on an input/output fault.
    let (first, broken, last) = tokio::join!(note("first"), writer.write(Statement("ROLLBACK")), note("last"));
    for lost in [first, broken, last] {
        assert!(matches!(lost, Err(StoreError::Database(_))), "{lost:?}");
    }
    assert_eq!(notes(&folder).await, [""; 0]);
    note("next").await.unwrap();
    assert_eq!(notes(&folder).await, ["next"]);
}

#[tokio::test]
async fn everything_acknowledged_is_there_after_the_process_was_killed() {
    let folder = Folder::new().await;
    let draft = folder.done_call(5, &["desk"]).await;
    let call = folder.new_call().await;
    for seq in 0..20 {
        folder.store.append_utterance(call, utterance(seq, "word")).await.unwrap();
    }
    // The files as a kill would leave them: the database is still open and its log not folded in.
    let temp = tempfile::tempdir().unwrap();
    let after = DataDir::open(temp.path()).unwrap();
    for suffix in ["", "-wal"] {
        let name = |data: &DataDir| format!("{}{suffix}", data.database().display());
        std::fs::copy(name(&folder.data), name(&after)).unwrap();
    }
    let store = SqliteStore::open(&after).await.unwrap();
    assert_eq!(store.utterances(call).await.unwrap().len(), 20);
    assert_eq!(store.unfinished().await.unwrap().len(), 1);
    let (delivery, body) = store.due_deliveries(5, 10).await.unwrap().remove(0);
    assert_eq!((delivery.call, body), (draft.call, draft.body));
}

#[tokio::test]
async fn a_store_dropped_without_close_keeps_what_it_acknowledged() {
    let Folder { store, data, _temp } = Folder::new().await;
    let call = new_call(CallId::new());
    store.create_call(call.clone()).await.unwrap();
    drop(store);
    let store = SqliteStore::open(&data).await.unwrap();
    assert_eq!(store.call(call.id).await.unwrap().unwrap().id, call.id);
}

#[tokio::test]
async fn close_waits_for_queued_changes_and_refuses_later_ones() {
    let mut folder = Folder::new().await;
    let store = folder.store.clone();
    let call = folder.new_call().await;
    let queued: Vec<_> = (0..40)
        .map(|seq| {
            let store = store.clone();
            tokio::spawn(async move { store.append_utterance(call, utterance(seq, "word")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    store.close().await;
    let mut kept = 0;
    for task in queued {
        match task.await.unwrap() {
            Ok(()) => kept += 1,
            Err(e) => assert!(matches!(e, StoreError::Closed), "{e}"),
        }
    }
    assert_eq!(kept, 40);
    assert!(matches!(store.put_live_draft(call, String::new()).await, Err(StoreError::Closed)));
    assert!(matches!(store.call(call).await, Err(StoreError::Closed)));
    folder.reopen().await;
    assert_eq!(folder.store.utterances(call).await.unwrap().len(), 40);
}
