//! RTP in, clock-true PCM out, prompts out; recordings and WAV files.
//!
//! Sound takes this way: [`ports`] → [`session`] (the one task of a call) → [`inbound`] ([`packet`], [`latch`],
//! [`dtmf`]) → [`timeline`] ([`jitter`], [`conceal`], [`drift`], [`assemble`]) → [`handoff`] → the pipeline.
//! Prompts go the other way through [`sender`]. Everything but `session`, `ports` and the files is pure and
//! stepped with the time since the session's start.

pub mod assemble;
pub mod codec;
pub mod conceal;
pub mod drift;
pub mod dtmf;
#[doc(hidden)]
pub mod fuzz;
pub mod handoff;
pub mod inbound;
pub mod jitter;
pub mod latch;
pub mod packet;
pub mod ports;
pub mod prompt;
pub mod recorder;
mod recorder_thread;
pub mod repair;
pub mod resample;
pub mod sender;
pub mod session;
pub mod timeline;
pub mod wav;

use crate::call::{AudioFrame, MediaTime};

pub use ports::{PortError, PortPool, RtpPorts};
pub use prompt::Prompt;
pub use recorder::{Flusher, Recorder, RecorderError, Recording};
pub use repair::{read_span, repair};
pub use session::{MediaSession, MediaTimeouts};
pub use wav::{MonoAudio, WavError, read_at, read_mono};

/// What the media stage tells the pipeline about one call.
#[derive(Clone, Debug)]
pub enum MediaEvent {
    /// The next piece of the caller's audio. Frames are contiguous: `at` plus length is the next frame's `at`.
    Frame(AudioFrame),
    /// One key press, told when the key is released.
    Dtmf { digit: char, at: MediaTime },
    /// Everything queued was said to its end; never told because of `stop_playing`. `run` is the number that the
    /// newest `play` among them returned: another number than the reader's newest is about words of before.
    PromptsDone { run: u64, at: MediaTime },
    /// No RTP since the answer. Told once; the session goes on until it is closed.
    NoMedia,
    /// RTP and RTCP stopped in mid-call. Told once for each stop.
    MediaLost,
}

/// Counters of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaStats {
    /// RTP packets of the caller that were taken.
    pub packets_received: u64,
    /// Sequence numbers that were given up.
    pub packets_lost: u64,
    /// Packets that came after their place had been filled.
    pub packets_late: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that came after a packet with a higher sequence number, in time to be used.
    pub reordered: u64,
    /// Packets from an address that is not the caller's; never decoded.
    pub wrong_source: u64,
    /// Datagrams that are neither RTP nor RTCP, or carry more audio than a packet may.
    pub malformed: u64,
    /// RTP packets of a payload type that was not agreed.
    pub unknown_payload: u64,
    /// Packets that came while the call was held.
    pub while_held: u64,
    pub rtcp_received: u64,
    /// SSRC changes and sequence or timestamp jumps.
    pub restarts: u64,
    /// Samples dropped or inserted to follow the sender's clock.
    pub drift_samples: u64,
    /// Samples whose sound was replaced by silence because the pipeline did not take frames.
    pub overflow_samples: u64,
    /// Events (keys, prompt ends) dropped because the pipeline did not take them.
    pub overflow_events: u64,
    pub packets_sent: u64,
    /// Packets the operating system refused to send.
    pub send_failures: u64,
    /// Length of the timeline.
    pub samples: u64,
}
