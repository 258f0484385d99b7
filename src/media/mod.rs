//! RTP in, clock-true PCM out, prompts out; recordings and WAV files.
//!
//! Sound takes this way: [`path`] ([`ports`], or a door's link) → [`session`] (the one task of a call) → [`inbound`] ([`packet`], [`latch`],
//! [`dtmf`]) → [`timeline`] ([`jitter`], [`drift`], [`canvas`], [`conceal`], [`assemble`]) → [`handoff`] → the pipeline.
//! Prompts go the other way through [`sender`]. Beside it runs RTCP: [`reception`] counts, [`reporter`] tells and
//! listens, [`rtcp`] is the format. Everything but `session`, `ports` and the files is pure and
//! stepped with the time since the session's start.

pub mod assemble;
pub mod canvas;
pub mod conceal;
pub mod drift;
pub mod dtmf;
#[doc(hidden)]
pub mod fuzz;
pub mod handoff;
pub mod inbound;
pub mod jitter;
pub mod latch;
pub mod no_audio;
pub mod notice;
pub mod packet;
pub mod path;
pub mod ports;
pub mod prompt;
pub mod reception;
pub mod recorder;
mod recorder_thread;
pub mod repair;
pub mod reporter;
pub mod resample;
pub mod rtcp;
pub mod sender;
pub mod session;
pub mod timeline;
pub mod wav;

use crate::call::{AudioFrame, Codec, LineQuality, MediaSpan, MediaTime, NoAudio};

pub use path::Path;
pub use ports::{PortError, PortPool, RtpPorts};
pub use prompt::Prompt;
pub use recorder::{Flusher, Recorder, RecorderError, Recording};
pub use repair::{read_span, repair};
pub use session::{MediaRules, MediaSession};
pub use wav::{MonoAudio, WavError, read_at, read_mono};

/// What the media stage tells the pipeline about one call.
#[derive(Clone, Debug)]
pub enum MediaEvent {
    /// The next piece of the caller's audio. Frames are contiguous: `at` plus length is the next frame's `at`.
    Frame(AudioFrame),
    /// A span whose frames were told as concealed, and that proved to be a pause in which nothing was sent.
    NotLost(MediaSpan),
    /// One key press, told when the key is released.
    Dtmf { digit: char, at: MediaTime },
    /// Everything queued was said to its end; never told because of `stop_playing`. `run` is the number that the
    /// newest `play` among them returned: another number than the reader's newest is about words of before.
    PromptsDone { run: u64, at: MediaTime },
    /// The call is up and its caller cannot be heard. Told once a call; nothing else changes.
    NoAudio(NoAudio),
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
    /// Datagrams that are neither RTP nor RTCP.
    pub malformed: u64,
    /// RTP packets of a payload type that was not agreed.
    pub unknown_payload: u64,
    /// Payloads that are none of their codec, or longer than a packet may be.
    pub bad_payload: u64,
    /// Packets that came while the call was held.
    pub while_held: u64,
    pub rtcp_received: u64,
    /// SSRC changes and sequence or timestamp jumps.
    pub restarts: u64,
    /// Samples dropped or inserted to follow the sender's clock.
    pub drift_samples: u64,
    /// Samples that stand for sound that was lost.
    pub concealed_samples: u64,
    /// Interarrival jitter (RFC 3550 appendix A.8), microseconds.
    pub jitter_mean_us: u64,
    pub jitter_max_us: u64,
    pub round_trip_us: Option<u64>,
    /// What the peer reports about our stream.
    pub remote_lost: Option<u64>,
    pub remote_jitter_us: Option<u64>,
    pub no_audio: Option<NoAudio>,
    /// Codec of the newest sound.
    pub codec: Option<Codec>,
    /// Samples whose sound was replaced by silence because the pipeline did not take frames.
    pub overflow_samples: u64,
    /// Events (keys, prompt ends) dropped because the pipeline did not take them.
    pub overflow_events: u64,
    pub packets_sent: u64,
    /// Packets the operating system refused to send.
    pub send_failures: u64,
    /// Length of the timeline.
    pub samples: u64,
    /// Of every count of samples, hertz.
    pub rate: u32,
}

impl MediaStats {
    /// As it is stored with the call.
    pub fn quality(&self) -> LineQuality {
        let in_ms = |samples| MediaTime::from_samples(samples, self.rate).as_millis();
        // A tenth of a millisecond is all that means anything, and exact in a u32.
        let millis = |micros: u64| f64::from(u32::try_from(micros / 100).unwrap_or(u32::MAX)) / 10.0;
        LineQuality {
            codec: self.codec,
            packets_received: self.packets_received,
            packets_lost: self.packets_lost,
            packets_late: self.packets_late,
            duplicates: self.duplicates,
            reordered: self.reordered,
            jitter_mean_ms: millis(self.jitter_mean_us),
            jitter_max_ms: millis(self.jitter_max_us),
            round_trip_ms: self.round_trip_us.map(millis),
            remote_lost: self.remote_lost,
            remote_jitter_ms: self.remote_jitter_us.map(millis),
            concealed_ms: in_ms(self.concealed_samples),
            overflow_ms: in_ms(self.overflow_samples),
            drift_ms: in_ms(self.drift_samples),
            wrong_source: self.wrong_source,
            malformed: self.malformed,
            unknown_payload: self.unknown_payload,
            bad_payload: self.bad_payload,
            restarts: self.restarts,
            packets_sent: self.packets_sent,
            send_failures: self.send_failures,
            no_audio: self.no_audio,
        }
    }
}
