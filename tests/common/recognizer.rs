//! Recognisers without a model.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

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

/// How a recogniser goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    None,
    /// Neither answers nor listens to its abort flag.
    Hangs,
    Errs,
    /// Takes this much longer.
    Slow(Duration),
    /// Nothing for any sound, without a word about silence.
    Empty,
    Repeats,
}

/// A real recogniser with a fault that can be healed.
pub struct Faulty {
    real: Arc<dyn Recognizer>,
    fault: Arc<Mutex<Fault>>,
    /// Ends the threads that hang, when the test does.
    over: Arc<AtomicBool>,
}

impl Faulty {
    pub fn new(real: Arc<dyn Recognizer>, fault: Fault) -> Self {
        Self { real, fault: Arc::new(Mutex::new(fault)), over: Arc::default() }
    }

    /// Changes the fault of all its workers.
    pub fn switch(&self) -> impl Fn(Fault) + use<> {
        let (fault, over) = (self.fault.clone(), self.over.clone());
        move |new| {
            over.store(new == Fault::None, Ordering::Relaxed);
            *fault.lock().expect("no test panics with it") = new;
        }
    }
}

struct FaultyWorker {
    real: Box<dyn RecognizerWorker>,
    fault: Arc<Mutex<Fault>>,
    over: Arc<AtomicBool>,
}

impl Recognizer for Faulty {
    fn model(&self) -> &ModelInfo {
        self.real.model()
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        let (real, fault, over) = (self.real.worker()?, self.fault.clone(), self.over.clone());
        Ok(Box::new(FaultyWorker { real, fault, over }))
    }
}

impl RecognizerWorker for FaultyWorker {
    fn recognise(&mut self, segment: &SpeechSegment, abort: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        let fault = *self.fault.lock().expect("no test panics with it");
        match fault {
            Fault::None => self.real.recognise(segment, abort),
            Fault::Hangs => {
                while !self.over.load(Ordering::Relaxed) {
                    std::thread::park_timeout(Duration::from_millis(20));
                }
                Err(RecognizerError::Aborted)
            }
            Fault::Errs => Err(RecognizerError::Decode("told to".into())),
            Fault::Slow(by) => {
                std::thread::sleep(by);
                self.real.recognise(segment, abort)
            }
            Fault::Empty => Ok(Hypothesis::empty(None)),
            Fault::Repeats => Ok(spread(&"thank you ".repeat(30), segment.span)),
        }
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
