//! What words are to the search: Chinese as overlapping pairs of characters, whichever script they are written in; other
//! words as they stand; long numbers also by each four digits in a row. Pure.
//!
//! A pair is what is looked for most (停水, 暖气) and is found without knowing where Chinese words end.

use crate::draft::{is_han, simplified};
use crate::store::search::Phrase;

/// Digits of a piece of a long number: what people remember of one.
const PIECE: usize = 4;
/// Letters from which on the last word may go on: it is still being typed.
const GOES_ON: usize = 3;
/// Characters of a longer word that count.
const LONGEST: usize = 40;
/// Phrases of one search.
const MOST: usize = 12;

/// A run of characters of one kind.
#[derive(Debug, PartialEq, Eq)]
enum Run {
    Han(Vec<char>),
    Digits(Vec<char>),
    Word(Vec<char>),
}

impl Run {
    fn of(c: char) -> Option<Self> {
        match c {
            _ if is_han(c) => Some(Self::Han(vec![c])),
            _ if c.is_ascii_digit() => Some(Self::Digits(vec![c])),
            _ if c.is_alphanumeric() => Some(Self::Word(vec![c])),
            _ => None,
        }
    }

    /// One more of the same kind, or the other kind back.
    fn join(&mut self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Han(own), Self::Han(more))
            | (Self::Digits(own), Self::Digits(more))
            | (Self::Word(own), Self::Word(more)) => {
                own.extend(more);
                None
            }
            (_, other) => Some(other),
        }
    }

    fn chars(&self) -> &[char] {
        match self {
            Self::Han(chars) | Self::Digits(chars) | Self::Word(chars) => chars,
        }
    }
}

/// A character as the search compares it: simplified, in lower case, digits as ASCII.
pub fn folded(c: char) -> char {
    match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => folded(char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c)),
        _ => simplified(c.to_lowercase().next().unwrap_or(c)),
    }
}

/// `joined`: digits go on over the marks within a number (`212-555 0134`).
fn runs(text: &str, joined: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut parted = true;
    for c in text.chars().map(folded) {
        let Some(run) = Run::of(c) else {
            let within = joined && matches!(runs.last(), Some(Run::Digits(_))) && "-. ()".contains(c);
            parted |= !within;
            continue;
        };
        let other = match runs.last_mut().filter(|_| !parted) {
            Some(last) => last.join(run),
            None => Some(run),
        };
        runs.extend(other);
        parted = false;
    }
    runs
}

/// Terms of what was said or written, parted by spaces.
pub fn terms(text: &str) -> String {
    let mut terms: Vec<String> = Vec::new();
    for run in runs(text, false) {
        let chars = run.chars();
        match run {
            // The last character too, so that each begins a term.
            Run::Han(_) => {
                terms.extend(chars.windows(2).map(String::from_iter));
                terms.extend(chars.last().map(char::to_string));
            }
            Run::Digits(_) => {
                terms.push(word(chars));
                terms.extend(chars.windows(PIECE).filter(|_| chars.len() > PIECE).map(String::from_iter));
            }
            Run::Word(_) => terms.push(word(chars)),
        }
    }
    terms.join(" ")
}

fn word(chars: &[char]) -> String {
    chars.iter().take(LONGEST).collect()
}

/// What somebody looks for, as phrases that must all be found. Empty: nothing that could be found.
pub fn phrases(query: &str) -> Vec<Phrase> {
    let runs = runs(query, true);
    let last = runs.len().saturating_sub(1);
    // Whoever ends with a space has typed the word to its end.
    let typing = query.ends_with(char::is_alphanumeric);
    let phrase = |(at, run): (usize, &Run)| {
        let chars = run.chars();
        match run {
            Run::Han(_) if chars.len() == 1 => Phrase { terms: vec![word(chars)], prefix: true },
            Run::Han(_) => Phrase { terms: chars.windows(2).map(String::from_iter).collect(), prefix: false },
            Run::Digits(_) if chars.len() > PIECE => {
                Phrase { terms: chars.windows(PIECE).take(LONGEST).map(String::from_iter).collect(), prefix: false }
            }
            Run::Digits(_) => Phrase { terms: vec![word(chars)], prefix: false },
            Run::Word(_) => Phrase { terms: vec![word(chars)], prefix: typing && at == last && chars.len() >= GOES_ON },
        }
    };
    runs.iter().enumerate().take(MOST).map(phrase).collect()
}

/// The same as it is looked for in words that are shown: characters, and whether they must stand alone.
pub fn needles(query: &str) -> Vec<(Vec<char>, bool)> {
    let runs = runs(query, true);
    runs.iter().take(MOST).map(|run| (run.chars().to_vec(), matches!(run, Run::Word(_)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str, text: &str) -> bool {
        let terms = terms(text);
        let terms: Vec<&str> = terms.split(' ').collect();
        let wanted = phrases(query);
        !wanted.is_empty()
            && wanted.iter().all(|phrase| {
                terms.windows(phrase.terms.len()).any(|window| {
                    let (last, head) = phrase.terms.split_last().unwrap();
                    let (end, before) = window.split_last().unwrap();
                    before == head && if phrase.prefix { end.starts_with(last.as_str()) } else { *end == last.as_str() }
                })
            })
    }

    #[test]
    fn two_characters_are_found_in_either_script_wherever_they_stand() {
        for (query, text) in [
            ("停水", "我们小区停水三天了"),
            ("暖氣", "家里暖气不热"),
            ("暖气", "屋企冇暖氣"),
            ("停水", "停水"),
            ("王", "我姓王"),
            ("王", "王女士"),
            ("朝阳区", "北京市朝陽區望京街"),
            ("Maple", "42 Maple Street"),
            ("map", "42 Maple Street"),
            ("ÉCOLE", "rue de l'école"),
            ("0134", "+12125550134"),
            ("555 0134", "2125550134"),
            ("212-555-0134", "12125550134"),
            ("42", "42 Maple Street"),
            ("Leigh 停水", "Ms Leigh 说停水了"),
            ("４２", "42 Maple Street"),
        ] {
            assert!(found(query, text), "{query} in {text}: {:?} in {:?}", phrases(query), terms(text));
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for (query, text) in [
            ("停水", "停了水"),
            ("Maple ", "Maples"),
            ("apple", "42 Maple Street"),
            ("0134", "01 34"),
            ("55", "2125550134"),
            ("0135", "2125550134"),
            ("", "words"),
            ("…!\"*", "words"),
        ] {
            assert!(!found(query, text), "{query} in {text}: {:?} in {:?}", phrases(query), terms(text));
        }
    }

    #[test]
    fn a_search_is_bounded_whatever_is_typed() {
        let query = "a1".repeat(4_000) + &"水".repeat(2_000) + &"7".repeat(10_000);
        let phrases = phrases(&query);
        assert_eq!(phrases.len(), MOST);
        assert!(phrases.iter().all(|phrase| phrase.terms.iter().all(|term| term.chars().count() <= LONGEST)));
    }
}
