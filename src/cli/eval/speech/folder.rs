//! A folder of WAV files with what is said in them: `refs.tsv`, a `.json` beside a file, or both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::times::Timed;
use crate::config::limits;

/// A sound file and what is said in it.
#[derive(Debug)]
pub(super) struct Clip {
    pub path: PathBuf,
    /// Its name in the folder.
    pub file: String,
    /// `en`, `zh`, both with a space between, or empty where nothing is said.
    pub lang: String,
    /// What makes it hard ("telephone", "noise 10 dB"); empty when nobody said.
    pub condition: String,
    pub text: String,
    /// Words or sentences whose place is known.
    pub timed: Vec<Timed>,
}

/// A file that cannot be measured, and what to do.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct Problem {
    pub file: String,
    pub error: String,
}

#[derive(Default)]
struct Row {
    lang: String,
    condition: String,
    text: String,
}

/// The `.json` beside a clip; other keys are no concern of ours.
#[derive(Deserialize)]
struct Beside {
    #[serde(default)]
    lang: String,
    #[serde(default, alias = "sentences")]
    words: Vec<Timed>,
}

const TABLE: &str = "refs.tsv";

/// Every WAV of `folder`, by name, or why it cannot be measured. The error: the folder or its table cannot be read.
pub(super) fn read(folder: &Path) -> Result<(Vec<Clip>, Vec<Problem>), String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}; give a folder", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| is_wav(path)).collect();
    files.sort();
    let mut rows = table(&folder.join(TABLE))?;
    let (mut clips, mut problems) = (Vec::new(), Vec::new());
    for path in files {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match clip(path, &file, rows.remove(&file)) {
            Ok(clip) => clips.push(clip),
            Err(error) => problems.push(Problem { file, error }),
        }
    }
    let absent = |file| Problem { file, error: format!("named in {TABLE}, but not in the folder") };
    problems.extend(rows.into_keys().map(absent));
    Ok((clips, problems))
}

fn is_wav(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav"))
}

fn clip(path: PathBuf, file: &str, row: Option<Row>) -> Result<Clip, String> {
    let json = path.with_extension("json");
    let beside = if json.exists() { Some(beside(&json)?) } else { None };
    let (row, timed) = match (row, beside) {
        (Some(row), beside) => (row, beside.map(|beside| beside.words).unwrap_or_default()),
        (None, Some(beside)) => {
            let text = beside.words.iter().map(|item| item.text.as_str()).collect::<Vec<_>>().join(" ");
            (Row { lang: beside.lang, condition: String::new(), text }, beside.words)
        }
        (None, None) => {
            let stem = json.file_name().unwrap_or_default().to_string_lossy();
            return Err(format!("no reference: add a line to {TABLE}, or write {stem}"));
        }
    };
    let Row { lang, condition, text } = row;
    Ok(Clip { path, file: file.to_owned(), lang, condition, text, timed })
}

/// `refs.tsv`: a head that names the columns, of which `file`, `lang`, `condition` and `text` are read, and a line a
/// file. Empty when there is no such file.
fn table(path: &Path) -> Result<BTreeMap<String, Row>, String> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = text(path)?;
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| head.iter().position(|title| *title == name);
    let (Some(file), Some(words)) = (column("file"), column("text")) else {
        return Err(format!("{}: its first line names the columns, `file` and `text` among them", path.display()));
    };
    let (lang, condition) = (column("lang"), column("condition"));
    let mut rows = BTreeMap::new();
    for (line, cells) in (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = cells.split('\t').collect();
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or(String::new(), |cell| (*cell).to_owned());
        let name = cell(Some(file));
        if cells.len() < head.len() {
            let (wanted, found) = (head.len(), cells.len());
            return Err(format!("{} line {line}: {found} columns, {wanted} expected, by tabs", path.display()));
        }
        let row = Row { lang: cell(lang), condition: cell(condition), text: cell(Some(words)) };
        if rows.insert(name.clone(), row).is_some() {
            return Err(format!("{} line {line}: {name} for the second time", path.display()));
        }
    }
    Ok(rows)
}

fn beside(path: &Path) -> Result<Beside, String> {
    let wrong = |reason: String| {
        format!("{}: {reason}; expected {{\"words\": [{{\"text\", \"start_ms\", \"end_ms\"}}]}}", path.display())
    };
    let beside: Beside = serde_json::from_str(&text(path)?).map_err(|e| wrong(e.to_string()))?;
    let last = limits::MAX_FILE_HOURS * 3_600_000;
    let misplaced = |item: &&Timed| item.span.start > item.span.end || item.span.end.as_millis() > last;
    match beside.words.iter().find(misplaced) {
        Some(item) => Err(wrong(format!("{:?} ends before it begins, or after {last} ms", item.text))),
        None => Ok(beside),
    }
}

fn text(path: &Path) -> Result<String, String> {
    let wrong = |reason: String| format!("{}: {reason}", path.display());
    let size = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?.len();
    if size > limits::EVAL_REFERENCE {
        return Err(wrong(format!("{size} bytes, at most {} are read", limits::EVAL_REFERENCE)));
    }
    std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))
}
