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
    /// It was aborted because something more urgent needs the worker, or because nobody waits for it any more.
    pub(super) shed: bool,
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
        self.stop_orphans(&mut state);
        let soon_idle = |slot: &&Option<Running>| slot.as_ref().is_none_or(|running| running.shed);
        let idle = state.workers.values().filter(soon_idle).count();
        if state.queue.waiting(Priority::Final) > idle {
            self.stop_a_partial(&mut state);
        }
        self.report(&state);
        drop(state);
        self.news.notify_all();
    }

    /// What is only shown for a moment gives way before what may become a final.
    fn stop_a_partial(&self, state: &mut State) {
        let partials =
            state.workers.values_mut().flatten().filter(|r| r.job.priority == Priority::Partial && !r.aborted);
        if let Some(partial) = partials.max_by_key(|r| r.job.segment.growing) {
            self.shed(partial);
            metrics::counter!("heardline_speech_partials_shed_total").increment(1);
        }
    }

    /// Guesses that nobody waits for any more: the caller spoke on.
    pub(super) fn stop_orphans(&self, state: &mut State) {
        let orphans = state.workers.values_mut().flatten().filter(|r| r.job.reply.is_closed() && !r.aborted);
        orphans.filter(|r| r.job.priority == Priority::Partial).for_each(|orphan| self.shed(orphan));
    }

    fn shed(&self, running: &mut Running) {
        (running.aborted, running.shed) = (true, true);
        // It did nothing wrong: it keeps the time it had, because an encoder run cannot be interrupted.
        running.deadline += self.rules.abort_grace;
        running.abort.store(true, Ordering::Relaxed);
    }

    /// A final that is tried again may not go to the worker it failed on: where no other one is idle, a guess gives way.
    pub(super) fn make_way(&self, state: &mut State, failed_on: WorkerId) {
        let free = state.workers.iter().any(|(id, slot)| *id != failed_on && slot.is_none());
        if !free && state.queue.waiting(Priority::Final) > 0 {
            self.stop_a_partial(state);
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
            // Who did not get through to the recogniser, or stopped when told to, did not come to harm.
            let unharmed =
                |e: &RecognizerError| matches!(e, RecognizerError::Unreachable(_) | RecognizerError::Aborted);
            let failed = result.as_ref().is_err_and(|e| !unharmed(e));
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
                    state.workers.insert(
                        id,
                        Some(Running { job, abort: Arc::clone(&abort), deadline, aborted: false, shed: false }),
                    );
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
            let growing = running.job.segment.growing;
            match result {
                Ok(hypothesis) if !running.shed || growing => drop(running.job.reply.send(Ok(hypothesis))),
                Err(e) if !running.shed => self.failed(&mut state, id, running, &e),
                // Stopped between its first look and its second one it may be doubtful, and would be a final.
                _ => drop(running.job.reply.send(Err(Unheard::EngineFailed))),
            }
        }
        drop(state);
        self.news.notify_all();
        true
    }

    fn failed(&self, state: &mut State, id: WorkerId, running: Running, error: &RecognizerError) {
        let cause = if running.aborted { "deadline" } else { "failed" };
        let (cause, unheard) = match error {
            // Says so itself, and not at every segment.
            RecognizerError::Unreachable(_) => ("unreachable", Unheard::NoEngine),
            _ => {
                let segment = &running.job.segment;
                tracing::warn!(call = %segment.call, seq = segment.seq, reason = %error, "decode failed");
                (cause, Unheard::EngineFailed)
            }
        };
        metrics::counter!("heardline_speech_failures_total", "cause" => cause).increment(1);
        retry(state, running.job, id, unheard);
        self.make_way(state, id);
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
