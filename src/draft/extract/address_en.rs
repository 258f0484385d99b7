//! English addresses: number, street and suffix, units, corners.

use super::address::Found;
use super::{Doc, Spans};
use crate::draft::numerals::{number, ordinal};
use crate::draft::token::{Kind, Token};

const SUFFIXES: &[&str] = &[
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "drive",
    "square",
    "place",
    "court",
    "boulevard",
    "blvd",
    "terrace",
    "crescent",
    "gardens",
    "row",
    "parade",
    "close",
    "highway",
    "parkway",
    "alley",
    "mews",
];
/// Names never begin with these; going back from the suffix stops here.
const STOP: &[&str] = &[
    "a",
    "an",
    "the",
    "at",
    "on",
    "in",
    "of",
    "and",
    "or",
    "to",
    "from",
    "near",
    "by",
    "is",
    "it",
    "its",
    "it's",
    "this",
    "that",
    "my",
    "our",
    "your",
    "his",
    "her",
    "their",
    "live",
    "lives",
    "address",
    "corner",
    "between",
    "outside",
    "behind",
    "along",
    "across",
    "off",
    "over",
    "under",
    "no",
    "not",
    "sorry",
    "um",
    "uh",
    "called",
    "name",
    "street",
    "road",
    "avenue",
    "there",
    "are",
    "was",
    "for",
    "with",
    "into",
    "down",
    "up",
    "about",
    "has",
    "have",
    "i",
    "we",
    "number",
    "apartment",
    "building",
    "house",
    "same",
    "other",
    "every",
    "whole",
    "dark",
    "dirty",
    "busy",
    "any",
    "some",
    "which",
    "what",
    "bus",
    "car",
    "bike",
    "across",
    "cross",
    "open",
    "public",
    "took",
    "take",
];
const UNITS: &[&str] =
    &["apartment", "apt", "flat", "unit", "suite", "room", "block", "tower", "building", "floor", "house", "number"];
/// After a number these mean it counted something else.
const COUNTED: &[&str] = &[
    "day", "days", "week", "weeks", "month", "months", "year", "years", "hour", "hours", "minute", "minutes", "people",
    "times", "cars", "dollars", "o'clock", "men", "women", "children", "of", "am", "pm",
];
const CUES: &[&str] =
    &["live", "address", "located", "corner", "crossing", "intersection", "it's", "its", "lobby", "outside", "at"];
/// Words of a street's name before the suffix.
const NAME_WORDS: usize = 3;
/// A part that ends a chain counts from the last token within this distance.
const CUE_REACH: usize = 6;

/// One part: its text as written in a value, and its tokens `from..to` of the line.
#[derive(Clone)]
struct Part {
    text: String,
    from: usize,
    to: usize,
    score: f32,
    street: bool,
}

/// All chains of neighbouring parts of one line.
pub fn chains(doc: &Doc<'_>, line: usize) -> Vec<Found> {
    let tokens = doc.line(line);
    let mut out: Vec<Found> = Vec::new();
    let mut chain: Vec<Part> = Vec::new();
    for part in corners(tokens, parts(doc, tokens)) {
        let joined = chain.last().is_some_and(|last| {
            tokens.get(last.to..part.from).is_some_and(|between| between.iter().all(|t| matches!(t.text, "," | "in")))
        });
        if !joined && !chain.is_empty() {
            out.push(found(tokens, line, &chain));
            chain.clear();
        }
        chain.push(part);
    }
    if !chain.is_empty() {
        out.push(found(tokens, line, &chain));
    }
    out
}

fn found(tokens: &[Token<'_>], line: usize, chain: &[Part]) -> Found {
    let (from, to) = (chain.first().map_or(0, |p| p.from), chain.last().map_or(0, |p| p.to));
    let start = tokens.get(from).map_or(0, |t| t.start);
    let end = to.checked_sub(1).and_then(|last| tokens.get(last)).map_or(start, |t| t.end);
    let before = tokens.get(from.saturating_sub(CUE_REACH)..from).unwrap_or_default();
    let cue = before.iter().any(|t| CUES.contains(&t.text));
    let spans: Spans = vec![(line, start..end)];
    Found {
        value: chain.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(", "),
        spans,
        score: chain.iter().map(|p| p.score).sum::<f32>() + if cue { 1.0 } else { 0.0 },
    }
}

fn parts(doc: &Doc<'_>, tokens: &[Token<'_>]) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    let mut free = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let part = if token.kind == Kind::Word && SUFFIXES.contains(&token.text) {
            street(doc, tokens, free, at)
        } else if UNITS.contains(&token.text) {
            unit(doc, tokens, at)
        } else {
            floor(tokens, at)
        };
        match part {
            Some(part) => {
                free = part.to;
                at = part.to.max(at + 1);
                out.push(part);
            }
            None => at += 1,
        }
    }
    out
}

/// `42 Maple Street`, `West 147th Place`; `at` is the suffix, nothing before `free` may be taken.
fn street(doc: &Doc<'_>, tokens: &[Token<'_>], free: usize, at: usize) -> Option<Part> {
    let mut from = at;
    while from > free && at - from < NAME_WORDS {
        let Some(before) = tokens.get(from - 1).filter(|t| t.kind == Kind::Word && !STOP.contains(&t.text)) else {
            break;
        };
        if is_number_word(tokens, from - 1) && before.kind == Kind::Word {
            break;
        }
        from -= 1;
    }
    if from == at {
        return None;
    }
    let name: Vec<String> = tokens.get(from..=at)?.iter().map(|t| capital(&doc.original(t))).collect();
    let mut text = name.join(" ");
    // The number before it: the longest that ends exactly where the name begins.
    let before = (free.max(from.saturating_sub(6))..from)
        .find_map(|start| number(tokens, start).filter(|(_, end)| *end == from).map(|(digits, _)| (digits, start)));
    let mut to = at + 1;
    if let Some((digits, start)) = before {
        text = format!("{digits} {text}");
        from = start;
    } else if let Some((digits, end)) = trailing_number(tokens, to) {
        text = format!("{digits} {text}");
        to = end;
    }
    let numbered = text.starts_with(|c: char| c.is_ascii_digit());
    // "a broken street light": where the recogniser prints capitals, a street without a number has them.
    let capitals = tokens.iter().take(64).any(|t| starts_upper(&doc.original(t)));
    if capitals && !numbered && !tokens.get(at).is_some_and(|t| starts_upper(&doc.original(t))) {
        return None;
    }
    if tokens.get(at + 1).is_some_and(|t| matches!(t.text, "light" | "lights" | "lamp" | "sign" | "number")) {
        return None;
    }
    Some(Part { text, from, to, score: if numbered { 3.0 } else { 2.0 }, street: true })
}

/// `Maple Street, number 42`, `Galloway Street two one six`.
fn trailing_number(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let comma = usize::from(tokens.get(at).is_some_and(|t| t.is(",")));
    if tokens.get(at + comma).is_some_and(|t| t.is("number")) {
        return number(tokens, at + comma + 1);
    }
    let (digits, end) = number(tokens, at)?;
    let counted = tokens.get(end).is_some_and(|t| COUNTED.contains(&t.text));
    (!counted && digits.len() >= 2).then_some((digits, end))
}

fn is_number_word(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at).is_some_and(|t| t.is("hundred")) || number(tokens, at).is_some()
}

/// `apartment twelve`, `Flat B`, `building 7`.
fn unit(doc: &Doc<'_>, tokens: &[Token<'_>], at: usize) -> Option<Part> {
    let token = tokens.get(at)?;
    let next = tokens.get(at + 1).filter(|t| t.line == token.line)?;
    let (value, to) = match number(tokens, at + 1) {
        Some((_, end)) if tokens.get(end).is_some_and(|t| COUNTED.contains(&t.text)) => return None,
        Some((digits, end)) => (digits, end),
        None => {
            let digits = next.text.chars().filter(char::is_ascii_digit).count();
            let letters = next.text.chars().filter(char::is_ascii_alphabetic).count();
            let original = doc.original(next);
            let letter =
                letters == 1 && digits == 0 && (!matches!(next.text, "a" | "i" | "o") || original != next.text);
            if next.kind != Kind::Word || !(letter || (digits > 0 && letters <= 2)) {
                return None;
            }
            (original.to_uppercase(), at + 2)
        }
    };
    let word = if token.is("number") { return None } else { token.text };
    Some(Part { text: format!("{word} {value}"), from: at, to, score: 0.6, street: false })
}

/// `12th floor`, `second floor`.
fn floor(tokens: &[Token<'_>], at: usize) -> Option<Part> {
    let value = ordinal(tokens.get(at)?.text)?;
    tokens.get(at + 1).filter(|t| t.is("floor"))?;
    Some(Part { text: format!("floor {value}"), from: at, to: at + 2, score: 0.6, street: false })
}

/// Two streets joined by "and" or "at" become one part.
fn corners(tokens: &[Token<'_>], parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    for part in parts {
        let joint = out.last().filter(|last| last.street && part.street && last.to + 1 == part.from).and_then(|last| {
            let word = tokens.get(last.to)?;
            matches!(word.text, "and" | "at").then(|| (last.from, last.text.clone(), word.text))
        });
        let Some((from, first, word)) = joint else {
            out.push(part);
            continue;
        };
        let back = |n: usize| from.checked_sub(n).and_then(|i| tokens.get(i));
        let (lead, start) = match (back(1), back(2)) {
            (Some(of), Some(kind)) if of.is("of") && matches!(kind.text, "corner" | "intersection" | "crossing") => {
                (format!("{} of ", kind.text), from - 2)
            }
            (Some(t), _) if t.is("between") => ("between ".to_owned(), from - 1),
            _ => (String::new(), from),
        };
        out.pop();
        let text = format!("{lead}{first} {word} {}", part.text);
        out.push(Part { text, from: start, to: part.to, score: 3.5, street: false });
    }
    out
}

fn starts_upper(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
