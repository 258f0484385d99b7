//! From a range of characters to the words it is made of, and from the words to the seconds of audio.

use std::cell::OnceCell;
use std::ops::{Deref, Range};
use std::sync::Arc;

use super::lines::Line;
use super::schema::{Alignment, Evidence, Unsure};
use super::token::Token;
use crate::call::{Alignment as Aligned, Band, SegmentOutcome, Utterance, Word};

/// How far past the last word's end the next word is looked for in the text; more than any punctuation between.
const WORD_SEARCH: usize = 16;
/// Stands for a letter or digit that must not leave the house.
const COVERED: char = '█';
/// Stands in quotes for words that are as good as not recognised.
const GAP: &str = "[…]";

/// One utterance with text: its [`Line`], and the words that were heard.
#[derive(Clone)]
pub struct Segment<'a> {
    pub utterance: &'a Utterance,
    line: Arc<Line>,
    /// Scalar range of each word found in the text, with its index in `utterance.words`; ascending. Most lines are never
    /// asked for theirs.
    words: OnceCell<Vec<(Range<usize>, usize)>>,
}

impl<'a> Segment<'a> {
    /// `None` when the utterance has no text.
    pub fn new(utterance: &'a Utterance) -> Option<Self> {
        has_text(utterance).then(|| Self::with(utterance, Arc::new(Line::new(&utterance.text))))
    }

    /// With what is known of its text already.
    pub fn of(utterance: &'a Utterance, line: Arc<Line>) -> Option<Self> {
        has_text(utterance).then(|| Self::with(utterance, line))
    }

    fn with(utterance: &'a Utterance, line: Arc<Line>) -> Self {
        Self { utterance, line, words: OnceCell::new() }
    }

    /// Its words, as those of line `line` of the call.
    pub fn tokens(&self, line: usize) -> impl Iterator<Item = Token<'_>> {
        self.cuts.iter().map(move |cut| cut.token(&self.folded, line))
    }

    pub fn id(&self) -> String {
        segment_id(self.utterance)
    }

    /// The original text between two scalar positions.
    pub fn text(&self, range: Range<usize>) -> String {
        self.line.chars.get(range).map(|chars| chars.iter().collect()).unwrap_or_default()
    }

    /// Its text, with what is kept of it.
    pub fn line(&self) -> &Arc<Line> {
        &self.line
    }

    pub fn chars(&self) -> &[char] {
        &self.line.chars
    }

    pub fn len(&self) -> usize {
        self.line.chars.len()
    }

    fn words(&self) -> &[(Range<usize>, usize)] {
        self.words.get_or_init(|| locate(&self.line.chars, self.utterance))
    }

    fn words_in(&self, range: &Range<usize>) -> &[(Range<usize>, usize)] {
        let words = self.words();
        let from = words.partition_point(|(word, _)| word.end <= range.start);
        let to = words.partition_point(|(word, _)| word.start < range.end);
        words.get(from..to).unwrap_or_default()
    }

    /// Evidence for the half-open scalar range; the range is cut to the text.
    pub fn evidence(&self, range: Range<usize>) -> Evidence {
        let range = range.start.min(self.line.chars.len())..range.end.min(self.line.chars.len());
        let words = self.words_in(&range);
        let timed = words.first().zip(words.last()).and_then(|((_, first), (_, last))| {
            Some((self.utterance.words.get(*first)?.span.start, self.utterance.words.get(*last)?.span.end))
        });
        let covered = |at: usize| {
            let next = words.partition_point(|(word, _)| word.end <= at);
            words.get(next).is_some_and(|(word, _)| word.contains(&at))
        };
        let (span, alignment) = match timed {
            _ if self.utterance.alignment == Aligned::Segment => {
                ((self.utterance.span.start, self.utterance.span.end), Alignment::Segment)
            }
            None => ((self.utterance.span.start, self.utterance.span.end), Alignment::Segment),
            Some(span) => {
                let bare = range.clone().find(|&at| self.line.chars[at].is_alphanumeric() && !covered(at));
                (span, if bare.is_none() { Alignment::Exact } else { Alignment::Fuzzy })
            }
        };
        let band = self.heard(&range).map(|word| word.band).max();
        let prompted = self.heard(&range).any(|word| word.prompted);
        Evidence {
            segment_id: self.id(),
            char_start: range.start,
            char_end: range.end,
            text: self.text(range),
            audio_start_ms: span.0.as_millis(),
            audio_end_ms: span.1.max(span.0).as_millis(),
            channel: self.utterance.speaker,
            alignment,
            band,
            prompted,
        }
    }

    fn heard(&self, range: &Range<usize>) -> impl Iterator<Item = &Word> {
        self.words_in(range).iter().filter_map(|(_, at)| self.utterance.words.get(*at))
    }

    /// The stretches that are not sure.
    pub fn unsure(&self) -> Vec<Unsure> {
        let mut out: Vec<Unsure> = Vec::new();
        if self.utterance.words.iter().all(|word| word.band == Band::Sure) {
            return out;
        }
        let mut open = false;
        for (range, at) in self.words() {
            let Some(word) = self.utterance.words.get(*at).filter(|word| word.band != Band::Sure) else {
                open = false;
                continue;
            };
            match out.last_mut().filter(|last| open && (last.band, last.prompted) == (word.band, word.prompted)) {
                Some(last) => {
                    last.char_end = range.end;
                    last.audio_end_ms = word.span.end.as_millis();
                }
                None => out.push(Unsure {
                    char_start: range.start,
                    char_end: range.end,
                    audio_start_ms: word.span.start.as_millis(),
                    audio_end_ms: word.span.end.as_millis(),
                    band: word.band,
                    prompted: word.prompted,
                }),
            }
            open = true;
        }
        out
    }

    /// A copy with a block for every letter and digit that `hidden` names, in text and words.
    pub fn covered(&self, hidden: impl Fn(usize) -> bool) -> Utterance {
        let cover = |at: usize| match self.chars.get(at) {
            Some(c) if c.is_alphanumeric() && hidden(at) => COVERED,
            other => other.copied().unwrap_or_default(),
        };
        let mut copy = Utterance { text: (0..self.chars.len()).map(cover).collect(), ..self.utterance.clone() };
        for (range, at) in self.words_in(&(0..self.chars.len())) {
            if let Some(word) = copy.words.get_mut(*at) {
                word.text = range.clone().map(cover).collect();
            }
        }
        copy
    }

    /// The text between two scalar positions as it is quoted: what is as good as not recognised is a gap.
    pub fn quoted(&self, range: Range<usize>) -> String {
        let mut text = String::new();
        let mut from = range.start;
        for gap in self.unsure().iter().filter(|unsure| unsure.band == Band::Missing) {
            let (start, end) = (gap.char_start.max(range.start), gap.char_end.min(range.end));
            if start < end {
                text.push_str(&self.text(from.min(start)..start));
                text.push_str(GAP);
                from = end;
            }
        }
        text.push_str(&self.text(from.min(range.end)..range.end));
        text
    }

    /// Lowest word confidence in the range; the utterance's when no word is there.
    pub fn confidence(&self, range: Range<usize>) -> f32 {
        let lowest = self.heard(&range).map(|word| word.confidence).fold(f32::INFINITY, f32::min);
        let confidence = if lowest.is_finite() { lowest } else { self.utterance.confidence };
        if confidence.is_finite() { confidence.clamp(0.0, 1.0) } else { 0.0 }
    }
}

impl Deref for Segment<'_> {
    type Target = Line;

    fn deref(&self) -> &Line {
        &self.line
    }
}

fn has_text(utterance: &Utterance) -> bool {
    utterance.outcome == SegmentOutcome::Text && !utterance.text.trim().is_empty()
}

pub fn segment_id(utterance: &Utterance) -> String {
    format!("u{}", utterance.seq)
}

/// Finds each word in the text, from left to right.
fn locate(chars: &[char], utterance: &Utterance) -> Vec<(Range<usize>, usize)> {
    let mut found = Vec::with_capacity(utterance.words.len());
    let mut cursor = 0;
    for (index, word) in utterance.words.iter().enumerate() {
        let text = word.text.trim();
        let length = text.chars().count();
        if length == 0 {
            continue;
        }
        let said = |at: usize| chars.get(at..at + length).is_some_and(|said| said.iter().copied().eq(text.chars()));
        let hit = (cursor..=cursor + WORD_SEARCH).find(|&at| said(at));
        if let Some(at) = hit {
            cursor = at + length;
            found.push((at..cursor, index));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::testing::utterance;

    #[test]
    fn evidence_times_are_those_of_the_words_it_is_made_of() {
        let u = utterance(3, "I live at forty two Maple Street.", 1000, 8000);
        let segment = Segment::new(&u).unwrap();
        let evidence = segment.evidence(10..32);
        assert_eq!(evidence.text, "forty two Maple Street");
        assert_eq!(evidence.segment_id, "u3");
        assert_eq!(evidence.alignment, Alignment::Exact);
        assert_eq!(evidence.audio_start_ms, u.words[3].span.start.as_millis());
        assert_eq!(evidence.audio_end_ms, u.words[6].span.end.as_millis());
    }

    #[test]
    fn words_that_are_not_sure_are_marked_and_the_missing_ones_are_gaps_in_quotes() {
        let mut u = utterance(0, "I live at forty two Maple Street.", 1000, 8000);
        let bands = [Band::Sure, Band::Sure, Band::Sure, Band::Missing, Band::Missing, Band::Check, Band::Sure];
        u.words.iter_mut().zip(bands).for_each(|(word, band)| word.band = band);
        u.words[5].prompted = true;
        let segment = Segment::new(&u).unwrap();
        let unsure: Vec<_> =
            segment.unsure().into_iter().map(|u| (u.char_start..u.char_end, u.band, u.prompted)).collect();
        assert_eq!(unsure, [(10..19, Band::Missing, false), (20..25, Band::Check, true)]);
        assert_eq!(segment.quoted(0..33), "I live at […] Maple Street.");
        assert_eq!(segment.quoted(16..33), "[…] Maple Street.");
        assert_eq!(segment.quoted(20..33), "Maple Street.");
        let weak = segment.evidence(10..32);
        assert_eq!((weak.band, weak.prompted), (Some(Band::Missing), true));
        assert_eq!((segment.evidence(0..6).band, segment.evidence(0..6).prompted), (Some(Band::Sure), false));
    }

    #[test]
    fn without_word_times_the_segment_is_the_evidence() {
        let mut u = utterance(0, "停水了", 500, 900);
        u.words.clear();
        let evidence = Segment::new(&u).unwrap().evidence(0..2);
        assert_eq!((evidence.audio_start_ms, evidence.audio_end_ms), (500, 900));
        assert_eq!(evidence.alignment, Alignment::Segment);
    }
}
