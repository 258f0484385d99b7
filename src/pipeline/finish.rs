//! After the caller is gone: everything recorded is recognised, then the draft is committed with its outbox row.

use tokio::sync::OnceCell;

use super::live::Ended;
use super::persist::until_stored;
use super::transfers::Place;
use super::{Stages, emergency, facts, recover};
use crate::call::{
    CallEvent, CallId, CallState, Coverage, DraftId, LostCause, LostSpan, MediaSpan, MediaTime, Outline, Traces,
};
use crate::draft::llm::{Answer, Question};
use crate::draft::schema::{Related, TicketDraft};
use crate::draft::work::Work;
use crate::draft::{Lines, keep_edits, repeats};
use crate::ops::fault;
use crate::speech::ledger;
use crate::store::reviews::ReviewRow;
use crate::store::{CallEnd, CallRow, CompletedDraft, RecordingRow, StoreError};

/// From the end of the audio to a committed draft.
pub(super) async fn finish(stages: &Stages, call: CallId, ended: Ended) {
    let Ended { cause, duration, recording, mut lost, notice, keys, read_backs, line_quality, transfer, scribe } =
        ended;
    let recording = match recording {
        Ok(recording) => {
            if let Some(failed) = &recording.failed {
                tracing::error!(%call, failed, "recording is not whole; what is missing is declared lost");
            }
            Some(recording)
        }
        Err(error) => {
            tracing::error!(%call, %error, "there is no recording; all of the call is declared lost");
            None
        }
    };
    let kept = MediaTime(recording.as_ref().map_or(0, |recording| recording.duration_ms));
    if kept < duration {
        lost.push(LostSpan { span: MediaSpan::new(kept, duration), cause: LostCause::Recorder });
    }
    let end = CallEnd {
        cause,
        ended_unix_ms: stages.clock.unix_ms(),
        duration_ms: duration.as_millis(),
        recording: recording.map(|r| RecordingRow { sha256: r.sha256, duration_ms: r.duration_ms, rate: r.rate }),
        lost,
        notice: Some(notice),
        dtmf: keys,
        read_backs,
        transfer: transfer.as_ref().and_then(Place::kept),
        line_quality: Some(line_quality),
    };
    if !end_call(stages, call, end).await {
        return;
    }
    drop(transfer);
    tracing::info!(%call, %cause, duration_ms = duration.as_millis(), "call ended");
    fault::point("audio.complete");
    if scribe.finish().await {
        complete(stages, call).await;
    } else {
        tracing::warn!(%call, "speech segments are missing; recognising them from the recording");
        recover::carry_on(stages, call).await;
    }
}

/// `false`: not written down; nothing that follows may claim that it was.
pub(super) async fn end_call(stages: &Stages, call: CallId, end: CallEnd) -> bool {
    let cause = end.cause;
    let stored = until_stored(stages, call, || stages.store.end_call(call, end.clone())).await.is_some();
    if stored {
        stages.tell_state(call, CallState::Finishing, Some(cause));
    }
    stored
}

/// Commits the draft of a call whose utterances are all stored.
pub(super) async fn complete(stages: &Stages, call: CallId) {
    let first = Version { draft: DraftId::new(), number: 1 };
    let answered = Answered::new();
    let _next_start_carries_on = until_stored(stages, call, || commit(stages, call, first, &answered)).await;
}

/// What the language model answered about one version: it is asked once, however often the store is tried.
pub(super) type Answered = OnceCell<Option<(Question, Answer)>>;

/// Which draft of a call.
#[derive(Clone, Copy)]
pub(super) struct Version {
    pub draft: DraftId,
    pub number: u32,
}

/// Draft and outbox rows of everything that is stored of a call.
pub(super) async fn commit(
    stages: &Stages,
    call: CallId,
    version: Version,
    answered: &Answered,
) -> Result<(), StoreError> {
    let row =
        stages.store.call(call).await?.ok_or_else(|| StoreError::NotFound { what: "call", id: call.to_string() })?;
    let utterances = stages.store.utterances(call).await?;
    let lost = stages.store.lost_spans(call).await?;
    let in_force = stages.settings.now();
    let line = in_force.config.line_named(&row.line);
    let not_recorded = row.notice.filter(|_| line.is_some_and(|line| !line.record_before_notice_ends));
    let line = line.cloned().unwrap_or_default();
    let danger = emergency::of_call(stages, &row, &line, &utterances).await?;
    let total = MediaTime(row.duration_ms.unwrap_or(0));
    let (coverage, _) = ledger(total, &utterances, &lost, not_recorded);

    let facts = facts::complete(stages, &row, version, danger);
    let rules = stages.draft(&facts, &utterances, coverage, &mut Lines::default());
    let mut draft = match answered.get_or_init(|| stages.consult(&rules, &utterances)).await {
        Some(answer) => stages.with_answer(&facts, &utterances, answer, rules),
        None => rules,
    };
    let review = review_of(stages, call).await?;
    if version.number > 1 && !keep_entered(stages, call, review.as_ref(), &mut draft).await? {
        return Ok(());
    }
    let traces = repeats::traces(&draft);
    for other in earlier(stages, call, row.started_unix_ms, &traces).await {
        // The call it adds to is named already.
        if draft.related.iter().all(|known| known.call_id != other.call_id) {
            draft.related.push(other);
        }
    }
    let damaged = |reason: String| StoreError::Damaged { what: "draft", id: version.draft.to_string(), reason };
    let body = serde_json::to_value(&draft).map_err(|e| damaged(e.to_string()))?;
    let committed = CompletedDraft {
        call,
        draft: version.draft,
        version: version.number,
        body: body.to_string(),
        coverage,
        created_unix_ms: stages.clock.unix_ms(),
        endpoints: stages.endpoints.clone(),
        traces,
        outline: outline(stages, &row, review.as_ref(), &draft),
    };
    if stages.store.complete_draft(committed).await? {
        tracing::info!(%call, utterances = utterances.len(), "draft committed");
        fault::point("draft.committed");
        if version.number == 1 {
            count(&coverage);
        }
        stages.outbox.nudge();
        stages.tell(CallEvent::Draft { call, complete: true, draft: body });
        stages.tell_state(call, CallState::Done, row.cause);
    }
    Ok(())
}

/// The work of people at it. One that cannot be read must not keep the draft from being made.
async fn review_of(stages: &Stages, call: CallId) -> Result<Option<ReviewRow>, StoreError> {
    match stages.reviews.review(call).await {
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::error!(%call, %error, "what people entered is not looked at; restore the data folder from a backup");
            Ok(None)
        }
        found => found,
    }
}

fn work(review: Option<&ReviewRow>) -> Work {
    let work = review.and_then(|row| serde_json::from_str(row.work.as_deref()?).ok());
    work.unwrap_or_default()
}

/// What a person entered in the version before stays in this one, and what was decided. What is entered and not decided
/// yet is laid over it at the desk. `false`: the version before cannot be read, so that a later one might undo it.
async fn keep_entered(
    stages: &Stages,
    call: CallId,
    review: Option<&ReviewRow>,
    draft: &mut TicketDraft,
) -> Result<bool, StoreError> {
    let Some((body, true)) = stages.store.draft(call).await? else { return Ok(true) };
    match serde_json::from_str(&body) {
        Ok(previous) => keep_edits(&previous, draft),
        Err(error) => {
            tracing::error!(%call, %error, "the newest draft cannot be read; it stays the newest, lest an entry in it be lost");
            return Ok(false);
        }
    }
    let hours = stages.settings.now().config.urgency;
    match review.filter(|row| row.decision.is_some()) {
        Some(decided) => *draft = stages.drafter.with_work(&work(Some(decided)), draft.clone(), &hours),
        None => stages.drafter.follow(draft, &hours),
    }
    Ok(true)
}

/// What the queue shows: what people entered, laid over the draft.
fn outline(stages: &Stages, row: &CallRow, review: Option<&ReviewRow>, draft: &TicketDraft) -> Outline {
    let (work, in_force) = (work(review), stages.settings.now());
    let config = &in_force.config;
    let shown = stages.drafter.with_work(&work, draft.clone(), &config.urgency);
    let ended_unix_ms = row.ended_unix_ms.unwrap_or(row.started_unix_ms);
    stages.drafter.outline(&shown, &work, ended_unix_ms, &config.review.due_min)
}

/// Earlier calls that this one may have to do with. A draft without them is better than none.
async fn earlier(stages: &Stages, call: CallId, started_unix_ms: i64, own: &Traces) -> Vec<Related> {
    match stages.store.earlier(call, own, repeats::since(started_unix_ms)).await {
        Ok(earlier) => repeats::related(own, started_unix_ms, &earlier),
        Err(error) => {
            tracing::error!(%call, %error, "earlier calls cannot be looked for; the draft names none");
            Vec::new()
        }
    }
}

/// Once a call, when its first draft is committed.
fn count(coverage: &Coverage) {
    let kinds = [
        ("text", coverage.text_ms),
        ("silence", coverage.silence_ms),
        ("unrecognised", coverage.unrecognised_ms),
        ("lost_line", coverage.lost_line_ms),
        ("lost_recorder", coverage.lost_recorder_ms),
        ("lost_interrupted", coverage.lost_interrupted_ms),
        ("not_recorded", coverage.not_recorded_ms),
    ];
    for (kind, millis) in kinds {
        metrics::counter!("heardline_pipeline_coverage_milliseconds_total", "kind" => kind).increment(millis);
    }
}
