//! What is stored of a decode: text that may be believed, silence, or "a person must listen". Pure.

use super::SpeechSegment;
use super::doubt::{doubt, says_no_speech};
use crate::call::{Hypothesis, SegmentOutcome, Utterance};

/// The final word on a segment. `None`: the recogniser failed. Never text that loops or was invented.
pub fn utterance(segment: &SpeechSegment, model: &str, hypothesis: Option<Hypothesis>) -> Utterance {
    let bare = |outcome| Utterance {
        seq: segment.seq,
        span: segment.span,
        outcome,
        text: String::new(),
        language: None,
        words: Vec::new(),
        confidence: 0.0,
        model: model.to_owned(),
    };
    let Some(hypothesis) = hypothesis else { return bare(SegmentOutcome::Unrecognised) };
    if says_no_speech(&hypothesis) {
        return bare(SegmentOutcome::NoSpeech);
    }
    if doubt(&hypothesis, segment.span).is_some_and(|d| d.refuses()) {
        return bare(SegmentOutcome::Unrecognised);
    }
    if hypothesis.words.is_empty() {
        return bare(SegmentOutcome::NoSpeech);
    }
    let sum: f32 = hypothesis.words.iter().map(|w| w.confidence).sum();
    let confidence = sum / hypothesis.words.len() as f32;
    let Hypothesis { text, language, words, .. } = hypothesis;
    Utterance { text, language, words, confidence, ..bare(SegmentOutcome::Text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallId, Language, MediaSpan, MediaTime};
    use crate::speech::doubt::tests::hypothesis;

    fn segment(seconds: u64) -> SpeechSegment {
        let span = MediaSpan::new(MediaTime(0), MediaTime(seconds * 1_000));
        SpeechSegment { call: CallId::new(), seq: 3, span, rate: 8_000, pcm: vec![], languages: vec![Language::En] }
    }

    #[test]
    fn believable_words_become_text_with_their_mean_confidence() {
        let made = utterance(&segment(3), "m", Some(hypothesis("gas in the basement", -0.2)));
        assert_eq!((made.outcome, made.text.as_str(), made.seq), (SegmentOutcome::Text, "gas in the basement", 3));
        assert!((made.confidence - 0.9).abs() < 1e-6);
    }

    #[test]
    fn a_loop_is_refused_and_leaves_no_word() {
        let made = utterance(&segment(8), "m", Some(hypothesis(&"thank you ".repeat(9), -0.1)));
        assert_eq!((made.outcome, made.text.as_str(), made.words.len()), (SegmentOutcome::Unrecognised, "", 0));
    }

    #[test]
    fn silence_is_told_from_speech_that_nobody_wrote_down() {
        let mut noise = hypothesis("thank you", -1.3);
        noise.no_speech_probability = Some(0.8);
        assert_eq!(utterance(&segment(2), "m", Some(noise)).outcome, SegmentOutcome::NoSpeech);
        assert_eq!(utterance(&segment(1), "m", Some(hypothesis("", -0.1))).outcome, SegmentOutcome::NoSpeech);
        assert_eq!(utterance(&segment(9), "m", Some(hypothesis("", -0.1))).outcome, SegmentOutcome::Unrecognised);
        assert_eq!(utterance(&segment(9), "m", None).outcome, SegmentOutcome::Unrecognised);
    }
}
