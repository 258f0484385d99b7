//! Turns one call's speech segments into stored utterances and a draft that grows while the call is up.
//!
//! Runs beside the media loop, so that a slow recogniser never touches audio. Segments are taken in order; what
//! cannot be kept in memory is read back from the recording.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::task::JoinHandle;

use super::Stages;
use super::emergency::Alarm;
use super::facts::{self, Known};
use super::follow_up::Understood;
use super::persist::until_stored;
use crate::call::{CallEvent, CallId, Language, MediaSpan, ReadBack, SpokenHere, Unheard, Utterance};
use crate::config::limits;
use crate::draft::{Lines, answers};
use crate::media::{Flusher, read_span};
use crate::speech::{Cut, Foreseen, Priority, SpeechSegment, ledger};

/// A stretch of speech as the endpointer cut it, with its number in the call.
pub(super) struct Numbered {
    pub seq: u32,
    pub cut: Cut,
    /// Too many are waiting: its sound is in the recording, and not in `cut`.
    pub on_disk: bool,
    pub foreseen: Option<Foreseen>,
}

/// What is the same for every segment of one call.
#[derive(Clone)]
pub(super) struct Assignment {
    pub call: CallId,
    pub rate: u32,
    pub spoken: SpokenHere,
    pub recording: PathBuf,
    /// Of a call that is still recorded: makes what was just cut readable.
    pub flusher: Option<Flusher>,
}

/// The sending side of a call's scribe.
pub(super) struct Scribe {
    stages: Arc<Stages>,
    cuts: mpsc::Sender<(Numbered, Option<OwnedSemaphorePermit>)>,
    next_seq: u32,
    language: watch::Receiver<Option<Language>>,
    alarm: Arc<Alarm>,
    understood: watch::Receiver<Understood>,
    read_backs: watch::Sender<Vec<ReadBack>>,
    hung_up: Arc<AtomicBool>,
    /// How many utterances are in the store at the end.
    task: JoinHandle<usize>,
}

impl Scribe {
    pub(super) fn start(stages: Arc<Stages>, assignment: Assignment, known: Known) -> Self {
        let (cuts, receiver) = mpsc::channel(limits::SEGMENTS_PER_CALL);
        let (spoken, language) = watch::channel(None);
        let (understanding, understood) = watch::channel(Understood::default());
        let (read_backs, read) = watch::channel(Vec::new());
        let hung_up = Arc::new(AtomicBool::new(false));
        let alarm = Alarm::new(stages.clone(), &known);
        let desk = Desk {
            stages: stages.clone(),
            assignment,
            known,
            spoken,
            alarm: alarm.clone(),
            understanding,
            read_backs: read,
            hung_up: hung_up.clone(),
            lines: Lines::default(),
        };
        let task = tokio::spawn(desk.write_down(receiver));
        Self { stages, cuts, next_seq: 0, language, alarm, understood, read_backs, hung_up, task }
    }

    /// Queues a segment. Never waits: the queue holds more segments than the longest call can have, and sound is
    /// kept in memory only while all calls together keep few.
    pub(super) fn take(&mut self, mut cut: Cut, foreseen: Option<Foreseen>) {
        let seq = self.next_seq;
        self.next_seq += 1;
        let room = self.stages.segment_memory.clone().try_acquire_owned().ok();
        let on_disk = room.is_none();
        if on_disk {
            cut.pcm = Vec::new();
        }
        if self.cuts.try_send((Numbered { seq, cut, on_disk, foreseen }, room)).is_err() {
            tracing::error!(seq, "speech segment not queued; it is recognised from the recording after the call");
        }
    }

    /// The number the next segment will get.
    pub(super) fn next_seq(&self) -> u32 {
        self.next_seq
    }

    /// Language of what the caller said last.
    pub(super) fn language(&self) -> Option<Language> {
        *self.language.borrow()
    }

    /// What listens to the call's words for danger.
    pub(super) fn alarm(&self) -> &Arc<Alarm> {
        &self.alarm
    }

    /// What the live draft knows; `None` until it is made of all segments.
    pub(super) fn understood(&self) -> Option<Understood> {
        let understood = self.understood.borrow();
        (understood.segments == self.next_seq).then(|| understood.clone())
    }

    /// The numbers that were read back to the caller. Whether that is news.
    pub(super) fn read_back(&self, numbers: &[ReadBack]) -> bool {
        self.read_backs.send_if_modified(|known| {
            let news = known != numbers;
            if news {
                *known = numbers.to_vec();
            }
            news
        })
    }

    /// Waits until everything queued is recognised and stored, and an emergency with it. `false`: something is missing and
    /// must be taken from the recording.
    pub(super) async fn finish(self) -> bool {
        self.hung_up.store(true, Ordering::Release);
        drop(self.cuts);
        let written = self.task.await.ok();
        self.alarm.settled().await;
        written.and_then(|written| u32::try_from(written).ok()) == Some(self.next_seq)
    }
}

/// The scribe's own side.
struct Desk {
    stages: Arc<Stages>,
    assignment: Assignment,
    known: Known,
    spoken: watch::Sender<Option<Language>>,
    alarm: Arc<Alarm>,
    understanding: watch::Sender<Understood>,
    read_backs: watch::Receiver<Vec<ReadBack>>,
    hung_up: Arc<AtomicBool>,
    /// What the drafts of this call worked out of its words.
    lines: Lines,
}

impl Desk {
    async fn write_down(mut self, mut cuts: mpsc::Receiver<(Numbered, Option<OwnedSemaphorePermit>)>) -> usize {
        let mut utterances = Vec::new();
        // What the store does not take (disk full) waits here, so that its sound need not be kept; an utterance is some
        // KiB and the queue bounds their number.
        let mut unwritten = VecDeque::new();
        loop {
            let next = tokio::select! {
                biased;
                next = cuts.recv() => next,
                Ok(()) = self.read_backs.changed() => {
                    self.publish_live_draft(&utterances).await;
                    continue;
                }
            };
            let Some((cut, room)) = next else { break };
            // Nobody waits on the line for a caller who has hung up.
            let hung_up = self.hung_up.load(Ordering::Acquire);
            let priority = if hung_up { Priority::Backlog } else { Priority::Final };
            let expected = *self.spoken.borrow();
            let utterance = hear(&self.stages, &self.assignment, cut, expected, priority).await;
            drop(room);
            self.alarm.words(&utterance);
            unwritten.push_back(utterance.clone());
            self.write(&mut unwritten).await;
            if utterance.language.is_some() {
                self.spoken.send_replace(utterance.language);
            }
            self.stages.tell(CallEvent::Final { call: self.assignment.call, utterance: utterance.clone() });
            utterances.push(utterance);
            self.publish_live_draft(&utterances).await;
        }
        let mut stored = utterances.len() - unwritten.len();
        for utterance in unwritten {
            stored += usize::from(store(&self.stages, self.assignment.call, &utterance).await.is_some());
        }
        stored
    }

    /// As many as the store takes now, in order.
    async fn write(&self, unwritten: &mut VecDeque<Utterance>) {
        let call = self.assignment.call;
        while let Some(utterance) = unwritten.front() {
            match self.stages.store.append_utterance(call, utterance.clone()).await {
                Ok(()) => drop(unwritten.pop_front()),
                Err(error) => {
                    metrics::counter!("heardline_pipeline_store_retries_total").increment(1);
                    tracing::error!(%call, %error, waiting = unwritten.len(), "words cannot be written down; kept in memory");
                    return;
                }
            }
        }
    }

    async fn publish_live_draft(&mut self, utterances: &[Utterance]) {
        let Some(last) = utterances.last() else { return };
        let (coverage, _) = ledger(last.span.end, utterances, &[], None);
        let read_backs = self.read_backs.borrow().clone();
        let answers = answers(&read_backs, utterances);
        let facts = facts::live(&self.stages, &self.known, self.alarm.danger(), read_backs.clone());
        let draft = self.stages.draft(&facts, utterances, coverage, &mut self.lines);
        let segments = u32::try_from(utterances.len()).unwrap_or(u32::MAX);
        self.understanding.send_replace(Understood::of(&draft, segments, &read_backs, &answers));
        let Ok(body) = serde_json::to_value(&draft) else { return };
        if let Err(error) = self.stages.store.put_live_draft(self.known.call, body.to_string()).await {
            tracing::warn!(call = %self.known.call, %error, "live draft not stored; the next one replaces it");
        }
        self.stages.tell(CallEvent::Draft { call: self.known.call, complete: false, draft: body });
    }
}

/// Recognises one segment and stores the result. `expected`: the language of what was said before. `None`: the store is closing; the call stays unfinished and boot
/// recovery does the rest.
pub(super) async fn recognise(
    stages: &Stages,
    assignment: &Assignment,
    cut: Numbered,
    expected: Option<Language>,
    priority: Priority,
) -> Option<Utterance> {
    let utterance = hear(stages, assignment, cut, expected, priority).await;
    store(stages, assignment.call, &utterance).await?;
    Some(utterance)
}

/// Tried until the store has it; `None`: it is closing.
async fn store(stages: &Stages, call: CallId, utterance: &Utterance) -> Option<()> {
    until_stored(stages, call, || stages.store.append_utterance(call, utterance.clone())).await
}

/// What was said in one segment. `expected`: the language of what was said before.
async fn hear(
    stages: &Stages,
    assignment: &Assignment,
    numbered: Numbered,
    expected: Option<Language>,
    priority: Priority,
) -> Utterance {
    let Numbered { seq, cut, on_disk, foreseen } = numbered;
    let mut segment =
        SpeechSegment::new(assignment.call, seq, cut, assignment.rate, assignment.spoken.clone()).expecting(expected);
    if let Some(foreseen) = foreseen
        && let Some(utterance) = stages.speech.foreseen(&segment, priority, foreseen).await
    {
        return utterance;
    }
    if on_disk {
        match read_back(assignment, segment.span).await {
            Some(pcm) => segment.pcm = pcm,
            None => return Utterance::unheard(seq, segment.span, Unheard::NoSound, &stages.model.name),
        }
    }
    stages.speech.recognise(segment, priority).await
}

/// Spans are whole milliseconds: two of them at 8 kHz.
const ROUNDING: u64 = 16;

/// Sound of a segment from the recording. `None`: it is not (whole) there, so a person must listen.
pub(super) async fn read_back(assignment: &Assignment, span: MediaSpan) -> Option<Vec<i16>> {
    let samples = span.end.as_samples(assignment.rate) - span.start.as_samples(assignment.rate);
    if let Some(flusher) = &assignment.flusher {
        flusher.flush().await;
    }
    let path = assignment.recording.clone();
    let error = match tokio::task::spawn_blocking(move || read_span(&path, span)).await {
        Ok(Ok(audio)) if audio.pcm.len() as u64 + ROUNDING >= samples => return Some(audio.pcm),
        Ok(Ok(audio)) => format!("{} of {samples} samples are in the recording", audio.pcm.len()),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(call = %assignment.call, error, "sound of a speech segment cannot be read back; it needs listening");
    None
}
