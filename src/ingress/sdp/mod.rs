//! SDP offer and answer (RFC 8866, RFC 3264) for one stream of audio with telephone-event and comfort noise.
//!
//! Pure: a body in, a [`MediaPlan`](crate::call::MediaPlan) or the status owed to the peer out. An answer to our own
//! offer is read with the same functions, because RFC 3264 describes both sides with the same words.

pub(in crate::ingress) mod format;
pub(in crate::ingress) mod read;
mod write;

pub use read::Offer;
pub use write::offer;

/// Packet time we send and ask for where the peer has no wish, milliseconds.
pub const PTIME_MS: u32 = 20;
/// Packet times we send, milliseconds: whole frames of every codec.
const PTIMES_MS: [u32; 5] = [10, 20, 30, 40, 60];
/// Payload type of telephone-event where we make the offer; the number most peers use.
pub const OFFERED_DTMF: u8 = 101;
/// Payload type of a codec without a static one, where we make the offer.
pub const OFFERED_DYNAMIC: u8 = 96;

/// Why an SDP body gives no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("SDP cannot be read: {0}")]
    Malformed(String),
    #[error("more media lines than one call has streams")]
    TooManyLines,
    #[error("no audio line with a port in the SDP")]
    NoAudio,
    #[error("no codec in common; offer {0}")]
    NoCommonCodec(String),
    #[error("the audio is encrypted (RTP/SAVP); offer it as RTP/AVP")]
    Encrypted,
    #[error("audio transport is neither RTP/AVP nor RTP/AVPF")]
    Profile,
    #[error("the audio address is not a unicast IP address")]
    Address,
}

impl SdpError {
    /// SIP status owed to the peer (RFC 3261 sections 21.4.1 and 21.4.26).
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            _ => 488,
        }
    }

    /// Code of the `Warning` that explains a 488 (RFC 3261 section 20.43).
    pub fn warning(&self) -> u16 {
        match self {
            Self::Address => 301,
            Self::Encrypted | Self::Profile => 302,
            Self::NoAudio => 304,
            Self::NoCommonCodec(_) => 305,
            Self::Malformed(_) | Self::TooManyLines => 399,
        }
    }

    /// How near the line came to being taken: the refusal of the nearest is what the peer is told.
    fn nearness(&self) -> u8 {
        match self {
            Self::Malformed(_) | Self::TooManyLines | Self::NoAudio => 0,
            Self::Profile => 1,
            Self::Encrypted => 2,
            Self::Address => 3,
            Self::NoCommonCodec(_) => 4,
        }
    }
}

/// Identity of our session description: the id stays for the dialog, the version grows by one with each change
/// (RFC 3264 section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionIds {
    pub id: u64,
    pub version: u64,
}

#[cfg(test)]
mod tests;
