//! The deployment's own lists for drafts: categories, codes, units in charge.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Draft {
    /// JSON of the form of the built-in taxonomy, in its place.
    pub taxonomy: Option<PathBuf>,
    /// TOML: local codes of categories, units in charge.
    pub units: Option<PathBuf>,
}
