//! Title, description and summary from the caller's own words; nothing is rewritten.

use std::ops::Range;

use super::evidence::Segment;
use super::extract::Spans;
use super::normal::fold;

/// Words of greeting, thanks, hesitation: a sentence of nothing else is left out.
const EMPTY_EN: &[&str] = &[
    "hello",
    "hi",
    "hey",
    "there",
    "good",
    "morning",
    "afternoon",
    "evening",
    "yes",
    "yeah",
    "no",
    "okay",
    "ok",
    "thank",
    "thanks",
    "you",
    "very",
    "much",
    "a",
    "lot",
    "for",
    "your",
    "help",
    "bye",
    "goodbye",
    "um",
    "uh",
    "well",
    "so",
    "is",
    "this",
    "the",
    "city",
    "hotline",
    "service",
    "center",
    "line",
    "have",
    "nice",
    "day",
    "great",
    "all",
    "right",
    "sure",
    "can",
    "hear",
    "me",
    "please",
    "hold",
    "on",
    "one",
    "moment",
];
const EMPTY_ZH: &[&str] = &[
    "您好",
    "你好",
    "请问",
    "是政府热线吗",
    "是市民热线吗",
    "谢谢您",
    "谢谢你",
    "谢谢",
    "非常感谢",
    "再见",
    "喂",
    "早上好",
    "下午好",
    "晚上好",
    "嗯",
    "好的",
    "辛苦了",
    "麻烦您了",
    "麻烦你们了",
    "多謝",
    "唔該",
    "拜拜",
    "呀",
    "听得到吗",
    "能听到吗",
    "好",
    "是的",
    "对",
];

/// One sentence of one line, scalar range without surrounding space.
pub struct Sentence {
    pub line: usize,
    pub range: Range<usize>,
}

/// Sentences with content, in order. Sentences that only give the name or the number are left to their fields.
pub fn content(segments: &[Segment<'_>], personal: &Spans, topic: &Spans) -> Vec<Sentence> {
    let mut out = Vec::new();
    for (line, segment) in segments.iter().enumerate() {
        for range in sentences(segment.chars()) {
            let holds = |spans: &Spans| {
                spans.iter().any(|(at, span)| *at == line && span.start < range.end && range.start < span.end)
            };
            if !is_empty(&segment.chars()[range.clone()]) && (holds(topic) || !holds(personal)) {
                out.push(Sentence { line, range });
            }
        }
    }
    out
}

fn sentences(chars: &[char]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, c) in chars.iter().enumerate() {
        let inside = *c == '.' && chars.get(at + 1).is_some_and(|next| !next.is_whitespace());
        if matches!(c, '.' | '!' | '?' | '。' | '！' | '？') && !inside {
            out.push(start..at + 1);
            start = at + 1;
        }
    }
    out.push(start..chars.len());
    out.into_iter().filter_map(|range| trim(chars, range)).collect()
}

fn trim(chars: &[char], range: Range<usize>) -> Option<Range<usize>> {
    let start = range.clone().find(|&at| !chars[at].is_whitespace())?;
    let end = range.rev().find(|&at| !chars[at].is_whitespace())? + 1;
    chars[start..end].iter().any(|c| c.is_alphanumeric()).then_some(start..end)
}

fn is_empty(sentence: &[char]) -> bool {
    let folded: String = sentence.iter().map(|&c| fold(c)).collect();
    if folded.is_ascii() {
        return folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).all(|w| EMPTY_EN.contains(&w));
    }
    let mut rest: &str = &folded;
    while let Some(c) = rest.chars().next() {
        if let Some(word) = EMPTY_ZH.iter().find(|word| rest.starts_with(**word)) {
            rest = &rest[word.len()..];
        } else if c.is_alphanumeric() {
            return false;
        } else {
            rest = &rest[c.len_utf8()..];
        }
    }
    true
}

/// Joins sentences up to `limit` scalars; gives the text and how many sentences are in it.
pub fn join(segments: &[Segment<'_>], sentences: &[Sentence], limit: usize) -> (String, usize) {
    let mut text = String::new();
    let mut length = 0;
    for (at, sentence) in sentences.iter().enumerate() {
        let Some(segment) = segments.get(sentence.line) else { continue };
        let ascii = segment.text(sentence.range.clone()).is_ascii();
        let next = segment.quoted(sentence.range.clone());
        let separator = match (text.chars().next_back(), ascii) {
            (None, _) => "",
            (Some(last), true) if last.is_alphanumeric() || last == ']' => ". ",
            (Some(last), false) if last.is_alphanumeric() || last == ']' => "，",
            (Some(_), true) => " ",
            (Some(_), false) => "",
        };
        let more = separator.chars().count() + next.chars().count();
        if length + more > limit {
            if text.is_empty() {
                return (cut(&next, limit), 1);
            }
            return (text, at);
        }
        text.push_str(separator);
        text.push_str(&next);
        length += more;
    }
    (text, sentences.len())
}

/// At most `limit` scalars, an ellipsis for what is missing.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(limit.saturating_sub(1)).collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::testing::utterance;

    #[test]
    fn greetings_and_goodbyes_are_not_content() {
        let lines = [
            "Hello, is this the city hotline?",
            "Good morning. The lift is stuck.",
            "您好是政府热线吗",
            "谢谢再见",
            "停水了",
        ];
        let spoken: Vec<_> = lines.iter().map(|text| utterance(0, text, 0, 1000)).collect();
        let segments: Vec<_> = spoken.iter().filter_map(Segment::new).collect();
        let kept = content(&segments, &Vec::new(), &Vec::new());
        let (text, count) = join(&segments, &kept, 4000);
        assert_eq!((text.as_str(), count), ("The lift is stuck.停水了", 2));
    }

    #[test]
    fn a_cut_text_is_never_longer_than_its_limit() {
        assert_eq!(cut("一二三四五", 3), "一二…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
