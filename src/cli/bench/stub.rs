//! A recogniser that costs nothing.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::call::{Hypothesis, Language};
use crate::speech::{ModelInfo, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};

/// Hears nothing at no cost, so that only the line is measured.
pub(super) struct StubRecognizer(ModelInfo);

impl Default for StubRecognizer {
    fn default() -> Self {
        Self(ModelInfo { languages: vec![Language::En], ..ModelInfo::unknown("stub") })
    }
}

impl Recognizer for StubRecognizer {
    fn model(&self) -> &ModelInfo {
        &self.0
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        Ok(Box::new(StubWorker))
    }
}

struct StubWorker;

impl RecognizerWorker for StubWorker {
    fn recognise(&mut self, _: &SpeechSegment, _: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        Ok(Hypothesis::empty(None))
    }
}
