//! Names that a line's callers say: what of a result they may have put there. Pure.
//!
//! A recogniser that was told to expect names hears them more readily, also where they were not said. So a result with
//! such a name in it is compared with one that was made without the names; what only the first one has is marked.

use super::text::{convert, is_ideograph};
use crate::call::{Script, Word};

/// Whether any of the names is in the words.
pub fn names_any(words: &[Word], names: &[String]) -> bool {
    let said: Vec<String> = words.iter().flat_map(|word| keys(&word.text)).collect();
    names.iter().map(|name| keys(name)).any(|name| !name.is_empty() && said.windows(name.len()).any(|w| w == name))
}

/// Marks the words that are not in `plain`, which was made of the same sound without the names.
pub fn mark_prompted(words: &mut [Word], plain: &[Word]) {
    let ours: Vec<(usize, String)> = words
        .iter()
        .enumerate()
        .flat_map(|(at, word)| keys(&word.text).into_iter().map(move |key| (at, key)))
        .collect();
    let theirs: Vec<String> = plain.iter().flat_map(|word| keys(&word.text)).collect();
    for at in unmatched(&ours, &theirs) {
        if let Some(word) = words.get_mut(at) {
            word.prompted = true;
        }
    }
}

/// Words of `ours` outside the longest common subsequence with `theirs`.
fn unmatched(ours: &[(usize, String)], theirs: &[String]) -> Vec<usize> {
    let width = theirs.len() + 1;
    let mut longest = vec![0_u32; (ours.len() + 1) * width];
    let cell = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for (i, (_, ours)) in ours.iter().enumerate().rev() {
        for (j, theirs) in theirs.iter().enumerate().rev() {
            let best = if ours == theirs {
                cell(&longest, i + 1, j + 1) + 1
            } else {
                cell(&longest, i + 1, j).max(cell(&longest, i, j + 1))
            };
            if let Some(here) = longest.get_mut(i * width + j) {
                *here = best;
            }
        }
    }
    let mut left = Vec::new();
    let (mut i, mut j) = (0, 0);
    while let Some((word, key)) = ours.get(i) {
        match theirs.get(j) {
            Some(same) if same == key => (i, j) = (i + 1, j + 1),
            Some(_) if cell(&longest, i, j + 1) >= cell(&longest, i + 1, j) => j += 1,
            _ => {
                left.push(*word);
                i += 1;
            }
        }
    }
    left
}

/// What is compared: letters and digits in lower case, a Chinese character each in one script.
fn keys(text: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let mut open = false;
    for c in convert(text, Script::Simplified).chars() {
        if is_ideograph(c) {
            keys.push(c.to_string());
            open = false;
        } else if !c.is_alphanumeric() {
            // "O'Connell" is one word.
            open &= c == '\'';
        } else {
            match keys.last_mut().filter(|_| open) {
                Some(key) => key.extend(c.to_lowercase()),
                None => keys.push(c.to_lowercase().collect()),
            }
            open = true;
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::MediaSpan;

    fn words(text: &str) -> Vec<Word> {
        text.split(' ').map(|text| Word::new(text, MediaSpan::default(), 0.9)).collect()
    }

    fn prompted(with: &str, without: &str) -> Vec<String> {
        let mut with = words(with);
        mark_prompted(&mut with, &words(without));
        with.into_iter().filter(|word| word.prompted).map(|word| word.text).collect()
    }

    #[test]
    fn a_name_is_found_as_whole_words_in_either_script() {
        let names = ["Oak Street".to_owned(), "弥敦道".to_owned()];
        assert!(names_any(&words("it is on oak street, near the park"), &names));
        assert!(names_any(&words("在 彌 敦 道。"), &names));
        assert!(!names_any(&words("a soak streetlight"), &names));
        assert!(!names_any(&words("anything"), &[String::new()]));
    }

    #[test]
    fn only_what_the_names_brought_is_marked() {
        assert_eq!(prompted("I live on Maple Street.", "I live on maple street"), [""; 0]);
        assert_eq!(prompted("I live on Maple Street.", "I live on May pole street"), ["Maple"]);
        assert_eq!(prompted("I live on Maple Street.", ""), ["I", "live", "on", "Maple", "Street."]);
        assert_eq!(prompted("我 住 彌 敦 道", "我 住 米 吨 道"), ["彌", "敦"]);
    }
}
