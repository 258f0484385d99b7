//! `GET /api/calls/{id}/recording`: the sound of a call, in the parts a player asks for, even while it is live; with
//! `?redacted=true` and once every word is known, the copy that may leave the house.

use std::fs::File;
use std::io::Cursor;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path as FilePath;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use futures_util::TryStreamExt as _;
use rustix::fs::OFlags;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::people::Agent;
use super::people::audit::audit;
use super::range::{Slice, slice};
use super::silence::Silence;
use super::{Desk, call_id};
use crate::call::{CallId, CallState};
use crate::draft::redact::secret_spans;
use crate::intake::problem::Problem;
use crate::store::people::What;

/// Length of the header the recorder writes: RIFF, a 16-byte `fmt ` chunk, the head of `data`.
const HEADER: usize = 44;
const HEADER_LEN: u64 = 44;
/// Bytes read from disk at a time.
const CHUNK: usize = 64 * 1024;

#[derive(Deserialize, utoipa::IntoParams)]
pub(super) struct CopyQuery {
    /// Cards, identity numbers and passwords that were recognised are silent. Only once the call is over and drafted.
    #[serde(default)]
    redacted: bool,
}

/// What is on disk at this moment.
struct Sound {
    file: File,
    /// Bytes to serve: a multiple of a sample after the header.
    len: u64,
    header: [u8; HEADER],
}

#[utoipa::path(get, path = "/api/calls/{id}/recording", tag = "calls",
    params(("id" = String, Path, description = "call id"), CopyQuery,
           ("Range" = Option<String>, Header, description = "one range of bytes; anything else is ignored")),
    responses((status = 200, description = "the recording so far", content_type = "audio/wav"),
              (status = 206, description = "the part asked for", content_type = "audio/wav"),
              (status = 404, description = "no such call, or it has no sound", body = Problem),
              (status = 409, description = "no redacted copy yet: the words of the call are not all known", body = Problem),
              (status = 416, description = "the range lies outside the recording", body = Problem)))]
pub(super) async fn recording(
    State(desk): State<Desk>,
    agent: Agent,
    Path(id): Path<String>,
    Query(CopyQuery { redacted }): Query<CopyQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = call_id(&id)?;
    let row = desk.parts.store.call(id).await?.filter(|row| row.erased_unix_ms.is_none());
    let row = row.ok_or_else(|| Problem::not_found("there is no such call, or it was erased"))?;
    let path = (desk.parts.recordings)(id);
    let Sound { file, len, header } =
        tokio::task::spawn_blocking(move || open(&path)).await.map_err(|_| unreadable())?.map_err(|e| refusal(&e))?;

    let silence = if redacted { Some(silence(&desk, id, row.state, &header).await?) } else { None };
    audit(&desk, &agent, What::Reveal, Some(id), Some("recording".into())).await?;

    // A live recording has no tag: it is another one at every request. Nor has a copy: words may be filled in later.
    let tag = row.recording.filter(|_| !redacted).map(|r| format!("\"{}\"", r.sha256));
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let fresh = headers.get(header::IF_RANGE).is_none_or(|old| tag.as_ref().is_some_and(|tag| old == tag.as_str()));
    // RFC 9110 section 14.2: Range means something to GET only, and only while If-Range still matches.
    let slice = if method == Method::GET && fresh { slice(asked, len) } else { Slice::Whole };

    let (status, first, count) = match slice {
        Slice::Whole => (StatusCode::OK, 0, len),
        Slice::Part { first, count } => (StatusCode::PARTIAL_CONTENT, first, count),
        Slice::Beyond => return Ok(beyond(len)),
    };
    let body = if method == Method::HEAD { Body::empty() } else { body(file, header, first, count, silence).await? };
    let mut response = (status, body).into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    if status == StatusCode::PARTIAL_CONTENT {
        insert(out, header::CONTENT_RANGE, &format!("bytes {first}-{}/{len}", first + count - 1));
    }
    if let Some(tag) = tag {
        insert(out, header::ETAG, &tag);
    }
    let name = if redacted { "-redacted" } else { "" };
    insert(out, header::CONTENT_DISPOSITION, &format!("inline; filename=\"{}{name}.wav\"", row.reference));
    Ok(response)
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn beyond(len: u64) -> Response {
    let detail = format!("the recording has {len} bytes now and the range starts after them");
    let mut response = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", detail).into_response();
    insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{len}"));
    response
}

/// What must be silent in the copy of a call whose words are all known.
async fn silence(desk: &Desk, id: CallId, state: CallState, header: &[u8; HEADER]) -> Result<Silence, Problem> {
    if !state.is_final() {
        let detail = "a redacted copy exists once the call is over and its words are all known; ask again then";
        return Err(Problem::new(StatusCode::CONFLICT, "not-yet", detail));
    }
    let utterances = desk.parts.store.utterances(id).await?;
    Ok(Silence::new(&secret_spans(&utterances), header))
}

async fn body(
    file: File,
    header: [u8; HEADER],
    first: u64,
    count: u64,
    silence: Option<Silence>,
) -> Result<Body, Problem> {
    let mut file = tokio::fs::File::from_std(file);
    file.seek(std::io::SeekFrom::Start(first.max(HEADER_LEN))).await.map_err(|_| unreadable())?;
    let skip = usize::try_from(first).unwrap_or(HEADER).min(HEADER);
    let head = Cursor::new(header.get(skip..).unwrap_or_default().to_vec());
    let stream = ReaderStream::with_capacity(AsyncReadExt::take(AsyncReadExt::chain(head, file), count), CHUNK);
    let Some(silence) = silence else { return Ok(Body::from_stream(stream)) };
    let mut at = first;
    Ok(Body::from_stream(stream.map_ok(move |chunk| {
        let mut chunk = BytesMut::from(chunk);
        silence.cover(at, &mut chunk);
        at += chunk.len() as u64;
        chunk.freeze()
    })))
}

/// Opens without following a link and without waiting (a FIFO would), and only a regular file.
fn open(path: &FilePath) -> std::io::Result<Sound> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
    let mut file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    let mut header = [0; HEADER];
    std::io::Read::read_exact(&mut file, &mut header)?;
    let data = meta.len().saturating_sub(HEADER_LEN) & !1;
    let header = corrected(header, data).ok_or(std::io::ErrorKind::InvalidData)?;
    Ok(Sound { file, len: HEADER_LEN + data, header })
}

/// The recorder refreshes its header once a second, so the two sizes in it may be behind the data.
/// `None`: not the layout the recorder writes.
fn corrected(mut header: [u8; HEADER], data: u64) -> Option<[u8; HEADER]> {
    let is = |at: usize, tag: &[u8]| header.get(at..at + tag.len()) == Some(tag);
    if !(is(0, b"RIFF") && is(8, b"WAVEfmt ") && is(16, &[16, 0, 0, 0]) && is(36, b"data")) {
        return None;
    }
    let data = u32::try_from(data).unwrap_or(u32::MAX - 36);
    header.get_mut(4..8)?.copy_from_slice(&data.saturating_add(36).to_le_bytes());
    header.get_mut(40..44)?.copy_from_slice(&data.to_le_bytes());
    Some(header)
}

fn refusal(error: &std::io::Error) -> Problem {
    use std::io::ErrorKind::{NotFound, UnexpectedEof};
    if matches!(error.kind(), NotFound | UnexpectedEof) {
        return Problem::not_found("this call has no recording (yet)");
    }
    tracing::error!(%error, "a recording could not be opened");
    unreadable()
}

fn unreadable() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "recording",
        "the recording cannot be read; the log of the gateway says why",
    )
}
