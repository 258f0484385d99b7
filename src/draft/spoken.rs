//! What was said, however it was written: so that two writings of the same speech can be held against each other.
//!
//! Words are folded (case, width, quotes), punctuation falls away, a Chinese character stands alone, and a number is
//! the digits it is made of: `forty two`, `42` and `四十二` are all `4`, `2`. Pure.

use super::normal::Folded;
use super::numerals::{dictated, homophone, number};
use super::token::{Kind, Token, tokens};

/// A piece of text and where it comes from: a printed word, or a whole sentence.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    pub text: &'a str,
    /// A number never goes on in the next line.
    pub line: usize,
    /// Any number that the asker knows the piece by.
    pub origin: usize,
}

/// An English word, a Chinese character or a digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub text: String,
    pub digit: bool,
    /// Of the piece it stands in.
    pub origin: usize,
    /// First, last of its piece.
    pub begins: bool,
    pub ends: bool,
}

pub fn spoken(pieces: &[Piece<'_>]) -> Vec<Spoken> {
    let folded: Vec<Folded> = pieces.iter().map(|piece| Folded::new(piece.text)).collect();
    let (mut all, mut origins): (Vec<Token<'_>>, Vec<usize>) = (Vec::new(), Vec::new());
    for (piece, folded) in pieces.iter().zip(&folded) {
        all.extend(tokens(folded, piece.line));
        origins.resize(all.len(), piece.origin);
    }
    let mut out: Vec<Spoken> = Vec::new();
    let mut push = |text: String, digit: bool, origin: usize| {
        let begins = out.last().is_none_or(|last| last.origin != origin);
        if let (false, Some(last)) = (begins, out.last_mut()) {
            last.ends = false;
        }
        out.push(Spoken { text, digit, origin, begins, ends: true });
    };
    let mut at = 0;
    while let (Some(token), Some(&origin)) = (all.get(at), origins.get(at)) {
        let Some((digits, next)) = number(&all, at) else {
            if token.kind != Kind::Punct {
                push(token.text.to_owned(), false, origin);
            }
            at += 1;
            continue;
        };
        // Digits are spread evenly over the words that say them; the last one ends with the last word.
        let (count, words) = (digits.len(), next - at);
        for (nth, digit) in digits.chars().enumerate() {
            let word = if nth + 1 == count { words - 1 } else { nth * words / count };
            push(digit.to_string(), true, origins.get(at + word).copied().unwrap_or(origin));
        }
        at = next;
    }
    out
}

/// The digits of a text that dictates a number, whatever stands between them: `two one, double five` is `2155`.
pub fn dictated_digits(text: &str) -> String {
    let folded = Folded::new(text);
    let tokens = tokens(&folded, 0);
    let (mut out, mut at) = (String::new(), 0);
    while at < tokens.len() {
        match dictated(&tokens, at) {
            Some((digits, next)) => {
                out.push_str(&digits);
                at = next.max(at + 1);
            }
            None => {
                // "Two one to five": what sounds like a digit, between two.
                let between = !out.is_empty() && dictated(&tokens, at + 1).is_some();
                let sound = tokens.get(at).and_then(homophone).filter(|_| between);
                out.extend(sound.and_then(|digit| char::from_digit(digit, 10)));
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Spoken> {
        let pieces: Vec<_> =
            text.split_whitespace().enumerate().map(|(origin, text)| Piece { text, line: 0, origin }).collect();
        spoken(&pieces)
    }

    fn joined(text: &str) -> String {
        words(text).into_iter().map(|s| s.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn one_speech_written_in_several_ways_is_the_same() {
        for (text, same) in [
            ("The Street-Light, is BROKEN!", "the street light is broken"),
            ("I don’t know.", "i don't know"),
            ("Number forty two.", "number 4 2"),
            ("number 42", "number 4 2"),
            ("forty-two", "4 2"),
            ("five five five, zero one three four", "5 5 5 0 1 3 4"),
            ("555 0134", "5 5 5 0 1 3 4"),
            ("one hundred and five", "1 0 5"),
            ("我住在二十三号。", "我 住 在 2 3 号"),
            ("我住在 23 号", "我 住 在 2 3 号"),
            ("电话六二三Ａ", "电 话 6 2 3 a"),
            (" … ", ""),
        ] {
            assert_eq!(joined(text), same, "{text}");
        }
    }

    #[test]
    fn every_digit_knows_the_word_that_says_it() {
        let at = |text: &str| words(text).into_iter().map(|s| (s.text, s.origin)).collect::<Vec<_>>();
        let of = |pairs: &[(&str, usize)]| pairs.iter().map(|(t, o)| ((*t).to_owned(), *o)).collect::<Vec<_>>();
        assert_eq!(at("at forty two six"), of(&[("at", 0), ("4", 1), ("2", 2), ("6", 3)]));
        assert_eq!(at("one hundred and five"), of(&[("1", 0), ("0", 1), ("5", 3)]));
        let edges = words("flat 42 b").into_iter().map(|s| (s.begins, s.ends)).collect::<Vec<_>>();
        assert_eq!(edges, [(true, true), (true, false), (false, true), (true, true)]);
    }

    #[test]
    fn a_number_ends_with_its_line() {
        let pieces = [Piece { text: "twenty", line: 0, origin: 0 }, Piece { text: "three", line: 1, origin: 1 }];
        let digits: Vec<_> = spoken(&pieces).into_iter().map(|s| s.text).collect();
        assert_eq!(digits, ["2", "0", "3"]);
    }

    #[test]
    fn a_dictated_number_is_its_digits_whatever_stands_between() {
        for (text, digits) in
            [("two one two, double five", "21255"), ("孖二 零", "220"), ("two one to five", "2125"), ("my flat", "")]
        {
            assert_eq!(dictated_digits(text), digits, "{text}");
        }
    }
}
