//! Danger within a call: raised by the first words that say so, written down, sent at once, and watched until a person
//! has taken it. Once raised it stays raised.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::Stages;
use super::facts::Known;
use super::persist::until_stored;
use crate::call::{
    CallEvent, CallId, Danger, EmergencyState, HeardIn, Hypothesis, MediaSpan, SegmentOutcome, Utterance,
};
use crate::config::{Line, limits};
use crate::draft::Hazard;
use crate::draft::schema::{EMERGENCY_SCHEMA_VERSION, EmergencyEvent, EventType};
use crate::ops::clock::timestamp;
use crate::ops::fault;
use crate::store::{CallRow, NewEmergency, StoreError};

/// Listens to one call's words.
pub(super) struct Alarm {
    stages: Arc<Stages>,
    about: About,
    raised: watch::Sender<Option<Danger>>,
    writing: TaskTracker,
}

impl Alarm {
    pub(super) fn new(stages: Arc<Stages>, known: &Known) -> Arc<Self> {
        let about = About {
            call: known.call,
            reference: known.reference.to_string(),
            line: known.line.name.clone(),
            number: known.line.emergency_number.clone(),
            caller_number: known.party.number().map(str::to_owned),
        };
        Arc::new(Self { stages, about, raised: watch::Sender::new(None), writing: TaskTracker::new() })
    }

    /// Words that are shown while the caller speaks. Never waits.
    pub(super) fn partial(&self, hypothesis: &Hypothesis) {
        let span = hypothesis.words.first().zip(hypothesis.words.last());
        let span = span.map(|(first, last)| MediaSpan::new(first.span.start, last.span.end)).unwrap_or_default();
        let said = Utterance {
            text: hypothesis.text.clone(),
            language: hypothesis.language,
            words: hypothesis.words.clone(),
            alignment: hypothesis.alignment,
            ..Utterance::wordless(0, span, SegmentOutcome::Text, "")
        };
        self.listen(&said, HeardIn::Partial);
    }

    /// Words of a finished segment. Never waits.
    pub(super) fn words(&self, said: &Utterance) {
        self.listen(said, HeardIn::Final);
    }

    fn listen(&self, said: &Utterance, heard_in: HeardIn) {
        if self.raised.borrow().is_some() {
            return;
        }
        let Some(hazard) = hazard(&self.stages, said) else { return };
        let danger = danger(&self.stages, &self.about.number, hazard, heard_in);
        // Partial and final words come from two tasks.
        let first = self.raised.send_if_modified(|raised| {
            let first = raised.is_none();
            raised.get_or_insert_with(|| danger.clone());
            first
        });
        if first {
            let (stages, about) = (self.stages.clone(), self.about.clone());
            self.writing.spawn(async move {
                let call = about.call;
                let _next_start_finds_it_in_the_words =
                    until_stored(&stages, call, || raise(&stages, &about, &danger)).await;
            });
        }
    }

    /// What was raised so far.
    pub(super) fn danger(&self) -> Option<Danger> {
        self.raised.borrow().clone()
    }

    pub(super) fn watch(&self) -> Watching {
        Watching(self.raised.subscribe())
    }

    /// Waits until what was raised is written down.
    pub(super) async fn settled(&self) {
        self.writing.close();
        self.writing.wait().await;
    }
}

/// For whoever speaks to the caller.
pub(super) struct Watching(watch::Receiver<Option<Danger>>);

impl Watching {
    /// Returns once an emergency was heard. What to dial is told even while the disk is full, so this does not wait for it.
    pub(super) async fn raised(&mut self) {
        if self.0.wait_for(Option::is_some).await.is_err() {
            // The call is over.
            std::future::pending::<()>().await;
        }
    }
}

/// The emergency of a call whose words are all there. What was not raised while they were spoken (the gateway died, or
/// they were recognised later) is raised now.
pub(super) async fn of_call(
    stages: &Stages,
    row: &CallRow,
    line: &Line,
    utterances: &[Utterance],
) -> Result<Option<Danger>, StoreError> {
    if let Some(stored) = stages.emergencies.emergency(row.id).await? {
        return Ok(Some(stored.danger));
    }
    let Some(hazard) = utterances.iter().find_map(|said| hazard(stages, said)) else { return Ok(None) };
    let danger = danger(stages, &line.emergency_number, hazard, HeardIn::Final);
    let about = About {
        call: row.id,
        reference: row.reference.to_string(),
        line: row.line.clone(),
        number: line.emergency_number.clone(),
        caller_number: row.party.number().map(str::to_owned),
    };
    raise(stages, &about, &danger).await?;
    Ok(Some(danger))
}

/// What the event says beside the words.
#[derive(Clone)]
struct About {
    call: CallId,
    reference: String,
    line: String,
    number: String,
    caller_number: Option<String>,
}

/// Nothing is told before it is written down together with what it owes.
async fn raise(stages: &Stages, about: &About, danger: &Danger) -> Result<(), StoreError> {
    let call = about.call;
    let event = event(about, danger);
    let body =
        serde_json::to_string(&event).map_err(|e| StoreError::Database(format!("event has no JSON form: {e}")))?;
    let endpoints = stages.emergency_endpoints.clone();
    if !stages.emergencies.raise(NewEmergency { call, danger: danger.clone(), body, endpoints }).await? {
        return Ok(());
    }
    fault::point("emergency.raised");
    stages.outbox.nudge();
    stages.tell(CallEvent::Emergency { call, state: EmergencyState::Raised, danger: danger.clone() });
    let service = danger.service.as_str();
    metrics::counter!("heardline_emergency_raised_total", "service" => service).increment(1);
    tracing::warn!(%call, service, heard_in = danger.heard_in.as_str(), "an emergency was raised; acknowledge it at the desk");
    Ok(())
}

fn event(about: &About, danger: &Danger) -> EmergencyEvent {
    EmergencyEvent {
        schema_version: EMERGENCY_SCHEMA_VERSION.to_owned(),
        kind: EventType::CallEmergency,
        call_id: about.call.to_string(),
        reference: about.reference.clone(),
        line: about.line.clone(),
        service: danger.service,
        number: danger.number.clone(),
        quote: danger.quote.clone(),
        audio_start_ms: danger.span.start.as_millis(),
        audio_end_ms: danger.span.end.as_millis(),
        heard_in: danger.heard_in,
        raised_at: timestamp(danger.raised_unix_ms).to_string(),
        caller_number: about.caller_number.clone(),
    }
}

/// Should the rules break on these words, there is none: the draft, whose rules are the same, says so.
fn hazard(stages: &Stages, said: &Utterance) -> Option<Hazard> {
    catch_unwind(AssertUnwindSafe(|| stages.drafter.hazard(said))).ok().flatten()
}

fn danger(stages: &Stages, number: &str, hazard: Hazard, heard_in: HeardIn) -> Danger {
    let Hazard { service, quote, span } = hazard;
    Danger { service, number: number.to_owned(), quote, span, heard_in, raised_unix_ms: stages.clock.unix_ms() }
}

/// Says loudly of each emergency that nobody acknowledged in time, until the gateway stops. The store is asked, so a
/// restart forgets none and repeats none.
pub async fn watch_emergencies(stages: Arc<Stages>, every: Duration) {
    let mut said = HashSet::new();
    loop {
        if let Err(error) = escalate(&stages, &mut said).await {
            tracing::error!(%error, "unacknowledged emergencies cannot be looked for; tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stages.stop.cancelled() => return,
        }
    }
}

/// `said`: those that were counted and logged and could not be marked so, which is tried again.
async fn escalate(stages: &Stages, said: &mut HashSet<CallId>) -> Result<(), StoreError> {
    let now_ms = stages.clock.unix_ms();
    let within_s = stages.settings.now().config.emergency.acknowledge_within_s;
    let until_ms = now_ms.saturating_sub_unsigned(within_s.saturating_mul(1_000));
    for row in stages.emergencies.unacknowledged(until_ms, limits::EMERGENCIES_AT_ONCE).await? {
        let call = row.call;
        if said.insert(call) {
            metrics::counter!("heardline_emergency_unacknowledged_total").increment(1);
            let service = row.danger.service.as_str();
            tracing::error!(
                %call, service, seconds = within_s,
                "nobody acknowledged this emergency; open the call at the desk, act on it, and acknowledge it there"
            );
        }
        if stages.emergencies.escalate(call, now_ms).await? {
            stages.tell(CallEvent::Emergency { call, state: EmergencyState::Escalated, danger: row.danger });
        }
        said.remove(&call);
    }
    Ok(())
}
