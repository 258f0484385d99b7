//! Words and numbers of a text, however it is written, and whether one text holds those of another. Pure.

use std::collections::BTreeMap;

use super::numerals::ordinal;
use super::spoken::{Piece, spoken};

/// English words and Chinese characters, and whole numbers in digits, each in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub words: Vec<String>,
    pub numbers: Vec<String>,
}

impl Said {
    /// `3号楼5C, 12/F` and `三号楼五 c, twelfth f` say the same. A number ends at punctuation.
    pub fn of(text: &str) -> Self {
        let parts = text.split(|c: char| !c.is_alphanumeric() && !c.is_whitespace() && c != '\'' && c != '-');
        let pieces: Vec<Piece<'_>> = parts.enumerate().map(|(at, text)| Piece { text, line: at, origin: at }).collect();
        let mut said = Self::default();
        let mut open: Option<usize> = None;
        for word in spoken(&pieces) {
            if word.digit {
                match said.numbers.last_mut().filter(|_| open == Some(word.origin)) {
                    Some(number) => number.push_str(&word.text),
                    None => said.numbers.push(word.text),
                }
                open = Some(word.origin);
            } else {
                open = None;
                said.push_word(&word.text);
            }
        }
        said
    }

    /// A word may hold a number: `5c`, `147th`, `third`.
    fn push_word(&mut self, word: &str) {
        if let Some(number) = ordinal(word) {
            return self.numbers.push(number);
        }
        let digit = |c: char| c.is_ascii_digit();
        if !word.contains(digit) {
            return self.words.push(word.to_owned());
        }
        self.numbers.extend(word.split(|c| !digit(c)).filter(|part| !part.is_empty()).map(str::to_owned));
        self.words.extend(word.split(digit).filter(|part| !part.is_empty()).map(str::to_owned));
    }

    /// Every word and every number of `other` is in this one; a number may be part of a longer one.
    pub fn holds(&self, other: &Self) -> bool {
        other.words.iter().all(|word| self.words.contains(word)) && other.numbers.iter().all(|n| self.holds_number(n))
    }

    pub fn holds_number(&self, number: &str) -> bool {
        self.numbers.iter().any(|longer| longer.contains(number))
    }

    /// The numbers, smallest text first: an address names the flat first in one country and last in another.
    pub fn numbers_sorted(&self) -> Vec<&str> {
        let mut numbers: Vec<&str> = self.numbers.iter().map(String::as_str).collect();
        numbers.sort_unstable();
        numbers
    }

    /// All of its characters, how often each.
    pub fn characters(&self) -> BTreeMap<char, usize> {
        let mut counts = BTreeMap::new();
        for c in self.words.iter().chain(&self.numbers).flat_map(|text| text.chars()) {
            *counts.entry(c).or_insert(0) += 1;
        }
        counts
    }
}

/// A gold text without what stands in round brackets: a remark of who wrote it.
pub fn without_remarks(text: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// Titles of respect, which no two people write alike; longer ones before those they begin with.
const HONORIFICS: [&str; 11] = ["mister", "mrs", "mr", "miss", "ms", "doctor", "dr", "先生", "女士", "小姐", "太太"];

/// The letters of a name, without spaces, marks and titles of respect.
pub fn name_letters(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase);
    let bare = words.map(|word| match HONORIFICS.iter().find(|title| word.ends_with(**title)) {
        Some(title) if title.is_ascii() && word != **title => word,
        Some(title) => word.trim_end_matches(title).to_owned(),
        None => word,
    });
    bare.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_written_in_two_ways_has_the_same_numbers_and_words() {
        let known = Said { words: vec!["flat".into(), "c".into()], numbers: vec!["5".into(), "12".into()] };
        assert_eq!(Said::of("Flat 5C, 12"), known);
        assert_eq!(Said::of("flat five C, twelve"), known);
        assert_eq!(Said::of("三号楼二单元五零一").numbers, ["3", "2", "501"]);
        assert_eq!(Said::of("88, 12th").numbers, ["88", "12"]);
    }

    #[test]
    fn a_text_holds_only_what_it_says() {
        let said = Said::of("It's 418 West 147th Place, apartment five C");
        assert!(said.holds(&Said::of("apartment 5C, 147th Place")));
        assert!(!said.holds(&Said::of("apartment 6C")) && !said.holds(&Said::of("East Place")));
    }

    #[test]
    fn a_name_is_its_letters_without_titles_and_marks() {
        for (a, b) in [("Mr Cheung", "Mister Cheung."), ("黃先生/女士", "黃"), ("Denise  Okafor", "denise okafor")]
        {
            assert_eq!(name_letters(a), name_letters(b));
        }
        assert_ne!(name_letters("Adams"), name_letters("Ada"));
    }

    #[test]
    fn remarks_in_brackets_are_left_out() {
        assert_eq!(without_remarks("216 Galloway Street (caller in 2B)（注）."), "216 Galloway Street .");
    }
}
