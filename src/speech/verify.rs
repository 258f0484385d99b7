//! The check that a model file is whole, and which one it is, before whisper.cpp reads it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::catalogue::{Catalogue, CatalogueEntry};
use super::ggml;
use super::model::ModelInfo;

/// Why a model file is not used. One line: path, expected, found, what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("model {path}: expected a model file, found none; fetch one (`{pull}`) and name it in [speech] model")]
    Missing { path: PathBuf, pull: String },
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
        "model {path}: expected {algorithm} {expected}, found {found}; the file is damaged or another one, fetch it again"
    )]
    Hash { path: PathBuf, algorithm: &'static str, expected: String, found: String },
    #[error(
        "model {path}: expected a whole Whisper model in ggml form, found {found}; fetch it again or convert the right model"
    )]
    NotWhisper { path: PathBuf, found: String },
    #[error(
        "model {path}: expected a model of the catalogue (`heardline models list`), found SHA-256 {found}; if you trust the file, set [speech] model_sha256 to it"
    )]
    Unknown { path: PathBuf, found: String },
    #[error("models/catalogue.toml: {0}")]
    Catalogue(String),
}

impl CatalogueEntry {
    /// Algorithm, expected and found, of the first hash that is another one.
    fn mismatch(&self, found: &Hashes) -> Option<(&'static str, String, String)> {
        let differs = |name, expected: &Option<String>, found: &str| {
            let expected = expected.clone().filter(|expected| expected != found)?;
            Some((name, expected, found.to_owned()))
        };
        differs("SHA-256", &self.sha256, &found.sha256)
            .or_else(|| differs("SHA-1", &self.sha1, found.sha1.as_deref().unwrap_or("none")))
    }

    fn info(&self, found: &Hashes) -> ModelInfo {
        ModelInfo {
            name: self.name.clone(),
            demo: self.demo,
            languages: self.languages.clone(),
            understands: self.understands.clone(),
            sha256: found.sha256.clone(),
            calibration: self.calibration,
        }
    }
}

/// Reads the file once and says which model it is.
///
/// `extra_sha256` (from the configuration) is for a model that the catalogue does not know; such a file must also have
/// the shape of a Whisper model, for whisper.cpp ends the process on some that have not. A file whose hash is in the
/// catalogue keeps that entry's `demo` mark under any file name.
pub fn verify(path: &Path, catalogue: &Catalogue, extra_sha256: Option<&str>) -> Result<ModelInfo, ModelError> {
    let named = catalogue.models.iter().find(|m| path.file_name().is_some_and(|name| name == m.file.as_str()));
    let Some(expected) = extra_sha256 else {
        return match named {
            Some(entry) => verify_as(path, entry),
            None => {
                let (_, found) = read(path, None)?;
                let known = catalogue.models.iter().find(|m| m.mismatch(&found).is_none());
                known
                    .map(|entry| entry.info(&found))
                    .ok_or(ModelError::Unknown { path: path.into(), found: found.sha256 })
            }
        };
    };
    let (mut file, found) = read(path, named)?;
    if !expected.eq_ignore_ascii_case(&found.sha256) {
        let (expected, found) = (expected.to_lowercase(), found.sha256);
        return Err(ModelError::Hash { path: path.into(), algorithm: "SHA-256", expected, found });
    }
    if let Some(entry) = catalogue.models.iter().find(|m| m.mismatch(&found).is_none()) {
        return Ok(entry.info(&found));
    }
    let shape = ggml::check(&mut file).map_err(|found| ModelError::NotWhisper { path: path.into(), found })?;
    let name = path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok(ModelInfo { sha256: found.sha256, languages: shape.languages(), ..ModelInfo::unknown(&name) })
}

/// Whether the file, whatever its name is, is this model.
pub fn verify_as(path: &Path, entry: &CatalogueEntry) -> Result<ModelInfo, ModelError> {
    if let (Some(expected), Ok(metadata)) = (entry.size, std::fs::metadata(path))
        && expected != metadata.len()
    {
        return Err(ModelError::Size { path: path.into(), expected, found: metadata.len() });
    }
    let (_, found) = read(path, Some(entry))?;
    match entry.mismatch(&found) {
        Some((algorithm, expected, found)) => Err(ModelError::Hash { path: path.into(), algorithm, expected, found }),
        None => Ok(entry.info(&found)),
    }
}

fn read(path: &Path, named: Option<&CatalogueEntry>) -> Result<(File, Hashes), ModelError> {
    let mut file = File::open(path).map_err(|e| unreadable(path, named, &e))?;
    let by_sha1 = named.is_none_or(|entry| entry.sha1.is_some());
    let found = hashes(path, &mut file, by_sha1)?;
    Ok((file, found))
}

struct Hashes {
    sha256: String,
    /// Only where a model could be known by it: three gigabytes take seconds.
    sha1: Option<String>,
}

fn hashes(path: &Path, file: &mut File, by_sha1: bool) -> Result<Hashes, ModelError> {
    let (mut sha256, mut sha1) = (Sha256::new(), by_sha1.then(Sha1::new));
    let mut buffer = vec![0u8; 1 << 20];
    let mut first = true;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(unreadable(path, None, &e)),
        };
        let read = &buffer[..read];
        if first && !read.starts_with(ggml::MAGIC) {
            let found = read[..read.len().min(ggml::MAGIC.len())].escape_ascii().to_string();
            return Err(ModelError::NotGgml { path: path.into(), found: format!("\"{found}\"") });
        }
        first = false;
        sha256.update(read);
        if let Some(sha1) = &mut sha1 {
            sha1.update(read);
        }
    }
    if first {
        return Err(ModelError::NotGgml { path: path.into(), found: "an empty file".to_owned() });
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(Hashes { sha256: hex(&sha256.finalize()), sha1: sha1.map(|sha1| hex(&sha1.finalize())) })
}

fn unreadable(path: &Path, named: Option<&CatalogueEntry>, e: &std::io::Error) -> ModelError {
    match e.kind() {
        ErrorKind::NotFound => {
            let known = named.filter(|entry| entry.url.is_some()).map_or("small", |entry| entry.name.as_str());
            ModelError::Missing { path: path.into(), pull: format!("heardline models pull {known}") }
        }
        _ => ModelError::Unreadable { path: path.into(), reason: e.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Language;
    use crate::speech::Calibration;
    use crate::speech::samples;

    fn entry(file: &str, bytes: &[u8]) -> CatalogueEntry {
        CatalogueEntry {
            name: "small".into(),
            file: file.into(),
            url: None,
            size: Some(bytes.len() as u64),
            mib: 1,
            sha256: Some(Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()),
            sha1: None,
            demo: true,
            languages: vec![Language::En],
            licence: "MIT".into(),
            understands: "nothing".into(),
            worker_mib: 1,
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
        let bytes = ggml::tests::model(51_866);
        std::fs::write(&path, &bytes).unwrap();
        let hash = entry("mine.bin", &bytes).sha256.unwrap();
        let none = Catalogue { models: vec![] };
        assert!(matches!(verify(&path, &none, None), Err(ModelError::Unknown { .. })));
        let info = verify(&path, &none, Some(&hash.to_uppercase())).unwrap();
        assert_eq!((info.name.as_str(), info.demo, info.sha256), ("mine", false, hash.clone()));
        assert!(info.languages.contains(&Language::Yue), "its vocabulary has Cantonese");
        let known = Catalogue { models: vec![entry("other-name.bin", &bytes)] };
        assert!(verify(&path, &known, Some(&hash)).unwrap().demo);
        assert!(verify(&path, &known, None).unwrap().demo);
    }

    #[test]
    fn a_file_whose_hash_was_given_must_still_be_a_whisper_model() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("llama.bin");
        let bytes = [&b"lmgg"[..], &32_000_i32.to_le_bytes(), &[0; 64]].concat();
        std::fs::write(&path, &bytes).unwrap();
        let hash = entry("llama.bin", &bytes).sha256.unwrap();
        let said = verify(&path, &Catalogue { models: vec![] }, Some(&hash)).unwrap_err().to_string();
        assert!(said.contains("llama.bin: expected a whole Whisper model") && said.contains("32000"), "{said}");
    }

    #[test]
    fn a_published_model_is_known_by_its_publishers_hash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ggml-x.bin");
        let bytes = b"lmgg whatever it holds";
        let sha1: String = Sha1::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        let listed = format!(
            "model = []\n[whisper]\nurl = \"https://models.example/\"\nlicence = \"MIT\"\n\
             models = [{{ name = \"x\", sha1 = \"{sha1}\", mib = 9000, worker_mib = 1, languages = [\"en\"] }}]"
        );
        let catalogue = Catalogue::parse(&listed).unwrap();
        assert_eq!(catalogue.find("x").unwrap().url.as_deref(), Some("https://models.example/ggml-x.bin"));
        std::fs::write(&path, bytes).unwrap();
        let info = verify(&path, &catalogue, None).unwrap();
        assert_eq!((info.name.as_str(), info.sha256.len()), ("x", 64), "a rounded size refuses nothing");
        std::fs::write(&path, b"lmgg and something else").unwrap();
        let said = verify(&path, &catalogue, None).unwrap_err().to_string();
        assert!(said.contains(&format!("expected SHA-1 {sha1}, found ")), "{said}");
    }
}
