//! One matter that the caller brings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Field;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Issue {
    pub issue_id: String,
    /// What the caller wants of the service. Since 1.3.
    #[serde(default)]
    pub request_type: Field<RequestType>,
    /// Code of the taxonomy, two levels.
    pub category: Field<String>,
    /// What the deployment's own system calls that category. Since 1.3.
    #[serde(default)]
    pub local_code: Option<String>,
    /// At most 60 Unicode scalars.
    pub title: Field<String>,
    /// The caller's own sentences in order, not rewritten.
    pub description: Field<String>,
    pub location: Location,
    /// Since 1.3.
    #[serde(default)]
    pub occurred_at: OccurredAt,
    pub urgency: Field<Urgency>,
    /// Dangers named in so many words. Since 1.3.
    #[serde(default)]
    pub safety_risks: Field<Vec<Risk>>,
    /// Whom the matter is against: a firm, an office, a person. Since 1.3.
    #[serde(default)]
    pub respondent: Field<String>,
    /// People or households it concerns, as the caller counts them. Since 1.3.
    #[serde(default)]
    pub affected_count: Field<u32>,
    /// The caller speaks for several. Since 1.3.
    #[serde(default)]
    pub group_demand: Field<bool>,
    /// What the caller asks to be done, in the caller's words. Since 1.3.
    #[serde(default)]
    pub desired_outcome: Field<String>,
    /// Who may be in charge; a suggestion, nobody is told. Since 1.3.
    #[serde(default)]
    pub routing_suggestion: Field<Routing>,
}

/// The six kinds of DB12/T 1438-2025.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestType {
    Complaint,
    Help,
    Enquiry,
    Suggestion,
    Report,
    Praise,
}

/// When it happened. `start` and `end` are read from `text` by the call's own start; null where it says no such time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OccurredAt {
    /// The caller's words.
    pub text: Field<String>,
    #[schemars(extend("format" = "date-time"))]
    pub start: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    pub end: Option<String>,
    /// How exact `start` is.
    pub precision: Option<Precision>,
    /// It still goes on.
    pub ongoing: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    Minute,
    Hour,
    PartOfDay,
    Day,
    Week,
    Month,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Fire,
    Gas,
    ElectricShock,
    Structural,
    Fall,
    Traffic,
    Violence,
    SelfHarm,
    Medical,
    ChildAtRisk,
    Flood,
    Chemical,
    FoodPoisoning,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Routing {
    /// The unit's name as the deployment lists it.
    pub unit: String,
    /// Why: the category, and the place where it decides.
    pub basis: String,
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

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    pub address_text: Field<String>,
    /// The parts of the address, each with its own words. Since 1.3.
    #[serde(default)]
    pub district: Field<String>,
    /// Road or street, with its number.
    #[serde(default)]
    pub street: Field<String>,
    /// Estate, compound, village.
    #[serde(default)]
    pub community: Field<String>,
    #[serde(default)]
    pub building: Field<String>,
    /// Entrance, floor, flat.
    #[serde(default)]
    pub unit: Field<String>,
    #[serde(default)]
    pub intersection: Field<String>,
    /// Number on a lamp post, a bus stop, a manhole. Since 1.3.
    #[serde(default)]
    pub asset_ref: Field<String>,
}
