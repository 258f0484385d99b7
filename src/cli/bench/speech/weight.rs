//! Recognisers made for measuring: the cost of a model of a real size without one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::call::{Hypothesis, MediaSpan};
use crate::speech::{ModelInfo, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};

/// A model of random weights. The times of the sentence it writes tell nothing of the sound: speech that they do not cover
/// is no reason to decode again with the whole window.
pub(super) struct Deaf(pub Arc<dyn Recognizer>);

impl Recognizer for Deaf {
    fn model(&self) -> &ModelInfo {
        self.0.model()
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        Ok(Box::new(DeafWorker(self.0.worker()?)))
    }
}

struct DeafWorker(Box<dyn RecognizerWorker>);

impl RecognizerWorker for DeafWorker {
    fn recognise(&mut self, segment: &SpeechSegment, abort: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        let start = segment.span.start;
        self.0.recognise(&SpeechSegment { voiced: vec![MediaSpan::new(start, start)], ..segment.clone() }, abort)
    }
}

/// Costs what a large model costs and hears what a small one hears, so that load is real and the words can be checked.
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
