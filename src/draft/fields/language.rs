//! Which language the caller speaks.

use super::EXTRACTOR;
use crate::call::Language;
use crate::draft::evidence::Segment;
use crate::draft::schema::{Field, LanguageSection, Source};

/// Words that Cantonese has and Mandarin has not.
const CANTONESE: &[char] = &['嘅', '係', '喺', '冇', '唔', '咗', '佢', '啲', '哋', '嚟', '嗰', '㗎'];

/// The language of most of the words, and whether it is Cantonese.
pub fn spoken(segments: &[Segment<'_>]) -> (LanguageSection, bool) {
    let mut heard: Vec<(String, usize, usize)> = Vec::new();
    for (line, segment) in segments.iter().enumerate() {
        let chars = segment.chars();
        let marks = chars.iter().filter(|c| CANTONESE.contains(c)).count();
        let traditional = chars.iter().any(|c| "個這們說話電號國過來時車門開".contains(*c));
        let tag = match segment.utterance.language {
            Some(Language::En) => "en",
            Some(Language::Yue) => {
                if traditional || marks > 0 {
                    "yue-Hant"
                } else {
                    "yue-Hans"
                }
            }
            Some(Language::Zh) | None if marks > 0 && marks * 25 >= chars.len() => "yue-Hant",
            Some(Language::Zh) => {
                if traditional {
                    "cmn-Hant"
                } else {
                    "cmn-Hans"
                }
            }
            None => continue,
        };
        match heard.iter_mut().find(|(known, ..)| known == tag) {
            Some(entry) => entry.1 += chars.len(),
            None => heard.push((tag.to_owned(), chars.len(), line)),
        }
    }
    let total: usize = heard.iter().map(|(_, chars, _)| chars).sum();
    let best = heard.iter().max_by_key(|(_, chars, _)| *chars).cloned();
    let Some((tag, chars, line)) = best else {
        return (LanguageSection::default(), false);
    };
    let cantonese = tag.starts_with("yue");
    let mixed_with = heard.into_iter().map(|(other, ..)| other).filter(|other| *other != tag).collect();
    let evidence = segments.get(line).map(|segment| segment.evidence(0..segment.len())).into_iter().collect();
    let share = chars as f32 / total.max(1) as f32;
    (
        LanguageSection {
            // No single word of it decides.
            primary: Field {
                needs_review: false,
                ..Field::found(tag, share * 0.95, Source::Classifier, evidence, EXTRACTOR)
            },
            mixed_with,
            ..LanguageSection::default()
        },
        cantonese,
    )
}
