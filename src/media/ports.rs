//! RTP ports: an even one and the odd one above it for each call, from a range a firewall can know.
//!
//! A port whose call ended stays bound for `PORT_DRAIN`: what its peer still sends fills that socket's own bounded
//! kernel buffer and dies with it, so the next call on the port starts with nothing of a stranger's.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use crate::config::{PortRange, limits};
use crate::ops::clock::Clock;

/// Kernel buffer of an RTP socket: over 2 s of G.711 at the kernel's cost of about 1 KiB a packet.
const RECEIVE_BUFFER: usize = 128 * 1024;
/// Pairs waiting for their drain at once; above it the oldest is dropped early.
const MAX_DRAINING: usize = 4 * limits::MAX_CALLS;
/// How often the janitor looks for drained pairs.
const SWEEP: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error("no free RTP port pair in {first}-{last} on {ip}; widen [sip] rtp_ports ({reason})")]
    Exhausted { ip: IpAddr, first: u16, last: u16, reason: String },
}

/// Hands out port pairs. Clones share the pool.
#[derive(Clone)]
pub struct PortPool {
    inner: Arc<Pool>,
}

struct Pool {
    range: PortRange,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Index of the pair tried next.
    next: usize,
    draining: VecDeque<Draining>,
    janitor: bool,
}

struct Draining {
    since: Instant,
    _sockets: (UdpSocket, UdpSocket),
}

/// The sockets of one call. Dropping them sends them to drain.
pub struct RtpPorts {
    sockets: Option<(UdpSocket, UdpSocket)>,
    local: SocketAddr,
    pool: Weak<Pool>,
}

impl PortPool {
    pub fn new(range: PortRange, clock: Clock) -> Self {
        let state = Mutex::new(State::default());
        Self { inner: Arc::new(Pool { range, clock, state }) }
    }

    /// Binds the next free pair on `ip`. Ports others hold are skipped; tries each pair of the range once.
    pub async fn acquire(&self, ip: IpAddr) -> Result<RtpPorts, PortError> {
        let pool = &self.inner;
        let pairs = pool.range.pairs();
        let mut reason = "the range holds no pair".to_owned();
        for _ in 0..pairs {
            let port = pool.next_port(pairs);
            match port
                .ok_or_else(|| "port out of range".to_owned())
                .and_then(|p| bind(ip, p).map_err(|e| e.to_string()))
            {
                Ok(sockets) => {
                    let local = SocketAddr::new(ip, port.unwrap_or_default());
                    return Ok(RtpPorts { sockets: Some(sockets), local, pool: Arc::downgrade(pool) });
                }
                Err(why) => reason = why,
            }
        }
        metrics::counter!("heardline_media_ports_exhausted_total").increment(1);
        Err(PortError::Exhausted { ip, first: pool.range.first, last: pool.range.last, reason })
    }

    /// Pairs that are still bound after their call.
    pub fn draining(&self) -> usize {
        self.inner.lock().draining.len()
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_port(&self, pairs: usize) -> Option<u16> {
        let mut state = self.lock();
        let index = state.next % pairs.max(1);
        state.next = (index + 1) % pairs.max(1);
        let first = u32::from(self.range.first).next_multiple_of(2);
        u16::try_from(first + 2 * u32::try_from(index).ok()?).ok()
    }

    fn sweep(&self) -> bool {
        let now = self.clock.instant();
        let mut state = self.lock();
        while state.draining.front().is_some_and(|d| now.saturating_duration_since(d.since) >= limits::PORT_DRAIN) {
            state.draining.pop_front();
        }
        // With nothing left the janitor ends; the next drain starts one.
        state.janitor = !state.draining.is_empty();
        state.janitor
    }
}

fn bind(ip: IpAddr, port: u16) -> std::io::Result<(UdpSocket, UdpSocket)> {
    let rtcp_port = port.checked_add(1).ok_or(std::io::ErrorKind::AddrNotAvailable)?;
    let rtp = bind_one(SocketAddr::new(ip, port), RECEIVE_BUFFER)?;
    Ok((rtp, bind_one(SocketAddr::new(ip, rtcp_port), RECEIVE_BUFFER / 8)?))
}

fn bind_one(address: SocketAddr, buffer: usize) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // Each family has its own ports: the same number may serve a caller of the other one.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    // The kernel's own bound may be lower; a smaller buffer is no reason to refuse a call.
    let _ = socket.set_recv_buffer_size(buffer);
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

impl RtpPorts {
    /// The RTP port's address, for the SDP answer.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Even port.
    pub fn rtp(&self) -> Option<&UdpSocket> {
        self.sockets.as_ref().map(|(rtp, _)| rtp)
    }

    /// Odd port.
    pub fn rtcp(&self) -> Option<&UdpSocket> {
        self.sockets.as_ref().map(|(_, rtcp)| rtcp)
    }
}

impl std::fmt::Debug for RtpPorts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RtpPorts({})", self.local)
    }
}

impl Drop for RtpPorts {
    fn drop(&mut self) {
        let (Some(sockets), Some(pool)) = (self.sockets.take(), self.pool.upgrade()) else { return };
        let since = pool.clock.instant();
        let start = {
            let mut state = pool.lock();
            if state.draining.len() >= MAX_DRAINING {
                state.draining.pop_front();
            }
            state.draining.push_back(Draining { since, _sockets: sockets });
            !std::mem::replace(&mut state.janitor, true)
        };
        if !start {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let pool = Arc::downgrade(&pool);
                runtime.spawn(async move {
                    loop {
                        tokio::time::sleep(SWEEP).await;
                        if !pool.upgrade().is_some_and(|pool| pool.sweep()) {
                            return;
                        }
                    }
                });
            }
            // The runtime is gone, so no call follows on this port.
            Err(_) => pool.lock().janitor = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// A range of `pairs` pairs in which every port was free a moment ago.
    fn free_range(pairs: u16) -> PortRange {
        for first in (42_000..60_000).step_by(16) {
            let last = first + pairs * 2 - 1;
            let all = (first..=last).map(|p| std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, p)));
            if all.collect::<Result<Vec<_>, _>>().is_ok() {
                return PortRange { first, last };
            }
        }
        panic!("no free range");
    }

    #[tokio::test]
    async fn pairs_are_even_and_odd_rotate_and_run_out_with_a_clear_error() {
        let range = free_range(3);
        let pool = PortPool::new(range, Clock::system());
        let taken = [
            pool.acquire(LOOPBACK).await.unwrap(),
            pool.acquire(LOOPBACK).await.unwrap(),
            pool.acquire(LOOPBACK).await.unwrap(),
        ];
        let mut ports: Vec<u16> = taken.iter().map(|p| p.local_addr().port()).collect();
        assert!(ports.iter().all(|p| p % 2 == 0));
        assert_eq!(taken[0].rtcp().unwrap().local_addr().unwrap().port(), ports[0] + 1);
        ports.dedup();
        assert_eq!(ports.len(), 3);
        let error = pool.acquire(LOOPBACK).await.err().unwrap().to_string();
        assert!(error.contains("rtp_ports"), "{error}");
    }

    #[tokio::test]
    async fn a_port_someone_else_holds_is_skipped() {
        let range = free_range(2);
        let _other = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, range.first + 1)).unwrap();
        let pool = PortPool::new(range, Clock::system());
        assert_eq!(pool.acquire(LOOPBACK).await.unwrap().local_addr().port(), range.first + 2);
    }

    #[tokio::test]
    async fn a_returned_port_stays_bound_so_the_next_call_gets_another() {
        let range = free_range(2);
        let pool = PortPool::new(range, Clock::system());
        let first = pool.acquire(LOOPBACK).await.unwrap();
        let port = first.local_addr();
        drop(first);
        assert_eq!(pool.draining(), 1);
        assert!(std::net::UdpSocket::bind(port).is_err());
        let second = pool.acquire(LOOPBACK).await.unwrap();
        assert_ne!(second.local_addr(), port);
        assert!(pool.acquire(LOOPBACK).await.is_err());
    }

    #[tokio::test]
    async fn a_pair_is_bound_on_the_address_it_is_asked_for() {
        let pool = PortPool::new(free_range(4), Clock::system());
        for ip in [IpAddr::from([127, 0, 0, 2]), Ipv6Addr::LOCALHOST.into(), LOOPBACK] {
            let ports = pool.acquire(ip).await.unwrap();
            assert_eq!(ports.local_addr().ip(), ip);
            assert_eq!(ports.rtp().unwrap().local_addr().unwrap(), ports.local_addr());
        }
    }
}
