//! The sockets: bound before anything is promised, guarded by the doors, screened before the stack.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::counter;
use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::sip::{SipMessage, Transport};
use rsipstack::transaction::endpoint::{EndpointInnerRef, TransportEventInspector};
use rsipstack::transport::stream::StreamConnection;
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::config::limits;

use super::doors::{Doors, Entry};
use super::screen::{STACK_DATAGRAM, Verdict, screen};

/// Kernel buffer of a UDP listener: about 1,500 INVITEs that arrive while the reader is busy.
const UDP_BUFFER: usize = 4 * 1024 * 1024;
/// Pause after an accept that failed, so that running out of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where we say we can be reached: the public address for callers from beyond this host, else our own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reachable {
    pub public: Option<IpAddr>,
}

impl Reachable {
    /// `local`: the address a socket of ours is bound to; `peer`: who is told.
    pub fn address(self, local: SocketAddr, peer: IpAddr) -> SocketAddr {
        let ip = match self.public {
            _ if peer.is_loopback() && local.ip().is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(public) if !peer.is_loopback() => public,
            _ if local.ip().is_unspecified() => SipConnection::resolve_bind_address(local).ip(),
            _ => local.ip(),
        };
        SocketAddr::new(ip, local.port())
    }
}

/// A UDP socket that hands the stack only what it can answer.
pub(super) struct ScreenedSocket {
    socket: UdpSocket,
    doors: Arc<Doors>,
    buffer: Mutex<Box<[u8]>>,
}

impl ScreenedSocket {
    pub async fn bind(address: SocketAddr, doors: Arc<Doors>) -> io::Result<Self> {
        let socket = UdpSocket::bind(address).await?;
        // Best effort: the kernel clamps it to net.core.rmem_max.
        socket2::SockRef::from(&socket).set_recv_buffer_size(UDP_BUFFER).ok();
        let buffer = Mutex::new(vec![0; limits::MAX_DATAGRAM].into_boxed_slice());
        Ok(Self { socket, doors, buffer })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

#[async_trait]
impl StackSocket for ScreenedSocket {
    async fn recv_from(&self, buf: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let mut own = self.buffer.lock().await;
        loop {
            let (length, source) = self.socket.recv_from(&mut own).await?;
            if is_shut(&self.doors, source.ip()) {
                continue;
            }
            let datagram = own.get(..length).unwrap_or_default();
            let repaired;
            let accepted = match screen(datagram, source, STACK_DATAGRAM) {
                Verdict::Pass => datagram,
                Verdict::Repaired(bytes) => {
                    repaired = bytes;
                    &repaired
                }
                Verdict::Answer { status, reason, reply } => {
                    count_answer(status, reason);
                    self.socket.send_to(&reply, source).await.ok();
                    continue;
                }
                Verdict::Drop(reason) => {
                    counter!("heardline_sip_screened_total", "reason" => reason).increment(1);
                    continue;
                }
            };
            if let Some(room) = buf.get_mut(..accepted.len()) {
                room.copy_from_slice(accepted);
                return Ok((accepted.len(), source));
            }
        }
    }

    async fn send_to(&self, buf: &[u8], address: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.socket.send_to(buf, address).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

fn is_shut(doors: &Doors, source: IpAddr) -> bool {
    let shut = doors.entry(source) == Entry::Unlisted;
    if shut {
        counter!("heardline_sip_unlisted_total").increment(1);
    }
    shut
}

fn count_answer(status: u16, reason: &'static str) {
    counter!("heardline_sip_screened_total", "reason" => reason).increment(1);
    counter!("heardline_sip_refused_total", "status" => status.to_string()).increment(1);
}

/// Accepts SIP over TCP until `stop`; the stack frames and serves each connection.
pub(super) async fn accept(
    listener: TcpListener,
    endpoint: EndpointInnerRef,
    doors: Arc<Doors>,
    reachable: Reachable,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "SIP connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if is_shut(&doors, peer.ip()) {
            continue;
        }
        if endpoint.transport_layer.connections_count() >= limits::MAX_SIP_CONNECTIONS {
            counter!("heardline_sip_screened_total", "reason" => "connections").increment(1);
            continue;
        }
        if let Some(connection) = connection(stream, peer, reachable, &stop) {
            endpoint.transport_layer.add_connection(connection);
        }
    }
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    reachable: Reachable,
    stop: &CancellationToken,
) -> Option<SipConnection> {
    stream.set_nodelay(true).ok();
    let local = reachable.address(stream.local_addr().ok()?, peer.ip());
    let local = SipAddr::new(Transport::Tcp, local.into());
    TcpConnection::from_stream(stream, local, Some(stop.child_token())).ok().map(SipConnection::Tcp)
}

/// The screen for messages that came over a stream, where the stack has framed and parsed them already.
pub(super) struct StreamScreen;

#[async_trait]
impl TransportEventInspector for StreamScreen {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let TransportEvent::Incoming(SipMessage::Request(request), SipConnection::Tcp(connection), from) = &event
        else {
            return Some(event);
        };
        let source = from.get_socketaddr().ok()?;
        match screen(&request.to_bytes(), source, limits::MAX_DATAGRAM) {
            Verdict::Pass | Verdict::Repaired(_) => Some(event),
            Verdict::Answer { status, reason, reply } => {
                count_answer(status, reason);
                let connection = connection.clone();
                // A peer that does not read must not hold up the others: never await it here.
                tokio::spawn(async move { connection.send_raw(&reply).await });
                None
            }
            Verdict::Drop(reason) => {
                counter!("heardline_sip_screened_total", "reason" => reason).increment(1);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_told_an_address_it_can_reach() {
        let told = |public: Option<&str>, local: &str, peer: &str| {
            let reachable = Reachable { public: public.map(|ip| ip.parse().unwrap()) };
            reachable.address(local.parse().unwrap(), peer.parse().unwrap()).to_string()
        };
        assert_eq!(told(Some("203.0.113.9"), "10.0.0.1:5060", "198.51.100.1"), "203.0.113.9:5060");
        assert_eq!(told(Some("203.0.113.9"), "127.0.0.1:5060", "127.0.0.1"), "127.0.0.1:5060");
        assert_eq!(told(None, "0.0.0.0:5060", "127.0.0.1"), "127.0.0.1:5060");
        assert_eq!(told(None, "10.0.0.1:5060", "10.0.0.2"), "10.0.0.1:5060");
    }
}
