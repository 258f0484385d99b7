//! The desk's side: its listener, and beside one that others reach, a second for programs on this machine.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Extension;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::certificate::{Certificate, Listener};
use super::http::Http;
use super::{StartError, listen};
use crate::config::{Config, Desk};
use crate::ingress::Reload;
use crate::ops::tls::Tls;
use crate::review::{self, DeskParts, Door, OverTls};

pub(super) struct DeskSide {
    config: Desk,
    listener: TcpListener,
    bound: SocketAddr,
    tls: Option<Tls>,
    /// For our own deliveries to the built-in endpoint and for commands: neither knows the certificate's name. `None`: the
    /// listener itself is on loopback and speaks http.
    local: Option<(TcpListener, SocketAddr)>,
}

impl DeskSide {
    pub async fn bind(config: &Config) -> Result<Self, StartError> {
        let tls = Listener::Desk.load(config)?;
        let config = config.desk.clone();
        let (listener, bound) = listen("desk.listen", config.listen).await?;
        let local = if bound.ip().is_loopback() && tls.is_none() {
            None
        } else {
            Some(listen("desk.listen", (Ipv4Addr::LOCALHOST, 0).into()).await?)
        };
        Ok(Self { config, listener, bound, tls, local })
    }

    /// The listener as it was bound.
    pub fn address(&self) -> SocketAddr {
        self.bound
    }

    /// Where programs on this machine find it, over http.
    pub fn local_address(&self) -> SocketAddr {
        self.local.as_ref().map_or(self.bound, |(_, address)| *address)
    }

    /// Where people open it, without a slash at the end.
    pub fn url(&self) -> String {
        self.config.url(self.bound)
    }

    pub fn door(&self) -> Door {
        Door {
            hosts: self.config.hosts.clone(),
            proxies: self.config.trusted_proxies.clone(),
            open: !self.config.is_for_others(),
        }
    }

    pub fn reloader(&self) -> Option<Box<dyn Reload>> {
        self.tls.clone().map(|tls| Box::new(Certificate(Listener::Desk, tls)) as Box<dyn Reload>)
    }

    pub fn serve(self, parts: DeskParts, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
        let router = review::desk(parts);
        let trusted = self.config.trusted_proxies;
        let local = self.local.map(|(listener, _)| {
            Http { listener, router: router.clone(), tls: None, trusted: Vec::new() }.serve(stop.clone())
        });
        let router = if self.tls.is_some() { router.layer(Extension(OverTls)) } else { router };
        let main = Http { listener: self.listener, router, tls: self.tls, trusted }.serve(stop.clone());
        std::iter::once(main).chain(local).collect()
    }
}
