//! When a decoder's words are not to be believed: loops, inventions, more words than the time can hold. Pure.

use super::SpeechSegment;
use super::inventions::holds_invention;
use super::skipped::skipped;
use super::text::is_ideograph;
use crate::call::{Hypothesis, MediaSpan, Word};

/// Whisper's own threshold for a failed decode (`logprob_threshold`).
const LOW_LOG_PROBABILITY: f32 = -1.0;
/// Whisper's own threshold for silence (`no_speech_threshold`).
const NO_SPEECH_PROBABILITY: f32 = 0.6;
/// Below this a known invention is taken for one.
const UNSURE_LOG_PROBABILITY: f32 = -0.5;
/// So much speech to the detector and nothing to the recogniser: "yes" takes 300 ms. Less was a click or a breath.
const SPEECH_WITHOUT_TEXT_MS: u64 = 250;
/// Faster than anyone speaks, per second.
const WORDS_A_SECOND: u64 = 9;

/// Why a result is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    LowProbability,
    Repetition,
    TooManyWords,
    Invention,
    NothingWritten,
    /// Words are missing somewhere in it.
    Skipped,
}

impl Doubt {
    /// Doubts that remain after the second try make the text worthless; a low probability alone does not, the
    /// words carry their confidence; nor do missing words, which the coverage ledger declares.
    pub fn refuses(self) -> bool {
        !matches!(self, Self::LowProbability | Self::Skipped)
    }
}

/// The strongest doubt about a result for this segment.
pub fn doubt(hypothesis: &Hypothesis, segment: &SpeechSegment) -> Option<Doubt> {
    let (span, voiced) = (segment.span, segment.voiced.as_slice());
    if hypothesis.words.is_empty() {
        return (spoken_ms(voiced, span) >= SPEECH_WITHOUT_TEXT_MS).then_some(Doubt::NothingWritten);
    }
    let below = |limit: f32| hypothesis.average_log_probability.is_some_and(|p| p < limit);
    if repeats(&hypothesis.words) {
        return Some(Doubt::Repetition);
    }
    // One second more than the length, so that a short "yes, yes, thank you" is not doubted.
    if hypothesis.words.len() as u64 * 1_000 > (span.millis() + 1_000) * WORDS_A_SECOND {
        return Some(Doubt::TooManyWords);
    }
    if below(UNSURE_LOG_PROBABILITY) && holds_invention(&hypothesis.text, hypothesis.language) {
        return Some(Doubt::Invention);
    }
    if !skipped(&hypothesis.words, hypothesis.alignment, voiced, span).is_empty() {
        return Some(Doubt::Skipped);
    }
    below(LOW_LOG_PROBABILITY).then_some(Doubt::LowProbability)
}

/// How long somebody spoke; where nobody noted that, the segment less its padding and its pause.
fn spoken_ms(voiced: &[MediaSpan], span: MediaSpan) -> u64 {
    match voiced {
        [] => span.millis().saturating_sub(2_000),
        known => known.iter().map(|v| v.millis()).sum(),
    }
}

/// Whether the recogniser itself says that its words are made of no speech.
pub fn says_no_speech(hypothesis: &Hypothesis) -> bool {
    hypothesis.no_speech_probability.is_some_and(|p| p > NO_SPEECH_PROBABILITY)
        && hypothesis.average_log_probability.is_none_or(|p| p < LOW_LOG_PROBABILITY)
}

/// A phrase said over and over. Callers repeat digits ("five five five") and short answers ("yes yes"), so short
/// phrases must repeat more often than long ones.
fn repeats(words: &[Word]) -> bool {
    let keys: Vec<String> = words.iter().map(|w| key(&w.text)).collect();
    let looping = (1..=12).any(|length| {
        let times = match length {
            1 => 8,
            2 => 5,
            3 => 4,
            _ => 3,
        };
        keys.len() >= length * times
            && keys.windows(length * times).any(|w| w.chunks(length).all(|c| c == &w[..length]))
    });
    looping || compresses(&keys)
}

/// Text that says little with many words: under a third of its three-word runs are different ones. Stands for the
/// compression ratio of the reference decoder.
fn compresses(keys: &[String]) -> bool {
    let mut runs: Vec<&[String]> = keys.windows(3).collect();
    let total = runs.len();
    runs.sort_unstable();
    runs.dedup();
    total >= 24 && runs.len() * 3 < total
}

fn key(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric() || is_ideograph(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::call::{Alignment, CallId, Language, MediaTime, SpokenHere};
    use crate::speech::Cut;

    pub fn hypothesis(text: &str, log_probability: f32) -> Hypothesis {
        let words = text.split_whitespace().map(|t| Word::new(t, MediaSpan::default(), 0.9)).collect();
        Hypothesis {
            text: text.into(),
            language: Some(Language::En),
            words,
            alignment: Alignment::Segment,
            average_log_probability: Some(log_probability),
            no_speech_probability: Some(0.0),
            model: None,
        }
    }

    /// A segment whose words have no times that could be held against its speech.
    fn seconds(n: u64) -> SpeechSegment {
        let span = MediaSpan::new(MediaTime(0), MediaTime(n * 1_000));
        let cut = Cut { span, pcm: Vec::new(), voiced: vec![span] };
        SpeechSegment::new(CallId::new(), 0, cut, 8_000, SpokenHere::default())
    }

    #[test]
    fn a_loop_is_doubted_and_a_telephone_number_is_not() {
        let looped = "thank you ".repeat(6);
        assert_eq!(doubt(&hypothesis(&looped, -0.1), &seconds(8)), Some(Doubt::Repetition));
        let long = "I would like to report a problem. ".repeat(3);
        assert_eq!(doubt(&hypothesis(&long, -0.1), &seconds(8)), Some(Doubt::Repetition));
        for number in ["five five five five zero one one one", "my number is 8 8 8 8 8 8", "yes yes yes", "no no no no"]
        {
            assert_eq!(doubt(&hypothesis(number, -0.1), &seconds(4)), None, "{number}");
        }
    }

    #[test]
    fn an_invention_counts_only_when_the_model_is_unsure() {
        assert_eq!(doubt(&hypothesis("Thanks for watching!", -0.7), &seconds(3)), Some(Doubt::Invention));
        assert_eq!(doubt(&hypothesis("Thanks for watching the house", -0.1), &seconds(3)), None);
    }

    #[test]
    fn long_speech_without_text_and_text_without_time_are_doubted() {
        let nothing = Hypothesis { average_log_probability: None, ..hypothesis("", 0.0) };
        assert_eq!(doubt(&nothing, &seconds(4)), Some(Doubt::NothingWritten));
        assert_eq!(doubt(&nothing, &SpeechSegment { voiced: vec![], ..seconds(1) }), None);
        let chatter: String = (0..30).map(|n| format!("word{n} ")).collect();
        assert_eq!(doubt(&hypothesis(&chatter, -0.1), &seconds(1)), Some(Doubt::TooManyWords));
        assert_eq!(doubt(&hypothesis("gas leak now", -1.4), &seconds(2)), Some(Doubt::LowProbability));
    }
}
