//! What stands around an English street: the other street, the shop, the neighbourhood.

use super::areas;
use super::en::{Line, phrase_before};
use super::en_words::{BESIDE, BLOCKS, BUSINESSES, FACILITIES, OF_KIND, SUFFIXES, UNITS, any};
use super::part::{Kind, Part};
use crate::draft::numerals::number;
use crate::draft::token::Kind as TokenKind;

/// First words of what is no name though it is written as one.
const COMMON_BLOCKS: &str = "community senior shopping service call city town leisure health job housing management";
/// Words of a neighbourhood's or a shop's name.
const NAME_WORDS: usize = 3;

/// Two streets joined by "and" or "at" become one part.
pub fn corners(line: &Line<'_, '_>, parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    for part in parts {
        let joint = out
            .last()
            .filter(|last| last.kind == Kind::Street && part.kind == Kind::Street && last.to + 1 == part.from)
            .filter(|last| line.is(last.to, &["and", "at"]))
            .map(|last| (last.from, last.to, last.text.clone()));
        let Some((from, word, first)) = joint else {
            out.push(part);
            continue;
        };
        // What stands before it is a topic, not a name: "the crossing at".
        let kind =
            |at: Option<usize>| at.filter(|&at| line.is(at, &["corner", "intersection", "crossing", "junction"]));
        let before = |n: usize| from.checked_sub(n);
        let (lead, start) = match (before(1), kind(before(2))) {
            (Some(of), Some(kind)) if line.is(of, &["of", "at"]) => {
                (format!("{} {} ", line.original(kind).to_lowercase(), line.original(of)), from - 2)
            }
            (Some(at), _) if line.is(at, &["between"]) => ("between ".to_owned(), from - 1),
            _ => (String::new(), from),
        };
        out.pop();
        if start < from {
            out.extend(line.make(Kind::Near, start, from, lead, 0.0));
        }
        let text = format!("{first} {} {}", line.original(word), part.text);
        out.extend(line.make(Kind::Intersection, from, part.to, text, 3.5));
    }
    out
}

/// `corner of fifth and main`: two streets without the word for it.
pub fn bare_corner(line: &Line<'_, '_>, at: usize) -> Option<Part> {
    let corner = line.is(at, &["corner", "intersection", "junction"]) && line.is(at + 1, &["of"]);
    let word = |at: usize| line.tokens.get(at).map_or("", |t| t.text);
    let name = |from: usize| {
        let len = (from..from + 2).take_while(|&at| line.is_name(at) && !any(SUFFIXES, word(at))).count();
        (len > 0 && !any(SUFFIXES, word(from + len))).then_some(from + len)
    };
    let and = name(at + 2).filter(|&and| corner && line.is(and, &["and"]))?;
    let end = name(and + 1)?;
    let text = format!("{} of {} and {}", word(at), line.name(at + 2, and), line.name(and + 1, end));
    line.make(Kind::Intersection, at, end, text, 2.5)
}

/// `Golden Ladle restaurant at 77 Market Row`, `restaurant name Silver Carp, 39 Bowen Street`: the shop before a street
/// that begins at `at`; nothing before `free` may be taken.
pub fn business(line: &Line<'_, '_>, free: usize, at: usize) -> Option<Part> {
    let mut end = at;
    while end > free && line.is(end - 1, &[",", "at", "on"]) {
        end -= 1;
    }
    let noun = |at: usize| line.tokens.get(at).is_some_and(|t| any(BUSINESSES, t.text));
    let last = end.checked_sub(1).filter(|last| *last >= free)?;
    let names_to = if noun(last) { last } else { end };
    let from = (free.max(names_to.saturating_sub(NAME_WORDS))..names_to)
        .find(|&from| (from..names_to).all(|at| line.capitals && line.is_name(at) && !noun(at)))?;
    if noun(last) {
        return line.make(Kind::Near, from, end, format!("{} {}", line.name(from, last), line.original(last)), 0.3);
    }
    // Without its kind after it, it stands before: "restaurant name …", "a bar called …".
    let the = usize::from(from > free && line.is(from - 1, &["the"]));
    let cue =
        from.checked_sub(1 + the).filter(|&cue| cue > free && line.is(cue, &["name", "named", "called", "is"]))?;
    let kind = (free.max(cue.saturating_sub(2))..cue).find(|&at| noun(at))?;
    let text = format!("{} {}", line.name(from, end), line.original(kind));
    line.make(Kind::Near, kind, end, text, 0.3)
}

/// `Tai Fook Centre`, `Sunshine Garden`: the building whose name ends at `at`; nothing before `free` may be taken. Only
/// capitals tell it from "the shopping centre".
pub fn block(line: &Line<'_, '_>, free: usize, at: usize) -> Option<Part> {
    let named = |from: usize| (from..=at).all(|at| line.is_name(at) && number(line.tokens, at).is_none());
    let from = (free.max(at.saturating_sub(NAME_WORDS))..at).find(|&from| line.capitals && named(from))?;
    let common = line
        .tokens
        .get(from)
        .is_none_or(|t| any(COMMON_BLOCKS, t.text) || line.tokens.get(at + 1).is_some_and(|t| any(SUFFIXES, t.text)));
    (!common).then(|| line.make(Kind::Building, from, at + 1, line.name(from, at + 1), 0.6))?
}

/// `Saint Aldate's Hospital`, `Elmhurst branch library`: a place with a name, which ends at `at`.
pub fn facility(line: &Line<'_, '_>, free: usize, at: usize) -> Option<Part> {
    let word = |at: usize| line.tokens.get(at).map_or("", |t| t.text);
    let kind = usize::from(at > free && any(OF_KIND, word(at - 1)));
    let end = at.checked_sub(kind).filter(|end| *end > free)?;
    // The first word of a sentence has a capital whatever it is.
    let begins = |at: usize| at == 0 || line.tokens.get(at - 1).is_some_and(crate::draft::token::Token::ends_sentence);
    let named =
        |at: usize| line.is_name(at) && !begins(at) && !any(OF_KIND, word(at)) && number(line.tokens, at).is_none();
    let from = (free.max(end.saturating_sub(NAME_WORDS))..end).find(|&from| (from..end).all(named))?;
    let name = (from..=at).map(|at| line.original(at)).collect::<Vec<_>>().join(" ");
    let common = any(COMMON_BLOCKS, word(from)) || !line.capitals || any(SUFFIXES, word(at + 1));
    (!common).then(|| line.make(Kind::Near, from, at + 1, name, 0.85))?
}

/// `outside 14 Pellam Gardens`.
pub fn beside(line: &Line<'_, '_>, free: usize, at: usize) -> Option<Part> {
    let the = usize::from(at > free && line.is(at - 1, &["the", "number"]));
    let (len, text) = phrase_before(line.tokens, at.checked_sub(the)?, BESIDE)?;
    let from = at.checked_sub(the + len).filter(|from| *from >= free)?;
    line.make(Kind::Near, from, at, format!("{text} "), 0.2)
}

/// `in Manhattan`, `in Rogers Park`; `, Flushing` after a street; a Hong Kong district.
pub fn neighbourhood(line: &Line<'_, '_>, at: usize, last: Option<&Part>) -> Option<Part> {
    let after = last.filter(|last| last.kind != Kind::District && last.to == at);
    let comma = usize::from(after.is_some() && line.is(at, &[","]));
    let inside = at > 0 && line.is(at - 1, &["in"]) || after.is_some() && line.is(at + comma, &["in"]);
    let start = at + comma + usize::from(after.is_some() && line.is(at + comma, &["in"]));
    // "in the Bronx".
    let the = line.capitals && line.is(start, &["the"]) && line.is_name(start + 1);
    let start = start + usize::from(the);
    if let Some(len) = areas::english(line.tokens, start).filter(|len| !street_follows(line, start + len)) {
        let named = !line.capitals || line.is_name(start);
        if named && (inside || after.is_some() || len > 1) {
            return line.make(Kind::District, start, start + len, line.name(start, start + len), 0.5);
        }
    }
    if !(inside || comma > 0) {
        return None;
    }
    let word = |at: usize| line.tokens.get(at).map_or("", |t| t.text);
    let named = |at: usize| line.is_name(at) && number(line.tokens, at).is_none() && !any(UNITS, word(at));
    let len = (start..start + NAME_WORDS).take_while(|&at| named(at)).count();
    let end = start + len;
    let house = |word: &str| (any(BLOCKS, word) || any(FACILITIES, word)) && !areas::ends_neighbourhood(word);
    let house = len > 0 && house(word(end - 1));
    if len == 0 || house || street_follows(line, end) || line.is(end, &["'"]) {
        return None;
    }
    // Without capitals only the end of the line, or what neighbourhoods end with, tells a name from other words.
    let stops = line.tokens.get(end).is_none_or(|t| t.kind == TokenKind::Punct);
    let told = if line.capitals {
        !super::en::is_calendar(word(start))
    } else {
        len > 1 && areas::ends_neighbourhood(word(end - 1)) || after.is_some() && stops && len <= 2
    };
    told.then(|| line.make(Kind::District, start, end, line.name(start, end), 0.5))?
}

fn street_follows(line: &Line<'_, '_>, at: usize) -> bool {
    let suffix = |at: usize| line.tokens.get(at).is_some_and(|t| any(SUFFIXES, t.text));
    suffix(at) || at > 0 && suffix(at - 1) && !areas::ends_neighbourhood(line.tokens.get(at - 1).map_or("", |t| t.text))
}
