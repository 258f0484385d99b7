//! `GET /samples/{name}.wav`: bundled callers, for whoever tries the demo model, which understands nobody else.

use std::fs;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Public;
use crate::call::Language;
use crate::config::{find_bundled, limits};
use crate::intake::problem::Problem;
use crate::media::read_mono;
use crate::review::range::{Slice, slice};

/// One recorded caller.
#[derive(Clone, Debug, Serialize)]
pub(in crate::review) struct Sample {
    name: String,
    language: Language,
    seconds: f64,
    url: String,
    /// What is said.
    text: String,
    #[serde(skip)]
    path: PathBuf,
}

/// Those that can be played, by name. Empty unless the demo model is active.
#[derive(Clone, Default)]
pub(in crate::review) struct Samples(Arc<[Sample]>);

/// What is said in a sample: `audio-samples/NAME.json`.
#[derive(Deserialize)]
struct Script {
    lang: Language,
    sentences: Vec<Sentence>,
}

#[derive(Deserialize)]
struct Sentence {
    text: String,
}

impl Samples {
    /// Whole calls: those with a script and with a draft that they must come to. What is missing or damaged is left
    /// out; nobody's call depends on it.
    pub fn bundled() -> Self {
        find_bundled(FilePath::new("audio-samples")).map(|folder| Self::of(&folder)).unwrap_or_default()
    }

    fn of(folder: &FilePath) -> Self {
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let files = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> =
            files.filter_map(|file| file.strip_suffix(".expected.json").map(str::to_owned)).collect();
        names.sort_unstable();
        names.into_iter().filter_map(|name| Sample::of(folder, name)).take(limits::MAX_SAMPLES).collect()
    }

    pub fn all(&self) -> &[Sample] {
        &self.0
    }
}

impl FromIterator<Sample> for Samples {
    fn from_iter<I: IntoIterator<Item = Sample>>(samples: I) -> Self {
        Self(samples.into_iter().collect())
    }
}

impl Sample {
    fn of(folder: &FilePath, name: String) -> Option<Self> {
        let script: Script =
            serde_json::from_str(&fs::read_to_string(folder.join(format!("{name}.json"))).ok()?).ok()?;
        let path = folder.join(format!("{name}.wav"));
        let millis = read_mono(&path).ok()?.duration_ms();
        let tenths = u32::try_from(millis.div_ceil(100)).ok()?;
        Some(Self {
            language: script.lang,
            seconds: f64::from(tenths) / 10.0,
            url: format!("/samples/{name}.wav"),
            text: spoken(&script),
            name,
            path,
        })
    }
}

/// The Chinese scripts have no punctuation of their own.
fn spoken(script: &Script) -> String {
    let sentences: Vec<&str> = script.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    match script.lang {
        Language::En => sentences.join(" "),
        Language::Zh | Language::Yue => format!("{}。", sentences.join("，")),
    }
}

pub(in crate::review) async fn sample(
    State(public): State<Public>,
    Path(file): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let none = || Problem::not_found("there is no such sample; they can be heard while the demo model is active");
    let name = file.strip_suffix(".wav").ok_or_else(none)?;
    let sample = public.samples.all().iter().find(|sample| sample.name == name).ok_or_else(none)?;
    let bytes = tokio::fs::read(&sample.path).await.map_err(|error| {
        tracing::error!(%error, path = %sample.path.display(), "a sample cannot be read");
        none()
    })?;
    let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    // RFC 9110 section 14.2: for GET only; without a tag of ours If-Range never matches.
    let ranged = method == Method::GET && !headers.contains_key(header::IF_RANGE);
    let (status, first, count) = match if ranged { slice(asked, len) } else { Slice::Whole } {
        Slice::Whole => (StatusCode::OK, 0, len),
        Slice::Part { first, count } => (StatusCode::PARTIAL_CONTENT, first, count),
        Slice::Beyond => {
            let detail = format!("the sample has {len} bytes and the range starts after them");
            return Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", detail));
        }
    };
    let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
    let part = bytes::Bytes::from(bytes).slice(at(first)..at(first + count));
    let kind = [(header::CONTENT_TYPE, "audio/wav"), (header::ACCEPT_RANGES, "bytes")];
    let mut response = (status, kind, part).into_response();
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(range) = HeaderValue::from_str(&format!("bytes {first}-{}/{len}", first + count - 1))
    {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}
