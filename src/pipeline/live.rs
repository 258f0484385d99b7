//! The part of the journey with a caller on the line.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Stages;
use super::conversation::{Action, Conversation, Say};
use super::ears::Ears;
use super::facts::Known;
use super::scribe::{Assignment, Scribe};
use crate::call::{
    AudioFrame, CallEvent, CallId, CallState, EndCause, Hypothesis, Language, MediaPlan, MediaSpan, MediaTime,
};
use crate::config::{Config, Line};
use crate::ingress::{Refusal, SignalEvent, Signalling};
use crate::media::prompt::{Prompt, PromptError, PromptName, Prompts};
use crate::media::{MediaEvent, MediaSession, MediaStats, Recorder, RecorderError, Recording, RtpPorts};

/// Adds one call's line to the totals that operators watch.
fn count(stats: &MediaStats) {
    metrics::counter!("heardline_media_packets_received_total").increment(stats.packets_received);
    metrics::counter!("heardline_media_packets_lost_total").increment(stats.packets_lost);
    metrics::counter!("heardline_media_packets_late_total").increment(stats.packets_late);
    metrics::counter!("heardline_media_packets_wrong_source_total").increment(stats.wrong_source);
    metrics::counter!("heardline_media_packets_malformed_total").increment(stats.malformed);
}

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

struct Live<'a> {
    stages: &'a Stages,
    known: Known,
    media: MediaSession,
    local_rtp: SocketAddr,
    ears: Ears,
    conversation: Conversation,
    prompts: Prompts,
    held: bool,
    /// What was said last; the end of anything else is old news.
    run: u64,
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
            MediaEvent::PromptsDone { run, at } => {
                if run == self.run
                    && let Some(action) = self.conversation.said(at)
                {
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
        self.ears.hear(frame);
        if let Some(action) = self.conversation.audio(self.ears.now, self.ears.speaking(), self.held) {
            self.act(action);
        }
        if self.stages.config.speech.partials {
            self.ears.ask_for_partial(self.stages);
        }
    }

    fn key(&mut self, digit: char, at: MediaTime) {
        self.stages.tell(CallEvent::Dtmf { call: self.known.call, digit, at });
        for action in self.conversation.key(digit, at) {
            self.act(action);
        }
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
    async fn end(self, cause: EndCause, mut frames: mpsc::Receiver<MediaEvent>) -> Ended {
        let Live { mut ears, media, conversation, .. } = self;
        let notice = conversation.notice(ears.now);
        let rest = async {
            while let Some(event) = frames.recv().await {
                if let MediaEvent::Frame(frame) = event {
                    ears.hear(frame);
                }
            }
        };
        let (stats, ()) = tokio::join!(media.close(), rest);
        count(&stats);
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
