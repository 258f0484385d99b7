//! What is stored of a decode: text that may be believed, silence, or "a person must listen". Pure.

use super::doubt::{doubt, says_no_speech};
use super::{ModelInfo, SpeechSegment};
use crate::call::{Band, Hypothesis, SegmentOutcome, Unheard, Utterance};

/// The final word on a segment. Never text that loops or was invented.
pub fn utterance(segment: &SpeechSegment, model: &ModelInfo, heard: Result<Hypothesis, Unheard>) -> Utterance {
    let bare = |outcome| Utterance {
        voiced: segment.voiced.clone(),
        ..Utterance::wordless(segment.seq, segment.span, outcome, &model.name)
    };
    let unheard = |cause| Utterance { unheard: Some(cause), ..bare(SegmentOutcome::Unrecognised) };
    let hypothesis = match heard {
        Ok(hypothesis) => hypothesis,
        Err(cause) => return unheard(cause),
    };
    if says_no_speech(&hypothesis) {
        return bare(SegmentOutcome::NoSpeech);
    }
    if doubt(&hypothesis, segment).is_some_and(|d| d.refuses()) {
        return unheard(Unheard::Refused);
    }
    if hypothesis.words.is_empty() {
        return bare(SegmentOutcome::NoSpeech);
    }
    let sum: f32 = hypothesis.words.iter().map(|w| w.confidence).sum();
    let confidence = sum / hypothesis.words.len() as f32;
    if confidence < model.calibration.believe {
        return unheard(Unheard::Refused);
    }
    let Hypothesis { text, language, mut words, alignment, model: other, .. } = hypothesis;
    for word in &mut words {
        word.band = match model.calibration.band(word.confidence) {
            Band::Sure if word.prompted => Band::Check,
            band => band,
        };
    }
    let made = bare(SegmentOutcome::Text);
    let model = other.unwrap_or_else(|| made.model.clone());
    Utterance { text, language, words, alignment, confidence, model, ..made }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallId, Language, MediaSpan, MediaTime, SpokenHere};
    use crate::speech::doubt::tests::hypothesis;

    fn model() -> ModelInfo {
        ModelInfo::unknown("m")
    }

    fn segment(seconds: u64) -> SpeechSegment {
        let span = MediaSpan::new(MediaTime(0), MediaTime(seconds * 1_000));
        let spoken = SpokenHere { languages: vec![Language::En], ..SpokenHere::default() };
        SpeechSegment {
            call: CallId::new(),
            seq: 3,
            span,
            rate: 8_000,
            pcm: vec![],
            voiced: vec![],
            spoken,
            expected: None,
            growing: false,
        }
    }

    #[test]
    fn believable_words_become_text_with_their_mean_confidence() {
        let made = utterance(&segment(3), &model(), Ok(hypothesis("gas in the basement", -0.2)));
        assert_eq!((made.outcome, made.text.as_str(), made.seq), (SegmentOutcome::Text, "gas in the basement", 3));
        assert!((made.confidence - 0.9).abs() < 1e-6);
    }

    #[test]
    fn an_utterance_names_the_model_that_made_it() {
        let stand_in = Hypothesis { model: Some("other".into()), ..hypothesis("gas", -0.2) };
        assert_eq!(utterance(&segment(3), &model(), Ok(stand_in)).model, "other");
        assert_eq!(utterance(&segment(3), &model(), Ok(hypothesis("gas", -0.2))).model, "m");
    }

    #[test]
    fn a_loop_is_refused_and_leaves_no_word() {
        let made = utterance(&segment(8), &model(), Ok(hypothesis(&"thank you ".repeat(9), -0.1)));
        assert_eq!((made.outcome, made.text.as_str(), made.words.len()), (SegmentOutcome::Unrecognised, "", 0));
    }

    #[test]
    fn silence_is_told_from_speech_that_nobody_wrote_down() {
        let mut noise = hypothesis("thank you", -1.3);
        noise.no_speech_probability = Some(0.8);
        assert_eq!(utterance(&segment(2), &model(), Ok(noise)).outcome, SegmentOutcome::NoSpeech);
        assert_eq!(utterance(&segment(1), &model(), Ok(hypothesis("", -0.1))).outcome, SegmentOutcome::NoSpeech);
        assert_eq!(utterance(&segment(9), &model(), Ok(hypothesis("", -0.1))).outcome, SegmentOutcome::Unrecognised);
        assert_eq!(utterance(&segment(9), &model(), Err(Unheard::EngineFailed)).unheard, Some(Unheard::EngineFailed));
    }
}
