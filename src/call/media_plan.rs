//! The result of an SDP negotiation, as the media stage needs it.

use std::net::SocketAddr;

/// Audio codecs we decode. The number is the static RTP payload type (RFC 3551 table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    Pcmu,
    Pcma,
}

impl Codec {
    /// Sample rate of the decoded audio, hertz.
    pub fn rate(self) -> u32 {
        8_000
    }

    /// RTP timestamp units per second (RFC 3551).
    pub fn clock(self) -> u32 {
        8_000
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    pub fn static_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
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
    /// Payload type of `codec` on the wire (equals the static one for G.711).
    pub payload_type: u8,
    /// Payload type of telephone-event (RFC 4733), when the peer offered it.
    pub dtmf_payload_type: Option<u8>,
    /// Where the peer wants RTP, from its SDP.
    pub remote: SocketAddr,
    /// Where the peer wants RTCP (RFC 3605, else port + 1).
    pub remote_rtcp: SocketAddr,
    pub direction: Direction,
    /// Packet time in milliseconds the peer prefers.
    pub ptime_ms: u32,
}
