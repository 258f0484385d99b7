use super::*;
use crate::call::{MediaTime, SpokenHere};
use crate::speech::text::tidy;

/// A segment from 10 to 14 s of a call.
fn segment() -> MediaSpan {
    MediaSpan::new(MediaTime(10_000), MediaTime(14_000))
}

fn heard(json: &str) -> Hypothesis {
    tidy(Answer::read(json.as_bytes()).unwrap().hypothesis(segment(), None).unwrap(), &SpokenHere::default())
}

fn plain(hypothesis: &Hypothesis) -> Vec<(&str, u64, u64)> {
    hypothesis.words.iter().map(|w| (w.text.as_str(), w.span.start.0, w.span.end.0)).collect()
}

#[test]
fn words_without_punctuation_get_it_from_the_text() {
    let answer = heard(
        r#"{"task":"transcribe","language":"english","duration":4.0,"text":"Hello, is this the city?",
            "words":[{"word":"Hello","start":0.2,"end":0.6},{"word":"is","start":0.9,"end":1.0},
                     {"word":"this","start":1.0,"end":1.2},{"word":"the","start":1.2,"end":1.3},
                     {"word":"city","start":1.3,"end":1.8}],
            "segments":[{"id":0,"start":0.0,"end":4.0,"text":" Hello, is this the city?","avg_logprob":-0.2,
                         "no_speech_prob":0.01,"tokens":[1],"temperature":0.0,"compression_ratio":1.0}]}"#,
    );
    assert_eq!((answer.text.as_str(), answer.alignment), ("Hello, is this the city?", Alignment::Word));
    assert_eq!(plain(&answer)[0], ("Hello,", 10_200, 10_600));
    assert_eq!(plain(&answer)[4], ("city?", 11_300, 11_800));
    assert_eq!((answer.language, answer.no_speech_probability), (Some(Language::En), Some(0.01)));
    assert!((answer.words[0].confidence - (-0.2_f32).exp()).abs() < 1e-5);
}

#[test]
fn tokens_within_segments_become_words() {
    let answer = heard(
        r#"{"text":" Maple Street","language":"en","segments":[{"text":" Maple Street","start":0,"end":1.5,
            "avg_logprob":-0.1,"words":[{"word":" Ma","start":0.1,"end":0.3,"probability":0.9},
            {"word":"ple","start":0.3,"end":0.5,"probability":0.4},{"word":" Street","start":0.5,"end":1.1,"probability":0.8}]}]}"#,
    );
    assert_eq!(plain(&answer), [("Maple", 10_100, 10_500), ("Street", 10_500, 11_100)]);
    assert_eq!(answer.words[0].confidence, 0.4);
}

#[test]
fn a_chinese_word_is_shared_out_to_its_characters() {
    let answer = heard(
        r#"{"text":"停水了。","language":"chinese","words":[{"word":"停水","start":0.0,"end":0.8},{"word":"了","start":0.8,"end":1.0}]}"#,
    );
    assert_eq!(plain(&answer), [("停", 10_000, 10_400), ("水", 10_400, 10_800), ("了。", 10_800, 11_000)]);
    assert_eq!((answer.text.as_str(), answer.language), ("停水了。", Some(Language::Zh)));
}

#[test]
fn without_word_times_every_word_carries_the_segment_and_says_so() {
    for json in [
        r#"{"text":"gas in the basement"}"#,
        r#"{"text":"gas in the basement","words":[],"segments":[{"start":0.0,"end":1.0,"text":"gas in the basement"}]}"#,
        r#"{"segments":[{"start":0.0,"end":0.5,"text":"gas in"},{"start":0.5,"end":1.0,"text":"the basement"}]}"#,
        r#"{"text":"gas in the basement","words":[{"word":"gas in the basement","start":0,"end":0}]}"#,
        r#"{"text":"gas in the basement","words":[{"word":"gas","start":null,"end":null}]}"#,
    ] {
        let answer = heard(json);
        assert_eq!((answer.text.as_str(), answer.alignment), ("gas in the basement", Alignment::Segment), "{json}");
        assert!(answer.words.len() == 4 && answer.words.iter().all(|w| w.span == segment()), "{json}");
        assert!(answer.words.iter().all(|w| w.confidence == UNKNOWN_CONFIDENCE), "{json}");
    }
}

#[test]
fn times_and_probabilities_from_outside_stay_within_bounds() {
    let answer = heard(
        r#"{"text":"a b c d","words":[{"word":"a","start":-5,"end":1e300},{"word":"b","start":3.0,"end":2.0},
            {"word":"c","start":99,"end":98,"probability":7},{"word":"d","start":2500000000,"end":3000000000}],
            "segments":[{"text":"a b c d","start":0,"end":4,"avg_logprob":3e9,"no_speech_prob":-4}]}"#,
    );
    assert!(answer.words.iter().all(|w| w.span.start >= segment().start && w.span.end <= segment().end));
    assert!(answer.words.windows(2).all(|w| w[0].span.start <= w[1].span.start));
    assert!(answer.words.iter().all(|w| (0.0..=1.0).contains(&w.confidence)));
    assert_eq!((answer.average_log_probability, answer.no_speech_probability), (Some(0.0), Some(0.0)));
    assert_eq!(within(segment(), f64::NAN, 1.0), None);
    // LocalAI's nanoseconds.
    assert_eq!(within(segment(), 2.5e9, 3e9), within(segment(), 2.5, 3.0));
}

#[test]
fn silence_and_punctuation_are_no_words() {
    for json in [r#"{"text":""}"#, r#"{"text":" ... ","segments":[]}"#, r#"{"text":null,"segments":[]}"#] {
        let answer = heard(json);
        assert!(answer.words.is_empty() && answer.text.is_empty(), "{json}");
    }
}

#[test]
fn junk_is_refused_without_quoting_it() {
    let many = format!(r#"{{"text":"{}"}}"#, "canary ".repeat(limits::MAX_ENGINE_WORDS + 1));
    let timed = vec![r#"{"word":"canary","start":0,"end":1}"#; limits::MAX_ENGINE_WORDS + 1].join(",");
    let timed = format!(r#"{{"text":"x","words":[{timed}]}}"#);
    // One timed word that is split into its characters.
    let page = "电".repeat(limits::MAX_ENGINE_WORDS + 1);
    let page = format!(r#"{{"text":"x","words":[{{"word":"{page}","start":0,"end":1}}]}}"#);
    let mut junk = vec!["<html>canary</html>", "{\"canary\":1}", "{}", "null", "", "{\"text\":\"canary", "\"canary\""];
    junk.extend([many.as_str(), &timed, &page]);
    for body in junk {
        let read = Answer::read(body.as_bytes()).and_then(|a| a.hypothesis(segment(), None));
        let said = read.unwrap_err();
        assert!(said.contains("expected") && !said.contains("canary"), "{said}");
    }
}

#[test]
fn languages_are_known_by_name_and_by_code() {
    let cases =
        [("english", "en"), ("EN", "en"), ("Chinese", "zh"), ("zh-CN", "zh"), ("cantonese", "yue"), ("yue", "yue")];
    for (said, code) in cases {
        assert_eq!(language(said), Language::from_code(code), "{said}");
    }
    assert_eq!(language("japanese"), None);
    let asked = Answer::read(br#"{"text":"hello"}"#).unwrap().hypothesis(segment(), Some(Language::En)).unwrap();
    assert_eq!(asked.language, Some(Language::En), "what it was told counts where it says nothing");
}

#[test]
fn the_prompt_holds_as_many_hot_words_as_the_model_reads() {
    let names = |n: usize| (0..n).map(|i| format!("Street {i:03}")).collect::<Vec<_>>();
    assert_eq!(prompt(&names(2)), "Street 000, Street 001");
    assert_eq!(prompt(&["枫叶街".into(), "市场路".into()]), "枫叶街，市场路");
    assert!(prompt(&names(1_000)).chars().count() <= limits::MAX_ENGINE_PROMPT);
    assert_eq!(prompt(&[]), "");
}
