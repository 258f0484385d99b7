//! The recogniser's workers: plain threads, one queue, a deadline for every decode.
//!
//! A final result always comes: a decode that fails or hangs is tried once more on another worker, and then the
//! segment is handed back as unrecognised for a person to hear. A worker that ignores its abort flag is abandoned
//! and replaced, so one bad segment cannot take a call, or the pool, with it; a replacement that could not be made is
//! tried again for as long as the pool lives.

mod foreseen;
mod watch;
mod workers;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

pub use self::foreseen::Foreseen;
use self::workers::{Job, Shared, State, spawn};
use super::queue::JobQueue;
use super::{ModelInfo, Priority, Recognizer, RecognizerError, SpeechSegment, utterance};
use crate::call::{Hypothesis, Unheard, Utterance};
use crate::config::limits;
use crate::ops::clock::Clock;

/// How patient the pool is. The default is what runs; tests shorten it.
#[derive(Clone, Copy, Debug)]
pub struct PoolRules {
    /// A decode may take this long, or `times_audio` times its sound, whichever is longer.
    pub decode_floor: Duration,
    pub times_audio: u32,
    /// After its abort flag is set a decode may still take this long.
    pub abort_grace: Duration,
    /// Abandoned workers that may still be stuck before no more are replaced; each holds a decoding state.
    pub abandoned: usize,
    /// Time between tries to replace workers that could not be replaced at once.
    pub rehire: Duration,
}

impl Default for PoolRules {
    fn default() -> Self {
        Self {
            decode_floor: limits::DECODE_FLOOR,
            times_audio: limits::DECODE_TIMES_AUDIO,
            abort_grace: limits::ABORT_GRACE,
            abandoned: limits::ABANDONED_WORKERS,
            rehire: limits::REHIRE_WORKERS,
        }
    }
}

/// Handle to the workers; they end when the last handle is dropped.
#[derive(Clone)]
pub struct SpeechPool {
    owner: Arc<Owner>,
    room: Arc<Semaphore>,
}

struct Owner {
    shared: Arc<Shared>,
}

impl SpeechPool {
    /// Starts `workers` threads, or one a core when that is 0.
    pub fn start(recognizer: Arc<dyn Recognizer>, workers: usize, clock: Clock) -> Result<Self, RecognizerError> {
        Self::start_with(recognizer, workers, clock, PoolRules::default())
    }

    pub fn start_with(
        recognizer: Arc<dyn Recognizer>,
        workers: usize,
        clock: Clock,
        rules: PoolRules,
    ) -> Result<Self, RecognizerError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = if workers == 0 { cores } else { workers };
        let state = State {
            queue: JobQueue::new(),
            workers: HashMap::new(),
            next_worker: 0,
            abandoned: 0,
            rehire_at: None,
            closed: false,
        };
        let shared = Arc::new(Shared {
            recognizer,
            clock,
            rules,
            wanted: workers,
            state: Mutex::new(state),
            news: Condvar::new(),
        });
        let owner = Arc::new(Owner { shared: Arc::clone(&shared) });
        for _ in 0..workers {
            shared.hire(&mut shared.lock())?;
        }
        let watch = Arc::clone(&shared);
        spawn("speech-watch", move || watch.watch())?;
        Ok(Self { owner, room: Arc::new(Semaphore::new(limits::SPEECH_QUEUE)) })
    }

    pub fn model(&self) -> &ModelInfo {
        self.owner.shared.recognizer.model()
    }

    /// Whether there is a recogniser at all.
    pub fn reachable(&self) -> bool {
        self.owner.shared.recognizer.reachable()
    }

    /// The final result for a segment. Waits for room and for a worker; never fails.
    pub async fn recognise(&self, segment: SpeechSegment, priority: Priority) -> Utterance {
        let segment = Arc::new(segment);
        let heard = match Arc::clone(&self.room).acquire_owned().await {
            _ if !self.reachable() => Err(Unheard::NoEngine),
            Ok(room) => {
                let (reply, result) = oneshot::channel();
                self.owner.shared.submit(Job {
                    segment: Arc::clone(&segment),
                    priority,
                    reply,
                    asked_at: self.owner.shared.clock.instant(),
                    failed_on: None,
                    _room: Some(room),
                });
                result.await.unwrap_or(Err(Unheard::EngineFailed))
            }
            Err(_) => Err(Unheard::EngineFailed),
        };
        self.made(&segment, priority, heard)
    }

    fn made(&self, segment: &SpeechSegment, priority: Priority, heard: Result<Hypothesis, Unheard>) -> Utterance {
        let made = utterance(segment, self.model(), heard);
        let outcome = match made.outcome {
            crate::call::SegmentOutcome::Text => "text",
            crate::call::SegmentOutcome::NoSpeech => "no_speech",
            crate::call::SegmentOutcome::Unrecognised => "unrecognised",
        };
        metrics::counter!("heardline_speech_jobs_total", "priority" => priority.as_str(), "outcome" => outcome)
            .increment(1);
        made
    }

    /// A guess at a segment that is still being spoken. `None` when a finished one waits or no worker is idle: it
    /// is shed. The receiver fails when a finished segment needed the worker after all.
    pub fn try_partial(&self, segment: SpeechSegment) -> Option<oneshot::Receiver<Result<Hypothesis, Unheard>>> {
        let asked = self.ask_the_idle(segment);
        if asked.is_none() {
            metrics::counter!("heardline_speech_partials_shed_total").increment(1);
        }
        asked
    }

    fn ask_the_idle(&self, segment: SpeechSegment) -> Option<oneshot::Receiver<Result<Hypothesis, Unheard>>> {
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        shared.stop_orphans(&mut state);
        let idle = state.workers.values().filter(|w| w.is_none()).count();
        if state.closed || !self.reachable() || state.queue.waiting(Priority::Final) > 0 || state.queue.len() >= idle {
            return None;
        }
        let (reply, result) = oneshot::channel();
        let call = segment.call;
        let job = Job {
            segment: Arc::new(segment),
            priority: Priority::Partial,
            reply,
            asked_at: shared.clock.instant(),
            failed_on: None,
            _room: None,
        };
        state.queue.push(Priority::Partial, call, job);
        drop(state);
        shared.news.notify_all();
        Some(result)
    }

    /// Jobs waiting for a worker.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.owner.shared.lock().queue.len()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        for running in state.workers.values().flatten() {
            running.abort.store(true, Ordering::Relaxed);
        }
        drop(state);
        self.shared.news.notify_all();
    }
}
