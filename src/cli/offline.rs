//! A WAV file through the same endpointer and recogniser as a call.

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::{EXIT_CONFIG, Failure};
use crate::call::{AudioFrame, CallId, Coverage, FrameKind, MediaSpan, MediaTime, SpokenHere, Utterance};
use crate::config::Config;
use crate::gateway::load_recognizer;
use crate::media::wav;
use crate::ops::clock::Clock;
use crate::speech::{Cut, EndpointRules, Heard, Listener, ModelInfo, Priority, SpeechPool, SpeechSegment, ledger};

/// What `transcribe --json` prints and `draft` reads.
#[derive(Serialize, Deserialize)]
pub(super) struct TranscriptFile {
    pub duration_ms: u64,
    pub model: String,
    pub demo_model: bool,
    pub coverage: Coverage,
    pub utterances: Vec<Utterance>,
}

/// Rates the endpointer and the recogniser take as they are.
const NATIVE_RATES: [u32; 2] = [8_000, 16_000];
/// Decoding far ahead of what is printed would only cost memory.
const AHEAD: usize = 16;

/// The configured recogniser, loaded once for any number of files.
pub(super) struct Transcriber {
    pool: SpeechPool,
    spoken: SpokenHere,
    clock: Clock,
}

impl Transcriber {
    pub(super) fn load(config: &Config) -> Result<Self, Failure> {
        let clock = Clock::system();
        let recognizer = load_recognizer(config)?;
        if !recognizer.reachable() {
            let message =
                "speech.engine = \"none\": nobody is there to write the file down; set it to \"whisper\" or \"openai\"";
            return Err(Failure { code: EXIT_CONFIG, message: message.into() });
        }
        let pool = SpeechPool::start(recognizer, config.speech.workers, clock.clone());
        let spoken = config.line_for(None).spoken_here();
        Ok(Self { pool: pool.map_err(Failure::new)?, spoken, clock })
    }

    pub(super) fn model(&self) -> &ModelInfo {
        self.pool.model()
    }

    /// Recognises a whole file, at most `ahead` segments at once; `each` is called in order as utterances become
    /// final, with the time from asking for one to having it.
    pub(super) async fn transcribe(
        &self,
        path: &Path,
        ahead: usize,
        progress: &ProgressBar,
        mut each: impl FnMut(&Utterance, Duration),
    ) -> Result<TranscriptFile, Failure> {
        let (rate, pcm) = read(path)?;
        let total = MediaTime::from_samples(u64::try_from(pcm.len()).unwrap_or(u64::MAX), rate);
        progress.set_length(total.as_millis() / 1000);
        let mut listener = Listener::new(rate, EndpointRules::default());
        let mut heard = listener.push(&AudioFrame { at: MediaTime::ZERO, rate, kind: FrameKind::Heard, pcm });
        heard.extend(listener.finish());
        let call = CallId::new();
        let cuts = heard.into_iter().filter_map(Heard::into_cut);
        let mut results = futures_util::stream::iter((0..).zip(cuts))
            .map(|(seq, cut)| async move {
                let segment = SpeechSegment::new(call, seq, cut, rate, self.spoken.clone());
                let asked = self.clock.instant();
                let utterance = self.pool.recognise(segment, Priority::Final).await;
                (utterance, self.clock.instant().duration_since(asked))
            })
            .buffered(ahead);
        let mut utterances = Vec::new();
        while let Some((utterance, took)) = results.next().await {
            progress.set_position(utterance.span.end.as_millis() / 1000);
            progress.suspend(|| each(&utterance, took));
            utterances.push(utterance);
        }
        progress.finish_and_clear();
        let (coverage, _) = ledger(total, &utterances, &[], None);
        let ModelInfo { name: model, demo: demo_model, .. } = self.model().clone();
        Ok(TranscriptFile { duration_ms: total.as_millis(), model, demo_model, coverage, utterances })
    }

    /// What one stretch of a file says with nothing before and after it.
    pub(super) async fn alone(&self, path: &Path, span: MediaSpan) -> Result<Utterance, Failure> {
        let (rate, pcm) = read(path)?;
        let place = |time: MediaTime| usize::try_from(time.as_samples(rate)).unwrap_or(usize::MAX).min(pcm.len());
        let pcm = pcm.get(place(span.start)..place(span.end)).unwrap_or_default().to_vec();
        let cut = Cut { span, pcm, voiced: vec![span] };
        let segment = SpeechSegment::new(CallId::new(), 0, cut, rate, self.spoken.clone());
        Ok(self.pool.recognise(segment, Priority::Final).await)
    }
}

/// Recognises one whole file with a bar that shows how far it is.
pub(super) async fn transcribe(
    path: &Path,
    config: &Config,
    mut each: impl FnMut(&Utterance),
) -> Result<TranscriptFile, Failure> {
    let progress = ProgressBar::new(0)
        .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} s of audio, {eta} left").map_err(Failure::new)?);
    Transcriber::load(config)?.transcribe(path, AHEAD, &progress, |utterance, _| each(utterance)).await
}

fn read(path: &Path) -> Result<(u32, Vec<i16>), Failure> {
    let audio = wav::read_mono(path).map_err(Failure::new)?;
    if NATIVE_RATES.contains(&audio.rate) {
        return Ok((audio.rate, audio.pcm));
    }
    let wide = wav::read_at(path, 16_000).map_err(Failure::new)?;
    Ok((wide.rate, wide.pcm))
}
