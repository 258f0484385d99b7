//! The part of a growing hypothesis that may be shown: words two successive results agree on (LocalAgreement-2,
//! Liu, Spanakis and Niehues 2020). Pure.

use super::text::text_of;
use crate::call::{Hypothesis, Word};

/// State for one open segment; make a new one for the next.
#[derive(Default)]
pub struct StablePrefix {
    previous: Vec<Word>,
    agreed: usize,
}

impl StablePrefix {
    pub fn new() -> Self {
        Self::default()
    }

    /// The stable part of `latest`, at least as many words as before; `None` while nothing new is stable.
    ///
    /// A shown word is never taken back: should a later result disagree, only the final corrects it.
    pub fn push(&mut self, latest: Hypothesis) -> Option<Hypothesis> {
        let same = |(a, b): &(&Word, &Word)| bare(&a.text) == bare(&b.text);
        let agreeing = self.previous.iter().zip(&latest.words).take_while(same).count();
        let mut words: Vec<Word> = self.previous.iter().take(self.agreed).cloned().collect();
        let grown = agreeing > self.agreed;
        if grown {
            words = latest.words.iter().take(agreeing).cloned().collect();
            self.agreed = agreeing;
        }
        // Kept so that a disagreeing result cannot change what the next ones are compared with before `agreed`.
        self.previous = words.iter().cloned().chain(latest.words.iter().skip(self.agreed).cloned()).collect();
        grown.then(|| Hypothesis { text: text_of(&words), words, ..latest })
    }
}

/// A word without the punctuation and capitals that change as a sentence grows.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Language, MediaSpan, MediaTime};

    fn hypothesis(text: &str) -> Hypothesis {
        let words = text.split(' ').map(|t| Word::new(t, MediaSpan::new(MediaTime(0), MediaTime(1)), 1.0)).collect();
        Hypothesis { text: text.into(), language: Some(Language::En), words, ..Hypothesis::default() }
    }

    fn shown(stable: &mut StablePrefix, text: &str) -> Option<String> {
        stable.push(hypothesis(text)).map(|h| h.text)
    }

    #[test]
    fn only_what_two_results_agree_on_is_shown() {
        let mut stable = StablePrefix::new();
        assert_eq!(shown(&mut stable, "I can smell"), None);
        assert_eq!(shown(&mut stable, "I can smell. Gas"), Some("I can smell.".into()));
        assert_eq!(shown(&mut stable, "I can smell gas in"), Some("I can smell gas".into()));
    }

    #[test]
    fn a_shown_word_is_never_taken_back() {
        let mut stable = StablePrefix::new();
        shown(&mut stable, "my name is");
        assert_eq!(shown(&mut stable, "my name is Anna"), Some("my name is".into()));
        assert_eq!(shown(&mut stable, "thank you"), None);
        assert_eq!(shown(&mut stable, "my name is Anna Walker"), None);
        assert_eq!(shown(&mut stable, "my name is Anna Walker and"), Some("my name is Anna Walker".into()));
    }
}
