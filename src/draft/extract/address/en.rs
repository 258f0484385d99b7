//! English addresses: number, street and suffix, units, corners.

use super::Chain;
use super::en_phrases::{bare_corner, beside, block, business, corners, facility, neighbourhood};
use super::en_words::{BLOCKS, COUNTED, CUES, FACILITIES, FILLERS, STOP, SUFFIXES, UNITS, any};
use super::part::{Gap, Kind, Part, join};
use crate::draft::extract::Doc;
use crate::draft::extract::gazetteer::Named;
use crate::draft::numerals::{number, ordinal};
use crate::draft::token::{Kind as TokenKind, Token, phrase, phrase_at};

/// Words of a street's name before the suffix.
const NAME_WORDS: usize = 3;
/// How far before a chain a cue is looked for, and how much may stand between two of its parts, in tokens.
const CUE_REACH: usize = 6;
const GAP: usize = 5;
/// Lines longer than this are looked at only so far for how the recogniser writes names.
const CASE_REACH: usize = 64;

/// One line of the caller's.
pub struct Line<'t, 'a> {
    pub doc: &'t Doc<'a>,
    pub tokens: &'t [Token<'a>],
    /// The recogniser prints capitals.
    pub capitals: bool,
}

/// All chains of neighbouring parts of one line; `known`: the gazetteer's names in it, from left to right.
pub fn chains(doc: &Doc<'_>, line: usize, known: &[Named]) -> Vec<Chain> {
    let tokens = doc.line(line);
    if !tokens.iter().any(|t| t.kind == TokenKind::Word) {
        return Vec::new();
    }
    let capitals = tokens.iter().take(CASE_REACH).any(|t| starts_upper(&doc.original(t)));
    let line = Line { doc, tokens, capitals };
    let mut out: Vec<Chain> = Vec::new();
    let mut open: Vec<Part> = Vec::new();
    let mut from = 0;
    for part in corners(&line, line.parts(known)) {
        let end = open.last().map_or(0, |last| last.to);
        let joins = !open.is_empty() && line.gap(end, part.from).is_some_and(|gap| join(&mut open, &part, gap));
        if !joins {
            out.extend(line.chain(std::mem::take(&mut open), from));
            from = part.from;
            open.push(part);
        }
    }
    out.extend(line.chain(open, from));
    out
}

impl Line<'_, '_> {
    pub fn original(&self, at: usize) -> String {
        self.tokens.get(at).map(|t| self.doc.original(t)).unwrap_or_default()
    }

    pub fn is(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|t| words.contains(&t.text))
    }

    /// A word that begins with a capital, where the recogniser prints them.
    pub fn is_name(&self, at: usize) -> bool {
        let word = self.tokens.get(at).filter(|t| t.kind == TokenKind::Word && t.text.is_ascii());
        word.is_some_and(|t| !any(STOP, t.text) && (!self.capitals || starts_upper(&self.doc.original(t))))
    }

    /// Words of a name, as names are written.
    pub fn name(&self, from: usize, to: usize) -> String {
        (from..to).map(|at| capital(&self.original(at))).collect::<Vec<_>>().join(" ")
    }

    pub fn make(&self, kind: Kind, from: usize, to: usize, text: String, score: f32) -> Option<Part> {
        Part::new(self.tokens, kind, from, to, text, score)
    }

    fn chain(&self, parts: Vec<Part>, from: usize) -> Option<Chain> {
        let to = parts.iter().map(|part| part.to).max()?;
        let before = self.tokens.get(from.saturating_sub(CUE_REACH)..from).unwrap_or_default();
        let cue = before.iter().any(|t| any(CUES, t.text));
        let mut chain = Chain::new(parts, self.tokens, from, to, cue)?;
        let me = |at: usize| self.is(at, &["i", "i'm", "im", "my", "we", "we're"]);
        chain.own = (from.saturating_sub(CUE_REACH)..from).any(me);
        let neighbour =
            ["neighbor", "neighbour", "upstairs", "downstairs", "they're", "he's", "she's", "theyre", "hes", "shes"];
        chain.others = (from.saturating_sub(3)..from).any(|at| self.is(at, &neighbour)) && !chain.own;
        Some(chain)
    }

    fn gap(&self, from: usize, to: usize) -> Option<Gap> {
        let between = self.tokens.get(from..to).filter(|between| between.len() <= GAP)?;
        let corrected = between.iter().any(|t| matches!(t.text, "no" | "sorry" | "wait" | "actually" | "mean"));
        let plain = |t: &Token<'_>| {
            any(FILLERS, t.text) || matches!(t.text, "no" | "sorry" | "wait" | "actually" | "mean" | "i")
        };
        let gap = if corrected { Gap::Corrected } else { Gap::Joined };
        between.iter().all(plain).then_some(gap)
    }

    fn parts(&self, known: &[Named]) -> Vec<Part> {
        let mut out: Vec<Part> = Vec::new();
        let (mut free, mut at) = (0, 0);
        while let Some(token) = self.tokens.get(at) {
            let part = self.known(known, at);
            let part = part.or_else(|| match token.kind {
                TokenKind::Word if any(SUFFIXES, token.text) => self.street(free, at),
                TokenKind::Word if any(UNITS, token.text) => self.unit(at).or_else(|| block(self, free, at)),
                TokenKind::Word if any(BLOCKS, token.text) => block(self, free, at),
                TokenKind::Word if any(FACILITIES, token.text) => facility(self, free, at),
                _ => self.floor(at),
            });
            let part = part.or_else(|| bare_corner(self, at)).or_else(|| neighbourhood(self, at, out.last()));
            match part {
                Some(part) => {
                    let first = part.from;
                    out.extend(
                        business(self, free, first)
                            .or_else(|| beside(self, free, first))
                            .filter(|_| part.kind == Kind::Street),
                    );
                    free = part.to;
                    at = part.to.max(at + 1);
                    out.push(part);
                }
                None => at += 1,
            }
        }
        out
    }

    /// A name of the gazetteer that is no street: an estate, a district.
    fn known(&self, known: &[Named], at: usize) -> Option<Part> {
        let name = Named::at(known, at).filter(|name| name.text.is_ascii())?;
        let last = self.tokens.get(name.to.checked_sub(1)?)?;
        if any(SUFFIXES, last.text) || self.tokens.get(name.to).is_some_and(|t| any(SUFFIXES, t.text)) {
            return None;
        }
        let mut part = self.make(Kind::Community, at, name.to, name.text.clone(), 1.0)?;
        part.known = Some(name.known.clone());
        Some(part)
    }

    /// `42 Maple Street`, `West 147th Place`; `at` is the suffix, nothing before `free` may be taken.
    fn street(&self, free: usize, at: usize) -> Option<Part> {
        let mut from = at;
        while from > free && at - from < NAME_WORDS {
            let before = self.tokens.get(from - 1).filter(|t| t.kind == TokenKind::Word && !any(STOP, t.text));
            if before.is_none() || self.is_number_word(from - 1) {
                break;
            }
            from -= 1;
        }
        if from == at || self.is(at + 1, &["light", "lights", "lamp", "sign", "number"]) && !self.is(at + 2, &["one"]) {
            let numbered = from < at && self.is(at + 1, &["number"]);
            if !numbered {
                return None;
            }
        }
        let (mut from, mut name) = (from, self.name(from, at + 1));
        if let Some((start, ordinal)) = self.ordinal_before(free, from) {
            name = format!("{ordinal} {}", self.name(from + 1, at + 1));
            from = start;
        }
        // The number before it: the longest that ends exactly where the name begins.
        let before = (free.max(from.saturating_sub(6))..from).find_map(|start| {
            number(self.tokens, start).filter(|(_, end)| *end == from).map(|(digits, _)| (digits, start))
        });
        let (text, from, to, numbered) = if let Some((digits, start)) = before {
            (format!("{digits} {name}"), start, at + 1, true)
        } else if let Some((digits, end)) = self.trailing_number(at + 1) {
            (format!("{digits} {name}"), from, end, true)
        } else {
            (name, from, at + 1, false)
        };
        // "a broken street light": where the recogniser prints capitals, a street without a number has them.
        if self.capitals && !numbered && !starts_upper(&self.original(at)) {
            return None;
        }
        // "in Logan Square": a neighbourhood, unless it has a number.
        let last = self.tokens.get(at)?.text;
        let kind = if !numbered && super::areas::ends_neighbourhood(last) && from > 0 && self.is(from - 1, &["in"]) {
            Kind::District
        } else {
            Kind::Street
        };
        let score = if kind == Kind::District {
            0.5
        } else if numbered {
            3.0
        } else {
            2.0
        };
        self.make(kind, from, to, text, score)
    }

    /// `Maple Street, number 42`, `Galloway Street two one six`.
    fn trailing_number(&self, at: usize) -> Option<(String, usize)> {
        let comma = usize::from(self.is(at, &[","]));
        if self.is(at + comma, &["number"]) {
            return number(self.tokens, at + comma + 1);
        }
        let (digits, end) = number(self.tokens, at)?;
        let counted = self.tokens.get(end).is_some_and(|t| any(COUNTED, t.text));
        (!counted && digits.len() >= 2).then_some((digits, end))
    }

    fn is_number_word(&self, at: usize) -> bool {
        self.is(at, &["hundred"]) || number(self.tokens, at).is_some()
    }

    /// `apartment twelve`, `Flat B`, `building 7`.
    fn unit(&self, at: usize) -> Option<Part> {
        let token = self.tokens.get(at)?;
        let kind = match token.text {
            "number" => return None,
            "block" | "tower" | "building" | "house" => Kind::Building,
            "floor" => Kind::Floor,
            _ => Kind::Room,
        };
        let next = self.tokens.get(at + 1)?;
        let (mut value, mut to) = match number(self.tokens, at + 1) {
            Some((_, end)) if self.tokens.get(end).is_some_and(|t| any(COUNTED, t.text)) => return None,
            Some((digits, end)) => (digits, end),
            None => {
                let digits = next.text.chars().filter(char::is_ascii_digit).count();
                let letters = next.text.chars().filter(char::is_ascii_alphabetic).count();
                let original = self.original(at + 1);
                let letter =
                    letters == 1 && digits == 0 && (!matches!(next.text, "a" | "i" | "o") || original != next.text);
                if next.kind != TokenKind::Word || !(letter || (digits > 0 && letters <= 2)) {
                    return None;
                }
                (original.to_uppercase(), at + 2)
            }
        };
        // "apartment five C", "flat twelve B".
        let letter = self.tokens.get(to).filter(|t| t.kind == TokenKind::Word && t.text.len() == 1);
        if let Some(letter) = letter.filter(|t| {
            value.ends_with(|c: char| c.is_ascii_digit()) && !matches!(t.text, "a" | "i")
                || t.text == "a" && self.original(to) == "A"
        }) {
            value.push_str(&letter.text.to_uppercase());
            to += 1;
        }
        self.make(kind, at, to, format!("{} {value}", token.text), 0.6)
    }

    /// `12th floor`, `second floor`, `12/F`.
    fn floor(&self, at: usize) -> Option<Part> {
        let token = self.tokens.get(at)?;
        if token.kind == TokenKind::Digits && self.is(at + 1, &["/"]) && self.is(at + 2, &["f"]) {
            return self.make(Kind::Floor, at, at + 3, format!("{}/F", token.text), 0.6);
        }
        if let Some((digits, end)) =
            number(self.tokens, at).filter(|(digits, end)| digits.len() < 3 && self.is(*end, &["floor"]))
        {
            return self.make(Kind::Floor, at, end + 1, format!("floor {digits}"), 0.6);
        }
        let (value, end) = match ordinal(token.text) {
            _ if matches!(token.text, "ground" | "top" | "lower") && self.is(at + 1, &["floor"]) => {
                return self.make(Kind::Floor, at, at + 2, format!("{} floor", token.text), 0.6);
            }
            Some(value) => (value, at + 1),
            None => self.compound_ordinal(at)?,
        };
        self.is(end, &["floor"]).then(|| self.make(Kind::Floor, at, end + 1, format!("floor {value}"), 0.6))?
    }

    /// The name begins with an ordinal of two words, of which it holds the last: `forty third street`.
    fn ordinal_before(&self, free: usize, from: usize) -> Option<(usize, String)> {
        let start = (free.max(from.saturating_sub(2))..from)
            .find(|&start| self.compound_ordinal(start).is_some_and(|(_, end)| end == from + 1))?;
        let (digits, _) = self.compound_ordinal(start)?;
        let suffix = match digits.chars().next_back() {
            Some('1') => "st",
            Some('2') => "nd",
            Some('3') => "rd",
            _ => "th",
        };
        Some((start, digits + suffix))
    }

    /// `twenty first`, `thirty-second`.
    fn compound_ordinal(&self, at: usize) -> Option<(String, usize)> {
        let (tens, end) = number(self.tokens, at).filter(|(tens, _)| tens.len() == 2 && tens.ends_with('0'))?;
        let end = end + usize::from(self.is(end, &["-"]));
        let unit = ordinal(self.tokens.get(end)?.text).filter(|unit| unit.len() == 1)?;
        Some((format!("{}{unit}", tens.trim_end_matches('0')), end + 1))
    }
}

/// Length of the first of `phrases` that ends just before a token, and it.
pub fn phrase_before<'p>(tokens: &[Token<'_>], at: usize, phrases: &[&'p str]) -> Option<(usize, &'p str)> {
    phrases.iter().find_map(|text| {
        let words = phrase(text);
        let from = at.checked_sub(words.len())?;
        phrase_at(tokens, from, &words).map(|len| (len, *text))
    })
}

pub fn starts_upper(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

pub fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Capitals that name no place: `in November`, `in English`.
pub fn is_calendar(word: &str) -> bool {
    const WORDS: &str = "january february march april may june july august september october november december spring \
                         summer autumn fall winter monday tuesday wednesday thursday friday saturday sunday english \
                         chinese mandarin cantonese spanish";
    any(WORDS, word)
}
