//! Two languages in one call, the line's script and its hot words, through the real model.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::call_tests::{distance, heard, recognizer, segments, tokens};
use super::samples::{self, spoken};
use super::text::convert;
use super::*;
use crate::call::{CallId, Language, Script, SegmentOutcome, SpokenHere, Utterance};
use crate::ops::clock::Clock;

/// What the scribe does: each segment is told what was spoken before it.
async fn written_down(pool: &SpeechPool, rate: u32, pcm: &[i16], spoken: &SpokenHere) -> Vec<Utterance> {
    let mut made: Vec<Utterance> = Vec::new();
    for segment in segments(CallId::new(), rate, heard(rate, pcm, rate as usize / 50)) {
        let expected = made.iter().rev().find_map(|u| u.language);
        let segment = SpeechSegment { spoken: spoken.clone(), ..segment }.expecting(expected);
        made.push(pool.recognise(segment, Priority::Final).await);
    }
    made
}

fn joined_call() -> (u32, Vec<i16>) {
    let (rate, mut pcm) = samples::wav("en-gas");
    let (other, chinese) = samples::wav("zh-water");
    assert_eq!(rate, other);
    pcm.extend(chinese);
    (rate, pcm)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_changes_the_language_is_written_down_in_both() {
    let pool = SpeechPool::start(recognizer(), 1, Clock::system()).unwrap();
    let (rate, pcm) = joined_call();
    let here = SpokenHere { script: Some(Script::Traditional), ..spoken(&[Language::En, Language::Zh]) };
    let made = written_down(&pool, rate, &pcm, &here).await;
    let mut wanted: Vec<(Language, Vec<String>)> = Vec::new();
    for (name, language) in [("en-gas", Language::En), ("zh-water", Language::Zh)] {
        let text: Vec<String> = samples::reference(name).sentences.iter().map(|s| s.text.clone()).collect();
        wanted.push((language, tokens(&convert(&text.join(" "), Script::Traditional))));
    }
    for (language, wanted) in wanted {
        let of_it = made.iter().filter(|u| u.language == Some(language));
        let got: Vec<String> = of_it.flat_map(|u| tokens(&u.text)).collect();
        let wrong = distance(&wanted, &got);
        println!("{language:?}: {wrong} of {} wrong: {got:?}", wanted.len());
        assert!(wrong * 100 <= wanted.len() * 8, "{language:?}: {wrong} of {} wrong: {got:?}", wanted.len());
    }
    assert!(made.iter().all(|u| u.outcome == SegmentOutcome::Text), "{made:?}");
    assert!(made.windows(2).filter(|w| w[0].language != w[1].language).count() == 1, "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn chinese_is_written_in_the_script_of_the_line() {
    let pool = SpeechPool::start(recognizer(), 1, Clock::system()).unwrap();
    let (rate, pcm) = samples::wav("zh-water");
    for (script, other) in [(Script::Simplified, Script::Traditional), (Script::Traditional, Script::Simplified)] {
        let here = SpokenHere { script: Some(script), ..spoken(&[Language::Zh]) };
        let made = written_down(&pool, rate, &pcm, &here).await;
        let text: String = made.iter().map(|u| u.text.as_str()).collect();
        println!("{script:?}: {text}");
        assert_eq!(text, convert(&text, script));
        assert_ne!(text, convert(&text, other), "the call has characters that differ");
        for u in &made {
            let said: String = u.words.iter().map(|w| w.text.as_str()).collect();
            assert_eq!(said, u.text.replace(' ', ""), "words and text agree");
        }
    }
}

/// The bundled model under the name of one that knows prompts: it does not, which is what makes this a hard case.
fn prompted() -> Arc<WhisperRecognizer> {
    let path = samples::path("models/heardline-nano.bin");
    let info = ModelInfo { demo: false, ..verify(&path, &Catalogue::bundled().unwrap(), None).unwrap() };
    let settings = WhisperSettings { window_margin_ms: 640, window_floor_ms: 2_000 };
    Arc::new(WhisperRecognizer::load(&path, info, settings).unwrap())
}

#[test]
fn what_a_hot_word_brought_is_marked_and_what_is_in_the_sound_is_not() {
    let (rate, pcm) = samples::wav("en-heating");
    let free = Arc::new(AtomicBool::new(false));
    let mut plain = recognizer().worker().unwrap();
    let mut eager = prompted().worker().unwrap();
    let names = ["Maple Street", "Oak Avenue", "City Hall"].map(str::to_owned).to_vec();
    let (mut marked, mut wrong, mut total, mut reached) = (0, 0, 0, false);
    for segment in segments(CallId::new(), rate, heard(rate, &pcm, 160)) {
        let without = plain.recognise(&segment, &free).unwrap();
        let mut told = segment.clone();
        told.spoken.hot_words.clone_from(&names);
        // Without a model that takes prompts, hot words change nothing.
        assert_eq!(plain.recognise(&told, &free).unwrap(), without);
        let with = eager.recognise(&told, &free).unwrap();
        println!("without: {}\n   with: {}", without.text, with.text);
        reached |= with.average_log_probability != without.average_log_probability;
        wrong += distance(&tokens(&without.text), &tokens(&with.text));
        total += tokens(&without.text).len();
        let checked = hot::names_any(&with.words, &names);
        let heard_plain = tokens(&without.text);
        for word in &with.words {
            marked += usize::from(word.prompted);
            let there = tokens(&word.text).iter().all(|key| heard_plain.contains(key));
            assert!(!word.prompted || checked, "{word:?} was marked without a hot word");
            assert!(there || !checked || word.prompted, "{word:?} came with the prompt alone and is not marked");
        }
    }
    println!("{wrong} of {total} words differ with a prompt, {marked} marked");
    assert!(reached, "the prompt changes no probability: it does not reach the model");
}

/// CPU time with the language taken from what was said before, and with detection for every segment. For reading:
/// `cargo test --lib speech::language_tests::the_cost -- --ignored --nocapture`
#[test]
#[ignore = "prints figures"]
fn the_cost_of_detection_is_saved() {
    let (rate, pcm) = joined_call();
    let all = segments(CallId::new(), rate, heard(rate, &pcm, rate as usize / 50));
    let free = Arc::new(AtomicBool::new(false));
    let mut worker = recognizer().worker().unwrap();
    let cpu = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    for round in 0..3 {
        for keep in [false, true] {
            let began = cpu();
            let mut expected = None;
            for segment in &all {
                let made = worker.recognise(&segment.clone().expecting(expected), &free).unwrap();
                expected = made.language.filter(|_| keep);
            }
            println!("round {round}, language kept {keep}: {:.3} CPU s for {} segments", cpu() - began, all.len());
        }
    }
}
