use super::*;
use crate::store::{AttemptResult, DeliveryRow, DeliveryState, NextStep, Received, StoreError};

fn attempt(delivery: &DeliveryRow, at_unix_ms: i64, next: NextStep) -> AttemptResult {
    let (status, error) = if next == NextStep::Done { (200, None) } else { (503, Some("busy".to_owned())) };
    AttemptResult { delivery: delivery.id.clone(), at_unix_ms, status: Some(status), error, next }
}

async fn due_ids(folder: &Folder, now: i64) -> Vec<String> {
    folder.store.due_deliveries(now, 100).await.unwrap().into_iter().map(|(delivery, _)| delivery.id).collect()
}

async fn only_delivery(folder: &Folder, call: CallId) -> DeliveryRow {
    let mut deliveries = folder.store.deliveries(call).await.unwrap();
    assert_eq!(deliveries.len(), 1);
    deliveries.remove(0)
}

#[tokio::test]
async fn a_draft_completed_twice_owes_one_delivery() {
    let mut folder = Folder::new().await;
    let draft = folder.done_call(10, &["desk", "desk"]).await;
    let first = only_delivery(&folder, draft.call).await;
    folder.reopen().await;
    // Recovery would come with a draft id of its own.
    let again = CompletedDraft { draft: DraftId::new(), body: "other".into(), created_unix_ms: 99, ..draft.clone() };
    assert!(!folder.store.complete_draft(again).await.unwrap());
    assert!(!folder.store.complete_draft(draft.clone()).await.unwrap());
    assert_eq!(only_delivery(&folder, draft.call).await.id, first.id);
    assert_eq!(folder.store.draft(draft.call).await.unwrap(), Some((draft.body, true)));
}

#[tokio::test]
async fn a_later_version_of_a_draft_is_owed_to_every_endpoint_under_its_own_id() {
    let folder = Folder::new().await;
    let first = folder.done_call(10, &["desk", "crm"]).await;
    let second = CompletedDraft { version: 2, body: "second".into(), ..first.clone() };
    assert!(folder.store.complete_draft(second).await.unwrap());
    let deliveries = folder.store.deliveries(first.call).await.unwrap();
    let ids: std::collections::BTreeSet<_> = deliveries.iter().map(|delivery| delivery.id.as_str()).collect();
    assert_eq!((deliveries.len(), ids.len()), (4, 4));
    assert!(ids.iter().all(|id| id.starts_with(&format!("msg_{}_", first.draft)) && !id.contains('.')), "{ids:?}");
    assert_eq!(folder.store.draft(first.call).await.unwrap(), Some(("second".into(), true)));
}

#[tokio::test]
async fn a_draft_that_cannot_be_committed_whole_leaves_nothing_behind() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    folder.store.put_live_draft(call, "live".into()).await.unwrap();
    folder.store.refuse_call(call, EndCause::Cancelled, 5).await.unwrap();
    let refused = folder.store.complete_draft(draft_of(call, 1, &["desk"])).await.unwrap_err();
    assert!(matches!(refused, StoreError::WrongState { .. }), "{refused}");
    assert_eq!(folder.store.deliveries(call).await.unwrap().len(), 0);
    assert_eq!(folder.store.draft(call).await.unwrap(), Some(("live".into(), false)));
}

#[tokio::test]
async fn a_delivery_is_due_then_retried_at_its_time_then_parked_then_replayed_with_the_same_body() {
    let mut folder = Folder::new().await;
    let draft = folder.done_call(1_000, &["desk"]).await;
    assert_eq!(due_ids(&folder, 999).await, [""; 0]);
    assert_eq!(folder.store.next_due().await.unwrap(), Some(1_000));
    let (delivery, body) = folder.store.due_deliveries(1_000, 1).await.unwrap().remove(0);
    assert_eq!((delivery.attempts, body.as_str()), (0, draft.body.as_str()));

    folder.store.record_attempt(attempt(&delivery, 1_001, NextStep::RetryAt { unix_ms: 6_000 })).await.unwrap();
    folder.reopen().await;
    assert_eq!(due_ids(&folder, 5_999).await, [""; 0]);
    assert_eq!(due_ids(&folder, 6_000).await, std::slice::from_ref(&delivery.id));

    folder.store.record_attempt(attempt(&delivery, 6_001, NextStep::Park)).await.unwrap();
    assert_eq!((due_ids(&folder, i64::MAX).await.len(), folder.store.next_due().await.unwrap()), (0, None));
    let dead = folder.store.dead_deliveries(10).await.unwrap();
    assert_eq!((dead.len(), dead[0].state, dead[0].attempts), (1, DeliveryState::Dead, 2));
    assert_eq!((dead[0].last_status, dead[0].last_error.as_deref()), (Some(503), Some("busy")));

    folder.store.replay(&delivery.id, 7_000).await.unwrap();
    let (again, body) = folder.store.due_deliveries(7_000, 10).await.unwrap().remove(0);
    assert_eq!((again.id, body), (delivery.id.clone(), draft.body));
    folder.store.record_attempt(attempt(&delivery, 7_001, NextStep::Done)).await.unwrap();
    let done = only_delivery(&folder, draft.call).await;
    assert_eq!((done.state, done.attempts, done.delivered_unix_ms), (DeliveryState::Delivered, 1, Some(7_001)));
    assert_eq!(folder.store.dead_deliveries(10).await.unwrap().len(), 0);

    let log: Vec<(i64, i64, Option<i64>)> =
        sqlx::query_as("SELECT number, at_unix_ms, status FROM delivery_attempt ORDER BY number")
            .fetch_all(&folder.store.readers)
            .await
            .unwrap();
    assert_eq!(log, [(1, 1_001, Some(503)), (2, 6_001, Some(503)), (3, 7_001, Some(200))]);
}

#[tokio::test]
async fn a_replayed_delivery_has_the_whole_schedule_before_it_again_and_keeps_its_log() {
    let folder = Folder::new().await;
    let draft = folder.done_call(1_000, &["desk"]).await;
    let delivery = only_delivery(&folder, draft.call).await;
    for at in 1..=10 {
        let next = if at < 10 { NextStep::RetryAt { unix_ms: at } } else { NextStep::Park };
        folder.store.record_attempt(attempt(&delivery, at, next)).await.unwrap();
    }
    assert_eq!(only_delivery(&folder, draft.call).await.attempts, 10);
    folder.store.replay(&delivery.id, 11).await.unwrap();
    assert_eq!(only_delivery(&folder, draft.call).await.attempts, 0);
    folder.store.record_attempt(attempt(&delivery, 12, NextStep::RetryAt { unix_ms: 20 })).await.unwrap();
    // Pressed again while it is on its way: nothing is forgotten.
    folder.store.replay(&delivery.id, 13).await.unwrap();
    assert_eq!(only_delivery(&folder, draft.call).await.attempts, 1);
    let log: Vec<(i64, i64)> = sqlx::query_as("SELECT number, at_unix_ms FROM delivery_attempt ORDER BY number")
        .fetch_all(&folder.store.readers)
        .await
        .unwrap();
    assert_eq!(log.len(), 11);
    assert_eq!(log[10], (11, 12));
}

#[tokio::test]
async fn what_was_delivered_is_never_sent_again() {
    let folder = Folder::new().await;
    let draft = folder.done_call(1, &["desk"]).await;
    let delivery = only_delivery(&folder, draft.call).await;
    folder.store.record_attempt(attempt(&delivery, 2, NextStep::Done)).await.unwrap();
    folder.store.record_attempt(attempt(&delivery, 3, NextStep::RetryAt { unix_ms: 4 })).await.unwrap();
    let refused = folder.store.replay(&delivery.id, 5).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotFound { what: "dead delivery", .. }), "{refused}");
    folder.store.make_due("desk", 0).await.unwrap();
    assert_eq!(due_ids(&folder, i64::MAX).await, [""; 0]);
    assert_eq!(only_delivery(&folder, draft.call).await.delivered_unix_ms, Some(2));
    let unknown = AttemptResult { delivery: "msg_none".into(), ..attempt(&delivery, 6, NextStep::Done) };
    assert!(matches!(folder.store.record_attempt(unknown).await, Err(StoreError::NotFound { what: "delivery", .. })));
}

#[tokio::test]
async fn what_waits_and_what_was_parked_is_counted_without_reading_what_was_delivered() {
    let folder = Folder::new().await;
    for next in [NextStep::Done, NextStep::Park, NextStep::Park, NextStep::RetryAt { unix_ms: 9 }] {
        let draft = folder.done_call(1, &["desk"]).await;
        let delivery = only_delivery(&folder, draft.call).await;
        folder.store.record_attempt(attempt(&delivery, 2, next)).await.unwrap();
    }
    let counts = folder.store.delivery_counts().await.unwrap();
    assert_eq!(counts, Some(crate::store::DeliveryCounts { pending: 1, dead: 2 }));
    let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", crate::store::sqlite::outbox::COUNTS));
    let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(plan).fetch_all(&folder.store.readers).await.unwrap();
    let looks: Vec<_> = steps.iter().filter(|step| step.3.contains("delivery")).collect();
    assert!(looks.len() == 2 && looks.iter().all(|step| step.3.contains("INDEX delivery_d")), "{steps:?}");
}

#[tokio::test]
async fn due_deliveries_come_oldest_first_and_no_more_than_asked_for() {
    let folder = Folder::new().await;
    let mut expected = Vec::new();
    for created in [30, 10, 20] {
        let draft = folder.done_call(created, &["desk"]).await;
        expected.push((created, only_delivery(&folder, draft.call).await.id));
    }
    expected.sort();
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    assert_eq!(due_ids(&folder, 30).await, expected);
    // All due at the same time: the one that has waited longest still goes first.
    folder.store.make_due("desk", 5).await.unwrap();
    assert_eq!(due_ids(&folder, 5).await, expected);
    assert_eq!(folder.store.due_deliveries(5, 2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_endpoint_that_came_back_drains_alone() {
    let folder = Folder::new().await;
    let draft = folder.done_call(1_000, &["crm", "desk"]).await;
    folder.store.make_due("desk", 50).await.unwrap();
    let due = folder.store.due_deliveries(50, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].0.endpoint.as_str(), due[0].0.call), ("desk", draft.call));
}

#[tokio::test]
async fn a_damaged_delivery_is_parked_and_holds_up_no_other() {
    let folder = Folder::new().await;
    let damaged = folder.done_call(1, &["desk"]).await;
    let sound = folder.done_call(2, &["desk"]).await;
    folder.damage("UPDATE delivery SET attempts = -1 WHERE call = ?", damaged.call).await;
    assert_eq!(folder.store.due_deliveries(10, 1).await.unwrap().len(), 0);
    let due = folder.store.due_deliveries(10, 1).await.unwrap();
    assert_eq!(due.iter().map(|(delivery, _)| delivery.call).collect::<Vec<_>>(), [sound.call]);
    assert_eq!(folder.store.next_due().await.unwrap(), Some(2));
}

#[tokio::test]
async fn the_inbox_keeps_a_draft_once_and_tells_duplicate_from_conflict() {
    let mut folder = Folder::new().await;
    let cases = [
        (("msg_1", "key-1", "aa"), Received::Accepted),
        (("msg_1", "key-1", "aa"), Received::Duplicate),
        (("msg_2", "key-1", "aa"), Received::Duplicate),
        (("msg_1", "key-9", "aa"), Received::Duplicate),
        (("msg_2", "key-1", "bb"), Received::Conflict),
        (("msg_1", "key-2", "bb"), Received::Conflict),
        (("msg_2", "key-2", "bb"), Received::Accepted),
        (("msg_1", "key-2", "aa"), Received::Conflict),
    ];
    for ((id, key, sha256), expected) in cases {
        let body = format!("body {sha256}");
        let got = folder.store.receive(id, key, sha256, &body, 7).await.unwrap();
        assert_eq!(got, expected, "{id} {key} {sha256}");
        folder.reopen().await;
    }
    let kept = folder.store.received(10).await.unwrap();
    assert_eq!(kept, [("msg_2".into(), "body bb".into()), ("msg_1".into(), "body aa".to_owned())]);
    assert_eq!(folder.store.received(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_equal_posts_at_once_one_is_accepted() {
    let folder = Folder::new().await;
    let posts = (0..50).map(|_| folder.store.receive("msg", "key", "aa", "body", 1));
    let results = futures_util::future::join_all(posts).await;
    let accepted = results.iter().filter(|r| matches!(r, Ok(Received::Accepted))).count();
    let duplicate = results.iter().filter(|r| matches!(r, Ok(Received::Duplicate))).count();
    assert_eq!((accepted, duplicate), (1, 49));
}
