//! The public side: the web door and the page in front of it.

use std::collections::HashMap;
use std::sync::Arc;

use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::certificate::{Certificate, Listener};
use super::http::Http;
use super::{REAL_MODEL, StartError};
use crate::config::{Config, Line};
use crate::draft::Names;
use crate::ingress::admission::Admission;
use crate::ingress::webrtc::{IceServers, Sessions, WebDoor, routes};
use crate::ingress::{IncomingCall, Reload};
use crate::ops::clock::Clock;
use crate::ops::health::Health;
use crate::ops::tls::Tls;
use crate::pipeline::{Settings, Stages};
use crate::review::{self, DemoModel, PublicParts};

/// What is checked before anything is bound, and joined to the stages when they stand.
pub(super) struct PublicSide {
    /// `None`: no calls from browsers.
    door: Option<WebDoor>,
    sessions: Sessions,
    ice_servers: IceServers,
    origins: Vec<String>,
    token_required: bool,
    categories: HashMap<String, Names>,
    tls: Option<Tls>,
    trusted: Vec<IpNet>,
}

impl PublicSide {
    pub fn new(
        config: &Config,
        categories: HashMap<String, Names>,
        admission: &Admission,
        incoming: &mpsc::Sender<IncomingCall>,
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let sessions = Sessions::new(clock.clone());
        let door = || WebDoor::new(config, admission.clone(), sessions.clone(), incoming.clone(), clock.clone());
        Ok(Self {
            door: config.webrtc.enabled.then(door).transpose()?,
            ice_servers: IceServers::load(&config.ice_servers)?,
            origins: config.webrtc.origins.clone(),
            token_required: config.webrtc.token_required,
            sessions,
            categories,
            tls: Listener::Public.load(config)?,
            trusted: config.public.trusted_proxies.clone(),
        })
    }

    pub fn door(&self) -> Option<WebDoor> {
        self.door.clone()
    }

    pub fn reloaders(&self) -> Vec<Box<dyn Reload>> {
        let door = self.door.clone().map(|door| Box::new(door) as Box<dyn Reload>);
        let certificate = self.tls.clone().map(|tls| Box::new(Certificate(Listener::Public, tls)) as Box<dyn Reload>);
        door.into_iter().chain(certificate).collect()
    }

    pub fn serve(
        self,
        listener: TcpListener,
        stages: &Stages,
        health: &Arc<Health>,
        admission: &Admission,
        stop: CancellationToken,
    ) -> JoinHandle<()> {
        let (tls, trusted) = (self.tls.clone(), self.trusted.clone());
        Http { listener, router: review::public(self.parts(stages, health, admission)), tls, trusted }.serve(stop)
    }

    fn parts(self, stages: &Stages, health: &Arc<Health>, admission: &Admission) -> PublicParts {
        let demo = || DemoModel { name: stages.model.name.clone(), remedy: REAL_MODEL.into() };
        PublicParts {
            store: stages.store.clone(),
            clock: stages.clock.clone(),
            events: stages.events.subscribe(),
            health: health.clone(),
            admission: admission.clone(),
            sessions: self.sessions,
            lines: lines(stages.settings.clone()),
            categories: self.categories,
            demo: stages.model.demo.then(demo),
            ice_servers: self.ice_servers,
            origins: self.origins,
            token_required: self.token_required,
            whip: self.door.map(routes),
        }
    }
}

fn lines(settings: Arc<Settings>) -> Arc<dyn Fn() -> Vec<Line> + Send + Sync> {
    Arc::new(move || settings.now().config.lines.clone())
}
