//! The seam between the gateway and whatever turns sound into words.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Cut, ModelInfo};
use crate::call::{CallId, Hypothesis, Language, MediaSpan, MediaTime, SpokenHere};

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
    /// Nothing is wrong with the segment: the recogniser is elsewhere and did not answer, or there is none.
    #[error("no recogniser answers: {0}")]
    Unreachable(String),
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
    /// Where the detector heard speech in it, in the call's media time.
    pub voiced: Vec<MediaSpan>,
    pub spoken: SpokenHere,
    /// The language of what was said before in this call. A recogniser may start with it, and has to check.
    #[serde(default)]
    pub expected: Option<Language>,
    /// The caller still speaks: what is heard is shown for a moment and replaced, so that no doubt is worth a second try.
    #[serde(default)]
    pub growing: bool,
}

impl SpeechSegment {
    pub fn new(call: CallId, seq: u32, cut: Cut, rate: u32, spoken: SpokenHere) -> Self {
        let Cut { span, pcm, voiced } = cut;
        Self { call, seq, span, rate, pcm, voiced, spoken, expected: None, growing: false }
    }

    pub fn expecting(self, expected: Option<Language>) -> Self {
        Self { expected, ..self }
    }

    /// Length of the sound itself.
    pub fn length(&self) -> Duration {
        let samples = u64::try_from(self.pcm.len()).unwrap_or(u64::MAX);
        Duration::from_millis(MediaTime::from_samples(samples, self.rate).as_millis())
    }
}

/// A loaded model that workers share.
pub trait Recognizer: Send + Sync + 'static {
    fn model(&self) -> &ModelInfo;
    /// Whether it makes sense to ask it anything. Without one, calls are recorded and drafted for listening.
    fn reachable(&self) -> bool {
        true
    }
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
    /// A guess: a segment that is still being spoken, or that may go on after a pause. Never waits: it is decoded at once or shed.
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
