//! Title, description and summary from the caller's own words; nothing is rewritten.

use std::ops::Range;

use super::evidence::Segment;
use super::extract::Spans;
use super::extract::matters::Unit;
use super::normal::fold;
use super::script::simplified;

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

/// The units with content, in order, as sentences: what belongs together in a line is not parted. Units that only give
/// the name or the number are left to their fields.
pub fn content(segments: &[Segment<'_>], units: &[&Unit], personal: &Spans, topic: &Spans) -> Vec<Sentence> {
    let mut out: Vec<Sentence> = Vec::new();
    for unit in units {
        let Unit { line, ref range, .. } = **unit;
        let holds = |spans: &Spans| {
            spans.iter().any(|(at, span)| *at == line && span.start < range.end && range.start < span.end)
        };
        if unit.empty || (holds(personal) && !holds(topic)) {
            continue;
        }
        match out.last_mut().filter(|last| unit.inner && last.line == line && last.range.end <= range.start) {
            Some(last) if adjoins(segments, last, range) => last.range.end = range.end,
            _ => out.push(Sentence { line, range: range.clone() }),
        }
    }
    out
}

/// Only space is between.
fn adjoins(segments: &[Segment<'_>], last: &Sentence, range: &Range<usize>) -> bool {
    let between = segments.get(last.line).and_then(|segment| segment.chars().get(last.range.end..range.start));
    between.is_some_and(|between| between.iter().all(|c| c.is_whitespace()))
}

/// Sentences of a line, each without surrounding space and with something in it.
pub fn sentences(chars: &[char]) -> Vec<Range<usize>> {
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

/// The range without surrounding space; `None` when nothing is said in it.
pub fn trim(chars: &[char], range: Range<usize>) -> Option<Range<usize>> {
    let start = range.clone().find(|&at| !chars[at].is_whitespace())?;
    let end = range.rev().find(|&at| !chars[at].is_whitespace())? + 1;
    chars[start..end].iter().any(|c| c.is_alphanumeric()).then_some(start..end)
}

/// Greeting, thanks, hesitation and nothing else.
pub fn is_empty(sentence: &[char]) -> bool {
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

/// Words after which more must come.
const DANGLING_EN: &[&str] = &[
    "the", "a", "an", "my", "our", "its", "it's", "and", "but", "because", "of", "in", "on", "at", "to", "from",
    "with", "for", "is", "are", "was", "has", "i", "i'm", "im", "there's", "theres", "this", "uh", "um", "so", "like",
    "about",
];
const DANGLING_ZH: &[&str] = &[
    "已经", "就是", "那个", "这个", "因为", "然后", "但是", "我在", "我们", "有个", "嗰个", "呢个", "即系", "就系",
    "跟住", "我喺", "喺", "同埋", "嗰", "信号", "这边", "那边", "呢边", "嗰边",
];

/// The sentence breaks off: no mark at its end, and a word there that needs another one.
pub fn dangles(sentence: &[char]) -> bool {
    let folded: String = sentence.iter().map(|&c| simplified(fold(c))).collect();
    let last = folded.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
    folded.chars().next_back().is_some_and(char::is_alphanumeric)
        && (DANGLING_EN.contains(&last) || DANGLING_ZH.iter().any(|word| folded.ends_with(word)))
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
    use crate::draft::extract::{Doc, matters};
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
        let doc = Doc::new(&segments, false);
        let units = matters::units(&doc, &[]);
        let kept = content(&segments, &units.iter().collect::<Vec<_>>(), &Vec::new(), &Vec::new());
        let (text, count) = join(&segments, &kept, 4000);
        assert_eq!((text.as_str(), count), ("The lift is stuck.停水了", 2));
    }

    #[test]
    fn a_cut_text_is_never_longer_than_its_limit() {
        assert_eq!(cut("一二三四五", 3), "一二…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
