//! The recording notice as a caller reads it: the words that are spoken, with the number for danger in digits.

use serde::Serialize;

use super::prompt::text_of;
use crate::call::Language;

/// The notice in each script that the caller's page can be read in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrittenNotice {
    pub en: String,
    #[serde(rename = "zh-Hans")]
    pub hans: String,
    #[serde(rename = "zh-Hant")]
    pub hant: String,
}

impl WrittenNotice {
    /// `languages`: those the line speaks. Where that is Cantonese and not Mandarin, the traditional text is Cantonese.
    pub fn new(languages: &[Language], emergency_number: &str) -> Self {
        let cantonese = languages.contains(&Language::Yue) && !languages.contains(&Language::Zh);
        let hant = if cantonese { "yue" } else { "zh-Hant" };
        let chinese = |written: &str| format!("{}{emergency_number}。", text_of(written, "notice"));
        let en = format!("{} {emergency_number}.", text_of("en", "notice"));
        Self { en, hans: chinese("zh"), hant: chinese(hant) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::prompt::{PromptName, Prompts};
    use super::*;

    #[test]
    fn what_is_read_is_what_is_spoken_with_the_number_for_danger() {
        let all = [Language::En, Language::Zh, Language::Yue];
        let prompts = Prompts::load(&all, None).unwrap();
        let spoken = |language| prompts.get(language, PromptName::Notice).unwrap().text.clone();
        let written = WrittenNotice::new(&all, "999");
        assert_eq!(written.en, format!("{} 999.", spoken(Language::En)));
        assert_eq!(written.hans, format!("{}999。", spoken(Language::Zh)));
        assert_eq!(written.hant, "通話會錄音，機器記錄，人工查看。遇險請掛斷撥打999。");
        assert_eq!(written.hant.chars().count(), written.hans.chars().count(), "the same words in the other script");
        let cantonese = WrittenNotice::new(&[Language::Yue, Language::En], "999");
        assert_eq!(cantonese.hant, format!("{}999。", spoken(Language::Yue)));
    }
}
