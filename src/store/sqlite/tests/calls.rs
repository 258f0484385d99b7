use super::*;
use crate::call::{CallState, Unheard};
use crate::store::{Progress, StoreError};

#[tokio::test]
async fn a_call_and_its_reference_survive_a_restart() {
    let mut folder = Folder::new().await;
    let call = new_call(CallId::new());
    let reference = folder.store.create_call(call.clone()).await.unwrap();
    folder.reopen().await;
    let row = folder.store.call(call.id).await.unwrap().unwrap();
    assert_eq!((row.reference, row.state, row.cause), (reference, CallState::Ringing, None));
    assert_eq!((row.party, row.origin, row.dialled), (call.party, call.origin, call.dialled));
    assert!(folder.store.call(CallId::new()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_call_goes_from_ring_to_done_and_keeps_what_was_known_at_its_end() {
    let mut folder = Folder::new().await;
    let draft = folder.done_call(10_000, &["desk"]).await;
    folder.reopen().await;
    let row = folder.store.call(draft.call).await.unwrap().unwrap();
    assert_eq!((row.state, row.cause), (CallState::Done, Some(EndCause::CallerHangup)));
    assert_eq!((row.answered_unix_ms, row.ended_unix_ms, row.duration_ms), (Some(1_100), Some(9_000), Some(8_000)));
    assert_eq!((row.notice, row.recording, row.dtmf), (end().notice, end().recording, end().dtmf));
    assert_eq!((row.read_backs.as_slice(), row.transfer), ([read_back()].as_slice(), Some(transfer())));
    assert_eq!((row.coverage, row.line_quality), (Some(draft.coverage), end().line_quality));
    assert_eq!(folder.store.lost_spans(draft.call).await.unwrap(), end().lost);
}

#[tokio::test]
async fn a_call_that_ended_cannot_be_ended_or_refused_again() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    folder.store.answer_call(call, 1_100).await.unwrap();
    folder.store.end_call(call, end()).await.unwrap();
    let again = CallEnd { cause: EndCause::Interrupted, dtmf: "9".into(), ..end() };
    folder.store.end_call(call, again).await.unwrap();
    folder.store.refuse_call(call, EndCause::Cancelled, 5_000).await.unwrap();
    let row = folder.store.call(call).await.unwrap().unwrap();
    assert_eq!((row.state, row.cause), (CallState::Finishing, Some(EndCause::CallerHangup)));
    assert_eq!((row.dtmf.as_str(), row.answered_unix_ms), ("12#", Some(1_100)));
}

#[tokio::test]
async fn what_was_noted_in_mid_call_is_known_after_a_crash_and_gives_way_to_the_end() {
    let mut folder = Folder::new().await;
    let call = folder.new_call().await;
    let note = |heard_ms| Progress {
        lost: vec![lost(20, heard_ms)],
        notice: Some(span(0, 15)),
        dtmf: "7".into(),
        read_backs: vec![read_back()],
        transfer: Some(transfer()),
        heard_ms,
    };
    folder.store.note_progress(call, note(90)).await.unwrap();
    assert_eq!(folder.store.call(call).await.unwrap().unwrap().heard_ms, None, "it only rings");
    folder.store.answer_call(call, 1_100).await.unwrap();
    folder.store.note_progress(call, note(40)).await.unwrap();
    folder.store.note_progress(call, note(60)).await.unwrap();
    folder.reopen().await;
    let row = folder.store.unfinished().await.unwrap().remove(0);
    assert_eq!((row.notice, row.dtmf.as_str(), row.heard_ms), (Some(span(0, 15)), "7", Some(60)));
    assert_eq!((row.read_backs.as_slice(), row.transfer), ([read_back()].as_slice(), Some(transfer())));
    assert_eq!(folder.store.lost_spans(call).await.unwrap(), [lost(20, 60)]);

    folder.store.end_call(call, end()).await.unwrap();
    folder.store.note_progress(call, note(80)).await.unwrap();
    let row = folder.store.call(call).await.unwrap().unwrap();
    assert_eq!((row.notice, row.dtmf, row.heard_ms), (end().notice, end().dtmf, Some(60)));
    assert_eq!(folder.store.lost_spans(call).await.unwrap(), end().lost);
}

#[tokio::test]
async fn only_a_ringing_call_is_answered_and_only_a_finishing_one_gets_its_draft() {
    let folder = Folder::new().await;
    let wrong = |error: StoreError, call: CallId, in_state: &str| match error {
        StoreError::WrongState { id, state, .. } => assert_eq!((id, state.as_str()), (call, in_state)),
        other => panic!("{other}"),
    };
    let refused = folder.new_call().await;
    folder.store.refuse_call(refused, EndCause::Cancelled, 1).await.unwrap();
    wrong(folder.store.answer_call(refused, 2).await.unwrap_err(), refused, "refused");

    let call = folder.new_call().await;
    let draft = draft_of(call, 1, &["desk"]);
    wrong(folder.store.complete_draft(draft.clone()).await.unwrap_err(), call, "ringing");
    folder.store.answer_call(call, 1_100).await.unwrap();
    wrong(folder.store.answer_call(call, 5_000).await.unwrap_err(), call, "live");
    wrong(folder.store.complete_draft(draft.clone()).await.unwrap_err(), call, "live");
    assert_eq!(folder.store.deliveries(call).await.unwrap().len(), 0);
    assert_eq!(folder.store.draft(call).await.unwrap(), None);
    folder.store.end_call(call, end()).await.unwrap();
    wrong(folder.store.answer_call(call, 5_000).await.unwrap_err(), call, "finishing");
    assert!(folder.store.complete_draft(draft).await.unwrap());
    assert_eq!(folder.store.call(call).await.unwrap().unwrap().answered_unix_ms, Some(1_100));
}

#[tokio::test]
async fn a_reference_that_is_taken_is_drawn_again() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static DRAWS: AtomicU32 = AtomicU32::new(0);
    // 0, 0, 1, 2, 3 ...: the second call draws the first one's number before it finds its own.
    fn draw() -> u32 {
        DRAWS.fetch_add(1, Ordering::Relaxed).saturating_sub(1)
    }
    let folder = Folder::new().await;
    let mut references = Vec::new();
    for _ in 0..2 {
        let command = crate::store::sqlite::calls::CreateCall { call: new_call(CallId::new()), draw };
        references.push(folder.store.writer.write(command).await.unwrap());
    }
    assert_ne!(references[0], references[1]);
    assert_eq!(DRAWS.load(Ordering::Relaxed), 3);
    let stuck = crate::store::sqlite::calls::CreateCall { call: new_call(CallId::new()), draw: || 0 };
    let refused = folder.store.writer.write(stuck).await.unwrap_err();
    assert!(refused.to_string().contains("reference"), "{refused}");
}

#[tokio::test]
async fn an_utterance_is_kept_once_and_comes_back_to_the_bit() {
    let mut folder = Folder::new().await;
    let call = folder.new_call().await;
    let said = [utterance(0, "救命"), utterance(1, "it's \"burning\"")];
    for utterance in [&said[1], &said[0], &said[1]] {
        folder.store.append_utterance(call, utterance.clone()).await.unwrap();
    }
    folder.store.append_utterance(call, utterance(1, "another try")).await.unwrap();
    folder.reopen().await;
    assert_eq!(folder.store.utterances(call).await.unwrap(), said);
}

#[tokio::test]
async fn a_confidence_that_is_no_number_does_not_cost_the_words() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    let mut said = utterance(0, "fire");
    said.confidence = f32::NAN;
    said.words[0].confidence = f32::INFINITY;
    folder.store.append_utterance(call, said).await.unwrap();
    let kept = folder.store.utterances(call).await.unwrap();
    assert_eq!((kept[0].text.as_str(), kept[0].confidence, kept[0].words[0].confidence), ("fire", 0.0, 0.0));
}

#[tokio::test]
async fn a_change_of_an_unknown_call_is_refused_by_name() {
    let store = Folder::new().await.store;
    let call = CallId::new();
    let refusals = [
        store.answer_call(call, 1).await,
        store.refuse_call(call, EndCause::Refused, 1).await,
        store.note_progress(call, Progress::default()).await,
        store.end_call(call, end()).await,
        store.append_utterance(call, utterance(0, "x")).await,
        store.put_live_draft(call, "{}".into()).await,
        store.complete_draft(draft_of(call, 1, &["desk"])).await.map(drop),
        store.lost_spans(call).await.map(drop),
    ];
    for refusal in refusals {
        let refusal = refusal.unwrap_err();
        assert!(matches!(&refusal, StoreError::NotFound { what: "call", id } if *id == call.to_string()), "{refusal}");
    }
}

#[tokio::test]
async fn the_live_draft_is_replaced_by_the_next_and_gives_way_to_the_complete_one() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    assert_eq!(folder.store.draft(call).await.unwrap(), None);
    folder.store.put_live_draft(call, "first".into()).await.unwrap();
    folder.store.put_live_draft(call, "second".into()).await.unwrap();
    assert_eq!(folder.store.draft(call).await.unwrap(), Some(("second".into(), false)));
    let draft = draft_of(call, 1, &[]);
    folder.store.end_call(call, end()).await.unwrap();
    assert!(folder.store.complete_draft(draft.clone()).await.unwrap());
    folder.store.put_live_draft(call, "too late".into()).await.unwrap();
    assert_eq!(folder.store.draft(call).await.unwrap(), Some((draft.body, true)));
}

#[tokio::test]
async fn calls_are_paged_newest_first_without_gap_or_repeat() {
    let folder = Folder::new().await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(folder.new_call().await);
    }
    made.reverse();
    let (mut seen, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = folder.store.calls(before, 3).await.unwrap();
        seen.extend(page.calls.iter().map(|row| row.id));
        pages += 1;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!((seen, pages), (made, 3));
}

#[tokio::test]
async fn boot_is_given_exactly_the_unfinished_calls_oldest_first() {
    let mut folder = Folder::new().await;
    let ringing = folder.new_call().await;
    folder.done_call(1, &["desk"]).await;
    let live = folder.new_call().await;
    folder.store.answer_call(live, 2).await.unwrap();
    let refused = folder.new_call().await;
    folder.store.refuse_call(refused, EndCause::Cancelled, 3).await.unwrap();
    let finishing = folder.new_call().await;
    folder.store.end_call(finishing, end()).await.unwrap();
    folder.reopen().await;
    let found: Vec<_> = folder.store.unfinished().await.unwrap().iter().map(|row| (row.id, row.state)).collect();
    let expected = [(ringing, CallState::Ringing), (live, CallState::Live), (finishing, CallState::Finishing)];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn boot_does_not_read_the_calls_that_are_finished() {
    let folder = Folder::new().await;
    let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", crate::store::sqlite::reads::UNFINISHED));
    let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(plan).fetch_all(&folder.store.readers).await.unwrap();
    assert!(steps.len() == 1 && steps[0].3.contains("USING INDEX call_unfinished"), "{steps:?}");
}

#[tokio::test]
async fn a_damaged_call_is_named_and_hides_no_other() {
    let folder = Folder::new().await;
    let (first, damaged, last) = (folder.new_call().await, folder.new_call().await, folder.new_call().await);
    folder.damage("UPDATE call SET party = '{\"claimed\":' WHERE id = ?", damaged).await;
    let error = folder.store.call(damaged).await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { what: "call", id, .. } if *id == damaged.to_string()), "{error}");
    assert!(error.to_string().contains("party"), "{error}");
    let page = folder.store.calls(None, 2).await.unwrap();
    assert_eq!(page.calls.iter().map(|row| row.id).collect::<Vec<_>>(), [last]);
    assert_eq!(page.damaged, [damaged]);
    assert_eq!(page.next, Some(damaged));
    let page = folder.store.calls(page.next, 2).await.unwrap();
    assert_eq!(page.calls.iter().map(|row| row.id).collect::<Vec<_>>(), [first]);
    assert_eq!(folder.store.unfinished().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_damaged_call_that_recovery_must_leave_is_named_until_it_is_mended() {
    let folder = Folder::new().await;
    folder.new_call().await;
    let (stateless, nobody) = (folder.new_call().await, folder.new_call().await);
    let done = folder.done_call(1, &[]).await.call;
    folder.damage("UPDATE call SET state = 'flying' WHERE id = ?", stateless).await;
    folder.damage("UPDATE call SET party = 'nobody' WHERE id = ?", nobody).await;
    folder.damage("UPDATE call SET party = 'nobody' WHERE id = ?", done).await;
    assert_eq!(folder.store.unfinished().await.unwrap().len(), 1);
    assert_eq!(folder.store.damaged().await.unwrap(), [stateless, nobody]);
    assert_eq!(folder.store.calls(None, 10).await.unwrap().damaged, [done, nobody, stateless]);
    folder.damage("UPDATE call SET state = 'refused' WHERE id = ?", stateless).await;
    assert_eq!(folder.store.damaged().await.unwrap(), [nobody]);
}

#[tokio::test]
async fn a_damaged_utterance_is_a_stretch_to_listen_to_and_costs_no_other_words() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    for seq in 0..3 {
        folder.store.append_utterance(call, utterance(seq, "secret")).await.unwrap();
    }
    let cut = "UPDATE utterance SET words = '[{\"text\":\"secret\",\"secret\"' WHERE seq = 1 AND call = ?";
    folder.damage(cut, call).await;
    let kept = folder.store.utterances(call).await.unwrap();
    assert_eq!((&kept[0], &kept[2]), (&utterance(0, "secret"), &utterance(2, "secret")));
    let gap = &kept[1];
    assert_eq!((gap.seq, gap.span, gap.outcome), (1, utterance(1, "").span, SegmentOutcome::Unrecognised));
    assert!(gap.text.is_empty() && gap.words.is_empty());
}

#[tokio::test]
async fn the_message_about_damaged_words_names_the_row_and_not_what_was_said() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    folder.store.append_utterance(call, utterance(0, "secret")).await.unwrap();
    folder.damage("UPDATE utterance SET words = '[{\"text\":\"secret\",\"secret\"' WHERE call = ?", call).await;
    let row = sqlx::query("SELECT * FROM utterance").fetch_one(&folder.store.readers).await.unwrap();
    let error = crate::store::sqlite::rows::utterance(&row).unwrap_err().to_string();
    assert!(error.contains(&format!("utterance {call}/0")) && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn damaged_spans_of_lost_sound_leave_those_that_can_be_read() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    folder.store.end_call(call, end()).await.unwrap();
    let kept = folder.store.lost_spans(call).await.unwrap();
    let torn = "UPDATE call SET lost = json_insert(lost, '$[#]', json('{\"start\":true}')) WHERE id = ?";
    folder.damage(torn, call).await;
    assert_eq!(folder.store.lost_spans(call).await.unwrap(), kept);
    folder.damage("UPDATE call SET lost = '[{' WHERE id = ?", call).await;
    assert_eq!(folder.store.lost_spans(call).await.unwrap(), []);
}

#[tokio::test]
async fn utterances_come_in_the_order_they_were_spoken() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    for (seq, start) in [(0, 5_000), (1, 1_000), (2, 3_000), (3, 3_000)] {
        let said = Utterance { seq, span: span(start, start + 900), ..utterance(seq, "x") };
        folder.store.append_utterance(call, said).await.unwrap();
    }
    let order: Vec<_> = folder.store.utterances(call).await.unwrap().iter().map(|said| said.seq).collect();
    assert_eq!(order, [1, 2, 3, 0]);
}

#[tokio::test]
async fn segments_without_words_are_found_until_they_have_some_and_then_the_call_until_its_draft_has_them() {
    let folder = Folder::new().await;
    let draft = folder.done_call(10_000, &["desk"]).await;
    let (store, call) = (&folder.store, draft.call);
    let wordless = |cause| Utterance {
        voiced: vec![span(20_100, 21_000)],
        ..Utterance::unheard(10, span(20_000, 21_500), cause, "m")
    };
    store.append_utterance(call, wordless(Unheard::NoEngine)).await.unwrap();
    store.append_utterance(call, Utterance::unheard(11, span(22_000, 23_000), Unheard::Refused, "m")).await.unwrap();
    assert_eq!(store.to_fill_in(2, 10).await.unwrap(), [call]);

    // Nobody there is no try; a failure is one.
    store.fill_in(call, wordless(Unheard::NoEngine)).await.unwrap();
    assert_eq!(store.to_fill_in(2, 10).await.unwrap(), [call]);
    store.fill_in(call, wordless(Unheard::EngineFailed)).await.unwrap();
    assert_eq!(store.to_fill_in(2, 10).await.unwrap(), []);
    assert_eq!(store.to_fill_in(3, 10).await.unwrap(), [call]);

    let words = Utterance { seq: 10, span: span(20_000, 21_500), ..utterance(10, "at last") };
    store.fill_in(call, words.clone()).await.unwrap();
    let stored = store.utterances(call).await.unwrap().into_iter().find(|u| u.seq == 10).unwrap();
    assert_eq!((stored.text.as_str(), stored.unheard), ("at last", None));
    assert_eq!(stored.voiced, wordless(Unheard::NoEngine).voiced, "where speech was heard stays known");
    // What has words keeps them.
    store.fill_in(call, Utterance { text: "other".into(), ..words }).await.unwrap();
    assert!(store.utterances(call).await.unwrap().iter().any(|u| u.text == "at last"));

    assert_eq!(store.to_fill_in(3, 10).await.unwrap(), [call], "its draft lacks the words");
    assert!(store.call(call).await.unwrap().unwrap().redraft);
    let later = |version| CompletedDraft { version, draft: DraftId::new(), ..draft.clone() };
    assert!(!store.complete_draft(later(3)).await.unwrap(), "made from a version that was taken back");
    assert_eq!(store.to_fill_in(3, 10).await.unwrap(), [call], "so it is drafted again");
    assert!(store.complete_draft(later(2)).await.unwrap());
    assert_eq!(store.to_fill_in(3, 10).await.unwrap(), []);
}
