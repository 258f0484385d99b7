//! Decoded caller audio.

use super::MediaTime;

/// What a frame's samples are made of; everything but `Heard` is synthetic and enters the coverage ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Decoded from a packet that arrived.
    Heard,
    /// A packet was lost or came too late; the samples are concealment.
    Concealed,
    /// The caller's phone sent comfort noise or nothing on purpose (DTX, hold): silence, not loss.
    Silence,
}

/// A run of PCM (usually 20 ms), mono, signed 16 bit, at the rate of its call's recording.
#[derive(Clone, Debug)]
pub struct AudioFrame {
    /// Position of the first sample.
    pub at: MediaTime,
    /// Samples per second: 8,000 for a call that began with G.711, 16,000 for G.722 and Opus. Never changes in a call.
    pub rate: u32,
    pub kind: FrameKind,
    pub pcm: Vec<i16>,
}
