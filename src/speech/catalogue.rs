//! Which model files are known: `models/catalogue.toml`.

use serde::{Deserialize, Serialize};

use super::model::Calibration;
use super::verify::ModelError;
use crate::call::Language;

/// One known model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    pub name: String,
    /// File name, without a folder.
    pub file: String,
    /// Where its publisher has it. `None`: it comes with the program.
    #[serde(default)]
    pub url: Option<String>,
    /// Bytes, where they are known exactly.
    #[serde(default)]
    pub size: Option<u64>,
    /// The same, rounded: for people and for the room it needs.
    pub mib: u64,
    /// Lower-case hexadecimal, as its publisher gives it: the one or the other.
    #[serde(default)]
    pub sha256: Option<String>,
    #[serde(default)]
    pub sha1: Option<String>,
    #[serde(default)]
    pub demo: bool,
    pub languages: Vec<Language>,
    pub licence: String,
    pub understands: String,
    /// Memory of each worker beside the weights, roughly.
    pub worker_mib: u64,
    /// Without it: that of an unknown model.
    #[serde(default)]
    pub calibration: Calibration,
}

/// What `models/catalogue.toml` holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    model: Vec<CatalogueEntry>,
    whisper: Option<Published>,
}

/// Models of one publisher, which differ only in what stands in a row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    url: String,
    licence: String,
    models: Vec<PublishedModel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedModel {
    name: String,
    sha1: String,
    mib: u64,
    worker_mib: u64,
    languages: Vec<Language>,
    #[serde(default)]
    calibration: Calibration,
}

impl Published {
    fn entry(&self, model: PublishedModel) -> CatalogueEntry {
        let PublishedModel { name, sha1, mib, worker_mib, languages, calibration } = model;
        let file = format!("ggml-{name}.bin");
        CatalogueEntry {
            url: Some(format!("{}{file}", self.url)),
            file,
            size: None,
            mib,
            sha256: None,
            sha1: Some(sha1),
            demo: false,
            licence: self.licence.clone(),
            understands: understands(&languages).to_owned(),
            worker_mib,
            languages,
            calibration,
            name,
        }
    }
}

fn understands(languages: &[Language]) -> &'static str {
    match languages {
        [Language::En] => "people who speak English; nothing else",
        known if known.contains(&Language::Yue) => "people in about a hundred languages, Cantonese among them",
        _ => "people in about a hundred languages; Cantonese comes out as if it were Mandarin",
    }
}

/// The known models.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    pub models: Vec<CatalogueEntry>,
}

impl Catalogue {
    /// The catalogue this program was built with.
    pub fn bundled() -> Result<Self, ModelError> {
        Self::parse(include_str!("../../models/catalogue.toml"))
    }

    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let listing: Listing = toml::from_str(text).map_err(|e| ModelError::Catalogue(e.message().to_owned()))?;
        let mut models = listing.model;
        if let Some(mut published) = listing.whisper {
            let rows = std::mem::take(&mut published.models);
            models.extend(rows.into_iter().map(|row| published.entry(row)));
        }
        // An entry without a hash would be any file.
        match models.iter().find(|m| m.sha256.is_none() && m.sha1.is_none()) {
            Some(entry) => Err(ModelError::Catalogue(format!("{}: neither sha256 nor sha1", entry.name))),
            None => Ok(Self { models }),
        }
    }

    /// By name, or by the name of its file.
    pub fn find(&self, name: &str) -> Option<&CatalogueEntry> {
        self.models.iter().find(|m| m.name == name || m.file == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_of_the_catalogue_can_be_checked_and_only_large_v3_knows_cantonese() {
        let catalogue = Catalogue::bundled().unwrap();
        let mut names = std::collections::BTreeSet::new();
        for model in &catalogue.models {
            assert!(names.insert(&model.name) && names.insert(&model.file), "{} twice", model.name);
            let length = |hash: &Option<String>| hash.as_ref().map_or(0, String::len);
            assert!(matches!((length(&model.sha256), length(&model.sha1)), (64, 0) | (0, 40)), "{}", model.name);
            assert_eq!(model.languages.contains(&Language::Yue), model.name.contains("large-v3"), "{}", model.name);
            assert_eq!(model.languages == [Language::En], model.name.contains(".en"), "{}", model.name);
        }
        assert!(catalogue.find("small").is_some_and(|m| m.file == "ggml-small.bin"));
    }
}
