//! One call's journey, from ring to ticket. Read [`run_call`] first.
//!
//! The media loop here never waits for the recogniser or the disk: audio goes to the recorder's queue, speech to
//! the [`scribe`], and what they need more time for happens after the caller has hung up.

mod answer;
mod conversation;
mod ears;
mod emergency;
mod facts;
mod fill_in;
mod finish;
mod follow_up;
mod language_model;
mod live;
mod partials;
mod persist;
mod recover;
mod scribe;
mod settings;
mod transfers;
mod voice;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

use crate::call::{CallEvent, CallId, CallState, Coverage, DraftId, EndCause, Utterance};
use crate::draft::llm::{Answer, Question};
use crate::draft::schema::TicketDraft;
use crate::draft::{CallFacts, Drafter, Lines};
use crate::ingress::{IncomingCall, Refusal};
use crate::intake::OutboxHandle;
use crate::media::{MediaRules, MediaSession, PortPool};
use crate::ops::clock::Clock;
use crate::ops::fault;
use crate::speech::{ModelInfo, SpeechPool};
use crate::store::{DataDir, Emergencies, NewCall, Reviews, Store};

use facts::Known;

pub use emergency::watch_emergencies;
pub use fill_in::fill_in;
pub use language_model::LanguageModel;
pub use recover::{carry_on, recover};
pub use settings::{InForce, Settings};
pub use transfers::Transfers;
pub use voice::LinePrompts;

/// The stages a call passes, built once by the gateway.
pub struct Stages {
    pub settings: Arc<Settings>,
    pub clock: Clock,
    pub store: Arc<dyn Store>,
    pub emergencies: Arc<dyn Emergencies>,
    pub reviews: Arc<dyn Reviews>,
    pub data: DataDir,
    pub ports: PortPool,
    pub speech: SpeechPool,
    pub model: ModelInfo,
    pub drafter: Arc<Drafter>,
    /// Adds to drafts of ended calls, where one is configured.
    pub language_model: Option<LanguageModel>,
    /// Segments of all calls that wait for the recogniser with their sound in memory.
    pub segment_memory: Arc<Semaphore>,
    pub outbox: OutboxHandle,
    pub events: broadcast::Sender<CallEvent>,
    pub transfers: Transfers,
    /// `http://ADDRESS` of the desk, for links to recordings.
    pub desk_url: String,
    /// Endpoints each draft is owed to.
    pub endpoints: Vec<String>,
    /// Endpoints each emergency is owed to.
    pub emergency_endpoints: Vec<String>,
    /// Running calls end with a spoken goodbye when it is cancelled.
    pub goodbye: CancellationToken,
    /// Running calls end at once when it is cancelled, and nothing is waited for any more.
    pub stop: CancellationToken,
}

impl Stages {
    /// Tells whoever watches. Nobody watching is fine.
    fn tell(&self, event: CallEvent) {
        let _nobody_watches = self.events.send(event);
    }

    fn tell_state(&self, call: CallId, state: CallState, cause: Option<EndCause>) {
        self.tell(CallEvent::State { call, state, cause });
    }

    /// The draft of these utterances; `lines` is what earlier drafts of the call worked out. Should the drafter break on them, a draft without words that says so: one odd
    /// sentence must not keep a call from the desk.
    fn draft(&self, facts: &CallFacts, utterances: &[Utterance], coverage: Coverage, lines: &mut Lines) -> TicketDraft {
        let drafted = catch_unwind(AssertUnwindSafe(|| self.drafter.redraft(facts, utterances, coverage, lines)));
        drafted.unwrap_or_else(|_| {
            tracing::error!(call = %facts.call, "the drafter broke on this call; its draft asks for listening");
            metrics::counter!("heardline_pipeline_draft_panics_total").increment(1);
            *lines = Lines::default();
            let unheard = Coverage { unrecognised_ms: coverage.text_ms, text_ms: 0, ..coverage };
            self.drafter.draft(facts, &[], unheard)
        })
    }

    /// What the language model answers about this draft. `None`: there is none, or no words to ask about, or no answer in
    /// time, or the gateway is ending.
    async fn consult(&self, draft: &TicketDraft, utterances: &[Utterance]) -> Option<(Question, Answer)> {
        let model = self.language_model.as_ref()?;
        let asking = catch_unwind(AssertUnwindSafe(|| self.drafter.question(draft, utterances, model.bounds)));
        let question = asking.unwrap_or_else(|_| self.broke(draft))?;
        tokio::select! {
            answer = model.ask(&question) => Some((question, answer?)),
            () = self.stop.cancelled() => None,
        }
    }

    /// The rules' draft with what the language model answered; the rules' alone, should that break.
    fn with_answer(
        &self,
        facts: &CallFacts,
        utterances: &[Utterance],
        (question, answer): &(Question, Answer),
        draft: TicketDraft,
    ) -> TicketDraft {
        let merging = || self.drafter.with_answer(facts, utterances, question, answer, draft.clone());
        catch_unwind(AssertUnwindSafe(merging)).ok().or_else(|| self.broke(&draft)).unwrap_or(draft)
    }

    fn broke<T>(&self, draft: &TicketDraft) -> Option<T> {
        tracing::error!(
            call = draft.call.call_id,
            "the language model's part broke on this call; its draft is the rules'"
        );
        metrics::counter!("heardline_pipeline_draft_panics_total").increment(1);
        None
    }

    /// Stable for the life of the call; reading it needs access to the desk.
    fn recording_uri(&self, call: CallId) -> String {
        format!("{}/api/calls/{call}/recording", self.desk_url)
    }
}

/// The journey. Whatever happens after the answer ends in a committed draft, here or in boot recovery.
pub async fn run_call(incoming: IncomingCall, stages: Arc<Stages>) {
    let IncomingCall { call, party, origin, dialled, line, language, follows, .. } = incoming;
    let IncomingCall { plan, agreed, carrier, signalling, events, permit, .. } = incoming;
    let in_force = stages.settings.now();
    let named = line.as_deref().and_then(|name| in_force.config.line_named(name));
    let line = named.unwrap_or_else(|| in_force.config.line_for(dialled.as_deref())).clone();
    let started_unix_ms = stages.clock.unix_ms();

    // 1. Written down before anything is promised to the caller.
    let row = NewCall {
        id: call,
        line: line.name.clone(),
        party: party.clone(),
        origin: origin.clone(),
        dialled: dialled.clone(),
        follows,
        started_unix_ms,
    };
    let reference = match stages.store.create_call(row).await {
        Ok(reference) => reference,
        Err(error) => {
            tracing::error!(%error, "call refused: it could not be written down");
            return signalling.refuse(Refusal::CannotRecord).await;
        }
    };
    stages.tell_state(call, CallState::Ringing, None);
    // The store knows whether the earlier call is still there.
    let follows = match follows {
        Some(_) => stages.store.call(call).await.ok().flatten().and_then(|row| row.follows),
        None => None,
    };
    let mut known = Known {
        call,
        draft: DraftId::new(),
        reference,
        line,
        party,
        origin,
        dialled,
        follows,
        language,
        started_unix_ms,
        answered_unix_ms: None,
    };

    // 2. Ring, open a way for the sound and a recording, answer.
    let ready = answer::ready(&stages, call, signalling.as_ref(), plan.codec.rate(), carrier).await;
    let Some((path, recorder)) = ready else {
        return;
    };
    let answered_unix_ms = stages.clock.unix_ms();
    if let Err(error) = stages.store.answer_call(call, answered_unix_ms).await {
        tracing::error!(%call, %error, "call refused: its answer could not be written down");
        return answer::refused(&stages, call, signalling.as_ref(), Refusal::CannotRecord).await;
    }
    known.answered_unix_ms = Some(answered_unix_ms);
    fault::point("answer.written");
    let local_rtp = path.local_rtp();
    if let Err(error) = signalling.answer(local_rtp).await {
        tracing::info!(%call, %error, "call ended before it was answered");
        return answer::withdrawn(&stages, call).await;
    }
    // A late offer's codec is known when its ACK comes.
    let codec = if agreed { plan.codec.name() } else { "offered" };
    tracing::info!(%call, line = known.line.name, codec, "call answered");
    stages.tell(CallEvent::Answered { call, line: known.line.name.clone(), codec: codec.into() });
    stages.tell_state(call, CallState::Live, None);

    // 3. Notice, listen, record, recognise, draft: until somebody ends it.
    let rules = MediaRules {
        no_media: Duration::from_secs(in_force.config.call.no_media_s),
        media_lost: Duration::from_secs(in_force.config.call.media_lost_s),
        nat_learning: in_force.config.sip.nat_learning,
    };
    let (media, frames) = MediaSession::start(path, plan.clone(), rules, stages.clock.clone());
    let answered =
        live::Answered { plan, local_rtp, media, frames, recorder, signalling: signalling.as_ref(), in_force };
    let ended = live::converse(&stages, known, answered, events).await;
    drop(permit);
    fault::point("call.ended");

    // 4. What is queued is recognised to its end; then the draft is completed and owed to the endpoint.
    finish::finish(&stages, call, ended).await;
}
