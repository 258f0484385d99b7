//! Word error rate: edits between what was said and what was written, over the words that were said. A Chinese character
//! counts as a word. Pure.

use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WordErrors {
    pub edits: usize,
    pub words: usize,
}

impl WordErrors {
    /// Case and punctuation do not count.
    pub(super) fn between(said: &str, written: &str) -> Self {
        let (said, written) = (words(said), words(written));
        Self { edits: edits(&said, &written), words: said.len() }
    }

    pub(super) fn percent(self) -> f64 {
        100.0 * self.edits as f64 / self.words.max(1) as f64
    }
}

impl AddAssign for WordErrors {
    fn add_assign(&mut self, other: Self) {
        self.edits += other.edits;
        self.words += other.words;
    }
}

fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in text.to_lowercase().chars() {
        if !letter.is_alphanumeric() {
            // An apostrophe joins what it stands in.
            if letter != '\'' {
                words.push(String::new());
            }
        } else if letter >= '\u{2e80}' {
            words.extend([letter.to_string(), String::new()]);
        } else if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Levenshtein's distance.
fn edits(said: &[String], written: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=written.len()).collect();
    for (at, word) in said.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in written.iter().enumerate() {
            let replaced = diagonal + usize::from(word != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_lost_added_or_exchanged_is_one_edit_and_dress_is_none() {
        let errors = |said, written| {
            let WordErrors { edits, words } = WordErrors::between(said, written);
            (edits, words)
        };
        assert_eq!(errors("I live at five o'clock.", "i live, at five oclock"), (0, 5));
        assert_eq!(errors("one two three", "one three"), (1, 3));
        assert_eq!(errors("one two", "one two two"), (1, 2));
        assert_eq!(errors("the gas is off", "the bus is off"), (1, 4));
        assert_eq!(errors("已经等了七天。", "已经等了十天"), (1, 6));
        assert_eq!(errors("", "hello"), (1, 0));
        assert_eq!(errors("hello there", ""), (2, 2));
    }
}
