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
        Kind::Word if matches!(token.text, "oh" | "o" | "nought") => Some(0),
        Kind::Word => position(&UNITS, token.text),
        _ => None,
    }
}

fn position(list: &[&str], text: &str) -> Option<u32> {
    list.iter().position(|entry| *entry == text).and_then(|at| u32::try_from(at).ok())
}

fn han_digit(text: &str) -> Option<u32> {
    Some(match text {
        "零" | "〇" | "洞" => 0,
        "一" | "幺" | "壹" => 1,
        "二" | "两" | "兩" | "贰" => 2,
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

fn han_unit(text: &str) -> Option<u64> {
    Some(match text {
        "十" | "拾" => 10,
        "百" => 100,
        "千" => 1_000,
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

/// One group of spoken digits at `at`, as people dictate numbers (`five`, `fifty-five`, `eight hundred`, `double
/// seven`, `孖二`, `三條七`), and the token after it.
pub fn dictated(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let token = tokens.get(at)?;
    if token.kind == Kind::Digits {
        return Some((token.text.to_owned(), at + 1));
    }
    let times = match token.text {
        "double" | "孖" | "雙" | "双" => 2,
        "triple" | "treble" => 3,
        _ => 0,
    };
    // A group never goes on in the next line: that is another breath.
    let on_line = |at: usize| tokens.get(at).filter(|t| t.line == token.line);
    let next = on_line(at + 1);
    if times > 0 {
        return next.and_then(digit).map(|d| (d.to_string().repeat(times), at + 2));
    }
    if token.kind == Kind::Han {
        let strip = next.is_some_and(|t| t.is("條") || t.is("条"));
        let count = han_digit(token.text)?;
        return match on_line(at + 2).and_then(digit).filter(|_| strip && (3..=5).contains(&count)) {
            Some(d) => Some((d.to_string().repeat(count as usize), at + 3)),
            None => Some((count.to_string(), at + 1)),
        };
    }
    english_group(tokens, at)
}

/// `forty two`, `forty-two`, `nineteen`, `seven`, `eight hundred`.
fn english_group(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let token = tokens.get(at)?;
    if token.kind != Kind::Word {
        return None;
    }
    let (value, next) = if let Some(tens) = position(&TENS, token.text) {
        let dash = usize::from(tokens.get(at + 1).is_some_and(|t| t.is("-")));
        let unit = tokens.get(at + 1 + dash).filter(|t| t.kind == Kind::Word && t.line == token.line);
        match unit.and_then(|t| position(&UNITS, t.text)).filter(|&unit| unit > 0) {
            Some(unit) => ((tens + 2) * 10 + unit, at + 2 + dash),
            None => ((tens + 2) * 10, at + 1),
        }
    } else if let Some(teen) = position(&TEENS, token.text) {
        (10 + teen, at + 1)
    } else {
        (digit(token)?, at + 1)
    };
    let hundred = tokens.get(next).is_some_and(|t| t.is("hundred") && t.line == token.line);
    if hundred && value > 0 { Some(((value * 100).to_string(), next + 1)) } else { Some((value.to_string(), next)) }
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
        } else if let Some(d) = digit(token) {
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
            ("42", "42"),
            ("４２", "42"),
        ] {
            let folded = Folded::new(text);
            let tokens = tokens(&folded, 0);
            assert_eq!(number(&tokens, 0), Some((digits.to_owned(), tokens.len())), "{text}");
        }
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
        ] {
            let folded = Folded::new(text);
            let tokens = tokens(&folded, 0);
            assert_eq!(dictated(&tokens, 0), Some((digits.to_owned(), tokens.len())), "{text}");
        }
    }
}
