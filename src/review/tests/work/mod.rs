//! The work at drafts over real HTTP, with a real store and real drafts behind it.

mod decisions;
mod drafts;
mod lists;
mod matters;
mod search;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::super::{DeskParts, Door, Role, Rules, Token, desk};
use super::transfer::FakeLine;
use super::{Answer, drafter, send, serve};
use crate::call::{CallEvent, CallId, Coverage, EndCause, Origin, Party, Utterance};
use crate::draft::CallFacts;
use crate::draft::repeats;
use crate::draft::schema::TicketDraft;
use crate::draft::testing::{call, facts};
use crate::draft::work::Work;
use crate::ops::clock::Clock;
use crate::ops::health::Health;
use crate::store::people::{AccountChange, NewLogin};
use crate::store::{CallEnd, CompletedDraft, DataDir, NewCall, People as _, SqliteStore, Store as _, StoreError};

const LINES: [&str; 3] = [
    "The street light at 42 Maple Street is broken.",
    "My name is Ann Lee.",
    "My number is two one two, five five five, zero one three four.",
];

struct WorkDesk {
    address: SocketAddr,
    store: Arc<SqliteStore>,
    clock: Clock,
    events: broadcast::Sender<CallEvent>,
    data: DataDir,
    logins: Mutex<HashMap<String, String>>,
    _dir: Arc<tempfile::TempDir>,
}

impl WorkDesk {
    async fn start() -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        Self::on(dir, Clock::system()).await
    }

    async fn on(dir: Arc<tempfile::TempDir>, clock: Clock) -> Self {
        let data = DataDir::open(dir.path()).unwrap();
        let store = Arc::new(SqliteStore::open(&data).await.unwrap());
        let (events, rules) = (broadcast::Sender::new(64), Rules { regions: vec!["US".into()], ..Rules::default() });
        let router = desk(DeskParts {
            store: store.clone(),
            emergencies: store.clone(),
            reviews: store.clone(),
            search: store.clone(),
            drafter: drafter(),
            rules: Arc::new(move |_| rules.clone()),
            endpoints: vec!["intake".into()],
            people: store.clone(),
            door: Door { open: true, ..Door::default() },
            local_key: Token::generate(),
            clock: clock.clone(),
            events: events.clone(),
            transfers: Arc::new(FakeLine::default()),
            recordings: Arc::new(|_| std::path::PathBuf::new()),
            secrets: Vec::new(),
            health: Arc::new(Health::new()),
            metrics: crate::ops::metrics::install().unwrap(),
            notices: Vec::new(),
            sip: Vec::new(),
            draft_schema: json!({}),
            emergency_schema: json!({}),
            nudge_outbox: Arc::new(|| {}),
            erase: Arc::new(|_| Box::pin(async { Ok(Vec::new()) })),
        });
        Self { address: serve(router).await, store, clock, events, data, logins: Mutex::default(), _dir: dir }
    }

    /// The `Cookie` line of somebody, as `name/role`.
    async fn login(&self, who: &str) -> String {
        if let Some(known) = self.logins.lock().unwrap().get(who) {
            return known.clone();
        }
        let (name, role) = who.split_once('/').unwrap();
        let role = Role::ALL.into_iter().find(|one| one.as_str() == role).unwrap();
        let (token, password, at_unix_ms) = (Token::generate(), "a hash".to_owned(), self.clock.unix_ms());
        let add = AccountChange::Add { role, password: password.clone() };
        match self.store.change_account(name, add, "local", at_unix_ms).await {
            Ok(()) | Err(StoreError::Exists { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        let login = NewLogin {
            token_sha256: token.hash(),
            account: name.to_owned(),
            password,
            at_unix_ms,
            over_before: (i64::MIN, i64::MIN),
            most: 8,
            from: "here".into(),
        };
        assert!(self.store.log_in(login).await.unwrap());
        let cookie = format!("Cookie: heardline_login={}", token.expose());
        self.logins.lock().unwrap().entry(who.to_owned()).or_insert(cookie).clone()
    }

    /// The same data after a stop and a new start.
    async fn restarted(self) -> Self {
        self.store.close().await;
        let (dir, clock) = (self._dir.clone(), self.clock.clone());
        drop(self);
        Self::on(dir, clock).await
    }

    async fn ask(&self, who: &str, method: &str, path: &str, headers: &[&str], body: &Value) -> Answer {
        let (host, origin) = (format!("Host: {}", self.address), format!("Origin: http://{}", self.address));
        let login = self.login(who).await;
        let mut lines = vec![host.as_str(), origin.as_str(), login.as_str(), "Content-Type: application/json"];
        lines.extend(headers);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(self.address, method, path, &lines, body.as_bytes()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("li/agent", "GET", path, &[], &Value::Null).await
    }

    async fn post(&self, who: &str, path: &str, body: Value) -> Answer {
        self.ask(who, "POST", path, &[], &body).await
    }

    async fn review(&self, call: CallId) -> Value {
        self.get(&format!("/api/calls/{call}/review")).await.json()
    }

    async fn claim(&self, who: &str, call: CallId) {
        let answer = self.post(who, &format!("/api/calls/{call}/claim"), Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    async fn edit(&self, who: &str, call: CallId, revision: u64, edits: Value) -> Answer {
        let tag = format!("If-Match: \"{revision}\"");
        self.ask(who, "PATCH", &format!("/api/calls/{call}/review"), &[&tag], &json!({ "edits": edits })).await
    }

    async fn decide(&self, who: &str, call: CallId, body: Value) -> Answer {
        let tag = format!("If-Match: \"{}\"", self.review(call).await["revision"]);
        self.ask(who, "POST", &format!("/api/calls/{call}/decision"), &[&tag], &body).await
    }

    async fn undo(&self, who: &str, call: CallId) -> Answer {
        self.ask(who, "DELETE", &format!("/api/calls/{call}/decision"), &[], &Value::Null).await
    }

    /// Whatever asks for a look has had one.
    async fn see_all(&self, call: CallId) {
        let review = self.review(call).await;
        let check = review["fields"].as_array().unwrap().iter().filter(|field| field["state"] == "check");
        let pointers: Vec<&Value> = check.map(|field| &field["pointer"]).collect();
        let answer = self.post("li/agent", &format!("/api/calls/{call}/seen"), json!({ "pointers": pointers })).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    fn step(&self, by: Duration) {
        self.clock.step(by);
    }

    async fn live(&self, lines: &[&str]) -> CallId {
        let id = CallId::new();
        let origin = Origin::WebRtc { source: [127, 0, 0, 1].into(), user_agent: None, origin: None };
        let started_unix_ms = self.clock.unix_ms();
        let new = NewCall {
            id,
            line: "default".into(),
            party: Party::default(),
            origin,
            dialled: None,
            follows: None,
            started_unix_ms,
        };
        self.store.create_call(new).await.unwrap();
        self.store.answer_call(id, started_unix_ms).await.unwrap();
        if !lines.is_empty() {
            self.hear(id, lines).await;
        }
        id
    }

    /// The live draft, as it grows.
    async fn hear(&self, id: CallId, lines: &[&str]) {
        let draft = self.draft(id, 0, &call(lines));
        self.store.put_live_draft(id, serde_json::to_string(&draft).unwrap()).await.unwrap();
    }

    fn draft(&self, id: CallId, version: u32, said: &[Utterance]) -> TicketDraft {
        drafter().draft(&CallFacts { call: id, version, ..facts() }, said, Coverage::default())
    }

    /// A draft of these words that waits to be decided.
    async fn drafted(&self, lines: &[&str]) -> CallId {
        let id = self.live(&[]).await;
        self.complete(id, lines).await;
        id
    }

    async fn complete(&self, id: CallId, lines: &[&str]) {
        let end = CallEnd {
            cause: EndCause::CallerHangup,
            ended_unix_ms: self.clock.unix_ms(),
            duration_ms: 9_000,
            recording: None,
            lost: Vec::new(),
            notice: None,
            dtmf: String::new(),
            read_backs: Vec::new(),
            transfer: None,
            line_quality: None,
        };
        self.store.end_call(id, end).await.unwrap();
        self.version(id, self.draft(id, 1, &call(lines))).await;
    }

    async fn version(&self, id: CallId, draft: TicketDraft) {
        let outline = drafter().outline(&draft, &Work::default(), self.clock.unix_ms(), &Rules::default().due);
        let completed = CompletedDraft {
            call: id,
            draft: draft.draft_id.parse().unwrap(),
            version: draft.version,
            body: serde_json::to_string(&draft).unwrap(),
            coverage: Coverage::default(),
            created_unix_ms: self.clock.unix_ms(),
            endpoints: Vec::new(),
            traces: repeats::traces(&draft),
            outline,
        };
        assert!(self.store.complete_draft(completed).await.unwrap());
    }

    /// What the outbox would post now.
    async fn due(&self) -> Vec<Value> {
        let due = self.store.due_deliveries(self.clock.unix_ms(), 100).await.unwrap();
        due.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect()
    }
}

fn state_of<'a>(review: &'a Value, pointer: &str) -> &'a str {
    let fields = review["fields"].as_array().unwrap();
    fields.iter().find(|field| field["pointer"] == pointer).map_or("", |field| field["state"].as_str().unwrap())
}
