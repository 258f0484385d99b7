//! From PCM to words, fast, and never silent about a loss.
//!
//! [`Listener`] cuts a call's audio at pauses, [`SpeechPool`] recognises the pieces on single-threaded workers,
//! [`StablePrefix`] decides what of a partial result may be shown, [`ledger`] accounts for every millisecond.
//! Reading order: `endpoint`, `recognizer`, `pool`, `doubt`, then the engines: `whisper`, `openai`, `none`.

mod catalogue;
mod coverage;
mod doubt;
mod endpoint;
mod ggml;
mod hot;
mod inventions;
mod level;
mod model;
mod none;
mod openai;
mod pool;
mod queue;
mod recognizer;
mod skipped;
mod stable;
mod text;
mod upsample;
mod utterance;
mod vad;
mod verify;
mod whisper;
mod words;

#[cfg(test)]
mod calibration_tests;
#[cfg(test)]
mod call_tests;
#[cfg(test)]
mod cut_tests;
#[cfg(test)]
mod ear_tests;
#[cfg(test)]
mod language_tests;
#[cfg(test)]
mod pool_tests;
#[cfg(test)]
mod samples;

pub use catalogue::{Catalogue, CatalogueEntry};
pub use coverage::ledger;
pub use endpoint::{Cut, EndpointRules, Heard, Listener};
pub use model::{Calibration, ModelInfo};
pub use none::NoRecognizer;
pub use openai::{OpenAiRecognizer, OpenAiSettings};
pub use pool::{Foreseen, PoolRules, SpeechPool};
pub use recognizer::{Priority, Recognizer, RecognizerError, RecognizerWorker, SpeechSegment};
pub use stable::StablePrefix;
pub use upsample::to_16k;
pub use utterance::utterance;
pub use verify::{ModelError, verify, verify_as};
pub use whisper::{WhisperRecognizer, WhisperSettings};
