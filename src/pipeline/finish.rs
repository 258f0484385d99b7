//! After the caller is gone: everything recorded is recognised, then the draft is committed with its outbox row.

use std::time::Duration;

use super::live::Ended;
use super::{Stages, facts, recover};
use crate::call::{CallEvent, CallId, CallState, DraftId};
use crate::ops::fault;
use crate::speech::ledger;
use crate::store::{CallEnd, CompletedDraft, RecordingRow, StoreError};

/// Between two tries when the store cannot take it (disk full): the call stays visible as `finishing` meanwhile.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// From the end of the audio to a committed draft.
pub(super) async fn finish(stages: &Stages, call: CallId, ended: Ended) {
    let recording = match ended.recording {
        Ok(recording) => {
            Some(RecordingRow { sha256: recording.sha256, duration_ms: recording.duration_ms, rate: recording.rate })
        }
        Err(error) => {
            tracing::error!(%call, %error, "recording is damaged; the draft says so");
            None
        }
    };
    let end = CallEnd {
        cause: ended.cause,
        ended_unix_ms: stages.clock.unix_ms(),
        duration_ms: ended.duration.as_millis(),
        recording,
        lost: ended.lost,
        notice: Some(ended.notice),
        dtmf: ended.keys,
    };
    end_call(stages, call, end).await;
    fault::point("audio.complete");
    let cut = ended.scribe.next_seq();
    let written = u32::try_from(ended.scribe.finish().await.len()).unwrap_or(u32::MAX);
    if written == cut {
        complete(stages, call).await;
    } else {
        tracing::warn!(%call, cut, written, "speech segments are missing; recognising them from the recording");
        recover::carry_on(stages, call).await;
    }
}

pub(super) async fn end_call(stages: &Stages, call: CallId, end: CallEnd) {
    let cause = end.cause;
    while let Err(error) = stages.store.end_call(call, end.clone()).await {
        if closed(stages, call, &error).await {
            return;
        }
    }
    stages.tell_state(call, CallState::Finishing, Some(cause));
}

/// Commits the draft of a call whose utterances are all stored. Repeats until the store has it.
pub(super) async fn complete(stages: &Stages, call: CallId) {
    loop {
        match try_complete(stages, call).await {
            Ok(()) => return,
            Err(error) => {
                if closed(stages, call, &error).await {
                    return;
                }
            }
        }
    }
}

/// Waits before the next try. `true`: the store is closing; boot recovery carries the call on.
async fn closed(stages: &Stages, call: CallId, error: &StoreError) -> bool {
    tracing::error!(%call, %error, "cannot be written down; trying again");
    metrics::counter!("heardline_pipeline_store_retries_total").increment(1);
    if matches!(error, StoreError::Closed) {
        return true;
    }
    tokio::select! {
        () = stages.stop.cancelled() => true,
        () = tokio::time::sleep(TRY_AGAIN) => false,
    }
}

async fn try_complete(stages: &Stages, call: CallId) -> Result<(), StoreError> {
    let Some(row) = stages.store.call(call).await? else {
        tracing::error!(%call, "call vanished from the store before its draft was made");
        return Ok(());
    };
    let utterances = stages.store.utterances(call).await?;
    let lost = stages.store.lost_spans(call).await?;
    let line = stages.config.lines.iter().find(|line| line.name == row.line);
    let not_recorded = row.notice.filter(|_| line.is_some_and(|line| !line.record_before_notice_ends));
    let total = crate::call::MediaTime(row.duration_ms.unwrap_or(0));
    let (coverage, _) = ledger(total, &utterances, &lost, not_recorded);

    let draft_id = DraftId::new();
    let draft = stages.drafter.draft(&facts::complete(stages, &row, draft_id), &utterances, coverage);
    let body = serde_json::to_value(&draft).map_err(|e| StoreError::Damaged {
        what: "draft",
        id: draft_id.to_string(),
        reason: e.to_string(),
    })?;
    let committed = CompletedDraft {
        call,
        draft: draft_id,
        version: 1,
        body: body.to_string(),
        coverage,
        created_unix_ms: stages.clock.unix_ms(),
        endpoints: stages.endpoints.clone(),
    };
    if stages.store.complete_draft(committed).await? {
        fault::point("draft.committed");
        stages.outbox.nudge();
        stages.tell(CallEvent::Draft { call, complete: true, draft: body });
        stages.tell_state(call, CallState::Done, row.cause);
    }
    Ok(())
}
