//! What a person at the desk made of a draft.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::Decision;

/// The call that another brought nothing new to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergedInto {
    pub call_id: String,
    /// The number its caller was told.
    #[serde(rename = "ref")]
    #[schemars(regex(pattern = r"^[0-9]{10}$"))]
    pub reference: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reviewed {
    pub decision: Decision,
    /// Name of the account.
    pub by: String,
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// Always there of `reject`.
    pub reason: Option<String>,
    /// Whose matter it is; always there of `redirect`.
    pub unit: Option<String>,
    /// The call it belongs to; always there of `merge`. Since 1.5.
    #[serde(default)]
    pub into: Option<MergedInto>,
    /// JSON pointers (RFC 6901) of what the person says the caller did not say.
    pub not_said: Vec<String>,
    /// JSON pointers of the values that the person entered or corrected.
    pub corrected: Vec<String>,
}
