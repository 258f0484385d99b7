//! Names spelled letter by letter: `O K A F O R`, `double f`, `K as in Kilo`, `Kilo India Mike`.

use super::name::{Found, starts_upper};
use super::{Doc, Spans};
use crate::draft::numerals::digit;
use crate::draft::token::{Kind, Token};

const NATO: [&str; 26] = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
    "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "xray",
    "yankee", "zulu",
];
/// Fewer letters are an initial, or part of something else.
const SHORTEST: usize = 3;
const LONGEST: usize = 24;
/// Between a name and its letters.
const LINKS: &[&str] = &[
    "that's", "thats", "that", "is", "spelled", "spelt", "spelling", "it's", "its", "surname", "last", "name", "my",
    "with", "as", "so",
];
/// Before letters that are no name.
const CODES: &[&str] = &["reference", "plate", "registration", "postcode", "code", "case", "number", "ticket", "zip"];
/// Words that stand before a surname and are no first name.
const NOT_FIRST: &[&str] = &[
    "name", "surname", "is", "it's", "its", "mr", "mrs", "ms", "miss", "called", "the", "i'm", "yes", "hi", "and",
    "my", "this", "last", "am", "a",
];

struct Letters {
    text: String,
    line: usize,
    from: usize,
    to: usize,
}

/// The name with its surname as it was spelled. Letters whose word stands before them are a name without any cue.
pub fn spelled(doc: &Doc<'_>, best: Option<Found>) -> Option<Found> {
    let all: Vec<Letters> = (0..doc.segments.len()).flat_map(|line| runs(doc.line(line), line)).collect();
    for letters in &all {
        if let Some(best) = best.as_ref().and_then(|best| corrected(doc, best, letters)) {
            return Some(best);
        }
        if best.as_ref().is_none_or(|best| best.score < 0.75)
            && let Some(found) = word_before(doc, letters)
        {
            return Some(found);
        }
    }
    best
}

/// Every run of letters in one line.
fn runs(tokens: &[Token<'_>], line: usize) -> Vec<Letters> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (text, to) = run(tokens, at);
        let count = text.chars().count();
        let code = tokens.get(at.saturating_sub(4)..at).unwrap_or_default().iter().any(|t| CODES.contains(&t.text));
        let numbered = tokens.get(to).is_some_and(|t| digit(t).is_some() || t.kind == Kind::Digits);
        if (SHORTEST..=LONGEST).contains(&count) && !code && !numbered {
            out.push(Letters { text, line, from: at, to });
        }
        at = to.max(at + 1);
    }
    out
}

/// Whether a name is spelled from `at` on.
pub fn begins(tokens: &[Token<'_>], at: usize) -> bool {
    run(tokens, at).0.chars().count() >= SHORTEST
}

fn run(tokens: &[Token<'_>], from: usize) -> (String, usize) {
    let (mut text, mut at, mut end) = (String::new(), from, from);
    while let Some(token) = tokens.get(at) {
        let dash = token.kind == Kind::Punct && matches!(token.text, "-" | "." | ",") && !text.is_empty();
        if dash {
            at += 1;
            continue;
        }
        let Some((letters, next)) = letter(tokens, at) else { break };
        text.push_str(&letters);
        at = next;
        end = next;
    }
    (text, end)
}

/// One letter, twice after `double`; `K as in Kilo` and `K for Kilo` are K.
fn letter(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let token = tokens.get(at).filter(|token| token.kind == Kind::Word)?;
    if token.is("double") {
        let (one, next) = letter(tokens, at + 1)?;
        return match one.as_str() {
            "u" => Some(("w".to_owned(), next)),
            _ => Some((one.repeat(2), next)),
        };
    }
    if NATO.contains(&token.text) {
        return Some((token.text.chars().take(1).collect(), at + 1));
    }
    let only = token.text.chars().count() == 1;
    let word = |at: usize| tokens.get(at).filter(|t| t.text.starts_with(token.text) && t.text.len() > 1);
    let gloss = match tokens.get(at + 1).map(|t| t.text) {
        Some("as") if tokens.get(at + 2).is_some_and(|t| matches!(t.text, "in" | "for")) => {
            word(at + 3).map(|_| at + 4)
        }
        Some("for" | "like") => word(at + 2).map(|_| at + 3),
        _ => None,
    };
    only.then(|| (token.text.to_owned(), gloss.unwrap_or(at + 1)))
}

/// The last word of a name that was found, as the letters have it, if they are the same word heard two ways.
fn corrected(doc: &Doc<'_>, best: &Found, letters: &Letters) -> Option<Found> {
    let (first, last) = best.value.rsplit_once(' ').map_or(("", best.value.as_str()), |(first, last)| (first, last));
    if !same(last, &letters.text) {
        return None;
    }
    let tokens = doc.line(letters.line);
    let (line, range) = best.spans.first()?.clone();
    let spelled = (letters.line, tokens.get(letters.from)?.start..tokens.get(letters.to.checked_sub(1)?)?.end);
    let exact = last.to_lowercase() == letters.text;
    let surname = if exact { last.to_owned() } else { title(&letters.text) };
    let value = if first.is_empty() { surname } else { format!("{first} {surname}") };
    let heard =
        if exact || first.is_empty() { range } else { range.start..range.end.saturating_sub(last.chars().count() + 1) };
    let spans: Spans = if first.is_empty() && !exact { vec![spelled] } else { vec![(line, heard), spelled] };
    Some(Found { value, spans, score: best.score.max(0.92) })
}

/// `denise okafor o k a f o r`: the word before the letters is what they spell.
fn word_before(doc: &Doc<'_>, letters: &Letters) -> Option<Found> {
    let tokens = doc.line(letters.line);
    let link = |t: &Token<'_>| t.kind == Kind::Punct || LINKS.contains(&t.text);
    let before = tokens.get(..letters.from)?;
    let back = before.iter().rev().take(6).take_while(|t| link(t)).count();
    let at = letters.from.checked_sub(back + 1)?;
    let surname = tokens.get(at).filter(|t| t.kind == Kind::Word && same(t.text, &letters.text))?;
    let given = at.checked_sub(1).and_then(|at| tokens.get(at)).filter(|t| {
        let capital = starts_upper(&doc.original(t)) || !starts_upper(&doc.original(surname));
        t.kind == Kind::Word && capital && t.text.chars().count() > 1 && !NOT_FIRST.contains(&t.text)
    });
    let heard = given.map_or(surname.start, |t| t.start)..surname.end;
    let value = doc.segments.get(letters.line)?.text(heard.clone());
    let found = Found { value, spans: vec![(letters.line, heard)], score: 0.85 };
    corrected(doc, &found, letters)
}

/// One word heard and spelled: the same first letter and at most a third of the letters different.
fn same(heard: &str, letters: &str) -> bool {
    let heard: Vec<char> = heard.to_lowercase().chars().collect();
    let letters: Vec<char> = letters.chars().collect();
    let longest = heard.len().max(letters.len());
    heard.first() == letters.first() && heard.len() <= LONGEST && distance(&heard, &letters) * 3 <= longest
}

/// Edit distance of Levenshtein.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let up = *cell;
            left = (diagonal + usize::from(x != y)).min(up + 1).min(left + 1);
            diagonal = up;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

fn title(letters: &str) -> String {
    let mut chars = letters.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
