//! How far the times of words are from the truth. Pure.

use serde::{Deserialize, Serialize};

use super::score::{Heard, Reference, Step};
use crate::call::MediaSpan;
use crate::draft::{Piece, spoken};

/// A word or a sentence whose place in the sound is known.
#[derive(Clone, Debug, Deserialize)]
pub struct Timed {
    pub text: String,
    #[serde(flatten)]
    pub span: MediaSpan,
}

/// Heard minus true, in milliseconds, of every word or sentence edge that was heard right and has a time of its own.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TimeErrors {
    pub start_ms: Vec<i64>,
    pub end_ms: Vec<i64>,
}

/// `None` when the timed words are other than the reference's (its optional ones left out).
pub fn time_errors(timed: &[Timed], reference: &[Reference], heard: &Heard, steps: &[Step]) -> Option<TimeErrors> {
    let words = |(origin, item): (usize, &'_ Timed)| {
        item.text.split_whitespace().map(move |text| (origin, text.to_owned())).collect::<Vec<_>>()
    };
    let texts: Vec<(usize, String)> = timed.iter().enumerate().flat_map(words).collect();
    let pieces: Vec<_> = texts.iter().map(|(origin, text)| Piece { text, line: 0, origin: *origin }).collect();
    let timed_words = spoken(&pieces);
    let firm: Vec<usize> = (0..reference.len()).filter(|i| reference.get(*i).is_some_and(|r| !r.optional)).collect();
    let same = firm.len() == timed_words.len()
        && firm.iter().zip(&timed_words).all(|(i, word)| reference.get(*i).is_some_and(|r| r.word.text == word.text));
    if !same {
        return None;
    }
    let mut errors = TimeErrors::default();
    for step in steps {
        let Step::Same(i, j) = *step else { continue };
        let truth = firm.binary_search(&i).ok().and_then(|at| timed_words.get(at));
        let (Some(truth), Some(word)) = (truth, heard.words.get(j)) else { continue };
        let (Some(item), Some(Some(time))) = (timed.get(truth.origin), heard.times.get(word.origin)) else { continue };
        let late = |heard: u64, known: u64| heard.cast_signed() - known.cast_signed();
        if truth.begins && word.begins {
            errors.start_ms.push(late(time.start.as_millis(), item.span.start.as_millis()));
        }
        if truth.ends && word.ends {
            errors.end_ms.push(late(time.end.as_millis(), item.span.end.as_millis()));
        }
    }
    Some(errors)
}

#[cfg(test)]
mod tests {
    use super::super::score::{align, heard, reference};
    use super::*;
    use crate::call::{Alignment, MediaTime, SegmentOutcome, Utterance, Word};

    fn span(start: u64, end: u64) -> MediaSpan {
        MediaSpan::new(MediaTime(start), MediaTime(end))
    }

    fn timed(items: &[(&str, u64, u64)]) -> Vec<Timed> {
        items.iter().map(|(text, start, end)| Timed { text: (*text).into(), span: span(*start, *end) }).collect()
    }

    fn errors(said: &str, truth: &[(&str, u64, u64)], found: &[(&str, u64, u64)]) -> Option<(Vec<i64>, Vec<i64>)> {
        errors_of(said, truth, found, Alignment::Word)
    }

    fn errors_of(
        said: &str,
        truth: &[(&str, u64, u64)],
        found: &[(&str, u64, u64)],
        alignment: Alignment,
    ) -> Option<(Vec<i64>, Vec<i64>)> {
        let word = |(text, start, end): &(&str, u64, u64)| Word::new(*text, span(*start, *end), 1.0);
        let words = found.iter().map(word).collect();
        let text = SegmentOutcome::Text;
        let utterance = Utterance { words, alignment, ..Utterance::wordless(0, span(0, 10_000), text, "m") };
        let (said, heard) = (reference(said), heard(&[utterance]));
        let errors = time_errors(&timed(truth), &said, &heard, &align(&said, &heard.words))?;
        Some((errors.start_ms, errors.end_ms))
    }

    #[test]
    fn edges_of_words_heard_right_are_compared_and_no_others() {
        let truth = [("street", 100, 400), ("light", 400, 700), ("broken", 900, 1_300)];
        let found = [("Street", 120, 390), ("night", 390, 720), ("broken.", 870, 1_300)];
        assert_eq!(errors("Street light broken.", &truth, &found), Some((vec![20, -30], vec![-10, 0])));
    }

    #[test]
    fn a_sentence_is_compared_at_its_ends_and_a_number_where_it_is_written_apart() {
        let truth = [("number forty two", 100, 900)];
        let found = [("number", 110, 300), ("42", 300, 950)];
        assert_eq!(errors("number forty two", &truth, &found), Some((vec![10], vec![50])));
        let apart = [("forty", 100, 400), ("two", 400, 700)];
        assert_eq!(errors("forty two", &apart, &[("42", 90, 720)]), Some((vec![-10], vec![20])));
    }

    #[test]
    fn words_that_have_only_their_segments_times_are_not_compared() {
        let found = [("street", 0, 5_000), ("light", 0, 5_000)];
        let truth = [("street", 100, 400), ("light", 400, 700)];
        assert_eq!(errors_of("street light", &truth, &found, Alignment::Segment), Some((vec![], vec![])));
    }

    #[test]
    fn times_of_other_words_than_the_reference_are_refused() {
        assert_eq!(errors("street light", &[("street", 0, 1)], &[]), None);
        assert_eq!(errors("street (light)", &[("street", 0, 1)], &[]), Some((vec![], vec![])));
    }
}
