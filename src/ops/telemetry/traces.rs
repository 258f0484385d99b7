//! Traces of calls, sent as OTLP over HTTP in batches. Whatever the collector does, calls go on: what finds no room in
//! the queue, or no collector, is counted and dropped.
//!
//! A call's id is its trace id, so a call that is carried on after a crash, or delivered days later, adds to one trace.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_otlp::{Protocol, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::call::CallId;
use crate::config::limits;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TraceError(String);

/// One thing that was done for a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub call: CallId,
    pub name: &'static str,
    pub from_unix_ms: i64,
    pub to_unix_ms: i64,
    /// Ids, names of ours, counts and lengths; never words, numbers or names of callers.
    pub facts: Vec<(&'static str, Fact)>,
    pub failed: bool,
}

/// The span that stands for the whole call; all others are its children.
pub const CALL: &str = "call";

#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    Text(String),
    Count(u64),
}

/// The way to the collector.
pub struct Traces {
    queue: mpsc::Sender<Span>,
    sending: JoinHandle<()>,
}

/// Spans of one request.
const BATCH: usize = 256;
/// How long a batch may fill.
const FILL: Duration = Duration::from_secs(1);
/// One request, whole.
const SEND_WITHIN: Duration = Duration::from_secs(5);

impl Traces {
    /// Sends to `endpoint`, the whole URL. Headers come from `OTEL_EXPORTER_OTLP_HEADERS`, as for every OTLP exporter.
    pub fn start(endpoint: &str) -> Result<Self, TraceError> {
        let failed = |e: &dyn std::fmt::Display| TraceError(e.to_string());
        // `main` installs the provider; a second installation is refused and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(SEND_WITHIN);
        if endpoint.starts_with("http://") {
            // No certificate will be looked at, so a machine without any can still trace to its own loopback.
            client = client.tls_certs_only([]);
        }
        let client = client.build().map_err(|e| failed(&e))?;
        let mut exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(SEND_WITHIN)
            .build()
            .map_err(|e| failed(&e))?;
        let service =
            [KeyValue::new("service.name", "heardline"), KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
        exporter.set_resource(&Resource::builder_empty().with_attributes(service).build());
        let (queue, spans) = mpsc::channel(limits::SPAN_QUEUE);
        Ok(Self { queue, sending: tokio::spawn(send(exporter, spans)) })
    }

    /// Never waits.
    pub fn add(&self, span: Span) {
        if self.queue.try_send(span).is_err() {
            metrics::counter!("heardline_traces_dropped_total", "reason" => "queue").increment(1);
        }
    }

    /// Sends what is left, within the time of one request.
    pub async fn finish(self) {
        drop(self.queue);
        let _too_slow = tokio::time::timeout(SEND_WITHIN, self.sending).await;
    }
}

async fn send(exporter: opentelemetry_otlp::SpanExporter, mut spans: mpsc::Receiver<Span>) {
    let scope = InstrumentationScope::builder("heardline").with_version(env!("CARGO_PKG_VERSION")).build();
    let mut batch = Vec::with_capacity(BATCH);
    let mut reachable = true;
    while spans.recv_many(&mut batch, BATCH).await > 0 {
        let filling = async { while batch.len() < BATCH && spans.recv_many(&mut batch, BATCH).await > 0 {} };
        let _full_or_closed_before = tokio::time::timeout(FILL, filling).await;
        let count = batch.len() as u64;
        let data = batch.drain(..).map(|span| data(span, &scope)).collect();
        let sent = tokio::time::timeout(SEND_WITHIN, exporter.export(data)).await;
        let sent = sent.map_err(|_| "no answer in time".to_owned()).and_then(|sent| sent.map_err(|e| e.to_string()));
        match &sent {
            Ok(()) => metrics::counter!("heardline_traces_sent_total").increment(count),
            Err(_) => metrics::counter!("heardline_traces_dropped_total", "reason" => "collector").increment(count),
        }
        // Said once, not for every batch of an outage.
        match (&sent, reachable) {
            (Err(error), true) => {
                tracing::warn!(error, "the trace collector takes nothing; traces are dropped meanwhile")
            }
            (Ok(()), false) => tracing::info!("the trace collector takes traces again"),
            _ => {}
        }
        reachable = sent.is_ok();
    }
}

fn data(span: Span, scope: &InstrumentationScope) -> SpanData {
    let trace = span.call.as_bytes();
    let root = root(trace);
    let id = if span.name == CALL { root } else { SpanId::from_bytes(rand::random::<u64>().max(1).to_be_bytes()) };
    let call = KeyValue::new("heardline.call.id", span.call.to_string());
    let facts = span.facts.into_iter().map(|(key, fact)| KeyValue::new(key, Value::from(fact)));
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(trace),
            id,
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: if span.name == CALL { SpanId::INVALID } else { root },
        parent_span_is_remote: false,
        span_kind: if span.name == CALL { SpanKind::Server } else { SpanKind::Internal },
        name: span.name.into(),
        start_time: time(span.from_unix_ms),
        end_time: time(span.to_unix_ms.max(span.from_unix_ms)),
        attributes: std::iter::once(call).chain(facts).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: if span.failed { Status::error("") } else { Status::Unset },
        instrumentation_scope: scope.clone(),
    }
}

/// The random half of the call's id.
fn root(trace: [u8; 16]) -> SpanId {
    let [.., a, b, c, d, e, f, g, h] = trace;
    SpanId::from_bytes([a, b, c, d, e, f, g, h])
}

fn time(unix_ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(unix_ms).unwrap_or(0))
}

impl From<Fact> for Value {
    fn from(fact: Fact) -> Self {
        match fact {
            Fact::Text(text) => text.into(),
            Fact::Count(count) => i64::try_from(count).unwrap_or(i64::MAX).into(),
        }
    }
}
