//! Decodes that begin while the pause after a segment is still short: when it goes on, the words are there sooner.

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::SpeechPool;
use super::workers::Shared;
use crate::call::{Hypothesis, Language, MediaSpan, Unheard, Utterance};
use crate::speech::{Priority, SpeechSegment};

/// The decode of a segment that may yet go on. When it does, this is dropped.
pub struct Foreseen {
    span: MediaSpan,
    expected: Option<Language>,
    result: oneshot::Receiver<Result<Hypothesis, Unheard>>,
}

impl SpeechPool {
    /// Begins with a segment that is probably over. `None`: no worker is idle, and nothing is lost by that.
    pub fn foresee(&self, segment: SpeechSegment) -> Option<Foreseen> {
        let (span, expected) = (segment.span, segment.expected);
        Some(Foreseen { span, expected, result: self.ask_the_idle(segment)? })
    }

    /// The final result for a segment from what was begun, when that was the same segment; its sound is not needed.
    /// `None`: it was another one, or its decode failed or gave way; [`SpeechPool::recognise`] does it.
    pub async fn foreseen(
        &self,
        segment: &SpeechSegment,
        priority: Priority,
        mut foreseen: Foreseen,
    ) -> Option<Utterance> {
        if foreseen.span != segment.span || foreseen.expected != segment.expected {
            return None;
        }
        let heard = match foreseen.result.try_recv() {
            // A guess that failed was not tried again.
            Ok(heard) => Ok(heard.ok()?),
            // From here on it is, like every final.
            Err(TryRecvError::Empty) if self.owner.shared.promote(segment) => foreseen.result.await.ok()?,
            Err(_) => return None,
        };
        metrics::counter!("heardline_speech_foreseen_total").increment(1);
        Some(self.made(segment, priority, heard))
    }
}

impl Shared {
    /// What runs as a guess at this segment is its final from now on, and not stopped for another. False: none runs.
    fn promote(&self, segment: &SpeechSegment) -> bool {
        let mut state = self.lock();
        let same = |other: &SpeechSegment| {
            !other.growing && (other.call, other.seq, other.span) == (segment.call, segment.seq, segment.span)
        };
        let mut running = state.workers.values_mut().flatten();
        match running.find(|r| same(&r.job.segment) && r.job.priority == Priority::Partial && !r.aborted) {
            Some(running) => {
                running.job.priority = Priority::Final;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex, mpsc};

    use super::*;
    use crate::call::{MediaTime, SegmentOutcome};
    use crate::speech::RecognizerError;
    use crate::speech::pool_tests::{good, obedient, pool, segment};

    /// As a call's scribe asks.
    async fn ended(pool: &SpeechPool, segment: SpeechSegment, foreseen: Option<Foreseen>) -> Utterance {
        if let Some(foreseen) = foreseen
            && let Some(utterance) = pool.foreseen(&segment, Priority::Final, foreseen).await
        {
            return utterance;
        }
        pool.recognise(segment, Priority::Final).await
    }

    #[tokio::test]
    async fn a_segment_that_was_foreseen_is_decoded_once_and_kept_from_other_finals() {
        let (began, begun) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let (held, decodes) = (Mutex::new(held), Arc::new(AtomicUsize::new(0)));
        let counted = decodes.clone();
        let pool = pool(1, move |_, segment, abort| {
            counted.fetch_add(1, Ordering::SeqCst);
            if segment.seq == 0 {
                began.send(()).unwrap();
                held.lock().unwrap().recv().unwrap();
                return if abort.load(Ordering::SeqCst) { Err(RecognizerError::Aborted) } else { good("gas leak") };
            }
            good("another")
        });
        let pausing = segment(0);
        let foreseen = pool.foresee(pausing.clone());
        begun.recv().unwrap();
        let (first, second) = (pool.clone(), pool.clone());
        let made = tokio::spawn(async move { ended(&first, pausing, foreseen).await });
        tokio::task::yield_now().await;
        // Another caller's final waits for the only worker, and does not take it away.
        let other = tokio::spawn(async move { second.recognise(segment(1), Priority::Final).await });
        while pool.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        release.send(()).unwrap();
        assert_eq!((made.await.unwrap().text, other.await.unwrap().text), ("gas leak".into(), "another".into()));
        assert_eq!(decodes.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_was_foreseen_wrongly_or_in_vain_is_decoded_as_ever() {
        let failed = AtomicBool::new(false);
        let pool = pool(2, move |_, segment, _| match (segment.seq, segment.span.end.0) {
            (0, 5_000) => good("gas in the basement"),
            (0, _) => good("gas"),
            _ if !failed.swap(true, Ordering::SeqCst) => Err(RecognizerError::Decode("bad".into())),
            _ => good("thank you"),
        });
        let mut pausing = segment(0);
        let foreseen = pool.foresee(pausing.clone()).unwrap();
        pausing.span.end = MediaTime(5_000);
        let longer = ended(&pool, pausing, Some(foreseen)).await;
        assert_eq!(longer.text, "gas in the basement");
        let next = segment(1);
        let mut foreseen = pool.foresee(next.clone()).unwrap();
        // Guesses are not tried twice; finals are.
        let failed = (&mut foreseen.result).await;
        assert!(matches!(failed, Ok(Err(Unheard::EngineFailed))));
        let made = ended(&pool, next, Some(foreseen)).await;
        assert_eq!((made.outcome, made.text.as_str()), (SegmentOutcome::Text, "thank you"));
    }

    /// Whether it was stopped before it had words, or between its first look and its second one.
    #[tokio::test]
    async fn a_guess_that_gave_way_to_a_final_leaves_its_segment_to_be_decoded() {
        for half_looked in [false, true] {
            let (began, begun) = mpsc::channel();
            let pool = pool(1, move |n, _, abort| {
                if n > 0 {
                    return good("after all");
                }
                began.send(()).unwrap();
                let stopped = obedient(abort);
                if half_looked { good("half looked at") } else { stopped }
            });
            let pausing = segment(0);
            let foreseen = pool.foresee(pausing.clone());
            begun.recv().unwrap();
            assert_eq!(pool.recognise(segment(1), Priority::Final).await.text, "after all");
            assert_eq!(ended(&pool, pausing, foreseen).await.text, "after all");
        }
    }

    #[tokio::test]
    async fn a_foreseen_segment_that_fails_is_tried_as_often_as_any_other() {
        let (began, begun) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let (held, decodes) = (Mutex::new(held), Arc::new(AtomicUsize::new(0)));
        let counted = decodes.clone();
        let pool = pool(1, move |n, _, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            if n == 0 {
                began.send(()).unwrap();
                held.lock().unwrap().recv().unwrap();
            }
            Err(RecognizerError::Decode("bad".into()))
        });
        let pausing = segment(0);
        let foreseen = pool.foresee(pausing.clone());
        begun.recv().unwrap();
        let asking = pool.clone();
        let made = tokio::spawn(async move { ended(&asking, pausing, foreseen).await });
        tokio::task::yield_now().await;
        release.send(()).unwrap();
        assert_eq!(made.await.unwrap().unheard, Some(Unheard::EngineFailed));
        assert_eq!(decodes.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_guess_nobody_waits_for_gives_its_worker_back() {
        let (began, begun) = mpsc::channel();
        let pool = pool(1, move |n, _, abort| {
            if n > 0 {
                return good("so far");
            }
            began.send(()).unwrap();
            obedient(abort)
        });
        let foreseen = pool.foresee(segment(0));
        begun.recv().unwrap();
        drop(foreseen);
        let again = loop {
            match pool.try_partial(segment(0)) {
                Some(asked) => break asked,
                None => tokio::task::yield_now().await,
            }
        };
        assert_eq!(again.await.unwrap().unwrap().text, "so far");
    }
}
