//! The ticket draft as it leaves the gateway. These types are the source of the published JSON Schema; later
//! versions only add to them (`schema_version` is semver).

mod alarm;
mod caller;
mod field;
mod issue;
mod review;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{Band, Coverage, EndCause, HeardIn, Language};

pub use crate::call::{ServiceKind, Speaker};

pub use alarm::{EMERGENCY_SCHEMA_VERSION, EmergencyEvent, EventType};
pub use caller::{Anonymity, BelongsTo, CallerSection, Consent, Phone, PhoneOrigin, Vulnerability};
pub(super) use field::worst_band;
pub use field::{Alignment, Alternative, Evidence, Field, Source};
pub use issue::{Issue, Location, OccurredAt, Precision, RequestType, Risk, Routing, Urgency};
pub use review::{MergedInto, Reviewed};

use field::rounded;

/// Version of the draft's form.
pub const SCHEMA_VERSION: &str = "1.5.0";
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
    /// A case number of this or another service that the caller quotes, its letters and digits. Since 1.3.
    #[serde(default)]
    pub quoted_reference: Field<String>,
    pub issues: Vec<Issue>,
    pub emergency: EmergencySection,
    pub summary: Summary,
    pub transcript: Transcript,
    /// What a person at the desk decided; null until then. Since 1.4.
    #[serde(default)]
    pub review: Option<Reviewed>,
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

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LanguageSection {
    /// BCP 47: `en`, `cmn-Hans`, `cmn-Hant`, `yue-Hant`, `yue-Hans`.
    pub primary: Field<String>,
    /// Other languages heard.
    pub mixed_with: Vec<String>,
    /// The caller asks for another language than the line speaks. Since 1.3.
    #[serde(default)]
    pub needs_interpreter: Field<bool>,
    /// The language asked for, in the caller's words. Since 1.3.
    #[serde(default)]
    pub interpreter_language: Field<String>,
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
    /// A person says that the calls belong together, or that they have nothing to do with each other; null: nobody has
    /// looked. Since 1.5.
    #[serde(default)]
    pub confirmed: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The caller added to it, under the same reference.
    SameTicket,
    /// The caller quoted its reference. Since 1.3.
    CallerMentioned,
    /// The same number called within 90 days. Since 1.3.
    SameNumberRecent,
    /// The same matter at the same place at about the same time. Since 1.3.
    NearDuplicate,
    /// A person named it. Since 1.5.
    Linked,
    /// It brought nothing new and was merged into this one. Since 1.5.
    Merged,
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
    /// The event that was sent while the caller spoke. It stands whatever the final words are; only a person clears it.
    /// Since 1.3.
    #[serde(default)]
    pub raised: Option<RaisedEmergency>,
}

/// What was told as `call.emergency`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RaisedEmergency {
    #[schemars(extend("format" = "date-time"))]
    pub raised_at: String,
    /// The hazard words as they were heard then.
    pub quote: String,
    /// Milliseconds into the recording.
    pub audio_start_ms: u64,
    pub audio_end_ms: u64,
    pub heard_in: HeardIn,
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
    /// What was covered (`█`) in the words of this draft. Since 1.3.
    #[serde(default)]
    pub redactions: Vec<Redaction>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// Number of a payment card (ISO/IEC 7812).
    Card,
    /// Identity number of China (GB 11643), of Hong Kong, or of the United States (SSN).
    Identity,
    /// Password or PIN.
    Password,
}

/// Words that must not leave the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Redaction {
    pub segment_id: String,
    /// Half-open range in the segment's text, in Unicode scalars.
    pub char_start: usize,
    pub char_end: usize,
    /// Milliseconds into the recording.
    pub audio_start_ms: u64,
    pub audio_end_ms: u64,
    pub kind: Secret,
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
