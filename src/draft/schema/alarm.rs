//! What an endpoint is told at once when a caller is heard to be in danger. This type is the source of the published
//! JSON Schema of the event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ServiceKind;
use crate::call::HeardIn;

/// Version of the event's form (semver; later versions only add).
pub const EMERGENCY_SCHEMA_VERSION: &str = "1.0.0";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EventType {
    #[serde(rename = "call.emergency")]
    CallEmergency,
}

/// One a call, posted while the caller is on the line. The draft follows when the call is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencyEvent {
    pub schema_version: String,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub call_id: String,
    /// The number the caller is told at the end of the call.
    #[schemars(regex(pattern = r"^[0-9]{10}$"))]
    pub reference: String,
    /// Name of the configured line.
    pub line: String,
    /// Whose matter it seems to be; a person decides.
    pub service: ServiceKind,
    /// The line's emergency number, which the caller was told to dial.
    pub number: String,
    /// The hazard words, verbatim.
    pub quote: String,
    /// Where they are, milliseconds into the recording.
    pub audio_start_ms: u64,
    pub audio_end_ms: u64,
    /// `partial`: words that may still change.
    pub heard_in: HeardIn,
    #[schemars(extend("format" = "date-time"))]
    pub raised_at: String,
    /// The surest number known of the caller; null when unknown or withheld.
    pub caller_number: Option<String>,
}
