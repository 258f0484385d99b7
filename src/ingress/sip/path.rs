//! The addresses a call's signalling travels between, and what they make us say: Contact, Via, SDP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Param, Request, Scheme, Transport, Uri};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipConnection;

use crate::call::Origin;
use crate::config::SipListen;

use super::flows::{Flow, Flows};
use crate::ingress::text;

/// Where we say we can be reached: the public address for callers from beyond this host, else our own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reachable {
    pub public: Option<IpAddr>,
}

impl Reachable {
    /// `local`: the address a socket of ours is bound to; `peer`: who is told. The public address is told to peers of
    /// its own family only.
    pub fn address(self, local: SocketAddr, peer: IpAddr) -> SocketAddr {
        let ip = match self.public {
            _ if peer.is_loopback() && local.ip().is_unspecified() => loopback(local.ip()),
            Some(public) if !peer.is_loopback() && public.is_ipv4() == local.is_ipv4() => public,
            _ if local.ip().is_unspecified() => towards(peer).unwrap_or_else(|| loopback(local.ip())),
            _ => local.ip(),
        };
        SocketAddr::new(ip, local.port())
    }
}

pub(super) fn loopback(of_family: IpAddr) -> IpAddr {
    if of_family.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() }
}

/// The address this host would send from. Connecting a UDP socket asks the routing table and sends nothing.
fn towards(peer: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((peer, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

/// The addresses a request travelled between.
pub(super) struct Path {
    pub local: SocketAddr,
    pub peer: SocketAddr,
    pub transport: Transport,
    /// The connection it came over, if any.
    pub flow: Option<Arc<Flow>>,
}

impl Path {
    pub fn of(transaction: &Transaction, listeners: &[SipListen], flows: &Flows) -> Option<Self> {
        let connection = transaction.connection.as_ref()?;
        let remote = connection.get_remote_addr()?;
        let peer = remote.get_socketaddr().ok()?;
        if let SipConnection::Channel(_) = connection {
            let transport = remote.r#type?;
            let flow = flows.find(peer, transport)?;
            return Some(Self { local: flow.local, peer, transport, flow: Some(flow) });
        }
        let told = connection.get_addr().get_socketaddr().ok()?;
        let local = listeners.iter().find_map(|listen| match listen {
            SipListen::Udp(address) if names(*address, told) => Some(*address),
            _ => None,
        })?;
        Some(Self { local, peer, transport: Transport::Udp, flow: None })
    }

    pub fn origin(&self, request: &Request) -> Origin {
        Origin::Sip {
            sip_call_id: request.call_id_header().map(|id| text::bounded(id.value())).unwrap_or_default(),
            source: self.peer,
            transport: self.transport.to_string().to_ascii_lowercase(),
            user_agent: request.user_agent_header().map(|agent| text::bounded(agent.value())),
        }
    }

    /// Our Contact at `address`. Over TLS it is a SIPS URI where the request demands one (RFC 3261 section 12.1.1,
    /// RFC 5630 section 5.1.1), else `transport=tls` keeps the peer from calling back in the clear.
    pub fn contact(&self, address: SocketAddr, request: &Request) -> Uri {
        let host_with_port = address.into();
        let (scheme, transport) = match self.transport {
            Transport::Udp => (Scheme::Sip, None),
            Transport::Tls if demands_sips(request) => (Scheme::Sips, None),
            other => (Scheme::Sip, Some(other)),
        };
        // RFC 3261 section 19.1.1 writes the transport small; the stack's own printing would be TCP.
        let params = transport.map(|transport| {
            let value = transport.to_string().to_ascii_lowercase();
            Param::Other("transport".into(), Some(value.into()))
        });
        Uri { scheme: Some(scheme), host_with_port, params: params.into_iter().collect(), ..Uri::default() }
    }
}

/// Is `address` of our configuration the one the stack calls `told`? An unspecified one is called by its loopback
/// address (see [`label`]).
fn names(address: SocketAddr, told: SocketAddr) -> bool {
    label(address) == told
}

/// What the stack knows a UDP listener by. It would make an address of any family out of an unspecified one.
pub(super) fn label(bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() { SocketAddr::new(loopback(bound.ip()), bound.port()) } else { bound }
}

/// RFC 3261 section 12.1.1: a SIPS Request-URI, or top Record-Route, or Contact without one.
fn demands_sips(request: &Request) -> bool {
    let is_sips = |uri: &Uri| uri.scheme == Some(Scheme::Sips);
    if is_sips(&request.uri) {
        return true;
    }
    match request.typed_record_route_headers().unwrap_or_default().first() {
        Some(route) => is_sips(&route.uri),
        None => {
            request.typed_contact_headers().unwrap_or_default().first().is_some_and(|contact| is_sips(&contact.uri))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(public: Option<&str>, local: &str, peer: &str) -> String {
        let reachable = Reachable { public: public.map(|ip| ip.parse().unwrap()) };
        reachable.address(local.parse().unwrap(), peer.parse().unwrap()).to_string()
    }

    #[test]
    fn a_caller_is_told_an_address_it_can_reach() {
        assert_eq!(told(Some("203.0.113.9"), "10.0.0.1:5060", "198.51.100.1"), "203.0.113.9:5060");
        assert_eq!(told(Some("203.0.113.9"), "127.0.0.1:5060", "127.0.0.1"), "127.0.0.1:5060");
        assert_eq!(told(None, "0.0.0.0:5060", "127.0.0.1"), "127.0.0.1:5060");
        assert_eq!(told(None, "[::]:5060", "::1"), "[::1]:5060");
        assert_eq!(told(None, "10.0.0.1:5060", "10.0.0.2"), "10.0.0.1:5060");
    }

    #[test]
    fn a_public_address_is_told_to_its_own_family_only() {
        assert_eq!(told(Some("203.0.113.9"), "[2001:db8::1]:5060", "2001:db8::2"), "[2001:db8::1]:5060");
        assert_eq!(told(Some("2001:db8::9"), "[fd00::1]:5060", "2001:db8::2"), "[2001:db8::9]:5060");
        assert_eq!(told(Some("2001:db8::9"), "10.0.0.1:5060", "198.51.100.1"), "10.0.0.1:5060");
    }

    fn invite(uri: &str, more: &str) -> Request {
        let text = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\n{more}Content-Length: 0\r\n\r\n"
        );
        Request::try_from(text.as_str()).unwrap()
    }

    #[test]
    fn our_contact_says_how_we_are_reached() {
        let at = |transport: Transport, address: &str, request: &Request| {
            let path = Path {
                local: address.parse().unwrap(),
                peer: "192.0.2.1:5060".parse().unwrap(),
                transport,
                flow: None,
            };
            path.contact(path.local, request).to_string()
        };
        let plain = invite("sip:c@d", "Contact: <sip:a@h>\r\n");
        assert_eq!(at(Transport::Udp, "192.0.2.9:5060", &plain), "sip:192.0.2.9:5060");
        assert_eq!(at(Transport::Tcp, "[::1]:5060", &plain), "sip:[::1]:5060;transport=tcp");
        assert_eq!(at(Transport::Tls, "192.0.2.9:5061", &plain), "sip:192.0.2.9:5061;transport=tls");
        for secure in [
            invite("sips:c@d", "Contact: <sip:a@h>\r\n"),
            invite("sip:c@d", "Contact: <sips:a@h>\r\n"),
            invite("sip:c@d", "Record-Route: <sips:p;lr>\r\nContact: <sip:a@h>\r\n"),
        ] {
            assert_eq!(at(Transport::Tls, "192.0.2.9:5061", &secure), "sips:192.0.2.9:5061");
        }
    }
}
