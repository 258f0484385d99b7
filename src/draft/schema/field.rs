//! A value read out of a call, and the words and milliseconds that support it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::call::{Band, Speaker};

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Signalling.
    Sip,
    /// A signed token that was checked (RFC 7519).
    Token,
    /// Typed by the caller into the page.
    WebForm,
    Rule,
    /// A rule, repaired by the names of places that the deployment knows. Since 1.3.
    Gazetteer,
    Classifier,
    /// A language model's value, found in the caller's words. Since 1.3.
    Llm,
    /// The caller said yes to it when it was read back. Since 1.3.
    CallerConfirmed,
    /// A person at the desk. Since 1.3.
    Agent,
    Default,
}

/// How well the evidence's times are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alignment {
    /// Every scalar but punctuation lies in a timed word.
    Exact,
    /// Some of the words have no time of their own.
    Fuzzy,
    /// Only the segment's times are known.
    Segment,
}

/// The words a value is made of, and where they can be heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// `id` of a transcript segment.
    pub segment_id: String,
    /// Half-open range in the segment's text, in Unicode scalars.
    pub char_start: usize,
    pub char_end: usize,
    /// The segment's text in that range, verbatim.
    pub text: String,
    /// Milliseconds into the recording: first word's start, last word's end.
    pub audio_start_ms: u64,
    pub audio_end_ms: u64,
    pub channel: Speaker,
    pub alignment: Alignment,
    /// How far the least certain of its words can be relied on; null without words. Since 1.2.
    #[serde(default)]
    pub band: Option<Band>,
    /// A word of it was heard only because the line names it as a hot word. Since 1.2.
    #[serde(default)]
    pub prompted: bool,
}

impl Evidence {
    /// A person should hear it before anybody relies on it.
    pub(in crate::draft) fn is_weak(&self) -> bool {
        self.prompted || self.band == Some(Band::Missing)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative<T> {
    pub value: T,
    #[schemars(with = "f32", range(min = 0.0, max = 1.0))]
    #[serde(serialize_with = "rounded")]
    pub confidence: f32,
}

/// One extracted value. `value` is null when it is unknown; it is never invented.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Field<T> {
    pub value: Option<T>,
    #[schemars(with = "f32", range(min = 0.0, max = 1.0))]
    #[serde(serialize_with = "rounded")]
    pub confidence: f32,
    pub source: Source,
    pub evidence: Vec<Evidence>,
    #[schemars(length(max = 5))]
    pub alternatives: Vec<Alternative<T>>,
    pub needs_review: bool,
    /// The worst band of its evidence; null without any. Since 1.2.
    #[serde(default)]
    pub band: Option<Band>,
    /// Name of the rule set that found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extractor: Option<String>,
}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self::unknown()
    }
}

impl<T> Field<T> {
    /// Nothing was said about it.
    pub fn unknown() -> Self {
        Self {
            value: None,
            confidence: 0.0,
            source: Source::Default,
            evidence: Vec::new(),
            alternatives: Vec::new(),
            needs_review: false,
            band: None,
            extractor: None,
        }
    }

    /// A value that the words in `evidence` say. Without evidence it is doubted: review, confidence at most 0.4. Weak
    /// evidence asks for review too.
    pub fn found(value: T, confidence: f32, source: Source, evidence: Vec<Evidence>, extractor: &str) -> Self {
        let (confidence, doubted) = doubt(confidence, source, &evidence);
        Self {
            value: Some(value),
            confidence,
            source,
            alternatives: Vec::new(),
            needs_review: doubted || evidence.iter().any(Evidence::is_weak),
            band: worst_band(&evidence),
            evidence,
            extractor: Some(extractor.to_owned()),
        }
    }

    pub fn review_if(mut self, doubtful: bool) -> Self {
        self.needs_review |= doubtful;
        self
    }
}

/// The rule of what is read out of words: without evidence, only signalling and defaults are believed.
fn doubt(confidence: f32, source: Source, evidence: &[Evidence]) -> (f32, bool) {
    let confidence = if confidence.is_finite() { confidence.clamp(0.0, 1.0) } else { 0.0 };
    if evidence.is_empty() && !matches!(source, Source::Sip | Source::Default) {
        (confidence.min(0.4), true)
    } else {
        (confidence, false)
    }
}

pub(in crate::draft) fn worst_band(evidence: &[Evidence]) -> Option<Band> {
    evidence.iter().filter_map(|one| one.band).max()
}

/// Three decimals are more than the tables behind a confidence know.
pub(super) fn rounded<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((f64::from(*value) * 1000.0).round() / 1000.0)
}
