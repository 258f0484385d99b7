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
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::limits;
use crate::ingress::buckets::neighbourhood;
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
                        if let Some(seat) = seat(&self.trusted, &strangers, peer.ip()) {
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
            // Without these it is only slower, and held longer by a peer that takes nothing.
            let _without = stream.set_nodelay(true);
            let _without = SockRef::from(&stream).set_tcp_user_timeout(Some(limits::HTTP_STALL));
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

/// `None`: this address (or /64) has as many connections as it may. `Some(None)`: it is not counted.
fn seat(trusted: &[IpNet], strangers: &Strangers, ip: IpAddr) -> Option<Option<Place>> {
    let ip = ip.to_canonical();
    if ip.is_loopback() || trusted.iter().any(|network| network.contains(&ip)) {
        return Some(None);
    }
    let ip = neighbourhood(ip);
    let mut counts = lock(strangers);
    let count = counts.entry(ip).or_default();
    if *count >= limits::HTTP_CONNECTIONS_PER_STRANGER {
        metrics::counter!("heardline_http_connections_refused_total").increment(1);
        return None;
    }
    *count += 1;
    Some(Some(Place(strangers.clone(), ip)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_has_so_many_connections_and_a_proxy_as_many_as_it_brings() {
        let strangers = Strangers::default();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let stranger = IpAddr::from([192, 0, 2, 1]);
        let take = |ip| seat(&trusted, &strangers, ip);
        let mut held: Vec<_> = (0..limits::HTTP_CONNECTIONS_PER_STRANGER).map(|_| take(stranger)).collect();
        assert!(held.iter().all(Option::is_some) && take(stranger).is_none());
        assert!(take(IpAddr::from([192, 0, 2, 2])).is_some(), "another address is another caller");
        let of_one_subscriber = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]);
        let six: Vec<_> = (0..=u16::MAX).map_while(|n| take(of_one_subscriber(n))).collect();
        assert_eq!(six.len(), limits::HTTP_CONNECTIONS_PER_STRANGER);
        drop(six);
        for known in [IpAddr::from([127, 0, 0, 1]), IpAddr::from([10, 1, 2, 3])] {
            assert!((0..2 * held.len()).all(|_| take(known).is_some_and(|seat| seat.is_none())));
        }
        held.pop();
        assert!(take(stranger).is_some(), "one has left");
        held.clear();
        assert!(lock(&strangers).is_empty());
    }
}
