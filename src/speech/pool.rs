//! The recogniser's workers: plain threads, one queue, a deadline for every decode.
//!
//! A final result always comes: a decode that fails or hangs is tried once more on another worker, and then the
//! segment is handed back as unrecognised for a person to hear. A worker that ignores its abort flag is abandoned
//! and replaced, so one bad segment cannot take a call, or the pool, with it; a replacement that could not be made is
//! tried again for as long as the pool lives.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::queue::JobQueue;
use super::text::tidy;
use super::{ModelInfo, Priority, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment, utterance};
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

type WorkerId = u64;

struct Job {
    segment: Arc<SpeechSegment>,
    priority: Priority,
    reply: oneshot::Sender<Result<Hypothesis, Unheard>>,
    asked_at: Instant,
    /// The worker that failed at it; it goes to another one.
    failed_on: Option<WorkerId>,
    /// Room in the queue, given back with the job. Partials take none: they never wait.
    _room: Option<OwnedSemaphorePermit>,
}

/// A decode in progress. The job stays here and not with the thread, so that it survives the thread.
struct Running {
    job: Job,
    abort: Arc<AtomicBool>,
    deadline: Instant,
    aborted: bool,
}

struct State {
    queue: JobQueue<Job>,
    /// Every worker in service, idle (`None`) or not.
    workers: HashMap<WorkerId, Option<Running>>,
    next_worker: WorkerId,
    abandoned: usize,
    /// When missing workers are hired; `None` while none is missing, or too many are stuck to hire more.
    rehire_at: Option<Instant>,
    closed: bool,
}

struct Shared {
    recognizer: Arc<dyn Recognizer>,
    clock: Clock,
    rules: PoolRules,
    /// Workers that should be in service.
    wanted: usize,
    state: Mutex<State>,
    /// Work for the workers, or news for the watch.
    news: Condvar,
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
        let made = utterance(&segment, self.model(), heard);
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
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        let idle = state.workers.values().filter(|w| w.is_none()).count();
        if state.closed || !self.reachable() || state.queue.waiting(Priority::Final) > 0 || state.queue.len() >= idle {
            drop(state);
            metrics::counter!("heardline_speech_partials_shed_total").increment(1);
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock; should it, the state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(&self, job: Job) {
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

    fn hire(self: &Arc<Self>, state: &mut State) -> Result<(), RecognizerError> {
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

    /// Takes a worker out of service; the watch replaces it. Without another one, what waits waits for that.
    fn leave(&self, id: WorkerId) {
        let mut state = self.lock();
        state.workers.remove(&id);
        self.rehire_later(&mut state);
        self.report(&state);
        drop(state);
        self.news.notify_all();
    }

    fn rehire_later(&self, state: &mut State) {
        state.rehire_at.get_or_insert(self.clock.instant() + self.rules.rehire);
    }

    /// Without any worker left, what waits is answered "unrecognised".
    fn drain_without_workers(&self, state: &mut State) {
        if state.workers.is_empty() {
            while state.queue.pop(|_| true).is_some() {}
            self.report(state);
            tracing::error!("no recogniser worker is left; segments are kept as unrecognised");
        }
    }

    /// Sees to deadlines until the pool is closed.
    fn watch(self: Arc<Self>) {
        let mut state = self.lock();
        while !state.closed {
            let now = self.clock.instant();
            self.enforce(&mut state, now);
            let deadlines = state.workers.values().flatten().map(|r| r.deadline);
            let next = deadlines.chain(state.rehire_at).min();
            let wait = next.map_or(Duration::from_secs(60), |at| at.saturating_duration_since(now));
            let (after, _) = self.news.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            state = after;
        }
    }

    fn enforce(self: &Arc<Self>, state: &mut State, now: Instant) {
        let mut stuck = Vec::new();
        for (id, slot) in &mut state.workers {
            let Some(running) = slot.as_mut().filter(|r| r.deadline <= now) else { continue };
            if running.aborted {
                stuck.push(*id);
            } else {
                running.aborted = true;
                running.abort.store(true, Ordering::Relaxed);
                running.deadline = now + self.rules.abort_grace;
            }
        }
        for id in stuck {
            self.abandon(state, id);
        }
        if state.rehire_at.is_some_and(|at| at <= now) {
            self.replace_missing(state);
            self.drain_without_workers(state);
            self.news.notify_all();
        }
    }

    fn abandon(self: &Arc<Self>, state: &mut State, id: WorkerId) {
        let Some(Some(running)) = state.workers.remove(&id) else { return };
        state.abandoned += 1;
        metrics::counter!("heardline_speech_workers_abandoned_total").increment(1);
        tracing::error!(worker = id, call = %running.job.segment.call, "recogniser worker hung and was abandoned");
        self.replace_missing(state);
        retry(state, running.job, id, Unheard::EngineFailed);
        if state.rehire_at.is_none() {
            self.drain_without_workers(state);
        }
        self.news.notify_all();
    }

    fn replace_missing(self: &Arc<Self>, state: &mut State) {
        state.rehire_at = None;
        while !state.closed && state.workers.len() < self.wanted && state.abandoned <= self.rules.abandoned {
            if let Err(e) = self.hire(state) {
                tracing::error!(reason = %e, "no new recogniser worker; tried again later");
                return self.rehire_later(state);
            }
        }
    }

    fn report(&self, state: &State) {
        metrics::gauge!("heardline_speech_workers").set(state.workers.len() as f64);
        for priority in Priority::ALL {
            metrics::gauge!("heardline_speech_queue_depth", "priority" => priority.as_str())
                .set(state.queue.waiting(priority) as f64);
        }
    }
}

/// Queues a final job once more; a partial, or a second failure, is answered.
fn retry(state: &mut State, mut job: Job, failed_on: WorkerId, cause: Unheard) {
    if job.failed_on.is_none() && job.priority != Priority::Partial {
        job.failed_on = Some(failed_on);
        state.queue.push_again(job.priority, job.segment.call, job);
    } else {
        let _nobody_waits = job.reply.send(Err(cause));
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), RecognizerError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.map(drop).map_err(|e| RecognizerError::Thread(e.to_string()))
}
