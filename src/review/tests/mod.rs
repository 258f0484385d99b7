//! The desk over real HTTP on a loopback port, spoken to byte by byte so that nothing tidies a hostile request.

mod api;
mod door;
mod emergency;
mod events;
mod inbox;
mod people;
mod public;
mod reader;
mod recording;
mod store;
mod to_the_end;
mod transfer;
mod work;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

use super::built::Files;
use super::{DeskParts, Door, EraseCall, Rules, Token, with_files};
use crate::call::{CallEvent, CallId, CallState, Identity, Origin, Party, Reference};
use crate::config::secret::WebhookSecret;
use crate::draft::Drafter;
use crate::ops::clock::Clock;
use crate::ops::health::Health;
use crate::store::{CallRow, DataDir, Erased, SqliteStore, StoreError};
use store::FakeStore;
use transfer::FakeLine;

/// As `web/` is built: the desk's page and a file with a hash in its name.
fn pages(path: &str) -> Option<Cow<'static, [u8]>> {
    let content: &[u8] = match path {
        "desk.html" => b"<!doctype html><script type=\"module\" src=\"/assets/desk-5e6f.js\"></script>",
        "assets/desk-5e6f.js" => b"export {};",
        _ => return None,
    };
    Some(content.into())
}

struct TestDesk {
    address: SocketAddr,
    store: Arc<FakeStore>,
    people: Arc<SqliteStore>,
    line: Arc<FakeLine>,
    local_key: Token,
    clock: Clock,
    events: broadcast::Sender<CallEvent>,
    secret: WebhookSecret,
    health: Arc<Health>,
    nudges: Arc<AtomicU32>,
    dir: tempfile::TempDir,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    }
    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

impl TestDesk {
    async fn start() -> Self {
        Self::start_behind(Door { open: true, ..Door::default() }).await
    }

    async fn start_behind(door: Door) -> Self {
        Self::start_with(door, pages, |router| router).await
    }

    async fn with_files(files: Files) -> Self {
        Self::start_with(Door { open: true, ..Door::default() }, files, |router| router).await
    }

    /// Where every peer is somebody beyond this machine.
    async fn start_beyond(door: Door) -> Self {
        let peer = SocketAddr::from(([192, 0, 2, 7], 5_000));
        Self::start_with(door, pages, |router| router.layer(Extension(ConnectInfo(peer)))).await
    }

    async fn start_with(door: Door, files: Files, layered: impl FnOnce(Router) -> Router) -> Self {
        let (store, clock, secret) = (Arc::new(FakeStore::default()), Clock::system(), WebhookSecret::generate());
        let events = broadcast::Sender::new(8);
        let line = Arc::new(FakeLine::default());
        let (health, nudges) = (Arc::new(Health::new()), Arc::new(AtomicU32::new(0)));
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(&dir.path().join("data")).unwrap();
        let (people, local_key) = (Arc::new(SqliteStore::open(&data).await.unwrap()), Token::generate());
        let (folder, nudged) = (dir.path().to_owned(), Arc::clone(&nudges));
        let parts = DeskParts {
            store: Arc::clone(&store) as _,
            emergencies: Arc::clone(&store) as _,
            reviews: Arc::clone(&people) as _,
            search: Arc::clone(&people) as _,
            drafter: drafter(),
            rules: Arc::new(|_| Rules::default()),
            endpoints: Vec::new(),
            people: Arc::clone(&people) as _,
            door,
            local_key: local_key.clone(),
            clock: clock.clone(),
            events: events.clone(),
            transfers: Arc::clone(&line) as _,
            recordings: Arc::new(move |id| folder.join(format!("{id}.wav"))),
            secrets: vec![WebhookSecret::generate(), secret.clone()],
            health: Arc::clone(&health),
            metrics: crate::ops::metrics::install().unwrap(),
            notices: vec!["demo model".into()],
            sip: vec!["sip:hotline@127.0.0.1:5060".into()],
            draft_schema: serde_json::json!({"title": "TicketDraft"}),
            emergency_schema: crate::draft::emergency_schema(),
            nudge_outbox: Arc::new(move || {
                nudged.fetch_add(1, Ordering::Relaxed);
            }),
            erase: eraser(Arc::clone(&store)),
        };
        let router = layered(with_files(parts, files));
        Self {
            address: serve(router).await,
            store,
            people,
            line,
            local_key,
            clock,
            events,
            secret,
            health,
            nudges,
            dir,
        }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One request with a proper Host; `headers` are whole lines.
    async fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let host = format!("Host: {}", self.address);
        let mut lines = vec![host.as_str()];
        lines.extend(headers);
        send(self.address, method, path, &lines, body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"").await
    }

    fn add_call(&self, state: CallState) -> CallId {
        let id = CallId::new();
        let identity = |uri: &str, number: &str| Identity {
            uri: uri.into(),
            number: Some(number.into()),
            display_name: Some("<b>Anna</b>".into()),
            subject: None,
        };
        let party = Party { claimed: Some(identity("sip:5550134@127.0.0.1", "5550134")), ..Party::default() };
        let origin = Origin::Sip {
            sip_call_id: "a@b".into(),
            source: ([127, 0, 0, 1], 5062).into(),
            transport: "udp".into(),
            user_agent: None,
        };
        self.store.calls.lock().unwrap().push(CallRow {
            id,
            reference: Reference::from_random(48_291_306),
            line: "default".into(),
            state,
            cause: None,
            party,
            origin,
            dialled: Some("hotline".into()),
            follows: None,
            started_unix_ms: self.clock.unix_ms(),
            answered_unix_ms: Some(self.clock.unix_ms()),
            ended_unix_ms: None,
            notice: None,
            duration_ms: None,
            coverage: None,
            recording: None,
            line_quality: None,
            dtmf: String::new(),
            read_backs: Vec::new(),
            transfer: None,
            heard_ms: None,
            redraft: false,
            erased_unix_ms: None,
        });
        id
    }
}

/// Its word lists are read once for all tests.
fn drafter() -> Arc<Drafter> {
    static DRAFTER: LazyLock<Arc<Drafter>> = LazyLock::new(|| Arc::new(Drafter::new().unwrap()));
    Arc::clone(&DRAFTER)
}

/// Erases as the store does it: by id or reference, never a call that is not over.
fn eraser(store: Arc<FakeStore>) -> EraseCall {
    Arc::new(move |text| {
        let mut calls = store.calls.lock().unwrap();
        let row = calls.iter_mut().find(|row| row.id.to_string() == text || row.reference.as_str() == text);
        let answer = match row {
            None => Err(StoreError::NotFound { what: "call", id: text }),
            Some(row) if !row.state.is_final() => {
                Err(StoreError::WrongState { id: row.id, state: row.state.to_string(), wanted: "over" })
            }
            Some(row) => {
                row.erased_unix_ms = Some(1);
                let delivered_to = vec!["intake".into()];
                Ok(vec![Erased { call: row.id, reference: row.reference.clone(), delivered_to, cancelled: 1 }])
            }
        };
        Box::pin(std::future::ready(answer))
    })
}

async fn connect(address: SocketAddr, method: &str, path: &str, headers: &[&str], body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    for line in headers {
        text.push_str(line);
        text.push_str("\r\n");
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    // A refused body may meet a closed socket; the answer was sent before.
    let _ = stream.write_all(body).await;
    stream
}

async fn send(address: SocketAddr, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut stream = connect(address, method, path, headers, body).await;
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes).await;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {read:?}"));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: bytes[end + 4..].to_vec() }
}
