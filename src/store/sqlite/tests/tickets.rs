//! Several calls under one reference: a caller who adds to an earlier call.

use super::*;
use crate::call::{CallState, Reference};
use crate::store::sqlite::open::{MIGRATIONS, open_with};
use crate::store::{Erasable as _, Eraser, StoreError};

async fn follow_up(folder: &Folder, earlier: CallId) -> (CallId, Reference) {
    let call = NewCall { follows: Some(earlier), ..new_call(CallId::new()) };
    let id = call.id;
    let told = folder.store.create_call(call).await.unwrap();
    (id, told)
}

async fn told(folder: &Folder, call: CallId) -> (Reference, Option<CallId>) {
    let row = folder.store.call(call).await.unwrap().unwrap();
    (row.reference, row.follows)
}

/// The reference that a call has of its own, told or not.
async fn own(folder: &Folder, call: CallId) -> Reference {
    let text: String = sqlx::query_scalar("SELECT reference FROM call WHERE id = ?")
        .bind(call.to_string())
        .fetch_one(&folder.store.readers)
        .await
        .unwrap();
    text.parse().unwrap()
}

async fn finish(folder: &Folder, call: CallId) {
    folder.store.answer_call(call, 1_100).await.unwrap();
    folder.store.end_call(call, end()).await.unwrap();
    assert!(folder.store.complete_draft(draft_of(call, 2_000, &["desk"])).await.unwrap());
}

#[tokio::test]
async fn a_call_that_adds_to_another_goes_under_the_reference_that_was_told_first() {
    let mut folder = Folder::new().await;
    let first = folder.new_call().await;
    let (reference, _) = told(&folder, first).await;
    let (second, second_told) = follow_up(&folder, first).await;
    let (third, third_told) = follow_up(&folder, second).await;
    folder.reopen().await;
    assert_eq!((&second_told, &third_told), (&reference, &reference));
    assert_eq!(told(&folder, second).await, (reference.clone(), Some(first)));
    assert_eq!(told(&folder, third).await, (reference.clone(), Some(second)));
    let page = folder.store.calls(None, 10).await.unwrap().calls;
    assert!(page.len() == 3 && page.iter().all(|row| row.reference == reference));
    let unfinished = folder.store.unfinished().await.unwrap();
    assert_eq!(unfinished.iter().map(|row| row.follows).collect::<Vec<_>>(), [None, Some(first), Some(second)]);
    assert_eq!(folder.store.calls_by_reference(&reference).await.unwrap(), [first, second, third]);
    let untold = own(&folder, second).await;
    assert_ne!(untold, reference);
    assert_eq!(folder.store.calls_by_reference(&untold).await.unwrap(), [], "nobody was told that number");
}

#[tokio::test]
async fn a_call_that_adds_to_one_that_is_gone_or_erased_is_an_ordinary_new_call() {
    let folder = Folder::new().await;
    let first = folder.new_call().await;
    finish(&folder, first).await;
    Eraser::new(folder.store.clone(), folder.data.clone()).erase(&[first], 9_500).await.unwrap();
    for earlier in [first, CallId::new()] {
        let (call, reference) = follow_up(&folder, earlier).await;
        assert_eq!(told(&folder, call).await, (reference.clone(), None));
        assert_eq!(own(&folder, call).await, reference);
        assert_eq!(folder.store.calls_by_reference(&reference).await.unwrap(), [call]);
    }
}

#[tokio::test]
async fn erasing_by_reference_erases_all_its_calls_or_none() {
    let folder = Folder::new().await;
    let first = folder.new_call().await;
    let (second, reference) = follow_up(&folder, first).await;
    let other = folder.new_call().await;
    finish(&folder, first).await;
    finish(&folder, other).await;
    let eraser = Eraser::new(folder.store.clone(), folder.data.clone());
    let calls = eraser.find(reference.as_str()).await.unwrap();
    assert_eq!(calls, [first, second]);
    let refused = eraser.erase(&calls, 9_500).await.unwrap_err();
    assert!(matches!(refused, StoreError::WrongState { id, .. } if id == second), "{refused}");
    assert_eq!(folder.store.call(first).await.unwrap().unwrap().erased_unix_ms, None, "nothing was changed");
    assert_eq!(folder.store.deliveries(first).await.unwrap().len(), 1);

    finish(&folder, second).await;
    let erased = eraser.erase(&calls, 9_500).await.unwrap();
    assert_eq!(erased.iter().map(|one| (one.call, one.cancelled)).collect::<Vec<_>>(), [(first, 1), (second, 1)]);
    assert!(erased.iter().all(|one| one.reference == reference));
    let stub = folder.store.call(second).await.unwrap().unwrap();
    assert_eq!((stub.state, stub.follows, stub.party), (CallState::Done, None, Party::default()));
    assert_eq!(stub.reference, reference, "its caller may still ask");
    assert_eq!(eraser.find(reference.as_str()).await.unwrap(), calls);
    assert_eq!(folder.store.call(other).await.unwrap().unwrap().erased_unix_ms, None);
}

#[tokio::test]
async fn calls_of_the_schema_before_keep_their_references() {
    let temp = tempfile::tempdir().unwrap();
    let data = DataDir::open(temp.path()).unwrap();
    let (mut writer, readers) = open_with(&data.database(), &MIGRATIONS[..3]).await.unwrap();
    let (id, reference) = (CallId::new(), Reference::from_random(57_204_816));
    // As that version wrote them: no `verified`, no `subject`.
    let claimed = r#"{"uri":"sip:5550134@gw.example","number":"5550134","display_name":null}"#;
    let party = format!("{{\"claimed\":{claimed},\"asserted\":null,\"withheld\":false}}");
    sqlx::query(
        "INSERT INTO call (id, reference, line, state, party, origin, started_unix_ms)
         VALUES (?, ?, 'default', 'live', ?, '{\"channel\":\"file\"}', 1)",
    )
    .bind(id.to_string())
    .bind(reference.as_str())
    .bind(party)
    .execute(&mut writer)
    .await
    .unwrap();
    readers.close().await;
    sqlx::Connection::close(writer).await.unwrap();

    let folder = Folder { store: Arc::new(SqliteStore::open(&data).await.unwrap()), data, _temp: temp };
    let row = folder.store.call(id).await.unwrap().unwrap();
    assert_eq!((row.reference, row.follows, row.party.verified), (reference.clone(), None, None));
    assert_eq!(row.party.claimed.and_then(|claimed| claimed.number).as_deref(), Some("5550134"));
    let (_, told) = follow_up(&folder, id).await;
    assert_eq!(told, reference);
}
