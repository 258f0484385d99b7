//! How good the line of one call was, as far as RTP and RTCP tell.

use serde::{Deserialize, Serialize};

use super::Codec;

/// Why a call that is up carries no sound of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAudio {
    /// Not one RTP packet came: a firewall, or a wrong address in the SDP.
    NoRtp,
    /// Packets came, all of them silent: a muted or broken microphone.
    Silent,
}

impl NoAudio {
    /// Label of the metric, and the word in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRtp => "no_rtp",
            Self::Silent => "silent",
        }
    }
}

/// The line of one call, from its first packet to its last. Fields that are missing in an older record are zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineQuality {
    /// The codec of the newest sound.
    pub codec: Option<Codec>,
    pub packets_received: u64,
    /// Sequence numbers that never came, or too late to be waited for.
    pub packets_lost: u64,
    pub packets_late: u64,
    pub duplicates: u64,
    pub reordered: u64,
    /// Interarrival jitter (RFC 3550 section 6.4.1), milliseconds: mean over the packets, and the worst.
    pub jitter_mean_ms: f64,
    pub jitter_max_ms: f64,
    /// The newest one that the peer's reports allow to tell (RFC 3550 section 6.4.1).
    pub round_trip_ms: Option<f64>,
    /// What the peer says it lost of our packets.
    pub remote_lost: Option<u64>,
    pub remote_jitter_ms: Option<f64>,
    /// Sound that was lost and is a guess in the recording.
    pub concealed_ms: u64,
    /// Sound given up because the gateway itself was too slow.
    pub overflow_ms: u64,
    /// Sound inserted or dropped to follow the sender's clock.
    pub drift_ms: u64,
    /// Packets of strangers; never decoded.
    pub wrong_source: u64,
    pub malformed: u64,
    pub unknown_payload: u64,
    /// Payloads that their codec could not decode.
    pub bad_payload: u64,
    /// New streams and jumps of sequence numbers or timestamps.
    pub restarts: u64,
    pub packets_sent: u64,
    pub send_failures: u64,
    pub no_audio: Option<NoAudio>,
}
