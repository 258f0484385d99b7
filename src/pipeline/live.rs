//! The part of the journey with a caller on the line.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Stages;
use super::conversation::{Action, Conversation, Say};
use super::ears::Ears;
use super::facts::Known;
use super::persist::until_stored;
use super::scribe::{Assignment, Scribe};
use crate::call::{
    AudioFrame, CallEvent, CallId, CallState, EndCause, Hypothesis, Language, MediaPlan, MediaSpan, MediaTime,
};
use crate::config::{Config, Line};
use crate::ingress::{Refusal, SignalEvent, Signalling};
use crate::media::prompt::{Prompt, PromptError, PromptName, Prompts};
use crate::media::{MediaEvent, MediaSession, Recorder, RecorderError, Recording, RtpPorts};
use crate::store::Progress;

/// Prompts of every line, loaded and checked at start.
#[derive(Clone)]
pub struct LinePrompts(Arc<HashMap<String, Prompts>>);

impl LinePrompts {
    pub fn load(config: &Config) -> Result<Self, PromptError> {
        let load = |line: &Line| Ok((line.name.clone(), Prompts::load(&line.languages, line.prompts.as_deref())?));
        Ok(Self(Arc::new(config.lines.iter().map(load).collect::<Result<_, PromptError>>()?)))
    }
}

/// Rings and opens what the call needs; refuses it (and says so in the store) when something is missing.
pub(super) async fn ready(
    stages: &Stages,
    call: CallId,
    signalling: &dyn Signalling,
    rate: u32,
) -> Option<(RtpPorts, Recorder)> {
    if signalling.ringing().await.is_err() {
        withdrawn(stages, call).await;
        return None;
    }
    let ports = match stages.ports.acquire().await {
        Ok(ports) => ports,
        Err(error) => {
            tracing::error!(%call, %error, "call refused: no RTP port");
            refused(stages, call, signalling, Refusal::Busy).await;
            return None;
        }
    };
    let path = stages.data.recording(call);
    let error = match tokio::task::spawn_blocking(move || Recorder::create(&path, rate)).await {
        Ok(Ok(recorder)) => return Some((ports, recorder)),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(%call, error, "call refused: it could not be recorded");
    refused(stages, call, signalling, Refusal::CannotRecord).await;
    None
}

pub(super) async fn refused(stages: &Stages, call: CallId, signalling: &dyn Signalling, refusal: Refusal) {
    signalling.refuse(refusal).await;
    never_answered(stages, call, EndCause::Refused).await;
}

/// The caller gave up before the answer.
pub(super) async fn withdrawn(stages: &Stages, call: CallId) {
    never_answered(stages, call, EndCause::Cancelled).await;
}

/// No draft is owed: the row is closed and the empty recording removed.
pub(super) async fn never_answered(stages: &Stages, call: CallId, cause: EndCause) {
    let at_unix_ms = stages.clock.unix_ms();
    if until_stored(stages, call, || stages.store.refuse_call(call, cause, at_unix_ms)).await.is_none() {
        return;
    }
    if let Err(error) = tokio::fs::remove_file(stages.data.recording(call)).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%call, %error, "empty recording of an unanswered call not removed");
    }
    stages.tell_state(call, CallState::Refused, Some(cause));
}

/// What is left when the caller is gone.
pub(super) struct Ended {
    pub cause: EndCause,
    pub duration: MediaTime,
    pub recording: Result<Recording, RecorderError>,
    pub lost: Vec<MediaSpan>,
    pub notice: MediaSpan,
    pub keys: String,
    pub scribe: Scribe,
}

/// The caller is on the line until this returns.
pub(super) async fn converse(
    stages: &Arc<Stages>,
    known: Known,
    call: Answered<'_>,
    mut events: mpsc::Receiver<SignalEvent>,
) -> Ended {
    let signalling = call.signalling;
    let (mut live, mut frames) = Live::new(stages, known, call);
    let cause = loop {
        tokio::select! {
            biased;
            () = stages.stop.cancelled() => break EndCause::Shutdown,
            signal = events.recv() => match signal {
                None | Some(SignalEvent::HungUp) => break EndCause::CallerHangup,
                Some(SignalEvent::Cancelled) => break EndCause::Cancelled,
                Some(SignalEvent::Updated { plan, answer }) => live.renegotiated(plan, answer),
                Some(SignalEvent::Dtmf(digit)) => live.key(digit, live.ears.now),
            },
            event = frames.recv() => match event {
                None | Some(MediaEvent::MediaLost) => break EndCause::MediaLost,
                Some(MediaEvent::NoMedia) => break EndCause::NoMedia,
                Some(event) => live.media(event),
            },
            hypothesis = live.ears.partials.next() => live.partial(hypothesis),
        }
        if let Some(cause) = live.over {
            break cause;
        }
    };
    if !matches!(cause, EndCause::CallerHangup | EndCause::Cancelled) {
        signalling.hang_up(cause).await;
    }
    live.end(cause, frames).await
}

/// A call's open ends once it was answered.
pub(super) struct Answered<'a> {
    pub plan: MediaPlan,
    pub local_rtp: SocketAddr,
    pub media: MediaSession,
    pub frames: mpsc::Receiver<MediaEvent>,
    pub recorder: Recorder,
    pub signalling: &'a dyn Signalling,
}

#[derive(Default)]
struct ProgressNotes {
    at: MediaTime,
    writing: Option<JoinHandle<()>>,
}

impl ProgressNotes {
    const EVERY_MS: u64 = 5_000;
}

struct Live<'a> {
    stages: &'a Stages,
    known: Known,
    media: MediaSession,
    local_rtp: SocketAddr,
    ears: Ears,
    conversation: Conversation,
    prompts: Prompts,
    held: bool,
    /// The newest run of prompts; only its end counts.
    run: u64,
    progress: ProgressNotes,
    over: Option<EndCause>,
}

impl<'a> Live<'a> {
    fn new(stages: &'a Arc<Stages>, known: Known, call: Answered<'_>) -> (Self, mpsc::Receiver<MediaEvent>) {
        let Answered { plan, local_rtp, media, frames, recorder, .. } = call;
        let (conversation, first) = Conversation::start(stages.config.call.clone());
        let assignment = Assignment {
            call: known.call,
            rate: plan.codec.rate(),
            languages: known.line.languages.clone(),
            recording: stages.data.recording(known.call),
        };
        let scribe = Scribe::start(stages.clone(), assignment.clone(), known.clone());
        let mut live = Self {
            stages,
            media,
            local_rtp,
            ears: Ears::new(recorder, scribe, assignment),
            conversation,
            prompts: stages.prompts.0.get(&known.line.name).cloned().unwrap_or_else(Prompts::none),
            held: !plan.direction.we_send(),
            run: 0,
            progress: ProgressNotes::default(),
            over: None,
            known,
        };
        live.act(first);
        (live, frames)
    }

    fn media(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Frame(frame) => self.frame(frame),
            MediaEvent::Dtmf { digit, at } => self.key(digit, at),
            MediaEvent::PromptsDone { run, at } if run == self.run => {
                if let Some(action) = self.conversation.said(at) {
                    self.act(action);
                }
            }
            MediaEvent::PromptsDone { .. } => {}
            MediaEvent::NoMedia => self.over = Some(EndCause::NoMedia),
            MediaEvent::MediaLost => self.over = Some(EndCause::MediaLost),
        }
    }

    fn frame(&mut self, frame: AudioFrame) {
        self.hear(frame);
        if let Some(action) = self.conversation.audio(self.ears.now, self.ears.speaking(), self.held) {
            self.act(action);
        }
        self.note_progress();
        if self.stages.config.speech.partials {
            self.ears.ask_for_partial(self.stages);
        }
    }

    /// What is said over the notice is kept, unless the line's policy is to drop it.
    fn hear(&mut self, mut frame: AudioFrame) {
        let over_notice = frame.at < self.conversation.notice(frame.at + 1).end;
        if over_notice && !self.known.line.record_before_notice_ends {
            frame.pcm.fill(0);
        }
        self.ears.hear(frame);
    }

    fn key(&mut self, digit: char, at: MediaTime) {
        self.stages.tell(CallEvent::Dtmf { call: self.known.call, digit, at });
        for action in self.conversation.key(digit, at) {
            self.act(action);
        }
    }

    /// What only memory knows is written down now and then, for a crash. Never waits, never two at once.
    fn note_progress(&mut self) {
        let now = self.ears.now;
        let busy = self.progress.writing.as_ref().is_some_and(|writing| !writing.is_finished());
        if busy || now - self.progress.at < ProgressNotes::EVERY_MS {
            return;
        }
        self.progress.at = now;
        let progress = Progress {
            lost: self.ears.lost.clone(),
            notice: Some(self.conversation.notice(now)),
            dtmf: self.conversation.keys().to_owned(),
            heard_ms: now.as_millis(),
        };
        let (store, call) = (self.stages.store.clone(), self.known.call);
        self.progress.writing = Some(tokio::spawn(async move {
            if let Err(error) = store.note_progress(call, progress).await {
                tracing::warn!(%call, %error, "progress not written down; the next note replaces it");
            }
        }));
    }

    fn renegotiated(&mut self, plan: MediaPlan, answer: oneshot::Sender<SocketAddr>) {
        self.held = !plan.direction.we_send();
        self.media.update(plan);
        let _withdrawn_meanwhile = answer.send(self.local_rtp);
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Say(say) => match self.words(say) {
                Ok(prompts) => self.run = self.media.play(prompts),
                Err(error) => {
                    // Checked at start; a gap here must not keep the caller waiting for words that never come.
                    tracing::error!(call = %self.known.call, %error, "nothing to say");
                    if let Some(action) = self.conversation.said(self.ears.now) {
                        self.act(action);
                    }
                }
            },
            Action::StopTalking => self.media.stop_playing(),
            Action::End(cause) => self.over = Some(cause),
        }
    }

    fn words(&self, say: Say) -> Result<Vec<Arc<Prompt>>, PromptError> {
        let language =
            self.ears.scribe.language().or(self.known.line.languages.first().copied()).unwrap_or(Language::En);
        let close = || -> Result<Vec<Arc<Prompt>>, PromptError> {
            let mut words = self.prompts.with_digits(language, PromptName::Reference, self.known.reference.digits())?;
            words.push(self.prompts.get(language, PromptName::Goodbye)?);
            Ok(words)
        };
        match say {
            Say::Notice => {
                let number =
                    || self.known.line.emergency_number.chars().filter_map(|c| c.to_digit(10)?.try_into().ok());
                let mut words = Vec::new();
                for language in &self.known.line.languages {
                    words.extend(self.prompts.with_digits(*language, PromptName::Notice, number())?);
                }
                Ok(words)
            }
            Say::AnythingElse => Ok(vec![self.prompts.get(language, PromptName::AnythingElse)?]),
            Say::Warning => Ok(vec![self.prompts.get(language, PromptName::Warning)?]),
            Say::Close => close(),
            Say::CloseWithCallBack => {
                let mut words = vec![self.prompts.get(language, PromptName::CallBack)?];
                words.extend(close()?);
                Ok(words)
            }
        }
    }

    fn partial(&self, hypothesis: Option<Hypothesis>) {
        let Some(hypothesis) = hypothesis else { return };
        self.stages.tell(CallEvent::Partial { call: self.known.call, at: self.ears.now, hypothesis });
    }

    /// Takes in what the jitter buffer still held, closes the open segment and the recording.
    async fn end(mut self, cause: EndCause, mut frames: mpsc::Receiver<MediaEvent>) -> Ended {
        self.media.close().await;
        while let Some(event) = frames.recv().await {
            if let MediaEvent::Frame(frame) = event {
                self.hear(frame);
            }
        }
        let Live { mut ears, conversation, .. } = self;
        let notice = conversation.notice(ears.now);
        ears.close();
        Ended {
            cause,
            duration: ears.now,
            recording: ears.recorder.finish().await,
            lost: ears.lost,
            notice,
            keys: conversation.keys().to_owned(),
            scribe: ears.scribe,
        }
    }
}
