//! Cantonese that a model without it wrote down as Chinese: its function words tell. Pure.

use super::spacing::is_ideograph;

/// Function words of written Cantonese that written Mandarin has not, the same in both scripts. 係 (關係), 俾 and 睇 are
/// left out: Mandarin has them too.
const FUNCTION_WORDS: [char; 22] = [
    '嘅', '喺', '咗', '冇', '佢', '啲', '哋', '嚟', '嗰', '㗎', '唔', '咁', '嘢', '乜', '噉', '啱', '瞓', '攞', '畀',
    '嗮', '冚', '咪',
];
/// One function word is enough in a phrase of so many characters; longer text needs two.
const SHORT: usize = 8;
/// Speech has at least one function word among so many characters.
const ONE_IN: usize = 12;

/// Whether Chinese text is Cantonese. A name or a borrowed word in Mandarin is not enough.
pub fn is_cantonese(text: &str) -> bool {
    let characters = text.chars().filter(|c| is_ideograph(*c)).count();
    let marks = text.chars().filter(|c| FUNCTION_WORDS.contains(c)).count();
    marks * ONE_IN >= characters && (marks >= 2 || marks == 1 && characters <= SHORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_words_mark_cantonese_in_either_script() {
        for said in [
            "我屋企冇水",
            "佢喺旺角，啲水浸咗入嚟",
            "盏街灯坏咗",
            "我想報告嗰條街嘅街燈唔着",
            "唔該",
            "喺天水围嗰边冇晒电",
        ] {
            assert!(is_cantonese(said), "{said}");
        }
    }

    #[test]
    fn mandarin_is_not_taken_for_cantonese() {
        for said in [
            "您好，我家停水了",
            "這件事情跟我們沒有關係",
            "俾斯麦路的路灯坏了",
            "我在冇记茶餐厅旁边，门口的水管爆了，请派人来看一下",
            "他说唔，知道了，然后就把电话挂了，再也没有回来",
            "咪表坏了不能付钱，车停在这里已经两个小时了",
            "",
            "Hello there",
        ] {
            assert!(!is_cantonese(said), "{said}");
        }
    }
}
