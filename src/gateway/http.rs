//! Our HTTP listeners: connections bounded in number and in the time they take to ask, with TLS where it is configured.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::limits;
use crate::ops::tls::Tls;

/// What `accept` does after it failed, for want of descriptors as a rule.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// One listener and what is behind it.
pub(super) struct Http {
    pub listener: TcpListener,
    pub router: Router,
    pub tls: Option<Tls>,
    /// Addresses that bring many callers.
    pub trusted: Vec<IpNet>,
}

/// Connections of each stranger.
type Strangers = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// One connection of a stranger; dropping it makes room.
struct Place(Strangers, IpAddr);

impl Http {
    /// Serves until `stop`; then requests that are being answered are finished.
    pub fn serve(self, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(async move {
            let (places, strangers) = (Arc::new(Semaphore::new(limits::MAX_HTTP_CONNECTIONS)), Strangers::default());
            let connections = TaskTracker::new();
            loop {
                let next = async {
                    let place = places.clone().acquire_owned().await.ok();
                    (place, self.listener.accept().await)
                };
                let (place, accepted) = tokio::select! {
                    () = stop.cancelled() => break,
                    next = next => next,
                };
                match (place, accepted) {
                    (Some(place), Ok((stream, peer))) => {
                        if let Some(seat) = self.seat(&strangers, peer.ip()) {
                            connections.spawn(self.connection(stream, peer, stop.clone(), (place, seat)));
                        }
                    }
                    (_, Err(error)) => {
                        tracing::warn!(%error, "an HTTP connection was not accepted");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                    }
                    (None, Ok(_)) => break,
                }
            }
            drop(self.listener);
            connections.close();
            connections.wait().await;
        })
    }

    /// `None`: this address has as many connections as it may. `Some(None)`: it is not counted.
    fn seat(&self, strangers: &Strangers, ip: IpAddr) -> Option<Option<Place>> {
        let ip = ip.to_canonical();
        if ip.is_loopback() || self.trusted.iter().any(|network| network.contains(&ip)) {
            return Some(None);
        }
        let mut counts = lock(strangers);
        let count = counts.entry(ip).or_default();
        if *count >= limits::HTTP_CONNECTIONS_PER_STRANGER {
            metrics::counter!("heardline_http_connections_refused_total").increment(1);
            return None;
        }
        *count += 1;
        Some(Some(Place(strangers.clone(), ip)))
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        stop: CancellationToken,
        places: (OwnedSemaphorePermit, Option<Place>),
    ) -> impl Future<Output = ()> + use<> {
        let router = self.router.clone().layer(Extension(ConnectInfo(peer)));
        let tls = self.tls.as_ref().map(Tls::acceptor);
        async move {
            let _kept_until_the_end = places;
            let _slower_then = stream.set_nodelay(true);
            match tls {
                None => answer(stream, router, stop).await,
                Some(tls) => {
                    let shaking = tokio::time::timeout(limits::TLS_HANDSHAKE, tls.accept(stream)).await;
                    // A handshake that fails is a stranger's business.
                    if let Ok(Ok(stream)) = shaking {
                        answer(stream, router, stop).await;
                    }
                }
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = lock(&self.0);
        if let Some(count) = counts.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.1);
            }
        }
    }
}

fn lock(strangers: &Strangers) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    strangers.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, router: Router, stop: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HTTP_HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection ended early");
    }
}
