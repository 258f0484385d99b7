//! Case numbers of this or another service that the caller quotes: letters and digits after a word for a case.

use super::cues::{Mark, Marks, is_no_digit, is_unit, named_after};
use super::gloss::as_in;
use super::{Doc, Spans};
use crate::call::Reference;
use crate::draft::numerals;
use crate::draft::token::{Kind, Token};

/// Words that say something between the cue and the number: "the reference they gave me last week was".
const REACH: usize = 5;
/// Fewer letters and digits are no case number; more of them where other words stand between.
const SHORTEST: usize = 3;
const SHORTEST_FAR: usize = 6;
const LONGEST: usize = 24;

pub struct Found {
    /// Letters in capitals, and digits.
    pub value: String,
    pub spans: Spans,
    pub confidence: f32,
}

/// One letter or group of digits.
struct Piece {
    text: String,
    from: usize,
    to: usize,
}

/// All that are quoted, in order.
pub fn all(doc: &Doc<'_>) -> Vec<Found> {
    let marks = Marks::all();
    let tokens = &doc.tokens;
    let mut found: Vec<Found> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some((reference, next)) = said_before(tokens, marks, at) {
            found.push(reference);
            at = next;
            continue;
        }
        let (mark, next) = marks.at(tokens, at).map_or((None, at + 1), |(mark, next)| (Some(mark), next));
        at = next;
        if mark != Some(Mark::Reference) {
            continue;
        }
        let (pieces, words, end) = read(tokens, marks, next);
        at = end.max(next);
        let value: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let least = if words == 0 { SHORTEST } else { SHORTEST_FAR };
        let digits = value.chars().filter(char::is_ascii_digit).count();
        if value.len() >= least && value.len() <= LONGEST && digits >= 2 {
            let confidence = sureness(&value, words);
            let spans = spans(tokens, &pieces);
            found.push(Found { value, spans, confidence });
        }
    }
    found
}

/// "4412770123 is my case number": the digits at `at`, and the token after them.
fn said_before(tokens: &[Token<'_>], marks: &Marks, at: usize) -> Option<(Found, usize)> {
    piece(tokens, at, false)?;
    if at.checked_sub(1).is_some_and(|before| piece(tokens, before, true).is_some()) {
        return None;
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut to = at;
    while let Some((text, next)) = piece(tokens, to, !pieces.is_empty()) {
        pieces.push(Piece { text, from: to, to: next });
        to = next + usize::from(tokens.get(next).is_some_and(|token| token.kind == Kind::Punct));
    }
    let end = pieces.last()?.to;
    let value: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let fits = (SHORTEST_FAR..=LONGEST).contains(&value.len());
    (fits && named_after(tokens, end, marks) == Some(Mark::Reference))
        .then(|| (Found { confidence: sureness(&value, 0), spans: spans(tokens, &pieces), value }, end))
}

/// Ours have a check digit; of others' only their place is known.
fn sureness(value: &str, words: usize) -> f32 {
    if value.parse::<Reference>().is_ok() {
        0.95
    } else if value.len() == 10 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Ten digits as ours, and one of them misheard or misread.
        0.5
    } else if words == 0 {
        0.8
    } else {
        0.65
    }
}

/// Letters and digits from token `at` on, how many words went before them, and the token after them.
fn read(tokens: &[Token<'_>], marks: &Marks, mut at: usize) -> (Vec<Piece>, usize, usize) {
    let (mut pieces, mut words): (Vec<Piece>, usize) = (Vec::new(), 0);
    // Pieces before a correction, and the first token after it.
    let mut corrected: Option<usize> = None;
    while let Some(token) = tokens.get(at) {
        if let Some((text, to)) = piece(tokens, at, !pieces.is_empty()) {
            pieces.push(Piece { text, from: at, to });
            at = as_in(tokens, to).unwrap_or(to);
            continue;
        }
        match marks.at(tokens, at) {
            Some((Mark::Filler | Mark::Then | Mark::Confirm, next)) => at = next,
            Some((Mark::Correction | Mark::Negation, next)) if !pieces.is_empty() => {
                amend(&mut pieces, corrected);
                corrected = Some(pieces.len());
                at = next;
            }
            // "No reference, my number is …": a telephone number.
            Some((Mark::Number, _))
                if tokens.get(at.saturating_sub(1)).is_some_and(|t| matches!(t.text, "my" | "our" | "的" | "嘅")) =>
            {
                break;
            }
            Some((Mark::Soft | Mark::Number | Mark::Reference | Mark::NotPhone, next))
                if pieces.is_empty() || corrected == Some(pieces.len()) =>
            {
                at = next;
            }
            None if token.kind == Kind::Punct && !(token.ends_sentence() && pieces.is_empty() && words > 0) => at += 1,
            None if pieces.is_empty() && words < REACH && token.kind != Kind::Punct => {
                words += 1;
                at += 1;
            }
            _ => break,
        }
    }
    amend(&mut pieces, corrected);
    // "Three days" after the number, or in its place.
    let counted = pieces.last().is_some_and(|last| {
        last.to == at && tokens.get(at).is_some_and(|unit| unit.line == tokens[last.from].line) && is_unit(tokens, at)
    });
    if counted {
        pieces.pop();
    }
    // Letters at the end belong to the next sentence.
    while pieces.last().is_some_and(|last| last.text.chars().all(char::is_alphabetic)) {
        pieces.pop();
    }
    once(&mut pieces);
    (pieces, words, at)
}

/// A letter, a word of letters and digits, or dictated digits.
fn piece(tokens: &[Token<'_>], at: usize, open: bool) -> Option<(String, usize)> {
    let token = tokens.get(at)?;
    let mixed = token.kind == Kind::Word
        && token.text.is_ascii()
        && token.text.chars().any(|c| c.is_ascii_digit())
        && crate::draft::numerals::ordinal(token.text).is_none();
    // "WX-20931".
    let dashed = token.kind == Kind::Word && token.text.is_ascii() && token.text.len() <= 4 && {
        let (dash, digits) = (tokens.get(at + 1), tokens.get(at + 2));
        dash.is_some_and(|dash| matches!(dash.text, "-" | "/") && dash.start == token.end)
            && digits.is_some_and(|digits| digits.kind == Kind::Digits && digits.start == token.end + 1)
    };
    if mixed || dashed {
        return Some((token.text.to_ascii_uppercase(), at + 1));
    }
    if !is_no_digit(tokens, at, open)
        && let Some(digits) = numerals::dictated(tokens, at)
    {
        return Some(digits);
    }
    let letter = token.kind == Kind::Word && token.text.len() == 1 && token.text.is_ascii();
    // "A" and "I" are words unless a letter or digit follows.
    let word = matches!(token.text, "a" | "i");
    let goes_on = tokens.get(at + 1).is_some_and(|next| {
        next.kind == Kind::Punct
            || next.text.len() == 1
            || numerals::dictated(tokens, at + 1).is_some()
            || as_in(tokens, at + 1).is_some()
    });
    (letter && (!word || goes_on)).then(|| (token.text.to_ascii_uppercase(), at + 1))
}

/// What follows a correction replaces as much of what went before it, from the end.
fn amend(pieces: &mut Vec<Piece>, corrected: Option<usize>) {
    let Some(at) = corrected.filter(|&at| at < pieces.len()) else { return };
    let again = pieces.split_off(at);
    let mut length: usize = again.iter().map(|piece| piece.text.len()).sum();
    while let Some(mut last) = pieces.pop() {
        if last.text.len() > length {
            last.text.truncate(last.text.len() - length);
            pieces.push(last);
            break;
        }
        length -= last.text.len();
        if length == 0 {
            break;
        }
    }
    pieces.extend(again);
}

/// A number read twice is one number.
fn once(pieces: &mut Vec<Piece>) {
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let (first, second) = text.split_at(text.len() / 2);
    if first != second || first.len() < 4 {
        return;
    }
    let mut length = 0;
    let half = pieces.iter().position(|piece| {
        length += piece.text.len();
        length == first.len()
    });
    if let Some(half) = half {
        pieces.truncate(half + 1);
    }
}

/// Neighbouring pieces as one range a line.
fn spans(tokens: &[Token<'_>], pieces: &[Piece]) -> Spans {
    let mut out: Spans = Vec::new();
    let mut previous: Option<usize> = None;
    for piece in pieces {
        let (Some(from), Some(to)) = (tokens.get(piece.from), tokens.get(piece.to.saturating_sub(1))) else { continue };
        let near = previous.is_some_and(|end| {
            let gap = tokens.get(end..piece.from).unwrap_or_default();
            gap.iter().all(super::cues::separates) || as_in(tokens, end) == Some(piece.from)
        });
        match out.last_mut() {
            Some((line, range)) if *line == from.line && near => range.end = to.end,
            _ => out.push((from.line, from.start..to.end)),
        }
        previous = Some(piece.to);
    }
    out
}
