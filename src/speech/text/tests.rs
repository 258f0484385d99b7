//! What the text stage promises of any recogniser's result.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::call::{MediaSpan, MediaTime, Script, Word};

fn words(texts: &[&str]) -> Vec<Word> {
    let at = |n: usize| MediaTime(n as u64 * 100);
    texts.iter().enumerate().map(|(n, text)| Word::new(*text, MediaSpan::new(at(n), at(n + 1)), 0.9)).collect()
}

fn heard(language: Language, texts: &[&str]) -> Hypothesis {
    let words = words(texts);
    Hypothesis { text: text_of(&words), language: Some(language), words, ..Hypothesis::default() }
}

fn line(script: Option<Script>, languages: &[Language]) -> SpokenHere {
    SpokenHere { languages: languages.to_vec(), script, ..SpokenHere::default() }
}

#[test]
fn mixed_chinese_and_english_comes_out_with_the_spaces_and_marks_of_the_convention() {
    let mixed = heard(Language::Zh, &["我", "家", "的", "ＷｉＦｉ", "坏", "了,", "在", "３", "号", "楼", "B", "座."]);
    let plain = tidy(mixed.clone(), &line(None, &[Language::Zh]));
    assert_eq!(plain.text, "我家的 WiFi 坏了，在3号楼B座。");
    let hant = tidy(mixed, &line(Some(Script::Traditional), &[Language::Zh]));
    assert_eq!(hant.text, "我家的 WiFi 壞了，在3號樓B座。");
    assert_eq!(hant.words[4].text, "壞");
    assert_eq!(hant.words[4].span, plain.words[4].span);
}

#[test]
fn spoken_numbers_stay_as_they_were_spoken() {
    for said in [&["五", "五", "五", "零", "一", "三", "四"][..], &["five", "five", "five", "oh", "one"]] {
        let before = heard(Language::Zh, said);
        assert_eq!(tidy(before.clone(), &line(Some(Script::Simplified), &[])).text, before.text);
    }
}

#[test]
fn cantonese_of_a_model_without_it_is_named_where_the_line_has_it() {
    let said = heard(Language::Zh, &["我", "屋", "企", "冇", "水"]);
    let language = |languages: &[Language]| tidy(said.clone(), &line(None, languages)).language;
    assert_eq!(language(&[Language::Zh, Language::Yue]), Some(Language::Yue));
    assert_eq!(language(&[Language::En, Language::Zh]), Some(Language::Zh));
    let mandarin = heard(Language::Zh, &["我", "家", "停", "水", "了"]);
    assert_eq!(tidy(mandarin, &line(None, &[Language::Yue])).language, Some(Language::Zh));
}

#[test]
fn marks_alone_are_no_text() {
    let nothing = tidy(heard(Language::En, &["...", "?"]), &line(None, &[]));
    assert_eq!((nothing.text.as_str(), nothing.words.len()), ("", 0));
}

/// Letters of all kinds a recogniser writes, both scripts, marks of both widths, spaces, invisible ones.
const ALPHABET: &str = "我們们家裡裏里发發髮后後著着為为说說説温溫只隻衹干乾幹面麵面台臺冇嘅aZé0９３，,。.、!！?？…-—:：;；\
    “”()（）  \u{3000}\u{200b}\u{301}℃";

#[test]
#[ignore = "mixed marks between western letters settled only in the second pass; the mend is not yet shown"]
fn whatever_comes_in_a_second_pass_changes_nothing_and_words_keep_their_order_and_times() {
    let seed: u64 = 20_261_127;
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let alphabet: Vec<char> = ALPHABET.chars().collect();
    let scripts = [None, Some(Script::Simplified), Some(Script::Traditional)];
    for round in 0..3_000 {
        let texts: Vec<String> = (0..rng.random_range(1..12))
            .map(|_| (0..rng.random_range(1..5)).map(|_| alphabet[rng.random_range(0..alphabet.len())]).collect())
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let spoken = line(scripts[round % 3], &[]);
        let once = tidy(heard(Language::Zh, &texts), &spoken);
        let twice = tidy(once.clone(), &spoken);
        assert_eq!(once, twice, "{texts:?} with {:?}", spoken.script);
        assert!(once.words.windows(2).all(|w| w[0].span.end <= w[1].span.start), "{texts:?}");
        assert!(once.words.iter().all(|w| !w.text.is_empty() && w.text.trim() == w.text), "{texts:?}: {once:?}");
        let stop = |c: char| "，。！？、；：,.!?;:".contains(c);
        let chars: Vec<char> = once.text.chars().collect();
        assert!(!chars.first().is_some_and(|c| stop(*c)), "{texts:?}: {}", once.text);
        assert!(!chars.windows(2).any(|w| stop(w[0]) && stop(w[1])), "{texts:?}: {}", once.text);
    }
}
