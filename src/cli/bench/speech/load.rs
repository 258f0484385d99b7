//! Calls in real time through a whole gateway: how soon their words come, and whether all of them come.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::super::{config, target};
use super::latency::waits;
use super::loaded::Loaded;
use super::utterances::Call;
use crate::call::{CallEvent, CallId, CallState, Codec, Language, SpokenHere, Utterance};
use crate::cli::Failure;
use crate::cli::demo::TemporaryFolder;
use crate::gateway::{Gateway, Parts};
use crate::ingress::sip::caller::{CallPlan, Caller, HangUp, Progress, Sound};
use crate::media::wav;
use crate::ops::clock::Clock;
use crate::ops::metrics;
use crate::speech::{Recognizer, SpeechSegment, utterance};

/// Between the begins of two calls: no two speak in step.
const APART: Duration = Duration::from_millis(137);
/// What is still waiting after the last hang-up must be done within this.
const BACKLOG_WITHIN: Duration = Duration::from_secs(300);
/// Every so many-th of the known calls is made: English and Mandarin by turns.
const STRIDE: usize = 7;

pub(super) struct Load {
    pub model: &'static str,
    pub calls: usize,
    /// Of sound, each; they end with a sentence.
    pub seconds: u64,
    pub workers: usize,
}

/// What one caller did.
pub(super) struct Made {
    call: Call,
    begun: Option<Instant>,
    pub refused: Option<String>,
}

type Events = Vec<(Instant, CallEvent)>;

impl Load {
    /// `ears`: what decodes the recordings once more when all is quiet.
    pub(super) async fn run(
        &self,
        calls: &[Call],
        recognizer: Arc<dyn Recognizer>,
        ears: Arc<dyn Recognizer>,
    ) -> Result<Loaded, Failure> {
        let folder = TemporaryFolder::make()?;
        let clock = Clock::system();
        let mut config = config(&folder.0);
        config.speech.workers = self.workers;
        config.sip.max_calls = self.calls + 1;
        let languages = config.line_for(None).languages.clone();
        let parts = Parts { clock: clock.clone(), recognizer: Some(recognizer), ..Parts::default() };
        let gateway = Gateway::start(config, parts).await?;
        let before = (counted(PARTIALS_SHED)?, counted(SECOND_TRIES)?);
        let (watched, enough) = watch(gateway.events(), clock.clone());
        let made = self.make(calls, &target(&gateway)?, &clock).await?;
        let hung_up = clock.instant();
        let store = gateway.store();
        while !store.unfinished().await.map_err(Failure::new)?.is_empty() {
            if clock.instant().duration_since(hung_up) > BACKLOG_WITHIN {
                return Err(Failure::new(format!("the backlog is not cleared within {} s", BACKLOG_WITHIN.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let backlog = clock.instant().duration_since(hung_up);
        enough.cancel();
        let events = watched.await.map_err(Failure::new)?;
        let mut loaded = Loaded::of(self, &made);
        loaded.backlog_ms = u64::try_from(backlog.as_millis()).unwrap_or(u64::MAX);
        loaded.partials_shed = counted(PARTIALS_SHED)?.saturating_sub(before.0);
        loaded.second_tries = counted(SECOND_TRIES)?.saturating_sub(before.1);
        let mut waited = Vec::new();
        for (call, number) in numbers(&gateway).await? {
            let row = store.call(call).await.map_err(Failure::new)?;
            let done = row.as_ref().is_some_and(|row| row.state == CallState::Done);
            loaded.refused += usize::from(!done);
            loaded.ledger_lost_ms += row.and_then(|row| row.coverage).map_or(0, |ledger| ledger.lost_ms);
            let written = store.utterances(call).await.map_err(Failure::new)?;
            let unhurried = decode(&recording(&gateway, call), ears.clone(), languages.clone()).await?;
            loaded.compare(&unhurried, &written);
            if let Some(Made { call: said, begun: Some(begun), .. }) = made.get(number) {
                let own: Events = events.iter().filter(|(_, event)| event.call() == call).cloned().collect();
                waited.extend(waits(&said.script.sentences, *begun, &own));
            }
        }
        loaded.summarise(&waited);
        gateway.shutdown().await;
        Ok(loaded)
    }

    /// Makes the calls; returns when the last one has hung up.
    async fn make(&self, calls: &[Call], target: &str, clock: &Clock) -> Result<Vec<Made>, Failure> {
        let caller = Arc::new(Caller::start([127, 0, 0, 1].into(), clock.clone()).await.map_err(Failure::new)?);
        let mut running = JoinSet::new();
        for number in 0..self.calls {
            let known = calls.get(number * STRIDE % calls.len().max(1));
            let call = known.ok_or_else(|| Failure::new("no calls"))?.until(self.seconds * 1_000);
            let plan = CallPlan {
                target: target.to_owned(),
                from_user: format!("bench-{number}"),
                sound: Sound::new(&call.pcm, Codec::Pcmu),
                dtmf: None,
                hang_up: HangUp::AfterAudio { linger_ms: 0 },
                record: false,
            };
            let (caller, clock) = (caller.clone(), clock.clone());
            running.spawn(async move {
                let begun = Arc::new(Mutex::new(None));
                let note = begun.clone();
                let progress = move |progress| {
                    if progress == Progress::Answered {
                        *note.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock.instant());
                    }
                };
                let result = caller.call(plan, CancellationToken::new(), progress).await;
                let begun = *begun.lock().unwrap_or_else(PoisonError::into_inner);
                (number, Made { call, begun, refused: result.err().map(|error| error.to_string()) })
            });
            tokio::time::sleep(APART).await;
        }
        let mut made = Vec::new();
        while let Some(joined) = running.join_next().await {
            made.push(joined.map_err(Failure::new)?);
        }
        made.sort_by_key(|(number, _)| *number);
        Ok(made.into_iter().map(|(_, made)| made).collect())
    }
}

/// Keeps what is told, with its time, until it is enough.
fn watch(mut told: broadcast::Receiver<CallEvent>, clock: Clock) -> (JoinHandle<Events>, CancellationToken) {
    let enough = CancellationToken::new();
    let stop = enough.clone();
    let watching = tokio::spawn(async move {
        let mut events = Events::new();
        loop {
            let event = tokio::select! {
                event = told.recv() => event,
                () = stop.cancelled() => return events,
            };
            match event {
                Ok(event @ (CallEvent::Partial { .. } | CallEvent::Final { .. })) => {
                    events.push((clock.instant(), event));
                }
                Err(RecvError::Closed) => return events,
                _ => {}
            }
        }
    });
    (watching, enough)
}

const PARTIALS_SHED: &str = "heardline_speech_partials_shed_total";
const SECOND_TRIES: &str = "heardline_speech_second_tries_total";

fn counted(name: &str) -> Result<u64, Failure> {
    let all = metrics::install().map_err(Failure::new)?.render();
    let value = all.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.and_then(|value| value.trim().parse().ok()).unwrap_or(0))
}

/// Which of our callers each call is.
async fn numbers(gateway: &Gateway) -> Result<HashMap<CallId, usize>, Failure> {
    let mut numbers = HashMap::new();
    let mut before = None;
    loop {
        let page = gateway.store().calls(before, 200).await.map_err(Failure::new)?;
        for row in page.calls {
            let uri = row.party.claimed.map(|claimed| claimed.uri).unwrap_or_default();
            let number = uri.split_once("bench-").and_then(|(_, rest)| rest.split('@').next()?.parse().ok());
            numbers.extend(number.map(|number| (row.id, number)));
        }
        match page.next {
            Some(next) => before = Some(next),
            None => return Ok(numbers),
        }
    }
}

fn recording(gateway: &Gateway, call: CallId) -> std::path::PathBuf {
    gateway.data_dir().join("recordings").join(format!("{call}.wav"))
}

/// The recording cut and decoded like a call, one segment after the other.
async fn decode(path: &Path, ears: Arc<dyn Recognizer>, languages: Vec<Language>) -> Result<Vec<Utterance>, Failure> {
    let sound = wav::read_mono(path).map_err(Failure::new)?;
    let rate = sound.rate;
    let segments = Call::of(sound.rate, sound.pcm).cut();
    let decoding = tokio::task::spawn_blocking(move || {
        let mut worker = ears.worker().map_err(Failure::new)?;
        let model = ears.model().clone();
        let goes_on = Arc::new(AtomicBool::new(false));
        let mut utterances = Vec::new();
        let spoken = SpokenHere { languages, ..SpokenHere::default() };
        for (seq, cut) in (0..).zip(segments) {
            let segment = SpeechSegment::new(CallId::new(), seq, cut, rate, spoken.clone());
            let hypothesis = worker.recognise(&segment, &goes_on).map_err(Failure::new)?;
            utterances.push(utterance(&segment, &model, Ok(hypothesis)));
        }
        Ok(utterances)
    });
    decoding.await.map_err(Failure::new)?
}
