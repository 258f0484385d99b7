//! UDP ports for browsers' sound: one a call, on each of our addresses, from a range a firewall can know.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::PortRange;

/// Ports looked at for one call; each costs two system calls.
const TRIES: usize = 64;

/// Clones share the range.
#[derive(Clone, Debug)]
pub(super) struct UdpPorts {
    addresses: Arc<[IpAddr]>,
    range: PortRange,
    next: Arc<AtomicUsize>,
}

impl UdpPorts {
    pub fn new(addresses: &[IpAddr], range: PortRange) -> Self {
        Self { addresses: addresses.into(), range, next: Arc::default() }
    }

    /// The next port that is free on every address. In turn, so that what is still on its way to the last call of a
    /// port does not reach the next one. The library binds it. `None`: the next [`TRIES`] are taken.
    pub fn pick(&self) -> Option<Vec<SocketAddr>> {
        let ports = usize::from(self.range.last - self.range.first) + 1;
        (0..ports.min(TRIES)).find_map(|_| {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % ports;
            let port = self.range.first.checked_add(u16::try_from(turn).ok()?)?;
            let all: Vec<_> = self.addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
            all.iter().map(UdpSocket::bind).all(|bound| bound.is_ok()).then_some(all)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_passed_over_and_none_is_given_twice_in_a_row() {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let taken = UdpSocket::bind((loopback, 0)).unwrap();
        let first = taken.local_addr().unwrap().port().min(65_530);
        let ports = UdpPorts::new(&[loopback], PortRange { first, last: first + 4 });
        let picked: Vec<_> = (0..3).filter_map(|_| ports.pick()).map(|all| all[0].port()).collect();
        assert!(picked.iter().all(|port| *port != taken.local_addr().unwrap().port()), "{picked:?}");
        assert!(picked.windows(2).all(|pair| pair[0] != pair[1]), "{picked:?}");
        let only = UdpPorts::new(&[loopback], PortRange { first, last: first });
        assert!(taken.local_addr().unwrap().port() != first || only.pick().is_none());
    }
}
