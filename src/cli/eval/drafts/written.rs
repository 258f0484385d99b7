//! A written call as a recogniser would have heard it: every word sure, its times made up. Pure.

use crate::call::{Coverage, Language, MediaSpan, MediaTime, SegmentOutcome, Speaker, Utterance, Word};
use crate::cli::eval::columns::is_wide;
use crate::cli::offline::TranscriptFile;

/// Length of every word, English word or Chinese character, and of the pause between two turns.
const WORD_MS: u64 = 300;
const PAUSE_MS: u64 = 1_000;
const MODEL: &str = "written";

/// The call in which these turns are all that is said, each in one piece.
pub(super) fn transcript<'a>(turns: impl Iterator<Item = (Speaker, &'a str)>) -> TranscriptFile {
    let mut utterances: Vec<Utterance> = Vec::new();
    let mut start = 0;
    for (seq, (speaker, text)) in (0..).zip(turns) {
        let utterance = Utterance { speaker, ..utterance(seq, text, start) };
        start = utterance.span.end.as_millis() + PAUSE_MS;
        utterances.push(utterance);
    }
    TranscriptFile {
        duration_ms: start,
        model: MODEL.to_owned(),
        demo_model: false,
        coverage: Coverage::default(),
        utterances,
    }
}

fn utterance(seq: u32, text: &str, start: u64) -> Utterance {
    let mut end = start;
    let mut words = Vec::new();
    for word in words_of(text) {
        words.push(Word::new(word, MediaSpan::new(MediaTime(end), MediaTime(end + WORD_MS)), 1.0));
        end += WORD_MS;
    }
    let span = MediaSpan::new(MediaTime(start), MediaTime(end));
    let outcome = if words.is_empty() { SegmentOutcome::NoSpeech } else { SegmentOutcome::Text };
    // As most models print Cantonese: as Chinese. The drafter tells it by its words.
    let language = if text.chars().any(is_wide) { Language::Zh } else { Language::En };
    Utterance {
        text: text.to_owned(),
        words,
        language: Some(language),
        confidence: 1.0,
        ..Utterance::wordless(seq, span, outcome, MODEL)
    }
}

/// Words as a recogniser prints them: a Chinese character alone, marks with the word before.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    for c in text.chars() {
        let alone = |c: char| is_wide(c) && c.is_alphanumeric();
        let goes_on = before.is_some_and(|last| !(alone(c) || alone(last) && c.is_alphanumeric()));
        before = (!c.is_whitespace()).then_some(c);
        match words.last_mut().filter(|_| goes_on) {
            _ if c.is_whitespace() => {}
            Some(word) => word.push(c),
            None => words.push(c.to_string()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_as_a_recogniser_prints_them() {
        assert_eq!(words_of("It's B座, 一七。 My flat"), ["It's", "B", "座,", "一", "七。", "My", "flat"]);
    }

    #[test]
    fn times_follow_each_other_evenly_and_every_word_has_one() {
        let first = utterance(3, "no heat", 700);
        assert_eq!((first.seq, first.span.start.as_millis(), first.span.end.as_millis()), (3, 700, 1_300));
        assert_eq!(first.words.len(), 2);
    }
}
