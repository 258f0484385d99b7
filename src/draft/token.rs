//! Words of the caller's lines, in one sequence across pauses, each with its place in its line.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use super::extract::cues::Marks;
use super::normal::{Folded, is_han};
use super::numerals;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters, or letters and digits mixed (`5c`, `147th`).
    Word,
    /// Arabic digits only.
    Digits,
    /// One Chinese character.
    Han,
    Punct,
}

/// One word of one line; `text` is folded.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub line: usize,
    /// Half-open range of Unicode scalars in the line.
    pub start: usize,
    pub end: usize,
    pub begins: Begins,
}

/// What some of all that begins with a word may be, told once for all who ask.
#[derive(Clone, Copy, Debug)]
pub struct Begins {
    /// A mark of [`Marks`].
    pub mark: bool,
    /// Digits of [`dictated`](super::numerals::dictated).
    pub digits: bool,
}

impl Token<'_> {
    pub fn is(&self, text: &str) -> bool {
        self.text == text
    }

    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Punctuation at which a sentence ends.
    pub fn ends_sentence(&self) -> bool {
        self.kind == Kind::Punct && matches!(self.text, "." | "?" | "!" | "。" | ";" | "…")
    }
}

/// Where a word of a line stands.
pub struct Cut {
    kind: Kind,
    start: usize,
    end: usize,
    begins: Begins,
}

impl Cut {
    pub fn token<'a>(&self, folded: &'a Folded, line: usize) -> Token<'a> {
        let Self { kind, start, end, begins } = *self;
        Token { kind, text: folded.slice(start..end), line, start, end, begins }
    }
}

/// Splits one folded line.
pub fn tokens(folded: &Folded, line: usize) -> Vec<Token<'_>> {
    cuts(folded).iter().map(|cut| cut.token(folded, line)).collect()
}

/// Where the words of a folded line stand.
pub fn cuts(folded: &Folded) -> Vec<Cut> {
    let mut out: Vec<Cut> = Vec::new();
    let mut open: Option<(usize, bool, bool)> = None;
    let cut = |kind: Kind, start: usize, end: usize| {
        let text = folded.slice(start..end);
        Cut { kind, start, end, begins: Begins { mark: Marks::all().begin(text), digits: numerals::begin(kind, text) } }
    };
    let close = |open: &mut Option<(usize, bool, bool)>, end: usize, out: &mut Vec<Cut>| {
        if let Some((start, letters, _)) = open.take() {
            let kind = if letters { Kind::Word } else { Kind::Digits };
            out.push(cut(kind, start, end));
        }
    };
    let chars: Vec<char> = folded.text.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let apostrophe = c == '\'' && open.is_some() && chars.get(at + 1).is_some_and(|n| n.is_alphabetic());
        if is_han(c) {
            close(&mut open, at, &mut out);
            out.push(cut(Kind::Han, at, at + 1));
        } else if c.is_alphanumeric() || apostrophe {
            let digit = c.is_ascii_digit();
            match &mut open {
                Some((_, letters, digits)) => {
                    *letters |= !digit;
                    *digits |= digit;
                }
                None => open = Some((at, !digit, digit)),
            }
        } else {
            close(&mut open, at, &mut out);
            if !c.is_whitespace() {
                out.push(cut(Kind::Punct, at, at + 1));
            }
        }
    }
    close(&mut open, chars.len(), &mut out);
    out
}

/// Number of tokens from `at` that spell `phrase`, words in English, characters in Chinese; `None` if they do not.
pub fn phrase_at(tokens: &[Token<'_>], at: usize, phrase: &[&str]) -> Option<usize> {
    let found = tokens.get(at..at + phrase.len())?;
    found.iter().zip(phrase).all(|(token, text)| token.is(text)).then_some(phrase.len())
}

/// Number of tokens from `at` that spell `text`, without building its [`phrase`] first.
pub fn spells(tokens: &[Token<'_>], at: usize, text: &str) -> Option<usize> {
    let mut len = 0;
    for piece in pieces(text) {
        tokens.get(at + len).filter(|token| token.is(piece))?;
        len += 1;
    }
    Some(len)
}

/// Splits a phrase the way [`tokens`] does: words apart at spaces, Chinese into characters.
pub fn phrase(text: &str) -> Vec<&str> {
    pieces(text).collect()
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(' ');
        let word = rest.find(' ').unwrap_or(rest.len());
        let chinese = rest.get(..word)?.chars().any(is_han);
        let len = if chinese { rest.chars().next()?.len_utf8() } else { word };
        let (piece, after) = rest.split_at_checked(len)?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Words or phrases with a separator between them, looked up by their first character.
pub struct PhraseList {
    source: &'static str,
    separator: char,
    by_first: OnceLock<HashMap<char, Vec<&'static str>>>,
}

impl PhraseList {
    pub const fn new(source: &'static str, separator: char) -> Self {
        Self { source, separator, by_first: OnceLock::new() }
    }

    fn beginning_as(&self, text: &str) -> impl Iterator<Item = &'static str> {
        let index = self.by_first.get_or_init(|| {
            let mut index: HashMap<char, Vec<&'static str>> = HashMap::new();
            for phrase in self.source.split(self.separator).map(str::trim) {
                let first = phrase.chars().next();
                index.entry(first.unwrap_or_default()).or_default().extend(first.map(|_| phrase));
            }
            index
        });
        text.chars().next().and_then(|first| index.get(&first)).into_iter().flatten().copied()
    }

    /// Tokens of the longest phrase at `at`.
    pub fn longest(&self, tokens: &[Token<'_>], at: usize) -> Option<usize> {
        let first = tokens.get(at)?.text;
        self.beginning_as(first).filter_map(|phrase| spells(tokens, at, phrase)).max()
    }

    pub fn has(&self, token: &Token<'_>) -> bool {
        self.beginning_as(token.text).any(|word| token.is(word))
    }
}
