//! What became of every second of the caller's sound.

use serde::{Deserialize, Serialize};

use super::MediaSpan;

/// What became of a stretch of caller audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CoverageKind {
    Text,
    Silence,
    Unrecognised,
    Lost(LostCause),
    NotRecordedByPolicy,
}

/// Why sound is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostCause {
    /// Packets that never came.
    #[default]
    Line,
    /// It was heard and could not be written: the disk was full or failed.
    Recorder,
    /// The gateway ended in mid-call; what was on its way to the disk is gone.
    Interrupted,
}

impl LostCause {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Recorder => "recorder",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A stretch of the caller's sound that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostSpan {
    #[serde(flatten)]
    pub span: MediaSpan,
    /// Calls of earlier versions only knew of the line.
    #[serde(default)]
    pub cause: LostCause,
}

/// Sums of the coverage ledger, in milliseconds; together they are the recording's length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Coverage {
    pub text_ms: u64,
    pub silence_ms: u64,
    pub unrecognised_ms: u64,
    /// By any cause; the three sums below are its parts. Calls of earlier versions have only the whole.
    pub lost_ms: u64,
    #[serde(default)]
    pub lost_line_ms: u64,
    #[serde(default)]
    pub lost_recorder_ms: u64,
    #[serde(default)]
    pub lost_interrupted_ms: u64,
    pub not_recorded_ms: u64,
}

impl Coverage {
    pub fn total_ms(&self) -> u64 {
        self.text_ms + self.silence_ms + self.unrecognised_ms + self.lost_ms + self.not_recorded_ms
    }

    pub fn add(&mut self, kind: CoverageKind, millis: u64) {
        match kind {
            CoverageKind::Text => self.text_ms += millis,
            CoverageKind::Silence => self.silence_ms += millis,
            CoverageKind::Unrecognised => self.unrecognised_ms += millis,
            CoverageKind::Lost(cause) => {
                self.lost_ms += millis;
                *match cause {
                    LostCause::Line => &mut self.lost_line_ms,
                    LostCause::Recorder => &mut self.lost_recorder_ms,
                    LostCause::Interrupted => &mut self.lost_interrupted_ms,
                } += millis;
            }
            CoverageKind::NotRecordedByPolicy => self.not_recorded_ms += millis,
        }
    }
}
