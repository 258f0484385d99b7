//! The bundled calls, for tests.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::call::{AudioFrame, FrameKind, Language, MediaTime, SpokenHere};

pub const CALLS: [&str; 5] = ["en-gas", "en-heating", "en-streetlight", "zh-heating", "zh-water"];

#[derive(Deserialize)]
pub struct Reference {
    pub lang: String,
    pub sentences: Vec<Sentence>,
}

#[derive(Deserialize)]
pub struct Sentence {
    pub text: String,
    pub start_ms: u64,
    pub end_ms: u64,
}

pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Rate and samples of a plain PCM16 mono WAV with a 44-byte header (hound belongs to the media stage).
pub fn wav(name: &str) -> (u32, Vec<i16>) {
    let bytes = std::fs::read(path(&format!("audio-samples/{name}.wav"))).unwrap();
    assert_eq!((&bytes[..4], &bytes[36..40]), (&b"RIFF"[..], &b"data"[..]));
    let rate = u32::from_le_bytes(bytes[24..28].try_into().unwrap());
    (rate, bytes[44..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect())
}

pub fn reference(name: &str) -> Reference {
    let text = std::fs::read_to_string(path(&format!("audio-samples/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The samples as frames of `size` samples.
pub fn frames(rate: u32, pcm: &[i16], size: usize) -> Vec<AudioFrame> {
    pcm.chunks(size)
        .enumerate()
        .map(|(i, chunk)| AudioFrame {
            at: MediaTime::from_samples((i * size) as u64, rate),
            rate,
            kind: FrameKind::Heard,
            pcm: chunk.to_vec(),
        })
        .collect()
}

/// A line that asks for nothing but these languages.
pub fn spoken(languages: &[Language]) -> SpokenHere {
    SpokenHere { languages: languages.to_vec(), ..SpokenHere::default() }
}
