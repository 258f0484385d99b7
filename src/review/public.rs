//! The public listener: whether calls are taken, the caller's page, and what a caller may see of the own call.
//!
//! Nothing of the desk is here. What is said of a call takes that call's bearer, and ends ten minutes after it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::routing::get;
use tokio::sync::{broadcast, watch};
use tower_http::cors::CorsLayer;

use super::built::{BUILT, Files};
use super::caller::{self, Hub, Samples};
use super::{page, public_guard, status};
use crate::call::CallEvent;
use crate::config::Line;
use crate::draft::Names;
use crate::ingress::admission::Admission;
use crate::ingress::webrtc::{IceServers, Sessions};
use crate::ops::clock::Clock;
use crate::ops::health::{Health, Phase};
use crate::store::Store;

/// What the public listener shows.
pub struct PublicParts {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    /// A subscription of its own; read by one task for all callers.
    pub events: broadcast::Receiver<CallEvent>,
    pub health: Arc<Health>,
    /// Says whether a line is busy.
    pub admission: Admission,
    /// Which bearer opens which call.
    pub sessions: Sessions,
    /// The lines in force at this moment.
    pub lines: Arc<dyn Fn() -> Vec<Line> + Send + Sync>,
    /// Names of the categories of drafts, by code.
    pub categories: HashMap<String, Names>,
    /// `Some` while the demo model is the recogniser.
    pub demo: Option<DemoModel>,
    pub ice_servers: IceServers,
    /// Other sites' pages that may call and may frame the caller's page (`[webrtc] origins`).
    pub origins: Vec<String>,
    /// Nobody calls without a signed token.
    pub token_required: bool,
    /// `POST /whip/{line}`, `PATCH` and `DELETE /whip/{line}/{session}`, in these very words, so that they merge with
    /// what is read there. `None`: no calls from browsers.
    pub whip: Option<Router>,
}

/// What a visitor is told before calling a gateway that understands only its own samples.
#[derive(Clone, Debug)]
pub struct DemoModel {
    pub name: String,
    /// What brings a model for real calls.
    pub remedy: String,
}

pub(super) struct Inner {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub phase: watch::Receiver<Phase>,
    pub health: Arc<Health>,
    pub admission: Admission,
    pub sessions: Sessions,
    pub lines: Arc<dyn Fn() -> Vec<Line> + Send + Sync>,
    pub categories: Arc<HashMap<String, Names>>,
    pub demo: Option<DemoModel>,
    pub samples: Samples,
    pub ice_servers: IceServers,
    pub token_required: bool,
    /// Browsers can call.
    pub takes_calls: bool,
    /// The pages built into this program.
    pub files: Files,
    /// Content security policy of the caller's page.
    pub page_policy: HeaderValue,
    pub hub: Arc<Hub>,
}

pub(super) type Public = Arc<Inner>;

/// Everything for the public listener. Starts the task that tells callers' pages what happens; call it in a runtime.
pub fn public(parts: PublicParts) -> Router {
    with_files(parts, BUILT)
}

/// The same with other pages than those built in.
pub(super) fn with_files(parts: PublicParts, files: Files) -> Router {
    let categories = Arc::new(parts.categories);
    let state = Arc::new(Inner {
        hub: Hub::start(parts.events, parts.health.phase(), Arc::clone(&categories)),
        store: parts.store,
        clock: parts.clock,
        phase: parts.health.phase(),
        health: parts.health,
        admission: parts.admission,
        sessions: parts.sessions,
        lines: parts.lines,
        categories,
        samples: if parts.demo.is_some() { Samples::bundled() } else { Samples::default() },
        demo: parts.demo,
        ice_servers: parts.ice_servers,
        token_required: parts.token_required,
        takes_calls: parts.whip.is_some(),
        files,
        page_policy: public_guard::page_policy(&parts.origins),
    });
    let for_other_sites = Router::new()
        .route("/lines/{line}", get(caller::line))
        .route("/whip/{line}/{session}", get(caller::snapshot))
        .route("/whip/{line}/{session}/events", get(caller::events))
        .with_state(Arc::clone(&state))
        .merge(parts.whip.unwrap_or_default())
        .layer(cors(&parts.origins))
        .layer(map_response(whole_cors));
    Router::new()
        .route("/", get(status::page))
        .route("/status", get(status::plain))
        .route("/page.css", get(page::style))
        .route("/icon.svg", get(page::icon))
        .route("/call/{line}", get(caller::page))
        .route("/assets/{*file}", get(caller::asset))
        .route("/embed.js", get(caller::embed))
        .route("/samples/{file}", get(caller::sample))
        .with_state(state)
        .merge(for_other_sites)
        .layer(from_fn(public_guard::stamp))
}

/// Which other sites' scripts may call, and what they may read of the answers.
fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, CALL_INFO])
        .expose_headers([header::LOCATION, header::RETRY_AFTER, TOKEN])
}

const CALL_INFO: HeaderName = HeaderName::from_static("heardline-call-info");
const TOKEN: HeaderName = HeaderName::from_static("heardline-token");

/// The layer tells what would be allowed even where the origin is not.
async fn whole_cors(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.remove(header::ACCESS_CONTROL_ALLOW_METHODS);
        headers.remove(header::ACCESS_CONTROL_ALLOW_HEADERS);
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    }
    response
}

impl Inner {
    pub fn line(&self, name: &str) -> Option<Line> {
        (self.lines)().into_iter().find(|line| line.name == name)
    }
}
