//! How Chinese characters sound, without tones: what a recogniser that hears the sound may have written instead.

use std::collections::HashMap;

/// Syllables of one language, each a number.
pub type Syllable = u16;

/// Readings of characters, from the Unicode Character Database.
pub struct Sounds {
    /// A character may be read in several ways.
    mandarin: HashMap<char, Vec<Syllable>>,
    cantonese: HashMap<char, Vec<Syllable>>,
}

impl Sounds {
    /// Parses `[language]` headings, and under them `syllable characters` a line; `#` begins a comment.
    pub fn parse(table: &str) -> Self {
        let mut sounds = Self { mandarin: HashMap::new(), cantonese: HashMap::new() };
        let mut cantonese = false;
        let rows = table.lines().filter(|row| !row.starts_with('#'));
        for (row, syllable) in rows.zip(0..Syllable::MAX) {
            match row.split_once(' ') {
                None => cantonese = row == "[cantonese]",
                Some((_, characters)) => {
                    let readings = if cantonese { &mut sounds.cantonese } else { &mut sounds.mandarin };
                    characters.chars().for_each(|c| readings.entry(c).or_default().push(syllable));
                }
            }
        }
        sounds
    }

    /// Every way in which a character is read.
    pub fn readings(&self, c: char, cantonese: bool) -> &[Syllable] {
        let readings = if cantonese { &self.cantonese } else { &self.mandarin };
        readings.get(&c).map_or(&[], Vec::as_slice)
    }

    /// Two characters can sound the same but for the tone.
    pub fn alike(&self, a: char, b: char, cantonese: bool) -> bool {
        let b = self.readings(b, cantonese);
        self.readings(a, cantonese).iter().any(|syllable| b.contains(syllable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_one_sound_are_alike_in_the_language_that_says_them_so() {
        let sounds = Sounds::parse(include_str!("data/readings.txt"));
        for (a, b, mandarin, cantonese) in [
            ('宝', '堡', true, true),
            ('马', '馬', true, true),
            ('雨', '宇', true, true),
            ('里', '李', true, true),
            ('路', '街', false, false),
            ('黃', '王', false, true),
            ('期', '七', true, false),
            ('a', '阿', false, false),
        ] {
            assert_eq!(sounds.alike(a, b, false), mandarin, "{a}{b} in Mandarin");
            assert_eq!(sounds.alike(a, b, true), cantonese, "{a}{b} in Cantonese");
        }
    }
}
