use super::*;
use crate::call::{CallState, Identity};
use crate::store::{Erasable as _, Erased, Eraser, Received, StoreError};

const SECRET: &str = "the caller's own words";

/// Whether any file of the folder holds `text`.
fn holds(folder: &Folder, text: &str) -> bool {
    let files = std::fs::read_dir(folder.data.root()).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).any(|path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// A finished call with words, a draft and a copy at the built-in endpoint, all of which hold the secret.
async fn spoken(folder: &Folder) -> CompletedDraft {
    let mut call = new_call(CallId::new());
    let identity = Identity { uri: format!("sip:{SECRET}"), number: None, display_name: None, subject: None };
    call.party = Party { claimed: Some(identity), ..Party::default() };
    let id = call.id;
    folder.store.create_call(call).await.unwrap();
    folder.store.answer_call(id, 1_100).await.unwrap();
    for seq in 0..40 {
        folder.store.append_utterance(id, utterance(seq, &format!("{SECRET} {}", "x".repeat(900)))).await.unwrap();
        folder.store.put_live_draft(id, format!("{SECRET} {seq}")).await.unwrap();
    }
    folder.store.end_call(id, end()).await.unwrap();
    let mut draft = draft_of(id, 2_000, &["desk", "other"]);
    draft.body = format!("{{\"words\":\"{}\"}}", SECRET.repeat(400));
    folder.store.complete_draft(draft.clone()).await.unwrap();
    let key = format!("{}:1", draft.draft);
    folder.store.receive(&format!("msg_{id}"), &key, "hash", &draft.body, 3_000).await.unwrap();
    draft
}

#[tokio::test]
async fn nothing_of_an_erased_call_is_in_any_file_though_its_rows_were_moved_between_pages() {
    let folder = Folder::new().await;
    // Interleaved, so that inserts fall into the middle of the tree and rows move.
    let (first, second, third) = tokio::join!(spoken(&folder), spoken(&folder), spoken(&folder));
    assert!(holds(&folder, SECRET));
    let eraser = Eraser::new(folder.store.clone(), folder.data.clone());
    let erased = eraser.erase(&[first.call], 9_500).await.unwrap();
    let told = |one: &Erased| (one.call, one.cancelled, one.delivered_to.len());
    assert_eq!(erased.iter().map(told).collect::<Vec<_>>(), [(first.call, 2, 0)]);
    assert_eq!(eraser.erase_all(&[second.call, third.call], 9_500).await.unwrap().len(), 2);
    assert!(!holds(&folder, SECRET), "0 bytes of it are left");

    let stub = folder.store.call(first.call).await.unwrap().unwrap();
    assert_eq!((stub.state, stub.erased_unix_ms, stub.party), (CallState::Done, Some(9_500), Party::default()));
    assert_eq!((stub.cause, stub.duration_ms), (Some(EndCause::CallerHangup), Some(8_000)));
    assert!(
        stub.transfer.is_none()
            && stub.recording.is_none()
            && stub.dtmf.is_empty()
            && stub.read_backs.is_empty()
            && stub.dialled.is_none()
    );
    assert_eq!(eraser.find(stub.reference.as_str()).await.unwrap(), [first.call], "a caller may still ask");
    assert!(folder.store.draft(first.call).await.unwrap().is_none());
    assert!(folder.store.due_deliveries(i64::MAX, 10).await.unwrap().is_empty());
    assert!(folder.store.received(10).await.unwrap().is_empty());
    assert_eq!(eraser.resume().await.unwrap(), 0);
}

#[tokio::test]
async fn a_copy_that_was_on_its_way_when_its_call_was_erased_is_not_kept() {
    let folder = Folder::new().await;
    let draft = spoken(&folder).await;
    Eraser::new(folder.store.clone(), folder.data.clone()).erase(&[draft.call], 9_500).await.unwrap();
    let late =
        folder.store.receive("msg_late", &format!("{}:1", draft.draft), "hash", &draft.body, 9_600).await.unwrap();
    assert_eq!(late, Received::Duplicate, "the sender is done with it");
    let again = CompletedDraft { version: 2, ..draft };
    assert!(folder.store.complete_draft(again).await.is_err(), "no later version either");
    assert!(!holds(&folder, SECRET) || folder.store.received(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn only_calls_that_are_over_can_be_erased() {
    let folder = Folder::new().await;
    let eraser = Eraser::new(folder.store.clone(), folder.data.clone());
    let call = folder.new_call().await;
    for state in ["ringing", "live", "finishing"] {
        match state {
            "live" => folder.store.answer_call(call, 1_100).await.unwrap(),
            "finishing" => folder.store.end_call(call, end()).await.unwrap(),
            _ => {}
        }
        let refused = eraser.erase(&[call], 9_500).await.unwrap_err();
        assert!(matches!(&refused, StoreError::WrongState { state: found, .. } if found == state), "{refused}");
        assert!(folder.store.call(call).await.unwrap().unwrap().erased_unix_ms.is_none());
    }
    assert!(eraser.erase_all(&[call], 9_500).await.unwrap().is_empty());
    for unknown in [CallId::new().to_string(), "0000000000".into(), "../x".into()] {
        let found = match eraser.find(&unknown).await {
            Ok(calls) => eraser.erase(&calls, 9_500).await.map(drop),
            Err(error) => Err(error),
        };
        assert!(matches!(found, Err(StoreError::NotFound { what: "call", .. })), "{unknown}: {found:?}");
    }
}

#[tokio::test]
async fn the_sweep_reads_only_what_is_due() {
    let folder = Folder::new().await;
    let calls: Vec<_> = [folder.done_call(1, &[]).await, folder.done_call(1, &[]).await].map(|draft| draft.call).into();
    assert_eq!(folder.store.ended_before("default", 9_000, 10).await.unwrap(), []);
    let due = folder.store.ended_before("default", 9_001, 10).await.unwrap();
    assert_eq!(due.len(), 2);
    assert_eq!(folder.store.ended_before("default", 9_001, 1).await.unwrap().len(), 1);
    assert!(folder.store.ended_before("other", 9_001, 10).await.unwrap().is_empty());
    folder.store.begin_erasure(&calls[..1], 9_500).await.unwrap();
    assert_eq!(folder.store.ended_before("default", 9_001, 10).await.unwrap(), [calls[1]]);
    assert_eq!(folder.store.erasing().await.unwrap(), [calls[0]]);
    let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", crate::store::sqlite::erase::ENDED_BEFORE));
    let steps: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(plan).bind("default").bind(1).bind(1).fetch_all(&folder.store.readers).await.unwrap();
    assert!(steps.len() == 1 && steps[0].3.contains("INDEX call_expiry (line=? AND ended_unix_ms<?)"), "{steps:?}");
}
