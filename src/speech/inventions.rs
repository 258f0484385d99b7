//! Sentences that Whisper models are known to invent where nobody speaks. They count only together with a low
//! confidence: callers do say "thank you for watching my house". Pure.
//!
//! Sources: the "bag of hallucinations" of Baranski et al., "Investigation of Whisper ASR Hallucinations Induced by
//! Non-Speech Audio" (ICASSP 2025); reports in openai/whisper (pull request 1838, discussion 2015) and, for Chinese and
//! Cantonese, the lists that public transcription programs keep. They stem from subtitles and ends of videos.

use super::text::convert;
use crate::call::{Language, Script};

const ENGLISH: [&str; 14] = [
    "thanks for watching",
    "thank you for watching",
    "thank you so much for watching",
    "please subscribe",
    "like and subscribe",
    "don't forget to subscribe",
    "see you in the next video",
    "subtitles by",
    "subtitled by",
    "transcribed by",
    "transcription by",
    "translated by",
    "amara.org",
    "www.",
];
/// Simplified, without spaces.
const MANDARIN: [&str; 16] = [
    "字幕由",
    "字幕by",
    "字幕志愿者",
    "字幕制作",
    "字幕组",
    "谢谢观看",
    "感谢观看",
    "谢谢收看",
    "感谢收看",
    "请不吝点赞",
    "明镜与点点",
    "优优独播剧场",
    "点赞订阅",
    "订阅转发",
    "下集再见",
    "以上言论不代表本台立场",
];
/// The same of Cantonese programmes.
const CANTONESE: [&str; 5] = ["多谢您收睇", "多谢收睇", "时局新闻", "欢迎收睇", "mingpaocanada"];

/// Whether one of them is in the text. A model that takes noise for speech takes it for any language, so the tables of
/// other languages count too; Chinese is compared in one script.
pub fn holds_invention(text: &str, language: Option<Language>) -> bool {
    let text = text.to_lowercase();
    let found = |table: &[&str], text: &str| table.iter().any(|known| text.contains(known));
    if found(&ENGLISH, &text) {
        return true;
    }
    if language == Some(Language::En) && text.is_ascii() {
        return false;
    }
    let solid: String = convert(&text, Script::Simplified).chars().filter(|c| c.is_alphanumeric()).collect();
    found(&MANDARIN, &solid) || found(&CANTONESE, &solid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inventions_are_known_in_three_languages_and_both_scripts() {
        for text in [
            "Thanks for watching!",
            "Subtitles by the Amara.org community",
            "中文字幕由 Amara.org 社群提供",
            "請不吝點贊 訂閱 轉發 打賞支持明鏡與點點欄目",
            "优优独播剧场——YoYo Television Series Exclusive",
            "多謝您收睇時局新聞，再會！",
            "MING PAO CANADA // MING PAO TORONTO",
        ] {
            assert!(holds_invention(text, Some(Language::Zh)), "{text}");
        }
    }

    #[test]
    fn what_callers_say_is_none() {
        for text in ["thank you, goodbye", "谢谢，再见", "唔該晒，拜拜", "I was watching the street", "电视没有信号"]
        {
            assert!(!holds_invention(text, Some(Language::Zh)), "{text}");
        }
    }
}
