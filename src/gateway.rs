//! Builds the stages from the configuration, joins them, reports what it bound, and ends them in order.

mod call_traces;
mod certificate;
mod checked;
mod desk;
mod drain;
mod http;
mod levels;
mod reload;
mod retention;
mod watch;
mod web;

use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::call::{CallEvent, CallId, DeliveryKind};
use crate::config::secret::WebhookSecret;
use crate::config::{Config, ConfigError, Line, SipListen, limits};
use crate::draft::DraftError;
use crate::ingress::admission::Admission;
use crate::ingress::sip::{BindError, SipDoor, SipSettings};
use crate::ingress::text::path_segment;
use crate::ingress::webrtc::{TokenKeyError, WebDoor};
use crate::ingress::{IncomingCall, Reload};
use crate::intake::{Endpoint, Outbox, OutboxHandle};
use crate::media::PortPool;
use crate::media::prompt::PromptError;
use crate::ops::clock::Clock;
use crate::ops::health::Health;
use crate::ops::metrics::{self, MetricsError};
use crate::ops::telemetry::traces::{TraceError, Traces};
use crate::ops::tls::TlsError;
use crate::pipeline::{Settings, Stages, Transfers, carry_on, fill_in, recover, run_call, watch_emergencies};
use crate::review::{self, DeskParts, Token};
use crate::speech::{ModelError, PoolRules, Recognizer, RecognizerError, SpeechPool};
use crate::store::search::Search;
use crate::store::{DataDir, Emergencies, Eraser, People, Reviews, Store, StoreError};

use checked::Checked;
use desk::DeskSide;
use retention::{Pace, Retention};
use watch::Watch;
use web::PublicSide;

pub use checked::{load_drafter, load_recognizer};
pub use drain::Draining;

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
    #[error("{0}")]
    Door(String),
    #[error(transparent)]
    Token(#[from] TokenKeyError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("telemetry.otlp_endpoint: {0}")]
    Traces(#[from] TraceError),
}

/// What tests replace; a default is the real thing.
pub struct Parts {
    pub clock: Clock,
    /// `None`: the model of the configuration.
    pub recognizer: Option<Arc<dyn Recognizer>>,
    pub patience: PoolRules,
    /// Between two looks for segments without words.
    pub fill_in_every: Duration,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            recognizer: None,
            patience: PoolRules::default(),
            fill_in_every: limits::FILL_IN_EVERY,
        }
    }
}

/// A running gateway.
pub struct Gateway {
    stages: Arc<Stages>,
    sip: Vec<SipListen>,
    desk: SocketAddr,
    public: SocketAddr,
    admission: Admission,
    doors: Vec<Box<dyn Reload>>,
    /// Its connections are closed before the program ends.
    web: Option<WebDoor>,
    calls: TaskTracker,
    outbox: OutboxHandle,
    outbox_stop: CancellationToken,
    health: Arc<Health>,
    servers: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Ends the last: the spans of the last calls are sent too.
    tracing: Option<JoinHandle<()>>,
    tracing_stop: CancellationToken,
}

/// Said wherever the demo model's words are shown (architecture: "The bundled model is a demo model").
pub const DEMO_MODEL_NOTICE: &str = "Demo model: it understands only the bundled samples' kind of synthetic speech and \
     invents sentences when a person speaks. For real calls: `heardline models pull small`, then \
     speech.model = \"models/ggml-small.bin\".";
/// What brings a real one: the command, and what then stands in the configuration.
pub const REAL_MODEL: &str = "heardline models pull small # then speech.model = \"models/ggml-small.bin\"";

impl Gateway {
    /// Checks everything that can be wrong, then binds, then carries on what an earlier run left.
    pub async fn start(config: Config, parts: Parts) -> Result<Self, StartError> {
        let metrics = metrics::install()?;
        let Parts { clock, recognizer, patience, fill_in_every } = parts;
        let Checked { recognizer, prompts, drafter, language_model, data, secret, store } =
            Checked::new(&config, recognizer, clock.clone()).await?;
        let model = recognizer.model().clone();
        let notices = checked::notices(&config, &model);
        let health = Arc::new(Health::default());

        let desk_side = DeskSide::bind(&config).await?;
        let desk = desk_side.address();
        let (public_listener, public) = listen("public.listen", config.public.listen).await?;
        let servers = CancellationToken::new();
        let admission = Admission::new(config.sip.max_calls);
        let settings = SipSettings {
            listen: config.sip.listen.clone(),
            public_address: config.sip.public_address,
            open: config.sip.open,
            trunks: config.trunks.clone(),
            codecs: config.sip.codecs.clone(),
            tls: config.sip.tls_certificate.clone().zip(config.sip.tls_key.clone()),
        };
        let door = SipDoor::bind(settings, admission.clone(), clock.clone(), servers.clone()).await?;
        let sip = door.addresses();
        let mut doors: Vec<Box<dyn Reload>> = vec![Box::new(door.reloader())];

        let (incoming, arrivals) = mpsc::channel(limits::ARRIVALS);
        let public_side = PublicSide::new(&config, drafter.categories(), &admission, &incoming, &clock)?;
        doors.extend(public_side.reloaders());
        doors.extend(desk_side.reloader());
        let web = public_side.door();

        let (events, _) = broadcast::channel(limits::EVENT_QUEUE);
        let tracing_stop = CancellationToken::new();
        let traces = config.telemetry.otlp_endpoint.as_deref().map(Traces::start).transpose()?;
        let tracing = traces.map(|traces| {
            tokio::spawn(call_traces::trace(events.subscribe(), traces, clock.clone(), tracing_stop.clone()))
        });
        let built_in = format!("http://{}", desk_side.local_address());
        let endpoint = endpoint(&config, &built_in, secret.clone())?;
        let endpoints = vec![endpoint.name.clone()];
        let urgent = urgent_endpoints(&config, &built_in, &secret)?;
        let emergency_endpoints = urgent.iter().map(|endpoint| endpoint.name.clone()).collect();
        let all = std::iter::once(endpoint).chain(urgent).collect();
        let outbox_stop = CancellationToken::new();
        let outbox = Outbox::start(store.clone(), all, clock.clone(), events.clone(), outbox_stop.clone());
        let speech = SpeechPool::start_with(recognizer, config.speech.workers, clock.clone(), patience)?;
        let local_key = Token::generate();
        let announced = data.announce(desk_side.local_address(), local_key.expose());
        announced.map_err(|e| StoreError::NotWritable { path: data.root().into(), reason: e.to_string() })?;
        let eraser = Eraser::new(store.clone(), data.clone());
        let erasable = store.clone();
        let people: Arc<dyn People> = store.clone();
        let emergencies: Arc<dyn Emergencies> = store.clone();
        let reviews: Arc<dyn Reviews> = store.clone();
        let search: Arc<dyn Search> = store.clone();
        let drafter = Arc::new(drafter);
        let store: Arc<dyn Store> = store;
        let stages = Arc::new(Stages {
            ports: PortPool::new(config.sip.rtp_ports, clock.clone()),
            settings: Arc::new(Settings::new(config, prompts)),
            clock: clock.clone(),
            store: store.clone(),
            emergencies: emergencies.clone(),
            reviews: reviews.clone(),
            data: data.clone(),
            speech,
            model: model.clone(),
            drafter: drafter.clone(),
            language_model,
            segment_memory: Arc::new(Semaphore::new(limits::SEGMENTS_IN_MEMORY)),
            outbox: outbox.clone(),
            events: events.clone(),
            transfers: Transfers::new(events.clone()),
            desk_url: desk_side.url(),
            endpoints,
            emergency_endpoints,
            goodbye: CancellationToken::new(),
            stop: CancellationToken::new(),
        });

        // Read before the first new call is taken, or a new one would be taken for an unfinished old one.
        let unfinished = stages.store.unfinished().await?;
        let calls = TaskTracker::new();
        let rules = rules(stages.settings.clone());
        let desk_parts = DeskParts {
            store: store.clone(),
            emergencies,
            reviews: reviews.clone(),
            search: search.clone(),
            drafter: drafter.clone(),
            rules: rules.clone(),
            endpoints: stages.endpoints.clone(),
            people,
            door: desk_side.door(),
            local_key,
            clock: clock.clone(),
            events: events.clone(),
            transfers: Arc::new(stages.transfers.clone()),
            recordings: recordings(data.clone()),
            secrets: vec![secret],
            health: health.clone(),
            metrics,
            notices,
            sip: sip.iter().map(dial).collect(),
            draft_schema: crate::draft::json_schema(),
            emergency_schema: crate::draft::emergency_schema(),
            nudge_outbox: nudge(outbox.clone()),
            erase: erase(eraser.clone(), clock.clone(), events.clone()),
        };
        let settings = stages.settings.clone();
        let watch =
            Watch { settings: settings.clone(), data, store, health: health.clone(), admission: admission.clone() };
        let retention = Retention { settings, store: erasable, eraser, clock, events };
        let mut tasks = desk_side.serve(desk_parts, &servers);
        tasks.extend([
            public_side.serve(public_listener, &stages, &health, &admission, servers.clone()),
            tokio::spawn(levels::show(door.gauge(), web.clone(), servers.clone())),
            door.serve(incoming),
            tokio::spawn(take_calls(arrivals, stages.clone(), calls.clone())),
            tokio::spawn(watch.run(servers.clone())),
            tokio::spawn(retention.run(Pace::default(), servers.clone())),
            tokio::spawn(review::keep_index(search, stages.store.clone(), servers.clone())),
            tokio::spawn(review::take_up(reviews, stages.store.clone(), drafter, rules, servers.clone())),
            tokio::spawn(fill_in(stages.clone(), fill_in_every)),
            tokio::spawn(watch_emergencies(stages.clone(), limits::EMERGENCIES_EVERY)),
        ]);
        calls.spawn(recover(stages.clone(), unfinished));
        Ok(Self {
            stages,
            sip,
            desk,
            public,
            admission,
            doors,
            web,
            calls,
            outbox,
            outbox_stop,
            health,
            servers,
            tasks,
            tracing,
            tracing_stop,
        })
    }

    pub fn sip_addresses(&self) -> Vec<SipListen> {
        self.sip.clone()
    }

    pub fn desk_address(&self) -> SocketAddr {
        self.desk
    }

    /// Where people open the desk, without a slash at the end.
    pub fn desk_url(&self) -> &str {
        &self.stages.desk_url
    }

    pub fn public_address(&self) -> SocketAddr {
        self.public
    }

    /// URLs of the caller's page, one a line. Empty: no calls from browsers.
    pub fn caller_pages(&self) -> Vec<String> {
        let config = &self.stages.settings.now().config;
        let scheme = if config.public.tls_certificate.is_some() { "https" } else { "http" };
        let mut address = self.public;
        if address.ip().is_unspecified() {
            // Every address of this machine leads there; this one works here.
            let loopback = if address.is_ipv4() { [127, 0, 0, 1].into() } else { Ipv6Addr::LOCALHOST.into() };
            address.set_ip(loopback);
        }
        let page = |line: &Line| format!("{scheme}://{address}/call/{}", path_segment(&line.name));
        if config.webrtc.enabled { config.lines.iter().map(page).collect() } else { Vec::new() }
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
}

/// `built_in`: where our own endpoint is.
fn endpoint(config: &Config, built_in: &str, secret: WebhookSecret) -> Result<Endpoint, StartError> {
    let (name, url) = match &config.intake.url {
        Some(url) => ("intake", url.clone()),
        None => ("desk", format!("{built_in}/intake/drafts")),
    };
    let url = url.parse().map_err(|_| ConfigError::Value {
        path: PathBuf::from("configuration"),
        key: "intake.url".into(),
        value: url.clone(),
        expected: "a URL".into(),
    })?;
    Ok(Endpoint { name: name.into(), url, secret, takes: DeliveryKind::Draft })
}

/// Those that emergencies go to; the built-in one when the configuration names none.
fn urgent_endpoints(config: &Config, built_in: &str, secret: &WebhookSecret) -> Result<Vec<Endpoint>, StartError> {
    let mut named = config.emergency.endpoints();
    if named.is_empty() {
        let url = format!("{built_in}/intake/emergencies");
        named.push(("emergency desk".into(), url.parse().map_err(|_| StartError::Door(format!("{url}: not a URL")))?));
    }
    let endpoint = |(name, url)| Endpoint { name, url, secret: secret.clone(), takes: DeliveryKind::Emergency };
    Ok(named.into_iter().map(endpoint).collect())
}

/// Binds, and says which port it got.
async fn listen(key: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |e: std::io::Error| StartError::Http { key, address, reason: e.to_string() };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn recordings(data: DataDir) -> Arc<dyn Fn(CallId) -> PathBuf + Send + Sync> {
    Arc::new(move |call| data.recording(call))
}

/// What the work at drafts of a line goes by, as it is in force when it is asked for.
fn rules(settings: Arc<Settings>) -> Arc<dyn Fn(&str) -> review::Rules + Send + Sync> {
    Arc::new(move |line| {
        let in_force = settings.now();
        let config = &in_force.config;
        let regions = config.line_named(line).map(|line| line.regions.clone()).unwrap_or_default();
        review::Rules { due: config.review.due_min, hours: config.urgency, regions }
    })
}

fn nudge(outbox: OutboxHandle) -> Arc<dyn Fn() + Send + Sync> {
    Arc::new(move || outbox.nudge())
}

fn erase(eraser: Eraser, clock: Clock, events: broadcast::Sender<CallEvent>) -> review::EraseCall {
    Arc::new(move |text| {
        let (eraser, clock, events) = (eraser.clone(), clock.clone(), events.clone());
        Box::pin(async move { retention::on_request(&eraser, &text, &clock, &events).await })
    })
}

/// One task a call: a panic in it ends that call only, and the call is carried on from its record.
async fn take_calls(mut arrivals: mpsc::Receiver<IncomingCall>, stages: Arc<Stages>, calls: TaskTracker) {
    while let Some(incoming) = arrivals.recv().await {
        let stages = stages.clone();
        calls.spawn(async move {
            let call = incoming.call;
            if let Err(error) = tokio::spawn(run_call(incoming, stages.clone())).await {
                // Not the panic's message, which may quote what the caller said; the log has its place.
                let panicked = error.is_panic();
                tracing::error!(%call, panicked, "call broke off inside the gateway; carrying it on from its record");
                carry_on(&stages, call).await;
            }
        });
    }
}

/// What a phone dials to reach a listener (RFC 3261 section 19.1: without a transport, UDP is meant).
fn dial(listen: &SipListen) -> String {
    match listen {
        SipListen::Udp(address) => format!("sip:hotline@{address}"),
        other => format!("sip:hotline@{};transport={}", other.address(), other.transport()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_told_the_same_way_out_of_the_demo_model_as_an_operator() {
        for part in REAL_MODEL.split(" # then ") {
            assert!(DEMO_MODEL_NOTICE.contains(part), "{part}");
        }
    }
}
