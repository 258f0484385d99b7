//! What was heard: words with their times.

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

/// How a line wants its Chinese written; recognisers mix both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Script {
    #[serde(rename = "zh-Hans")]
    Simplified,
    #[serde(rename = "zh-Hant")]
    Traditional,
}

/// What is expected of a line's callers, the same for every segment of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpokenHere {
    /// Languages it may be in; one is taken as given, among several the recogniser decides. Empty: all it knows.
    pub languages: Vec<Language>,
    /// `None`: as the recogniser writes it.
    pub script: Option<Script>,
    /// Names of streets, districts and agencies that callers say.
    pub hot_words: Vec<String>,
}

/// How far a word can be relied on, the best first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    Sure,
    /// A person should hear it.
    #[default]
    Check,
    /// As good as not recognised.
    Missing,
}

/// What the times of words are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Alignment {
    /// Measured word by word.
    #[default]
    Word,
    /// The recogniser gave none: every word carries the span of its segment.
    Segment,
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
    #[serde(default)]
    pub band: Band,
    /// Only the line's hot words brought it: without them the recogniser hears something else here.
    #[serde(default)]
    pub prompted: bool,
}

impl Word {
    /// Nothing is known yet of how far `confidence` can be relied on.
    pub fn new(text: impl Into<String>, span: MediaSpan, confidence: f32) -> Self {
        Self { text: text.into(), span, confidence, band: Band::default(), prompted: false }
    }
}

/// What the recogniser thinks of a segment that may still grow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    pub text: String,
    pub language: Option<Language>,
    pub words: Vec<Word>,
    pub alignment: Alignment,
    /// Mean token log-probability; `None` when nothing was decoded.
    pub average_log_probability: Option<f32>,
    pub no_speech_probability: Option<f32>,
    /// The model that made it, when that is another one than the recogniser's own.
    pub model: Option<String>,
}

impl Hypothesis {
    /// The recogniser wrote nothing down.
    pub fn empty(no_speech_probability: Option<f32>) -> Self {
        Self { no_speech_probability, ..Self::default() }
    }
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

/// Why a segment has no words. Some causes pass, and the segment is then recognised from the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unheard {
    /// No recogniser is configured, or none could be reached.
    NoEngine,
    /// It hung or failed on this segment.
    EngineFailed,
    /// Its result was not believed: a loop, an invention, nothing for long speech.
    Refused,
    /// The sound could not be read.
    NoSound,
}

impl Unheard {
    pub const ALL: [Self; 4] = [Self::NoEngine, Self::EngineFailed, Self::Refused, Self::NoSound];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoEngine => "no_engine",
            Self::EngineFailed => "engine_failed",
            Self::Refused => "refused",
            Self::NoSound => "no_sound",
        }
    }

    /// Whether another try may give words.
    pub fn passes(self) -> bool {
        matches!(self, Self::NoEngine | Self::EngineFailed)
    }
}

/// Whose words they are. The gateway records the caller alone; the transcript of a call that a person answered may name
/// the agent's turns too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    #[default]
    Caller,
    /// Since 1.3.
    Agent,
}

/// Final result for one speech segment. Stored as soon as it exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// Counts from 0 within the call, in order of `span.start`.
    pub seq: u32,
    #[serde(default)]
    pub speaker: Speaker,
    /// The segment as it was cut (padding included), not the first and last word.
    pub span: MediaSpan,
    pub outcome: SegmentOutcome,
    /// Only of an `Unrecognised` one.
    #[serde(default)]
    pub unheard: Option<Unheard>,
    /// Empty unless `outcome` is `Text`.
    pub text: String,
    pub language: Option<Language>,
    pub words: Vec<Word>,
    #[serde(default)]
    pub alignment: Alignment,
    /// Where the detector heard speech in it. Words are held against it: speech that no word covers is declared.
    #[serde(default)]
    pub voiced: Vec<MediaSpan>,
    /// Mean of the word confidences, 0-1.
    pub confidence: f32,
    /// Name of the model that made it.
    pub model: String,
}

impl Utterance {
    /// A segment without words.
    pub fn wordless(seq: u32, span: MediaSpan, outcome: SegmentOutcome, model: &str) -> Self {
        Self {
            seq,
            speaker: Speaker::Caller,
            span,
            outcome,
            unheard: None,
            text: String::new(),
            language: None,
            words: Vec::new(),
            alignment: Alignment::default(),
            voiced: Vec::new(),
            confidence: 0.0,
            model: model.to_owned(),
        }
    }

    /// A segment that a person must hear.
    pub fn unheard(seq: u32, span: MediaSpan, cause: Unheard, model: &str) -> Self {
        Self { unheard: Some(cause), ..Self::wordless(seq, span, SegmentOutcome::Unrecognised, model) }
    }

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
