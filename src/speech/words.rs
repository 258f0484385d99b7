//! Recogniser tokens become words: English by their leading space, Chinese character by character. Pure.

use super::text::{is_ideograph, is_wide_mark};
use crate::call::{MediaSpan, Word};

/// One text token. A Chinese character may be spread over several of them.
#[derive(Clone, Debug)]
pub struct Token {
    pub bytes: Vec<u8>,
    pub span: MediaSpan,
    /// 0-1.
    pub probability: f32,
}

/// A word whose tokens leave it less than this is given the time up to the next word.
const SHORTEST_WORD_MS: u64 = 60;

/// Words of the consecutive tokens of one decoded passage. Spans lie inside `within`, do not overlap and never run
/// backwards.
///
/// `within` comes from the model's own time marks, which are far better than token times (on the bundled calls
/// whisper.cpp's token times end a sentence 300 ms early): the first word begins and the last one ends with it.
/// A word is as sure as its weakest token; punctuation belongs to the word before it and changes neither its
/// time nor its confidence.
pub fn words_from_tokens(tokens: &[Token], within: MediaSpan) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut pending: Option<Token> = None;
    let mut after_space = true;
    for token in tokens {
        let mut whole = match pending.take() {
            Some(part) => joined(part, token),
            None => token.clone(),
        };
        if ends_inside_a_character(&whole.bytes) {
            pending = Some(whole);
            continue;
        }
        let text = String::from_utf8_lossy(&std::mem::take(&mut whole.bytes)).into_owned();
        append(&mut words, &text, &whole, &mut after_space);
    }
    if let Some(part) = pending {
        let text = String::from_utf8_lossy(&part.bytes).into_owned();
        append(&mut words, &text, &part, &mut after_space);
    }
    settle(&mut words, within);
    words
}

fn settle(words: &mut [Word], within: MediaSpan) {
    if let Some(first) = words.first_mut() {
        first.span.start = within.start;
    }
    let mut earliest = within.start;
    for at in 0..words.len() {
        let next = words.get(at + 1).map(|w| w.span);
        let Some(word) = words.get_mut(at) else { break };
        let start = word.span.start.clamp(earliest, within.end);
        let mut end = word.span.end.clamp(start, within.end);
        match next {
            None => end = within.end,
            Some(next) if end - start < SHORTEST_WORD_MS => {
                // Up to the next word, or half of both when that begins at once.
                let free =
                    if next.start - start < SHORTEST_WORD_MS { (next.end - start) / 2 } else { next.start - start };
                end = (start + free).clamp(end, within.end);
            }
            Some(_) => {}
        }
        word.span = MediaSpan::new(start, end);
        earliest = end;
    }
}

fn append(words: &mut Vec<Word>, text: &str, token: &Token, after_space: &mut bool) {
    let pieces = u64::try_from(text.chars().filter(|c| is_ideograph(*c)).count()).unwrap_or(1).max(1);
    let mut piece = 0;
    for c in text.chars() {
        if c.is_whitespace() {
            *after_space = true;
            continue;
        }
        let mut span = token.span;
        if is_ideograph(c) {
            // Several characters in one token share its time evenly.
            let length = token.span.millis();
            span = MediaSpan::new(
                token.span.start + length * piece / pieces,
                token.span.start + length * (piece + 1) / pieces,
            );
            piece += 1;
        }
        let begins = is_ideograph(c)
            || (c.is_alphanumeric() && *after_space)
            || words.last().is_none_or(|w| c.is_alphanumeric() && w.text.ends_with(is_ideograph_or_wide));
        match words.last_mut() {
            Some(word) if !begins => {
                if c.is_alphanumeric() {
                    word.span.end = word.span.end.max(span.end);
                    word.confidence = word.confidence.min(token.probability);
                }
                word.text.push(c);
            }
            _ => words.push(Word::new(c, span, token.probability.clamp(0.0, 1.0))),
        }
        *after_space = false;
    }
}

fn joined(mut part: Token, next: &Token) -> Token {
    part.bytes.extend_from_slice(&next.bytes);
    part.span = MediaSpan::new(part.span.start.min(next.span.start), part.span.end.max(next.span.end));
    part.probability = part.probability.min(next.probability);
    part
}

fn ends_inside_a_character(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(e) if e.error_len().is_none())
}

fn is_ideograph_or_wide(c: char) -> bool {
    is_ideograph(c) || is_wide_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::MediaTime;
    use crate::speech::text::text_of;

    fn token(bytes: &[u8], start: u64, end: u64, probability: f32) -> Token {
        Token { bytes: bytes.to_vec(), span: MediaSpan::new(MediaTime(start), MediaTime(end)), probability }
    }

    fn within() -> MediaSpan {
        MediaSpan::new(MediaTime(0), MediaTime(2_000))
    }

    #[test]
    fn an_english_word_is_as_sure_as_its_weakest_token_and_keeps_its_punctuation() {
        let tokens = [
            token(b" Ma", 0, 100, 0.9),
            token(b"ple", 100, 300, 0.4),
            token(b" Street", 300, 700, 0.8),
            token(b",", 700, 900, 0.1),
            token(b" it", 900, 950, 0.8),
            token(b"'s", 950, 990, 0.7),
        ];
        let words = words_from_tokens(&tokens, within());
        let plain: Vec<_> = words.iter().map(|w| (w.text.as_str(), w.span.end.0, w.confidence)).collect();
        assert_eq!(plain, [("Maple", 300, 0.4), ("Street,", 700, 0.8), ("it's", 2_000, 0.7)]);
        assert_eq!(text_of(&words), "Maple Street, it's");
    }

    #[test]
    fn a_chinese_character_split_over_tokens_is_one_word() {
        let water = "水".as_bytes();
        let tokens = [
            token("停".as_bytes(), 0, 200, 0.9),
            token(&water[..2], 200, 300, 0.8),
            token(&water[2..], 300, 400, 0.6),
            token("了。".as_bytes(), 400, 600, 0.9),
        ];
        let words = words_from_tokens(&tokens, within());
        let plain: Vec<_> = words.iter().map(|w| (w.text.as_str(), w.span.start.0, w.span.end.0)).collect();
        assert_eq!(plain, [("停", 0, 200), ("水", 200, 400), ("了。", 400, 2_000)]);
        assert_eq!(words[1].confidence, 0.6);
        assert_eq!(text_of(&words), "停水了。");
    }

    #[test]
    fn characters_that_share_a_token_share_its_time() {
        let words = words_from_tokens(&[token("我们".as_bytes(), 0, 400, 0.9)], within());
        assert_eq!((words[0].span.end.0, words[1].span.start.0, words[1].span.end.0), (200, 200, 2_000));
    }

    #[test]
    fn times_never_leave_the_segment_or_run_backwards() {
        let tokens = [token(b" a", 500, 400, 1.0), token(b" b", 100, 9_000, 1.0), token(b" c", 0, 1, 1.0)];
        let words = words_from_tokens(&tokens, within());
        assert!(words.iter().all(|w| w.span.start <= w.span.end && w.span.end <= within().end));
        assert!(words.windows(2).all(|w| w[0].span.end <= w[1].span.start));
    }

    #[test]
    fn the_passage_gives_its_ends_and_a_word_without_time_reaches_to_the_next() {
        let tokens = [token(b" I", 90, 90, 1.0), token(b" can", 180, 300, 1.0), token(b" go", 320, 400, 1.0)];
        let times: Vec<_> =
            words_from_tokens(&tokens, MediaSpan::new(MediaTime(50), MediaTime(600))).iter().map(|w| w.span).collect();
        let wanted = [(50, 180), (180, 300), (320, 600)];
        assert_eq!(times, wanted.map(|(a, b)| MediaSpan::new(MediaTime(a), MediaTime(b))));
    }

    #[test]
    fn damaged_bytes_become_a_mark_and_nothing_is_lost() {
        let words = words_from_tokens(&[token(b" ok", 0, 10, 1.0), token(&[0xe6, 0xb0], 10, 20, 0.5)], within());
        assert_eq!(text_of(&words), "ok\u{fffd}");
    }
}
