//! `whisper-cpp-peer MODEL UTTERANCES [AUDIO_CTX]`: whisper.cpp over the utterances of a measurement, one thread, with the
//! parameters it has unless told otherwise; with AUDIO_CTX (encoder frames of 20 ms) that one is set by hand.
//!
//! UTTERANCES is a folder with `utterances.json` (file, language) and 16 kHz WAV files. One line of JSON for each: text
//! and CPU seconds of this whole process; first one line about what is measured.

use std::error::Error;
use std::path::Path;

use serde_json::{Value, json};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState};

/// whisper.cpp's own.
const BEST_OF: i32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: whisper-cpp-peer MODEL UTTERANCES [AUDIO_CTX]".into());
    };
    let audio_ctx = arguments.next().map(|given| given.parse()).transpose()?;
    whisper_rs::install_logging_hooks();
    let context = WhisperContext::new_with_params(&model, WhisperContextParameters::default())?;
    let mut state = context.create_state()?;
    let folder = Path::new(&folder);
    let list: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join("utterances.json"))?)?;
    let mut utterances = Vec::new();
    for each in &list {
        let field = |name: &str| each[name].as_str().ok_or_else(|| format!("utterances.json: {name} is missing"));
        let samples = hound::WavReader::open(folder.join(field("file")?))?.into_samples::<i16>();
        let sound = samples.map(|sample| sample.map(|value| f32::from(value) / 32_768.0)).collect::<Result<Vec<_>, _>>()?;
        utterances.push((field("language")?, sound));
    }
    println!("{}", json!({ "engine": format!("whisper.cpp {}", whisper_rs::get_whisper_version()) }));
    if let Some((language, sound)) = utterances.first() {
        // What the first one pays for all.
        transcribe(&mut state, language, sound, audio_ctx)?;
    }
    for (language, sound) in &utterances {
        let begun = cpu_s();
        let text = transcribe(&mut state, language, sound, audio_ctx)?;
        println!("{}", json!({ "text": text, "cpu_s": cpu_s() - begun }));
    }
    Ok(())
}

fn transcribe(
    state: &mut WhisperState,
    language: &str,
    sound: &[f32],
    audio_ctx: Option<i32>,
) -> Result<String, Box<dyn Error>> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: BEST_OF });
    params.set_n_threads(1);
    params.set_language(Some(language));
    params.set_print_progress(false);
    params.set_print_timestamps(false);
    if let Some(frames) = audio_ctx {
        params.set_audio_ctx(frames);
    }
    state.full(params, sound)?;
    Ok(state.as_iter().map(|segment| segment.to_string()).collect())
}

fn cpu_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
