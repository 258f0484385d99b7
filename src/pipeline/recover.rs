//! Carries on every call that is in no final state, from where its record stops.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::scribe::{self, Assignment, Cut};
use super::{Stages, finish};
use crate::call::{AudioFrame, CallId, CallState, EndCause, FrameKind, MediaTime};
use crate::media::{WavError, read_mono, repair};
use crate::speech::{EndpointRules, Heard, Listener, Priority};
use crate::store::{CallEnd, CallRow, RecordingRow, StoreError};

/// Calls carried on at once: enough to keep the recogniser busy, few enough to leave live calls the disk.
const AT_ONCE: usize = 4;

/// Run once at boot, beside new calls. Returns how many calls were carried on.
pub async fn recover(stages: Arc<Stages>) -> Result<usize, StoreError> {
    let rows = stages.store.unfinished().await?;
    let found = rows.len();
    futures_util::stream::iter(rows)
        .for_each_concurrent(AT_ONCE, |row| {
            let stages = stages.clone();
            async move {
                tracing::info!(call = %row.id, state = %row.state, "carrying on a call from before the restart");
                metrics::counter!("heardline_pipeline_recovered_total").increment(1);
                carry_on_row(&stages, row).await;
            }
        })
        .await;
    Ok(found)
}

/// Carries on one call, wherever it stopped.
pub(super) async fn carry_on(stages: &Stages, call: CallId) {
    match stages.store.call(call).await {
        Ok(Some(row)) => carry_on_row(stages, row).await,
        Ok(None) => tracing::error!(%call, "no such call to carry on"),
        Err(error) => tracing::error!(%call, %error, "call cannot be read; the next start carries it on"),
    }
}

async fn carry_on_row(stages: &Stages, row: CallRow) {
    match row.state {
        CallState::Ringing => {
            // Its 200 OK never left, so nobody was promised anything.
            if let Err(error) = stages.store.refuse_call(row.id, EndCause::Interrupted, stages.clock.unix_ms()).await {
                tracing::error!(call = %row.id, %error, "unanswered call cannot be closed; the next start tries again");
            }
        }
        CallState::Live => {
            let end = interrupted(stages, &row).await;
            finish::end_call(stages, row.id, end).await;
            recognise_rest(stages, &row).await;
            finish::complete(stages, row.id).await;
        }
        CallState::Finishing => {
            recognise_rest(stages, &row).await;
            finish::complete(stages, row.id).await;
        }
        CallState::Done | CallState::Refused => {}
    }
}

/// The end of a call that the gateway did not live to see: its audio is what reached the disk.
async fn interrupted(stages: &Stages, row: &CallRow) -> CallEnd {
    let path = stages.data.recording(row.id);
    let repaired = tokio::task::spawn_blocking(move || repair(&path)).await;
    let recording = match repaired {
        Ok(Ok(recording)) => {
            Some(RecordingRow { sha256: recording.sha256, duration_ms: recording.duration_ms, rate: recording.rate })
        }
        Ok(Err(error)) => {
            tracing::error!(call = %row.id, %error, "recording cannot be repaired; the draft says so");
            None
        }
        Err(error) => {
            tracing::error!(call = %row.id, %error, "repairing the recording failed");
            None
        }
    };
    let duration_ms = recording.as_ref().map_or(0, |r| r.duration_ms);
    let answered = row.answered_unix_ms.unwrap_or(row.started_unix_ms);
    CallEnd {
        cause: EndCause::Interrupted,
        ended_unix_ms: answered.saturating_add_unsigned(duration_ms),
        duration_ms,
        recording,
        lost: Vec::new(),
        notice: None,
        dtmf: row.dtmf.clone(),
    }
}

/// Cuts the recording again (the endpointer is deterministic) and recognises the segments that are not stored.
async fn recognise_rest(stages: &Stages, row: &CallRow) {
    let path = stages.data.recording(row.id);
    let stored: HashSet<u32> = match stages.store.utterances(row.id).await {
        Ok(utterances) => utterances.iter().map(|u| u.seq).collect(),
        Err(error) => {
            tracing::error!(call = %row.id, %error, "utterances cannot be read");
            return;
        }
    };
    let reading = path.clone();
    let Ok(cuts) = tokio::task::spawn_blocking(move || cut_again(&reading)).await else { return };
    let (rate, cuts) = match cuts {
        Ok(cuts) => cuts,
        Err(error) => {
            tracing::error!(call = %row.id, %error, "recording cannot be read; what was recognised before stands");
            return;
        }
    };
    let languages =
        stages.config.lines.iter().find(|line| line.name == row.line).cloned().unwrap_or_default().languages;
    let assignment = Assignment { call: row.id, rate, languages, recording: path };
    for cut in cuts.into_iter().filter(|cut| !stored.contains(&cut.seq)) {
        scribe::recognise(stages, &assignment, cut, Priority::Backlog).await;
    }
}

fn cut_again(path: &std::path::Path) -> Result<(u32, Vec<Cut>), WavError> {
    let audio = read_mono(path)?;
    let rate = audio.rate;
    let mut listener = Listener::new(rate, EndpointRules::default());
    let whole = AudioFrame { at: MediaTime::ZERO, rate, kind: FrameKind::Heard, pcm: audio.pcm };
    let mut heard = listener.push(&whole);
    heard.extend(listener.finish());
    let spans = heard.into_iter().filter_map(|event| match event {
        Heard::Segment { span, pcm } => Some((span, pcm)),
        Heard::SpeechStarted(_) | Heard::SpeechEnded(_) => None,
    });
    let cuts = (0..).zip(spans).map(|(seq, (span, pcm))| Cut { seq, span, pcm: Some(pcm) }).collect();
    Ok((rate, cuts))
}
