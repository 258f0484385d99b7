//! Words for what could not be recognised when it was said: the recogniser hung, was elsewhere, or was not there at all.
//! The recording has it. A draft that now knows what was said goes out as its next version.

use std::sync::Arc;
use std::time::Duration;

use super::finish::{self, Version};
use super::persist::until_stored;
use super::scribe::{self, Assignment};
use super::{Stages, facts};
use crate::call::{CallId, Unheard, Utterance};
use crate::config::limits;
use crate::speech::{Cut, Priority, SpeechSegment};
use crate::store::StoreError;

/// Looks for such calls until the gateway stops.
pub async fn fill_in(stages: Arc<Stages>, every: Duration) {
    loop {
        if stages.speech.reachable()
            && let Err(error) = round(&stages).await
        {
            tracing::warn!(%error, "calls without words cannot be looked for; tried again later");
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stages.stop.cancelled() => return,
        }
    }
}

/// What became of one call.
#[derive(PartialEq)]
enum Filled {
    Done,
    /// Nobody answers; there is no sense in asking for the next call.
    NoEngine,
}

async fn round(stages: &Stages) -> Result<(), StoreError> {
    for call in stages.store.to_fill_in(limits::FILL_IN_TRIES, limits::FILL_IN_BATCH).await? {
        if stages.stop.is_cancelled() || fill_in_call(stages, call).await? == Filled::NoEngine {
            break;
        }
    }
    Ok(())
}

async fn fill_in_call(stages: &Stages, call: CallId) -> Result<Filled, StoreError> {
    let (Some(row), Some((body, true))) = (stages.store.call(call).await?, stages.store.draft(call).await?) else {
        return Ok(Filled::Done);
    };
    let Some(recording) = &row.recording else { return Ok(Filled::Done) };
    let assignment = Assignment {
        call,
        rate: recording.rate,
        spoken: stages.settings.now().config.line_named(&row.line).cloned().unwrap_or_default().spoken_here(),
        recording: stages.data.recording(call),
        flusher: None,
    };
    let mut filled = Filled::Done;
    let utterances = stages.store.utterances(call).await?;
    for wordless in utterances.into_iter().filter(|u| u.unheard.is_some_and(Unheard::passes)) {
        let made = again(stages, &assignment, wordless).await;
        let unheard = made.unheard;
        if until_stored(stages, call, || stages.store.fill_in(call, made.clone())).await.is_none() {
            return Ok(Filled::Done);
        }
        if unheard == Some(Unheard::NoEngine) {
            filled = Filled::NoEngine;
            break;
        }
    }
    if stages.store.call(call).await?.is_some_and(|row| row.redraft) {
        next_version(stages, call, &body).await?;
    }
    Ok(filled)
}

async fn next_version(stages: &Stages, call: CallId, newest: &str) -> Result<(), StoreError> {
    let Some(newest) = facts::version_of(newest) else {
        tracing::error!(%call, "the newest draft is of a later program; the words that were filled in stay out of it");
        return Ok(());
    };
    let next = Version { number: newest.number + 1, ..newest };
    finish::commit(stages, call, next, &finish::Answered::new()).await?;
    tracing::info!(%call, version = next.number, "a draft with the words that were filled in");
    Ok(())
}

/// Another try at one segment.
async fn again(stages: &Stages, assignment: &Assignment, wordless: Utterance) -> Utterance {
    let Utterance { seq, span, voiced, .. } = wordless;
    let Some(pcm) = scribe::read_back(assignment, span).await else {
        return Utterance { voiced, ..Utterance::unheard(seq, span, Unheard::NoSound, &stages.model.name) };
    };
    let cut = Cut { span, pcm, voiced };
    let segment = SpeechSegment::new(assignment.call, seq, cut, assignment.rate, assignment.spoken.clone());
    stages.speech.recognise(segment, Priority::Backlog).await
}
