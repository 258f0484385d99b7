//! Digits and letters explained by a word: 四是四川的四, 五月的五, "B as in Bravo".

use crate::draft::numerals;
use crate::draft::token::{Kind, Token};

/// `四是四川的四` or `四川的四` at `at`: the digit it explains, and the token after it.
pub fn gloss(tokens: &[Token<'_>], at: usize) -> Option<(char, usize)> {
    let first = tokens.get(at).filter(|token| token.kind == Kind::Han)?;
    let text = |at: usize| tokens.get(at).filter(|token| token.line == first.line).map_or("", |token| token.text);
    let value = numerals::digit(first)?;
    let named = matches!(text(at + 1), "是" | "係" | "就");
    // 四 | 四川 的 四: the word begins with the digit itself unless a verb went before.
    let word = if named { at + 2..at + 6 } else { at + 2..at + 4 };
    let of = word.clone().find(|&at| matches!(text(at), "的" | "嘅"))?;
    let last = tokens.get(of + 1).filter(|token| token.line == first.line)?;
    let digits_only = (at + 1..of).all(|at| tokens.get(at).is_some_and(|token| numerals::digit(token).is_some()));
    (numerals::digit(last) == Some(value) && !digits_only)
        .then(|| Some((char::from_digit(value, 10)?, of + 2)))
        .flatten()
}

/// "As in Bravo", "for Bravo" after a letter or digit: the token after it.
pub fn as_in(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let line = tokens.get(at)?.line;
    let text = |at: usize| tokens.get(at).filter(|token| token.line == line).map_or("", |token| token.text);
    let word = match (text(at), text(at + 1)) {
        ("as", "in") => at + 2,
        ("for" | "like", _) => at + 1,
        _ => return None,
    };
    let word = word + usize::from(matches!(text(word), "the" | "a" | "an"));
    tokens.get(word).filter(|token| token.kind == Kind::Word && token.line == line && token.text.len() > 1)?;
    Some(word + 1)
}
