//! Words while the caller still speaks: at most one hypothesis under way a call, asked for when there is room.

use tokio::sync::oneshot;

use crate::call::{Hypothesis, MediaTime};
use crate::speech::StablePrefix;

/// At most one partial hypothesis under way; the next one waits for it and for a pause.
#[derive(Default)]
pub(super) struct Partials {
    pending: Option<oneshot::Receiver<Hypothesis>>,
    next_at: MediaTime,
    prefix: StablePrefix,
}

impl Partials {
    /// Speech shorter than this gives no usable hypothesis.
    pub(super) const FIRST_MS: u64 = 800;
    /// Between two hypotheses of one segment; a busy pool refuses more often than this asks.
    const EVERY_MS: u64 = 600;

    pub(super) fn due(&self, now: MediaTime) -> bool {
        self.pending.is_none() && now >= self.next_at
    }

    pub(super) fn asked(&mut self, now: MediaTime, pending: Option<oneshot::Receiver<Hypothesis>>) {
        self.pending = pending;
        self.next_at = now + Self::EVERY_MS;
    }

    /// The segment was closed: its final replaces what was guessed.
    pub(super) fn forget(&mut self) {
        self.pending = None;
        self.prefix = StablePrefix::default();
    }

    /// The part of the next hypothesis that may be shown; pends while none is under way.
    pub(super) async fn next(&mut self) -> Option<Hypothesis> {
        match &mut self.pending {
            Some(pending) => {
                let hypothesis = pending.await.ok();
                self.pending = None;
                hypothesis.and_then(|hypothesis| self.prefix.push(hypothesis))
            }
            None => std::future::pending().await,
        }
    }
}
