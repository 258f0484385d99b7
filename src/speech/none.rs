//! No recogniser at all: calls are recorded and drafted for a person to listen, and filled in when there is one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{ModelInfo, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};
use crate::call::Hypothesis;

pub struct NoRecognizer {
    info: ModelInfo,
}

impl Default for NoRecognizer {
    fn default() -> Self {
        let understands = "nothing: no recogniser is configured".to_owned();
        Self { info: ModelInfo { understands, ..ModelInfo::unknown("none") } }
    }
}

struct Nobody;

impl Recognizer for NoRecognizer {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn reachable(&self) -> bool {
        false
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        Ok(Box::new(Nobody))
    }
}

impl RecognizerWorker for Nobody {
    fn recognise(&mut self, _: &SpeechSegment, _: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        Err(RecognizerError::Unreachable("speech.engine = \"none\"".into()))
    }
}
