//! Words that were given apart from their text (some servers strip the marks from words): what the text has between
//! them is seated on the word before. Pure.

use crate::call::Word;

/// How far in the text the next word is looked for; more than any run of marks.
const REACH: usize = 16;

/// The words with everything of `text`; unchanged where the two do not go together.
pub fn seated(text: &str, words: &[Word]) -> Vec<Word> {
    let solid = |text: &str| -> Vec<char> { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let all: Vec<char> = words.iter().flat_map(|word| solid(&word.text)).collect();
    if text.is_empty() || all == solid(text) {
        return words.to_vec();
    }
    on_their_places(&text.chars().collect::<Vec<_>>(), words).unwrap_or_else(|| words.to_vec())
}

fn on_their_places(text: &[char], words: &[Word]) -> Option<Vec<Word>> {
    let mut seated: Vec<Word> = Vec::with_capacity(words.len());
    let mut cursor = 0;
    let mut leading = String::new();
    for word in words {
        let wanted: Vec<char> = word.text.trim().chars().collect();
        let at = (cursor..=cursor + REACH).find(|at| text.get(*at..at + wanted.len()) == Some(&wanted[..]))?;
        let between: String = text.get(cursor..at)?.iter().collect();
        // Letters between two words belong to a word that is missing: then the text says more than the words.
        if between.contains(char::is_alphanumeric) {
            return None;
        }
        match seated.last_mut() {
            Some(before) => before.text.push_str(between.trim()),
            None => leading = between.trim().to_owned(),
        }
        seated.push(Word { text: wanted.iter().collect(), ..word.clone() });
        cursor = at + wanted.len();
    }
    let rest: String = text.get(cursor..)?.iter().collect();
    if rest.contains(char::is_alphanumeric) {
        return None;
    }
    seated.last_mut()?.text.push_str(rest.trim());
    seated.first_mut()?.text.insert_str(0, &leading);
    Some(seated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::MediaSpan;

    fn seated_texts(text: &str, words: &[&str]) -> Vec<String> {
        let words: Vec<Word> = words.iter().map(|text| Word::new(*text, MediaSpan::default(), 1.0)).collect();
        seated(text, &words).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn marks_that_only_the_text_has_go_to_the_word_before_them() {
        assert_eq!(seated_texts("Hello, is it you?", &["Hello", "is", "it", "you"]), ["Hello,", "is", "it", "you?"]);
        assert_eq!(seated_texts("“停水了。”", &["停", "水", "了"]), ["“停", "水", "了。”"]);
    }

    #[test]
    fn words_that_do_not_go_with_the_text_stay_as_they_are() {
        assert_eq!(seated_texts("Hello there you", &["Hello", "you"]), ["Hello", "you"]);
        assert_eq!(seated_texts("", &["a", "b"]), ["a", "b"]);
    }
}
