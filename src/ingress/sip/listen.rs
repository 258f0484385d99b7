//! The sockets: bound before anything is promised; every datagram passes the gate before the stack reads it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use rsipstack::platform::net::UdpSocket as StackSocket;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Mutex;

use crate::config::limits;

use super::gate::{Gate, Judged};
use super::grammar::via::Via;
use super::path::{Reachable, label};
use super::screen::STACK_DATAGRAM;

/// Kernel buffer of a UDP listener: about 1,500 INVITEs that arrive while the reader is busy.
const UDP_BUFFER: usize = 4 * 1024 * 1024;
/// Connections the kernel completes before we accept them.
const BACKLOG: i32 = 1_024;

/// Binds `address`. An IPv6 one takes no IPv4 along: each family has its own listener, so that nobody is known by two
/// addresses.
fn bind(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if protocol == Protocol::TCP {
        // A restart need not wait for the old run's connections to be forgotten.
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

pub(super) fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    UdpSocket::from_std(bind(address, Type::DGRAM, Protocol::UDP)?.into())
}

pub(super) fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bind(address, Type::STREAM, Protocol::TCP)?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// A UDP socket that hands the stack only what it can answer.
pub(super) struct ScreenedSocket {
    socket: Arc<UdpSocket>,
    /// Every UDP socket of the door: the stack sends requests by the first one, whatever their dialog uses.
    siblings: Arc<[Arc<UdpSocket>]>,
    reachable: Reachable,
    gate: Arc<Gate>,
    buffer: Mutex<Box<[u8]>>,
}

impl ScreenedSocket {
    pub fn new(socket: Arc<UdpSocket>, siblings: Arc<[Arc<UdpSocket>]>, reachable: Reachable, gate: Arc<Gate>) -> Self {
        // Best effort: the kernel clamps it to net.core.rmem_max.
        SockRef::from(&socket).set_recv_buffer_size(UDP_BUFFER).ok();
        let buffer = Mutex::new(vec![0; limits::MAX_DATAGRAM].into_boxed_slice());
        Self { socket, siblings, reachable, gate, buffer }
    }

    /// The socket that a message leaves by: a response by the one its request came to, a request by the one its Via
    /// names (`outgoing.rs` made it so), or at least by one that can reach the peer.
    fn leaves_by(&self, message: &[u8], to: SocketAddr) -> &UdpSocket {
        if self.siblings.len() < 2 || message.starts_with(b"SIP/2.0") {
            return &self.socket;
        }
        let sent_by = sent_by(message);
        let find = |fits: &dyn Fn(SocketAddr) -> bool| {
            self.siblings.iter().find(|socket| socket.local_addr().is_ok_and(fits)).map(Arc::as_ref)
        };
        let same_family = |own: SocketAddr| own.is_ipv4() == to.is_ipv4();
        find(&|own| Some(self.reachable.address(own, to.ip())) == sent_by && same_family(own))
            .or_else(|| find(&|own| same_family(own) && sent_by.is_some_and(|via| via.port() == own.port())))
            .or_else(|| find(&same_family))
            .unwrap_or(&self.socket)
    }
}

/// Host and port of the top Via of a message the stack wrote.
fn sent_by(message: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(message).ok()?;
    let via = text.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix("Via:"))?;
    let host = via.split_ascii_whitespace().nth(1)?.split(';').next()?;
    host.parse().ok()
}

/// Where the answer to a datagram goes; the stack takes that for its source.
fn answered_at(datagram: &[u8], source: SocketAddr) -> SocketAddr {
    let lines = datagram.split(|byte| *byte == b'\n').skip(1).take_while(|line| !line.trim_ascii().is_empty());
    let via = lines.filter_map(|line| std::str::from_utf8(line).ok()?.split_once(':')).find_map(|(name, value)| {
        let name = name.trim_ascii();
        (name.eq_ignore_ascii_case("Via") || name.eq_ignore_ascii_case("v")).then_some(value)
    });
    if datagram.starts_with(b"SIP/2.0") {
        return source;
    }
    via.and_then(|via| Via::parse(via.trim_ascii()).ok()).map_or(source, |(via, _)| via.answered_at(source))
}

#[async_trait]
impl StackSocket for ScreenedSocket {
    async fn recv_from(&self, buf: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let mut own = self.buffer.lock().await;
        loop {
            let (length, source) = self.socket.recv_from(&mut own).await?;
            if !self.gate.lets_in(source.ip()) {
                continue;
            }
            let datagram = own.get(..length).unwrap_or_default();
            match self.gate.judge(datagram, source, STACK_DATAGRAM) {
                Judged::Pass(accepted) => {
                    if let Some(room) = buf.get_mut(..accepted.len()) {
                        room.copy_from_slice(&accepted);
                        return Ok((accepted.len(), answered_at(&accepted, source)));
                    }
                }
                Judged::Answer(reply) => {
                    let to = answered_at(datagram, source);
                    self.socket.send_to(&reply, to).await.ok();
                }
                Judged::Drop => {}
            }
        }
    }

    async fn send_to(&self, buf: &[u8], address: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.leaves_by(buf, address).send_to(buf, address).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(label(self.socket.local_addr()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_via_of_a_request_is_read_as_the_stack_writes_it() {
        let bye = "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP [::1]:5070;branch=z9hG4bK1;rport\r\nTo: <sip:a@b>\r\n\r\n";
        assert_eq!(sent_by(bye.as_bytes()), Some("[::1]:5070".parse().unwrap()));
        assert_eq!(sent_by(b"BYE sip:a@b SIP/2.0\r\n\r\nVia: SIP/2.0/UDP 127.0.0.1:5060\r\n"), None);
    }

    #[tokio::test]
    async fn an_ipv6_listener_leaves_the_ipv4_port_to_another() {
        let six = bind_udp("[::]:0".parse().unwrap()).unwrap();
        let port = six.local_addr().unwrap().port();
        assert!(bind_udp(SocketAddr::from(([0, 0, 0, 0], port))).is_ok());
        let six = bind_tcp("[::]:0".parse().unwrap()).unwrap();
        let port = six.local_addr().unwrap().port();
        assert!(bind_tcp(SocketAddr::from(([0, 0, 0, 0], port))).is_ok());
    }
}
