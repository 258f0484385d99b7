//! The caller's name: a cue, then capitalised words in English, or a surname and up to two characters in Chinese; without
//! a cue, a clause of just a name beside the number. What is spelled or glossed corrects the surname.

use super::rule::Rule;
use super::{Doc, Spans, name_spelled, name_zh};
use crate::draft::evidence::Segment;
use crate::draft::numerals::{dictated, digit};
use crate::draft::token::{Kind, Token, phrase, phrase_at};

#[derive(Clone)]
pub struct Found {
    pub value: String,
    pub spans: Spans,
    pub score: f32,
}

const CUES: &[(&str, f32)] = &[
    ("my name is", 0.9),
    ("my name's", 0.9),
    ("my full name is", 0.9),
    ("the name is", 0.8),
    ("the name's", 0.8),
    ("my surname is", 0.8),
    ("my last name is", 0.8),
    ("surname is", 0.7),
    ("last name is", 0.7),
    ("last name", 0.6),
    ("first name is", 0.6),
    ("name is", 0.6),
    ("name's", 0.6),
    ("my name", 0.6),
    ("i am called", 0.7),
    ("i'm called", 0.7),
    ("this is", 0.6),
    ("i am", 0.55),
    ("i'm", 0.55),
    ("im", 0.55),
    ("it's", 0.5),
    ("its", 0.5),
];
/// Cues after which many things may come: two capitalised words are wanted, or a title.
const WEAK: &[&str] = &["this is", "it's", "its", "i am", "i'm", "im"];
const TITLES: &[(&str, &str)] = &[
    ("mr", "Mr"),
    ("mister", "Mr"),
    ("mrs", "Mrs"),
    ("missus", "Mrs"),
    ("ms", "Ms"),
    ("miss", "Miss"),
    ("dr", "Dr"),
    ("doctor", "Dr"),
];
const NOT_NAMES: &[&str] = &[
    "a",
    "about",
    "after",
    "again",
    "also",
    "american",
    "an",
    "and",
    "apartment",
    "april",
    "as",
    "at",
    "august",
    "avenue",
    "back",
    "because",
    "before",
    "block",
    "british",
    "building",
    "but",
    "by",
    "calling",
    "cantonese",
    "chinese",
    "city",
    "december",
    "east",
    "english",
    "february",
    "flat",
    "floor",
    "for",
    "friday",
    "from",
    "good",
    "he",
    "hello",
    "here",
    "hi",
    "hotline",
    "how",
    "i",
    "i'm",
    "i've",
    "if",
    "im",
    "in",
    "is",
    "it",
    "it's",
    "its",
    "january",
    "july",
    "june",
    "just",
    "lane",
    "last",
    "line",
    "mandarin",
    "march",
    "monday",
    "my",
    "next",
    "no",
    "north",
    "not",
    "november",
    "number",
    "october",
    "of",
    "ok",
    "okay",
    "on",
    "or",
    "our",
    "phone",
    "please",
    "road",
    "room",
    "same",
    "saturday",
    "september",
    "service",
    "she",
    "since",
    "so",
    "sorry",
    "south",
    "spanish",
    "speaking",
    "street",
    "sunday",
    "thank",
    "thanks",
    "that",
    "the",
    "there",
    "they",
    "this",
    "thursday",
    "to",
    "tuesday",
    "unit",
    "until",
    "very",
    "we",
    "wednesday",
    "well",
    "west",
    "what",
    "when",
    "where",
    "who",
    "whom",
    "with",
    "yeah",
    "yes",
    "you",
    "your",
];
/// The last word of a place or a firm.
const PLACES: &[&str] = &[
    "street",
    "road",
    "avenue",
    "lane",
    "drive",
    "court",
    "place",
    "square",
    "park",
    "gardens",
    "terrace",
    "way",
    "close",
    "parade",
    "row",
    "house",
    "tower",
    "plaza",
    "centre",
    "center",
    "station",
    "restaurant",
    "bar",
    "cafe",
    "hotel",
    "school",
    "hospital",
    "company",
    "market",
    "store",
    "heights",
    "estate",
    "building",
    "bridge",
    "boulevard",
    "logistics",
    "inc",
    "llc",
    "ltd",
    "limited",
    "motors",
    "group",
    "services",
    "solutions",
    "nails",
    "nail",
    "salon",
    "gym",
    "fitness",
    "cleaners",
    "plumbing",
    "realty",
    "properties",
    "insurance",
    "bank",
    "supermarket",
    "pharmacy",
    "spa",
    "garage",
    "foods",
    "mansion",
    "garden",
    "library",
    "clinic",
];
/// Words of the names of towns and neighbourhoods.
const PLACE_WORDS: &[&str] = &[
    "new", "san", "santa", "los", "las", "saint", "st", "fort", "mount", "upper", "lower", "downtown", "island",
    "jersey", "hill", "hills", "village", "town", "county", "bay", "point", "beach", "valley", "city", "union",
    "district", "side", "green",
];
/// Just before a cue: it is the name of somebody or something else.
static OTHERS: Rule = Rule::new(concat!(
    r"(?:'s |\bhis |\bher |\btheir |\bits |\b(?:landlord|owner|boss|manager|driver|company|firm|neighbou?r|officer|doctor|teacher|agent|",
    r"contractor|tenant|restaurant|shop|store|bar|school|street|husband|wife|son|daughter|mother|father|street|building|estate)(?: \w+)? ?|\b(?:whose|which|the) )$",
));

pub fn find(doc: &Doc<'_>) -> Option<Found> {
    let cues: Vec<(Vec<&str>, f32, bool)> =
        CUES.iter().map(|(cue, score)| (phrase(cue), *score, WEAK.contains(cue))).collect();
    let chinese = name_zh::Cues::new();
    let mut best: Option<Found> = None;
    for (line, segment) in doc.segments.iter().enumerate() {
        let next = doc.segments.get(line + 1).map(Segment::line);
        let Some(mut one) = segment.kept.name.get(next, || in_line(doc, line, &cues, &chinese)) else { continue };
        one.spans.iter_mut().for_each(|(at, _)| *at = line);
        if best.as_ref().is_none_or(|best| one.score > best.score) {
            best = Some(one);
        }
    }
    name_zh::glossed(doc, name_spelled::spelled(doc, best))
}

/// The surest name of one line, of equal ones the first.
fn in_line(doc: &Doc<'_>, line: usize, cues: &[(Vec<&str>, f32, bool)], chinese: &name_zh::Cues) -> Option<Found> {
    let mut best: Option<Found> = None;
    let tokens = doc.line(line);
    let capitals = tokens.iter().filter(|t| t.kind == Kind::Word).take(64).any(|t| starts_upper(&doc.original(t)));
    for at in 0..tokens.len() {
        let english = cues.iter().find_map(|(cue, score, weak)| {
            let len = phrase_at(tokens, at, cue)?;
            let first = tokens.get(at)?;
            let others =
                !matches!(first.text, "my" | "i" | "i'm" | "im") && OTHERS.is_in(doc.before(line, &first.range(), 20));
            let named = name_after(doc, tokens, at + len, capitals, *weak);
            let named = named.or_else(|| {
                first_name(doc, line, at + len)
                    .filter(|_| capitals && first.text.starts_with('i') && first.text.ends_with('m'))
            });
            let (value, from, to) = named.filter(|_| !others)?;
            Some(found(tokens, value, from..to, *score))
        });
        let one = english.or_else(|| chinese.name(doc, line, at)).or_else(|| bare(doc, line, at));
        if let Some(Some(one)) = one.map(|one| (!one.spans.is_empty()).then_some(one))
            && best.as_ref().is_none_or(|best| one.score > best.score)
        {
            best = Some(one);
        }
    }
    best
}

pub fn found(tokens: &[Token<'_>], value: String, range: std::ops::Range<usize>, score: f32) -> Found {
    let ends = tokens.get(range.start).zip(range.end.checked_sub(1).and_then(|last| tokens.get(last)));
    Found { value, spans: ends.map(|(a, b)| (a.line, a.start..b.end)).into_iter().collect(), score }
}

/// A name after a cue, with its title if it has one: `Mister Cheung`, also after the bare surname ("Cheung, Mr Cheung").
fn name_after(
    doc: &Doc<'_>,
    tokens: &[Token<'_>],
    from: usize,
    capitals: bool,
    weak: bool,
) -> Option<(String, usize, usize)> {
    let from = from + usize::from(tokens.get(from).is_some_and(|t| t.is("is") || t.is(":")));
    let titled = |at: usize| {
        let title =
            TITLES.iter().find(|(said, _)| tokens.get(at).is_some_and(|t| t.is(said))).map(|(_, title)| *title)?;
        let next = at + 1 + usize::from(tokens.get(at + 1).is_some_and(|t| t.is(".")));
        let (name, to) = english_name(doc, tokens, next, capitals, false)?;
        // "Mrs Abernathy, Ruth Abernathy": the whole name follows.
        let whole = english_name(doc, tokens, to + 1, true, true).filter(|(whole, _)| {
            capitals && whole.ends_with(&format!(" {name}")) && tokens.get(to).is_some_and(|t| t.is(","))
        });
        let titled = || (format!("{title} {name}"), at, to);
        Some(whole.map_or_else(titled, |(whole, end)| (whole, to + 1, end)))
    };
    if let Some(titled) = titled(from) {
        return Some(titled);
    }
    let (name, to) = english_name(doc, tokens, from, weak || capitals, weak)?;
    let again =
        (to..to + 3).find_map(titled).filter(|(again, ..)| again.ends_with(name.as_str()) && !name.contains(' '));
    Some(again.unwrap_or((name, from, to)))
}

/// "I'm Joanne, number's …": one capitalised word is a name where the number follows, or who speaks or where from.
fn first_name(doc: &Doc<'_>, line: usize, at: usize) -> Option<(String, usize, usize)> {
    let tokens = doc.line(line);
    let (name, to) = english_name(doc, tokens, at, true, false).filter(|(name, _)| !name.contains(' '))?;
    let next = tokens.get(to);
    let told = next.is_some_and(|t| matches!(t.text, "here" | "speaking" | "calling"));
    let closes = next.is_none_or(|t| t.kind == Kind::Punct || t.is("and"));
    (told || closes && beside_number(doc, line, to)).then_some((name, at, to))
}

/// Up to three words; capitals decide when the recogniser prints them at all.
fn english_name(
    doc: &Doc<'_>,
    tokens: &[Token<'_>],
    from: usize,
    capitals: bool,
    weak: bool,
) -> Option<(String, usize)> {
    let mut words: Vec<String> = Vec::new();
    let mut at = from;
    while let Some(token) = tokens.get(at).filter(|t| t.kind == Kind::Word && words.len() < 3) {
        let original = doc.original(token);
        let fits = if capitals { starts_upper(&original) } else { words.len() < 2 };
        let letter = token.text.chars().count() == 1 || (!words.is_empty() && name_spelled::begins(tokens, at));
        if !fits || letter || NOT_NAMES.contains(&token.text) || digit(token).is_some() {
            break;
        }
        words.push(original);
        at += 1;
    }
    let place = |token: Option<&Token<'_>>| token.is_some_and(|t| PLACES.contains(&t.text));
    let placed =
        place(tokens.get(at)) || (words.len() > 1 && at.checked_sub(1).is_some_and(|last| place(tokens.get(last))));
    let enough = if weak { words.len() >= 2 } else { !words.is_empty() };
    (enough && !placed).then(|| (words.join(" "), at))
}

pub fn starts_upper(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

/// A clause of two or three capitalised words beside the number: `Denise Okafor, and my number is …`, `Yes, Helen
/// Fairweather, same number as before`.
fn bare(doc: &Doc<'_>, line: usize, at: usize) -> Option<Found> {
    let tokens = doc.line(line);
    let opens = at == 0
        || tokens
            .get(at - 1)
            .is_some_and(|t| t.kind == Kind::Punct || matches!(t.text, "yes" | "yeah" | "hi" | "hello" | "and"));
    let (value, to) = english_name(doc, tokens, at, true, true).filter(|_| opens)?;
    let closes =
        tokens.get(to).is_none_or(|t| t.kind == Kind::Punct || matches!(t.text, "and" | "my" | "same" | "number"));
    if closes && beside_number(doc, line, to) {
        return Some(found(tokens, value, at..to, 0.65));
    }
    // "Tomas Rivera.": the whole answer is two names.
    let rest = tokens.get(to..).unwrap_or_default();
    let begins = at.checked_sub(1).and_then(|before| tokens.get(before)).is_none_or(Token::ends_sentence);
    let alone = (begins || at == 2 && tokens.first().is_some_and(|t| matches!(t.text, "yes" | "yeah" | "sure")))
        && rest.iter().all(|t| t.kind == Kind::Punct);
    let place = value.split(' ').any(|word| PLACE_WORDS.contains(&word.to_lowercase().as_str()))
        || super::address::is_area(tokens, at);
    (alone && !place).then(|| found(tokens, value, at..to, 0.45))
}

/// Whether a number, or the word for it, follows within a few words: on the line, else at the head of the next.
pub fn beside_number(doc: &Doc<'_>, line: usize, from: usize) -> bool {
    let numeric = |tokens: &[Token<'_>]| {
        let words = ["number", "phone", "cell", "mobile", "telephone"];
        let digits =
            (0..tokens.len()).filter_map(|at| dictated(tokens, at)).map(|(digits, _)| digits.len()).sum::<usize>();
        digits >= 4 || tokens.iter().any(|t| words.contains(&t.text))
    };
    let rest = doc.line(line).get(from..).unwrap_or_default();
    let near = rest.get(..rest.len().min(12)).unwrap_or_default();
    let next = doc.line(line + 1);
    let head = next.get(..next.len().min(6)).unwrap_or_default();
    numeric(near) || (rest.iter().all(|t| t.kind == Kind::Punct) && numeric(head))
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
