//! Written calls with the tickets they should become: one JSON object a line.

use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::config::limits;
use crate::draft::schema::{Disposition, Urgency};

/// A call as it was written down, turn by turn.
#[derive(Debug)]
pub(super) struct Call {
    pub id: String,
    /// `en`, `zh`, `yue`, or what else the writer calls it.
    pub lang: String,
    /// Empty when nobody said.
    pub difficulty: String,
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
    System,
    Agent,
    Caller,
}

/// The ticket the call should become. `None`: nothing to be known of it.
#[derive(Debug)]
pub(super) struct Gold {
    pub request_type: String,
    pub category: String,
    /// Categories as good as `category`.
    pub accepted: Vec<String>,
    pub urgency: Urgency,
    pub emergency: bool,
    pub name: Option<String>,
    /// Digits.
    pub phone: Option<String>,
    pub address: Option<String>,
    pub district: Option<String>,
    pub occurred_at: Option<String>,
    pub disposition: Disposition,
    /// Category of each matter.
    pub issues: Vec<String>,
}

/// A line that cannot be scored, and what to do.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Problem {
    /// From 1.
    pub line: usize,
    pub error: String,
}

const REQUEST_TYPES: [&str; 7] = ["complaint", "help", "enquiry", "suggestion", "report", "praise", "none"];

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
        turns,
        gold: gold(&keys.inside("gold")?, known)?,
    })
}

fn gold(keys: &Keys<'_>, known: &dyn Fn(&str) -> bool) -> Result<Gold, String> {
    let text = |key: &str| keys.read::<Option<String>>(key, "text, or null when the call does not tell");
    let category = |keys: &Keys<'_>| -> Result<String, String> {
        let code: String = keys.read("category", "a category's code, as text")?;
        keys.known("category", code, known)
    };
    let request_type: String = keys.read("request_type", &REQUEST_TYPES.join(", "))?;
    if !REQUEST_TYPES.contains(&request_type.as_str()) {
        let right = REQUEST_TYPES.join(", ");
        return Err(format!("{}request_type: {request_type:?}; expected one of {right}", keys.path));
    }
    let accepted: Option<Vec<String>> = keys.optional("accept_categories", "a list of category codes")?;
    let accepted = accepted.unwrap_or_default().into_iter().map(|code| keys.known("accept_categories", code, known));
    Ok(Gold {
        request_type,
        category: category(keys)?,
        accepted: accepted.collect::<Result<_, _>>()?,
        urgency: keys.read("urgency", "one of low, normal, high, urgent, emergency")?,
        emergency: keys.read("emergency", "true or false")?,
        name: text("caller_name")?,
        phone: text("phone")?,
        address: text("address")?,
        district: text("district")?,
        occurred_at: text("occurred_at_text")?,
        disposition: keys
            .read("disposition", "one of draft_ticket, answer_only, redirect, callback, wrong_number, discard")?,
        issues: keys.objects("issues")?.iter().map(category).collect::<Result<_, _>>()?,
    })
}

/// An object of the line, and where it stands in it.
struct Keys<'a> {
    /// Ends with a dot, or is empty.
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> Keys<'a> {
    fn read<T: DeserializeOwned>(&self, key: &str, expected: &str) -> Result<T, String> {
        let Some(value) = self.object.get(key) else {
            return Err(format!("{}{key}: missing; expected {expected}", self.path));
        };
        T::deserialize(value).map_err(|e| format!("{}{key}: {e}; expected {expected}", self.path))
    }

    fn optional<T: DeserializeOwned>(&self, key: &str, expected: &str) -> Result<Option<T>, String> {
        if self.object.contains_key(key) { self.read(key, expected) } else { Ok(None) }
    }

    fn inside(&self, key: &str) -> Result<Keys<'a>, String> {
        let Some(Value::Object(object)) = self.object.get(key) else {
            return Err(format!("{}{key}: missing or no object; expected {{…}}", self.path));
        };
        Ok(Keys { path: format!("{}{key}.", self.path), object })
    }

    fn objects(&self, key: &str) -> Result<Vec<Keys<'a>>, String> {
        let wrong = || format!("{}{key}: missing or no list of objects; expected [{{…}}, …]", self.path);
        let list = self.object.get(key).and_then(Value::as_array).ok_or_else(wrong)?;
        let each = list.iter().enumerate().map(|(at, value)| {
            let object = value.as_object().ok_or_else(wrong)?;
            Ok(Keys { path: format!("{}{key}[{at}].", self.path), object })
        });
        each.collect()
    }

    fn known(&self, key: &str, code: String, known: &dyn Fn(&str) -> bool) -> Result<String, String> {
        if known(&code) {
            return Ok(code);
        }
        let such = "\"utility.heating\" is one, src/draft/data/taxonomy.json has them all";
        Err(format!("{}{key}: {code:?} is no category of the taxonomy; {such}", self.path))
    }
}
