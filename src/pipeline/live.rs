//! The part of the journey with a caller on the line.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Stages;
use super::conversation::{Action, Conversation};
use super::ears::Ears;
use super::facts::Known;
use super::scribe::{Assignment, Scribe};
use super::settings::InForce;
use super::transfers::Place;
use super::voice::Voice;
use crate::call::{
    AudioFrame, CallEvent, EndCause, Hypothesis, Language, LineQuality, LostSpan, MediaPlan, MediaSpan, MediaTime,
    NoAudio, ReadBack, TransferState,
};
use crate::ingress::{SignalEvent, Signalling, TransferNews};
use crate::media::{MediaEvent, MediaSession, Recorder, RecorderError, Recording};
use crate::store::Progress;

/// What is left when the caller is gone.
pub(super) struct Ended {
    pub cause: EndCause,
    pub duration: MediaTime,
    pub recording: Result<Recording, RecorderError>,
    pub lost: Vec<LostSpan>,
    pub notice: MediaSpan,
    pub keys: String,
    pub read_backs: Vec<ReadBack>,
    pub line_quality: LineQuality,
    /// Until the end of the call is written down the desk asks here.
    pub transfer: Option<Place>,
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
    let (transfer, mut wishes) = stages.transfers.enter(&known);
    let (mut live, mut frames) = Live::new(stages, known, call, transfer);
    let mut danger = live.ears.scribe.alarm().watch();
    let cause = loop {
        tokio::select! {
            biased;
            () = stages.stop.cancelled() => break EndCause::Shutdown,
            () = stages.goodbye.cancelled(), if !live.leaving => live.leave(),
            signal = events.recv() => match signal {
                None | Some(SignalEvent::HungUp) => break EndCause::CallerHangup,
                Some(SignalEvent::Cancelled) => break EndCause::Cancelled,
                Some(SignalEvent::Failed(cause)) => break cause,
                Some(SignalEvent::Updated { plan, answer }) => live.renegotiated(plan, answer),
                Some(SignalEvent::Dtmf(digit)) => live.key(digit, live.ears.now),
                Some(SignalEvent::Transfer(news)) => live.transfer_news(news),
            },
            Some(()) = wishes.recv() => live.pass_on(signalling),
            event = frames.recv() => match event {
                None | Some(MediaEvent::MediaLost) => break EndCause::MediaLost,
                Some(MediaEvent::NoMedia) => break EndCause::NoMedia,
                Some(event) => live.media(event),
            },
            hypothesis = live.ears.partials.next() => live.partial(hypothesis),
            () = danger.raised(), if !live.conversation.emergency() => live.conversation.raise_emergency(live.notice),
        }
        if let Some(cause) = live.over {
            break cause;
        }
    };
    if !matches!(cause, EndCause::CallerHangup | EndCause::Cancelled) {
        signalling.hang_up(cause).await;
    }
    drop(wishes);
    live.end(cause, frames).await
}

/// A call's open ends once it was answered.
pub(super) struct Answered<'a> {
    pub plan: MediaPlan,
    pub local_rtp: Option<SocketAddr>,
    pub media: MediaSession,
    pub frames: mpsc::Receiver<MediaEvent>,
    pub recorder: Recorder,
    pub signalling: &'a dyn Signalling,
    pub in_force: Arc<InForce>,
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
    local_rtp: Option<SocketAddr>,
    ears: Ears,
    conversation: Conversation,
    voice: Voice,
    /// Language of partial words, for as long as no segment is finished.
    guessed: Option<Language>,
    held: bool,
    /// The newest run of prompts; only its end counts.
    run: u64,
    progress: ProgressNotes,
    /// Words are shown while they are spoken, and finals begun before they are sure.
    partials: bool,
    /// Callers in danger are told what to dial.
    notice: bool,
    /// The gateway is ending and the caller is being told goodbye.
    leaving: bool,
    /// Where the line passes its callers on to, and how far this one is.
    transfer: Option<Place>,
    over: Option<EndCause>,
}

impl<'a> Live<'a> {
    fn new(
        stages: &'a Arc<Stages>,
        known: Known,
        call: Answered<'_>,
        transfer: Option<Place>,
    ) -> (Self, mpsc::Receiver<MediaEvent>) {
        let Answered { plan, local_rtp, media, frames, recorder, in_force, .. } = call;
        let (conversation, first) = Conversation::start(in_force.config.call.clone());
        let assignment = Assignment {
            call: known.call,
            rate: plan.codec.rate(),
            spoken: known.line.spoken_here(),
            recording: stages.data.recording(known.call),
            flusher: Some(recorder.flusher()),
        };
        let scribe = Scribe::start(stages.clone(), assignment.clone(), known.clone());
        let mut live = Self {
            stages,
            media,
            local_rtp,
            ears: Ears::new(recorder, scribe, assignment),
            conversation,
            voice: in_force.prompts.voice(&known.line, known.language, known.reference.clone()),
            guessed: None,
            held: !plan.direction.we_send(),
            run: 0,
            progress: ProgressNotes::default(),
            partials: in_force.config.speech.partials,
            notice: in_force.config.emergency.notice,
            leaving: false,
            transfer,
            over: None,
            known,
        };
        live.act(first);
        (live, frames)
    }

    fn media(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Frame(frame) => self.frame(frame),
            MediaEvent::NotLost(span) => self.ears.not_lost(span),
            MediaEvent::Dtmf { digit, at } => self.key(digit, at),
            MediaEvent::PromptsDone { run, at } if run == self.run => {
                if let Some(action) = self.conversation.said(at) {
                    self.act(action);
                }
            }
            MediaEvent::PromptsDone { .. } => {}
            MediaEvent::NoAudio(reason) => self.no_audio(reason),
            MediaEvent::NoMedia => self.over = Some(EndCause::NoMedia),
            MediaEvent::MediaLost => self.over = Some(EndCause::MediaLost),
        }
    }

    /// One warning a call; the metric is what an alarm is set on.
    fn no_audio(&self, reason: NoAudio) {
        metrics::counter!("heardline_media_no_audio_total", "reason" => reason.as_str()).increment(1);
        let hint = match reason {
            NoAudio::NoRtp => {
                "no RTP came since the answer; check the firewall, the RTP ports and the address in our SDP"
            }
            NoAudio::Silent => "RTP comes and all of it is silent; the caller's microphone may be muted",
        };
        tracing::warn!(call = %self.known.call, reason = reason.as_str(), hint, "the caller cannot be heard");
    }

    fn frame(&mut self, frame: AudioFrame) {
        self.hear(frame);
        // A caller who is being passed on hears somebody else's phone ring and is asked nothing.
        let away = self.held || self.transfer.as_ref().is_some_and(Place::is_asked);
        if let Some(action) = self.conversation.audio(self.ears.now, self.ears.speaking(), away) {
            self.act(action);
        }
        self.follow_up();
        self.note_progress();
        if self.partials {
            self.ears.foresee(&self.stages.speech);
            self.ears.ask_for_partial(&self.stages.speech);
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

    /// Asks for what is missing, once all that was said is understood.
    fn follow_up(&mut self) {
        let Some(heard) = self.ears.understood() else { return };
        let Some(action) = self.conversation.follow_up(self.ears.now, &heard) else { return };
        self.act(action);
        self.tell_read_backs();
    }

    fn key(&mut self, digit: char, at: MediaTime) {
        self.stages.tell(CallEvent::Dtmf { call: self.known.call, digit, at });
        for action in self.conversation.key(digit, at) {
            self.act(action);
        }
        self.tell_read_backs();
    }

    /// The draft needs them, and a crash must not lose them.
    fn tell_read_backs(&mut self) {
        if self.ears.scribe.read_back(self.conversation.read_backs()) {
            self.progress.at = MediaTime::ZERO;
        }
    }

    fn leave(&mut self) {
        self.leaving = true;
        for action in self.conversation.leave(self.ears.now) {
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
            read_backs: self.conversation.read_backs().to_vec(),
            transfer: self.transfer.as_ref().and_then(Place::kept),
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
        if let Some(local_rtp) = self.local_rtp {
            let _withdrawn_meanwhile = answer.send(local_rtp);
        }
    }

    /// The desk wants the caller passed on.
    fn pass_on(&mut self, signalling: &dyn Signalling) {
        let Some(place) = self.transfer.as_ref().filter(|place| place.is_asked()) else { return };
        tracing::info!(call = %self.known.call, "an agent passes the caller on");
        // A crash must not lose that it was asked for.
        self.progress.at = MediaTime::ZERO;
        // The line may put the caller on hold without a word while it calls.
        self.media.away(true);
        if let Err(error) = signalling.transfer(place.to()) {
            self.transfer_news(TransferNews::Failed(error.to_string()));
        }
        self.note_progress();
    }

    fn transfer_news(&mut self, news: TransferNews) {
        let Some(place) = &self.transfer else { return };
        let (state, detail) = match news {
            TransferNews::Trying(detail) => (TransferState::Asked, Some(detail)),
            TransferNews::Done => (TransferState::Done, None),
            TransferNews::Failed(detail) => (TransferState::Failed, Some(detail)),
        };
        if state != TransferState::Asked {
            metrics::counter!("heardline_pipeline_transfers_total", "state" => state.as_str()).increment(1);
        }
        if state == TransferState::Failed {
            tracing::warn!(call = %self.known.call, detail, "the caller was not passed on; the call goes on");
            self.media.away(false);
        }
        place.tell(state, detail);
        self.progress.at = MediaTime::ZERO;
        self.note_progress();
        if state == TransferState::Done {
            self.over = Some(EndCause::Transferred);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Say(say) => match self.voice.words(say, self.ears.scribe.language().or(self.guessed)) {
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

    fn partial(&mut self, hypothesis: Option<Hypothesis>) {
        let Some(hypothesis) = hypothesis else { return };
        self.guessed = hypothesis.language.or(self.guessed);
        self.ears.scribe.alarm().partial(&hypothesis);
        self.stages.tell(CallEvent::Partial { call: self.known.call, at: self.ears.now, hypothesis });
    }

    /// Takes in what the jitter buffer still held, closes the open segment and the recording.
    async fn end(mut self, cause: EndCause, mut frames: mpsc::Receiver<MediaEvent>) -> Ended {
        let line_quality = self.media.close().await.quality();
        while let Some(event) = frames.recv().await {
            match event {
                MediaEvent::Frame(frame) => self.hear(frame),
                MediaEvent::NotLost(span) => self.ears.not_lost(span),
                _ => {}
            }
        }
        let Live { mut ears, conversation, transfer, .. } = self;
        if let Some(place) = &transfer {
            place.over();
        }
        let notice = conversation.notice(ears.now);
        ears.close();
        Ended {
            cause,
            duration: ears.now,
            recording: ears.recorder.finish().await,
            lost: ears.lost,
            notice,
            keys: conversation.keys().to_owned(),
            read_backs: conversation.read_backs().to_vec(),
            line_quality,
            transfer,
            scribe: ears.scribe,
        }
    }
}
