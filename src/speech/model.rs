//! What is known of a model: who it understands, and what its probabilities are worth.

use serde::{Deserialize, Serialize};

use crate::call::{Band, Language};

/// What a loaded model is; goes with every transcript it makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    pub name: String,
    /// Invents fluent sentences when a human speaks; every page that shows its words says so.
    pub demo: bool,
    pub languages: Vec<Language>,
    /// One sentence for people.
    pub understands: String,
    pub sha256: String,
    pub calibration: Calibration,
}

impl ModelInfo {
    /// A recogniser of which only the name is known.
    pub fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            demo: false,
            languages: Vec::new(),
            understands: "a model of your own, not in the catalogue".to_owned(),
            sha256: String::new(),
            calibration: Calibration::default(),
        }
    }
}

/// What a model's word probabilities are worth. The default is for models that nobody measured, and careful.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// From here on a word is [`Band::Sure`].
    pub sure: f32,
    /// Below this a word is [`Band::Missing`].
    pub missing: f32,
    /// Words of a segment whose mean confidence is below this were made up, and are refused.
    #[serde(default = "Calibration::believe_of_unknown")]
    pub believe: f32,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { sure: 0.9, missing: 0.2, believe: Self::believe_of_unknown() }
    }
}

impl Calibration {
    fn believe_of_unknown() -> f32 {
        0.3
    }

    pub fn band(&self, confidence: f32) -> Band {
        match confidence {
            sure if sure >= self.sure => Band::Sure,
            missing if missing < self.missing => Band::Missing,
            _ => Band::Check,
        }
    }
}
