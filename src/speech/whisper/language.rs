//! Which language a segment is decoded in: one of the line's, as far as the model has it.

use std::sync::atomic::{AtomicBool, Ordering};

use whisper_rs::WhisperContext;

use super::{FRAME_MS, Worker, better, ctx, failed};
use crate::call::{Hypothesis, Language};
use crate::speech::doubt::{Doubt, doubt};
use crate::speech::{RecognizerError, SpeechSegment};

/// The language is decided over the first seconds only: the encoder's cost grows with the window.
const LANGUAGE_WINDOW_MS: u32 = 4_000;
/// A language that another one beats by this much was expected wrongly: its words are made again in the other one.
const OTHER_LANGUAGE: f32 = 0.5;
/// From here on the other language's words are taken even where the expected one's seem more probable: told the wrong
/// language, Whisper translates, fluently.
const SURELY_OTHER_LANGUAGE: f32 = 0.9;
/// Models before large-v3 have one language token less and no Cantonese.
const VOCABULARY_WITH_CANTONESE: i32 = 51_866;

/// Languages the model has a token for.
pub(super) fn known_to(context: &WhisperContext) -> &'static [Language] {
    if !context.is_multilingual() {
        &[Language::En]
    } else if context.n_vocab() < VOCABULARY_WITH_CANTONESE {
        &[Language::En, Language::Zh]
    } else {
        &[Language::En, Language::Zh, Language::Yue]
    }
}

impl Worker {
    /// What was said before tells the language, and one step of the decoder on the sound that was just encoded tells
    /// whether it still is: that costs next to nothing, where detection costs an encoder run.
    pub(super) fn decode_in_its_language(
        &mut self,
        segment: &SpeechSegment,
        sound: &[f32],
        window: u32,
        prompt: &[i32],
        abort: &AtomicBool,
    ) -> Result<Hypothesis, RecognizerError> {
        let candidates = candidates(&segment.spoken.languages, self.speaks);
        let Some(expected) = segment.expected.map(|l| spoken_as(l, self.speaks)).filter(|l| candidates.contains(l))
        else {
            let language = self.language(&candidates, sound, window, abort)?;
            return self.decode(segment.span, sound, Some(language), window, prompt);
        };
        let first = self.decode(segment.span, sound, Some(expected), window, prompt)?;
        if candidates.len() == 1 || abort.load(Ordering::Relaxed) {
            return Ok(first);
        }
        let (other, by) = self.other_language(expected, &candidates)?;
        if by < OTHER_LANGUAGE {
            return Ok(first);
        }
        metrics::counter!("heardline_speech_language_changes_total").increment(1);
        let second = self.decode(segment.span, sound, Some(other), window, prompt)?;
        let refused = doubt(&second, segment).is_some_and(Doubt::refuses);
        Ok(if by >= SURELY_OTHER_LANGUAGE && !refused { second } else { better(first, second, segment) })
    }

    /// The candidate most probable beside `expected`, and its probability less that of `expected`, for the sound that
    /// was encoded last.
    fn other_language(
        &mut self,
        expected: Language,
        candidates: &[Language],
    ) -> Result<(Language, f32), RecognizerError> {
        self.state.decode(&[self.context.token_sot()], 0, 1).map_err(failed)?;
        let logits = self.state.get_logits().map_err(failed)?;
        let logit = |language: &Language| {
            let id = whisper_rs::get_lang_id(language.code()).map(|id| self.context.token_lang(id));
            let at = id.and_then(|id| usize::try_from(id).ok());
            at.and_then(|at| logits.get(at).copied()).unwrap_or(f32::NEG_INFINITY)
        };
        let top = candidates.iter().map(logit).fold(f32::NEG_INFINITY, f32::max);
        let weight = |language: &Language| (logit(language) - top).exp();
        let sum: f32 = candidates.iter().map(weight).sum();
        let others = candidates.iter().filter(|language| **language != expected);
        let other = others.max_by(|a, b| logit(a).total_cmp(&logit(b))).copied().unwrap_or(expected);
        Ok((other, (weight(&other) - weight(&expected)) / sum))
    }

    /// The language to decode in. Whisper's own detection may name any of a hundred; here only those of the line.
    fn language(
        &mut self,
        candidates: &[Language],
        sound: &[f32],
        window: u32,
        abort: &AtomicBool,
    ) -> Result<Language, RecognizerError> {
        let first = candidates.first().copied().unwrap_or(Language::En);
        if candidates.len() < 2 {
            return Ok(first);
        }
        // This call decodes nothing: 100 ms are not above whisper.cpp's minimum. It computes the spectrogram and sets
        // the window of the encoder run below, which would otherwise be that of the job before.
        let mut params = self.params_for(first);
        params.set_audio_ctx(ctx(window.min(LANGUAGE_WINDOW_MS / FRAME_MS)));
        params.set_duration_ms(100);
        self.run(params, sound)?;
        let (_, probabilities) = self.state.lang_detect(0, 1).map_err(failed)?;
        // Detection has no callback; a decode looks at the flag after the encoder and after every token.
        if abort.load(Ordering::Relaxed) {
            return Err(RecognizerError::Aborted);
        }
        let probability = |language: &Language| {
            let id = whisper_rs::get_lang_id(language.code()).and_then(|id| usize::try_from(id).ok());
            id.and_then(|id| probabilities.get(id).copied()).unwrap_or(0.0)
        };
        let best = candidates.iter().max_by(|a, b| probability(a).total_cmp(&probability(b)));
        Ok(best.copied().unwrap_or(first))
    }
}

/// The wanted languages as far as the model has them. Cantonese comes as Chinese from a model without it.
fn candidates(wanted: &[Language], speaks: &[Language]) -> Vec<Language> {
    let mut candidates: Vec<Language> = Vec::new();
    for language in if wanted.is_empty() { speaks } else { wanted } {
        let spoken = spoken_as(*language, speaks);
        if !candidates.contains(&spoken) {
            candidates.push(spoken);
        }
    }
    candidates
}

/// What a model that has only these languages takes this one for.
fn spoken_as(language: Language, speaks: &[Language]) -> Language {
    [language, Language::Zh].into_iter().find(|l| speaks.contains(l)).unwrap_or(Language::En)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cantonese_is_asked_only_of_a_model_that_knows_it() {
        use Language::{En, Yue, Zh};
        assert_eq!(candidates(&[Yue], &[En, Zh]), [Zh]);
        assert_eq!(candidates(&[Zh, Yue], &[En, Zh]), [Zh]);
        assert_eq!(candidates(&[En, Yue], &[En, Zh, Yue]), [En, Yue]);
        assert_eq!(candidates(&[Zh, Yue], &[En]), [En]);
    }
}
