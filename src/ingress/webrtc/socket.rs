//! The library's runtime, with its UDP sockets watched: a DTLS alert of ours tells that the browser has closed.
//!
//! webrtc 0.21.1 answers `close_notify` and tells nobody. An alert only leaves us in answer to one, or when the
//! handshake failed, and a forged alert gets no answer: so its leaving is the end of the connection.

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Notify;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, TokioRuntime,
    Transmit,
};

use super::caller::Cable;

/// Content type of a DTLS alert (RFC 9147 section 4.1); nothing else on the socket begins so (RFC 7983 section 7).
const ALERT: u8 = 21;

/// tokio, for one connection.
#[derive(Debug)]
pub(super) struct Watched {
    inner: TokioRuntime,
    alert_left: Arc<Notify>,
    /// Of a caller of ours.
    cable: Option<Cable>,
}

impl Watched {
    /// `alert_left` is notified when an alert left.
    pub fn new(alert_left: Arc<Notify>) -> Self {
        Self { inner: TokioRuntime, alert_left, cable: None }
    }

    /// Everything goes through this cable, which can be pulled.
    pub fn through(self, cable: Cable) -> Self {
        Self { cable: Some(cable), ..self }
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Runtime for Watched {
    fn spawn(&self, future: Boxed<'static, ()>) -> Box<dyn JoinHandle> {
        self.inner.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let socket = self.inner.wrap_udp_socket(socket)?;
        let socket = self.cable.as_ref().map_or_else(|| socket.clone(), |cable| cable.around(socket.clone()));
        Ok(Arc::new(WatchedSocket { socket, alert_left: self.alert_left.clone() }))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.inner.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(&'a self, remote: SocketAddr) -> Boxed<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        self.inner.connect_tcp(remote)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        self.inner.resolve_host(host)
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.inner.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.inner.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.inner.block_on(future);
    }
}

/// One datagram a call, both ways: what is saved by batches, the buffers for them would cost each call.
#[derive(Debug)]
struct WatchedSocket {
    socket: Arc<dyn AsyncUdpSocket>,
    alert_left: Arc<Notify>,
}

impl AsyncUdpSocket for WatchedSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let sent = self.socket.poll_send(cx, transmit);
        if sent.is_ready() && transmit.contents.first() == Some(&ALERT) {
            self.alert_left.notify_one();
        }
        sent
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_recv(cx, buffers, meta)
    }
}
