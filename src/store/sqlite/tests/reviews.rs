use std::collections::BTreeMap;

use super::*;
use crate::call::{CorrectionKind, Decision, ReviewState};
use crate::store::reviews::{Asked, Edited, Hand, List, NewCorrection, NewDecision, QueueRow, Refused, ReviewRow};
use crate::store::sqlite::open::{MIGRATIONS, open_with};
use crate::store::sqlite::reviews::queue;
use crate::store::{AttemptResult, Erasable as _, Eraser, NextStep, Reviews as _, StoreError};

const LEASE: i64 = 300_000;
const UNDO: i64 = 10_000;
const NOW: i64 = 1_000_000;

fn hand(by: &str, now_unix_ms: i64) -> Hand {
    Hand { by: by.into(), now_unix_ms, until_unix_ms: now_unix_ms + LEASE }
}

fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Refused {
    match result {
        Err(StoreError::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

fn outline(due_unix_ms: i64, check: u32) -> Outline {
    Outline { due_unix_ms, check, category: Some("road.tree".into()), ..Outline::default() }
}

impl Folder {
    async fn drafted(&self, outline: Outline) -> CompletedDraft {
        let call = self.new_call().await;
        self.store.answer_call(call, 1_100).await.unwrap();
        self.store.end_call(call, end()).await.unwrap();
        let draft = CompletedDraft { outline, ..draft_of(call, 2_000, &[]) };
        assert!(self.store.complete_draft(draft.clone()).await.unwrap());
        draft
    }

    async fn row(&self, call: CallId) -> ReviewRow {
        self.store.review(call).await.unwrap().unwrap()
    }

    async fn list(&self, list: List, change: impl FnOnce(&mut Asked)) -> Vec<QueueRow> {
        let mut asked =
            Asked { list, category: None, line: None, mine: None, after: None, limit: 50, now_unix_ms: NOW };
        change(&mut asked);
        self.store.queue(&asked).await.unwrap()
    }
}

fn edited(call: CallId, by: &str, now: i64, revision: u32, work: &str) -> Edited {
    Edited { call, hand: hand(by, now), revision, work: work.into(), outline: outline(NOW, 0) }
}

fn decision(draft: &CompletedDraft, by: &str, now: i64, revision: u32) -> NewDecision {
    NewDecision {
        took_ms: Some(9_000),
        into: None,
        call: draft.call,
        hand: hand(by, now),
        revision,
        decision: Decision::Approve,
        reason: None,
        unit: None,
        draft: draft.draft,
        version: 2,
        body: "decided".into(),
        endpoints: vec!["desk".into()],
        undo_until_unix_ms: now + UNDO,
        outline: outline(NOW, 0),
        traces: Traces::default(),
        corrections: vec![NewCorrection {
            by: by.into(),
            pointer: "/caller/name".into(),
            field: "name".into(),
            category: Some("road.tree".into()),
            kind: CorrectionKind::Corrected,
            old: "\"Lee\"".into(),
            new: "\"Leigh\"".into(),
            evidence: "[]".into(),
        }],
    }
}

async fn due(folder: &Folder, now: i64) -> Vec<String> {
    folder.store.due_deliveries(now, 100).await.unwrap().into_iter().map(|(_, body)| body).collect()
}

#[tokio::test]
async fn two_people_on_one_draft_one_holds_it_and_a_supervisor_may_take_it_over() {
    let folder = Folder::new().await;
    let call = folder.drafted(outline(NOW, 1)).await.call;
    let (a, b) = tokio::join!(
        folder.store.claim(call, hand("li", NOW), false),
        folder.store.claim(call, hand("wang", NOW), false)
    );
    let refusal = if a.is_ok() { refused(b) } else { refused(a) };
    let holder = folder.row(call).await.lease.unwrap().by;
    assert_eq!(refusal, Refused::Held { by: holder.clone() });
    let again = folder.store.claim(call, hand(&holder, NOW + 60_000), false).await.unwrap();
    assert_eq!(again.lease.unwrap().until_unix_ms, NOW + 60_000 + LEASE, "again by the holder: five minutes more");
    let taken = folder.store.claim(call, hand("chen", NOW + 60_001), true).await.unwrap();
    assert_eq!((taken.lease.unwrap().by.as_str(), taken.revision), ("chen", 2));
    folder.store.give_back(call, &holder).await.unwrap();
    assert_eq!(folder.row(call).await.state(NOW + 60_002), ReviewState::Held, "only the holder gives it back");
    folder.store.give_back(call, "chen").await.unwrap();
    assert_eq!(folder.row(call).await.state(NOW + 60_002), ReviewState::Waiting);
}

#[tokio::test]
async fn a_lease_ends_by_time_alone_and_the_revision_guards_what_is_typed() {
    let mut folder = Folder::new().await;
    let call = folder.drafted(outline(NOW, 1)).await.call;
    folder.store.claim(call, hand("li", NOW), false).await.unwrap();
    let late = NOW + LEASE;
    assert_eq!(folder.row(call).await.state(late), ReviewState::Waiting);
    // Nobody has it, so what was typed meanwhile is taken, and the lease with it.
    let row = folder.store.edit(edited(call, "li", late, 2, "first")).await.unwrap();
    assert_eq!((row.revision, row.work.as_deref(), row.state(late)), (3, Some("first"), ReviewState::Held));
    assert_eq!(refused(folder.store.edit(edited(call, "li", late, 2, "stale")).await), Refused::Stale);
    let other = folder.store.edit(edited(call, "wang", late, 3, "other")).await;
    assert_eq!(refused(other), Refused::Held { by: "li".into() });
    folder.reopen().await;
    let row = folder.row(call).await;
    assert_eq!((row.revision, row.work.as_deref()), (3, Some("first")), "a restart keeps it");
    assert_eq!(row.lease.unwrap().by, "li");
}

#[tokio::test]
async fn of_two_edits_of_one_revision_one_is_taken() {
    let folder = Folder::new().await;
    let call = folder.drafted(outline(NOW, 1)).await.call;
    let edits = (0..8).map(|nth| {
        let store = folder.store.clone();
        tokio::spawn(async move { store.edit(edited(call, "li", NOW, 2, &nth.to_string())).await })
    });
    let mut taken = 0;
    for edit in edits {
        match edit.await.unwrap() {
            Ok(_) => taken += 1,
            other => assert_eq!(refused(other), Refused::Stale),
        }
    }
    assert_eq!((taken, folder.row(call).await.revision), (1, 3));
}

#[tokio::test]
async fn a_call_that_is_up_can_be_claimed_and_edited_and_its_first_draft_raises_the_revision() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    let ringing = folder.store.claim(call, hand("li", NOW), false).await.unwrap_err();
    assert!(matches!(ringing, StoreError::WrongState { .. }), "{ringing}");
    folder.store.answer_call(call, 1_100).await.unwrap();
    assert!(folder.store.review(call).await.unwrap().is_none(), "nobody has touched it");
    let row = folder.store.edit(edited(call, "li", NOW, ReviewRow::UNTOUCHED, "typed")).await.unwrap();
    assert_eq!((row.revision, row.state(NOW)), (2, ReviewState::Live));
    assert_eq!(folder.list(List::Waiting, |_| {}).await.len(), 0);
    assert_eq!(folder.list(List::Live, |_| {}).await[0].review.lease.as_ref().unwrap().by, "li");
    folder.store.end_call(call, end()).await.unwrap();
    folder.store.complete_draft(CompletedDraft { outline: outline(7, 3), ..draft_of(call, 2_000, &[]) }).await.unwrap();
    let row = folder.row(call).await;
    assert_eq!((row.revision, row.work.as_deref(), row.outline.check), (3, Some("typed"), 3));
    assert_eq!(row.state(NOW), ReviewState::Held);
}

#[tokio::test]
async fn a_later_version_of_the_machines_raises_the_revision_of_an_open_draft_only() {
    let folder = Folder::new().await;
    let draft = folder.drafted(outline(NOW, 1)).await;
    folder.store.edit(edited(draft.call, "li", NOW, 2, "typed")).await.unwrap();
    let later = CompletedDraft { version: 2, body: "later".into(), outline: outline(NOW, 9), ..draft.clone() };
    assert!(folder.store.complete_draft(later).await.unwrap());
    let row = folder.row(draft.call).await;
    assert_eq!((row.revision, row.work.as_deref(), row.outline.check), (4, Some("typed"), 9));
    let new = NewDecision { version: 3, ..decision(&draft, "li", NOW, 4) };
    folder.store.decide(new).await.unwrap();
    let later = CompletedDraft { version: 4, body: "latest".into(), ..draft.clone() };
    assert!(folder.store.complete_draft(later).await.unwrap());
    assert_eq!(folder.row(draft.call).await.revision, 5);
    let undo = folder.store.undo(draft.call, hand("li", NOW + 1), false).await;
    assert_eq!(refused(undo), Refused::TooLate, "a version that knows of it is there");
}

#[tokio::test]
async fn a_decision_is_taken_back_whole_within_ten_seconds() {
    let mut folder = Folder::new().await;
    let draft = folder.drafted(outline(NOW, 1)).await;
    let row = folder.store.decide(decision(&draft, "li", NOW, 2)).await.unwrap();
    assert_eq!((row.revision, row.state(NOW), row.state(NOW + UNDO)), (3, ReviewState::Deciding, ReviewState::Decided));
    assert_eq!(folder.store.draft(draft.call).await.unwrap(), Some(("decided".into(), true)));
    assert!(due(&folder, NOW + UNDO - 1).await.is_empty(), "nothing leaves before");
    // An endpoint that comes back, or a replay by hand, does not bring it forward.
    folder.store.make_due("desk", NOW).await.unwrap();
    let id = folder.store.deliveries(draft.call).await.unwrap().remove(0).id;
    folder.store.replay(&id, NOW).await.unwrap();
    assert_eq!(folder.store.next_due().await.unwrap(), Some(NOW + UNDO));
    folder.reopen().await;
    let other = folder.store.undo(draft.call, hand("wang", NOW + 1), false).await;
    assert_eq!(refused(other), Refused::Anothers { by: "li".into() });
    let row = folder.store.undo(draft.call, hand("li", NOW + UNDO - 1), false).await.unwrap();
    assert_eq!((row.revision, row.decision.is_none(), row.state(NOW)), (4, true, ReviewState::Held));
    assert_eq!(folder.store.draft(draft.call).await.unwrap(), Some((draft.body.clone(), true)));
    assert!(folder.store.deliveries(draft.call).await.unwrap().is_empty());
    assert!(folder.store.corrections((i64::MIN, 0), i64::MAX, 10).await.unwrap().is_empty());
    assert_eq!(refused(folder.store.undo(draft.call, hand("li", NOW), false).await), Refused::Undecided);
    folder.store.decide(decision(&draft, "li", NOW, 4)).await.unwrap();
    assert_eq!(due(&folder, NOW + UNDO).await, ["decided"], "decided again, under the same version");
}

#[tokio::test]
async fn once_the_outbox_has_it_nobody_takes_it_back_and_it_leaves_once() {
    let folder = Folder::new().await;
    let draft = folder.drafted(outline(NOW, 1)).await;
    folder.store.decide(decision(&draft, "li", NOW, 2)).await.unwrap();
    let sent = folder.store.due_deliveries(NOW + UNDO, 10).await.unwrap();
    assert_eq!(sent.len(), 1);
    // By a clock that lags behind the outbox's.
    let late = folder.store.undo(draft.call, hand("li", NOW), true).await;
    assert_eq!(refused(late), Refused::TooLate);
    let result = AttemptResult {
        delivery: sent[0].0.id.clone(),
        at_unix_ms: NOW + UNDO,
        status: Some(200),
        error: None,
        next: NextStep::Done,
    };
    folder.store.record_attempt(result).await.unwrap();
    assert!(due(&folder, i64::MAX).await.is_empty());
    let by_time = folder.store.undo(draft.call, hand("li", NOW + UNDO), true).await;
    assert_eq!(refused(by_time), Refused::TooLate);
}

#[tokio::test]
async fn an_undo_and_the_outbox_at_once_never_both_have_it() {
    for _ in 0..20 {
        let folder = Folder::new().await;
        let draft = folder.drafted(outline(NOW, 1)).await;
        folder.store.decide(decision(&draft, "li", NOW, 2)).await.unwrap();
        // The undo's clock is a moment behind.
        let (taken_back, sent) = tokio::join!(
            folder.store.undo(draft.call, hand("li", NOW + UNDO - 1), false),
            folder.store.due_deliveries(NOW + UNDO, 10)
        );
        assert_ne!(taken_back.is_ok(), !sent.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_draft_is_decided_once_by_whoever_read_it_last() {
    let folder = Folder::new().await;
    let draft = folder.drafted(outline(NOW, 1)).await;
    assert_eq!(refused(folder.store.decide(decision(&draft, "li", NOW, 1)).await), Refused::Stale);
    folder.store.claim(draft.call, hand("wang", NOW), false).await.unwrap();
    assert_eq!(refused(folder.store.decide(decision(&draft, "li", NOW, 2)).await), Refused::Held { by: "wang".into() });
    folder.store.decide(decision(&draft, "wang", NOW, 2)).await.unwrap();
    let decided = Refused::Decided { by: "wang".into() };
    assert_eq!(refused(folder.store.decide(decision(&draft, "wang", NOW, 3)).await), decided);
    assert_eq!(refused(folder.store.edit(edited(draft.call, "wang", NOW, 3, "more")).await), decided);
    assert_eq!(refused(folder.store.claim(draft.call, hand("li", NOW), true).await), decided);
    assert_eq!(folder.store.deliveries(draft.call).await.unwrap().len(), 1);
    let live = folder.new_call().await;
    folder.store.answer_call(live, 1).await.unwrap();
    folder.store.claim(live, hand("li", NOW), false).await.unwrap();
    let early = decision(&CompletedDraft { call: live, ..draft }, "li", NOW, 1);
    assert!(matches!(refused(folder.store.decide(early).await), Refused::NotOver { .. }));
}

#[tokio::test]
async fn the_queue_goes_by_emergency_due_minute_and_doubt_and_pages_follow_each_other() {
    let folder = Folder::new().await;
    let minute = 60_000;
    let later = folder.drafted(outline(9 * minute, 0)).await.call;
    let doubtful = folder.drafted(outline(5 * minute + 30_000, 4)).await.call;
    let sure = folder.drafted(outline(5 * minute, 0)).await.call;
    let danger = folder.drafted(Outline { emergency: true, ..outline(99 * minute, 0) }).await.call;
    let calls = |rows: &[QueueRow]| rows.iter().map(|row| row.review.call).collect::<Vec<_>>();
    let all = folder.list(List::Waiting, |_| {}).await;
    assert_eq!(calls(&all), [danger, doubtful, sure, later]);
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = folder.list(List::Waiting, |asked| (asked.after, asked.limit) = (after, 1)).await;
        let Some(last) = page.last() else { break };
        after = Some((last.place, last.review.call));
        paged.extend(calls(&page));
    }
    assert_eq!(paged, calls(&all));
    folder.store.claim(danger, hand("wang", NOW), false).await.unwrap();
    let next = folder.store.claim_next(hand("li", NOW)).await.unwrap().unwrap();
    assert_eq!((next.call, next.lease.unwrap().by.as_str()), (doubtful, "li"), "the first that nobody holds");
    let counts = folder.store.queue_counts("li", 6 * minute).await.unwrap();
    assert_eq!((counts.waiting, counts.overdue, counts.mine), (4, 2, 1));
    let mine = folder.list(List::Waiting, |asked| asked.mine = Some("wang".into())).await;
    assert_eq!(calls(&mine), [danger]);
    for (category, found) in [("road.tree", 4), ("road", 4), ("roa", 0), ("utility", 0)] {
        let rows = folder.list(List::Waiting, |asked| asked.category = Some(category.into())).await;
        assert_eq!(rows.len(), found, "{category}");
    }
    assert!(folder.list(List::Waiting, |asked| asked.line = Some("other".into())).await.is_empty());
    for _ in 0..2 {
        folder.store.claim_next(hand("chen", NOW)).await.unwrap().unwrap();
    }
    assert!(folder.store.claim_next(hand("zhou", NOW)).await.unwrap().is_none());
    assert_eq!(folder.list(List::All, |_| {}).await.len(), 4);
}

#[tokio::test]
async fn what_was_decided_is_listed_newest_first_and_waits_no_more() {
    let folder = Folder::new().await;
    let drafts = [folder.drafted(outline(NOW, 1)).await, folder.drafted(outline(NOW, 1)).await];
    for (draft, at) in drafts.iter().zip([NOW, NOW + 1]) {
        folder.store.decide(decision(draft, "li", at, 2)).await.unwrap();
    }
    let decided = folder.list(List::Decided, |_| {}).await;
    let calls: Vec<_> = decided.iter().map(|row| row.review.call).collect();
    assert_eq!(calls, [drafts[1].call, drafts[0].call]);
    let place = (decided[0].place, decided[0].review.call);
    assert_eq!(folder.list(List::Decided, |asked| asked.after = Some(place)).await.len(), 1);
    assert!(folder.list(List::Decided, |asked| asked.mine = Some("wang".into())).await.is_empty());
    assert!(folder.list(List::Waiting, |_| {}).await.is_empty());
    let counts = folder.store.queue_counts("li", NOW).await.unwrap();
    assert_eq!((counts.waiting, counts.overdue, counts.mine), (0, 0, 0));
}

#[tokio::test]
async fn the_lists_are_read_from_their_indexes() {
    let folder = Folder::new().await;
    for (list, index) in [(List::Waiting, "review_open"), (List::Decided, "review_decided")] {
        let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", queue::sql(list)));
        let mut asked = sqlx::query_as(plan);
        for _ in 0..7 {
            asked = asked.bind(None::<i64>);
        }
        let steps: Vec<(i64, i64, i64, String)> = asked.fetch_all(&folder.store.readers).await.unwrap();
        let said: Vec<_> = steps.iter().map(|step| step.3.as_str()).collect();
        assert!(said.iter().any(|step| step.contains(&format!("INDEX {index}"))), "{said:?}");
        assert!(!said.iter().any(|step| step.contains("TEMP B-TREE")), "sorted again: {said:?}");
    }
}

#[tokio::test]
async fn corrections_are_exported_in_order_and_counted_by_category() {
    let folder = Folder::new().await;
    let drafts = [folder.drafted(outline(NOW, 1)).await, folder.drafted(outline(NOW, 1)).await];
    folder.store.decide(decision(&drafts[0], "li", NOW, 2)).await.unwrap();
    let plain = NewDecision { corrections: Vec::new(), ..decision(&drafts[1], "li", NOW + 5, 2) };
    folder.store.decide(plain).await.unwrap();
    assert!(folder.store.corrections((i64::MIN, 0), NOW, 10).await.unwrap().is_empty(), "it may still be taken back");
    let found = folder.store.corrections((i64::MIN, 0), NOW + 1, 10).await.unwrap();
    assert_eq!((found.len(), found[0].call, found[0].draft), (1, drafts[0].call, drafts[0].draft));
    assert_eq!((found[0].made.old.as_str(), found[0].made.new.as_str()), ("\"Lee\"", "\"Leigh\""));
    let after = (found[0].at_unix_ms, found[0].id);
    assert!(folder.store.corrections(after, i64::MAX, 10).await.unwrap().is_empty());
    let rates = folder.store.correction_rates(i64::MAX).await.unwrap();
    assert_eq!(rates.len(), 1);
    assert_eq!((rates[0].field.as_str(), rates[0].category.as_deref()), ("name", Some("road.tree")));
    assert_eq!((rates[0].decided, rates[0].corrected, rates[0].entered, rates[0].not_said), (2, 1, 0, 0));
}

#[tokio::test]
async fn an_erased_call_leaves_nothing_of_its_review_and_cannot_be_worked_at() {
    let folder = Folder::new().await;
    let secret = "Leigh of 44 Maple Street";
    let draft = folder.drafted(outline(NOW, 1)).await;
    folder.store.edit(edited(draft.call, "li", NOW, 2, secret)).await.unwrap();
    folder.store.note_seen(draft.call, BTreeMap::from([("/caller/name".into(), secret.into())])).await.unwrap();
    let mut new = decision(&draft, "li", NOW, 3);
    new.corrections[0].new = secret.into();
    new.reason = Some(secret.into());
    folder.store.decide(new).await.unwrap();
    folder.store.begin_erasure(&[draft.call], NOW).await.unwrap();
    assert!(folder.store.review(draft.call).await.unwrap().is_none(), "from the tombstone on");
    assert!(folder.list(List::All, |_| {}).await.is_empty());
    for error in [
        folder.store.claim(draft.call, hand("li", NOW), true).await.unwrap_err(),
        folder.store.undo(draft.call, hand("li", NOW), true).await.unwrap_err(),
        folder.store.note_seen(draft.call, BTreeMap::new()).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    }
    Eraser::new(folder.store.clone(), folder.data.clone()).erase(&[draft.call], NOW).await.unwrap();
    for table in ["review", "review_seen", "correction", "review_owed"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let left: i64 = sqlx::query_scalar(sql).fetch_one(&folder.store.readers).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
    let files = std::fs::read_dir(folder.data.root()).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|path| path.is_file()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", file.display());
    }
}

#[tokio::test]
async fn calls_completed_before_there_were_reviews_are_taken_up_once() {
    let temp = tempfile::tempdir().unwrap();
    let data = DataDir::open(temp.path()).unwrap();
    let before: Vec<_> = MIGRATIONS.iter().copied().filter(|(version, ..)| *version < 9).collect();
    assert_eq!(before.len(), 8);
    let (mut conn, readers) = open_with(&data.database(), &before).await.unwrap();
    let (done, erased) = (CallId::new(), CallId::new());
    for (nth, (call, erased_at)) in [(done, None), (erased, Some(5_i64))].into_iter().enumerate() {
        sqlx::query(
            "INSERT INTO call (id, reference, line, state, party, origin, started_unix_ms, ended_unix_ms, erased_unix_ms)
             VALUES (?, ?, 'default', 'done', '{}', '{}', 1, 2, ?)",
        )
        .bind(call.to_string())
        .bind(nth.to_string())
        .bind(erased_at)
        .execute(&mut conn)
        .await
        .unwrap();
        sqlx::query("INSERT INTO draft (id, version, call, body, created_unix_ms) VALUES (?, 1, ?, '{}', 3)")
            .bind(DraftId::new().to_string())
            .bind(call.to_string())
            .execute(&mut conn)
            .await
            .unwrap();
    }
    readers.close().await;
    sqlx::Connection::close(conn).await.unwrap();
    let store = SqliteStore::open(&data).await.unwrap();
    assert!(store.review(done).await.unwrap().is_none(), "owed");
    assert_eq!(store.owed(10).await.unwrap(), [done]);
    store.take_up(vec![(done, outline(7, 1)), (erased, outline(7, 1))]).await.unwrap();
    store.take_up(vec![(done, outline(8, 9))]).await.unwrap();
    assert!(store.owed(10).await.unwrap().is_empty());
    assert_eq!(store.review(done).await.unwrap().unwrap().outline.due_unix_ms, 7, "made once");
    assert!(store.review(erased).await.unwrap().is_none());
    store.close().await;
}
