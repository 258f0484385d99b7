//! A file over HTTP, piece by piece into a partial file: what is there already is not fetched again.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};

use reqwest::header::{CONTENT_RANGE, ETAG, HeaderValue, IF_RANGE, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use rustix::fs::fstatvfs;

use crate::config::limits;
use crate::ops::outbound;

/// Servers send downloads on to where the file lies.
const REDIRECTS: usize = 5;

/// Why a file did not come. What came of it is in the partial file.
#[derive(Debug)]
pub(super) enum Fault {
    /// The line or the server; another try may help.
    Passing(String),
    /// It will not come from there.
    Final(String),
}

/// The partial file.
pub(super) struct Part {
    pub file: File,
    /// Bytes in it.
    pub length: u64,
    /// Names the version that its bytes are of, when this run began it.
    version: Option<HeaderValue>,
}

impl Part {
    pub(super) fn new(file: File) -> std::io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length, version: None })
    }

    pub(super) fn begin_again(&mut self) -> std::io::Result<()> {
        (self.length, self.version) = (0, None);
        self.file.set_len(0)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let written = self.file.seek(SeekFrom::Start(self.length)).and_then(|_| self.file.write_all(bytes));
        written.map_err(|e| Fault::Final(format!("it cannot be written: {e}")))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Whether the rest finds room.
    fn check_room(&self, total: u64) -> Result<(), Fault> {
        let Ok(disk) = fstatvfs(&self.file) else { return Ok(()) };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let needed = total.saturating_sub(self.length).saturating_add(limits::DOWNLOAD_LEAVES_FREE);
        if needed <= free {
            return Ok(());
        }
        let (needed, free) = (needed.div_ceil(1 << 20), free >> 20);
        Err(Fault::Final(format!("it needs {needed} MiB on the file system, which has {free} MiB free")))
    }
}

/// Fetches what is missing of `part`. `progress` is told the bytes that are there and how many there will be. Gives up
/// after some tries that brought nothing.
pub(super) async fn fetch(url: &Url, part: &mut Part, progress: impl Fn(u64, Option<u64>)) -> Result<(), Fault> {
    let client = client(url).map_err(Fault::Final)?;
    let mut idle = 0;
    loop {
        let before = part.length;
        let reason = match attempt(&client, url, part, &progress).await {
            Err(Fault::Passing(reason)) => reason,
            ended => return ended,
        };
        idle = if part.length > before { 0 } else { idle + 1 };
        if idle >= limits::DOWNLOAD_TRIES {
            return Err(Fault::Passing(reason));
        }
        tokio::time::sleep(limits::DOWNLOAD_PAUSE * 2_u32.pow(idle)).await;
    }
}

fn client(url: &Url) -> Result<Client, String> {
    // What was asked for over TLS is not fetched without it.
    let follow = Policy::custom(|attempt| {
        let downgrade = attempt.previous().first().is_some_and(|first| first.scheme() == "https");
        if attempt.previous().len() > REDIRECTS || (downgrade && attempt.url().scheme() != "https") {
            attempt.stop()
        } else {
            attempt.follow()
        }
    });
    let builder = outbound::builder(url).redirect(follow).read_timeout(limits::DOWNLOAD_STALL);
    let built = builder.connect_timeout(limits::DELIVERY_CONNECT).build();
    built.map_err(|e| {
        format!("the HTTP client cannot be set up: {}; https needs the ca-certificates package", outbound::describe(e))
    })
}

async fn attempt(
    client: &Client,
    url: &Url,
    part: &mut Part,
    progress: &impl Fn(u64, Option<u64>),
) -> Result<(), Fault> {
    let passing = |error: reqwest::Error| Fault::Passing(outbound::describe(error));
    let disk = |e: std::io::Error| Fault::Final(format!("it cannot be written: {e}"));
    let mut request = client.get(url.clone());
    if part.length > 0 {
        request = request.header(RANGE, format!("bytes={}-", part.length));
        if let Some(version) = &part.version {
            request = request.header(IF_RANGE, version.clone());
        }
    }
    let mut response = request.send().await.map_err(passing)?;
    let total = match response.status() {
        StatusCode::OK => {
            part.begin_again().map_err(disk)?;
            response.content_length()
        }
        StatusCode::PARTIAL_CONTENT => match range(&response) {
            Some((Some(from), total)) if from == part.length => total,
            _ => {
                part.begin_again().map_err(disk)?;
                return Err(Fault::Passing("it sent another part than was asked for".into()));
            }
        },
        StatusCode::RANGE_NOT_SATISFIABLE => match range(&response) {
            Some((None, Some(total))) if total == part.length => return Ok(()),
            _ => {
                part.begin_again().map_err(disk)?;
                return Err(Fault::Passing("its file is shorter than what is here".into()));
            }
        },
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            return Err(Fault::Passing(format!("it answered {}", status.as_u16())));
        }
        StatusCode::NOT_FOUND => return Err(Fault::Final("it answered 404: it has no such file".into())),
        status => return Err(Fault::Final(format!("it answered {}", status.as_u16()))),
    };
    part.check_room(total.unwrap_or(0))?;
    part.version = response.headers().get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/")).cloned();
    while let Some(chunk) = response.chunk().await.map_err(passing)? {
        part.append(&chunk)?;
        if part.length > total.unwrap_or(limits::MAX_MODEL_BYTES) {
            return Err(Fault::Final(format!("it sends more than {} bytes", part.length - chunk.len() as u64)));
        }
        progress(part.length, total);
    }
    match total {
        Some(total) if part.length < total => Err(Fault::Passing("it sent less than was asked for".into())),
        _ => Ok(()),
    }
}

/// `Content-Range`: the first byte, and the length of the whole (RFC 9110 section 14.4).
fn range(response: &Response) -> Option<(Option<u64>, Option<u64>)> {
    let value = response.headers().get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    let (part, whole) = value.split_once('/')?;
    Some((part.split('-').next().and_then(|from| from.parse().ok()), whole.parse().ok()))
}
