//! Where calls by telephone come in, from whom, and how many.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::limits;
use crate::call::Codec;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sip {
    pub listen: Vec<SipListen>,
    /// Address written into Contact and SDP when callers reach us through NAT.
    pub public_address: Option<IpAddr>,
    pub rtp_ports: PortRange,
    /// Accept calls from any address. Without it, sources beyond loopback need a `[[trunk]]`.
    pub open: bool,
    pub max_calls: usize,
    /// PEM files of the `tls:` listeners; read again on SIGHUP.
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// Codecs we take, the one we like best first; the first of them that the caller offers is spoken.
    pub codecs: Vec<Codec>,
    /// Learn where a caller behind NAT sends sound from, when its SDP address stays silent.
    pub nat_learning: bool,
}

impl Default for Sip {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 5060));
        Self {
            listen: vec![SipListen::Udp(loopback), SipListen::Tcp(loopback)],
            public_address: None,
            rtp_ports: PortRange { first: 20_000, last: 29_999 },
            open: false,
            max_calls: limits::MAX_CALLS,
            tls_certificate: None,
            tls_key: None,
            codecs: vec![Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma],
            nat_learning: true,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    pub name: String,
    pub allow: Vec<IpNet>,
    /// Believe P-Asserted-Identity from these networks.
    #[serde(default)]
    pub trust_identity: bool,
    /// Calls at once from this trunk; without it only `sip.max_calls` counts.
    #[serde(default)]
    pub max_calls: Option<usize>,
    /// New calls a second from this trunk, with bursts of twice as many.
    #[serde(default)]
    pub calls_per_second: Option<u32>,
}

/// `udp:ADDRESS:PORT`, `tcp:…` or `tls:…`; an IPv6 address stands in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SipListen {
    Udp(SocketAddr),
    Tcp(SocketAddr),
    Tls(SocketAddr),
}

impl SipListen {
    pub fn address(self) -> SocketAddr {
        match self {
            Self::Udp(address) | Self::Tcp(address) | Self::Tls(address) => address,
        }
    }

    /// `udp`, `tcp` or `tls`, as `;transport=` names it.
    pub fn transport(self) -> &'static str {
        match self {
            Self::Udp(_) => "udp",
            Self::Tcp(_) => "tcp",
            Self::Tls(_) => "tls",
        }
    }
}

impl fmt::Display for SipListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport(), self.address())
    }
}

impl FromStr for SipListen {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a SIP listener; write \"udp:127.0.0.1:5060\", \"tcp:[::1]:5060\" or \"tls:127.0.0.1:5061\""
            )
        };
        let (transport, address) = text.split_once(':').ok_or_else(wrong)?;
        let address: SocketAddr = address.parse().map_err(|_| wrong())?;
        match transport {
            "udp" => Ok(Self::Udp(address)),
            "tcp" => Ok(Self::Tcp(address)),
            "tls" => Ok(Self::Tls(address)),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for SipListen {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<SipListen> for String {
    fn from(listen: SipListen) -> Self {
        listen.to_string()
    }
}

/// `"FIRST-LAST"`, both included. A call takes an even port and the odd one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange {
    pub first: u16,
    pub last: u16,
}

impl PortRange {
    /// How many RTP/RTCP pairs fit.
    pub fn pairs(self) -> usize {
        let first_even = u32::from(self.first).next_multiple_of(2);
        let span = (u32::from(self.last) + 1).saturating_sub(first_even);
        usize::try_from(span / 2).unwrap_or(0)
    }
}

impl TryFrom<String> for PortRange {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.split_once('-').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
        match parsed {
            Some((first, last)) if first < last && first >= 1024 => Ok(Self { first, last }),
            _ => Err(format!(
                "{text:?} is not a port range; write for example \"20000-29999\" (1024 or above, first below last)"
            )),
        }
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> Self {
        format!("{}-{}", range.first, range.last)
    }
}
