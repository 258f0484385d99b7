//! Whisper through whisper.cpp: the only user of `whisper_rs`.
//!
//! One context is shared, every worker has a state and one thread: two states of one thread are faster than one
//! state of two, and ggml's threads spin at barriers when the cores are shared. The window is cut to the segment
//! (`audio_ctx`), which is what makes it 5 to 6 times cheaper than the default 30 s.

mod alignable;
mod language;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::dispatcher::{self, Dispatch};
use whisper_rs::{
    DtwMode, DtwParameters, FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

use alignable::{Passages, following};

use super::doubt::{Doubt, doubt};
use super::ggml::Shape;
use super::hot;
use super::skipped::skipped;
use super::text::{is_ideograph, text_of};
use super::upsample::{RATE, to_16k};
use super::words::{Token, words_from_tokens};
use super::{ModelInfo, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};
use crate::call::{Alignment, Hypothesis, Language, MediaSpan};
use crate::config::limits;

/// Encoder frames of the whole window: 30 s of 20 ms.
const WHOLE_WINDOW: u32 = 1_500;
const FRAME_MS: u32 = 20;
/// whisper.cpp does not look at less than 100 ms; shorter sound is filled up with silence to this.
const SHORTEST_SAMPLES: usize = RATE as usize / 2;

/// Address space for aligning one window: 20 heads x 448 tokens x 1,500 frames x 4 bytes, and its copies. Touched
/// only as far as a window needs it; whisper.cpp ends the process when it is too small.
const ALIGNMENT_MEMORY: usize = 512 * 1024 * 1024;
/// Heads whose attention is aligned (as many as one layer of the largest models has): bounds `ALIGNMENT_MEMORY`.
const ALIGNMENT_HEADS: i32 = 20;

type Params = FullParams<'static, 'static>;

/// How much longer than the segment the decoding window is, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WhisperSettings {
    pub window_margin_ms: u32,
    pub window_floor_ms: u32,
}

pub struct WhisperRecognizer {
    context: Arc<WhisperContext>,
    info: ModelInfo,
    settings: WhisperSettings,
}

impl WhisperRecognizer {
    /// Loads a ggml file that [`super::verify`] accepted: whisper.cpp does not survive every damaged file.
    pub fn load(path: &Path, info: ModelInfo, settings: WhisperSettings) -> Result<Self, RecognizerError> {
        whisper_rs::install_logging_hooks();
        let load = |reason: String| RecognizerError::Load { path: path.display().to_string(), reason };
        let mut params = WhisperContextParameters::default();
        let shape = Shape::read(path).map_err(load)?;
        // Flash attention stays off: with it whisper.cpp has no attention to look at, and drops word times silently.
        params.dtw_parameters(DtwParameters {
            mode: DtwMode::TopMost { n_top: alignment_layers(&shape) },
            dtw_mem_size: ALIGNMENT_MEMORY,
        });
        let context = WhisperContext::new_with_params(path, params).map_err(|e| load(e.to_string()))?;
        Ok(Self { context: Arc::new(context), info, settings })
    }
}

/// Layers to align by, counted from the top, where attention follows the sound.
fn alignment_layers(shape: &Shape) -> i32 {
    (ALIGNMENT_HEADS / shape.text_heads.max(1)).clamp(1, shape.text_layers.max(1))
}

impl Recognizer for WhisperRecognizer {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        let state = self.context.create_state().map_err(|e| RecognizerError::State(e.to_string()))?;
        Ok(Box::new(Worker {
            state,
            context: Arc::clone(&self.context),
            settings: self.settings,
            // The bundled model never learned what a prompt is.
            prompts: !self.info.demo,
            speaks: language::known_to(&self.context),
            params: standing_params(),
            by_language: Vec::new(),
        }))
    }
}

thread_local! {
    /// The abort flag of the decode that runs on this thread.
    static ABORT: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Parameters that every decode shares; built once a worker and cloned, because whisper-rs leaks the callback's
/// box and the language's text each time they are set.
fn standing_params() -> Params {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(1);
    params.set_no_context(true);
    params.set_temperature_inc(0.0);
    params.set_token_timestamps(true);
    // No "(music)", "[BLANK_AUDIO]" or notes: what is no speech is no transcript.
    params.set_suppress_nst(true);
    // Silence is judged by `doubt`, which needs the words and the probability instead of an empty result.
    params.set_no_speech_thold(2.0);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_special(false);
    params.set_print_timestamps(false);
    // whisper-rs 0.16 hands its callback a pointer of another type than it reads back. A closure that captures
    // nothing reads nothing through it, so the flag comes by the thread instead.
    params.set_abort_callback_safe(|| {
        ABORT.with(|flag| flag.borrow().as_ref().is_some_and(|f| f.load(Ordering::Relaxed)))
    });
    keep_alignable(&mut params);
    params
}

#[expect(unsafe_code, reason = "whisper-rs has this callback in C's form only")]
fn keep_alignable(params: &mut Params) {
    // SAFETY: it neither keeps nor changes anything but the logits that it is given.
    unsafe { params.set_filter_logits_callback(Some(alignable::choose)) };
}

struct Worker {
    state: WhisperState,
    context: Arc<WhisperContext>,
    settings: WhisperSettings,
    /// Whether the model understands a prompt.
    prompts: bool,
    /// Languages the model has a token for.
    speaks: &'static [Language],
    params: Params,
    by_language: Vec<(Language, Params)>,
}

impl RecognizerWorker for Worker {
    fn recognise(&mut self, segment: &SpeechSegment, abort: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        if segment.pcm.is_empty() {
            return Ok(Hypothesis::empty(None));
        }
        let mut sound = to_16k(&segment.pcm, segment.rate);
        if sound.len() < SHORTEST_SAMPLES {
            sound.resize(SHORTEST_SAMPLES, 0.0);
        }
        ABORT.with(|flag| flag.replace(Some(Arc::clone(abort))));
        let result = self.decode_with_second_try(segment, &sound, abort);
        ABORT.with(|flag| flag.replace(None));
        // What was finished before the flag was seen is as good as any.
        result.map_err(|e| if abort.load(Ordering::Relaxed) { RecognizerError::Aborted } else { e })
    }
}

impl Worker {
    fn decode_with_second_try(
        &mut self,
        segment: &SpeechSegment,
        sound: &[f32],
        abort: &AtomicBool,
    ) -> Result<Hypothesis, RecognizerError> {
        let window = window(sound.len(), self.settings);
        let prompt = self.prompt(&segment.spoken.hot_words);
        let mut best = self.decode_in_its_language(segment, sound, window, &prompt, abort)?;
        let language = best.language;
        if segment.growing {
            let refused = doubt(&best, segment).is_some_and(Doubt::refuses);
            return Ok(if refused { Hypothesis::empty(None) } else { best });
        }
        if doubt(&best, segment).is_some() && window != WHOLE_WINDOW && !abort.load(Ordering::Relaxed) {
            metrics::counter!("heardline_speech_second_tries_total").increment(1);
            let second = self.decode(segment.span, sound, language, WHOLE_WINDOW, &prompt)?;
            best = better(best, second, segment);
        }
        let names = &segment.spoken.hot_words;
        if !prompt.is_empty() && hot::names_any(&best.words, names) && !abort.load(Ordering::Relaxed) {
            metrics::counter!("heardline_speech_hot_word_checks_total").increment(1);
            let plain = self.decode(segment.span, sound, language, window, &[])?;
            hot::mark_prompted(&mut best.words, &plain.words);
        }
        Ok(best)
    }

    /// Tokens of a prompt that names these, as many as there is room for, the first ones first. Handed over as tokens:
    /// whisper-rs leaks the text of a prompt each time one is set.
    fn prompt(&self, names: &[String]) -> Vec<i32> {
        let mut prompt = Vec::new();
        for name in names.iter().filter(|_| self.prompts) {
            let joint = if name.starts_with(is_ideograph) { "，" } else { ", " };
            let text = if prompt.is_empty() { format!(" {name}") } else { format!("{joint}{name}") };
            // Room for a token a byte: whisper-rs takes "does not fit" for a length.
            let Ok(tokens) = self.context.tokenize(&text, text.len() + 1) else { continue };
            if prompt.len() + tokens.len() > limits::HOT_WORD_TOKENS {
                break;
            }
            prompt.extend(tokens);
        }
        prompt
    }

    fn decode(
        &mut self,
        span: MediaSpan,
        sound: &[f32],
        language: Option<Language>,
        window: u32,
        prompt: &[i32],
    ) -> Result<Hypothesis, RecognizerError> {
        let end_of_text = self.context.token_eot();
        let mut params: FullParams<'_, '_> = self.params_for(language.unwrap_or(Language::En));
        params.set_audio_ctx(ctx(window));
        params.set_tokens(prompt);
        self.run(params, sound)?;
        let mut words = Vec::new();
        let (mut log_probability, mut count) = (0.0, 0.0);
        let mut no_speech = None;
        for part in self.state.as_iter() {
            no_speech = Some(part.no_speech_probability().max(no_speech.unwrap_or(0.0)));
            let mut tokens = Vec::new();
            let mut spoken_to = None;
            for at in 0..part.n_tokens() {
                let Some(token) = part.get_token(at) else { continue };
                let data = token.token_data();
                // End of text and everything above it (languages, tasks, times) is no text.
                if data.id >= end_of_text {
                    continue;
                }
                log_probability += data.plog;
                count += 1.0;
                // Where the decoder's attention leaves a token is where it ends and the next one begins. Against the
                // waveforms of the bundled calls this is within 100 ms; whisper.cpp's own times are up to 310 ms off.
                let (from, to) = match data.t_dtw {
                    -1 => (data.t0, data.t1),
                    left => (spoken_to.unwrap_or(data.t0), left),
                };
                spoken_to = Some(to);
                tokens.push(Token {
                    bytes: token.to_bytes().map_err(failed)?.to_vec(),
                    span: in_call(span, from, to),
                    probability: data.p,
                });
            }
            let mut passage = in_call(span, part.start_timestamp(), part.end_timestamp());
            if let (Some(first), false) = (tokens.first(), words.is_empty()) {
                // whisper.cpp begins a later passage where the one before ended, not where its speech does.
                passage.start = first.span.start.clamp(passage.start, passage.end);
            }
            words.extend(words_from_tokens(&tokens, passage));
        }
        if !text_of(&words).contains(char::is_alphanumeric) {
            return Ok(Hypothesis { language, ..Hypothesis::empty(no_speech) });
        }
        Ok(Hypothesis {
            text: text_of(&words),
            language,
            words,
            alignment: Alignment::Word,
            average_log_probability: Some(log_probability / count),
            no_speech_probability: no_speech,
            model: None,
        })
    }

    /// whisper.cpp tells of an abort as of an error; what its messages mean stands in the result too.
    fn run(&mut self, params: FullParams<'_, '_>, sound: &[f32]) -> Result<(), RecognizerError> {
        let context = &self.context;
        let passages = Passages::new(context.token_eot(), context.token_beg(), context.n_vocab(), sound.len());
        let full = || following(passages, || self.state.full(params, sound).map(drop).map_err(failed));
        dispatcher::with_default(&Dispatch::none(), full)
    }

    fn params_for(&mut self, language: Language) -> Params {
        if let Some((_, params)) = self.by_language.iter().find(|(known, _)| *known == language) {
            return params.clone();
        }
        let mut params = self.params.clone();
        params.set_language(Some(language.code()));
        self.by_language.push((language, params.clone()));
        params
    }
}

/// Encoder frames for this much sound.
fn window(samples: usize, settings: WhisperSettings) -> u32 {
    let millis = u32::try_from(samples as u64 * 1_000 / u64::from(RATE)).unwrap_or(u32::MAX);
    let wanted = millis.saturating_add(settings.window_margin_ms).max(settings.window_floor_ms);
    wanted.div_ceil(FRAME_MS).clamp(1, WHOLE_WINDOW)
}

/// Whisper's times, hundredths of a second from the start of the segment, in the call's media time and inside it.
fn in_call(segment: MediaSpan, from: i64, to: i64) -> MediaSpan {
    let time = |hundredths: i64| {
        let millis = u64::try_from(hundredths).unwrap_or(0).saturating_mul(10);
        (segment.start + millis).min(segment.end)
    };
    MediaSpan::new(time(from), time(to))
}

fn ctx(window: u32) -> i32 {
    i32::try_from(window).unwrap_or(0)
}

/// The one that is doubted less: not refused, then with less speech left out, then the more probable.
fn better(first: Hypothesis, second: Hypothesis, segment: &SpeechSegment) -> Hypothesis {
    let refused = |h: &Hypothesis| doubt(h, segment).is_some_and(Doubt::refuses);
    let left_out = |h: &Hypothesis| {
        let gaps = skipped(&h.words, h.alignment, &segment.voiced, segment.span);
        gaps.iter().map(|gap| gap.millis()).sum::<u64>()
    };
    let probability = |h: &Hypothesis| h.average_log_probability.unwrap_or(f32::NEG_INFINITY);
    let order = refused(&first).cmp(&refused(&second)).then_with(|| left_out(&first).cmp(&left_out(&second)));
    match order.then_with(|| probability(&second).total_cmp(&probability(&first))) {
        std::cmp::Ordering::Less => first,
        _ => second,
    }
}

fn failed(e: whisper_rs::WhisperError) -> RecognizerError {
    RecognizerError::Decode(e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_the_segment_with_its_margin_between_floor_and_thirty_seconds() {
        let settings = WhisperSettings { window_margin_ms: 640, window_floor_ms: 2_000 };
        assert_eq!(window(16_000, settings), 100);
        assert_eq!(window(16_000 * 8, settings), 432);
        assert_eq!(window(16_000 * 60, settings), 1_500);
    }

    #[test]
    fn alignment_never_takes_more_heads_than_its_memory_is_made_for() {
        for (heads, layers, expected) in [(3, 3, 3), (6, 4, 3), (8, 6, 2), (12, 12, 1), (20, 32, 1), (0, 0, 1)] {
            assert_eq!(alignment_layers(&Shape::decoder(heads, layers)), expected, "{heads} heads, {layers} layers");
        }
    }
}
