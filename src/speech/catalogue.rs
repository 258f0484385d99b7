//! Which model files are known, and the check that a file is whole before whisper.cpp reads it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::call::{Band, Language};

/// First bytes of a ggml model file.
const MAGIC: &[u8; 4] = b"lmgg";

/// Why a model file is not used. One line: path, expected, found, what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("model {path}: expected a model file, found none; set [speech] model to a Whisper model in ggml form")]
    Missing { path: PathBuf },
    #[error("model {path}: expected a readable file, found: {reason}; check its owner and mode")]
    Unreadable { path: PathBuf, reason: String },
    #[error(
        "model {path}: expected {expected} bytes, found {found}; the file is incomplete or another one, fetch it again"
    )]
    Size { path: PathBuf, expected: u64, found: u64 },
    #[error(
        "model {path}: expected a ggml file (first bytes \"lmgg\"), found {found}; convert the model to ggml or fetch a ggml one"
    )]
    NotGgml { path: PathBuf, found: String },
    #[error(
        "model {path}: expected SHA-256 {expected}, found {found}; the file is damaged or another one, fetch it again"
    )]
    Hash { path: PathBuf, expected: String, found: String },
    #[error(
        "model {path}: expected a model of the catalogue ({known}), found SHA-256 {found}; if you trust the file, set [speech] model_sha256 to it"
    )]
    Unknown { path: PathBuf, known: String, found: String },
    #[error("models/catalogue.toml: {0}")]
    Catalogue(String),
}

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

/// One known model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    pub name: String,
    /// File name, without a folder.
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
    pub demo: bool,
    pub languages: Vec<Language>,
    pub licence: String,
    pub understands: String,
    /// Without it: that of an unknown model.
    #[serde(default)]
    pub calibration: Calibration,
}

/// `models/catalogue.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(rename = "model")]
    pub models: Vec<CatalogueEntry>,
}

impl Catalogue {
    /// The catalogue this program was built with.
    pub fn bundled() -> Result<Self, ModelError> {
        Self::parse(include_str!("../../models/catalogue.toml"))
    }

    pub fn parse(text: &str) -> Result<Self, ModelError> {
        toml::from_str(text).map_err(|e| ModelError::Catalogue(e.message().to_owned()))
    }
}

/// Reads the file once and says which model it is.
///
/// `extra_sha256` (from the configuration) is for a model that the catalogue does not know. A file whose hash is
/// in the catalogue keeps that entry's `demo` mark under any file name.
pub fn verify(path: &Path, catalogue: &Catalogue, extra_sha256: Option<&str>) -> Result<ModelInfo, ModelError> {
    let mut file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let size = file.metadata().map_err(|e| unreadable(path, &e))?.len();
    let named = catalogue.models.iter().find(|m| path.file_name().is_some_and(|name| name == m.file.as_str()));
    if let (Some(entry), None) = (named, extra_sha256)
        && entry.size != size
    {
        return Err(ModelError::Size { path: path.into(), expected: entry.size, found: size });
    }
    let found = hash(path, &mut file)?;
    let expected = extra_sha256.map(str::to_lowercase).or_else(|| named.map(|m| m.sha256.clone()));
    if let Some(expected) = expected
        && expected != found
    {
        return Err(ModelError::Hash { path: path.into(), expected, found });
    }
    match catalogue.models.iter().find(|m| m.sha256 == found) {
        Some(entry) => Ok(ModelInfo {
            name: entry.name.clone(),
            demo: entry.demo,
            languages: entry.languages.clone(),
            understands: entry.understands.clone(),
            sha256: found,
            calibration: entry.calibration,
        }),
        None if extra_sha256.is_some() => {
            let name = path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned());
            Ok(ModelInfo { sha256: found, ..ModelInfo::unknown(&name) })
        }
        None => {
            let known: Vec<&str> = catalogue.models.iter().map(|m| m.file.as_str()).collect();
            Err(ModelError::Unknown { path: path.into(), known: known.join(", "), found })
        }
    }
}

fn hash(path: &Path, file: &mut File) -> Result<String, ModelError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; 1 << 20];
    let mut first = true;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(unreadable(path, &e)),
        };
        if first && !buffer[..read].starts_with(MAGIC) {
            let found = buffer[..read.min(MAGIC.len())].escape_ascii().to_string();
            return Err(ModelError::NotGgml { path: path.into(), found: format!("\"{found}\"") });
        }
        first = false;
        hasher.update(&buffer[..read]);
    }
    if first {
        return Err(ModelError::NotGgml { path: path.into(), found: "an empty file".to_owned() });
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn unreadable(path: &Path, e: &std::io::Error) -> ModelError {
    match e.kind() {
        ErrorKind::NotFound => ModelError::Missing { path: path.into() },
        _ => ModelError::Unreadable { path: path.into(), reason: e.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::samples;

    fn entry(file: &str, bytes: &[u8]) -> CatalogueEntry {
        CatalogueEntry {
            name: "small".into(),
            file: file.into(),
            size: bytes.len() as u64,
            sha256: Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect(),
            demo: true,
            languages: vec![Language::En],
            licence: "MIT".into(),
            understands: "nothing".into(),
            calibration: Calibration::default(),
        }
    }

    #[test]
    fn the_bundled_model_is_the_one_in_the_catalogue_and_is_marked_demo() {
        let info = verify(&samples::path("models/heardline-nano.bin"), &Catalogue::bundled().unwrap(), None).unwrap();
        assert_eq!((info.name.as_str(), info.demo), ("heardline-nano", true));
    }

    #[test]
    fn a_wrong_model_file_is_refused_with_path_expected_found_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("small.bin");
        let whole = b"lmgg and the weights";
        let catalogue = Catalogue { models: vec![entry("small.bin", whole)] };
        let message = |bytes: Option<&[u8]>, extra: Option<&str>| {
            match bytes {
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
                None => drop(std::fs::remove_file(&path)),
            }
            let message = verify(&path, &catalogue, extra).unwrap_err().to_string();
            assert!(message.contains(path.to_str().unwrap()) && !message.contains('\n'), "{message}");
            assert!(message.contains("expected") && message.contains("found"), "{message}");
            message
        };
        assert!(message(None, None).contains("[speech] model"));
        assert!(message(Some(&whole[..10]), None).contains("expected 20 bytes, found 10"));
        assert!(message(Some(b"lmgg and the weightz"), None).contains("expected SHA-256"));
        assert!(message(Some(b"GGUF and the weights"), None).contains("found \"GGUF\""));
        assert!(message(Some(b""), Some("00")).contains("empty"));
        assert!(message(Some(whole), Some("00")).contains("expected SHA-256 00"));
    }

    #[test]
    fn a_model_outside_the_catalogue_needs_its_hash_and_a_renamed_demo_model_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.bin");
        let bytes = b"lmgg of mine";
        std::fs::write(&path, bytes).unwrap();
        let hash = entry("mine.bin", bytes).sha256;
        let none = Catalogue { models: vec![] };
        assert!(matches!(verify(&path, &none, None), Err(ModelError::Unknown { .. })));
        assert!(!verify(&path, &none, Some(&hash.to_uppercase())).unwrap().demo);
        let known = Catalogue { models: vec![entry("other-name.bin", bytes)] };
        assert!(verify(&path, &known, Some(&hash)).unwrap().demo);
        assert!(verify(&path, &known, None).unwrap().demo);
    }
}
