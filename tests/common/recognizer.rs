//! Recognisers without a model.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use heardline::call::{Alignment, Hypothesis, Language, MediaSpan, Word};
use heardline::speech::{ModelInfo, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};

fn info(name: &str) -> ModelInfo {
    ModelInfo { languages: vec![Language::En, Language::Zh], ..ModelInfo::unknown(name) }
}

/// Hears no speech in anything.
pub struct Deaf(ModelInfo);

impl Deaf {
    pub fn new() -> Self {
        Self(info("test-deaf"))
    }
}

struct DeafWorker;

impl Recognizer for Deaf {
    fn model(&self) -> &ModelInfo {
        &self.0
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        Ok(Box::new(DeafWorker))
    }
}

impl RecognizerWorker for DeafWorker {
    fn recognise(&mut self, _: &SpeechSegment, _: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        Ok(Hypothesis::empty(Some(1.0)))
    }
}

/// Says its sentences one after another, one a segment, the last one for ever.
pub struct Parrot {
    info: ModelInfo,
    sentences: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
}

impl Parrot {
    pub fn new(sentences: &[&str]) -> Self {
        let sentences = sentences.iter().map(|s| (*s).to_owned()).collect();
        Self { info: info("test-parrot"), sentences: Arc::new(sentences), next: Arc::default() }
    }
}

struct ParrotWorker {
    sentences: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
}

impl Recognizer for Parrot {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        Ok(Box::new(ParrotWorker { sentences: self.sentences.clone(), next: self.next.clone() }))
    }
}

impl RecognizerWorker for ParrotWorker {
    fn recognise(&mut self, segment: &SpeechSegment, _: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed).min(self.sentences.len().saturating_sub(1));
        let text = self.sentences.get(turn).cloned().unwrap_or_default();
        Ok(spread(&text, segment.span))
    }
}

/// The words of `text`, each with an equal part of `span`.
fn spread(text: &str, span: MediaSpan) -> Hypothesis {
    let words: Vec<&str> = text.split_whitespace().collect();
    let each = span.millis() / u64::try_from(words.len().max(1)).unwrap();
    let words = words
        .iter()
        .zip(0_u64..)
        .map(|(word, n)| Word::new(*word, MediaSpan::new(span.start + n * each, span.start + (n + 1) * each), 0.9))
        .collect();
    Hypothesis {
        text: text.to_owned(),
        language: Some(Language::En),
        words,
        alignment: Alignment::Word,
        average_log_probability: Some(-0.1),
        no_speech_probability: Some(0.0),
        model: None,
    }
}
