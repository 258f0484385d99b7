//! `heardline bench`: the figures of the README, measured on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::call::percentile;
use super::demo::TemporaryFolder;
use crate::call::{CallEvent, CallId, Codec, Coverage, DraftId, EndCause, Hypothesis, Language, Origin, Party};
use crate::config::{Config, SipListen, find_bundled};
use crate::gateway::{Gateway, Parts};
use crate::ingress::sip::caller::{CallPlan, Caller, HangUp};
use crate::media::wav;
use crate::ops::clock::Clock;
use crate::speech::{ModelInfo, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};
use crate::store::{CallEnd, CompletedDraft, DataDir, NewCall, SqliteStore, Store};

#[derive(Args)]
pub(super) struct Bench {
    #[arg(long)]
    json: bool,
    /// Calls whose hang-up-to-draft time is measured, one after the other
    #[arg(long, default_value_t = 5)]
    drafts: u32,
    /// Concurrent calls of the load measurement
    #[arg(long, default_value_t = 200)]
    calls: u32,
    /// Seconds each of them speaks
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Stored calls of the boot measurement
    #[arg(long, default_value_t = 10_000)]
    stored: u32,
}

#[derive(Serialize)]
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    landing: f64,
    goal: f64,
    note: String,
}

impl Bench {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let mut figures = Vec::new();
        if self.drafts > 0 {
            figures.push(self.hang_up_to_draft().await?);
        }
        if self.calls > 0 {
            figures.extend(self.load().await?);
        }
        if self.stored > 0 {
            figures.push(self.boot().await?);
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&figures).map_err(Failure::new)?);
            return Ok(());
        }
        for Figure { name, value, unit, landing, goal, note } in &figures {
            println!("{name:34} {value:>10.3} {unit:8} (landing {landing}, goal {goal})  {note}");
        }
        Ok(())
    }

    /// One call at a time on an idle machine: from the caller's BYE to the endpoint's acceptance.
    async fn hang_up_to_draft(&self) -> Result<Figure, Failure> {
        let folder = TemporaryFolder::make()?;
        let clock = Clock::system();
        let gateway = Gateway::start(config(&folder.0), Parts::default()).await?;
        let sample = sample()?;
        let mut pcm = wav::read_at(&sample, 8_000).map_err(Failure::new)?.pcm;
        // Hung up with the last sound: its sentence is still to be recognised.
        let spoken_to = pcm.iter().rposition(|sample| sample.unsigned_abs() > QUIET).map_or(0, |last| last + 1);
        pcm.truncate(spoken_to);
        let target = target(&gateway)?;
        let caller = Caller::start([127, 0, 0, 1].into(), clock.clone()).await.map_err(Failure::new)?;
        let progress = ProgressBar::new(u64::from(self.drafts)).with_message("hang-up to draft");
        let mut took_ms = Vec::new();
        for _ in 0..self.drafts {
            let mut events = gateway.events();
            let plan = CallPlan {
                target: target.clone(),
                from_user: "bench".into(),
                pcm: pcm.clone(),
                codec: Codec::Pcmu,
                dtmf: None,
                hang_up: HangUp::AfterAudio { linger_ms: 0 },
                record: false,
            };
            caller.call(plan, CancellationToken::new(), |_| ()).await.map_err(Failure::new)?;
            let hung_up = clock.instant();
            loop {
                let event = tokio::time::timeout(Duration::from_secs(30), events.recv())
                    .await
                    .map_err(|_| Failure::new("no draft was accepted within 30 s"))?;
                match event {
                    Ok(CallEvent::Delivery { state, .. }) if state == "delivered" => break,
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => {
                        return Err(Failure::new("the gateway ended"));
                    }
                    _ => {}
                }
            }
            took_ms.push(u64::try_from(clock.instant().duration_since(hung_up).as_millis()).unwrap_or(u64::MAX));
            progress.inc(1);
        }
        progress.finish_and_clear();
        gateway.shutdown().await;
        took_ms.sort_unstable();
        Ok(Figure {
            name: "hang-up to accepted draft, p95",
            value: percentile(&took_ms, 95) as f64 / 1000.0,
            unit: "s",
            landing: 2.0,
            goal: 1.0,
            note: format!(
                "{} calls of {} s, hung up with the last word, one at a time; median {:.3} s",
                self.drafts,
                pcm.len() / 8_000,
                percentile(&took_ms, 50) as f64 / 1000.0
            ),
        })
    }

    /// Concurrent recorded calls from a process of their own, the recogniser stubbed.
    async fn load(&self) -> Result<Vec<Figure>, Failure> {
        let folder = TemporaryFolder::make()?;
        let parts = Parts { clock: Clock::system(), recognizer: Some(Arc::new(StubRecognizer::default())) };
        let gateway = Gateway::start(config(&folder.0), parts).await?;
        let program = std::env::current_exe().map_err(Failure::new)?;
        let output = tokio::process::Command::new(program)
            .args(["call", &target(&gateway)?])
            .arg(sample()?)
            .args([
                "--json",
                "--rate",
                "50",
                "--count",
                &self.calls.to_string(),
                "--seconds",
                &self.seconds.to_string(),
            ])
            .kill_on_drop(true)
            .output()
            .await
            .map_err(Failure::new)?;
        let caller: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|e| {
            Failure::new(format!("the calling process: {e}: {}", String::from_utf8_lossy(&output.stderr)))
        })?;
        let lost = self.lost_packets(&gateway).await?;
        gateway.shutdown().await;
        let number = |key: &str| caller.get(key).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
        let note = format!(
            "{} calls of {} s, {} packets sent, {} calls failed, set-up p99 {} ms",
            self.calls,
            self.seconds,
            number("packets_sent"),
            number("failed"),
            number("setup_ms_p99")
        );
        Ok(vec![Figure {
            name: "packets lost under load",
            value: lost,
            unit: "packets",
            landing: 0.0,
            goal: 0.0,
            note,
        }])
    }

    /// Every call must have come to its end; what its ledger calls lost, in packets of 20 ms.
    async fn lost_packets(&self, gateway: &Gateway) -> Result<f64, Failure> {
        let store = gateway.store();
        for _ in 0..300 {
            if store.unfinished().await.map_err(Failure::new)?.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let page = store.calls(None, self.calls).await.map_err(Failure::new)?;
        let ledgers: Vec<Coverage> = page.calls.iter().filter_map(|call| call.coverage).collect();
        if ledgers.len() != usize::try_from(self.calls).unwrap_or(usize::MAX) {
            return Err(Failure::new(format!("{} of {} calls came to a draft", ledgers.len(), self.calls)));
        }
        Ok(ledgers.iter().map(|ledger| ledger.lost_ms as f64 / 20.0).sum())
    }

    /// From start to serving, with many calls in the store.
    async fn boot(&self) -> Result<Figure, Failure> {
        let folder = TemporaryFolder::make()?;
        fill(&folder.0, self.stored).await?;
        let clock = Clock::system();
        let begun = clock.instant();
        let parts = Parts { clock: clock.clone(), recognizer: Some(Arc::new(StubRecognizer::default())) };
        let gateway = Gateway::start(config(&folder.0), parts).await?;
        let took = clock.instant().duration_since(begun);
        gateway.shutdown().await;
        Ok(Figure {
            name: "boot with stored calls",
            value: took.as_secs_f64(),
            unit: "s",
            landing: 2.0,
            goal: 2.0,
            note: format!("{} finished calls in the store", self.stored),
        })
    }
}

/// Line noise of the samples stays below this.
const QUIET: u16 = 300;

fn config(folder: &Path) -> Config {
    let mut config = Config::standard();
    let free_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    config.data.dir = folder.join("data");
    config.desk.listen = free_port;
    config.public.listen = free_port;
    config.sip.listen = vec![SipListen::Udp(free_port)];
    config
}

fn target(gateway: &Gateway) -> Result<String, Failure> {
    let listen = gateway.sip_addresses().first().copied().ok_or_else(|| Failure::new("no SIP listener"))?;
    Ok(format!("sip:bench@{}", listen.address()))
}

fn sample() -> Result<PathBuf, Failure> {
    find_bundled(Path::new("audio-samples/en-heating.wav"))
        .ok_or_else(|| Failure::new("audio-samples/en-heating.wav is missing; run from the checkout"))
}

/// Calls that came, ended and were delivered.
async fn fill(folder: &Path, calls: u32) -> Result<(), Failure> {
    let data = DataDir::open(&folder.join("data")).map_err(Failure::new)?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&data).await.map_err(Failure::new)?);
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..calls {
        let store = store.clone();
        running.spawn(async move {
            let id = CallId::new();
            let call = NewCall {
                id,
                line: "default".into(),
                party: Party::default(),
                origin: Origin::File,
                dialled: None,
                started_unix_ms: 0,
            };
            store.create_call(call).await?;
            store.answer_call(id, 0).await?;
            let end = CallEnd {
                cause: EndCause::CallerHangup,
                ended_unix_ms: 0,
                duration_ms: 0,
                recording: None,
                lost: Vec::new(),
                notice: None,
                dtmf: String::new(),
                line_quality: None,
            };
            store.end_call(id, end).await?;
            let draft = CompletedDraft {
                call: id,
                draft: DraftId::new(),
                version: 1,
                body: "{}".into(),
                coverage: Coverage::default(),
                created_unix_ms: 0,
                endpoints: Vec::new(),
            };
            store.complete_draft(draft).await
        });
    }
    while let Some(joined) = running.join_next().await {
        joined.map_err(Failure::new)?.map_err(Failure::new)?;
    }
    store.close().await;
    Ok(())
}

/// Hears nothing at no cost, so that only the line is measured.
struct StubRecognizer(ModelInfo);

impl Default for StubRecognizer {
    fn default() -> Self {
        Self(ModelInfo {
            name: "stub".into(),
            demo: false,
            languages: vec![Language::En],
            understands: "nothing".into(),
            sha256: String::new(),
        })
    }
}

impl Recognizer for StubRecognizer {
    fn model(&self) -> &ModelInfo {
        &self.0
    }

    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        Ok(Box::new(StubWorker))
    }
}

struct StubWorker;

impl RecognizerWorker for StubWorker {
    fn recognise(&mut self, _: &SpeechSegment, _: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        Ok(Hypothesis {
            text: String::new(),
            language: None,
            words: Vec::new(),
            average_log_probability: None,
            no_speech_probability: None,
        })
    }
}
