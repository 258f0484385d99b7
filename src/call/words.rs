//! What was heard: words with their times, and the ledger of every second.

use serde::{Deserialize, Serialize};

use super::{MediaSpan, MediaTime};

/// Language of speech, as the recogniser and the draft name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    En,
    /// Mandarin (and, with models that do not know Cantonese, whatever they take for Chinese).
    Zh,
    Yue,
}

impl Language {
    /// Whisper's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
            Self::Yue => "yue",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            "yue" => Some(Self::Yue),
            _ => None,
        }
    }
}

/// One word (English) or one character (Chinese) with its place in the recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As printed, punctuation included, no surrounding space.
    pub text: String,
    #[serde(flatten)]
    pub span: MediaSpan,
    /// Token probability merged over the word, 0-1.
    pub confidence: f32,
}

/// What the recogniser thinks of a segment that may still grow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    pub text: String,
    pub language: Option<Language>,
    pub words: Vec<Word>,
    /// Mean token log-probability; `None` when nothing was decoded.
    pub average_log_probability: Option<f32>,
    pub no_speech_probability: Option<f32>,
}

/// How recognition of one segment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentOutcome {
    /// Words were recognised.
    Text,
    /// The recogniser heard no speech in it.
    NoSpeech,
    /// The recogniser failed or its result was refused; a person must listen.
    Unrecognised,
}

/// Final result for one speech segment. Stored as soon as it exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// Counts from 0 within the call, in order of `span.start`.
    pub seq: u32,
    /// The segment as it was cut (padding included), not the first and last word.
    pub span: MediaSpan,
    pub outcome: SegmentOutcome,
    /// Empty unless `outcome` is `Text`.
    pub text: String,
    pub language: Option<Language>,
    pub words: Vec<Word>,
    /// Mean of the word confidences, 0-1.
    pub confidence: f32,
    /// Name of the model that made it.
    pub model: String,
}

/// What became of a stretch of caller audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoverageKind {
    Text,
    Silence,
    Unrecognised,
    Lost,
    NotRecordedByPolicy,
}

/// Sums of the coverage ledger, in milliseconds; together they are the recording's length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Coverage {
    pub text_ms: u64,
    pub silence_ms: u64,
    pub unrecognised_ms: u64,
    pub lost_ms: u64,
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
            CoverageKind::Lost => self.lost_ms += millis,
            CoverageKind::NotRecordedByPolicy => self.not_recorded_ms += millis,
        }
    }
}

impl Utterance {
    /// First word's start to last word's end; the segment itself when there are no words.
    pub fn spoken_span(&self) -> MediaSpan {
        match (self.words.first(), self.words.last()) {
            (Some(first), Some(last)) => MediaSpan::new(first.span.start, last.span.end),
            _ => self.span,
        }
    }

    pub fn start(&self) -> MediaTime {
        self.span.start
    }
}
