//! The library's runtime, with its UDP sockets watched and its other ways out shut.
//!
//! - webrtc 0.21.1 answers `close_notify` and tells nobody. Once the handshake is done an alert only leaves us in answer
//!   to an authentic one, so its leaving is the end of the connection; before, it is a handshake that failed.
//! - Until the handshake is done the library takes DTLS from any address, an alert in the clear included. We are its
//!   client: what comes from elsewhere than where our own flights go is a stranger's and is dropped here
//!   (CVE-2023-49786 and its kin).
//! - A candidate over TCP, or with a name for an address, would make the library connect and resolve wherever a caller
//!   wishes. It may do neither.

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, TokioRuntime,
    Transmit,
};

use super::caller::Cable;

/// Content type of a DTLS alert (RFC 9147 section 4.1); nothing else on the socket begins so (RFC 7983 section 7).
const ALERT: u8 = 21;

/// First bytes of DTLS records (RFC 7983 section 7).
const DTLS: std::ops::RangeInclusive<u8> = 20..=63;

/// Where the handshake goes; strangers' records are dropped until it is done.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    done: AtomicBool,
    with: Mutex<Option<SocketAddr>>,
}

impl Handshake {
    /// From now on the library knows by itself what is authentic.
    pub fn is_done(&self) {
        self.done.store(true, Ordering::Release);
    }

    fn sent(&self, record: &[u8], to: SocketAddr) {
        if !self.done.load(Ordering::Acquire) && record.first().is_some_and(|first| DTLS.contains(first)) {
            *self.with.lock().unwrap_or_else(PoisonError::into_inner) = Some(to);
        }
    }

    fn takes(&self, first: Option<u8>, from: SocketAddr) -> bool {
        self.done.load(Ordering::Acquire)
            || !first.is_some_and(|first| DTLS.contains(&first))
            || *self.with.lock().unwrap_or_else(PoisonError::into_inner) == Some(from)
    }
}

/// tokio, for one connection.
#[derive(Debug)]
pub(super) struct Watched {
    inner: TokioRuntime,
    alert_left: Arc<Notify>,
    /// Of a DTLS client.
    handshake: Option<Arc<Handshake>>,
    /// Of a caller of ours.
    cable: Option<Cable>,
}

impl Watched {
    /// `alert_left` is notified when an alert left.
    pub fn new(alert_left: Arc<Notify>) -> Self {
        Self { inner: TokioRuntime, alert_left, handshake: None, cable: None }
    }

    /// Nobody but whom we shake hands with is heard before that is done. For a DTLS client.
    pub fn shaking(self, handshake: Arc<Handshake>) -> Self {
        Self { handshake: Some(handshake), ..self }
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
        let socket: Arc<dyn AsyncUdpSocket> = Arc::new(Plain(UdpSocket::from_std(socket)?));
        let socket = self.cable.as_ref().map_or_else(|| socket.clone(), |cable| cable.around(socket.clone()));
        Ok(Arc::new(WatchedSocket { socket, alert_left: self.alert_left.clone(), handshake: self.handshake.clone() }))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.inner.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(&'a self, _: SocketAddr) -> Boxed<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }

    fn resolve_host<'a>(&'a self, _: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
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

/// One datagram a system call, both ways. The library's own socket lets the kernel join what comes in a burst (UDP GRO);
/// the buffers for that would cost each call 128 KiB, and with smaller ones the rest of a burst is cut off.
#[derive(Debug)]
struct Plain(UdpSocket);

impl AsyncUdpSocket for Plain {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        self.0.poll_send_to(cx, transmit.contents, transmit.destination)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let (Some(buffer), Some(meta)) = (buffers.first_mut(), meta.first_mut()) else { return Poll::Ready(Ok(0)) };
        let mut read = ReadBuf::new(buffer);
        let from = ready!(self.0.poll_recv_from(cx, &mut read))?;
        (meta.addr, meta.len) = (from, read.filled().len());
        meta.stride = meta.len.max(1);
        Poll::Ready(Ok(1))
    }
}

#[derive(Debug)]
struct WatchedSocket {
    socket: Arc<dyn AsyncUdpSocket>,
    alert_left: Arc<Notify>,
    handshake: Option<Arc<Handshake>>,
}

impl AsyncUdpSocket for WatchedSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if let Some(handshake) = &self.handshake {
            handshake.sent(transmit.contents, transmit.destination);
        }
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
        let Some(handshake) = &self.handshake else { return self.socket.poll_recv(cx, buffers, meta) };
        loop {
            let received = self.socket.poll_recv(cx, buffers, meta);
            let (Poll::Ready(Ok(1)), Some(buffer), Some(one)) = (&received, buffers.first(), meta.first()) else {
                return received;
            };
            if handshake.takes(buffer.first().copied().filter(|_| one.len > 0), one.addr) {
                return received;
            }
            metrics::counter!("heardline_webrtc_foreign_dtls_total").increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_record_is_dropped_until_the_handshake_is_done() {
        let handshake = Handshake::default();
        let [browser, stranger] = ["192.0.2.1:4000", "192.0.2.9:4000"].map(|text| text.parse().unwrap());
        assert!(!handshake.takes(Some(ALERT), browser), "we have said nothing yet");
        assert!(handshake.takes(Some(0), stranger) && handshake.takes(None, stranger), "STUN proves itself");
        handshake.sent(&[22, 0xfe, 0xfd], browser);
        handshake.sent(&[0, 1], stranger);
        assert!(handshake.takes(Some(ALERT), browser) && !handshake.takes(Some(ALERT), stranger));
        handshake.is_done();
        assert!(handshake.takes(Some(ALERT), stranger), "from here on the library knows");
    }
}
