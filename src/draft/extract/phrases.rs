//! What callers say to tell what they want and how bad it is: fixed phrases, found in one pass, whichever script a
//! recogniser printed.

use std::ops::Range;

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use super::{Doc, Spans};
use crate::draft::DraftError;
use crate::draft::lines::{Line, copies};
use crate::draft::normal::{Folded, is_han};
use crate::draft::schema::{RequestType, Risk};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    Request(RequestType),
    Risk(Risk),
    Mark(Mark),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// How, where, when, how much.
    Question,
    /// Something is not as it should be.
    Trouble,
    /// A further matter is announced.
    Another,
    /// More than one matter is announced.
    Several,
    /// What follows is further, of this matter or another one.
    Also,
    Danger,
    /// Somebody was hurt or something came down, or nearly.
    Harm,
    Vulnerable,
    /// It is about money for a supply, not the supply.
    Bill,
    Wrong,
    Withdrawn,
    /// Something would be nice: a suggestion, where nothing is wrong.
    Wish,
    Interrupted,
    /// The caller cannot speak now and wants to be rung later.
    Later,
}

/// One cue where it was said.
#[derive(Clone, Debug)]
pub struct Said {
    pub cue: Cue,
    pub line: usize,
    /// Scalars of the line.
    pub range: Range<usize>,
    /// "I don't want to complain."
    pub denied: bool,
    /// Of the past, or only feared.
    pub doubtful: bool,
}

impl Said {
    pub fn spans(&self) -> Spans {
        vec![(self.line, self.range.clone())]
    }

    pub fn is(&self, mark: Mark) -> bool {
        self.cue == Cue::Mark(mark) && !self.denied
    }
}

#[derive(Deserialize)]
struct File {
    request: Vec<(RequestType, Vec<String>)>,
    mark: Vec<(Mark, Vec<String>)>,
    risk: Vec<(Risk, Vec<String>)>,
    not: Vec<String>,
    past: Vec<String>,
    perhaps: Vec<String>,
}

pub struct Phrases {
    search: AhoCorasick,
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cue(Cue),
    Not,
    /// Of the past, feared, or a thing that is only named after a danger.
    Unreal,
}

/// Scalars that may stand between a denial and what it denies: "don't want to make a complaint", 不是要投诉.
const DENIES_EN: usize = 16;
const DENIES_ZH: usize = 3;
/// Scalars to either side, within the sentence, in which a condition or the past makes a cue doubtful.
const REACH: usize = 24;

impl Phrases {
    pub fn parse(json: &str) -> Result<Self, DraftError> {
        let file: File = serde_json::from_str(json).map_err(|cause| DraftError::Data { file: "phrases", cause })?;
        let requests = file.request.into_iter().map(|(kind, words)| (Kind::Cue(Cue::Request(kind)), words));
        let marks = file.mark.into_iter().map(|(kind, words)| (Kind::Cue(Cue::Mark(kind)), words));
        let risks = file.risk.into_iter().map(|(kind, words)| (Kind::Cue(Cue::Risk(kind)), words));
        let rest = [(Kind::Not, file.not), (Kind::Unreal, file.past), (Kind::Unreal, file.perhaps)];
        let all = requests.chain(marks).chain(risks).chain(rest);
        let (kinds, patterns): (Vec<Kind>, Vec<String>) =
            all.flat_map(|(kind, words)| words.into_iter().map(move |word| (kind, word))).unzip();
        let patterns = patterns.iter().map(|pattern| Folded::simplified(pattern).text);
        Ok(Self { search: AhoCorasick::new(patterns).map_err(DraftError::Terms)?, kinds })
    }

    /// Every cue in order of time. Of two that begin together the longer one comes first.
    pub fn find(&self, doc: &Doc<'_>) -> Vec<Said> {
        let lines = doc.segments.iter().enumerate();
        lines.flat_map(|(line, said)| copies(&said.kept.cues, || self.line(said), |cue| cue.line = line)).collect()
    }

    fn line(&self, segment: &Line) -> Vec<Said> {
        let text = &segment.plain.text;
        let mut hits: Vec<(Range<usize>, Kind)> = Vec::new();
        for hit in self.search.find_overlapping_iter(text) {
            if let Some(kind) = self.kinds.get(hit.pattern().as_usize()).filter(|_| is_word(text, &hit.range())) {
                hits.push((segment.plain.range(hit.range()), *kind));
            }
        }
        hits.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let chars = &segment.chars;
        let mut out = Vec::new();
        for (at, (range, kind)) in hits.iter().enumerate() {
            let Kind::Cue(cue) = kind else { continue };
            // Few cues can stand so near; the bound keeps a line of one repeated word linear.
            let before = hits.get(at.saturating_sub(16)..at).unwrap_or_default();
            let after = hits.get(at..(at + 16).min(hits.len())).unwrap_or_default();
            let denied = before.iter().any(|(not, kind)| *kind == Kind::Not && denies(chars, not, range));
            let mut near = before.iter().chain(after).filter(|(_, kind)| *kind == Kind::Unreal);
            let doubtful = near.any(|(other, _)| one_sentence(chars, other, range));
            out.push(Said { cue: *cue, line: 0, range: range.clone(), denied, doubtful });
        }
        out
    }
}

/// English is found in word borders; Chinese has none.
pub fn is_word(text: &str, range: &Range<usize>) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_han(c));
    let (before, after) = (text[..range.start].chars().next_back(), text[range.end..].chars().next());
    let (first, last) = (text[range.clone()].chars().next(), text[range.clone()].chars().next_back());
    !(inside(before) && inside(first) || inside(last) && inside(after))
}

fn denies(chars: &[char], not: &Range<usize>, cue: &Range<usize>) -> bool {
    let Some(between) = chars.get(not.end..cue.start) else { return false };
    let most = if between.iter().any(char::is_ascii) { DENIES_EN } else { DENIES_ZH };
    // Whoever says "I" begins anew: "that's not right I want to complain", 没人管我要投诉.
    let anew = between.contains(&'我') || between.windows(3).any(|three| matches!(three, [' ', 'i' | 'I', ' ' | '\'']));
    between.len() <= most && !anew && !between.iter().any(|c| ends_clause(*c))
}

fn one_sentence(chars: &[char], a: &Range<usize>, b: &Range<usize>) -> bool {
    let between = a.end.min(b.end)..a.start.max(b.start).max(a.end.min(b.end));
    between.len() <= REACH && !chars.get(between).unwrap_or_default().iter().any(|c| ends_sentence(*c))
}

pub fn ends_clause(c: char) -> bool {
    ends_sentence(c) || matches!(c, ',' | '，' | '、' | ':' | '：')
}

pub fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | ';' | '。' | '！' | '？' | '；' | '…')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::evidence::Segment;
    use crate::draft::testing::utterance;

    fn said(text: &str) -> Vec<Said> {
        let spoken = utterance(0, text, 0, 1_000);
        let segments: Vec<_> = Segment::new(&spoken).into_iter().collect();
        Phrases::parse(include_str!("../data/phrases.json")).unwrap().find(&Doc::new(&segments, false))
    }

    fn denied(text: &str, cue: Cue) -> Option<bool> {
        said(text).into_iter().find(|said| said.cue == cue).map(|said| said.denied)
    }

    #[test]
    fn a_denial_counts_for_what_follows_at_once_and_not_beyond_a_new_start() {
        let complaint = Cue::Request(RequestType::Complaint);
        for text in [
            "I don't want to make a complaint",
            "this isnt a complaint exactly",
            "我不是要投诉",
            "我唔係想投訴佢",
            "I'm not complaining",
        ] {
            assert_eq!(denied(text, complaint), Some(true), "{text}");
        }
        for text in ["that's not right I want to complain", "没人管我要投诉", "我想投訴", "Not now. A complaint."]
        {
            assert_eq!(denied(text, complaint), Some(false), "{text}");
        }
    }

    #[test]
    fn what_is_feared_or_past_is_doubtful() {
        let fire = |text: &str| {
            let all = said(text);
            all.iter().filter(|said| said.cue == Cue::Risk(Risk::Fire)).map(|said| said.doubtful).collect::<Vec<_>>()
        };
        assert_eq!(fire("要是着火了整个单元都跑不出去"), [true]);
        assert_eq!(fire("the fire was last year"), [true]);
        assert_eq!(fire("隔離單位着咗火"), [false]);
    }

    #[test]
    fn an_english_cue_is_whole_words_and_a_chinese_one_of_either_script() {
        assert!(said("hereport fireplace").is_empty());
        assert!(said("我要投訴").iter().any(|said| said.cue == Cue::Request(RequestType::Complaint)));
        assert!(said("我要投诉").iter().any(|said| said.cue == Cue::Request(RequestType::Complaint)));
    }
}
