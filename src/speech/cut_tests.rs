//! The listener alone: nothing spoken is lost, wherever the call or the rules cut it; and hang-up in mid-word.

use std::time::Duration;

use super::call_tests::{distance, heard, recognizer, segments, tokens, transcribe};
use super::samples;
use super::*;
use crate::call::{AudioFrame, CallId, FrameKind, MediaSpan, MediaTime};
use crate::ops::clock::Clock;

fn spans(heard: &[Heard]) -> Vec<MediaSpan> {
    let cut = heard.iter().filter_map(|h| match h {
        Heard::Segment(cut) => Some(cut.span),
        _ => None,
    });
    cut.collect()
}

#[test]
fn every_sentence_lies_in_a_segment_and_no_two_segments_overlap() {
    for name in samples::CALLS {
        let (rate, pcm) = samples::wav(name);
        let all = heard(rate, &pcm, 160);
        let cut = spans(&all);
        assert!(cut.windows(2).all(|w| w[0].end <= w[1].start), "{name}: {cut:?}");
        for sentence in samples::reference(name).sentences {
            let truth = MediaSpan::new(MediaTime(sentence.start_ms), MediaTime(sentence.end_ms));
            let covered: u64 = cut.iter().map(|s| s.overlap(truth)).sum();
            assert!(covered + 20 >= truth.millis(), "{name}: {covered} ms of {truth:?} in {cut:?}");
        }
        for heard in &all {
            let Heard::Segment(Cut { span, pcm: kept, .. }) = heard else { continue };
            let (from, to) = (span.start.as_samples(rate) as usize, span.end.as_samples(rate) as usize);
            assert!(kept[..] == pcm[from..to], "{name}: the sound of {span:?} is not the sound of the call");
        }
    }
}

#[test]
fn wide_band_sound_is_cut_like_narrow_band_sound() {
    let (rate, pcm) = samples::wav("zh-water");
    let doubled: Vec<i16> = upsample::to_16k(&pcm, rate).iter().map(|s| (s * 32_767.0) as i16).collect();
    let (narrow, wide) = (spans(&heard(rate, &pcm, 160)), spans(&heard(16_000, &doubled, 320)));
    assert_eq!(narrow.len(), wide.len());
    for (a, b) in narrow.iter().zip(&wide) {
        assert!(a.start.0.abs_diff(b.start.0) <= 64 && a.end.0.abs_diff(b.end.0) <= 64, "{a:?} and {b:?}");
    }
}

#[test]
fn a_caller_who_never_pauses_is_cut_at_the_limit_and_loses_nothing() {
    let (rate, pcm) = samples::wav("en-heating");
    // Speech without its pauses, 60 s of it.
    let spoken: Vec<i16> = spans(&heard(rate, &pcm, 160))
        .iter()
        .flat_map(|s| &pcm[s.start.as_samples(rate) as usize + 1_600..s.end.as_samples(rate) as usize - 1_600])
        .copied()
        .collect();
    let endless: Vec<i16> = spoken.iter().cycle().take(60 * rate as usize).copied().collect();
    let cut = spans(&heard(rate, &endless, 160));
    assert!(cut.iter().all(|s| s.millis() <= 25_016), "{cut:?}");
    assert!(cut.iter().any(|s| s.millis() >= 20_000), "{cut:?}");
    let kept: u64 = cut.iter().map(|s| s.millis()).sum();
    assert!(cut.windows(2).all(|w| w[0].end <= w[1].start) && kept >= 58_000, "{kept} ms in {cut:?}");
}

#[test]
fn lost_frames_count_as_silence_and_repeated_ones_are_dropped() {
    let (rate, pcm) = samples::wav("en-gas");
    let mut zeroed = pcm.clone();
    zeroed[8_000..16_000].fill(0);
    let mut frames = samples::frames(rate, &pcm, 160);
    frames.drain(50..100);
    let again = frames[200].clone();
    frames.insert(201, again);
    let mut listener = Listener::new(rate, EndpointRules::default());
    let mut with_gap: Vec<Heard> = frames.iter().flat_map(|f| listener.push(f)).collect();
    with_gap.extend(listener.finish());
    assert!(with_gap == heard(rate, &zeroed, 160));
}

#[test]
fn the_open_segment_grows_and_quiet_is_known_since_the_last_sound() {
    let (rate, pcm) = samples::wav("en-gas");
    let mut listener = Listener::new(rate, EndpointRules::default());
    assert_eq!(listener.quiet_since(), Some(MediaTime::ZERO));
    let mut longest = 0;
    for frame in samples::frames(rate, &pcm, 160) {
        listener.push(&frame);
        if let Some(Cut { span, pcm: sound, .. }) = listener.open() {
            assert_eq!(span.end, frame.at + 20);
            assert_eq!(sound.len() as u64, span.end.as_samples(rate) - span.start.as_samples(rate));
            longest = longest.max(span.millis());
            assert_eq!(listener.quiet_since(), None);
        }
    }
    assert!(longest > 2_000);
    let quiet = AudioFrame { at: MediaTime(20_000), rate, kind: FrameKind::Silence, pcm: vec![0; 160] };
    listener.push(&quiet);
    let since = listener.quiet_since().unwrap();
    // The last sentence ends at 13.270 s.
    assert!((13_100..13_500).contains(&since.0), "{since:?}");
}

#[test]
fn no_segment_is_without_speech_wherever_the_limit_falls() {
    let (rate, pcm) = samples::wav("en-gas");
    let frames = samples::frames(rate, &pcm, 160);
    for longest in (600..3_000).step_by(80) {
        let rules = EndpointRules { longest: Duration::from_millis(longest), ..EndpointRules::default() };
        let mut listener = Listener::new(rate, rules);
        let mut cuts: Vec<Cut> =
            frames.iter().flat_map(|frame| listener.push(frame)).filter_map(Heard::into_cut).collect();
        cuts.extend(listener.finish().into_iter().filter_map(Heard::into_cut));
        for cut in cuts {
            assert!(!cut.voiced.is_empty(), "nobody speaks in {:?} at a limit of {longest} ms", cut.span);
        }
    }
}

#[test]
fn a_pause_tells_which_segment_it_will_end_before_it_does() {
    let (mut told, mut ended) = (0, 0);
    for name in samples::CALLS {
        let (rate, pcm) = samples::wav(name);
        let mut listener = Listener::new(rate, EndpointRules::default());
        let mut ending = None;
        for frame in samples::frames(rate, &pcm, 160) {
            for cut in listener.push(&frame).into_iter().filter_map(Heard::into_cut) {
                ended += 1;
                told += usize::from(ending.take() == Some(cut));
            }
            ending = listener.ending_cut().or(ending);
            assert_eq!(listener.ending(), listener.ending_cut().map(|cut| cut.span));
        }
    }
    assert!(ended > 20 && told == ended, "{told} of {ended} segments were told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_in_mid_word_keeps_every_word_finished_before_it() {
    let pool = SpeechPool::start(recognizer(), 0, Clock::system()).unwrap();
    // From within one sentence to the end of the next one.
    for (name, cuts) in [("en-gas", 2_600..7_400), ("zh-water", 2_800..8_200)] {
        let (rate, pcm) = samples::wav(name);
        let whole = transcribe(&pool, rate, &pcm).await;
        let words: Vec<_> = whole.iter().flat_map(|u| u.words.clone()).collect();
        let (mut lost, mut finished_words) = (0, 0);
        for cut_ms in cuts.step_by(200) {
            let cut = &pcm[..cut_ms * rate as usize / 1_000];
            let all = heard(rate, cut, 160);
            let total = MediaTime(cut_ms as u64);
            assert!(spans(&all).iter().all(|s| s.end <= total));
            let mut got = Vec::new();
            for segment in segments(CallId::new(), rate, all) {
                got.extend(tokens(&pool.recognise(segment, Priority::Backlog).await.text));
            }
            // Word times inside a sentence are estimates: a word that ended this close before the cut may still have
            // been sounding.
            let before = words.iter().filter(|w| w.span.end + 300 <= total);
            let finished: Vec<String> = before.flat_map(|w| tokens(&w.text)).collect();
            let got: Vec<String> = got.into_iter().take(finished.len()).collect();
            let missing = distance(&finished, &got);
            println!("{name} cut at {cut_ms} ms: {missing} of {} missing: {got:?}", finished.len());
            lost += missing;
            finished_words += finished.len();
        }
        assert_eq!(lost, 0, "{name}: of {finished_words}");
    }
}
