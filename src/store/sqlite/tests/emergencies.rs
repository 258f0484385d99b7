use super::*;
use crate::call::{Danger, HeardIn, ServiceKind};
use crate::store::{
    Acknowledged, AttemptResult, DeliveryRow, DeliveryState, Emergencies as _, Erasable as _, Eraser, NewEmergency,
    NextStep, Received, Store as _, StoreError, Subject,
};

const QUOTE: &str = "the cellar is on fire";

fn emergency(call: CallId, at_ms: i64, endpoints: &[&str]) -> NewEmergency {
    let danger = Danger {
        service: ServiceKind::Fire,
        number: "112".into(),
        quote: QUOTE.into(),
        span: span(3_000, 4_200),
        heard_in: HeardIn::Partial,
        raised_unix_ms: at_ms,
    };
    let endpoints = endpoints.iter().map(|&name| name.to_owned()).collect();
    NewEmergency { call, danger, body: format!("{{\"quote\":\"{QUOTE}\"}}"), endpoints }
}

async fn raised(folder: &Folder, at_ms: i64, endpoints: &[&str]) -> CallId {
    let call = folder.new_call().await;
    folder.store.answer_call(call, 1_100).await.unwrap();
    assert!(folder.store.raise(emergency(call, at_ms, endpoints)).await.unwrap());
    call
}

async fn due(folder: &Folder, now: i64) -> Vec<(DeliveryRow, String)> {
    folder.store.due_deliveries(now, 100).await.unwrap()
}

fn attempt(delivery: &DeliveryRow, next: NextStep) -> AttemptResult {
    let (status, error) = (Some(503), Some("busy".to_owned()));
    AttemptResult { delivery: delivery.id.clone(), at_unix_ms: 2_001, status, error, next }
}

#[tokio::test]
async fn an_emergency_is_raised_once_a_call_and_owed_once_to_each_endpoint_across_a_restart() {
    let mut folder = Folder::new().await;
    let call = raised(&folder, 2_000, &["a", "b", "a"]).await;
    folder.reopen().await;
    let other = NewEmergency { body: "other".into(), ..emergency(call, 2_500, &["a", "b", "c"]) };
    assert!(!folder.store.raise(other).await.unwrap(), "the first one stands");
    let kept = folder.store.emergency(call).await.unwrap().unwrap();
    assert_eq!((kept.call, kept.danger), (call, emergency(call, 2_000, &[]).danger));

    let due = due(&folder, 2_000).await;
    let ids: std::collections::BTreeSet<_> = due.iter().map(|(row, _)| row.id.as_str()).collect();
    assert_eq!((due.len(), ids.len()), (2, 2));
    assert!(ids.iter().all(|id| id.starts_with(&format!("msg_emergency_{call}_")) && !id.contains('.')), "{ids:?}");
    for (row, body) in &due {
        assert_eq!((row.subject, row.call, row.state), (Subject::Emergency, call, DeliveryState::Pending));
        assert_eq!(body, &emergency(call, 0, &[]).body);
    }
    assert_eq!(folder.store.emergency(CallId::new()).await.unwrap().map(|row| row.call), None);
    assert!(!folder.store.raise(emergency(CallId::new(), 1, &["a"])).await.unwrap(), "there is no such call");
}

#[tokio::test]
async fn an_emergency_is_due_before_drafts_that_wait_longer_and_shares_all_else_with_them() {
    let folder = Folder::new().await;
    let draft = folder.done_call(1_000, &["desk"]).await;
    let call = raised(&folder, 2_000, &["alarm"]).await;
    let all = due(&folder, 2_000).await;
    assert_eq!(all.iter().map(|(row, _)| row.call).collect::<Vec<_>>(), [call, draft.call]);
    assert_eq!(folder.store.due_deliveries(2_000, 1).await.unwrap().len(), 2, "one of each");
    assert_eq!(folder.store.next_due().await.unwrap(), Some(1_000));
    let event = &all[0].0;

    folder.store.record_attempt(attempt(event, NextStep::RetryAt { unix_ms: 7_001 })).await.unwrap();
    assert!(due(&folder, 7_000).await.iter().all(|(row, _)| row.call != call));
    folder.store.make_due("alarm", 3_000).await.unwrap();
    assert_eq!(due(&folder, 3_000).await[0].0.attempts, 1);
    folder.store.record_attempt(attempt(event, NextStep::Park)).await.unwrap();
    let counts = folder.store.delivery_counts().await.unwrap().unwrap();
    assert_eq!((counts.pending, counts.dead), (1, 1));
    let dead = folder.store.dead_deliveries(10).await.unwrap();
    assert_eq!((dead.len(), dead[0].id.as_str(), dead[0].draft()), (1, event.id.as_str(), None));
    folder.store.replay(&event.id, 4_000).await.unwrap();
    assert_eq!(due(&folder, 4_000).await[0].1, all[0].1, "the same body");
    folder.store.record_attempt(attempt(event, NextStep::Done)).await.unwrap();
    assert_eq!(folder.store.deliveries(call).await.unwrap()[0].state, DeliveryState::Delivered);
}

#[tokio::test]
async fn the_deliveries_of_a_call_name_its_draft_first() {
    let folder = Folder::new().await;
    let call = raised(&folder, 2_000, &["alarm"]).await;
    folder.store.end_call(call, end()).await.unwrap();
    folder.store.complete_draft(draft_of(call, 9_000, &["desk"])).await.unwrap();
    let rows = folder.store.deliveries(call).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.endpoint.as_str()).collect::<Vec<_>>(), ["desk", "alarm"]);
}

#[tokio::test]
async fn what_is_due_is_found_without_reading_what_was_delivered() {
    let folder = Folder::new().await;
    for (sql, index) in [
        (crate::store::sqlite::outbox::DUE_EMERGENCIES, "delivery_urgent"),
        (crate::store::sqlite::emergency::OPEN, "emergency_open"),
    ] {
        let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let steps: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(plan).bind(1).bind(1).fetch_all(&folder.store.readers).await.unwrap();
        assert!(steps.iter().any(|step| step.3.contains(&format!("INDEX {index}"))), "{steps:?}");
    }
}

#[tokio::test]
async fn one_that_nobody_acknowledges_is_escalated_once_and_one_that_is_taken_never() {
    let mut folder = Folder::new().await;
    let (late, taken) = (raised(&folder, 2_000, &[]).await, raised(&folder, 2_001, &[]).await);
    let open = |rows: Vec<crate::store::EmergencyRow>| rows.into_iter().map(|row| row.call).collect::<Vec<_>>();
    assert!(folder.store.unacknowledged(1_999, 10).await.unwrap().is_empty());
    assert_eq!(open(folder.store.unacknowledged(2_001, 10).await.unwrap()), [late, taken]);
    assert_eq!(open(folder.store.unacknowledged(2_001, 1).await.unwrap()), [late]);

    let first = Acknowledged { at_unix_ms: 3_000, by: Some("Li".into()), reason: None };
    let row = folder.store.acknowledge(taken, first.clone()).await.unwrap();
    assert_eq!((row.state().as_str(), row.acknowledged), ("acknowledged", Some(first.clone())));
    let second = Acknowledged { at_unix_ms: 4_000, by: Some("Wang".into()), reason: Some("me".into()) };
    assert_eq!(folder.store.acknowledge(taken, second).await.unwrap().acknowledged, Some(first));
    assert!(!folder.store.escalate(taken, 62_000).await.unwrap());

    folder.reopen().await;
    assert!(folder.store.escalate(late, 62_000).await.unwrap());
    assert!(!folder.store.escalate(late, 63_000).await.unwrap(), "counted once");
    assert!(folder.store.unacknowledged(i64::MAX, 10).await.unwrap().is_empty());
    assert_eq!(folder.store.emergency(late).await.unwrap().unwrap().state().as_str(), "escalated");
    let at_last = folder.store.acknowledge(late, Acknowledged { at_unix_ms: 70_000, ..Acknowledged::default() });
    assert_eq!(at_last.await.unwrap().state().as_str(), "acknowledged");
    let nothing = folder.store.acknowledge(CallId::new(), Acknowledged::default()).await.unwrap_err();
    assert!(matches!(nothing, StoreError::NotFound { what: "emergency", .. }), "{nothing}");
}

#[tokio::test]
async fn nothing_of_an_erased_calls_emergency_is_kept_not_even_a_copy_that_was_on_its_way() {
    let folder = Folder::new().await;
    let call = raised(&folder, 2_000, &["alarm", "other"]).await;
    folder.store.end_call(call, end()).await.unwrap();
    folder.store.complete_draft(draft_of(call, 9_000, &["desk"])).await.unwrap();
    let delivered = due(&folder, 2_000).await.remove(0).0;
    folder.store.record_attempt(attempt(&delivered, NextStep::Done)).await.unwrap();
    let (key, body) = (format!("{call}:emergency"), emergency(call, 0, &[]).body);
    let got = folder.store.receive_emergency("msg_1", &key, "hash", &body, 2_002).await.unwrap();
    assert_eq!(got, Received::Accepted);
    assert_eq!(folder.store.received_emergencies(10).await.unwrap(), [("msg_1".to_owned(), body.clone())]);
    assert!(folder.store.received(10).await.unwrap().is_empty(), "it is no draft");

    let erased = Eraser::new(folder.store.clone(), folder.data.clone()).erase(&[call], 9_500).await.unwrap();
    assert_eq!((erased[0].cancelled, erased[0].delivered_to.as_slice()), (2, &[delivered.endpoint.clone()][..]));
    assert!(folder.store.emergency(call).await.unwrap().is_none());
    assert!(folder.store.deliveries(call).await.unwrap().is_empty());
    assert!(folder.store.received_emergencies(10).await.unwrap().is_empty());
    let late = folder.store.receive_emergency("msg_2", &key, "hash", &body, 9_600).await.unwrap();
    assert_eq!(late, Received::Duplicate, "the sender is done with it");
    assert!(folder.store.received_emergencies(10).await.unwrap().is_empty());
    assert!(!folder.store.raise(emergency(call, 9_700, &["alarm"])).await.unwrap());
    let bytes = std::fs::read(folder.data.database()).unwrap();
    assert!(!bytes.windows(QUOTE.len()).any(|window| window == QUOTE.as_bytes()));
    assert!(folder.store.erasing().await.unwrap().is_empty());
}

#[tokio::test]
async fn deliveries_and_their_attempts_of_an_older_version_are_kept_as_they_were() {
    use crate::store::sqlite::open::{MIGRATIONS, open_with};
    let temp = tempfile::tempdir().unwrap();
    let data = DataDir::open(temp.path()).unwrap();
    let older: Vec<_> = MIGRATIONS.iter().copied().filter(|(version, ..)| *version < 7).collect();
    let (mut writer, readers) = open_with(&data.database(), &older).await.unwrap();
    for sql in [
        "INSERT INTO call (id, reference, line, state, party, origin, started_unix_ms)
         VALUES ('0197a0b4-0000-7000-8000-000000000001', '5720481610', 'default', 'done', '{}', '{}', 1)",
        "INSERT INTO draft (id, version, call, body, created_unix_ms)
         VALUES ('0197a0b4-0000-7000-8000-000000000002', 1, '0197a0b4-0000-7000-8000-000000000001', 'body', 5)",
        "INSERT INTO delivery (id, call, draft, version, endpoint, state, attempts, next_attempt_unix_ms, created_unix_ms)
         VALUES ('msg_old', '0197a0b4-0000-7000-8000-000000000001', '0197a0b4-0000-7000-8000-000000000002', 1, 'desk',
                 'pending', 1, 7, 5)",
        "INSERT INTO delivery_attempt (delivery, number, at_unix_ms, status) VALUES ('msg_old', 1, 6, 503)",
    ] {
        sqlx::query(sql).execute(&mut writer).await.unwrap();
    }
    readers.close().await;
    sqlx::Connection::close(writer).await.unwrap();

    let store = SqliteStore::open(&data).await.unwrap();
    let (row, body) = store.due_deliveries(7, 10).await.unwrap().remove(0);
    assert_eq!((row.id.as_str(), row.attempts, body.as_str()), ("msg_old", 1, "body"));
    let done = AttemptResult { status: Some(200), error: None, ..attempt(&row, NextStep::Done) };
    store.record_attempt(done).await.unwrap();
    let log: Vec<(i64, Option<i64>)> = sqlx::query_as("SELECT number, status FROM delivery_attempt ORDER BY number")
        .fetch_all(&store.readers)
        .await
        .unwrap();
    assert_eq!(log, [(1, Some(503)), (2, Some(200))]);
}
