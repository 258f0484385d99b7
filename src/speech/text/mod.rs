//! Whatever a recogniser wrote, in the line's script and with the spaces and marks of its language. Pure.
//!
//! Numbers stay as they were spoken; the draft reads them. Doing it twice changes nothing.

mod cantonese;
mod marks;
mod script;
mod seat;
mod spacing;

#[cfg(test)]
mod tests;

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::call::{Alignment, Hypothesis, Language, MediaSpan, SpokenHere, Word};

pub use script::convert;
pub use spacing::{is_ideograph, is_wide_mark, text_of};

/// A recogniser's result as it is shown and stored. Words keep their times; the text is what they say.
pub fn tidy(hypothesis: Hypothesis, spoken: &SpokenHere) -> Hypothesis {
    let Hypothesis { text, words, language, alignment, .. } = &hypothesis;
    let mut words: Vec<Word> = seat::seated(text, words).iter().flat_map(|word| parted(word, *alignment)).collect();
    if let Some(script) = spoken.script {
        script::convert_words(&mut words, script);
    }
    marks::settle(&mut words);
    let text = text_of(&words);
    if !text.contains(char::is_alphanumeric) {
        return Hypothesis::empty(hypothesis.no_speech_probability);
    }
    let language = language.map(|language| named(language, &text, spoken));
    Hypothesis { text, words, language, ..hypothesis }
}

/// Cantonese comes as Chinese from models that do not know it.
fn named(language: Language, text: &str, spoken: &SpokenHere) -> Language {
    let may_be = spoken.languages.is_empty() || spoken.languages.contains(&Language::Yue);
    if language == Language::Zh && may_be && cantonese::is_cantonese(text) { Language::Yue } else { language }
}

/// Words that came as one, and share its time by their length.
fn parted(word: &Word, alignment: Alignment) -> Vec<Word> {
    let text = clean(&word.text);
    let length = text.chars().filter(|c| *c != ' ').count() as u64;
    let at = |done: u64| word.span.start + word.span.millis() * done / length.max(1);
    let mut done = 0;
    let mut parts = Vec::new();
    for part in text.split(' ') {
        let from = done;
        done += part.chars().count() as u64;
        let span = if alignment == Alignment::Segment { word.span } else { MediaSpan::new(at(from), at(done)) };
        parts.push(Word { text: part.to_owned(), span, ..word.clone() });
    }
    parts
}

/// One form for each character (NFKC), no control or direction characters, single spaces inside.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Whitespace may be a control character; what is invisible must not part a letter from its accent.
    let visible: String = text.chars().filter(|c| c.is_whitespace() || !c.is_control() && !is_invisible(*c)).collect();
    for c in ComposingNormalizerBorrowed::new_nfkc().normalize(&visible).chars() {
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Zero-width, direction and byte order characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
