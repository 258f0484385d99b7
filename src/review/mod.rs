//! The desk: people see and hear what callers said while they say it, and the drafts made of it.
//!
//! [`desk`] is for the people who answer (API, page, built-in intake endpoint, health, metrics); [`public`] is for callers:
//! whether calls are taken, the page to call from, and the own call (`caller`). `guard` decides where a request of the desk
//! may come from, `people` whose it is and what they may do, `work` is what
//! they do with drafts, `view` what an answer looks like.

mod built;
mod caller;
mod calls;
mod deliveries;
mod emergency;
mod events;
mod guard;
mod inbox;
mod openapi;
mod page;
mod people;
mod public;
mod public_guard;
mod quality;
mod range;
mod recording;
mod search;
mod silence;
mod status;
#[cfg(test)]
mod tests;
mod transfer;
mod view;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Semaphore, broadcast};

use built::Files;

use crate::call::{CallEvent, CallId};
use crate::config::limits;
use crate::config::secret::WebhookSecret;
use crate::draft::Drafter;
use crate::intake::problem::Problem;
use crate::ops::clock::Clock;
use crate::ops::health::Health;
use crate::store::search::Search;
use crate::store::{Emergencies, Erased, People, Reviews, Store, StoreError};

pub use caller::page_is_built as caller_page_is_built;
pub use guard::{Door, OverTls};
pub use page::page_is_built as desk_page_is_built;
pub use people::{Agent, LOCAL, Role, Token, password};
pub use public::{DemoModel, PublicParts, public};
pub use search::{keep_index, search_terms};
pub use transfer::{NotPossible, Transfers};
pub use work::{Rules, take_up};

/// Erases the call with this id or reference.
pub type EraseCall = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Vec<Erased>, StoreError>> + Send + Sync>;

/// What the desk shows and what it may do.
pub struct DeskParts {
    pub store: Arc<dyn Store>,
    pub emergencies: Arc<dyn Emergencies>,
    pub reviews: Arc<dyn Reviews>,
    pub search: Arc<dyn Search>,
    pub drafter: Arc<Drafter>,
    /// What of the configuration in force the work at drafts of this line goes by.
    pub rules: Arc<dyn Fn(&str) -> Rules + Send + Sync>,
    /// Endpoints that what people decide is owed to.
    pub endpoints: Vec<String>,
    pub people: Arc<dyn People>,
    /// Where requests may come from.
    pub door: Door,
    /// Of commands on this machine, which find it in the data folder.
    pub local_key: Token,
    pub clock: Clock,
    pub events: broadcast::Sender<CallEvent>,
    pub transfers: Arc<dyn Transfers>,
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
    /// The pages built into this program.
    files: Files,
    watchers: Arc<Semaphore>,
    intake: Semaphore,
    gate: people::login::Gate,
}

type Desk = Arc<Inner>;

/// Everything for the desk's listener.
pub fn desk(parts: DeskParts) -> Router {
    with_files(parts, built::BUILT)
}

/// The same with other pages than those built in.
fn with_files(parts: DeskParts, files: Files) -> Router {
    let state = Arc::new(Inner {
        parts,
        files,
        watchers: Arc::new(Semaphore::new(limits::MAX_WATCHERS)),
        intake: Semaphore::new(limits::MAX_INTAKE_PARALLEL),
        gate: people::login::Gate::default(),
    });
    Router::new()
        .route("/", get(page::html))
        .route("/assets/{*file}", get(page::asset))
        .route("/page.css", get(page::style))
        .route("/icon.svg", get(page::icon))
        .route("/api/login", post(people::login::login))
        .route("/api/logout", post(people::login::logout))
        .route("/api/me", get(people::login::me))
        .route("/api/audit", get(people::audit::export))
        .route("/api/calls", get(calls::list))
        .route("/api/calls/{id}", get(calls::one).delete(calls::erase))
        .route("/api/calls/{id}/recording", get(recording::recording))
        .route("/api/calls/{id}/emergency/acknowledge", post(emergency::acknowledge))
        .route("/api/calls/{id}/transfer", post(transfer::ask))
        .route("/api/queue", get(work::queue::list))
        .route("/api/queue/next", post(work::queue::next))
        .route("/api/search", get(search::search))
        .route("/api/figures", get(work::figures::figures))
        .route("/api/categories", get(work::queue::categories))
        .route("/api/calls/{id}/review", get(work::edit::review).patch(work::edit::edit))
        .route("/api/calls/{id}/claim", post(work::claim::claim).delete(work::claim::give_back))
        .route("/api/calls/{id}/seen", post(work::edit::seen))
        .route("/api/calls/{id}/issues", post(work::matters::matters))
        .route("/api/calls/{id}/links", post(work::matters::link))
        .route("/api/calls/{id}/decision", post(work::decide::decide).delete(work::decide::undo))
        .route("/api/corrections", get(work::corrections::corrections))
        .route("/api/corrections/rates", get(work::corrections::rates))
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
        .route_layer(from_fn(to_the_end))
        .route_layer(from_fn_with_state(state.clone(), people::admit))
        .layer(from_fn_with_state(state.clone(), guard::desk))
        .with_state(state)
}

/// What changes something is done to its end, also when whoever asked for it has gone: what stands must be in the audit.
async fn to_the_end(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_stopping) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

/// The one way from a URL to a call: paths and queries are built from the parsed id only.
fn call_id(text: &str) -> Result<CallId, Problem> {
    text.parse().map_err(|_| Problem::not_found("there is no such call; a call id is a UUID in lower case"))
}
