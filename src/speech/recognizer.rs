//! The seam between the gateway and whatever turns sound into words.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ModelInfo;
use crate::call::{CallId, Hypothesis, Language, MediaSpan, MediaTime};

/// Why a recogniser could not start or could not decode.
#[derive(Debug, thiserror::Error)]
pub enum RecognizerError {
    #[error("model {path}: {reason}; check the file with `heardline doctor` or fetch it again")]
    Load { path: String, reason: String },
    #[error("no recogniser state: {0}; the machine may lack memory for this many [speech] workers")]
    State(String),
    #[error("no thread for a recogniser: {0}")]
    Thread(String),
    #[error("decode failed: {0}")]
    Decode(String),
    #[error("decode was stopped at its deadline")]
    Aborted,
}

/// What the endpointer cut, with all a recogniser on any machine needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeechSegment {
    pub call: CallId,
    /// Counts from 0 within the call.
    pub seq: u32,
    pub span: MediaSpan,
    /// Samples per second of `pcm`.
    pub rate: u32,
    /// Mono, signed 16 bit.
    pub pcm: Vec<i16>,
    /// Languages it may be in; one is taken as given, among several the recogniser decides. Empty: all it knows.
    pub languages: Vec<Language>,
}

impl SpeechSegment {
    /// Length of the sound itself.
    pub fn length(&self) -> Duration {
        let samples = u64::try_from(self.pcm.len()).unwrap_or(u64::MAX);
        Duration::from_millis(MediaTime::from_samples(samples, self.rate).as_millis())
    }
}

/// A loaded model that workers share.
pub trait Recognizer: Send + Sync + 'static {
    fn model(&self) -> &ModelInfo;
    /// A new worker with its own decoding state.
    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError>;
}

/// Decodes one segment at a time on the thread that calls it.
pub trait RecognizerWorker: Send {
    /// Blocks. Word spans come back in the call's media time. Gives up soon after `abort` becomes true.
    fn recognise(&mut self, segment: &SpeechSegment, abort: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError>;
}

/// Who is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// A finished segment of a call that is up.
    Final,
    /// A finished segment of a call that has ended, or was found at boot.
    Backlog,
    /// A segment that is still being spoken. Never waits: it is decoded at once or shed.
    Partial,
}

impl Priority {
    pub(super) const ALL: [Self; 3] = [Self::Final, Self::Backlog, Self::Partial];

    /// Metric label.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Backlog => "backlog",
            Self::Partial => "partial",
        }
    }
}
