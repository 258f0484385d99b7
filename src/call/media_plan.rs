//! The result of an SDP negotiation, as the media stage needs it.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// Audio codecs we speak, by their names in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    Pcmu,
    Pcma,
    G722,
    Opus,
}

impl Codec {
    pub const ALL: [Self; 4] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus];

    /// Sample rate of the decoded audio, hertz. Opus is decoded straight to what the recogniser wants.
    pub fn rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 | Self::Opus => 16_000,
        }
    }

    /// RTP timestamp units per second. G.722's is 8,000 by an old mistake that stayed (RFC 3551 section 4.5.2);
    /// Opus always counts at 48,000 (RFC 7587 section 4.1).
    pub fn clock(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// Encoding name of `a=rtpmap`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// Payload type of RFC 3551 table 4; `None`: the offer chooses one.
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }
}

/// Media direction from *our* side (RFC 3264 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    pub fn we_send(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    pub fn we_receive(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// Agreed audio of one call. Replaced whole by a re-INVITE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPlan {
    pub codec: Codec,
    /// Payload type of `codec` on the wire.
    pub payload_type: u8,
    /// Payload type of comfort noise (RFC 3389), when the peer offered it.
    pub noise_payload_type: Option<u8>,
    /// Payload type of telephone-event (RFC 4733), when the peer offered it at the codec's clock.
    pub dtmf_payload_type: Option<u8>,
    /// Where the peer wants RTP, from its SDP.
    pub remote: SocketAddr,
    /// Where the peer wants RTCP (RFC 3605, else port + 1); equal to `remote` when multiplexed.
    pub remote_rtcp: SocketAddr,
    /// RTCP shares the RTP port (RFC 5761).
    pub rtcp_mux: bool,
    /// Where the peer's signalling comes from: behind NAT its sound comes from the same host.
    pub signalled_from: Option<IpAddr>,
    pub direction: Direction,
    /// Packet time in milliseconds the peer prefers.
    pub ptime_ms: u32,
}
