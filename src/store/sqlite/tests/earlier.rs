//! Earlier calls are found by number, by matter and by the reference a caller quotes; what is erased is not.

use super::*;
use crate::call::{Earlier, Matter, Since};
use crate::store::Erasable as _;

const ALWAYS: Since = Since { number_unix_ms: 0, matter_unix_ms: 0 };

fn traces(numbers: &[&str], category: &str) -> Traces {
    let matter = Matter { category: category.into(), place: "elmstreet".into(), gist: vec![3, 5, u64::MAX] };
    Traces { numbers: numbers.iter().map(|&number| number.to_owned()).collect(), matters: vec![matter], quoted: None }
}

/// A finished call that leaves these traces.
async fn left(folder: &Folder, traces: &Traces) -> CallId {
    let call = folder.new_call().await;
    folder.store.answer_call(call, 1_100).await.unwrap();
    folder.store.end_call(call, end()).await.unwrap();
    let draft = CompletedDraft { traces: traces.clone(), ..draft_of(call, 9_000, &[]) };
    assert!(folder.store.complete_draft(draft).await.unwrap());
    call
}

async fn found(folder: &Folder, call: CallId, traces: &Traces, since: Since) -> Vec<Earlier> {
    folder.store.earlier(call, traces, since).await.unwrap()
}

#[tokio::test]
async fn calls_of_the_same_number_or_category_are_found_with_their_matters() {
    let folder = Folder::new().await;
    let first = left(&folder, &traces(&["+12125550134"], "road.tree")).await;
    let second = left(&folder, &traces(&["+12125550199"], "utility.gas")).await;
    let new = traces(&["+12125550134", "5550134"], "utility.gas");
    let call = left(&folder, &new).await;

    let earlier = found(&folder, call, &new, ALWAYS).await;
    let of = |id: CallId| earlier.iter().find(|earlier| earlier.call == id).unwrap();
    assert_eq!(earlier.len(), 2, "and not the call itself: {earlier:?}");
    assert!(of(first).same_number && !of(second).same_number);
    assert_eq!(of(second).matters, traces(&[], "utility.gas").matters);
    assert_eq!(of(first).started_unix_ms, 1_000);

    let too_long_ago = Since { number_unix_ms: 1_001, matter_unix_ms: 1_001 };
    assert!(found(&folder, call, &new, too_long_ago).await.is_empty());
    assert!(found(&folder, call, &Traces::default(), ALWAYS).await.is_empty());
}

#[tokio::test]
async fn a_quoted_reference_finds_its_call() {
    let folder = Folder::new().await;
    let first = left(&folder, &Traces::default()).await;
    let reference = folder.store.call(first).await.unwrap().unwrap().reference;
    let quotes = Traces { quoted: Some(reference.to_string()), ..Traces::default() };
    let call = left(&folder, &quotes).await;
    let earlier = found(&folder, call, &quotes, ALWAYS).await;
    assert_eq!(earlier.iter().map(|e| (e.call, e.quoted)).collect::<Vec<_>>(), [(first, true)]);
}

#[tokio::test]
async fn a_later_version_replaces_what_was_kept_and_an_erasure_removes_it() {
    let folder = Folder::new().await;
    let (old, new) = (traces(&["111111"], "road.tree"), traces(&["222222"], "utility.gas"));
    let call = left(&folder, &old).await;
    let second = CompletedDraft { version: 2, traces: new.clone(), ..draft_of(call, 9_500, &[]) };
    assert!(folder.store.complete_draft(second).await.unwrap());
    let later = folder.new_call().await;
    assert!(found(&folder, later, &old, ALWAYS).await.is_empty());
    assert_eq!(found(&folder, later, &new, ALWAYS).await.len(), 1);

    folder.store.begin_erasure(&[call], 10_000).await.unwrap();
    assert!(found(&folder, later, &new, ALWAYS).await.is_empty(), "from the first moment on");
    folder.store.erase_words(call).await.unwrap();
    for table in ["caller_number", "matter"] {
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")))
            .fetch_one(&folder.store.readers)
            .await
            .unwrap();
        assert_eq!(left, 0, "{table}");
    }
}
