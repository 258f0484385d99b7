//! The desk: people see and hear what callers said while they say it, and the drafts made of it.
//!
//! [`desk`] is for this machine only (API, page, built-in intake endpoint, health, metrics); [`public`] is for callers:
//! whether calls are taken, the page to call from, and the own call (`caller`). `guard` decides who may ask, `view` what
//! an answer looks like.

mod caller;
mod calls;
mod deliveries;
mod emergency;
mod events;
mod guard;
mod inbox;
mod openapi;
mod page;
mod public;
mod public_guard;
mod quality;
mod range;
mod recording;
mod status;
#[cfg(test)]
mod tests;
mod view;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Semaphore, broadcast};

use crate::call::{CallEvent, CallId};
use crate::config::limits;
use crate::config::secret::WebhookSecret;
use crate::intake::problem::Problem;
use crate::ops::clock::Clock;
use crate::ops::health::Health;
use crate::store::{Emergencies, Erased, Store, StoreError};

pub use caller::page_is_built as caller_page_is_built;
pub use public::{DemoModel, PublicParts, public};

/// Erases the call with this id or reference.
pub type EraseCall = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Vec<Erased>, StoreError>> + Send + Sync>;

/// What the desk shows and what it may do.
pub struct DeskParts {
    pub store: Arc<dyn Store>,
    pub emergencies: Arc<dyn Emergencies>,
    pub clock: Clock,
    pub events: broadcast::Sender<CallEvent>,
    /// Where the recording of a call lies (or will lie).
    pub recordings: Arc<dyn Fn(CallId) -> PathBuf + Send + Sync>,
    /// Accepted by the built-in endpoint; more than one while a secret is being replaced.
    pub secrets: Vec<WebhookSecret>,
    pub health: Arc<Health>,
    pub metrics: PrometheusHandle,
    /// Sentences that stand on every page and answer, for example that a demo model is active.
    pub notices: Vec<String>,
    /// What to dial to reach this gateway: SIP URIs as bound, so that the page never shows a port nobody answers.
    pub sip: Vec<String>,
    pub draft_schema: serde_json::Value,
    pub emergency_schema: serde_json::Value,
    /// Tells the outbox that a delivery became due.
    pub nudge_outbox: Arc<dyn Fn() + Send + Sync>,
    pub erase: EraseCall,
}

struct Inner {
    parts: DeskParts,
    watchers: Arc<Semaphore>,
    intake: Semaphore,
}

type Desk = Arc<Inner>;

/// Everything for the loopback listener.
pub fn desk(parts: DeskParts) -> Router {
    let state = Arc::new(Inner {
        parts,
        watchers: Arc::new(Semaphore::new(limits::MAX_WATCHERS)),
        intake: Semaphore::new(limits::MAX_INTAKE_PARALLEL),
    });
    Router::new()
        .route("/", get(page::html))
        .route("/page.js", get(page::script))
        .route("/draft.js", get(page::draft_script))
        .route("/page.css", get(page::style))
        .route("/icon.svg", get(page::icon))
        .route("/api/calls", get(calls::list))
        .route("/api/calls/{id}", get(calls::one).delete(calls::erase))
        .route("/api/calls/{id}/recording", get(recording::recording))
        .route("/api/calls/{id}/emergency/acknowledge", post(emergency::acknowledge))
        .route("/api/events", get(events::stream))
        .route("/api/deliveries", get(deliveries::list))
        .route("/api/deliveries/{id}/replay", post(deliveries::replay))
        .route("/api/openapi.json", get(openapi::document))
        .route("/api/schema/ticket-draft.json", get(openapi::draft_schema))
        .route("/api/schema/call-emergency.json", get(openapi::emergency_schema))
        .route("/intake/emergencies", post(emergency::receive).get(emergency::list))
        .route("/intake/drafts", post(inbox::receive).get(inbox::list))
        .route("/intake/drafts/{id}", get(inbox::one))
        .route("/health/live", get(status::live))
        .route("/health/ready", get(status::ready))
        .route("/metrics", get(status::metrics))
        .layer(from_fn(guard::desk))
        .with_state(state)
}

/// The one way from a URL to a call: paths and queries are built from the parsed id only.
fn call_id(text: &str) -> Result<CallId, Problem> {
    text.parse().map_err(|_| Problem::not_found("there is no such call; a call id is a UUID in lower case"))
}
