//! The form of a Whisper model file (ggml, as whisper.cpp reads it): what its header says, and whether the file is what
//! its header says. whisper.cpp trusts both and ends the process on some files that lie.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::call::Language;

/// First bytes of a ggml model file.
pub const MAGIC: &[u8; 4] = b"lmgg";

/// Vocabularies: English only; multilingual; multilingual with Cantonese (large-v3). whisper.cpp derives its special
/// tokens from the number.
const ENGLISH: i32 = 51_864;
const WITH_CANTONESE: i32 = 51_866;
/// Longest token of the vocabulary and longest name of a tensor, bytes; real ones stay below a hundred.
const LONGEST_NAME: i32 = 1_024;

/// A model's size, from its header.
#[derive(Debug)]
pub struct Shape {
    vocabulary: i32,
    audio_layers: i32,
    pub text_heads: i32,
    pub text_layers: i32,
}

impl Shape {
    pub fn read(path: &Path) -> Result<Self, String> {
        File::open(path).map_err(|e| e.to_string()).and_then(|mut file| Walk::start(&mut file)?.header())
    }

    #[cfg(test)]
    pub fn decoder(text_heads: i32, text_layers: i32) -> Self {
        Self { vocabulary: ENGLISH, audio_layers: 1, text_heads, text_layers }
    }

    /// Of ours, those that the model has a token for.
    pub fn languages(&self) -> Vec<Language> {
        match self.vocabulary {
            ENGLISH => vec![Language::En],
            WITH_CANTONESE => vec![Language::En, Language::Zh, Language::Yue],
            _ => vec![Language::En, Language::Zh],
        }
    }
}

/// Walks the whole file without reading the weights. The error says what was found instead of a Whisper model.
pub fn check(file: &mut File) -> Result<Shape, String> {
    let mut walk = Walk::start(file)?;
    let shape = walk.header()?;
    walk.mel_filters()?;
    walk.vocabulary(shape.vocabulary)?;
    let tensors = walk.tensors()?;
    // Embeddings, convolutions and last norms, and what every layer has.
    let expected = i64::from(11 + 15 * shape.audio_layers + 24 * shape.text_layers);
    if tensors != expected {
        return Err(format!("{tensors} tensors (expected {expected})"));
    }
    Ok(shape)
}

struct Walk<'f> {
    file: BufReader<&'f mut File>,
    at: u64,
    length: u64,
    /// What is being read.
    part: &'static str,
}

impl<'f> Walk<'f> {
    fn start(file: &'f mut File) -> Result<Self, String> {
        let length = file.seek(SeekFrom::End(0)).and_then(|length| file.rewind().map(|()| length));
        Ok(Self { length: length.map_err(|e| e.to_string())?, file: BufReader::new(file), at: 0, part: "its header" })
    }

    fn bytes(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.file
            .read_exact(bytes)
            .map_err(|_| format!("a file that ends in {}, after {} bytes", self.part, self.length))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Little-endian.
    fn word(&mut self) -> Result<i32, String> {
        let mut bytes = [0; 4];
        self.bytes(&mut bytes).map(|()| i32::from_le_bytes(bytes))
    }

    fn skip(&mut self, count: u64) -> Result<(), String> {
        self.at = self.at.saturating_add(count);
        if self.at > self.length {
            let Self { part, length, at, .. } = self;
            return Err(format!("a file that ends in {part}: {length} bytes instead of at least {at}"));
        }
        let count = i64::try_from(count).map_err(|e| e.to_string())?;
        self.file.seek_relative(count).map_err(|e| e.to_string())
    }

    fn header(&mut self) -> Result<Shape, String> {
        let mut magic = [0; 4];
        self.bytes(&mut magic)?;
        if &magic != MAGIC {
            return Err(format!("\"{}\" in place of \"lmgg\"", magic.escape_ascii()));
        }
        let vocabulary = self.ranged("vocabulary", ENGLISH, WITH_CANTONESE)?;
        let _encoder_window = self.ranged("encoder window", 1_500, 1_500)?;
        let state = self.ranged("encoder width", 1, 4_096)?;
        let audio_heads = self.ranged("encoder heads", 1, 64)?;
        let audio_layers = self.ranged("encoder layers", 1, 64)?;
        let _text_window = self.ranged("decoder window", 1, 448)?;
        let _width = self.ranged("decoder width", state, state)?;
        let text_heads = self.ranged("decoder heads", 1, 64)?;
        let text_layers = self.ranged("decoder layers", 1, 64)?;
        let _mels = self.ranged("mel bands", 80, 128)?;
        let format = self.word()?;
        if state % audio_heads != 0 || state % text_heads != 0 {
            return Err(format!("width {state} with {audio_heads} and {text_heads} heads, which do not divide it"));
        }
        // Thousands count versions of the quantisation.
        if !matches!(format % 1_000, 0..=3 | 7..=14) {
            return Err(format!("weights in a format it does not know ({format})"));
        }
        Ok(Shape { vocabulary, audio_layers, text_heads, text_layers })
    }

    fn ranged(&mut self, what: &str, least: i32, most: i32) -> Result<i32, String> {
        let found = self.word()?;
        if (least..=most).contains(&found) {
            return Ok(found);
        }
        let expected = if least == most { least.to_string() } else { format!("{least} to {most}") };
        Err(format!("another architecture: {what} {found} (expected {expected})"))
    }

    fn mel_filters(&mut self) -> Result<(), String> {
        self.part = "its mel filters";
        let bands = self.ranged("mel bands", 80, 128)?;
        let width = self.ranged("mel filter width", 201, 201)?;
        self.skip(4 * u64::from(bands.unsigned_abs()) * u64::from(width.unsigned_abs()))
    }

    fn vocabulary(&mut self, most: i32) -> Result<(), String> {
        self.part = "its vocabulary";
        for _ in 0..self.ranged("tokens", 1, most)? {
            let length = self.ranged("token length", 0, LONGEST_NAME)?;
            self.skip(u64::from(length.unsigned_abs()))?;
        }
        Ok(())
    }

    /// How many there are.
    fn tensors(&mut self) -> Result<i64, String> {
        self.part = "its weights";
        let mut count = 0;
        while self.at < self.length {
            let dimensions = self.ranged("tensor dimensions", 1, 4)?;
            let name_length = self.ranged("tensor name length", 1, LONGEST_NAME)?;
            let kind = self.word()?;
            let mut elements = 1_u64;
            for _ in 0..dimensions {
                let size = self.ranged("tensor size", 1, i32::MAX)?;
                elements = elements.saturating_mul(u64::from(size.unsigned_abs()));
            }
            let mut name = vec![0; usize::try_from(name_length).unwrap_or(0)];
            self.bytes(&mut name)?;
            if !name.starts_with(b"encoder.") && !name.starts_with(b"decoder.") {
                return Err(format!("another architecture: a tensor named \"{}\"", name.escape_ascii()));
            }
            let (bytes, of) = block(kind).ok_or_else(|| format!("weights of a kind it does not know ({kind})"))?;
            self.skip((elements / of).saturating_mul(bytes))?;
            count += 1;
        }
        Ok(count)
    }
}

/// Bytes of a block of so many weights, by ggml's number of the type.
fn block(kind: i32) -> Option<(u64, u64)> {
    Some(match kind {
        0 => (4, 1),
        1 => (2, 1),
        2 => (18, 32),
        3 => (20, 32),
        6 => (22, 32),
        7 => (24, 32),
        8 => (34, 32),
        10 => (84, 256),
        11 => (110, 256),
        12 => (144, 256),
        13 => (176, 256),
        14 => (210, 256),
        _ => return None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::speech::samples;

    /// A file in the form of a model with one layer each and no weight worth anything.
    pub fn model(vocabulary: i32) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let word = |word: i32, bytes: &mut Vec<u8>| bytes.extend_from_slice(&word.to_le_bytes());
        for value in [vocabulary, 1_500, 4, 1, 1, 448, 4, 1, 1, 80, 1, 80, 201] {
            word(value, &mut bytes);
        }
        bytes.resize(bytes.len() + 4 * 80 * 201, 0);
        for value in [1, 2] {
            word(value, &mut bytes);
        }
        bytes.extend_from_slice(b"hi");
        for _ in 0..11 + 15 + 24 {
            for value in [1, 9, 1, 3] {
                word(value, &mut bytes);
            }
            bytes.extend_from_slice(b"encoder.x\0\0\0\0\0\0");
        }
        bytes
    }

    fn found(bytes: &[u8]) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        check(&mut File::open(file.path()).unwrap()).map(|shape| format!("{shape:?}")).unwrap_or_else(|found| found)
    }

    #[test]
    fn the_bundled_model_is_what_its_header_says() {
        let path = samples::path("models/heardline-nano.bin");
        let shape = check(&mut File::open(&path).unwrap()).unwrap();
        assert_eq!((shape.text_heads, shape.text_layers), (3, 3));
        assert_eq!(shape.languages(), [Language::En, Language::Zh]);
    }

    #[test]
    fn a_file_cut_anywhere_is_found_out() {
        let whole = model(51_865);
        assert!(found(&whole).starts_with("Shape"));
        let seed = 7_u64;
        println!("seed {seed}");
        use rand::{Rng as _, SeedableRng as _};
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let cuts = (0..400).map(|_| random.random_range(0..whole.len())).chain([0, 4, 48, whole.len() - 1]);
        for cut in cuts {
            let said = found(&whole[..cut]);
            assert!(!said.starts_with("Shape"), "{cut}: {said}");
        }
    }

    #[test]
    fn another_architecture_is_named_by_what_gives_it_away() {
        let with = |at: usize, value: i32| {
            let mut bytes = model(51_865);
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            found(&bytes)
        };
        assert_eq!(with(4, 32_000), "another architecture: vocabulary 32000 (expected 51864 to 51866)");
        assert_eq!(with(8, 2_048), "another architecture: encoder window 2048 (expected 1500)");
        assert!(with(36, i32::MAX).contains("decoder layers"));
        assert!(with(44, 99).contains("format"));
        let mut junk = model(51_865);
        let length = junk.len();
        junk[length - 600..].fill(0xff);
        assert!(found(&junk).starts_with("another architecture: a tensor named"), "{}", found(&junk));
    }
}
