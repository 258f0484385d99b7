//! Builds the stages from the configuration, joins them, reports what it bound, and ends them in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::call::{CallEvent, CallId};
use crate::config::secret::WebhookSecret;
use crate::config::{Config, ConfigError, SipListen, find_bundled, limits};
use crate::draft::{DraftError, Drafter};
use crate::ingress::IncomingCall;
use crate::ingress::admission::Admission;
use crate::ingress::sip::{BindError, SipDoor, SipSettings};
use crate::intake::{Endpoint, Outbox, OutboxHandle};
use crate::media::PortPool;
use crate::media::prompt::PromptError;
use crate::ops::clock::Clock;
use crate::ops::health::Health;
use crate::ops::metrics::{self, MetricsError};
use crate::pipeline::{LinePrompts, Stages, carry_on, recover, run_call};
use crate::review::{self, DeskParts};
use crate::speech::{
    Catalogue, ModelError, Recognizer, RecognizerError, SpeechPool, WhisperRecognizer, WhisperSettings, verify,
};
use crate::store::{DataDir, SqliteStore, Store, StoreError};

/// Why the gateway did not start. Everything an operator can mend ends the program with exit code 64.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("speech.model: {0}")]
    Model(#[from] ModelError),
    #[error("speech.model: {0}")]
    Recognizer(#[from] RecognizerError),
    #[error("line.prompts: {0}")]
    Prompt(#[from] PromptError),
    #[error("data.dir: {0}")]
    Store(#[from] StoreError),
    #[error("sip.listen: {0}")]
    Sip(#[from] BindError),
    #[error("{key} = {address}: {reason}; choose another port or end the program that holds it")]
    Http { key: &'static str, address: SocketAddr, reason: String },
    #[error("{0}")]
    DemoModel(String),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error("built-in data is damaged: {0}")]
    Draft(#[from] DraftError),
}

/// What tests replace; a default is the real thing.
pub struct Parts {
    pub clock: Clock,
    /// `None`: the model of the configuration.
    pub recognizer: Option<Arc<dyn Recognizer>>,
}

impl Default for Parts {
    fn default() -> Self {
        Self { clock: Clock::system(), recognizer: None }
    }
}

/// A running gateway.
pub struct Gateway {
    stages: Arc<Stages>,
    sip: Vec<SipListen>,
    desk: SocketAddr,
    public: SocketAddr,
    admission: Admission,
    calls: TaskTracker,
    outbox: OutboxHandle,
    health: Arc<Health>,
    servers: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// After this long calls that are still being recognised are left to boot recovery.
const FINISH_WITHIN: Duration = Duration::from_secs(30);

/// A reader that holds a connection open this long after the end is cut off.
const LISTENER_CLOSES_WITHIN: Duration = Duration::from_secs(5);

/// Said wherever the demo model's words are shown (architecture: "The bundled model is a demo model").
pub const DEMO_MODEL_NOTICE: &str = "Demo model: it understands only the bundled samples' kind of synthetic speech and \
     invents sentences when a person speaks. For real calls set speech.model to a Whisper model (ggml), for example small.";

impl Gateway {
    /// Checks everything that can be wrong, then binds, then carries on what an earlier run left.
    pub async fn start(config: Config, parts: Parts) -> Result<Self, StartError> {
        let metrics = metrics::install()?;
        let Parts { clock, recognizer } = parts;
        let recognizer = match recognizer {
            Some(recognizer) => recognizer,
            None => load_recognizer(&config)?,
        };
        let model = recognizer.model().clone();
        refuse_demo_model_beyond_loopback(&config, model.demo)?;
        let prompts = LinePrompts::load(&config)?;
        let drafter = Drafter::new()?;
        let data = DataDir::open(&config.data.dir)?;
        let (secret_file, create) = match &config.intake.secret_file {
            Some(file) => (file.clone(), false),
            None => (data.webhook_secret(), true),
        };
        let secret = WebhookSecret::load(&secret_file, create)?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&data).await?);
        let health = Arc::new(Health::default());

        let desk_listener = listen("desk.listen", config.desk.listen).await?;
        let public_listener = listen("public.listen", config.public.listen).await?;
        let desk = bound("desk.listen", &desk_listener, config.desk.listen)?;
        let public = bound("public.listen", &public_listener, config.public.listen)?;
        let servers = CancellationToken::new();
        let admission = Admission::new(config.sip.max_calls);
        let settings = SipSettings {
            listen: config.sip.listen.clone(),
            public_address: config.sip.public_address,
            open: config.sip.open,
            trunks: config.trunks.clone(),
        };
        let door = SipDoor::bind(settings, admission.clone(), clock.clone(), servers.clone()).await?;
        let sip = door.addresses();

        let (events, _) = broadcast::channel(limits::EVENT_QUEUE);
        let desk_url = format!("http://{desk}");
        let endpoint = endpoint(&config, &desk_url, secret.clone())?;
        let endpoints = vec![endpoint.name.clone()];
        let outbox = Outbox::start(store.clone(), vec![endpoint], clock.clone(), events.clone(), servers.clone());
        let speech = SpeechPool::start(recognizer, config.speech.workers, clock.clone())?;
        let rtp_ip = config.sip.listen.first().map_or(desk.ip(), |listen| listen.address().ip());
        let stages = Arc::new(Stages {
            ports: PortPool::new(rtp_ip, config.sip.rtp_ports, clock.clone()),
            config: Arc::new(config),
            clock: clock.clone(),
            store: store.clone(),
            data: data.clone(),
            prompts,
            speech,
            model: model.clone(),
            drafter,
            segment_memory: Arc::new(Semaphore::new(limits::SEGMENTS_IN_MEMORY)),
            outbox: outbox.clone(),
            events: events.clone(),
            desk_url,
            endpoints,
            stop: CancellationToken::new(),
        });

        // Read before the first new call is taken, or a new one would be taken for an unfinished old one.
        let unfinished = stages.store.unfinished().await?;
        let calls = TaskTracker::new();
        let (incoming, arrivals) = mpsc::channel(limits::ARRIVALS);
        let recordings = data.clone();
        let nudge = outbox.clone();
        let desk_parts = DeskParts {
            store,
            clock,
            events,
            recordings: Arc::new(move |call| recordings.recording(call)),
            secrets: vec![secret],
            health: health.clone(),
            metrics,
            notices: model.demo.then(|| DEMO_MODEL_NOTICE.to_owned()).into_iter().collect(),
            sip: sip.iter().map(dial).collect(),
            draft_schema: crate::draft::json_schema(),
            nudge_outbox: Arc::new(move || nudge.nudge()),
        };
        let tasks = vec![
            serve(desk_listener, review::desk(desk_parts), servers.clone()),
            serve(public_listener, review::public(health.clone()), servers.clone()),
            door.serve(incoming),
            tokio::spawn(take_calls(arrivals, stages.clone(), calls.clone())),
            tokio::spawn(watch(data, stages.store.clone(), health.clone(), admission.clone(), servers.clone())),
        ];
        calls.spawn(recover(stages.clone(), unfinished));
        Ok(Self { stages, sip, desk, public, admission, calls, outbox, health, servers, tasks })
    }

    pub fn sip_addresses(&self) -> Vec<SipListen> {
        self.sip.clone()
    }

    pub fn desk_address(&self) -> SocketAddr {
        self.desk
    }

    pub fn public_address(&self) -> SocketAddr {
        self.public
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.stages.store.clone()
    }

    pub fn data_dir(&self) -> &Path {
        self.stages.data.root()
    }

    pub fn events(&self) -> broadcast::Receiver<CallEvent> {
        self.stages.events.subscribe()
    }

    /// True while the bundled model is the recogniser.
    pub fn demo_model(&self) -> bool {
        self.stages.model.demo
    }

    /// Refuses new calls, ends running ones with their cause, finishes their drafts, then stops everything.
    pub async fn shutdown(self) {
        self.admission.close();
        self.health.drain();
        self.stages.stop.cancel();
        self.calls.close();
        if tokio::time::timeout(FINISH_WITHIN, self.calls.wait()).await.is_err() {
            tracing::warn!(calls = self.calls.len(), "calls not finished in time; the next start carries them on");
        }
        self.health.stop();
        self.servers.cancel();
        self.outbox.stopped().await;
        for mut task in self.tasks {
            if tokio::time::timeout(LISTENER_CLOSES_WITHIN, &mut task).await.is_err() {
                task.abort();
            }
        }
        self.stages.store.close().await;
    }
}

/// Verifies and loads the model that the configuration names.
pub fn load_recognizer(config: &Config) -> Result<Arc<dyn Recognizer>, StartError> {
    let path: PathBuf = find_bundled(&config.speech.model).unwrap_or_else(|| config.speech.model.clone());
    let info = verify(&path, &Catalogue::bundled()?, config.speech.model_sha256.as_deref())?;
    let settings = WhisperSettings {
        window_margin_ms: config.speech.window_margin_ms,
        window_floor_ms: config.speech.window_floor_ms,
    };
    Ok(Arc::new(WhisperRecognizer::load(&path, info, settings)?))
}

fn refuse_demo_model_beyond_loopback(config: &Config, demo: bool) -> Result<(), StartError> {
    let Some(listen) = config.sip.listen.iter().find(|listen| !listen.address().ip().is_loopback()) else {
        return Ok(());
    };
    if !demo || config.speech.allow_demo_model {
        return Ok(());
    }
    Err(StartError::DemoModel(format!(
        "sip.listen = {listen}: real callers would be transcribed by the bundled demo model, which invents sentences \
         when a person speaks; set speech.model to a real Whisper model, or speech.allow_demo_model = true"
    )))
}

fn endpoint(config: &Config, desk_url: &str, secret: WebhookSecret) -> Result<Endpoint, StartError> {
    let (name, url) = match &config.intake.url {
        Some(url) => ("intake", url.clone()),
        None => ("desk", format!("{desk_url}/intake/drafts")),
    };
    let url = url.parse().map_err(|_| ConfigError::Value {
        path: PathBuf::from("configuration"),
        key: "intake.url".into(),
        value: url.clone(),
        expected: "a URL".into(),
    })?;
    Ok(Endpoint { name: name.into(), url, secret })
}

async fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|e| StartError::Http { key, address, reason: e.to_string() })
}

fn bound(key: &'static str, listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|e| StartError::Http { key, address, reason: e.to_string() })
}

fn serve(listener: TcpListener, router: axum::Router, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "http listener ended");
        }
    })
}

/// One task a call: a panic in it ends that call only, and the call is carried on from its record.
async fn take_calls(mut arrivals: mpsc::Receiver<IncomingCall>, stages: Arc<Stages>, calls: TaskTracker) {
    while let Some(incoming) = arrivals.recv().await {
        let stages = stages.clone();
        calls.spawn(async move {
            let call = CallId::new();
            if let Err(error) = tokio::spawn(run_call(call, incoming, stages.clone())).await {
                tracing::error!(%call, %error, "call broke off inside the gateway; carrying it on from its record");
                carry_on(&stages, call).await;
            }
        });
    }
}

/// Free space below which no new call is taken: running ones can still finish.
const FREE_FLOOR: u64 = 256 * 1024 * 1024;
/// How often what the gateway lives on is looked at.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// Sets the health conditions, and refuses new calls while the disk has no room for them.
async fn watch(
    data: DataDir,
    store: Arc<dyn Store>,
    health: Arc<Health>,
    admission: Admission,
    stop: CancellationToken,
) {
    let mut every = tokio::time::interval(WATCH_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        let folder = data.clone();
        let free = tokio::task::spawn_blocking(move || folder.free_bytes()).await;
        let disk = match free.map_err(|e| e.to_string()).and_then(|free| free.map_err(|e| e.to_string())) {
            Ok(free) if free >= FREE_FLOOR => Ok(()),
            Ok(free) => Err(format!(
                "{} MiB free in {}; new calls are refused below {} MiB",
                free >> 20,
                data.root().display(),
                FREE_FLOOR >> 20
            )),
            Err(error) => Err(format!("{}: {error}", data.root().display())),
        };
        admission.pause(disk.is_err());
        health.set("disk", disk);
        let damaged = store.damaged().await.unwrap_or_default();
        let stored = match damaged.first() {
            None => Ok(()),
            Some(first) => Err(format!("{} damaged call rows, the first {first}; restore a backup", damaged.len())),
        };
        health.set("store", stored);
    }
}

/// What a phone dials to reach a listener (RFC 3261 section 19.1: without a transport, UDP is meant).
fn dial(listen: &SipListen) -> String {
    match listen {
        SipListen::Udp(address) => format!("sip:hotline@{address}"),
        SipListen::Tcp(address) => format!("sip:hotline@{address};transport=tcp"),
    }
}
