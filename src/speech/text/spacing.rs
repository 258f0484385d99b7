//! How words are joined, and which characters are Chinese. Pure.
//!
//! The convention is that of mixed Mandarin and English transcripts: an English word stands apart from Chinese by a
//! space ("家里的 WiFi 坏了"), digits and single letters do not ("3号楼", "B座"), full-width marks bring their own room.

use crate::call::Word;

/// The words as they are printed.
pub fn text_of(words: &[Word]) -> String {
    let mut text = String::new();
    for word in words {
        if apart(&text, &word.text) {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    text
}

fn apart(before: &str, after: &str) -> bool {
    let (Some(left), Some(right)) = (before.chars().next_back(), after.chars().next()) else { return false };
    if is_wide_mark(left) || is_wide_mark(right) {
        return false;
    }
    match (is_ideograph(left), is_ideograph(right)) {
        (true, true) => false,
        (false, false) => true,
        (true, false) => is_word(after.chars()),
        (false, true) => is_word(before.chars().rev()) || is_half_stop(left),
    }
}

/// A lone letter is a designator like a digit.
fn is_word(mut from_the_edge: impl Iterator<Item = char>) -> bool {
    let letter = |c: Option<char>| c.is_some_and(is_other_letter);
    letter(from_the_edge.next()) && letter(from_the_edge.next())
}

/// A Chinese character: a word by itself.
pub fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// A letter of a script that puts spaces between words.
pub(super) fn is_other_letter(c: char) -> bool {
    c.is_alphabetic() && !is_ideograph(c)
}

/// Punctuation as wide as a Chinese character.
pub fn is_wide_mark(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}')
}

fn is_half_stop(c: char) -> bool {
    matches!(c, '.' | ',' | '!' | '?' | ';' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::MediaSpan;

    fn joined(words: &[&str]) -> String {
        text_of(&words.iter().map(|text| Word::new(*text, MediaSpan::default(), 1.0)).collect::<Vec<_>>())
    }

    #[test]
    fn english_words_stand_apart_from_chinese_and_digits_do_not() {
        assert_eq!(joined(&["家", "里", "的", "WiFi", "坏", "了。"]), "家里的 WiFi 坏了。");
        assert_eq!(joined(&["我", "住", "3", "号", "楼", "B", "座"]), "我住3号楼B座");
        assert_eq!(joined(&["用", "4G", "上", "网，", "OK", "吗？"]), "用4G上网，OK 吗？");
        assert_eq!(joined(&["Good", "morning.", "您", "好。"]), "Good morning. 您好。");
        assert_eq!(joined(&["at", "42", "Maple", "Street"]), "at 42 Maple Street");
    }
}
