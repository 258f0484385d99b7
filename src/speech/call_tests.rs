//! Whole calls through the real model: what the pipeline will hear, word for word.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use super::samples::{self, CALLS, spoken};
use super::*;
use crate::call::{CallId, Language, MediaSpan, MediaTime, SegmentOutcome, Utterance};
use crate::ops::clock::Clock;

pub fn recognizer() -> Arc<WhisperRecognizer> {
    static LOADED: OnceLock<Arc<WhisperRecognizer>> = OnceLock::new();
    let load = || {
        let path = samples::path("models/heardline-nano.bin");
        let info = verify(&path, &Catalogue::bundled().unwrap(), None).unwrap();
        let settings = WhisperSettings { window_margin_ms: 640, window_floor_ms: 2_000 };
        Arc::new(WhisperRecognizer::load(&path, info, settings).unwrap())
    };
    Arc::clone(LOADED.get_or_init(load))
}

/// Everything the listener makes of these samples when they come in frames of `size`.
pub fn heard(rate: u32, pcm: &[i16], size: usize) -> Vec<Heard> {
    let mut listener = Listener::new(rate, EndpointRules::default());
    let mut all: Vec<Heard> = samples::frames(rate, pcm, size).iter().flat_map(|f| listener.push(f)).collect();
    all.extend(listener.finish());
    all
}

pub fn segments(call: CallId, rate: u32, heard: Vec<Heard>) -> Vec<SpeechSegment> {
    let spoken = spoken(&[Language::En, Language::Zh]);
    let cuts = heard.into_iter().filter_map(Heard::into_cut);
    cuts.zip(0..).map(|(cut, n)| SpeechSegment::new(call, n, cut, rate, spoken.clone())).collect()
}

pub async fn transcribe(pool: &SpeechPool, rate: u32, pcm: &[i16]) -> Vec<Utterance> {
    let call = CallId::new();
    let mut made = Vec::new();
    for segment in segments(call, rate, heard(rate, pcm, rate as usize / 50)) {
        made.push(pool.recognise(segment, Priority::Final).await);
    }
    made
}

/// Words in lower case without punctuation; characters for Chinese.
pub fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if text::is_ideograph(c) || !(c.is_alphanumeric() || c == '\'') {
            out.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            out.extend(text::is_ideograph(c).then(|| c.to_string()));
        } else {
            word.extend(c.to_lowercase());
        }
    }
    out
}

pub fn distance(a: &[String], b: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = before + usize::from(x != y);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

fn joined(utterances: &[Utterance]) -> Vec<String> {
    utterances.iter().flat_map(|u| tokens(&u.text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sentence_of_the_five_calls_is_written_down_in_order() {
    let pool = SpeechPool::start(recognizer(), 1, Clock::system()).unwrap();
    let mut audio_ms = 0;
    let clock = Clock::system();
    let began = clock.instant();
    for name in CALLS {
        let (rate, pcm) = samples::wav(name);
        audio_ms += pcm.len() as u64 * 1_000 / u64::from(rate);
        let reference = samples::reference(name);
        let made = transcribe(&pool, rate, &pcm).await;
        let language = Language::from_code(&reference.lang);
        assert!(made.iter().all(|u| u.outcome == SegmentOutcome::Text && u.language == language), "{name}: {made:?}");
        let wanted: Vec<String> = reference.sentences.iter().flat_map(|s| tokens(&s.text)).collect();
        let got = joined(&made);
        let wrong = distance(&wanted, &got);
        println!(
            "{name}: {wrong} of {} wrong: {}",
            wanted.len(),
            made.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(" | ")
        );
        assert!(wrong * 100 <= wanted.len() * 8, "{name}: {wrong} of {} words wrong", wanted.len());
        let mut rest = got.iter();
        for sentence in &reference.sentences {
            let all = tokens(&sentence.text).iter().all(|word| rest.any(|w| w == word));
            assert!(all, "{name}: {:?} is not there in order: {got:?}", sentence.text);
        }
    }
    println!("{:?} for {audio_ms} ms of audio on one worker", clock.instant() - began);
}

#[tokio::test(flavor = "multi_thread")]
async fn word_times_lie_in_their_segment_run_forward_and_match_the_sentences() {
    let pool = SpeechPool::start(recognizer(), 2, Clock::system()).unwrap();
    let mut errors: Vec<(u64, u64)> = Vec::new();
    for name in CALLS {
        let (rate, pcm) = samples::wav(name);
        let made = transcribe(&pool, rate, &pcm).await;
        for u in &made {
            let spans: Vec<MediaSpan> = u.words.iter().map(|w| w.span).collect();
            assert!(spans.iter().all(|s| s.start >= u.span.start && s.start <= s.end && s.end <= u.span.end), "{u:?}");
            assert!(spans.windows(2).all(|w| w[0].end <= w[1].start), "{u:?}");
        }
        for sentence in samples::reference(name).sentences {
            let truth = MediaSpan::new(MediaTime(sentence.start_ms), MediaTime(sentence.end_ms));
            let words = made.iter().flat_map(|u| &u.words).filter(|w| w.span.overlap(truth) > 0);
            let spans: Vec<MediaSpan> = words.map(|w| w.span).collect();
            let (first, last) = (spans.first().unwrap(), spans.last().unwrap());
            errors.push((first.start.0.abs_diff(truth.start.0), last.end.0.abs_diff(truth.end.0)));
        }
    }
    let n = errors.len() as u64;
    let (start, end) = errors.iter().fold((0, 0), |sum, e| (sum.0 + e.0, sum.1 + e.1));
    println!("mean error of {n} sentences: first start {} ms, last end {} ms", start / n, end / n);
    println!("largest: start {:?} ms, end {:?} ms", errors.iter().map(|e| e.0).max(), errors.iter().map(|e| e.1).max());
    assert!(start / n <= 200 && end / n <= 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_at_once_do_not_mix() {
    let pool = SpeechPool::start(recognizer(), 2, Clock::system()).unwrap();
    let ((rate, english), (_, chinese)) = (samples::wav("en-gas"), samples::wav("zh-water"));
    let alone = (transcribe(&pool, rate, &english).await, transcribe(&pool, rate, &chinese).await);
    let together = tokio::join!(transcribe(&pool, rate, &english), transcribe(&pool, rate, &chinese));
    assert_eq!(alone, together);
}

#[test]
fn the_same_sound_gives_the_same_segments_however_it_was_framed() {
    for name in ["en-streetlight", "zh-heating"] {
        let (rate, pcm) = samples::wav(name);
        let whole = heard(rate, &pcm, pcm.len());
        assert!(whole.len() > 9);
        for size in [rate as usize / 50, rate as usize * 7 / 1_000, 1_001] {
            assert!(heard(rate, &pcm, size) == whole, "{name} in frames of {size} samples");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_with_one_language_is_written_in_it_without_detection() {
    let pool = SpeechPool::start(recognizer(), 1, Clock::system()).unwrap();
    for (name, language, other) in [("en-gas", Language::En, Language::Zh), ("zh-water", Language::Zh, Language::En)] {
        let (rate, pcm) = samples::wav(name);
        let mut segment = segments(CallId::new(), rate, heard(rate, &pcm, 160)).remove(1);
        segment.spoken.languages = vec![language];
        let right = pool.recognise(segment.clone(), Priority::Final).await;
        assert_eq!((right.outcome, right.language), (SegmentOutcome::Text, Some(language)));
        segment.spoken.languages = vec![other];
        assert_ne!(pool.recognise(segment, Priority::Final).await.language, Some(language));
    }
}

#[test]
fn a_decode_stops_when_it_is_told_to_and_the_worker_can_go_on() {
    let mut worker = recognizer().worker().unwrap();
    let (rate, pcm) = samples::wav("en-heating");
    let call = CallId::new();
    let good = segments(call, rate, heard(rate, &pcm, 160)).remove(1);
    let span = MediaSpan::new(MediaTime(0), MediaTime(25_000));
    let long = SpeechSegment { span, pcm: pcm[..25 * rate as usize].to_vec(), ..good.clone() };
    let free = Arc::new(AtomicBool::new(false));
    assert!(worker.recognise(&good, &free).unwrap().text.contains("heating"));
    // Both ways: one language goes straight to whisper.cpp with its callback, two are stopped after detection.
    for languages in [vec![Language::En], vec![Language::En, Language::Zh]] {
        let told = Arc::new(AtomicBool::new(true));
        let result = worker.recognise(&SpeechSegment { spoken: spoken(&languages), ..long.clone() }, &told);
        assert!(matches!(result, Err(RecognizerError::Aborted)), "{result:?}");
    }
    assert!(worker.recognise(&good, &free).unwrap().text.contains("heating"));
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_results_of_a_growing_segment_show_only_what_the_final_keeps() {
    let pool = SpeechPool::start(recognizer(), 1, Clock::system()).unwrap();
    let (rate, pcm) = samples::wav("en-heating");
    let mut listener = Listener::new(rate, EndpointRules::default());
    let mut stable = StablePrefix::new();
    let (mut shown, mut finals, mut pieces) = (Vec::new(), Vec::new(), 0);
    for (n, frame) in samples::frames(rate, &pcm[..9 * rate as usize], 160).iter().enumerate() {
        for heard in listener.push(frame) {
            let Heard::Segment(cut) = heard else { continue };
            let segment = SpeechSegment::new(CallId::new(), 0, cut, rate, spoken(&[Language::En]));
            let last = pool.recognise(segment, Priority::Final).await;
            finals.push((std::mem::take(&mut shown), tokens(&last.text)));
            stable = StablePrefix::new();
        }
        let Some(cut) = listener.open().filter(|_| n % 25 == 24) else { continue };
        let segment = SpeechSegment::new(CallId::new(), 0, cut, rate, spoken(&[Language::En]));
        let segment = SpeechSegment { growing: true, ..segment };
        let Some(guess) = pool.try_partial(segment) else { continue };
        if let Some(agreed) = guess.await.ok().and_then(Result::ok).and_then(|h| stable.push(h)) {
            pieces += 1;
            shown = tokens(&agreed.text);
        }
    }
    println!("{pieces} partials: {finals:?}");
    assert!(pieces >= 4 && finals.len() == 2);
    for (shown, last) in finals {
        let kept: Vec<String> = last.into_iter().take(shown.len()).collect();
        assert!(distance(&shown, &kept) <= 1, "{shown:?} became {kept:?}");
    }
}
