//! Speech that no word stands for. whisper.cpp can drop the rest of a window, or all of it, without a sign: so the time
//! that words take is held against the time in which the detector heard speech. Pure.

use crate::call::{Alignment, MediaSpan, MediaTime, Word};

/// Nobody draws one word out for longer. A longer word has swallowed a pause, or what was not written down.
const LONGEST_WORD_MS: u64 = 1_200;
/// Less than this beside a word may be a breath, a hum, or a word time that is a little off.
const MIN_SKIPPED_MS: u64 = 1_200;
/// The same where nobody noted when the caller spoke: longer than any pause within a segment.
const MIN_SKIPPED_UNKNOWN_MS: u64 = 2_500;

/// The stretches of one segment in which somebody spoke and no word was written. `voiced` may be unknown (empty): then
/// all of `span` counts as speech.
pub fn skipped(words: &[Word], alignment: Alignment, voiced: &[MediaSpan], span: MediaSpan) -> Vec<MediaSpan> {
    let (voiced, least) = match voiced {
        [] => (std::slice::from_ref(&span), MIN_SKIPPED_UNKNOWN_MS),
        known => (known, MIN_SKIPPED_MS),
    };
    if alignment == Alignment::Segment {
        // Where in it is not known; whether at all can be told from the number of words.
        let spoken: u64 = voiced.iter().map(|v| v.millis()).sum();
        let written = words.len() as u64 * LONGEST_WORD_MS;
        return if spoken >= written + least { vec![span] } else { Vec::new() };
    }
    let mut covered: Vec<MediaSpan> = words.iter().flat_map(ends).collect();
    covered.sort_unstable_by_key(|c| c.start);
    let gaps = voiced.iter().flat_map(|run| without(*run, &covered));
    gaps.filter(|gap| gap.millis() >= least).collect()
}

/// What a word surely takes: its first and its last stretch. Both, because its start may reach back over a gap to the
/// word before, and the end of the last one on to the end of the segment.
fn ends(word: &Word) -> [MediaSpan; 2] {
    let (start, end) = (word.span.start, word.span.end);
    let back = MediaTime(end.0.saturating_sub(LONGEST_WORD_MS)).max(start);
    [MediaSpan::new(start, (start + LONGEST_WORD_MS).min(end)), MediaSpan::new(back, end)]
}

/// `run` less the spans, which are in order of their starts.
fn without(run: MediaSpan, covered: &[MediaSpan]) -> Vec<MediaSpan> {
    let mut rest = Vec::new();
    let mut from = run.start;
    for c in covered.iter().filter(|c| c.end > run.start && c.start < run.end) {
        if c.start > from {
            rest.push(MediaSpan::new(from, c.start));
        }
        from = from.max(c.end);
    }
    if from < run.end {
        rest.push(MediaSpan::new(from, run.end));
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u64, to: u64) -> MediaSpan {
        MediaSpan::new(MediaTime(from), MediaTime(to))
    }

    fn words(spans: &[(u64, u64)]) -> Vec<Word> {
        spans.iter().map(|(from, to)| Word::new("word", span(*from, *to), 0.9)).collect()
    }

    #[test]
    fn speech_without_a_word_is_found_before_between_and_after_words() {
        let voiced = [span(0, 9_000)];
        let between = words(&[(0, 1_000), (6_000, 7_000), (7_000, 9_000)]);
        assert_eq!(skipped(&between, Alignment::Word, &voiced, span(0, 9_000)), [span(1_000, 6_000)]);
        let before = words(&[(4_000, 5_000), (5_000, 6_000), (6_200, 9_000)]);
        assert_eq!(skipped(&before, Alignment::Word, &voiced, span(0, 9_000)), [span(0, 4_000)]);
        assert_eq!(skipped(&[], Alignment::Word, &voiced, span(0, 9_000)), voiced);
    }

    #[test]
    fn a_word_that_swallowed_seconds_of_speech_does_not_hide_them() {
        let stretched = words(&[(0, 500), (500, 8_000)]);
        let gaps = skipped(&stretched, Alignment::Word, &[span(0, 8_000)], span(0, 8_000));
        assert_eq!(gaps, [span(1_700, 6_800)]);
    }

    #[test]
    fn a_pause_between_words_is_not_speech() {
        let apart = words(&[(0, 800), (4_000, 4_800)]);
        assert!(skipped(&apart, Alignment::Word, &[span(0, 900), span(3_900, 4_800)], span(0, 5_000)).is_empty());
        assert_eq!(skipped(&apart, Alignment::Word, &[], span(0, 5_000)), [span(800, 4_000)]);
    }

    #[test]
    fn without_word_times_too_few_words_put_the_whole_segment_in_doubt() {
        let few = words(&[(0, 20_000); 3]);
        let said = span(0, 20_000);
        assert_eq!(skipped(&few, Alignment::Segment, &[said], said), [said]);
        assert!(skipped(&words(&[(0, 20_000); 40]), Alignment::Segment, &[said], said).is_empty());
    }
}
