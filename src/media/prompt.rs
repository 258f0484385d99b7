//! What the gateway says: built-in prompts per language, replaceable by a folder of recordings.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::resample::resample;
use crate::call::{Codec, Language};
use crate::codec::Encoder;

/// Rate of our recordings, and of half of our codecs.
pub(super) const NARROW: u32 = 8_000;
/// Rate of the other half.
const WIDE: u32 = 16_000;
/// Samples of an Opus packet of ours, 20 ms, and the most bytes it takes.
const OPUS_SAMPLES: usize = 320;
const OPUS_PAYLOAD: usize = 480;

/// A spoken text: mono PCM at the two rates of our codecs, and what it says.
#[derive(Clone, Debug)]
pub struct Prompt {
    narrow: Vec<i16>,
    /// Exactly twice as many samples.
    wide: Vec<i16>,
    /// The same in Opus, made when a call first needs it: what is said to every caller is encoded once.
    opus: OnceLock<Vec<Box<[u8]>>>,
    pub text: String,
}

impl PartialEq for Prompt {
    fn eq(&self, other: &Self) -> bool {
        (&self.narrow, &self.text) == (&other.narrow, &other.text)
    }
}

impl Eq for Prompt {}

impl Prompt {
    /// `pcm`: 8 kHz mono.
    pub fn new(pcm: Vec<i16>, text: String) -> Self {
        // Neither rate can be refused; should the filter fail, the caller hears silence and the call goes on.
        let mut wide = resample(&pcm, NARROW, WIDE).unwrap_or_default();
        wide.resize(pcm.len() * 2, 0);
        Self { narrow: pcm, wide, opus: OnceLock::new(), text }
    }

    /// The sound at `rate`: 16,000 or 8,000.
    pub fn pcm(&self, rate: u32) -> &[i16] {
        if rate == WIDE { &self.wide } else { &self.narrow }
    }

    /// Opus packets of 20 ms, the last one filled up with silence.
    pub fn opus(&self) -> &[Box<[u8]>] {
        self.opus.get_or_init(|| {
            let mut encoder = Encoder::new(Codec::Opus);
            let mut payload = [0; OPUS_PAYLOAD];
            let packet = |pcm: &[i16]| {
                let mut whole = [0; OPUS_SAMPLES];
                whole.iter_mut().zip(pcm).for_each(|(to, from)| *to = *from);
                let length = encoder.encode(&whole, &mut payload);
                payload.get(..length).unwrap_or(&[]).into()
            };
            self.wide.chunks(OPUS_SAMPLES).map(packet).collect()
        })
    }

    pub fn millis(&self) -> u64 {
        u64::try_from(self.narrow.len()).unwrap_or(u64::MAX) / 8
    }
}

/// Everything the gateway can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PromptName {
    /// You are recorded; in danger call … (the line's emergency number follows, digit by digit).
    Notice,
    AnythingElse,
    /// Your reference is … (the digits follow).
    Reference,
    Goodbye,
    CallBack,
    Warning,
    /// If this is an emergency, hang up and call … (the line's emergency number follows, digit by digit).
    Emergency,
    /// Where is it?
    AskPlace,
    /// On what number can we call you back?
    AskNumber,
    /// I have the number … (the digits follow, in groups).
    ReadBackBefore,
    /// … is that right? Yes or key 1, no or key 2.
    ReadBackAfter,
    Digit(u8),
}

impl PromptName {
    fn file_stem(self) -> String {
        match self {
            Self::Notice => "notice".into(),
            Self::AnythingElse => "anything_else".into(),
            Self::Reference => "reference".into(),
            Self::Goodbye => "goodbye".into(),
            Self::CallBack => "call_back".into(),
            Self::Warning => "warning".into(),
            Self::Emergency => "emergency".into(),
            Self::AskPlace => "ask_place".into(),
            Self::AskNumber => "ask_number".into(),
            Self::ReadBackBefore => "read_back_before".into(),
            Self::ReadBackAfter => "read_back_after".into(),
            Self::Digit(digit) => format!("digit_{digit}"),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    #[error("{path}: {reason}; a prompt is a WAV file of at most 20 s")]
    Unusable { path: PathBuf, reason: String },
    #[error("prompt {0:?} has no built-in recording in language {1}")]
    Missing(String, &'static str),
}

/// The prompts of one line.
#[derive(Clone)]
pub struct Prompts {
    by_name: Arc<HashMap<(Language, String), Arc<Prompt>>>,
}

const TEXTS: &str = include_str!("prompts/prompts.tsv");

macro_rules! built_in {
    ($($language:literal => [$($name:literal),+ $(,)?]),+ $(,)?) => {
        &[$($(($language, $name, include_bytes!(concat!("prompts/", $language, "/", $name, ".wav")) as &[u8])),+),+]
    };
}

macro_rules! all_languages {
    ($($name:literal),+ $(,)?) => {
        built_in!("en" => [$($name),+], "zh" => [$($name),+], "yue" => [$($name),+])
    };
}

const SOUNDS: &[(&str, &str, &[u8])] = all_languages!(
    "notice",
    "anything_else",
    "reference",
    "goodbye",
    "call_back",
    "warning",
    "emergency",
    "ask_place",
    "ask_number",
    "read_back_before",
    "read_back_after",
    "digit_0",
    "digit_1",
    "digit_2",
    "digit_3",
    "digit_4",
    "digit_5",
    "digit_6",
    "digit_7",
    "digit_8",
    "digit_9",
);

impl Prompts {
    /// Built-in prompts; files `<folder>/<language>/<name>.wav` replace them one by one.
    pub fn load(languages: &[Language], folder: Option<&Path>) -> Result<Self, PromptError> {
        let mut by_name = HashMap::new();
        for (language, name, wav) in SOUNDS {
            let Some(language) = Language::from_code(language).filter(|l| languages.contains(l)) else { continue };
            let text = text_of(language.code(), name);
            let own =
                folder.map(|dir| dir.join(language.code()).join(format!("{name}.wav"))).filter(|path| path.exists());
            let prompt = match own {
                Some(path) => Prompt::new(read_own(&path)?, text),
                None => Prompt::new(pcm_of_wav(wav), text),
            };
            by_name.insert((language, (*name).to_owned()), Arc::new(prompt));
        }
        Ok(Self { by_name: Arc::new(by_name) })
    }

    pub fn get(&self, language: Language, name: PromptName) -> Result<Arc<Prompt>, PromptError> {
        let stem = name.file_stem();
        self.by_name.get(&(language, stem.clone())).cloned().ok_or(PromptError::Missing(stem, language.code()))
    }

    /// No prompts at all: a line that vanished from the configuration between two starts.
    pub fn none() -> Self {
        Self { by_name: Arc::default() }
    }

    /// A prompt followed by digits, for numbers that are read out one by one.
    pub fn with_digits(
        &self,
        language: Language,
        name: PromptName,
        digits: impl Iterator<Item = u8>,
    ) -> Result<Vec<Arc<Prompt>>, PromptError> {
        std::iter::once(name).chain(digits.map(PromptName::Digit)).map(|name| self.get(language, name)).collect()
    }
}

/// The pause between two groups of a number that is read out.
pub fn pause() -> Arc<Prompt> {
    /// 300 ms at [`NARROW`].
    const SAMPLES: usize = 2_400;
    Arc::new(Prompt::new(vec![0; SAMPLES], ",".to_owned()))
}

/// `language`: as the first column names it.
pub(super) fn text_of(language: &str, name: &str) -> String {
    TEXTS
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, '\t');
            (parts.next()? == language && parts.next()? == name).then(|| parts.next()).flatten()
        })
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Our own files have the canonical 44-byte header, so their samples start there.
fn pcm_of_wav(wav: &[u8]) -> Vec<i16> {
    wav.get(44..).unwrap_or_default().as_chunks().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

fn read_own(path: &Path) -> Result<Vec<i16>, PromptError> {
    const LONGEST_S: usize = 20;
    let unusable = |reason: String| PromptError::Unusable { path: path.into(), reason };
    let pcm = super::wav::read_at(path, NARROW).map_err(|e| unusable(e.to_string()))?.pcm;
    if pcm.len() > LONGEST_S * 8_000 {
        return Err(unusable(format!("{} s long", pcm.len() / 8_000)));
    }
    Ok(pcm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_is_at_most_eight_seconds_in_every_language_with_its_number() {
        let all = [Language::En, Language::Zh, Language::Yue];
        let prompts = Prompts::load(&all, None).unwrap();
        for language in all {
            let notice = prompts.with_digits(language, PromptName::Notice, [1, 1, 2].into_iter()).unwrap();
            let millis: u64 = notice.iter().map(|p| p.millis()).sum();
            assert!(millis > 2_000 && millis <= 8_000, "{language:?}: {millis} ms");
            assert!(notice.iter().all(|p| !p.text.is_empty()));
        }
    }

    #[test]
    fn a_prompt_is_as_long_at_either_rate() {
        for length in [0, 1, 799, 8_000] {
            let prompt = Prompt::new(vec![100; length], String::new());
            assert_eq!((prompt.pcm(8_000).len(), prompt.pcm(16_000).len()), (length, length * 2));
        }
    }

    #[test]
    fn a_language_the_line_does_not_speak_has_no_prompts() {
        let prompts = Prompts::load(&[Language::En], None).unwrap();
        assert!(prompts.get(Language::Zh, PromptName::Goodbye).is_err());
    }
}
