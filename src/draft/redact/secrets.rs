//! Which words of a call are a secret: by their check digits, or by the words before them; printed or spoken, also across a
//! pause.

use std::cmp::Reverse;
use std::ops::Range;

use crate::draft::numerals::dictated;
use crate::draft::schema::Secret;
use crate::draft::token::{Kind, Token};

/// Tokens between the words that ask for cover and the number.
const REACH: usize = 8;
/// Digits of the shortest secret that is told by its cue: the last four of a social security number.
const SHORTEST: usize = 4;
/// Words of a password that is no number.
const PASSWORD_WORDS: usize = 6;

/// What the words before a number say it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announced {
    Card,
    Identity,
    SocialSecurity,
    Telephone,
}

const CUES: [(Announced, &[&str]); 4] = [
    (
        Announced::Card,
        &["card number", "card number is", "credit card", "debit card", "信用卡", "銀行卡", "银行卡", "卡号", "卡號"],
    ),
    (
        Announced::Identity,
        &["identity card", "id number", "id number is", "id card", "hkid", "身份证", "身份證", "身分證", "证件号"],
    ),
    (Announced::SocialSecurity, &["social security", "social security number is", "ssn"]),
    (
        Announced::Telephone,
        &["number is", "phone", "call me", "reach me", "call back", "电话", "手机", "電話", "手機", "打俾我"],
    ),
];
/// Words after "the password is" that say something about it and are none.
const NO_PASSWORD: &str = "not wrong incorrect invalid expired rejected forgotten lost the a an too still being always never \
     gone 必 错 錯 不 忘 無 无 過 过 什 么 多 少 失";
const PASSWORD: [&str; 13] = [
    "password is",
    "passcode is",
    "pin is",
    "pin code is",
    "pin number is",
    "密码是",
    "密碼是",
    "密碼係",
    "密码系",
    "密码为",
    "密碼為",
    "口令是",
    "验证码是",
];

/// Digits as they were dictated, and the tokens that say them.
struct Run<'a> {
    /// The letters before them, as identity numbers of Hong Kong have them.
    letters: &'a str,
    digits: String,
    tokens: Range<usize>,
}

/// The secrets in the words of a call, each with the range of its tokens.
pub(super) fn secrets(all: &[Token<'_>]) -> Vec<(Secret, Range<usize>)> {
    let runs = runs(all);
    let numbers = runs.iter().filter_map(|run| Some((kind(all, run)?, run.tokens.clone())));
    let words = passwords(all, &runs).into_iter().map(|range| (Secret::Password, range));
    numbers.chain(words).collect()
}

/// Groups of digits with nothing but marks between them; an X or a letter with digits counts where identity numbers have one.
fn runs<'a>(all: &[Token<'a>]) -> Vec<Run<'a>> {
    let mut out: Vec<Run<'a>> = Vec::new();
    let (mut at, mut open) = (0, false);
    while let Some(token) = all.get(at) {
        if let Some((digits, next)) = dictated(all, at) {
            match out.last_mut().filter(|_| open) {
                Some(run) => {
                    run.digits.push_str(&digits);
                    run.tokens.end = next;
                }
                None => {
                    let before = at.checked_sub(1).and_then(|at| all.get(at)).map_or("", |token| token.text);
                    out.push(Run { letters: before, digits, tokens: at..next });
                }
            }
            (at, open) = (next.max(at + 1), true);
            continue;
        }
        if token.is("x")
            && let Some(run) = out.last_mut().filter(|run| open && run.digits.len() == 17)
        {
            run.digits.push('x');
            run.tokens.end = at + 1;
        }
        open &= token.kind == Kind::Punct && !token.ends_sentence();
        if let Some((letters, digits)) = printed(token) {
            out.push(Run { letters, digits: digits.to_owned(), tokens: at..at + 1 });
            open = true;
        }
        at += 1;
    }
    out
}

/// `a123456`, and `11010519491231002x`: the letters before the digits, and the digits.
fn printed<'a>(token: &Token<'a>) -> Option<(&'a str, &'a str)> {
    let (letters, digits) = token.text.split_at(token.text.find(|c: char| c.is_ascii_digit())?);
    let number = digits.strip_suffix('x').filter(|rest| rest.len() == 17).unwrap_or(digits);
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some((letters, digits))
}

fn kind(all: &[Token<'_>], run: &Run<'_>) -> Option<Secret> {
    let length = run.digits.len();
    // Counts and house numbers: most runs, so the rest is not asked of them.
    if length < SHORTEST {
        return None;
    }
    let announced = announced(all, run.tokens.start);
    // A number to call back that was said twice may pass for a card's, and must stay.
    let (first, second) = run.digits.split_at(length / 2);
    let callback = first == second || announced == Some(Announced::Telephone);
    let card = (13..=19).contains(&length) && luhn(&run.digits) && run.digits.starts_with(['3', '4', '5', '6']);
    // Behind a cue a digit may have been misheard; a sum of money is never as long as a card's number.
    if card && !callback || announced == Some(Announced::Card) && (12..=19).contains(&length) {
        return Some(Secret::Card);
    }
    let identity = china(&run.digits)
        || hong_kong(run.letters, &run.digits) && !callback
        || announced == Some(Announced::Identity) && (6..=18).contains(&length)
        || announced == Some(Announced::SocialSecurity) && (SHORTEST..=9).contains(&length);
    identity.then_some(Secret::Identity)
}

/// The cue that ends nearest before `start`, of two that end there the longer.
fn announced(all: &[Token<'_>], start: usize) -> Option<Announced> {
    let cues = || CUES.iter().flat_map(|(announced, cues)| cues.iter().map(|cue| (*announced, *cue)));
    let ends = |at| cues().filter_map(move |(announced, cue)| Some((cue_end(all, at, cue)?, announced)));
    let before = (start.saturating_sub(REACH)..start).flat_map(ends).filter(|(end, _)| *end <= start);
    before.min_by_key(|(end, _)| Reverse(*end)).map(|(_, announced)| announced)
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(nth, d)| match nth % 2 {
            0 => d,
            _ => d * 2 / 10 + d * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10) && digits.chars().any(|c| c != '0')
}

/// GB 11643-1999: ISO 7064 MOD 11-2 over eighteen characters, with a birthday in them.
fn china(digits: &str) -> bool {
    let value = |c: char| if c == 'x' { Some(10) } else { c.to_digit(10) };
    let month: Option<u32> = digits.get(10..12).and_then(|m| m.parse().ok());
    let sum = digits.chars().filter_map(value).fold(0, |sum, d| (sum * 2 + d) % 11);
    digits.len() == 18 && sum == 1 && month.is_some_and(|m| (1..=12).contains(&m))
}

/// One or two letters, six digits and a check digit: weights 9 to 1, modulo 11; a missing letter counts 36.
fn hong_kong(letters: &str, digits: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase().then(|| u32::from(c) - u32::from('a') + 10);
    let letters: Option<Vec<u32>> = letters.chars().map(letter).collect();
    let Some(letters) = letters.filter(|letters| digits.len() == 7 && (1..=2).contains(&letters.len())) else {
        return false;
    };
    let missing = (letters.len() == 1).then_some(36);
    let values = missing.into_iter().chain(letters).chain(digits.chars().filter_map(|c| c.to_digit(10)));
    values.zip((1..=9).rev()).map(|(value, weight)| value * weight).sum::<u32>() % 11 == 0
}

/// After the words that announce one: the digits, or the words up to the end of the sentence.
fn passwords(all: &[Token<'_>], runs: &[Run<'_>]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    // Most words begin none of them.
    let begins = |token: &Token<'_>| token.text.starts_with(['p', '密', '口', '验']);
    for at in (0..all.len()).filter(|at| all.get(*at).is_some_and(begins)) {
        let Some(from) = PASSWORD.iter().find_map(|cue| cue_end(all, at, cue)) else { continue };
        let next = runs.partition_point(|run| run.tokens.start < from);
        let range = match runs.get(next).filter(|run| run.tokens.start == from) {
            Some(run) => run.tokens.clone(),
            None => match all.get(from).filter(|first| !NO_PASSWORD.split(' ').any(|word| first.is(word))) {
                Some(first) => from..from + words(all.get(from..).unwrap_or_default(), first.line),
                None => continue,
            },
        };
        out.push(range);
    }
    out
}

/// How many words a password has that begins here: none of the next sentence, or of the next breath.
fn words(rest: &[Token<'_>], line: usize) -> usize {
    rest.iter().take(PASSWORD_WORDS).take_while(|token| token.kind != Kind::Punct && token.line == line).count()
}

/// The token after the cue that begins at `at`.
fn cue_end(all: &[Token<'_>], at: usize, cue: &str) -> Option<usize> {
    let (mut rest, mut next) = (cue, at);
    while !rest.is_empty() {
        let token = all.get(next)?;
        rest = rest.strip_prefix(token.text).filter(|_| !token.text.is_empty())?.trim_start();
        next += 1;
    }
    Some(next)
}
