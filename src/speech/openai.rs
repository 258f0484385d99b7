//! A server with OpenAI's `/v1/audio/transcriptions` as the recogniser: OpenAI itself, speaches (faster-whisper), vLLM,
//! whisper.cpp's server, LocalAI.
//!
//! Callers' voices go there, so it is on this machine unless the operator said otherwise. What it does not answer is
//! recognised by the local model, or waits for the fill-in from the recording. A server that fails is left alone for a
//! while, so that a dead one costs no segment its timeout.

mod answer;
mod body;
mod client;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Url;
use tokio::runtime::{Handle, Runtime};

use super::hot;
use super::upsample::{RATE, to_16k};
use super::{ModelInfo, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};
use crate::call::{Hypothesis, Language};
use crate::config::secret::ApiKey;
use crate::ops::api::Trouble;
use crate::ops::breaker::{Breaker, Complaints};
use crate::ops::clock::Clock;

use client::{Client, SERVER};

/// Servers refuse sound of less than 100 ms; shorter sound is filled up with silence to this.
const SHORTEST_SAMPLES: usize = RATE as usize / 2;

/// What is asked of which server.
#[derive(Clone, Debug)]
pub struct OpenAiSettings {
    /// The part before `/audio/transcriptions`.
    pub url: Url,
    pub model: String,
    pub key: Option<ApiKey>,
    pub timeout: Duration,
}

pub struct OpenAiRecognizer {
    info: ModelInfo,
    server: Arc<Server>,
    local: Option<Arc<dyn Recognizer>>,
    /// Drives the requests; workers are plain threads that wait for them.
    runtime: Option<Runtime>,
}

/// What the workers share: a server that failed one of them has failed all.
struct Server {
    settings: OpenAiSettings,
    client: Client,
    clock: Clock,
    breaker: Mutex<Breaker>,
    complaints: Mutex<Complaints>,
    /// It does not know `verbose_json`: no word times, no probabilities.
    plain: AtomicBool,
    /// It has answered with them: what it refuses after that is one request.
    verbose: AtomicBool,
}

impl OpenAiRecognizer {
    /// `local`: who recognises what the server does not answer.
    pub fn new(
        settings: OpenAiSettings,
        local: Option<Arc<dyn Recognizer>>,
        clock: Clock,
    ) -> Result<Self, RecognizerError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("speech-http")
            .enable_all()
            .build()
            .map_err(|e| RecognizerError::Thread(e.to_string()))?;
        let host = settings.url.authority();
        let info = ModelInfo {
            // What the local model may do is said from the start.
            demo: local.as_ref().is_some_and(|local| local.model().demo),
            languages: languages(&settings.model),
            understands: format!("whatever {host} makes of it"),
            ..ModelInfo::unknown(&format!("{} at {host}", settings.model))
        };
        let server = Server {
            client: Client::new(&settings),
            settings,
            clock,
            breaker: Mutex::default(),
            complaints: Mutex::default(),
            plain: AtomicBool::new(false),
            verbose: AtomicBool::new(false),
        };
        Ok(Self { info, server: Arc::new(server), local, runtime: Some(runtime) })
    }
}

impl Drop for OpenAiRecognizer {
    fn drop(&mut self) {
        // The last owner may be a task, where a runtime must not wait for its end.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Recognizer for OpenAiRecognizer {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn reachable(&self) -> bool {
        self.local.is_some() || self.server.breaker().allows(self.server.clock.instant())
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        let runtime = self.runtime.as_ref().ok_or_else(|| RecognizerError::Thread("no runtime".into()))?;
        let local = self.local.as_ref().map(|local| Ok((local.model().name.clone(), local.worker()?))).transpose()?;
        Ok(Box::new(Worker { server: Arc::clone(&self.server), runtime: runtime.handle().clone(), local }))
    }
}

struct Worker {
    server: Arc<Server>,
    runtime: Handle,
    /// The local model's name, and its worker.
    local: Option<(String, Box<dyn RecognizerWorker>)>,
}

impl RecognizerWorker for Worker {
    fn recognise(&mut self, segment: &SpeechSegment, abort: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        if segment.pcm.is_empty() {
            return Ok(Hypothesis::empty(None));
        }
        let trouble = match self.runtime.block_on(self.server.recognise(segment, abort)) {
            Ok(hypothesis) => return Ok(hypothesis),
            Err(Trouble::Aborted) => return Err(RecognizerError::Aborted),
            Err(trouble) => trouble,
        };
        self.server.complain(&trouble, self.local.as_ref().map(|(name, _)| name.as_str()));
        match &mut self.local {
            Some((name, local)) => {
                metrics::counter!("heardline_speech_fall_backs_total").increment(1);
                let heard = local.recognise(segment, abort)?;
                Ok(Hypothesis { model: Some(name.clone()), ..heard })
            }
            None if trouble.is_down() => Err(RecognizerError::Unreachable(trouble.told(SERVER))),
            None => Err(RecognizerError::Decode(trouble.told(SERVER))),
        }
    }
}

impl Server {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn recognise(&self, segment: &SpeechSegment, abort: &AtomicBool) -> Result<Hypothesis, Trouble> {
        if !self.breaker().allows(self.clock.instant()) {
            return Err(Trouble::Resting);
        }
        let asked = self.ask(segment, abort).await;
        let result = asked.as_ref().map_or_else(Trouble::kind, |_| "ok");
        metrics::counter!("heardline_speech_remote_requests_total", "result" => result).increment(1);
        match &asked {
            Err(Trouble::Aborted) => {}
            Err(trouble) if trouble.is_down() => self.breaker().failed(self.clock.instant(), trouble.rest()),
            _ => {
                if self.breaker().answered() {
                    tracing::info!(host = self.host(), "the speech server answers again");
                }
            }
        }
        asked
    }

    /// Names that the server was told to expect and then heard are held against what it hears without being told.
    async fn ask(&self, segment: &SpeechSegment, abort: &AtomicBool) -> Result<Hypothesis, Trouble> {
        let mut sound = to_16k(&segment.pcm, segment.rate);
        sound.resize(sound.len().max(SHORTEST_SAMPLES), 0.0);
        let wav = body::wav(&sound);
        let names = &segment.spoken.hot_words;
        let mut heard = self.ask_about(segment, &wav, names, abort).await?;
        if !segment.growing && hot::names_any(&heard.words, names) {
            metrics::counter!("heardline_speech_hot_word_checks_total").increment(1);
            // Without an answer all of it is to be checked by a person.
            let plain =
                self.ask_about(segment, &wav, &[], abort).await.map_or_else(|_| Vec::new(), |plain| plain.words);
            hot::mark_prompted(&mut heard.words, &plain);
        }
        Ok(heard)
    }

    /// With word times and probabilities where the server has them.
    async fn ask_about(
        &self,
        segment: &SpeechSegment,
        wav: &[u8],
        names: &[String],
        abort: &AtomicBool,
    ) -> Result<Hypothesis, Trouble> {
        let language = self.language(segment);
        let read = |answer: answer::Answer| answer.hypothesis(segment.span, language).map_err(Trouble::Junk);
        if !self.plain.load(Ordering::Relaxed) {
            match self.client.ask(&self.fields(names, language, true), wav, abort).await {
                // A model without times (gpt-4o-transcribe) or an older server refuses to be asked for them.
                Err(Trouble::Refused(400 | 415 | 422, _)) => {}
                asked => {
                    self.verbose.fetch_or(asked.is_ok(), Ordering::Relaxed);
                    return asked.and_then(read);
                }
            }
        }
        let answer = self.client.ask(&self.fields(names, language, false), wav, abort).await?;
        if !self.verbose.load(Ordering::Relaxed) && !self.plain.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                host = self.host(),
                "the speech server gives no word times; words carry their segment's time"
            );
        }
        read(answer)
    }

    fn fields(&self, names: &[String], language: Option<Language>, verbose: bool) -> Vec<(&'static str, String)> {
        let format = if verbose { "verbose_json" } else { "json" };
        let mut fields = vec![
            ("model", self.settings.model.clone()),
            ("response_format", format.to_owned()),
            ("temperature", "0".to_owned()),
        ];
        if verbose {
            fields.extend(["word", "segment"].map(|grain| ("timestamp_granularities[]", grain.to_owned())));
        }
        fields.extend(language.map(|language| ("language", language.code().to_owned())));
        let prompt = answer::prompt(names);
        if !prompt.is_empty() {
            fields.push(("prompt", prompt));
        }
        fields
    }

    /// The line's language, when it has just one: the server knows no choice of some. Cantonese is asked for where the
    /// model knows it.
    fn language(&self, segment: &SpeechSegment) -> Option<Language> {
        let [only] = segment.spoken.languages[..] else { return None };
        if languages(&self.settings.model).contains(&only) { Some(only) } else { Some(Language::Zh) }
    }

    fn host(&self) -> &str {
        self.settings.url.authority()
    }

    /// A line in the log, once a minute for each kind of trouble.
    fn complain(&self, trouble: &Trouble, local: Option<&str>) {
        if *trouble == Trouble::Resting {
            return;
        }
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(unsaid) = complaints.about(trouble.kind(), self.clock.instant()) else { return };
        let (host, reason) = (self.host(), trouble.told(SERVER));
        match local {
            Some(model) => {
                tracing::warn!(host, reason, unsaid, "the speech server failed; {model} recognises what it does not");
            }
            None => tracing::warn!(host, reason, unsaid, "the speech server failed; segments wait to be filled in"),
        }
    }
}

/// Cantonese is in Whisper's models from large-v3 on; servers name their models after them.
fn languages(model: &str) -> Vec<Language> {
    let model = model.to_lowercase();
    let with_cantonese = model.contains("large-v3") || model.contains("turbo");
    [Language::En, Language::Zh].into_iter().chain(with_cantonese.then_some(Language::Yue)).collect()
}

#[cfg(test)]
mod tests;
