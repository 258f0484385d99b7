//! From the first ring to the answer, and the calls that never get that far.

use super::Stages;
use super::persist::until_stored;
use crate::call::{CallId, CallState, EndCause};
use crate::ingress::{Carrier, Refusal, Signalling};
use crate::media::{Path, Recorder};

/// Rings and opens what the call needs; refuses it (and says so in the store) when something is missing.
pub(super) async fn ready(
    stages: &Stages,
    call: CallId,
    signalling: &dyn Signalling,
    rate: u32,
    carrier: Carrier,
) -> Option<(Path, Recorder)> {
    if signalling.ringing().await.is_err() {
        withdrawn(stages, call).await;
        return None;
    }
    let path = match carrier {
        Carrier::Door(link) => Path::Link(link),
        Carrier::Rtp(ip) => match stages.ports.acquire(ip).await {
            Ok(ports) => Path::Ports(ports),
            Err(error) => {
                tracing::error!(%call, %error, "call refused: no RTP port");
                refused(stages, call, signalling, Refusal::Busy).await;
                return None;
            }
        },
    };
    let recording = stages.data.recording(call);
    let error = match tokio::task::spawn_blocking(move || Recorder::create(&recording, rate)).await {
        Ok(Ok(recorder)) => return Some((path, recorder)),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(%call, error, "call refused: it could not be recorded");
    refused(stages, call, signalling, Refusal::CannotRecord).await;
    None
}

pub(super) async fn refused(stages: &Stages, call: CallId, signalling: &dyn Signalling, refusal: Refusal) {
    signalling.refuse(refusal).await;
    never_answered(stages, call, EndCause::Refused).await;
}

/// The caller gave up before the answer.
pub(super) async fn withdrawn(stages: &Stages, call: CallId) {
    never_answered(stages, call, EndCause::Cancelled).await;
}

/// No draft is owed: the row is closed and the empty recording removed.
pub(super) async fn never_answered(stages: &Stages, call: CallId, cause: EndCause) {
    let at_unix_ms = stages.clock.unix_ms();
    if until_stored(stages, call, || stages.store.refuse_call(call, cause, at_unix_ms)).await.is_none() {
        return;
    }
    if let Err(error) = tokio::fs::remove_file(stages.data.recording(call)).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%call, %error, "empty recording of an unanswered call not removed");
    }
    stages.tell_state(call, CallState::Refused, Some(cause));
}
