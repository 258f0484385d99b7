//! The part of the journey with a caller on the line.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Stages;
use super::conversation::{Action, Conversation, Say};
use super::facts::Known;
use super::scribe::{Assignment, Scribe};
use crate::call::{
    AudioFrame, CallEvent, CallId, CallState, EndCause, FrameKind, Hypothesis, Language, MediaPlan, MediaSpan,
    MediaTime,
};
use crate::config::{Config, Line};
use crate::ingress::{Refusal, SignalEvent, Signalling};
use crate::media::prompt::{Prompt, PromptError, PromptName, Prompts};
use crate::media::recorder::{Recorder, RecorderError, Recording};
use crate::media::{MediaEvent, MediaSession, RtpPorts};
use crate::speech::{EndpointRules, Heard, Listener, SpeechSegment, StablePrefix};

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
    match Recorder::create(&stages.data.recording(call), rate) {
        Ok(recorder) => Some((ports, recorder)),
        Err(error) => {
            tracing::error!(%call, %error, "call refused: it could not be recorded");
            refused(stages, call, signalling, Refusal::CannotRecord).await;
            None
        }
    }
}

pub(super) async fn refused(stages: &Stages, call: CallId, signalling: &dyn Signalling, refusal: Refusal) {
    signalling.refuse(refusal).await;
    never_answered(stages, call, EndCause::Refused).await;
}

/// The caller gave up before the answer.
pub(super) async fn withdrawn(stages: &Stages, call: CallId) {
    never_answered(stages, call, EndCause::Cancelled).await;
}

async fn never_answered(stages: &Stages, call: CallId, cause: EndCause) {
    if let Err(error) = stages.store.refuse_call(call, cause, stages.clock.unix_ms()).await {
        tracing::error!(%call, %error, "the end of an unanswered call could not be written down; boot recovery closes it");
    }
    if let Err(error) = std::fs::remove_file(stages.data.recording(call))
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
    let Answered { plan, media, mut frames, recorder, signalling } = call;
    let mut live = Live::new(stages, known, &plan, media, recorder);
    let cause = loop {
        tokio::select! {
            biased;
            () = stages.stop.cancelled() => break EndCause::Shutdown,
            signal = events.recv() => match signal {
                None | Some(SignalEvent::HungUp) => break EndCause::CallerHangup,
                Some(SignalEvent::Cancelled) => break EndCause::Cancelled,
                Some(SignalEvent::Updated { plan, answer }) => live.renegotiated(plan, answer),
                Some(SignalEvent::Dtmf(digit)) => live.key(digit, live.now),
            },
            event = frames.recv() => match event {
                None | Some(MediaEvent::MediaLost) => break EndCause::MediaLost,
                Some(MediaEvent::NoMedia) => break EndCause::NoMedia,
                Some(event) => live.media(event),
            },
            hypothesis = live.partials.next() => live.partial(hypothesis),
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
    pub media: MediaSession,
    pub frames: mpsc::Receiver<MediaEvent>,
    pub recorder: Recorder,
    pub signalling: &'a dyn Signalling,
}

struct Live<'a> {
    stages: &'a Stages,
    known: Known,
    media: MediaSession,
    recorder: Recorder,
    local_rtp: std::net::SocketAddr,
    listener: Listener,
    conversation: Conversation,
    scribe: Scribe,
    partials: Partials,
    prompts: Prompts,
    lost: Vec<MediaSpan>,
    /// End of the audio so far.
    now: MediaTime,
    held: bool,
    rate: u32,
    over: Option<EndCause>,
}

impl<'a> Live<'a> {
    fn new(stages: &'a Arc<Stages>, known: Known, plan: &MediaPlan, media: MediaSession, recorder: Recorder) -> Self {
        let (conversation, first) = Conversation::start(stages.config.call.clone());
        let rate = plan.codec.rate();
        let assignment = Assignment {
            call: known.call,
            rate,
            languages: known.line.languages.clone(),
            recording: stages.data.recording(known.call),
        };
        let prompts = stages.prompts.0.get(&known.line.name).cloned().unwrap_or_else(Prompts::none);
        let mut live = Self {
            stages,
            local_rtp: media.local_addr(),
            media,
            recorder,
            listener: Listener::new(rate, EndpointRules::default()),
            conversation,
            scribe: Scribe::start(stages.clone(), assignment, known.clone()),
            partials: Partials::default(),
            prompts,
            lost: Vec::new(),
            now: MediaTime::ZERO,
            held: !plan.direction.we_send(),
            rate,
            over: None,
            known,
        };
        live.act(first);
        live
    }

    fn media(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Frame(frame) => self.frame(frame),
            MediaEvent::Dtmf { digit, at } => self.key(digit, at),
            MediaEvent::PromptsDone { at } => {
                if let Some(action) = self.conversation.said(at) {
                    self.act(action);
                }
            }
            MediaEvent::NoMedia => self.over = Some(EndCause::NoMedia),
            MediaEvent::MediaLost => self.over = Some(EndCause::MediaLost),
        }
    }

    fn frame(&mut self, mut frame: AudioFrame) {
        if self.conversation.notice_is_playing() && !self.known.line.record_before_notice_ends {
            frame.pcm.fill(0);
        }
        self.hear(&frame);
        self.recorder.append(frame.pcm);
        let speaking = self.listener.quiet_since().is_none();
        if let Some(action) = self.conversation.audio(self.now, speaking, self.held) {
            self.act(action);
        }
        self.ask_for_partial();
    }

    /// Ledger and endpointer; also used for the audio that still arrives after the end.
    fn hear(&mut self, frame: &AudioFrame) {
        let samples = u64::try_from(frame.pcm.len()).unwrap_or(u64::MAX);
        let end = frame.at + samples * 1000 / u64::from(frame.rate.max(1));
        if frame.kind == FrameKind::Concealed {
            note_lost(&mut self.lost, MediaSpan::new(frame.at, end));
        }
        self.now = end;
        let heard = self.listener.push(frame);
        self.take(heard);
    }

    fn take(&mut self, heard: Vec<Heard>) {
        for event in heard {
            if let Heard::Segment { span, pcm } = event {
                self.partials.forget();
                self.scribe.take(span, pcm);
            }
        }
    }

    fn key(&mut self, digit: char, at: MediaTime) {
        self.stages.tell(CallEvent::Dtmf { call: self.known.call, digit, at });
        for action in self.conversation.key(digit, at) {
            self.act(action);
        }
    }

    fn renegotiated(&mut self, plan: MediaPlan, answer: oneshot::Sender<std::net::SocketAddr>) {
        self.held = !plan.direction.we_send();
        self.media.update(plan);
        let _withdrawn_meanwhile = answer.send(self.local_rtp);
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Say(say) => match self.words(say) {
                Ok(prompts) => prompts.into_iter().for_each(|prompt| self.media.play(prompt)),
                Err(error) => {
                    // Checked at start; a gap here must not keep the caller waiting for words that never come.
                    tracing::error!(call = %self.known.call, %error, "nothing to say");
                    if let Some(action) = self.conversation.said(self.now) {
                        self.act(action);
                    }
                }
            },
            Action::StopTalking => self.media.stop_playing(),
            Action::End(cause) => self.over = Some(cause),
        }
    }

    fn words(&self, say: Say) -> Result<Vec<Arc<Prompt>>, PromptError> {
        let language = self.scribe.language().or(self.known.line.languages.first().copied()).unwrap_or(Language::En);
        let close = || -> Result<Vec<Arc<Prompt>>, PromptError> {
            let mut words = self.prompts.with_digits(language, PromptName::Reference, self.known.reference.digits())?;
            words.push(self.prompts.get(language, PromptName::Goodbye)?);
            Ok(words)
        };
        match say {
            Say::Notice => {
                let number = || self.known.line.emergency_number.chars().filter_map(|c| c.to_digit(10)?.try_into().ok());
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

    fn ask_for_partial(&mut self) {
        if !self.stages.config.speech.partials || !self.partials.due(self.now) {
            return;
        }
        let Some((span, pcm)) = self.listener.open().filter(|(span, _)| span.millis() >= Partials::FIRST_MS) else {
            return;
        };
        let segment = SpeechSegment {
            call: self.known.call,
            seq: self.scribe.next_seq(),
            span,
            rate: self.rate,
            pcm: pcm.to_vec(),
            languages: self.known.line.languages.clone(),
        };
        self.partials.asked(self.now, self.stages.speech.try_partial(segment));
    }

    fn partial(&mut self, hypothesis: Option<Hypothesis>) {
        let Some(hypothesis) = hypothesis.and_then(|h| self.partials.stable(h)) else { return };
        self.stages.tell(CallEvent::Partial { call: self.known.call, at: self.now, hypothesis });
    }

    /// Takes in what the jitter buffer still held, closes the open segment and the recording.
    async fn end(mut self, cause: EndCause, mut frames: mpsc::Receiver<MediaEvent>) -> Ended {
        let notice = self.conversation.notice(self.now);
        let Live { media, .. } = &mut self;
        let closing = media.shut();
        tokio::pin!(closing);
        let _stats = closing.await;
        while let Some(event) = frames.recv().await {
            if let MediaEvent::Frame(frame) = event {
                self.hear(&frame);
                self.recorder.append(frame.pcm);
            }
        }
        let rest = self.listener.finish();
        self.take(rest);
        Ended {
            cause,
            duration: self.now,
            recording: self.recorder.finish().await,
            lost: self.lost,
            notice,
            keys: self.conversation.keys().to_owned(),
            scribe: self.scribe,
        }
    }
}

/// Appends a lost span, joined to the one before it when they touch.
fn note_lost(lost: &mut Vec<MediaSpan>, span: MediaSpan) {
    match lost.last_mut() {
        Some(last) if last.end >= span.start => last.end = span.end.max(last.end),
        _ => lost.push(span),
    }
}

/// At most one partial hypothesis under way; the next one waits for it and for a pause.
#[derive(Default)]
struct Partials {
    pending: Option<oneshot::Receiver<Hypothesis>>,
    next_at: MediaTime,
    prefix: StablePrefix,
}

impl Partials {
    /// Speech shorter than this gives no usable hypothesis.
    const FIRST_MS: u64 = 800;
    /// Between two hypotheses of one segment; a busy pool refuses more often than this asks.
    const EVERY_MS: u64 = 600;

    fn due(&self, now: MediaTime) -> bool {
        self.pending.is_none() && now >= self.next_at
    }

    fn asked(&mut self, now: MediaTime, pending: Option<oneshot::Receiver<Hypothesis>>) {
        self.pending = pending;
        self.next_at = now + Self::EVERY_MS;
    }

    /// The segment was closed: its final replaces what was guessed.
    fn forget(&mut self) {
        self.pending = None;
        self.prefix = StablePrefix::default();
    }

    async fn next(&mut self) -> Option<Hypothesis> {
        match &mut self.pending {
            Some(pending) => {
                let hypothesis = pending.await.ok();
                self.pending = None;
                hypothesis
            }
            None => std::future::pending().await,
        }
    }

    fn stable(&mut self, hypothesis: Hypothesis) -> Option<Hypothesis> {
        let stable = self.prefix.push(&hypothesis);
        (!stable.words.is_empty()).then_some(stable)
    }
}
