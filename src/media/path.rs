//! What carries the sound of one call: RTP sockets of ours, or the link to a door that does it itself (WebRTC).

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::error::TryRecvError;

use super::ports::RtpPorts;
use crate::ingress::{LinkEvent, LinkPacket, PacketLink};

/// Largest datagram read whole; an RTP packet of a call fits an Ethernet frame. On the stack, so that a waiting call
/// holds no buffer.
const DATAGRAM: usize = 2_048;
/// How long the end of a call waits to be told of a last packet.
const LAST_LOOK: Duration = Duration::from_millis(2);

/// The way of the packets.
#[derive(Debug)]
pub enum Path {
    Ports(RtpPorts),
    Link(PacketLink),
}

/// One thing that came.
#[derive(Debug)]
pub(super) enum Arrival<'a> {
    /// A datagram on the RTP port.
    Rtp(&'a [u8], SocketAddr),
    /// A datagram on the RTCP port.
    Rtcp(&'a [u8], SocketAddr),
    /// From a peer that has proved itself.
    Link(LinkEvent),
}

/// Where something waits to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Rtp,
    Rtcp,
}

/// Something waits to be read; hand it to [`Path::read`].
#[derive(Debug)]
pub(super) struct Ready {
    side: Side,
    /// The first event of a link, which waiting takes out of its queue.
    event: Option<LinkEvent>,
}

impl From<RtpPorts> for Path {
    fn from(ports: RtpPorts) -> Self {
        Self::Ports(ports)
    }
}

impl Path {
    /// Our RTP address, for the peer to be told. `None`: the door has told it its own.
    pub fn local_rtp(&self) -> Option<SocketAddr> {
        match self {
            Self::Ports(ports) => Some(ports.local_addr()),
            Self::Link(_) => None,
        }
    }

    /// Waits for the next packet. Safe to cancel. A link whose door has gone brings nothing more.
    pub(super) async fn ready(&mut self) -> Ready {
        match self {
            Self::Ports(ports) => {
                let (Some(rtp), Some(rtcp)) = (ports.rtp(), ports.rtcp()) else { return std::future::pending().await };
                // An error here comes again when the socket is read, and is an ICMP answer to something we sent.
                let side = tokio::select! {
                    _ = rtp.readable() => Side::Rtp,
                    _ = rtcp.readable() => Side::Rtcp,
                };
                Ready { side, event: None }
            }
            Self::Link(link) => match link.received.recv().await {
                Some(event) => Ready { side: Side::Rtp, event: Some(event) },
                None => std::future::pending().await,
            },
        }
    }

    /// Reads what waits, `most` packets at once.
    pub(super) fn read(&mut self, ready: Ready, most: usize, mut take: impl FnMut(Arrival<'_>)) {
        match self {
            Self::Ports(ports) => match ready.side {
                Side::Rtp => each(ports.rtp(), most, |datagram, from| take(Arrival::Rtp(datagram, from))),
                Side::Rtcp => each(ports.rtcp(), most, |datagram, from| take(Arrival::Rtcp(datagram, from))),
            },
            Self::Link(link) => {
                ready.event.into_iter().for_each(|event| take(Arrival::Link(event)));
                for _ in 1..most {
                    match link.received.try_recv() {
                        Ok(event) => take(Arrival::Link(event)),
                        Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
                    }
                }
            }
        }
    }

    /// What already arrived belongs to the call, also what the runtime has not yet told of; a flood does not keep it
    /// from ending.
    pub(super) async fn read_last(&mut self, most: usize, take: impl FnMut(Arrival<'_>)) {
        if let Self::Ports(ports) = self
            && let Some(rtp) = ports.rtp()
        {
            let _ = tokio::time::timeout(LAST_LOOK, rtp.readable()).await;
        }
        self.read(Ready { side: Side::Rtp, event: None }, most, take);
    }

    /// False when the network, or a door that is behind, did not take it.
    pub(super) fn send(&self, datagram: &[u8], target: SocketAddr) -> bool {
        match self {
            Self::Ports(ports) => sent(ports.rtp(), datagram, target),
            Self::Link(link) => link.send.try_send(LinkPacket::Rtp(Bytes::copy_from_slice(datagram))).is_ok(),
        }
    }

    /// A report that does not leave is followed by the next one. `muxed`: through the RTP port. `None`: the peer's
    /// address is not known yet; a link needs none.
    pub(super) fn send_report(&self, report: &[u8], target: Option<(SocketAddr, bool)>) {
        match (self, target) {
            (Self::Ports(ports), Some((target, muxed))) => {
                sent(if muxed { ports.rtp() } else { ports.rtcp() }, report, target);
            }
            (Self::Ports(_), None) => {}
            (Self::Link(link), _) => {
                let _ = link.send.try_send(LinkPacket::Rtcp(Bytes::copy_from_slice(report)));
            }
        }
    }
}

fn each(socket: Option<&UdpSocket>, most: usize, mut take: impl FnMut(&[u8], SocketAddr)) {
    let Some(socket) = socket else { return };
    let mut buffer = [0; DATAGRAM];
    for _ in 0..most {
        match socket.try_recv_from(&mut buffer) {
            Ok((length, from)) => take(buffer.get(..length).unwrap_or(&[]), from),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
            // An ICMP answer to something we sent; the socket goes on.
            Err(_) => {}
        }
    }
}

fn sent(socket: Option<&UdpSocket>, datagram: &[u8], target: SocketAddr) -> bool {
    socket.is_some_and(|socket| socket.try_send_to(datagram, reachable(target, socket)).is_ok())
}

/// A socket of both families names IPv4 peers as `::ffff:a.b.c.d`.
fn reachable(target: SocketAddr, socket: &UdpSocket) -> SocketAddr {
    match (target, socket.local_addr()) {
        (SocketAddr::V4(v4), Ok(SocketAddr::V6(_))) => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
        _ => target,
    }
}
