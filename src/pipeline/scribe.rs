//! Turns one call's speech segments into stored utterances and a draft that grows while the call is up.
//!
//! Runs beside the media loop, so that a slow recogniser never touches audio. Segments are taken in order; what
//! cannot be kept in memory is read back from the recording.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::Stages;
use super::facts::{self, Known};
use crate::call::{CallEvent, CallId, Language, MediaSpan, SegmentOutcome, Utterance};
use crate::config::limits;
use crate::media::read_span;
use crate::speech::{Priority, SpeechSegment};

/// A stretch of speech as the endpointer cut it.
pub(super) struct Cut {
    pub seq: u32,
    pub span: MediaSpan,
    /// `None`: too many are waiting; the audio is in the recording.
    pub pcm: Option<Vec<i16>>,
}

/// What is the same for every segment of one call.
#[derive(Clone)]
pub(super) struct Assignment {
    pub call: CallId,
    pub rate: u32,
    pub languages: Vec<Language>,
    pub recording: PathBuf,
}

/// The sending side of a call's scribe.
pub(super) struct Scribe {
    cuts: mpsc::Sender<Cut>,
    waiting: Arc<AtomicUsize>,
    next_seq: u32,
    language: watch::Receiver<Option<Language>>,
    task: JoinHandle<Vec<Utterance>>,
}

impl Scribe {
    pub(super) fn start(stages: Arc<Stages>, assignment: Assignment, known: Known) -> Self {
        let (cuts, receiver) = mpsc::channel(limits::SEGMENTS_PER_CALL);
        let waiting = Arc::new(AtomicUsize::new(0));
        let (spoken, language) = watch::channel(None);
        let desk = Desk { stages, assignment, known, waiting: waiting.clone(), spoken };
        let task = tokio::spawn(desk.write_down(receiver));
        Self { cuts, waiting, next_seq: 0, language, task }
    }

    /// Queues a segment. Never waits: the queue holds more segments than the longest call can have.
    pub(super) fn take(&mut self, span: MediaSpan, pcm: Vec<i16>) {
        let seq = self.next_seq;
        self.next_seq += 1;
        let in_memory = self.waiting.fetch_add(1, Ordering::AcqRel) < limits::SEGMENT_QUEUE;
        if self.cuts.try_send(Cut { seq, span, pcm: in_memory.then_some(pcm) }).is_err() {
            tracing::error!(seq, "speech segment not queued; it stays in the recording and the draft will say so");
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

    /// Waits until everything queued is recognised and stored.
    pub(super) async fn finish(self) -> Vec<Utterance> {
        drop(self.cuts);
        self.task.await.unwrap_or_default()
    }
}

/// The scribe's own side.
struct Desk {
    stages: Arc<Stages>,
    assignment: Assignment,
    known: Known,
    waiting: Arc<AtomicUsize>,
    spoken: watch::Sender<Option<Language>>,
}

impl Desk {
    async fn write_down(self, mut cuts: mpsc::Receiver<Cut>) -> Vec<Utterance> {
        let mut utterances = Vec::new();
        while let Some(cut) = cuts.recv().await {
            let utterance = recognise(&self.stages, &self.assignment, cut, Priority::Final).await;
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            let Some(utterance) = utterance else { continue };
            if utterance.language.is_some() {
                self.spoken.send_replace(utterance.language);
            }
            self.stages.tell(CallEvent::Final { call: self.assignment.call, utterance: utterance.clone() });
            utterances.push(utterance);
            publish_live_draft(&self.stages, &self.known, &utterances).await;
        }
        utterances
    }
}

/// Recognises one segment and stores the result. `None` only when it could not be stored; boot recovery then finds
/// it missing and does it again.
pub(super) async fn recognise(
    stages: &Stages,
    assignment: &Assignment,
    cut: Cut,
    priority: Priority,
) -> Option<Utterance> {
    let utterance = match cut.pcm.map_or_else(|| read_span(&assignment.recording, cut.span).map(|audio| audio.pcm), Ok)
    {
        Ok(pcm) => {
            let segment = SpeechSegment {
                call: assignment.call,
                seq: cut.seq,
                span: cut.span,
                rate: assignment.rate,
                pcm,
                languages: assignment.languages.clone(),
            };
            stages.speech.recognise(segment, priority).await
        }
        Err(error) => {
            tracing::error!(call = %assignment.call, seq = cut.seq, %error, "audio of a speech segment cannot be read back");
            unrecognised(cut.seq, cut.span, &stages.model.name)
        }
    };
    match stages.store.append_utterance(assignment.call, utterance.clone()).await {
        Ok(()) => Some(utterance),
        Err(error) => {
            tracing::error!(call = %assignment.call, seq = cut.seq, %error, "utterance not stored");
            None
        }
    }
}

fn unrecognised(seq: u32, span: MediaSpan, model: &str) -> Utterance {
    Utterance {
        seq,
        span,
        outcome: SegmentOutcome::Unrecognised,
        text: String::new(),
        language: None,
        words: Vec::new(),
        confidence: 0.0,
        model: model.to_owned(),
    }
}

async fn publish_live_draft(stages: &Stages, known: &Known, utterances: &[Utterance]) {
    let Some(last) = utterances.last() else { return };
    let (coverage, _) = crate::speech::ledger(last.span.end, utterances, &[], None);
    let draft = stages.drafter.draft(&facts::live(stages, known), utterances, coverage);
    let Ok(body) = serde_json::to_value(&draft) else { return };
    if let Err(error) = stages.store.put_live_draft(known.call, body.to_string()).await {
        tracing::warn!(call = %known.call, %error, "live draft not stored; the next one replaces it");
    }
    stages.tell(CallEvent::Draft { call: known.call, complete: false, draft: body });
}
