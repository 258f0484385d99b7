//! A recogniser that costs what a large model costs and hears what a small one hears, so that load is real and the words
//! can be checked.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::call::Hypothesis;
use crate::speech::{ModelInfo, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};

pub(super) struct Weighted {
    /// Decodes each segment too; what it writes is thrown away.
    pub weight: Arc<dyn Recognizer>,
    pub ears: Arc<dyn Recognizer>,
}

impl Recognizer for Weighted {
    fn model(&self) -> &ModelInfo {
        self.ears.model()
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        Ok(Box::new(Worker { weight: self.weight.worker()?, ears: self.ears.worker()? }))
    }
}

struct Worker {
    weight: Box<dyn RecognizerWorker>,
    ears: Box<dyn RecognizerWorker>,
}

impl RecognizerWorker for Worker {
    fn recognise(&mut self, segment: &SpeechSegment, abort: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        self.weight.recognise(segment, abort)?;
        self.ears.recognise(segment, abort)
    }
}
