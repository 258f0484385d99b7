//! How good a call's line was, as the desk API tells it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::call::LineQuality;

/// The line of one call. Loss, jitter and round trip as in RFC 3550.
#[derive(Serialize, ToSchema)]
pub(super) struct LineQualityView {
    /// Encoding name of the newest sound: `PCMU`, `PCMA`, `G722` or `opus`.
    pub codec: Option<&'static str>,
    pub packets_received: u64,
    pub packets_lost: u64,
    pub packets_late: u64,
    pub duplicates: u64,
    pub reordered: u64,
    pub jitter_mean_ms: f64,
    pub jitter_max_ms: f64,
    pub round_trip_ms: Option<f64>,
    /// Of our packets, as the caller's side reports it.
    pub remote_lost: Option<u64>,
    pub remote_jitter_ms: Option<f64>,
    /// Sound that was lost and is a guess in the recording.
    pub concealed_ms: u64,
    /// Sound that this gateway was too slow for.
    pub overflow_ms: u64,
    /// Sound inserted or dropped to follow the sender's clock.
    pub drift_ms: u64,
    /// Packets of strangers, never decoded.
    pub wrong_source: u64,
    pub malformed: u64,
    pub unknown_payload: u64,
    pub bad_payload: u64,
    /// New streams and jumps of sequence numbers or timestamps.
    pub restarts: u64,
    pub packets_sent: u64,
    pub send_failures: u64,
    /// Why nothing was heard: `no_rtp` or `silent`.
    pub no_audio: Option<&'static str>,
}

impl From<LineQuality> for LineQualityView {
    fn from(line: LineQuality) -> Self {
        Self {
            codec: line.codec.map(|codec| codec.name()),
            packets_received: line.packets_received,
            packets_lost: line.packets_lost,
            packets_late: line.packets_late,
            duplicates: line.duplicates,
            reordered: line.reordered,
            jitter_mean_ms: line.jitter_mean_ms,
            jitter_max_ms: line.jitter_max_ms,
            round_trip_ms: line.round_trip_ms,
            remote_lost: line.remote_lost,
            remote_jitter_ms: line.remote_jitter_ms,
            concealed_ms: line.concealed_ms,
            overflow_ms: line.overflow_ms,
            drift_ms: line.drift_ms,
            wrong_source: line.wrong_source,
            malformed: line.malformed,
            unknown_payload: line.unknown_payload,
            bad_payload: line.bad_payload,
            restarts: line.restarts,
            packets_sent: line.packets_sent,
            send_failures: line.send_failures,
            no_audio: line.no_audio.map(|reason| reason.as_str()),
        }
    }
}
