//! Carries on every call that is in no final state, from where its record stops.

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::persist::until_stored;
use super::scribe::{self, Assignment, Numbered};
use super::{Stages, finish};
use crate::call::{
    AudioFrame, CallId, CallState, EndCause, FrameKind, LostCause, LostSpan, MediaSpan, MediaTime, Transfer, Unheard,
    Utterance,
};
use crate::media::{Recording, WavError, read_mono, repair};
use crate::speech::{Cut, EndpointRules, Heard, Listener, Priority};
use crate::store::{CallEnd, CallRow, RecordingRow};

/// Calls carried on at once: enough to keep the recogniser busy, few enough to leave live calls the disk.
const AT_ONCE: usize = 4;

/// Carries on what an earlier run left, beside new calls. `rows` were read before the first new call was taken.
pub async fn recover(stages: Arc<Stages>, rows: Vec<CallRow>) {
    futures_util::stream::iter(rows)
        .for_each_concurrent(AT_ONCE, |row| {
            let stages = stages.clone();
            async move {
                let call = row.id;
                tracing::info!(%call, state = %row.state, "carrying on a call from before the restart");
                metrics::counter!("heardline_pipeline_recovered_total").increment(1);
                // A task of its own: a call that cannot be carried on must not hold up the others.
                if let Err(error) = tokio::spawn(async move { carry_on_row(&stages, row).await }).await {
                    let panicked = error.is_panic();
                    tracing::error!(%call, panicked, "call cannot be carried on; it stays unfinished at the desk");
                }
            }
        })
        .await;
}

/// Carries on one call, wherever it stopped.
pub async fn carry_on(stages: &Stages, call: CallId) {
    match until_stored(stages, call, || stages.store.call(call)).await {
        Some(Some(row)) => carry_on_row(stages, row).await,
        Some(None) => tracing::error!(%call, "no such call to carry on"),
        None => {}
    }
}

async fn carry_on_row(stages: &Stages, row: CallRow) {
    match row.state {
        CallState::Ringing => {
            // Its 200 OK never left, so nobody was promised anything.
            super::answer::never_answered(stages, row.id, EndCause::Interrupted).await;
            return;
        }
        CallState::Live => {
            let end = interrupted(stages, &row).await;
            let duration_ms = end.duration_ms;
            if !finish::end_call(stages, row.id, end).await {
                return;
            }
            if recognise_rest(stages, &CallRow { duration_ms: Some(duration_ms), ..row.clone() }).await.is_none() {
                return;
            }
        }
        CallState::Finishing => {
            if recognise_rest(stages, &row).await.is_none() {
                return;
            }
        }
        CallState::Done | CallState::Refused => return,
    }
    finish::complete(stages, row.id).await;
}

/// The end of a call that the gateway did not live to see: its audio is what reached the disk; what is known to
/// have been heard beyond that is declared lost.
async fn interrupted(stages: &Stages, row: &CallRow) -> CallEnd {
    let recording = repaired(stages, row.id).await;
    let kept = MediaTime(recording.as_ref().map_or(0, |recording| recording.duration_ms));
    let utterances = stages.store.utterances(row.id).await.unwrap_or_default();
    let spoken = utterances.iter().map(|utterance| utterance.span.end).max().unwrap_or_default();
    let heard = kept.max(spoken).max(MediaTime(row.heard_ms.unwrap_or(0)));
    let mut lost = stages.store.lost_spans(row.id).await.unwrap_or_default();
    if kept < heard {
        lost.push(LostSpan { span: MediaSpan::new(kept, heard), cause: LostCause::Interrupted });
    }
    CallEnd {
        cause: EndCause::Interrupted,
        ended_unix_ms: row.answered_unix_ms.unwrap_or(row.started_unix_ms).saturating_add_unsigned(heard.as_millis()),
        duration_ms: heard.as_millis(),
        recording: recording.map(|r| RecordingRow { sha256: r.sha256, duration_ms: r.duration_ms, rate: r.rate }),
        lost,
        notice: row.notice,
        dtmf: row.dtmf.clone(),
        read_backs: row.read_backs.clone(),
        transfer: row.transfer.clone().map(Transfer::over),
        line_quality: None,
    }
}

async fn repaired(stages: &Stages, call: CallId) -> Option<Recording> {
    let path = stages.data.recording(call);
    match tokio::task::spawn_blocking(move || repair(&path)).await {
        Ok(Ok(recording)) => Some(recording),
        Ok(Err(error)) => {
            tracing::error!(%call, %error, "recording cannot be repaired; it is declared lost");
            None
        }
        Err(error) => {
            tracing::error!(%call, %error, "repairing the recording failed; it is declared lost");
            None
        }
    }
}

/// Cuts the recording again (the endpointer is deterministic) and recognises what no stored utterance covers.
/// `None`: the store is closing.
async fn recognise_rest(stages: &Stages, row: &CallRow) -> Option<()> {
    let stored = until_stored(stages, row.id, || stages.store.utterances(row.id)).await?;
    let next_seq = stored.iter().map(|utterance| utterance.seq + 1).max().unwrap_or(0);
    let path = stages.data.recording(row.id);
    let reading = path.clone();
    let cut = match tokio::task::spawn_blocking(move || cut_again(&reading)).await {
        Ok(cut) => cut.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let (rate, cuts) = match cut {
        Ok(cut) => cut,
        Err(error) => {
            tracing::error!(call = %row.id, error, "recording cannot be read; what was not recognised before needs listening");
            return declare_rest(stages, row, &stored, next_seq).await;
        }
    };
    let spoken = stages.settings.now().config.line_named(&row.line).cloned().unwrap_or_default().spoken_here();
    let assignment = Assignment { call: row.id, rate, spoken, recording: path, flusher: None };
    let missing = cuts.into_iter().filter(|cut| !covered(cut.span, &stored));
    let mut expected = stored.iter().rev().find_map(|utterance| utterance.language);
    for (seq, cut) in (next_seq..).zip(missing) {
        let numbered = Numbered { seq, cut, on_disk: false, foreseen: None };
        let made = scribe::recognise(stages, &assignment, numbered, expected, Priority::Backlog).await?;
        expected = made.language.or(expected);
    }
    Some(())
}

/// At least half of `span` was recognised before: the same segment, even where lost audio has shifted the cut.
fn covered(span: MediaSpan, stored: &[Utterance]) -> bool {
    stored.iter().map(|utterance| utterance.span.overlap(span)).sum::<u64>() * 2 >= span.millis()
}

/// Everything after the last stored utterance is unrecognised, and the draft says so.
async fn declare_rest(stages: &Stages, row: &CallRow, stored: &[Utterance], seq: u32) -> Option<()> {
    let from = stored.iter().map(|utterance| utterance.span.end).max().unwrap_or_default();
    let to = MediaTime(row.duration_ms.unwrap_or(0));
    if from >= to {
        return Some(());
    }
    let rest = Utterance::unheard(seq, MediaSpan::new(from, to), Unheard::NoSound, &stages.model.name);
    until_stored(stages, row.id, || stages.store.append_utterance(row.id, rest.clone())).await
}

type CutAgain = (u32, Vec<Cut>);

fn cut_again(path: &Path) -> Result<CutAgain, WavError> {
    let audio = match read_mono(path) {
        Ok(audio) => audio,
        // Ended before the first sound: there is nothing to recognise.
        Err(WavError::NoSamples { .. }) => return Ok((0, Vec::new())),
        Err(error) => return Err(error),
    };
    let rate = audio.rate;
    let mut listener = Listener::new(rate, EndpointRules::default());
    let mut heard = listener.push(&AudioFrame { at: MediaTime::ZERO, rate, kind: FrameKind::Heard, pcm: audio.pcm });
    heard.extend(listener.finish());
    Ok((rate, heard.into_iter().filter_map(Heard::into_cut).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_whose_cut_moved_a_little_is_not_recognised_twice_and_a_new_one_is_not_skipped() {
        let span = |from, to| MediaSpan::new(MediaTime(from), MediaTime(to));
        let stored = [(0, span(1_000, 3_000)), (1, span(5_000, 6_000))]
            .map(|(seq, span)| Utterance::unheard(seq, span, Unheard::NoSound, "m"));
        assert!(covered(span(1_000, 3_000), &stored));
        assert!(covered(span(1_240, 3_260), &stored));
        assert!(!covered(span(3_100, 4_900), &stored));
        assert!(!covered(span(5_800, 9_000), &stored));
    }
}
