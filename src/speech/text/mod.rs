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

use crate::call::{Hypothesis, Language, SpokenHere};

pub use script::convert;
pub use spacing::{is_ideograph, is_wide_mark, text_of};

/// A recogniser's result as it is shown and stored. Words keep their times; the text is what they say.
pub fn tidy(hypothesis: Hypothesis, spoken: &SpokenHere) -> Hypothesis {
    let Hypothesis { text, words, language, .. } = &hypothesis;
    let mut words = seat::seated(text, words);
    words.iter_mut().for_each(|word| word.text = clean(&word.text));
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

/// One form for each character (NFKC), no control or direction characters, single spaces inside.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in ComposingNormalizerBorrowed::new_nfkc().normalize(text).chars() {
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !c.is_control() && !is_invisible(c) {
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
