//! A WAV file through the same endpointer and recogniser as a call.

use std::path::Path;

use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::{EXIT_CONFIG, Failure};
use crate::call::{AudioFrame, CallId, Coverage, FrameKind, MediaTime, Utterance};
use crate::config::Config;
use crate::gateway::load_recognizer;
use crate::media::wav;
use crate::ops::clock::Clock;
use crate::speech::{EndpointRules, Heard, Listener, ModelInfo, Priority, SpeechPool, SpeechSegment, ledger};

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

/// Recognises a whole file; `each` is called in order as utterances become final.
pub(super) async fn transcribe(
    path: &Path,
    config: &Config,
    mut each: impl FnMut(&Utterance),
) -> Result<TranscriptFile, Failure> {
    let recognizer = load_recognizer(config)?;
    if !recognizer.reachable() {
        let message =
            "speech.engine = \"none\": nobody is there to write the file down; set it to \"whisper\" or \"openai\"";
        return Err(Failure { code: EXIT_CONFIG, message: message.into() });
    }
    let ModelInfo { name: model, demo: demo_model, .. } = recognizer.model().clone();
    let pool = SpeechPool::start(recognizer, config.speech.workers, Clock::system()).map_err(Failure::new)?;
    let (rate, pcm) = read(path)?;
    let total = MediaTime::from_samples(u64::try_from(pcm.len()).unwrap_or(u64::MAX), rate);
    let progress = ProgressBar::new(total.as_millis() / 1000)
        .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} s of audio, {eta} left").map_err(Failure::new)?);

    let mut listener = Listener::new(rate, EndpointRules::default());
    let mut heard = listener.push(&AudioFrame { at: MediaTime::ZERO, rate, kind: FrameKind::Heard, pcm });
    heard.extend(listener.finish());
    let call = CallId::new();
    let spoken = config.line_for(None).spoken_here();
    let cuts = heard.into_iter().filter_map(Heard::into_cut);
    let mut results = futures_util::stream::iter((0..).zip(cuts))
        .map(|(seq, cut)| pool.recognise(SpeechSegment::new(call, seq, cut, rate, spoken.clone()), Priority::Final))
        .buffered(AHEAD);
    let mut utterances = Vec::new();
    while let Some(utterance) = results.next().await {
        progress.set_position(utterance.span.end.as_millis() / 1000);
        progress.suspend(|| each(&utterance));
        utterances.push(utterance);
    }
    progress.finish_and_clear();
    let (coverage, _) = ledger(total, &utterances, &[], None);
    Ok(TranscriptFile { duration_ms: total.as_millis(), model, demo_model, coverage, utterances })
}

fn read(path: &Path) -> Result<(u32, Vec<i16>), Failure> {
    let audio = wav::read_mono(path).map_err(Failure::new)?;
    if NATIVE_RATES.contains(&audio.rate) {
        return Ok((audio.rate, audio.pcm));
    }
    let wide = wav::read_at(path, 16_000).map_err(Failure::new)?;
    Ok((wide.rate, wide.pcm))
}
