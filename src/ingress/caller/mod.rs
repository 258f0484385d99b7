//! What both callers made of software share, whichever door they call at: their speech, their ears, and the talk.
//!
//! `sip::caller` dials by SIP, `webrtc::caller` by WHIP.

mod conversation;
mod heard;
mod sound;
mod speaker;

pub(in crate::ingress) use conversation::{Line, Voice, hold};
pub(in crate::ingress) use heard::Heard;
pub use sound::Sound;

use crate::call::Codec;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// We hang up this long after the last sound or key.
    AfterAudio { linger_ms: u64 },
    /// We stay silent on the line until the other side hangs up, at most [`conversation::PATIENCE`].
    WhenPeerDoes,
}

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Ringing,
    Answered,
    /// Everything was said and every key pressed.
    AudioDone,
}

/// How a call that was answered went.
#[derive(Clone, Debug)]
pub struct CallReport {
    /// Status of the answer: 200 of an INVITE, 201 of an offer by WHIP.
    pub status: u16,
    /// From INVITE or offer to its final response.
    pub setup_ms: u64,
    /// From the moment sound could flow to the end.
    pub talk_ms: u64,
    pub packets_sent: u64,
    pub packets_received: u64,
    /// What the other side said: mono at the codec's rate, placed by RTP timestamp. Empty unless the plan asked for it.
    pub heard: Vec<i16>,
    pub ended_by_peer: bool,
}

/// What both sides agreed to send: payload types of RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingress) struct Formats {
    pub codec: Codec,
    pub payload_type: u8,
    /// Of telephone-event (RFC 4733) at the codec's clock.
    pub keys: Option<u8>,
}

/// Event codes of RFC 4733 section 3.2; the first character that is no key of a telephone.
pub(in crate::ingress) fn keys(text: &str) -> Result<Vec<u8>, char> {
    let code = |key: char| {
        let place = "0123456789*#ABCD".find(key.to_ascii_uppercase());
        place.and_then(|at| u8::try_from(at).ok()).ok_or(key)
    };
    text.chars().map(code).collect()
}
