//! Calls in real time through a whole gateway: how soon their words come, and whether all of them come.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::super::{Figure, config, target};
use super::latency::{Waited, waits};
use super::utterances::Call;
use super::word_errors::WordErrors;
use crate::call::{CallEvent, CallId, CallState, Codec, Language, SpokenHere, Utterance};
use crate::cli::Failure;
use crate::cli::call::percentile;
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
    pub calls: usize,
    /// Of sound, each; they end with a sentence.
    pub seconds: u64,
    pub workers: usize,
}

#[derive(Serialize)]
pub(super) struct Loaded {
    calls: usize,
    workers: usize,
    refused: usize,
    reason: Option<String>,
    segments: usize,
    final_ms_p50: u64,
    final_ms_p95: u64,
    first_partial_ms_p50: u64,
    first_partial_ms_p95: u64,
    /// Segments of which nothing was shown before they were final.
    without_partial: usize,
    partials_shed: u64,
    /// What an unhurried decode of the recordings writes, and how much of it is not what the calls' transcripts say.
    words: usize,
    words_lost: usize,
    /// Sound that the ledgers declare lost.
    ledger_lost_ms: u64,
    /// From the last hang-up until every call was a draft.
    backlog_ms: u64,
}

/// What one caller did.
struct Made {
    call: Call,
    begun: Option<Instant>,
    refused: Option<String>,
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
        let shed_before = partials_shed()?;
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
        loaded.partials_shed = partials_shed()?.saturating_sub(shed_before);
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

impl Loaded {
    fn of(load: &Load, made: &[Made]) -> Self {
        let mut reasons = made.iter().filter_map(|made| made.refused.clone());
        let reason = reasons.next();
        Self {
            calls: load.calls,
            workers: load.workers,
            refused: reasons.count() + usize::from(reason.is_some()),
            reason,
            segments: 0,
            final_ms_p50: 0,
            final_ms_p95: 0,
            first_partial_ms_p50: 0,
            first_partial_ms_p95: 0,
            without_partial: 0,
            partials_shed: 0,
            words: 0,
            words_lost: 0,
            ledger_lost_ms: 0,
            backlog_ms: 0,
        }
    }

    fn compare(&mut self, unhurried: &[Utterance], written: &[Utterance]) {
        for expected in unhurried {
            let found = written.iter().find(|one| one.span == expected.span).map_or("", |one| one.text.as_str());
            let errors = WordErrors::between(&expected.text, found);
            self.words += errors.words;
            self.words_lost += errors.edits;
        }
    }

    fn summarise(&mut self, waited: &[Waited]) {
        let mut finals: Vec<u64> = waited.iter().map(|one| one.for_final).collect();
        let mut partials: Vec<u64> = waited.iter().filter_map(|one| one.for_partial).collect();
        finals.sort_unstable();
        partials.sort_unstable();
        self.segments = finals.len();
        self.without_partial = finals.len() - partials.len();
        (self.final_ms_p50, self.final_ms_p95) = (percentile(&finals, 50), percentile(&finals, 95));
        (self.first_partial_ms_p50, self.first_partial_ms_p95) = (percentile(&partials, 50), percentile(&partials, 95));
    }
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, workers, refused, segments, final_ms_p50, final_ms_p95, .. } = self;
        let Self { first_partial_ms_p50, first_partial_ms_p95, without_partial, partials_shed, .. } = self;
        let Self { words, words_lost, ledger_lost_ms, backlog_ms, .. } = self;
        writeln!(f, "{calls} calls at once on {workers} workers: {refused} refused, {segments} segments")?;
        writeln!(f, "  final after end of speech      p50 {final_ms_p50:6} ms  p95 {final_ms_p95:6} ms")?;
        writeln!(
            f,
            "  partial after start of speech  p50 {first_partial_ms_p50:6} ms  p95 {first_partial_ms_p95:6} ms  \
             {without_partial} segments had none, {partials_shed} shed"
        )?;
        writeln!(f, "  {words_lost} of {words} words lost, {ledger_lost_ms} ms of sound lost")?;
        writeln!(f, "  drafts of all {backlog_ms} ms after the last hang-up")
    }
}

/// Figures of the first load, which the workers can carry, and of the second, which they cannot.
pub(super) fn figures(loads: &[Loaded]) -> Vec<Figure> {
    let [carried, too_much, ..] = loads else { return Vec::new() };
    let seconds = |name, millis: u64, landing, goal| Figure {
        name,
        value: millis as f64 / 1_000.0,
        unit: "s",
        landing,
        goal,
        note: format!("{} calls at once, model of base size, {} workers", carried.calls, carried.workers),
    };
    let count = |name, value: usize, unit, note: String| Figure {
        name,
        value: value as f64,
        unit,
        landing: 0.0,
        goal: 0.0,
        note,
    };
    let load = format!("{} calls at once, three times what {} workers carry", too_much.calls, too_much.workers);
    let mut figures = vec![
        seconds("final after end of speech, p95", carried.final_ms_p95, 1.5, 1.0),
        count("calls refused under overload", too_much.refused, "calls", load.clone()),
        count(
            "words lost under overload",
            too_much.words_lost,
            "words",
            format!(
                "{load}; of {}; {} partials shed; all drafts {:.1} s after the last hang-up",
                too_much.words,
                too_much.partials_shed,
                too_much.backlog_ms as f64 / 1_000.0
            ),
        ),
    ];
    // Without any there is no time to tell; how many segments had none stands with the load.
    if carried.without_partial < carried.segments {
        figures.insert(1, seconds("first partial after its start, p95", carried.first_partial_ms_p95, 1.5, 1.0));
    }
    figures
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

fn partials_shed() -> Result<u64, Failure> {
    let counted = metrics::install().map_err(Failure::new)?.render();
    let value = counted.lines().find_map(|line| line.strip_prefix("heardline_speech_partials_shed_total "));
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
