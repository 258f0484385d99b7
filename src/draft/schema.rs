//! The ticket draft as it leaves the gateway. These types are the source of the published JSON Schema; later
//! versions only add to them (`schema_version` is semver).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::call::{Band, Coverage, EndCause, Language};

/// Version of the draft's form.
pub const SCHEMA_VERSION: &str = "1.2.0";
/// Scalars of a title: it must fit a list row.
pub const MAX_TITLE: usize = 60;
/// Scalars of a description: the limit of Open311 GeoReport v2.
pub const MAX_DESCRIPTION: usize = 4_000;
/// Scalars of the summary's text.
pub const MAX_SUMMARY: usize = 600;
/// Alternatives kept for one field.
pub const MAX_ALTERNATIVES: usize = 5;
/// Pieces of evidence kept for one field.
pub const MAX_EVIDENCE: usize = 32;
/// Telephone numbers kept of one call.
pub const MAX_PHONES: usize = 8;

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
    Classifier,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    Caller,
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
    pub(super) fn is_weak(&self) -> bool {
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
pub(super) fn doubt(confidence: f32, source: Source, evidence: &[Evidence]) -> (f32, bool) {
    let confidence = if confidence.is_finite() { confidence.clamp(0.0, 1.0) } else { 0.0 };
    if evidence.is_empty() && !matches!(source, Source::Sip | Source::Default) {
        (confidence.min(0.4), true)
    } else {
        (confidence, false)
    }
}

pub(super) fn worst_band(evidence: &[Evidence]) -> Option<Band> {
    evidence.iter().filter_map(|one| one.band).max()
}

/// Three decimals are more than the tables behind a confidence know.
fn rounded<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((f64::from(*value) * 1000.0).round() / 1000.0)
}

/// What to do with the call; a suggestion, a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    DraftTicket,
    AnswerOnly,
    /// Belongs to the emergency service.
    Redirect,
    Callback,
    WrongNumber,
    /// Nobody spoke and nobody can be called back.
    Discard,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TicketDraft {
    pub schema_version: String,
    pub draft_id: String,
    /// Counts from 1; every version is delivered on its own.
    pub version: u32,
    /// The number the caller was told.
    #[schemars(regex(pattern = r"^[0-9]{10}$"))]
    pub reference: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
    pub disposition_suggestion: Disposition,
    /// Some of the caller's speech has no text: a person must listen.
    pub needs_listening: bool,
    pub call: CallSection,
    /// Sums of what became of every millisecond of caller audio.
    pub coverage: Coverage,
    pub language: LanguageSection,
    pub caller: CallerSection,
    /// Earlier calls this one belongs to. Since 1.1.
    #[serde(default)]
    pub related: Vec<Related>,
    pub issues: Vec<Issue>,
    pub emergency: EmergencySection,
    pub summary: Summary,
    pub transcript: Transcript,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Sip,
    /// From a browser.
    Webrtc,
    /// A file given on the command line.
    File,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallSection {
    pub call_id: String,
    /// Name of the configured line.
    pub line: String,
    pub channel: Channel,
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    #[schemars(extend("format" = "date-time"))]
    pub answered_at: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    pub ended_at: Option<String>,
    pub duration_ms: Option<u64>,
    /// Null while the call is up.
    pub end_cause: Option<EndCause>,
    pub dialled_number: Option<String>,
    /// The peer's Call-ID, to match logs of both sides.
    pub sip_call_id: Option<String>,
    pub recording: Option<Recording>,
    /// Where the recording notice was played, milliseconds into the recording.
    pub notice: Option<NoticeSpan>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recording {
    /// Stable; needs authentication.
    pub uri: String,
    pub media_type: String,
    pub sha256: Option<String>,
    pub duration_ms: u64,
    /// Samples per second.
    pub rate: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoticeSpan {
    pub start_ms: u64,
    pub end_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LanguageSection {
    /// BCP 47: `en`, `cmn-Hans`, `cmn-Hant`, `yue-Hant`, `yue-Hans`.
    pub primary: Field<String>,
    /// Other languages heard.
    pub mixed_with: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallerSection {
    pub name: Field<String>,
    pub phones: Vec<Phone>,
    /// The caller asked signalling to hide the number; it is then not in `phones`.
    pub number_withheld: bool,
    /// The caller's name in the books of who signed the checked token (`sub`). Since 1.1.
    #[serde(default)]
    pub subject: Option<String>,
}

/// An earlier call, and what it has to do with this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Related {
    /// The number its caller was told.
    #[serde(rename = "ref")]
    #[schemars(regex(pattern = r"^[0-9]{10}$"))]
    pub reference: String,
    pub call_id: String,
    pub relation: Relation,
    #[schemars(with = "f32", range(min = 0.0, max = 1.0))]
    #[serde(serialize_with = "rounded")]
    pub score: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The caller added to it, under the same reference.
    SameTicket,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhoneOrigin {
    /// P-Asserted-Identity of a trusted trunk (RFC 3325).
    SipPai,
    /// `From`: what the caller's side claims.
    SipFrom,
    /// A signed token that was checked.
    Token,
    /// Typed by the caller into the page.
    WebForm,
    Spoken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BelongsTo {
    Caller,
    OtherParty,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phone {
    /// The digits as spoken or signalled, without spaces.
    pub number: String,
    /// International form; null when no numbering plan of the line fits, or more than one does.
    #[schemars(regex(pattern = r"^\+[1-9][0-9]{6,14}$"))]
    pub e164: Option<String>,
    /// The words or the header's number as they came.
    pub raw: String,
    pub origin: PhoneOrigin,
    /// The one to call back on.
    pub preferred: bool,
    /// The caller said it twice and both agree.
    pub repeated: bool,
    pub belongs_to: BelongsTo,
    #[schemars(with = "f32", range(min = 0.0, max = 1.0))]
    #[serde(serialize_with = "rounded")]
    pub confidence: f32,
    pub source: Source,
    pub evidence: Vec<Evidence>,
    /// Other readings of the same words, international form where a plan fits.
    #[serde(default)]
    #[schemars(length(max = 5))]
    pub alternatives: Vec<Alternative<String>>,
    pub needs_review: bool,
    /// The worst band of its evidence; null of a number that was not spoken. Since 1.2.
    #[serde(default)]
    pub band: Option<Band>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    Low,
    Normal,
    High,
    Urgent,
    Emergency,
}

impl Urgency {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
            Self::Emergency => "emergency",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Issue {
    pub issue_id: String,
    /// Code of the taxonomy, two levels.
    pub category: Field<String>,
    /// At most 60 Unicode scalars.
    pub title: Field<String>,
    /// The caller's own sentences in order, not rewritten.
    pub description: Field<String>,
    pub location: Location,
    pub urgency: Field<Urgency>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    pub address_text: Field<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    Fire,
    Medical,
    Police,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencyService {
    pub kind: ServiceKind,
    /// The line's emergency number.
    pub number: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencySection {
    /// False with evidence and `needs_review`: hazard words were said, but as a condition or of the past.
    pub flag: Field<bool>,
    pub service: Option<EmergencyService>,
    /// When the first hazard word had been said, milliseconds into the recording.
    pub raised_at_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    pub title: Field<String>,
    pub text: Field<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TranscriptMode {
    Segments,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Transcript {
    pub model: String,
    /// The bundled demo model: it invents fluent sentences when a human speaks.
    pub demo_model: bool,
    pub mode: TranscriptMode,
    pub segments: Vec<TranscriptSegment>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TranscriptSegment {
    pub id: String,
    pub speaker: Speaker,
    pub start_ms: u64,
    pub end_ms: u64,
    pub text: String,
    pub lang: Option<Language>,
    #[schemars(with = "f32", range(min = 0.0, max = 1.0))]
    #[serde(serialize_with = "rounded")]
    pub confidence: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Vec<TranscriptWord>>,
    /// Every stretch of the text that is not sure, in order. Since 1.2.
    #[serde(default)]
    pub unsure: Vec<Unsure>,
}

/// Neighbouring words of one band. What is `missing` is better shown as a gap than read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unsure {
    /// Half-open range in the segment's text, in Unicode scalars.
    pub char_start: usize,
    pub char_end: usize,
    /// Milliseconds into the recording.
    pub audio_start_ms: u64,
    pub audio_end_ms: u64,
    /// `check` or `missing`.
    pub band: Band,
    /// Heard only because the line names it as a hot word.
    pub prompted: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TranscriptWord {
    pub text: String,
    pub start_ms: u64,
    pub end_ms: u64,
}
