//! Simplified and Traditional Chinese by OpenCC's dictionaries. Whisper mixes both, at times in one sentence.

use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

use super::spacing::is_ideograph;
use crate::call::{Script, Word};

/// The dictionaries are part of the program, some MiB when unpacked; loaded when first needed.
static SIMPLIFY: LazyLock<Option<OpenCC>> = LazyLock::new(|| load(BuiltinConfig::Hk2s));
/// Hong Kong's forms (為, 裏, 着): the only place with Traditional Chinese whose numbers and language are known here.
static TRADITIONALISE: LazyLock<Option<OpenCC>> = LazyLock::new(|| load(BuiltinConfig::S2hk));
/// A phrase may match what another one left; it settles at the second round or the third.
const ROUNDS: usize = 6;

fn load(dictionaries: BuiltinConfig) -> Option<OpenCC> {
    let loaded = OpenCC::from_config(dictionaries);
    loaded.inspect_err(|e| tracing::error!(reason = %e, "Chinese stays as the recogniser wrote it; rebuild")).ok()
}

/// Text in this script; what is already in it does not change.
pub fn convert(text: &str, script: Script) -> String {
    let converter = match script {
        Script::Simplified => &SIMPLIFY,
        Script::Traditional => &TRADITIONALISE,
    };
    let mut text = text.to_owned();
    let Some(converter) = converter.as_ref().filter(|_| text.contains(is_ideograph)) else { return text };
    for _ in 0..ROUNDS {
        let next = converter.convert(&text);
        if next == text {
            break;
        }
        text = next;
    }
    text
}

/// Which form a character takes depends on the phrase it stands in, so all words are converted at once. Each keeps its
/// time.
pub fn convert_words(words: &mut [Word], script: Script) {
    let whole: String = words.iter().map(|word| word.text.as_str()).collect();
    let converted = convert(&whole, script);
    if converted.chars().count() == whole.chars().count() {
        let mut rest = converted.chars();
        for word in words {
            word.text = rest.by_ref().take(word.text.chars().count()).collect();
        }
    } else {
        // No phrase of the dictionaries changes its length; should a later one, words stay in step without phrases.
        words.iter_mut().for_each(|word| word.text = convert(&word.text, script));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_decide_which_form_a_character_takes() {
        assert_eq!(
            convert("他的头发发现在后面，皇后在里面三公里", Script::Traditional),
            "他的頭髮發現在後面，皇后在裏面三公里"
        );
        assert_eq!(convert("為什麼說衞生署的枱面", Script::Simplified), "为什么说卫生署的台面");
        assert_eq!(convert("No Chinese, no change.", Script::Traditional), "No Chinese, no change.");
    }

    #[test]
    fn mixed_script_comes_out_in_one() {
        let mixed = "我們家停水了，从今天早上開始";
        assert_eq!(convert(mixed, Script::Simplified), "我们家停水了，从今天早上开始");
        assert_eq!(convert(mixed, Script::Traditional), "我們家停水了，從今天早上開始");
    }
}
