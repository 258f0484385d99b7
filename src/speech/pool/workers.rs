//! What handle and workers share, and a worker's life.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::PoolRules;
use crate::call::{Hypothesis, Unheard};
use crate::ops::clock::Clock;
use crate::speech::queue::JobQueue;
use crate::speech::text::tidy;
use crate::speech::{Priority, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};

pub(super) type WorkerId = u64;

pub(super) struct Job {
    pub(super) segment: Arc<SpeechSegment>,
    pub(super) priority: Priority,
    pub(super) reply: oneshot::Sender<Result<Hypothesis, Unheard>>,
    pub(super) asked_at: Instant,
    /// The worker that failed at it; it goes to another one.
    pub(super) failed_on: Option<WorkerId>,
    /// Room in the queue, given back with the job. Partials take none: they never wait.
    pub(super) _room: Option<OwnedSemaphorePermit>,
}

/// A decode in progress. The job stays here and not with the thread, so that it survives the thread.
pub(super) struct Running {
    pub(super) job: Job,
    pub(super) abort: Arc<AtomicBool>,
    pub(super) deadline: Instant,
    pub(super) aborted: bool,
}

pub(super) struct State {
    pub(super) queue: JobQueue<Job>,
    /// Every worker in service, idle (`None`) or not.
    pub(super) workers: HashMap<WorkerId, Option<Running>>,
    pub(super) next_worker: WorkerId,
    pub(super) abandoned: usize,
    /// When missing workers are hired; `None` while none is missing, or too many are stuck to hire more.
    pub(super) rehire_at: Option<Instant>,
    pub(super) closed: bool,
}

pub(super) struct Shared {
    pub(super) recognizer: Arc<dyn Recognizer>,
    pub(super) clock: Clock,
    pub(super) rules: PoolRules,
    /// Workers that should be in service.
    pub(super) wanted: usize,
    pub(super) state: Mutex<State>,
    /// Work for the workers, or news for the watch.
    pub(super) news: Condvar,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock; should it, the state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn submit(&self, job: Job) {
        let mut state = self.lock();
        if state.workers.is_empty() && state.rehire_at.is_none() {
            // Every worker is stuck for good: dropping the job answers "unrecognised".
            return;
        }
        state.queue.push(job.priority, job.segment.call, job);
        let idle = state.workers.values().filter(|w| w.is_none()).count();
        if state.queue.waiting(Priority::Final) > idle {
            self.stop_a_partial(&mut state);
        }
        self.report(&state);
        drop(state);
        self.news.notify_all();
    }

    fn stop_a_partial(&self, state: &mut State) {
        let mut running = state.workers.values_mut().flatten();
        if let Some(partial) = running.find(|r| r.job.priority == Priority::Partial && !r.aborted) {
            partial.aborted = true;
            // It did nothing wrong: it keeps the time it had, because an encoder run cannot be interrupted.
            partial.deadline += self.rules.abort_grace;
            partial.abort.store(true, Ordering::Relaxed);
            metrics::counter!("heardline_speech_partials_shed_total").increment(1);
        }
    }

    pub(super) fn hire(self: &Arc<Self>, state: &mut State) -> Result<(), RecognizerError> {
        let worker = self.recognizer.worker()?;
        let id = state.next_worker;
        state.next_worker += 1;
        let shared = Arc::clone(self);
        spawn("speech", move || shared.work(id, worker))?;
        state.workers.insert(id, None);
        self.report(state);
        Ok(())
    }

    /// One worker's life.
    fn work(self: Arc<Self>, id: WorkerId, mut worker: Box<dyn RecognizerWorker>) {
        while let Some((segment, abort)) = self.next(id) {
            let began = self.clock.instant();
            let decode =
                AssertUnwindSafe(|| worker.recognise(&segment, &abort).map(|heard| tidy(heard, &segment.spoken)));
            let result = std::panic::catch_unwind(decode)
                .unwrap_or_else(|_| Err(RecognizerError::Decode("the recogniser panicked".to_owned())));
            metrics::histogram!("heardline_speech_decode_seconds").record(self.clock.instant() - began);
            metrics::histogram!("heardline_speech_audio_seconds").record(segment.length());
            // Who did not get through to the recogniser did not come to harm.
            let failed = result.as_ref().is_err_and(|e| !matches!(e, RecognizerError::Unreachable(_)));
            if !self.finish(id, result) {
                return;
            }
            if failed {
                // Its state may be damaged.
                match self.recognizer.worker() {
                    Ok(fresh) => worker = fresh,
                    Err(e) => {
                        tracing::error!(worker = id, reason = %e, "recogniser worker lost");
                        return self.leave(id);
                    }
                }
            }
        }
    }

    /// Waits for a job this worker may do.
    fn next(&self, id: WorkerId) -> Option<(Arc<SpeechSegment>, Arc<AtomicBool>)> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let alone = state.workers.len() == 1;
            match state.queue.pop(|job| alone || job.failed_on != Some(id)) {
                Some(job) if job.reply.is_closed() => continue,
                Some(job) => {
                    let abort = Arc::new(AtomicBool::new(false));
                    let segment = Arc::clone(&job.segment);
                    let allowed = (segment.length() * self.rules.times_audio).max(self.rules.decode_floor);
                    let now = self.clock.instant();
                    let deadline = now + allowed;
                    metrics::histogram!("heardline_speech_wait_seconds", "priority" => job.priority.as_str())
                        .record(now.saturating_duration_since(job.asked_at));
                    state
                        .workers
                        .insert(id, Some(Running { job, abort: Arc::clone(&abort), deadline, aborted: false }));
                    self.report(&state);
                    drop(state);
                    self.news.notify_all();
                    return Some((segment, abort));
                }
                None => state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Hands the result on. False when this worker was abandoned meanwhile and must go.
    fn finish(self: &Arc<Self>, id: WorkerId, result: Result<Hypothesis, RecognizerError>) -> bool {
        let mut state = self.lock();
        let Some(slot) = state.workers.get_mut(&id) else {
            state.abandoned = state.abandoned.saturating_sub(1);
            self.replace_missing(&mut state);
            return false;
        };
        if let Some(running) = slot.take() {
            match result {
                Ok(hypothesis) => drop(running.job.reply.send(Ok(hypothesis))),
                Err(e) => {
                    let cause = if running.aborted { "deadline" } else { "failed" };
                    let (cause, unheard) = match e {
                        // Says so itself, and not at every segment.
                        RecognizerError::Unreachable(_) => ("unreachable", Unheard::NoEngine),
                        _ => {
                            let segment = &running.job.segment;
                            tracing::warn!(call = %segment.call, seq = segment.seq, reason = %e, "decode failed");
                            (cause, Unheard::EngineFailed)
                        }
                    };
                    metrics::counter!("heardline_speech_failures_total", "cause" => cause).increment(1);
                    retry(&mut state, running.job, id, unheard);
                }
            }
        }
        drop(state);
        self.news.notify_all();
        true
    }

    pub(super) fn report(&self, state: &State) {
        metrics::gauge!("heardline_speech_workers").set(state.workers.len() as f64);
        for priority in Priority::ALL {
            metrics::gauge!("heardline_speech_queue_depth", "priority" => priority.as_str())
                .set(state.queue.waiting(priority) as f64);
        }
    }
}

/// Queues a final job once more; a partial, or a second failure, is answered.
pub(super) fn retry(state: &mut State, mut job: Job, failed_on: WorkerId, cause: Unheard) {
    if job.failed_on.is_none() && job.priority != Priority::Partial {
        job.failed_on = Some(failed_on);
        state.queue.push_again(job.priority, job.segment.call, job);
    } else {
        let _nobody_waits = job.reply.send(Err(cause));
    }
}

pub(super) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), RecognizerError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.map(drop).map_err(|e| RecognizerError::Thread(e.to_string()))
}
