//! The public listener over real HTTP, with a real store, real drafts and real sessions behind it.

mod call;
mod door;
mod line;
mod page;
mod stream;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{patch, post};
use tokio::sync::broadcast;

use super::super::public::{DemoModel, PublicParts, with_files};
use super::{Answer, send, serve};
use crate::call::{
    CallEvent, CallId, CallState, Coverage, DraftId, EndCause, Hypothesis, Identity, Language, MediaSpan, MediaTime,
    Origin, Outline, Party, Reference, SegmentOutcome, Traces, Utterance,
};
use crate::config::{Config, Line};
use crate::draft::{CallFacts, Drafter};
use crate::ingress::admission::Admission;
use crate::ingress::webrtc::IceServers;
use crate::ingress::webrtc::sessions::{Bearer, SessionId, Sessions};
use crate::ops::clock::Clock;
use crate::ops::health::Health;
use crate::store::{CallEnd, CompletedDraft, DataDir, NewCall, SqliteStore, Store as _};

/// As `web/` is built: one page, files with a hash in their names, the button.
fn pages(path: &str) -> Option<Cow<'static, [u8]>> {
    let content: &[u8] = match path {
        "call.html" => b"<!doctype html><script type=\"module\" src=\"/assets/call-1a2b.js\"></script>",
        "assets/call-1a2b.js" => b"export {};",
        "assets/call-3c4d.css" => b"body {}",
        "desk.html" | "assets/desk-5e6f.js" => b"the desk's",
        "embed.js" => b"(() => {})();",
        _ => return None,
    };
    Some(content.into())
}

struct TestPublic {
    address: SocketAddr,
    store: Arc<SqliteStore>,
    sessions: Sessions,
    events: broadcast::Sender<CallEvent>,
    health: Arc<Health>,
    admission: Admission,
    drafter: Drafter,
    _dir: tempfile::TempDir,
}

/// A call from a browser, as its page knows it.
struct TestCall {
    id: CallId,
    reference: Reference,
    session: SessionId,
    bearer: Bearer,
    said: Vec<Utterance>,
}

impl TestPublic {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut PublicParts)) -> Self {
        Self::with_files(change, pages).await
    }

    async fn with_files(change: impl FnOnce(&mut PublicParts), files: fn(&str) -> Option<Cow<'static, [u8]>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&DataDir::open(dir.path()).unwrap()).await.unwrap());
        let (clock, health, admission) = (Clock::system(), Arc::new(Health::new()), Admission::new(2));
        let (sessions, drafter) = (Sessions::new(clock.clone()), Drafter::new().unwrap());
        let events = broadcast::Sender::new(8);
        let mut parts = PublicParts {
            store: Arc::clone(&store) as _,
            clock,
            events: events.subscribe(),
            health: Arc::clone(&health),
            admission: admission.clone(),
            sessions: sessions.clone(),
            lines: Arc::new(|| Config::standard().lines),
            categories: drafter.categories(),
            demo: None,
            ice_servers: IceServers::default(),
            origins: Vec::new(),
            token_required: false,
            whip: Some(whip()),
        };
        change(&mut parts);
        let address = serve(with_files(parts, files)).await;
        Self { address, store, sessions, events, health, admission, drafter, _dir: dir }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let lines: Vec<&str> = std::iter::once("Host: hotline.example").chain(headers.iter().copied()).collect();
        send(self.address, method, path, &lines, b"").await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await
    }

    /// A call that rings.
    async fn ring(&self) -> TestCall {
        let id = CallId::new();
        let (session, bearer) = self.sessions.open(id, "default").unwrap();
        let claimed =
            Identity { uri: String::new(), number: Some("5550199".into()), display_name: None, subject: None };
        let new = NewCall {
            id,
            line: "default".into(),
            party: Party { claimed: Some(claimed), ..Party::default() },
            origin: Origin::WebRtc { source: [127, 0, 0, 1].into(), user_agent: None, origin: None },
            dialled: None,
            follows: None,
            started_unix_ms: 1_000,
        };
        let reference = self.store.create_call(new).await.unwrap();
        TestCall { id, reference, session, bearer, said: Vec::new() }
    }

    /// A call that was answered.
    async fn call(&self) -> TestCall {
        let call = self.ring().await;
        self.store.answer_call(call.id, 2_000).await.unwrap();
        self.tell(CallEvent::State { call: call.id, state: CallState::Live, cause: None });
        call
    }

    /// Stores and tells in the order of the pipeline.
    async fn hear(&self, call: &mut TestCall, text: &str) {
        let utterance = utterance(u32::try_from(call.said.len()).unwrap(), text);
        self.store.append_utterance(call.id, utterance.clone()).await.unwrap();
        self.tell(CallEvent::Final { call: call.id, utterance: utterance.clone() });
        call.said.push(utterance);
        let draft = self.draft(call);
        self.store.put_live_draft(call.id, draft.to_string()).await.unwrap();
        self.tell(CallEvent::Draft { call: call.id, complete: false, draft });
    }

    async fn hang_up(&self, call: &TestCall) {
        let cause = EndCause::CallerHangup;
        let end = CallEnd {
            cause,
            ended_unix_ms: 9_000,
            duration_ms: 7_000,
            recording: None,
            lost: Vec::new(),
            notice: None,
            dtmf: "4711".into(),
            read_backs: Vec::new(),
            transfer: None,
            line_quality: None,
        };
        self.store.end_call(call.id, end).await.unwrap();
        self.sessions.ended(&call.session);
        self.tell(CallEvent::State { call: call.id, state: CallState::Finishing, cause: Some(cause) });
    }

    async fn complete(&self, call: &TestCall) {
        let draft = self.draft(call);
        let completed = CompletedDraft {
            call: call.id,
            draft: DraftId::new(),
            version: 1,
            body: draft.to_string(),
            coverage: Coverage::default(),
            created_unix_ms: 10_000,
            endpoints: vec!["intake".into()],
            traces: Traces::default(),
            outline: Outline::default(),
        };
        assert!(self.store.complete_draft(completed).await.unwrap());
        self.tell(CallEvent::Draft { call: call.id, complete: true, draft });
        let cause = Some(EndCause::CallerHangup);
        self.tell(CallEvent::State { call: call.id, state: CallState::Done, cause });
    }

    fn tell(&self, event: CallEvent) {
        let _nobody_watches = self.events.send(event);
    }

    fn draft(&self, call: &TestCall) -> serde_json::Value {
        let facts = CallFacts {
            draft_id: DraftId::new(),
            version: 1,
            call: call.id,
            reference: Some(call.reference.clone()),
            line: "default".into(),
            regions: vec!["US".into()],
            party: Party::default(),
            origin: Origin::File,
            dialled: None,
            follows: None,
            created_unix_ms: 1_000,
            started_unix_ms: 1_000,
            answered_unix_ms: Some(2_000),
            ended_unix_ms: None,
            duration_ms: None,
            cause: None,
            notice: None,
            recording: None,
            dtmf: String::new(),
            read_backs: Vec::new(),
            model: "secret-model".into(),
            demo_model: false,
            emergency_number: "112".into(),
            emergency: None,
            time_zone: "UTC".into(),
            places: std::sync::Arc::default(),
            urgency: Default::default(),
            redact: true,
        };
        serde_json::to_value(self.drafter.draft(&facts, &call.said, Coverage::default())).unwrap()
    }
}

impl TestCall {
    fn path(&self) -> String {
        format!("/whip/default/{}", self.session.as_str())
    }

    fn authorization(&self) -> String {
        format!("Authorization: Bearer {}", self.bearer.reveal())
    }
}

fn utterance(seq: u32, text: &str) -> Utterance {
    let start = u64::from(seq) * 2_000;
    Utterance {
        text: text.into(),
        language: Some(Language::En),
        confidence: 0.9,
        ..Utterance::wordless(
            seq,
            MediaSpan::new(MediaTime(start), MediaTime(start + 1_900)),
            SegmentOutcome::Text,
            "secret-model",
        )
    }
}

fn partial(call: CallId, text: &str) -> CallEvent {
    let hypothesis = Hypothesis { text: text.into(), language: Some(Language::En), ..Hypothesis::default() };
    CallEvent::Partial { call, at: MediaTime(5_100), hypothesis }
}

/// Stands for the door in the routes it has; the door's own answers are tested with it.
fn whip() -> Router {
    let here = async || StatusCode::NO_CONTENT;
    Router::new().route("/whip/{line}", post(here)).route("/whip/{line}/{session}", patch(here).delete(here))
}

fn line(name: &str) -> Line {
    Line { name: name.into(), ..Line::default() }
}

fn demo() -> Option<DemoModel> {
    Some(DemoModel { name: "heardline-nano".into(), remedy: "set speech.model".into() })
}
