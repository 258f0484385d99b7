//! The pool with recognisers that behave badly: a call always gets an answer, and finals never wait for guesses.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use super::doubt::tests::hypothesis;
use super::*;
use crate::call::{CallId, Hypothesis, MediaSpan, MediaTime, SegmentOutcome, SpokenHere};
use crate::ops::clock::Clock;

type Script = dyn Fn(usize, &SpeechSegment, &AtomicBool) -> Result<Hypothesis, RecognizerError> + Send + Sync;

/// A recogniser whose n-th decode does what the script says.
struct Scripted {
    info: ModelInfo,
    script: Arc<Script>,
    calls: Arc<AtomicUsize>,
    /// Workers that cannot be made, from now on.
    no_worker: Arc<AtomicUsize>,
}

impl Recognizer for Scripted {
    fn model(&self) -> &ModelInfo {
        &self.info
    }
    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        let spend = |left: usize| left.checked_sub(1);
        if self.no_worker.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend).is_ok() {
            return Err(RecognizerError::State("no memory".into()));
        }
        Ok(Box::new(ScriptedWorker { script: Arc::clone(&self.script), calls: Arc::clone(&self.calls) }))
    }
}

struct ScriptedWorker {
    script: Arc<Script>,
    calls: Arc<AtomicUsize>,
}

impl RecognizerWorker for ScriptedWorker {
    fn recognise(&mut self, segment: &SpeechSegment, abort: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        (self.script)(self.calls.fetch_add(1, Ordering::SeqCst), segment, abort)
    }
}

/// How long a decode may take in the tests that make one hang.
const IMPATIENT: Duration = Duration::from_millis(300);
const REHIRE: Duration = Duration::from_millis(20);

pub(super) fn pool(
    workers: usize,
    script: impl Fn(usize, &SpeechSegment, &AtomicBool) -> Result<Hypothesis, RecognizerError> + Send + Sync + 'static,
) -> SpeechPool {
    pool_with(Duration::from_secs(60), workers, script)
}

fn pool_with(
    patience: Duration,
    workers: usize,
    script: impl Fn(usize, &SpeechSegment, &AtomicBool) -> Result<Hypothesis, RecognizerError> + Send + Sync + 'static,
) -> SpeechPool {
    scarce_pool(patience, workers, Arc::default(), script)
}

fn scarce_pool(
    patience: Duration,
    workers: usize,
    no_worker: Arc<AtomicUsize>,
    script: impl Fn(usize, &SpeechSegment, &AtomicBool) -> Result<Hypothesis, RecognizerError> + Send + Sync + 'static,
) -> SpeechPool {
    let info = ModelInfo::unknown("scripted");
    let rules =
        PoolRules { decode_floor: patience, times_audio: 0, abort_grace: patience, abandoned: 2, rehire: REHIRE };
    let recognizer = Scripted { info, script: Arc::new(script), calls: Arc::default(), no_worker };
    SpeechPool::start_with(Arc::new(recognizer), workers, Clock::system(), rules).unwrap()
}

pub(super) fn segment(seq: u32) -> SpeechSegment {
    let span = MediaSpan::new(MediaTime(1_000), MediaTime(3_000));
    let cut = Cut { span, pcm: vec![0; 16_000], voiced: Vec::new() };
    SpeechSegment::new(CallId::new(), seq, cut, 8_000, SpokenHere::default())
}

pub(super) fn good(text: &str) -> Result<Hypothesis, RecognizerError> {
    Ok(hypothesis(text, -0.1))
}

/// Decodes until told to stop.
pub(super) fn obedient(abort: &AtomicBool) -> Result<Hypothesis, RecognizerError> {
    while !abort.load(Ordering::Relaxed) {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    Err(RecognizerError::Aborted)
}

#[tokio::test]
async fn a_failed_decode_is_tried_once_more() {
    let pool = pool(2, |n, _, _| if n == 0 { Err(RecognizerError::Decode("bad".into())) } else { good("gas leak") });
    let made = pool.recognise(segment(4), Priority::Final).await;
    assert_eq!((made.text.as_str(), made.seq, made.model.as_str()), ("gas leak", 4, "scripted"));
}

#[tokio::test]
async fn a_segment_that_fails_twice_is_unrecognised_and_the_next_one_is_not() {
    for workers in [1, 2] {
        let pool = pool(workers, |n, _, _| match n {
            0 => Err(RecognizerError::Decode("bad".into())),
            1 => panic!("worse"),
            _ => good("thank you"),
        });
        let made = pool.recognise(segment(0), Priority::Final).await;
        assert_eq!((made.outcome, made.text.as_str()), (SegmentOutcome::Unrecognised, ""));
        assert_eq!(pool.recognise(segment(1), Priority::Backlog).await.text, "thank you");
    }
}

#[tokio::test]
async fn a_decode_past_its_deadline_is_aborted_and_tried_once_more() {
    let pool = pool_with(IMPATIENT, 1, |n, _, abort| if n == 0 { obedient(abort) } else { good("hello") });
    assert_eq!(pool.recognise(segment(0), Priority::Final).await.text, "hello");
}

#[tokio::test]
async fn a_worker_that_ignores_its_deadline_is_replaced_and_the_call_goes_on() {
    let (release, stuck) = mpsc::channel::<()>();
    let stuck = Mutex::new(stuck);
    let pool = pool_with(IMPATIENT, 1, move |n, _, _| {
        if n < 2 {
            // Hangs until the test ends, deaf to the flag.
            let _ended = stuck.lock().map(|s| s.recv());
        }
        good("after all")
    });
    let first = pool.recognise(segment(0), Priority::Final).await;
    assert_eq!(first.outcome, SegmentOutcome::Unrecognised);
    assert_eq!(pool.recognise(segment(1), Priority::Final).await.text, "after all");
    drop(release);
}

#[tokio::test]
async fn with_every_worker_stuck_for_good_segments_are_still_answered() {
    let (release, stuck) = mpsc::channel::<()>();
    let stuck = Mutex::new(stuck);
    let pool = pool_with(IMPATIENT, 1, move |_, _, _| {
        let _ended = stuck.lock().map(|s| s.recv());
        good("too late")
    });
    for seq in 0..4 {
        assert_eq!(pool.recognise(segment(seq), Priority::Final).await.outcome, SegmentOutcome::Unrecognised);
    }
    drop(release);
}

#[tokio::test]
async fn a_lost_worker_is_replaced_and_what_waited_is_recognised() {
    let no_worker = Arc::new(AtomicUsize::new(0));
    let scarce = Arc::clone(&no_worker);
    let pool = scarce_pool(Duration::from_secs(60), 1, no_worker, move |n, _, _| {
        if n == 0 {
            scarce.store(1, Ordering::SeqCst);
            return Err(RecognizerError::Decode("bad".into()));
        }
        good("after all")
    });
    assert_eq!(pool.recognise(segment(0), Priority::Final).await.text, "after all");
}

#[tokio::test]
async fn a_shortage_of_workers_costs_words_only_while_it_lasts() {
    let no_worker = Arc::new(AtomicUsize::new(0));
    let scarce = Arc::clone(&no_worker);
    let pool = scarce_pool(Duration::from_secs(60), 1, Arc::clone(&no_worker), move |n, _, _| {
        if n == 0 {
            scarce.store(4, Ordering::SeqCst);
            return Err(RecognizerError::Decode("bad".into()));
        }
        good("again")
    });
    let during = pool.recognise(segment(0), Priority::Final).await;
    assert_eq!(during.outcome, SegmentOutcome::Unrecognised);
    while no_worker.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.recognise(segment(1), Priority::Final).await.text, "again");
}

#[tokio::test]
async fn a_looping_result_never_becomes_text() {
    let pool = pool(1, |_, _, _| good(&"please send someone ".repeat(6)));
    let made = pool.recognise(segment(0), Priority::Final).await;
    assert_eq!((made.outcome, made.words.len()), (SegmentOutcome::Unrecognised, 0));
}

#[tokio::test]
async fn a_partial_gives_way_to_a_final() {
    let (began, begun) = mpsc::channel();
    let pool = pool(1, move |_, segment, abort| {
        if segment.seq == 9 {
            began.send(()).unwrap();
            obedient(abort)
        } else {
            good("final")
        }
    });
    let partial = pool.try_partial(segment(9)).unwrap();
    begun.recv().unwrap();
    // The only worker is taken: another guess is shed at once.
    assert!(pool.try_partial(segment(9)).is_none());
    assert_eq!(pool.recognise(segment(1), Priority::Final).await.text, "final");
    assert!(!matches!(partial.await, Ok(Ok(_))));
}

#[tokio::test]
async fn a_final_that_is_tried_again_does_not_wait_for_a_guess() {
    let (began, begun) = mpsc::channel();
    let failed = AtomicBool::new(false);
    let pool = pool(2, move |_, segment, abort| {
        if segment.seq == 9 {
            began.send(()).unwrap();
            return obedient(abort);
        }
        if failed.swap(true, Ordering::SeqCst) { good("again") } else { Err(RecognizerError::Decode("bad".into())) }
    });
    let partial = pool.try_partial(segment(9)).unwrap();
    begun.recv().unwrap();
    // The guess has a minute, which nobody waits here.
    let made = tokio::time::timeout(Duration::from_secs(20), pool.recognise(segment(0), Priority::Final)).await;
    assert_eq!(made.expect("the guess gave way").text, "again");
    assert!(!matches!(partial.await, Ok(Ok(_))));
}

#[tokio::test]
async fn no_partial_is_taken_while_a_final_waits() {
    let (release, held) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let held = Mutex::new(held);
    let pool = pool(1, move |_, _, _| {
        let _heard = began.send(());
        let _ended = held.lock().map(|h| h.recv());
        good("done")
    });
    let (first, second) = (pool.clone(), pool.clone());
    let running = tokio::spawn(async move { first.recognise(segment(0), Priority::Final).await });
    tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
    let waiting = tokio::spawn(async move { second.recognise(segment(1), Priority::Final).await });
    while pool.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(pool.try_partial(segment(2)).is_none());
    drop(release);
    assert_eq!((running.await.unwrap().text, waiting.await.unwrap().text), ("done".into(), "done".into()));
}

#[tokio::test]
async fn a_partial_on_an_idle_worker_is_answered() {
    let pool = pool(1, |_, _, _| good("so far"));
    assert_eq!(pool.try_partial(segment(0)).unwrap().await.unwrap().unwrap().text, "so far");
}

#[test]
fn a_segment_survives_its_journey_to_another_machine() {
    let sent = segment(7);
    let received: SpeechSegment = serde_json::from_str(&serde_json::to_string(&sent).unwrap()).unwrap();
    assert_eq!(received, sent);
}
