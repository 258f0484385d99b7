//! What is recognised: telephone calls with known sentences, cut by the gateway's own endpointer.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::call::{AudioFrame, CallId, FrameKind, Language, MediaSpan, MediaTime, SpokenHere};
use crate::cli::Failure;
use crate::media::wav;
use crate::speech::{Cut, EndpointRules, Heard, Listener, SpeechSegment, to_16k};

/// What Whisper takes.
const RATE: u32 = 16_000;
const SHORTEST_MS: u64 = 1_000;
const LONGEST_MS: u64 = 8_000;

/// A call's sentences, as in `audio-samples/*.json`.
#[derive(Clone, Deserialize)]
pub(super) struct Script {
    lang: Language,
    pub sentences: Vec<Sentence>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Sentence {
    pub text: String,
    pub start_ms: u64,
    pub end_ms: u64,
}

/// A call to be made or cut.
#[derive(Clone)]
pub(super) struct Call {
    pub script: Script,
    rate: u32,
    pub pcm: Vec<i16>,
}

/// One piece of speech and what is said in it.
pub(super) struct Spoken {
    pub language: Language,
    pub said: String,
    /// 16 kHz: every engine gets the same samples.
    pcm: Vec<i16>,
}

/// One line of `utterances.json`, from which the peers work.
#[derive(Serialize)]
struct Listed {
    file: String,
    language: &'static str,
}

/// Every WAV of the folders that has a script beside it, by name.
pub(super) fn calls(folders: &[PathBuf]) -> Result<Vec<Call>, Failure> {
    let mut calls = Vec::new();
    for folder in folders {
        let unread = |e: std::io::Error| Failure::new(format!("{}: {e}; run `make bench-speech`", folder.display()));
        let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(unread)?.collect();
        let mut paths: Vec<PathBuf> = entries.map_err(unread)?.into_iter().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "wav"));
        paths.sort();
        for path in paths {
            let Ok(script) = std::fs::read(path.with_extension("json")) else { continue };
            let script: Script =
                serde_json::from_slice(&script).map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
            let sound = wav::read_mono(&path).map_err(Failure::new)?;
            calls.push(Call { script, rate: sound.rate, pcm: sound.pcm });
        }
    }
    Ok(calls)
}

impl Call {
    /// A recording of which it is not known what is said.
    pub(super) fn of(rate: u32, pcm: Vec<i16>) -> Self {
        Self { script: Script { lang: Language::En, sentences: Vec::new() }, rate, pcm }
    }

    /// As far as whole sentences fit.
    pub(super) fn until(&self, millis: u64) -> Self {
        let mut call = self.clone();
        call.script.sentences.retain(|sentence| sentence.end_ms <= millis);
        let end = call.script.sentences.last().map_or(0, |sentence| sentence.end_ms);
        call.pcm.truncate(usize::try_from(MediaTime(end).as_samples(self.rate)).unwrap_or(usize::MAX));
        call
    }

    pub(super) fn millis(&self) -> u64 {
        MediaTime::from_samples(self.pcm.len() as u64, self.rate).as_millis()
    }

    /// The segments, as a call is cut.
    pub(super) fn cut(&self) -> Vec<Cut> {
        let mut listener = Listener::new(self.rate, EndpointRules::default());
        let frame = AudioFrame { at: MediaTime::ZERO, rate: self.rate, kind: FrameKind::Heard, pcm: self.pcm.clone() };
        let mut heard = listener.push(&frame);
        heard.extend(listener.finish());
        heard.into_iter().filter_map(Heard::into_cut).collect()
    }

    /// Segments of a telephone's usual length that hold whole sentences: only of these it is known what they say.
    pub(super) fn spoken(&self) -> Vec<Spoken> {
        let mut spoken = Vec::new();
        for Cut { span, pcm, .. } in self.cut() {
            let within = |sentence: &&Sentence| {
                let sentence = MediaSpan::new(MediaTime(sentence.start_ms), MediaTime(sentence.end_ms));
                sentence.overlap(span) > 0
            };
            let sentences: Vec<&Sentence> = self.script.sentences.iter().filter(within).collect();
            let whole = sentences
                .iter()
                .all(|sentence| sentence.start_ms + 100 >= span.start.0 && sentence.end_ms <= span.end.0 + 100);
            if sentences.is_empty() || !whole || !(SHORTEST_MS..=LONGEST_MS).contains(&span.millis()) {
                continue;
            }
            let said: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
            let wide = to_16k(&pcm, self.rate).into_iter().map(|sample| (sample * 32_768.0) as i16).collect();
            spoken.push(Spoken { language: self.script.lang, said: said.join(" "), pcm: wide });
        }
        spoken
    }
}

impl Spoken {
    pub(super) fn seconds(&self) -> f64 {
        self.pcm.len() as f64 / f64::from(RATE)
    }

    pub(super) fn segment(&self, languages: Vec<Language>) -> SpeechSegment {
        let end = MediaTime::from_samples(self.pcm.len() as u64, RATE);
        let span = MediaSpan::new(MediaTime::ZERO, end);
        let cut = Cut { span, pcm: self.pcm.clone(), voiced: Vec::new() };
        let spoken = SpokenHere { languages, ..SpokenHere::default() };
        SpeechSegment::new(CallId::new(), 0, cut, RATE, spoken)
    }
}

/// So many of them, evenly over their lengths: a part that costs by the second what all of them cost.
pub(super) fn evenly(mut spoken: Vec<&Spoken>, wanted: usize) -> Vec<&Spoken> {
    spoken.sort_by_key(|one| one.pcm.len());
    let count = spoken.len();
    let wanted = wanted.min(count);
    (0..wanted).map(|at| spoken[(2 * at + 1) * count / (2 * wanted)]).collect()
}

/// For the peers: WAV files and `utterances.json`. The folder is made anew.
pub(super) fn write(folder: &Path, spoken: &[&Spoken]) -> Result<(), Failure> {
    let unwritten = |e: std::io::Error| Failure::new(format!("{}: {e}", folder.display()));
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(unwritten)?;
    }
    std::fs::create_dir_all(folder).map_err(unwritten)?;
    let mut list = Vec::new();
    for (at, one) in spoken.iter().enumerate() {
        let file = format!("{at:03}.wav");
        wav::write_mono(&folder.join(&file), RATE, &one.pcm).map_err(Failure::new)?;
        list.push(Listed { file, language: one.language.code() });
    }
    let list = serde_json::to_vec_pretty(&list).map_err(Failure::new)?;
    std::fs::write(folder.join("utterances.json"), list).map_err(unwritten)
}
