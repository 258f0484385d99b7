//! Via (RFC 3261 section 20.42) with the parameters of RFC 3581.

use std::net::{IpAddr, SocketAddr};

use super::uri::HostPort;
use super::{Malformed, Param, is_token, params, split_outside_quotes};

/// Where SIP over UDP is spoken unless a port is named (RFC 3261 section 18.1.1).
const DEFAULT_PORT: u16 = 5060;

/// One hop: `SIP/2.0/UDP host:port;branch=…`
#[derive(Clone, Copy, Debug)]
pub(in crate::ingress::sip) struct Via<'a> {
    pub transport: &'a str,
    sent_by: HostPort<'a>,
    params: &'a str,
}

impl<'a> Via<'a> {
    /// The first hop of `value`, and what follows its comma.
    pub fn parse(value: &'a str) -> Result<(Self, Option<&'a str>), Malformed> {
        let (hop, next) = split_outside_quotes(value, b',')?;
        let (head, params_text) = hop.split_at(hop.find(';').unwrap_or(hop.len()));
        let mut parts = head.splitn(3, '/').map(str::trim_ascii);
        let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (transport, sent_by) = parts.next().and_then(|rest| rest.split_once([' ', '\t'])).ok_or(Malformed)?;
        if !name.eq_ignore_ascii_case("SIP") || version != "2.0" || !is_token(transport) {
            return Err(Malformed);
        }
        let mut branches = 0;
        for param in params(params_text) {
            let param = param?;
            branches += usize::from(param.is("branch"));
            if param.is("branch") && param.value.is_none() {
                return Err(Malformed);
            }
        }
        if branches > 1 {
            return Err(Malformed);
        }
        Ok((Self { transport, sent_by: HostPort::parse(sent_by)?, params: params_text }, next))
    }

    fn asks_for_port(&self) -> bool {
        params(self.params).flatten().any(|param| param.is("rport"))
    }

    /// Of a response: our own hop, with what the peer learned of us.
    pub fn write(&self, out: &mut String) {
        self.write_hop(out);
        for param in params(self.params).flatten().filter(Param::is_read_by_stack) {
            param.write(out);
        }
    }

    fn write_hop(&self, out: &mut String) {
        out.push_str("SIP/2.0/");
        out.push_str(self.transport);
        out.push(' ');
        self.sent_by.write(out);
    }

    /// For the stack: without the `received` and the port that the peer wrote, for it would send answers there.
    pub fn write_unsourced(&self, out: &mut String) {
        self.write_hop(out);
        for param in params(self.params).flatten().filter(|param| !param.is("received")) {
            if param.is("rport") {
                out.push_str(";rport");
            } else if param.is_read_by_stack() {
                param.write(out);
            }
        }
    }

    /// For an answer: where the request really came from (RFC 3261 section 18.2.1, RFC 3581 section 4). Without
    /// brackets around IPv6 (RFC 5118 section 4.5).
    pub fn write_sourced(&self, source: SocketAddr, out: &mut String) {
        self.write_hop(out);
        for param in params(self.params).flatten().filter(|param| !param.is("received") && !param.is("rport")) {
            param.write(out);
        }
        let ip = source.ip().to_canonical();
        let asks = self.asks_for_port();
        if asks || self.sent_by_ip() != Some(ip) {
            out.push_str(&format!(";received={ip}"));
        }
        if asks {
            out.push_str(&format!(";rport={}", source.port()));
        }
    }

    /// Where the answer to a datagram from `source` goes (RFC 3261 section 18.2.2, RFC 3581 section 4): to the port it came
    /// from where the sender asks for that or stands behind NAT, else to the port that its Via names.
    pub fn answered_at(&self, source: SocketAddr) -> SocketAddr {
        if self.asks_for_port() || self.sent_by_ip() != Some(source.ip().to_canonical()) {
            return source;
        }
        SocketAddr::new(source.ip(), self.sent_by.port.unwrap_or(DEFAULT_PORT))
    }

    fn sent_by_ip(&self) -> Option<IpAddr> {
        self.sent_by.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sourced(via: &str, source: &str) -> String {
        let mut out = String::new();
        Via::parse(via).unwrap().0.write_sourced(source.parse().unwrap(), &mut out);
        out
    }

    #[test]
    fn an_answer_goes_to_the_port_of_the_via_unless_it_asks_otherwise_or_nat_is_between() {
        let at = |via: &str| Via::parse(via).unwrap().0.answered_at("192.0.2.7:40000".parse().unwrap()).to_string();
        assert_eq!(at("SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKa"), "192.0.2.7:5070");
        assert_eq!(at("SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa"), "192.0.2.7:5060");
        assert_eq!(at("SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKa;rport"), "192.0.2.7:40000");
        assert_eq!(at("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa"), "192.0.2.7:40000");
        assert_eq!(at("SIP/2.0/UDP phone.example:5070;branch=z9hG4bKa"), "192.0.2.7:40000");
    }

    #[test]
    fn the_answer_says_where_the_request_came_from() {
        let table = [
            (
                "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa;rport",
                "192.0.2.7:5070",
                "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa;received=192.0.2.7;rport=5070",
            ),
            (
                "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKa",
                "192.0.2.7:5070",
                "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKa",
            ),
            (
                "SIP/2.0/UDP 192.0.2.7;rport;branch=z9hG4bKa",
                "192.0.2.7:5070",
                "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa;received=192.0.2.7;rport=5070",
            ),
            (
                "SIP / 2.0 / UDP h.example : 5 ; branch = a ;received=6.6.6.6;rport=6",
                "[2001:db8::9]:1",
                "SIP/2.0/UDP h.example:5;branch=a;received=2001:db8::9;rport=1",
            ),
            (
                "SIP/2.0/UDP [2001:db8::9]:6050;received=[::6];branch=a",
                "[2001:db8::9]:1",
                "SIP/2.0/UDP [2001:db8::9]:6050;branch=a",
            ),
            ("SIP/2.0/UDP 192.0.2.7;branch=a", "[::ffff:192.0.2.7]:5060", "SIP/2.0/UDP 192.0.2.7;branch=a"),
        ];
        for (via, source, expected) in table {
            assert_eq!(sourced(via, source), expected);
        }
    }

    #[test]
    fn a_peer_cannot_name_where_its_answer_goes() {
        let mut out = String::new();
        let (via, next) =
            Via::parse("SIP/2.0/UDP 10.0.0.1;rport=99;received=6.6.6.6;branch=a;transport=x, SIP/2.0/X b").unwrap();
        via.write_unsourced(&mut out);
        assert_eq!(out, "SIP/2.0/UDP 10.0.0.1;rport;branch=a");
        assert_eq!(next, Some(" SIP/2.0/X b"));
    }

    #[test]
    fn a_hop_without_a_host_is_none() {
        for bad in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/7.0/UDP h",
            "SIP/2.0 UDP h",
            "SIP/2.0/UDP h;;",
            "SIP/2.0/UDP h;",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP h;branch=1;branch=2",
            "SIP/2.0/UDP h;branch",
            "SIP/2.0/UDP 2001:db8::1",
            "SIP/2.0/UDP [2001:db8:::1]",
            "SIP/2.0/UDP h:99999",
            "SIP/2.0/UDP h;x=\"a",
            ",SIP/2.0/UDP h",
        ] {
            assert!(Via::parse(bad).is_err(), "{bad}");
        }
    }
}
