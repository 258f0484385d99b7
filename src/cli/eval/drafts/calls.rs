//! Written calls with the tickets they should become: one JSON object a line.

use std::collections::HashMap;
use std::io::{BufRead, Read as _};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value};

use super::gold::{self, Gold};
use super::keys::Keys;
use crate::config::limits;

/// A call as it was written down, turn by turn.
#[derive(Debug)]
pub(super) struct Call {
    pub id: String,
    /// `en`, `zh`, `yue`, or what else the writer calls it; empty where nothing is said.
    pub lang: String,
    /// Empty when nobody said.
    pub difficulty: String,
    /// Its sound: a WAV file, seen from the folder of the calls.
    pub audio: Option<PathBuf>,
    pub turns: Vec<Turn>,
    pub gold: Gold,
}

#[derive(Debug)]
pub(super) struct Turn {
    pub speaker: Speaker,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Speaker {
    /// The gateway's own prompts.
    System,
    Agent,
    Caller,
}

/// A line that cannot be scored, and what to do.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Problem {
    /// From 1.
    pub line: usize,
    pub error: String,
}

/// Every line of `from` that is not blank: its number and its call, or why it is none; `known` tells whether a category
/// exists. Longer lines and more lines than the limits allow are problems too. The error: reading failed.
pub(super) fn read(
    mut from: impl BufRead,
    known: &dyn Fn(&str) -> bool,
) -> std::io::Result<Vec<(usize, Result<Call, String>)>> {
    let mut out: Vec<(usize, Result<Call, String>)> = Vec::new();
    let (mut ids, mut bytes) = (HashMap::new(), Vec::new());
    for line in 1.. {
        bytes.clear();
        let most = u64::try_from(limits::EVAL_LINE).unwrap_or(u64::MAX);
        if from.by_ref().take(most).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if line > limits::EVAL_CALLS {
            let error = format!("at most {} lines are read; cut the file into several", limits::EVAL_CALLS);
            out.push((line, Err(error)));
            break;
        }
        if bytes.len() == limits::EVAL_LINE && !bytes.ends_with(b"\n") {
            skip_line(&mut from)?;
            out.push((line, Err(format!("{} bytes or more; write one call a line, shorter", limits::EVAL_LINE))));
            continue;
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let call = call(&bytes, known).and_then(|call| match ids.insert(call.id.clone(), line) {
            Some(before) => Err(format!("id: {:?} for the second time (line {before}); rename one", call.id)),
            None => Ok(call),
        });
        out.push((line, call));
    }
    Ok(out)
}

fn skip_line(from: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = from.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        from.consume(used);
        if end.is_some() || used == 0 {
            return Ok(());
        }
    }
}

fn call(line: &[u8], known: &dyn Fn(&str) -> bool) -> Result<Call, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(line).map_err(|e| format!("{e}; expected one JSON object in the line"))?;
    let keys = Keys { path: String::new(), object: &object };
    let mut turns = Vec::new();
    for turn in keys.objects("turns")? {
        turns.push(Turn {
            speaker: turn.read("speaker", "\"caller\", \"agent\" or \"system\"")?,
            text: turn.read("text", "what is said, as text")?,
        });
    }
    Ok(Call {
        id: keys.read("id", "a name of its own, as text")?,
        lang: keys.read("lang", "a language, as text: \"en\", \"zh\", \"yue\"")?,
        difficulty: keys.optional("difficulty", "text: \"easy\", \"hard\"")?.unwrap_or_default(),
        audio: keys.optional("audio", "a WAV file beside this one, as text")?,
        turns,
        gold: gold::read(&keys.inside("gold")?, known)?,
    })
}
