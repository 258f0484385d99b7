//! Number words to digits: English, Mandarin, Cantonese, and the Arabic digits a recogniser prints among them.

use super::token::{Kind, Token};

const UNITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] =
    ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: [&str; 20] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
];

/// One digit said as a word, `0..=9`.
pub fn digit(token: &Token<'_>) -> Option<u32> {
    match token.kind {
        Kind::Han => han_digit(token.text),
        Kind::Digits if token.text.len() == 1 => token.text.parse().ok(),
        Kind::Word => word_digit(token.text),
        _ => None,
    }
}

fn word_digit(text: &str) -> Option<u32> {
    if matches!(text, "oh" | "o" | "nought") { Some(0) } else { position(&UNITS, text) }
}

fn position(list: &[&str], text: &str) -> Option<u32> {
    list.iter().position(|entry| *entry == text).and_then(|at| u32::try_from(at).ok())
}

fn han_digit(text: &str) -> Option<u32> {
    Some(match text {
        "零" | "〇" | "洞" => 0,
        "一" | "幺" => 1,
        "二" | "两" | "兩" => 2,
        "三" => 3,
        "四" => 4,
        "五" => 5,
        "六" => 6,
        "七" => 7,
        "八" => 8,
        "九" => 9,
        _ => return None,
    })
}

/// Numerals of cheques and forms. Most are surnames and common characters too (陆, 伍, 參), so each counts only beside
/// another digit.
fn formal_digit(tokens: &[Token<'_>], at: usize) -> Option<u32> {
    let value = formal(tokens.get(at)?.text)?;
    let line = tokens.get(at)?.line;
    let beside = |at: Option<usize>| {
        let token = at.and_then(|at| tokens.get(at)).filter(|token| token.line == line && token.kind != Kind::Word);
        token.is_some_and(|token| digit(token).is_some() || formal(token.text).is_some() || counts(token))
    };
    (beside(at.checked_sub(1)) || beside(Some(at + 1))).then_some(value)
}

fn formal(text: &str) -> Option<u32> {
    Some(match text {
        "壹" => 1,
        "贰" | "貳" => 2,
        "叁" | "叄" | "參" => 3,
        "肆" => 4,
        "伍" => 5,
        "陆" | "陸" => 6,
        "柒" => 7,
        "捌" => 8,
        "玖" => 9,
        _ => return None,
    })
}

fn han_unit(text: &str) -> Option<u64> {
    Some(match text {
        "十" | "拾" => 10,
        "廿" => 20,
        "卅" => 30,
        "百" | "佰" => 100,
        "千" | "仟" => 1_000,
        "万" | "萬" => 10_000,
        _ => return None,
    })
}

/// Ordinal word or `12th` as a number.
pub fn ordinal(text: &str) -> Option<String> {
    if let Some(at) = position(&ORDINALS, text) {
        return Some((at + 1).to_string());
    }
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let suffix = &text[digits.len()..];
    (!digits.is_empty() && matches!(suffix, "st" | "nd" | "rd" | "th")).then_some(digits)
}

/// A word that sounds like a digit: "two one to, five five five" (the recogniser cannot know).
pub fn homophone(token: &Token<'_>) -> Option<u32> {
    Some(match token.text {
        "won" => 1,
        "to" | "too" => 2,
        "for" | "fore" => 4,
        "ate" => 8,
        "要" | "腰" | "妖" => 1,
        _ => return None,
    })
}

/// Counts in tens and more (十, 百, 廿): a digit beside one is part of an amount, not of a dictated number.
pub fn counts(token: &Token<'_>) -> bool {
    han_unit(token.text).is_some()
}

/// One group of spoken digits at `at`, as people dictate numbers (`five`, `fifty-five`, `eight hundred`, `double
/// seven`, `three fives`, `孖二`, `三條七`, `三个零`), and the token after it.
pub fn dictated(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let token = tokens.get(at).filter(|token| token.begins.digits)?;
    if token.kind == Kind::Digits {
        return Some((token.text.to_owned(), at + 1));
    }
    if let Some(times) = multiple(token.text) {
        let dash = usize::from(on_line(tokens, at, at + 1).is_some_and(|t| t.is("-")));
        let value = on_line(tokens, at, at + 1 + dash).and_then(digit)?;
        return Some((value.to_string().repeat(times), at + 2 + dash));
    }
    if token.kind == Kind::Han { han_group(tokens, at) } else { english_group(tokens, at) }
}

/// Whether dictated digits may begin with this word.
pub fn begin(kind: Kind, text: &str) -> bool {
    let english = || word_digit(text).is_some() || position(&TENS, text).is_some() || position(&TEENS, text).is_some();
    let han = || han_digit(text).is_some() || formal(text).is_some();
    multiple(text).is_some()
        || match kind {
            Kind::Digits => true,
            Kind::Han => han(),
            Kind::Word => english(),
            Kind::Punct => false,
        }
}

fn multiple(text: &str) -> Option<usize> {
    match text {
        "double" | "孖" | "雙" | "双" => Some(2),
        "triple" | "treble" => Some(3),
        "quadruple" => Some(4),
        _ => None,
    }
}

/// The token at `at` if it stands in the line of the token at `from`: a group never goes on in the next line, that is
/// another breath.
fn on_line<'t, 'a>(tokens: &'t [Token<'a>], from: usize, at: usize) -> Option<&'t Token<'a>> {
    let line = tokens.get(from)?.line;
    tokens.get(at).filter(|token| token.line == line)
}

fn han_group(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let count = han_digit(tokens.get(at)?.text).or_else(|| formal_digit(tokens, at))?;
    let of = on_line(tokens, at, at + 1);
    let strip = of.is_some_and(|t| matches!(t.text, "條" | "条")) && (3..=5).contains(&count);
    // "两个三十岁的人" counts people.
    let amount = on_line(tokens, at, at + 3).is_some_and(counts);
    let each = of.is_some_and(|t| matches!(t.text, "个" | "個")) && (2..=5).contains(&count) && !amount;
    match on_line(tokens, at, at + 2).and_then(digit).filter(|_| strip || each) {
        Some(value) => Some((value.to_string().repeat(count as usize), at + 3)),
        None => Some((count.to_string(), at + 1)),
    }
}

/// `forty two`, `forty-two`, `nineteen`, `seven`, `eight hundred`, `two thousand`, `three fives`.
fn english_group(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let token = tokens.get(at)?;
    if token.kind != Kind::Word {
        return None;
    }
    let (value, next) = if let Some(tens) = position(&TENS, token.text) {
        let dash = usize::from(tokens.get(at + 1).is_some_and(|t| t.is("-")));
        let unit = on_line(tokens, at, at + 1 + dash).filter(|t| t.kind == Kind::Word);
        match unit.and_then(|t| position(&UNITS, t.text)).filter(|&unit| unit > 0) {
            Some(unit) => ((tens + 2) * 10 + unit, at + 2 + dash),
            None => ((tens + 2) * 10, at + 1),
        }
    } else if let Some(teen) = position(&TEENS, token.text) {
        (10 + teen, at + 1)
    } else {
        (digit(token)?, at + 1)
    };
    let scale = on_line(tokens, at, next).map_or("", |t| t.text);
    if let Some(each) = plural_digit(scale).filter(|_| (2..=5).contains(&value)) {
        return Some((each.to_string().repeat(value as usize), next + 1));
    }
    let times = match scale {
        "hundred" => 100,
        "thousand" => 1000,
        _ => 0,
    };
    if times > 0 && value > 0 { Some(((value * times).to_string(), next + 1)) } else { Some((value.to_string(), next)) }
}

/// `fives`, `sixes`, `zeroes`.
fn plural_digit(text: &str) -> Option<u32> {
    let stem = text.strip_suffix('s')?;
    position(&UNITS, stem).or_else(|| position(&UNITS, stem.strip_suffix('e')?))
}

/// A whole number at `at` as its digits, and the token after it: `forty two` is 42, `two one six` is 216, `one hundred
/// and five` is 105, `三十二` is 32, `二零三` is 203.
pub fn number(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let first = tokens.get(at)?;
    if first.kind == Kind::Han {
        return han_number(tokens, at);
    }
    if first.kind == Kind::Digits {
        return Some((first.text.to_owned(), at + 1));
    }
    let mut out = String::new();
    let mut at = at;
    while tokens.get(at).is_some_and(|t| t.line == first.line && t.kind == Kind::Word) && out.len() < 8 {
        let Some((group, mut next)) = english_group(tokens, at) else { break };
        let after_hundred = group.len() >= 3;
        out.push_str(&group);
        at = next;
        if after_hundred {
            next += usize::from(tokens.get(next).is_some_and(|t| t.is("and")));
            if let Some((rest, end)) = english_group(tokens, next).filter(|(rest, _)| rest.len() <= 2) {
                out.truncate(out.len() - rest.len());
                out.push_str(&rest);
                at = end;
            }
        }
    }
    (!out.is_empty()).then_some((out, at))
}

fn han_number(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let line = tokens.get(at)?.line;
    let (mut digits, mut total, mut section, mut last) = (String::new(), 0_u64, 0_u64, None::<u64>);
    let (mut counted, mut end) = (false, at);
    while let Some(token) = tokens.get(end).filter(|t| t.line == line && digits.len() < 12) {
        if let Some(unit) = han_unit(token.text) {
            counted = true;
            let times = last.take().unwrap_or(1);
            if unit == 10_000 {
                total = total.saturating_add((section + if times > 1 { times } else { 0 }).max(1).saturating_mul(unit));
                section = 0;
            } else {
                section = section.saturating_add(times.saturating_mul(unit));
            }
            digits.push('0');
        } else if let Some(d) = digit(token).or_else(|| formal_digit(tokens, end)) {
            last = Some(u64::from(d));
            digits.push_str(&d.to_string());
        } else {
            break;
        }
        end += 1;
    }
    if digits.is_empty() {
        return None;
    }
    let text =
        if counted { total.saturating_add(section).saturating_add(last.unwrap_or(0)).to_string() } else { digits };
    Some((text, end))
}

#[cfg(test)]
mod tests {
    use super::super::normal::Folded;
    use super::super::token::tokens;
    use super::*;

    #[test]
    fn number_words_become_digits() {
        for (text, digits) in [
            ("forty two", "42"),
            ("nineteen", "19"),
            ("thirty-four", "34"),
            ("two one six", "216"),
            ("seven hundred", "700"),
            ("one hundred and five", "105"),
            ("twelve fifty", "1250"),
            ("三十二", "32"),
            ("二十三", "23"),
            ("十八", "18"),
            ("一百零五", "105"),
            ("五零一", "501"),
            ("两百三十", "230"),
            ("廿三", "23"),
            ("卅", "30"),
            ("伍佰", "500"),
            ("叁拾贰", "32"),
            ("42", "42"),
            ("４２", "42"),
        ] {
            let folded = Folded::new(text);
            let tokens = tokens(&folded, 0);
            assert_eq!(number(&tokens, 0), Some((digits.to_owned(), tokens.len())), "{text}");
        }
    }

    #[test]
    fn a_formal_numeral_is_a_digit_only_beside_another() {
        let dictate = |text: &str, at: usize| {
            let folded = Folded::new(text);
            dictated(&tokens(&folded, 0), at).map(|(digits, _)| digits)
        };
        assert_eq!(dictate("陆伍", 0).as_deref(), Some("6"));
        assert_eq!(dictate("三陆", 1).as_deref(), Some("6"));
        assert_eq!((dictate("陆明", 0), dictate("大陆", 1), dictate("伍 five", 0)), (None, None, None));
    }

    #[test]
    fn dictated_groups_keep_every_digit() {
        for (text, digits) in [
            ("double seven", "77"),
            ("triple zero", "000"),
            ("eight hundred", "800"),
            ("孖二", "22"),
            ("三條七", "777"),
            ("oh", "0"),
            ("幺", "1"),
            ("三条七", "777"),
            ("三个零", "000"),
            ("three fives", "555"),
            ("two sixes", "66"),
            ("two thousand", "2000"),
            ("double-five", "55"),
        ] {
            let folded = Folded::new(text);
            let tokens = tokens(&folded, 0);
            assert_eq!(dictated(&tokens, 0), Some((digits.to_owned(), tokens.len())), "{text}");
        }
    }
}
