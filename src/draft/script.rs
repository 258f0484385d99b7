//! Chinese characters as one, whichever script they are written in and, more coarsely, as they sound. For matching
//! only: what is shown stays as it was heard.
//!
//! A recogniser prints either script for either language, and for a word it does not know another word of the same
//! sound (公暖 for 供暖).

use std::collections::HashMap;
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

use super::normal::is_han;

/// Simplified form of each character that has another; read out of OpenCC's dictionaries when first needed.
static SIMPLE: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let all: String = ('\u{3400}'..='\u{9FFF}').flat_map(|c| [c, '\n']).collect();
    let simple = match OpenCC::from_config(BuiltinConfig::Hk2s) {
        Ok(dictionaries) => dictionaries.convert(&all),
        Err(e) => {
            tracing::error!(reason = %e, "words of the other Chinese script are not found; rebuild");
            return HashMap::new();
        }
    };
    let pairs = all.lines().zip(simple.lines()).filter_map(|(from, to)| {
        let (mut from, mut to) = (from.chars(), to.chars());
        Some((from.next()?, to.next().filter(|_| to.next().is_none())?))
    });
    // 著 is a word of its own in both scripts; in calls it is 着.
    pairs.filter(|(from, to)| from != to).chain([('著', '着')]).collect()
});

/// The first of all characters that sound alike, of those in common use. A line of the file: syllable without its tone,
/// characters of GB 2312 level 1.
static SOUND: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let mut first: HashMap<String, char> = HashMap::new();
    let mut sounds = HashMap::new();
    for (syllable, chars) in include_str!("data/homophones.txt").lines().filter_map(|line| line.split_once(' ')) {
        let Some(c) = chars.chars().next() else { continue };
        let alike = *first.entry(blurred(syllable)).or_insert(c);
        sounds.extend(chars.chars().map(|c| (c, alike)));
    }
    sounds
});

/// Southern speakers, and recognisers, do not part zh from z, nor ing from in.
fn blurred(syllable: &str) -> String {
    let initial = ["zh", "ch", "sh"].iter().find(|initial| syllable.starts_with(**initial));
    let spoken = initial.map_or_else(|| syllable.to_owned(), |_| syllable.replacen('h', "", 1));
    match spoken.strip_suffix('g') {
        Some(short) if short.ends_with("in") || short.ends_with("en") => short.to_owned(),
        _ => spoken,
    }
}

pub fn simplified(c: char) -> char {
    if is_han(c) { SIMPLE.get(&c).copied().unwrap_or(c) } else { c }
}

/// One character for all that sound like it; others stand for themselves.
pub fn sound(c: char) -> char {
    let c = simplified(c);
    SOUND.get(&c).copied().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(text: &str, form: fn(char) -> char) -> String {
        text.chars().map(form).collect()
    }

    #[test]
    fn the_same_words_in_either_script_are_one() {
        for (hant, hans) in [("電梯壞咗", "电梯坏咗"), ("為咗衞生署嘅裏面", "为咗卫生署嘅里面"), ("著火", "着火")]
        {
            assert_eq!(each(hant, simplified), each(hans, simplified));
            assert_eq!(each(hans, simplified), hans);
        }
    }

    #[test]
    fn words_that_a_recogniser_takes_for_each_other_sound_alike() {
        for (heard, meant) in [("公暖", "供暖"), ("无业", "物业"), ("小曲", "小區"), ("外牆石史", "外墙石屎")]
        {
            assert_eq!(each(heard, sound), each(meant, sound), "{heard}");
        }
        assert_ne!(each("电梯", sound), each("电灯", sound));
    }
}
