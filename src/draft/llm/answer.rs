//! What the model answers. Everything in it is a stranger's.

use serde::{Deserialize, Deserializer};

use super::MAX_ISSUES;
use crate::draft::schema::{Anonymity, Consent, RequestType, Urgency};

/// A value with the words that say it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Quoted<T> {
    pub value: Option<T>,
    /// Number of the turn, from 1.
    pub turn: Option<u32>,
    pub quote: Option<String>,
}

impl<T> Default for Quoted<T> {
    fn default() -> Self {
        Self { value: None, turn: None, quote: None }
    }
}

/// Absent and null are the same: nothing was said about it.
fn absent<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Answer {
    #[serde(default, deserialize_with = "absent")]
    pub caller_name: Quoted<String>,
    #[serde(default, deserialize_with = "absent")]
    pub spoken_phone: Quoted<String>,
    #[serde(default, deserialize_with = "absent")]
    pub anonymity: Quoted<Anonymity>,
    #[serde(default, deserialize_with = "absent")]
    pub follow_up_consent: Quoted<Consent>,
    #[serde(default, deserialize_with = "absent")]
    pub needs_interpreter: Quoted<bool>,
    #[serde(default, deserialize_with = "absent")]
    pub emergency: Quoted<bool>,
    #[serde(default, deserialize_with = "absent")]
    pub case_reference: Quoted<String>,
    pub issues: Vec<IssueAnswer>,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub summary: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct IssueAnswer {
    #[serde(default, deserialize_with = "absent")]
    pub request_type: Quoted<RequestType>,
    /// A code of the taxonomy, or not.
    #[serde(default, deserialize_with = "absent")]
    pub category: Quoted<String>,
    #[serde(default, deserialize_with = "absent")]
    pub address: Quoted<String>,
    #[serde(default, deserialize_with = "absent")]
    pub district: Quoted<String>,
    #[serde(default, deserialize_with = "absent")]
    pub occurred_at: Quoted<String>,
    #[serde(default, deserialize_with = "absent")]
    pub urgency: Quoted<Urgency>,
    #[serde(default, deserialize_with = "absent")]
    pub respondent: Quoted<String>,
    #[serde(default, deserialize_with = "absent")]
    pub desired_outcome: Quoted<String>,
}

impl Answer {
    /// Reads the model's text, whatever it wrote around the object. The error says what was expected and quotes none of
    /// it; the model is told so, and may be a caller's voice.
    pub fn read(text: &str) -> Result<Self, String> {
        let object = text.find('{').zip(text.rfind('}')).and_then(|(from, to)| text.get(from..=to));
        let object = object.ok_or("expected one JSON object, found none")?;
        let mut answer: Self = serde_json::from_str(object).map_err(|e| {
            let found = if e.is_data() { "JSON of another shape" } else { "no whole JSON" };
            format!(
                "expected a JSON object of the given schema, found {found} (line {}, column {})",
                e.line(),
                e.column()
            )
        })?;
        answer.issues.truncate(MAX_ISSUES);
        Ok(answer)
    }
}
