//! `heardline models pull`: a model is whole under its name or not there at all, whatever the line, the server and what
//! lay there before do to it.

mod common;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use common::served::heardline;
use common::{LOOPBACK, bundled};

const NAME: &str = "heardline-nano";
const FILE: &str = "heardline-nano.bin";

struct Mirror {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Option<String>>>>,
    server: JoinHandle<()>,
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Clone)]
struct Shelf {
    model: Bytes,
    /// A connection breaks off after so many bytes, or ends there in good order when less is what it promised.
    at_most: usize,
    promised: bool,
    ranges: bool,
    /// Not there while anything is still asked for.
    never_half: PathBuf,
    seen: Arc<Mutex<Vec<Option<String>>>>,
}

impl Mirror {
    async fn start(folder: &TempDir, model: Bytes, at_most: usize, ranges: bool) -> Self {
        Self::of(folder, model, at_most, ranges, true).await
    }

    async fn of(folder: &TempDir, model: Bytes, at_most: usize, ranges: bool, promised: bool) -> Self {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
        let shelf =
            Shelf { model, at_most, promised, ranges, never_half: folder.path().join(FILE), seen: seen.clone() };
        let router = Router::new().route(&format!("/{FILE}"), get(serve)).with_state(shelf);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen, server }
    }

    /// The `Range` of every request.
    fn ranges(&self) -> Vec<Option<String>> {
        self.seen.lock().unwrap().clone()
    }

    async fn pull(&self, folder: &TempDir) -> (Option<i32>, String) {
        pull(&format!("http://{}", self.address), folder).await
    }
}

async fn serve(State(shelf): State<Shelf>, headers: HeaderMap) -> Response {
    assert!(!shelf.never_half.exists(), "the model has its name before it is whole");
    let range = headers.get(header::RANGE).map(|range| range.to_str().unwrap().to_owned());
    shelf.seen.lock().unwrap().push(range.clone());
    let whole = shelf.model.len();
    let from = range
        .filter(|_| shelf.ranges)
        .map(|range| range.trim_start_matches("bytes=").trim_end_matches('-').parse::<usize>().unwrap());
    let rest = shelf.model.slice(from.unwrap_or(0).min(whole)..);
    if rest.is_empty() {
        return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{whole}"))])
            .into_response();
    }
    let length = rest.len();
    let sent = rest.slice(..length.min(shelf.at_most));
    let short = !shelf.promised && from.is_some();
    let (broken, length) = if short { (false, sent.len()) } else { (sent.len() < length, length) };
    let end = futures_util::stream::once(async {
        // So that what came before it is on its way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        Err(std::io::Error::other("broken off"))
    });
    let start = futures_util::stream::iter([Ok::<_, std::io::Error>(sent)]);
    let body = if broken { Body::from_stream(start.chain(end)) } else { Body::from_stream(start) };
    let mut response = Response::new(body);
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_LENGTH, length.into());
    answer.insert(header::ETAG, "\"one\"".parse().unwrap());
    if let Some(from) = from {
        answer.insert(header::CONTENT_RANGE, format!("bytes {from}-{}/{whole}", from + length - 1).parse().unwrap());
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

fn model() -> Bytes {
    std::fs::read(bundled("models").join(FILE)).unwrap().into()
}

/// What another file of the same length looks like.
fn damaged() -> Bytes {
    let mut bytes = model().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes.into()
}

fn part(folder: &TempDir) -> PathBuf {
    folder.path().join(format!("{FILE}.part"))
}

async fn pull(from: &str, folder: &TempDir) -> (Option<i32>, String) {
    let (code, said, complaint) =
        heardline(&["models", "pull", NAME, "--from", from, "--to", folder.path().to_str().unwrap()]).await;
    (code, said + &complaint)
}

fn assert_whole(folder: &TempDir) {
    assert!(std::fs::read(folder.path().join(FILE)).unwrap() == model(), "every byte is the publisher's");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [FILE], "nothing else is left");
}

fn assert_absent(path: &Path) {
    assert!(!path.exists(), "{} is there", path.display());
}

#[tokio::test]
async fn a_whole_model_is_fetched_checked_and_named_and_not_fetched_twice() {
    let folder = TempDir::new().unwrap();
    let mirror = Mirror::start(&folder, model(), usize::MAX, true).await;
    let (code, said) = mirror.pull(&folder).await;
    assert_eq!(code, Some(0), "{said}");
    assert_whole(&folder);
    for words in
        ["a997f0e9d9e32b759d50da9fbc9395d89ff88377dfd71a2c3a3a0afdab799f37", "is whole", "[speech]", "model = "]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let (code, said) = mirror.pull(&folder).await;
    assert!(code == Some(0) && said.contains("is here already, and whole"), "{said}");
    assert_eq!(mirror.ranges(), [None]);
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let folder = TempDir::new().unwrap();
    let there = 1_000_003;
    std::fs::write(part(&folder), &model()[..there]).unwrap();
    let mirror = Mirror::start(&folder, model(), 6_000_000, true).await;
    let (code, said) = mirror.pull(&folder).await;
    assert_eq!(code, Some(0), "{said}");
    assert_whole(&folder);
    let ranges = mirror.ranges();
    assert_eq!(ranges[0], Some(format!("bytes={there}-")));
    assert!(ranges.len() >= 3, "16 MB by at most 6 MB: {ranges:?}");
}

#[tokio::test]
async fn a_server_may_send_less_of_a_range_than_was_asked_for() {
    let folder = TempDir::new().unwrap();
    std::fs::write(part(&folder), &model()[..1_000_003]).unwrap();
    let mirror = Mirror::of(&folder, model(), 6_000_000, true, false).await;
    let (code, said) = mirror.pull(&folder).await;
    assert_eq!(code, Some(0), "{said}");
    assert_whole(&folder);
}

#[tokio::test]
async fn a_server_that_knows_no_ranges_is_read_from_the_start() {
    let folder = TempDir::new().unwrap();
    std::fs::write(part(&folder), &model()[..5_000]).unwrap();
    let mirror = Mirror::start(&folder, model(), usize::MAX, false).await;
    let (code, said) = mirror.pull(&folder).await;
    assert_eq!(code, Some(0), "{said}");
    assert_whole(&folder);
}

#[tokio::test]
async fn what_a_dead_server_sent_is_kept_and_taken_up_by_the_same_command() {
    let folder = TempDir::new().unwrap();
    let mirror = Mirror::start(&folder, model(), 300_000, true).await;
    let dying = mirror.pull(&folder);
    let killing = async {
        while mirror.ranges().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        mirror.server.abort();
    };
    let ((code, said), ()) = tokio::join!(dying, killing);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("are kept in") && said.contains("the same command goes on from there"), "{said}");
    assert_absent(&folder.path().join(FILE));
    let kept = std::fs::metadata(part(&folder)).unwrap().len();
    assert!(kept > 0 && kept < model().len() as u64);

    let mirror = Mirror::start(&folder, model(), usize::MAX, true).await;
    let (code, said) = mirror.pull(&folder).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(mirror.ranges(), [Some(format!("bytes={kept}-"))]);
    assert_whole(&folder);
}

#[tokio::test]
async fn another_file_than_the_publishers_is_named_by_its_hash_and_thrown_away() {
    let folder = TempDir::new().unwrap();
    let mirror = Mirror::start(&folder, damaged(), usize::MAX, true).await;
    let (code, said) = mirror.pull(&folder).await;
    assert_eq!(code, Some(1), "{said}");
    let expected = "expected SHA-256 a997f0e9d9e32b759d50da9fbc9395d89ff88377dfd71a2c3a3a0afdab799f37, found ";
    assert!(said.contains(expected) && said.contains("it was removed"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let shorter = Mirror::start(&folder, model().slice(..1_000_000), usize::MAX, true).await;
    let (code, said) = shorter.pull(&folder).await;
    assert!(code == Some(1) && said.contains("expected 16810089 bytes, found 1000000"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_part_of_another_version_is_fetched_anew_by_itself() {
    let folder = TempDir::new().unwrap();
    for part_of_another in [damaged(), vec![7; 20_000_000].into()] {
        std::fs::write(part(&folder), &part_of_another).unwrap();
        let mirror = Mirror::start(&folder, model(), usize::MAX, true).await;
        let (code, said) = mirror.pull(&folder).await;
        assert_eq!(code, Some(0), "{said}");
        assert_whole(&folder);
        std::fs::remove_file(folder.path().join(FILE)).unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_fetched_is_said_in_one_line_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let mirror = Mirror::start(&folder, model(), usize::MAX, true).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (from, says) in [
        (format!("http://{}/elsewhere", mirror.address), "it answered 404: it has no such file"),
        (format!("http://{closed}"), "refused"),
    ] {
        let (code, said) = pull(&from, &folder).await;
        assert!(code == Some(1) && said.trim().lines().count() == 1, "{said}");
        assert!(said.contains(says) && said.contains(&from) && said.contains("nothing was fetched"), "{said}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_mistake_in_the_command_is_told_from_a_bad_line() {
    let folder = TempDir::new().unwrap();
    let to = folder.path().to_str().unwrap();
    let own = folder.path().join(FILE);
    std::fs::write(&own, "mine").unwrap();
    for (arguments, says) in [
        (&["no-such-model"][..], "no-such-model: not in the catalogue; `heardline models list` shows what is"),
        (&["small", "--from", "ftp://127.0.0.1"], "not an http or https URL"),
        (&[NAME, "--from", "http://127.0.0.1:9"], "remove that file first"),
    ] {
        let (code, _, said) = heardline(&[&["models", "pull", "--to", to], arguments].concat()).await;
        assert!(code == Some(64) && said.contains(says), "{arguments:?}: {said}");
    }
    assert_eq!(std::fs::read(own).unwrap(), b"mine", "what is there is never touched");
    let empty = TempDir::new().unwrap();
    let (code, _, said) = heardline(&["models", "pull", NAME, "--to", empty.path().to_str().unwrap()]).await;
    assert!(code == Some(64) && said.contains("comes with the program"), "{said}");
}

#[tokio::test]
async fn the_list_says_which_models_know_cantonese() {
    let (code, said, _) = heardline(&["models", "list"]).await;
    assert_eq!(code, Some(0));
    let line = |name: &str| said.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap().to_owned();
    assert!(line("large-v3-turbo").contains("en zh yue") && !line("medium").contains("yue"), "{said}");
    assert!(line("small.en").contains(" en ") && !line("small.en").contains("zh"), "{said}");
    assert!(line(NAME).contains("demo model") && line(NAME).contains(FILE), "{said}");
    assert!(said.contains("Cantonese is known to large-v3, "), "{said}");
}
