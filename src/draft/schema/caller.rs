//! Who calls: name, numbers, and what they want to become known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field::rounded;
use super::{Alternative, Evidence, Field, Source};
use crate::call::Band;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallerSection {
    pub name: Field<String>,
    pub phones: Vec<Phone>,
    /// The caller asked signalling to hide the number; it is then not in `phones`.
    pub number_withheld: bool,
    /// The caller's name in the books of who signed the checked token (`sub`). Since 1.1.
    #[serde(default)]
    pub subject: Option<String>,
    /// Whether the name may be known, and to whom. Since 1.3.
    #[serde(default)]
    pub anonymity: Field<Anonymity>,
    /// Whether the caller wants to hear back. Since 1.3.
    #[serde(default)]
    pub follow_up_consent: Field<Consent>,
    /// When to call back, in the caller's words. Since 1.3.
    #[serde(default)]
    pub callback_window: Field<String>,
    /// Who of the household needs particular care. Since 1.3.
    #[serde(default)]
    pub vulnerability: Field<Vec<Vulnerability>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anonymity {
    Named,
    /// The name is for the hotline only: not for whoever handles the matter, nor the other side.
    ConfidentialToHandler,
    /// No name is wanted at all.
    Anonymous,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Vulnerability {
    Elderly,
    Child,
    Disability,
    Pregnant,
    Illness,
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
    /// Entered by a person at the desk. Since 1.4.
    Agent,
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
    /// It was read back to the caller, who said yes. Since 1.3.
    #[serde(default)]
    pub read_back_confirmed: bool,
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
