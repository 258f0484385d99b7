//! The connections over TCP and TLS that are open: how many, whose, and which gives way when there are too many. Pure
//! bookkeeping; the sockets are served in `stream.rs`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rsipstack::sip::Transport;
use tokio_util::sync::CancellationToken;

use crate::config::limits;

use crate::ingress::buckets::neighbourhood;

/// One connection (RFC 5626 calls it a flow).
#[derive(Debug)]
pub(super) struct Flow {
    pub local: SocketAddr,
    pub peer: SocketAddr,
    pub transport: Transport,
    /// Cancelled when the connection ends; cancel it to end the connection.
    pub closed: CancellationToken,
    /// From a trunk or this host.
    known: bool,
    /// A whole SIP message came over it.
    spoke: AtomicBool,
    /// Calls signalled over it.
    calls: AtomicUsize,
    last: Mutex<Instant>,
}

/// Keeps a connection open for a call that it signals.
#[derive(Debug)]
pub(super) struct Riding(Arc<Flow>);

impl Flow {
    pub fn ride(self: &Arc<Self>) -> Riding {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Riding(self.clone())
    }

    pub fn carries_calls(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > 0
    }

    /// Something came at `now`; `whole`: a SIP message.
    pub fn heard(&self, whole: bool, now: Instant) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = now;
        if whole {
            self.spoke.store(true, Ordering::Relaxed);
        }
    }

    pub fn spoke(&self) -> bool {
        self.spoke.load(Ordering::Relaxed)
    }

    /// When something came last.
    pub fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Riding {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

type Open = HashMap<(SocketAddr, &'static str), Arc<Flow>>;

/// All open connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Flows(Arc<Mutex<Open>>);

impl Flows {
    pub fn len(&self) -> usize {
        self.open().len()
    }

    /// By the peer's address, which is all the stack knows of a connection.
    pub fn find(&self, peer: SocketAddr, transport: Transport) -> Option<Arc<Flow>> {
        self.open().get(&(peer, name(transport))).cloned()
    }

    /// Enters a connection. At a cap the source's own, or else the least deserving connection of all, is closed for it:
    /// strangers before trunks, silent ones before those that spoke, then the one idle longest. `None`: all of them
    /// carry calls, or the peer has a connection from this very address to another listener.
    pub fn open_new(
        &self,
        (local, peer): (SocketAddr, SocketAddr),
        transport: Transport,
        known: bool,
        closed: CancellationToken,
        now: Instant,
    ) -> Option<Arc<Flow>> {
        let mut open = self.open();
        if open.contains_key(&(peer, name(transport))) {
            return None;
        }
        let per_source =
            if known { limits::SIP_CONNECTIONS_PER_TRUNK_ADDRESS } else { limits::SIP_CONNECTIONS_PER_STRANGER };
        let source = neighbourhood(peer.ip());
        let of_source = open.values().filter(|flow| neighbourhood(flow.peer.ip()) == source).count();
        if of_source >= per_source {
            make_room(&mut open, |flow| neighbourhood(flow.peer.ip()) == source)?;
        } else if open.len() >= limits::MAX_SIP_CONNECTIONS {
            make_room(&mut open, |_| true)?;
        }
        let flow = Arc::new(Flow {
            local,
            peer,
            transport,
            closed,
            known,
            spoke: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            last: Mutex::new(now),
        });
        open.insert((peer, name(transport)), flow.clone());
        Some(flow)
    }

    /// The connection is over.
    pub fn close(&self, flow: &Arc<Flow>) {
        flow.closed.cancel();
        let key = (flow.peer, name(flow.transport));
        let mut open = self.open();
        if open.get(&key).is_some_and(|entered| Arc::ptr_eq(entered, flow)) {
            open.remove(&key);
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(open: &mut Open, among: impl Fn(&Flow) -> bool) -> Option<()> {
    let leaver = open
        .iter()
        .filter(|(_, flow)| among(flow) && !flow.carries_calls())
        .min_by_key(|(_, flow)| (flow.known, flow.spoke(), flow.last()))
        .map(|(key, _)| *key)?;
    metrics::counter!("heardline_sip_screened_total", "reason" => "connections").increment(1);
    open.remove(&leaver)?.closed.cancel();
    Some(())
}

fn name(transport: Transport) -> &'static str {
    if transport == Transport::Tls { "tls" } else { "tcp" }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ops::clock::Clock;

    fn enter(flows: &Flows, peer: &str, known: bool, now: Instant) -> Option<Arc<Flow>> {
        let addresses = ("192.0.2.9:5060".parse().unwrap(), peer.parse().unwrap());
        flows.open_new(addresses, Transport::Tcp, known, CancellationToken::new(), now)
    }

    #[test]
    fn a_source_at_its_cap_loses_its_own_idlest_connection_and_nobody_elses() {
        let start = Clock::system().instant();
        let flows = Flows::default();
        let other = enter(&flows, "198.51.100.1:1", false, start).unwrap();
        let cap = u16::try_from(limits::SIP_CONNECTIONS_PER_STRANGER).unwrap();
        let mut mine = Vec::new();
        for port in 1..=cap {
            let now = start + Duration::from_secs(u64::from(port));
            mine.push(enter(&flows, &format!("203.0.113.1:{port}"), false, now).unwrap());
        }
        mine[0].heard(true, start + Duration::from_secs(500));
        let _call = mine[1].ride();
        enter(&flows, "203.0.113.1:999", false, start + Duration::from_secs(600)).unwrap();
        let gone: Vec<_> = mine.iter().filter(|flow| flow.closed.is_cancelled()).map(|flow| flow.peer.port()).collect();
        assert_eq!(gone, [3], "the first spoke, the second carries a call");
        assert_eq!(flows.len(), usize::from(cap) + 1);
        assert!(!other.closed.is_cancelled());
    }

    #[test]
    fn a_full_house_takes_a_new_connection_in_place_of_a_silent_stranger() {
        let start = Clock::system().instant();
        let flows = Flows::default();
        let trunk = enter(&flows, "192.0.2.1:1", true, start).unwrap();
        let mut n = 1_u32;
        while flows.len() < limits::MAX_SIP_CONNECTIONS {
            let peer = format!("10.0.{}.{}:5060", n / 250, n % 250 + 1);
            enter(&flows, &peer, false, start + Duration::from_secs(1)).unwrap();
            n += 1;
        }
        let fresh = enter(&flows, "192.0.2.2:1", true, start + Duration::from_secs(2)).unwrap();
        assert_eq!(flows.len(), limits::MAX_SIP_CONNECTIONS);
        assert!(!trunk.closed.is_cancelled() && !fresh.closed.is_cancelled());
        flows.close(&fresh);
        flows.close(&fresh);
        assert_eq!(flows.len(), limits::MAX_SIP_CONNECTIONS - 1);
    }

    #[test]
    fn where_every_connection_carries_a_call_none_gives_way() {
        let now = Clock::system().instant();
        let flows = Flows::default();
        let mut riders = Vec::new();
        for port in 1..=u16::try_from(limits::SIP_CONNECTIONS_PER_STRANGER).unwrap() {
            riders.push(enter(&flows, &format!("203.0.113.1:{port}"), false, now).unwrap().ride());
        }
        assert!(enter(&flows, "203.0.113.1:999", false, now).is_none());
        riders.pop();
        assert!(enter(&flows, "203.0.113.1:999", false, now).is_some());
    }
}
