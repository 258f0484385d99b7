//! Promises of the SQLite store, each on its own data folder.

mod calls;
mod earlier;
mod emergencies;
mod erasure;
mod opening;
mod outbox;
mod people;
mod reviews;
mod tickets;
mod writing;

use std::sync::Arc;

use tempfile::TempDir;

use super::SqliteStore;
use crate::call::{
    Answer, CallId, Codec, Coverage, DraftId, EndCause, Language, LineQuality, LostCause, LostSpan, MediaSpan,
    MediaTime, Origin, Outline, Party, ReadBack, SegmentOutcome, Traces, Transfer, TransferState, Utterance, Word,
};
use crate::store::{CallEnd, CompletedDraft, DataDir, NewCall, RecordingRow, Store as _};

/// An open store and the folder under it.
struct Folder {
    store: Arc<SqliteStore>,
    data: DataDir,
    _temp: TempDir,
}

impl Folder {
    async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(temp.path()).unwrap();
        let store = Arc::new(SqliteStore::open(&data).await.unwrap());
        Self { store, data, _temp: temp }
    }

    /// As after a clean stop and a new start.
    async fn reopen(&mut self) {
        self.store.close().await;
        self.store = Arc::new(SqliteStore::open(&self.data).await.unwrap());
    }

    async fn new_call(&self) -> CallId {
        let call = new_call(CallId::new());
        let id = call.id;
        self.store.create_call(call).await.unwrap();
        id
    }

    /// A call that is finished and whose draft is owed to `endpoints`.
    async fn done_call(&self, created_unix_ms: i64, endpoints: &[&str]) -> CompletedDraft {
        let call = self.new_call().await;
        self.store.answer_call(call, 1_100).await.unwrap();
        self.store.end_call(call, end()).await.unwrap();
        let draft = draft_of(call, created_unix_ms, endpoints);
        assert!(self.store.complete_draft(draft.clone()).await.unwrap());
        draft
    }

    /// Changes the file behind the store's back, as damage would.
    async fn damage(&self, sql: &'static str, id: impl ToString) {
        use sqlx::Connection as _;
        let file = format!("sqlite://{}", self.data.database().display());
        let mut conn = sqlx::SqliteConnection::connect(&file).await.unwrap();
        sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut conn).await.unwrap();
        let damaged = sqlx::query(sql).bind(id.to_string()).execute(&mut conn).await.unwrap();
        assert_eq!(damaged.rows_affected(), 1);
        conn.close().await.unwrap();
    }
}

fn new_call(id: CallId) -> NewCall {
    NewCall {
        id,
        line: "default".into(),
        party: Party { withheld: true, ..Party::default() },
        origin: Origin::Sip {
            sip_call_id: "a@b".into(),
            source: "127.0.0.1:5062".parse().unwrap(),
            transport: "udp".into(),
            user_agent: None,
        },
        dialled: Some("100".into()),
        follows: None,
        started_unix_ms: 1_000,
    }
}

fn span(start: u64, end: u64) -> MediaSpan {
    MediaSpan::new(MediaTime(start), MediaTime(end))
}

fn read_back() -> ReadBack {
    ReadBack { number: "2125550134".into(), at: MediaTime(6_000), key: Some(Answer::Yes) }
}

fn transfer() -> Transfer {
    Transfer { to: "sip:999@127.0.0.1".into(), state: TransferState::Failed, detail: Some("busy".into()) }
}

fn end() -> CallEnd {
    CallEnd {
        cause: EndCause::CallerHangup,
        ended_unix_ms: 9_000,
        duration_ms: 8_000,
        recording: Some(RecordingRow { sha256: "ab".repeat(32), duration_ms: 8_000, rate: 8_000 }),
        lost: vec![lost(40, 60), lost(100, 180)],
        notice: Some(span(0, 4_000)),
        dtmf: "12#".into(),
        read_backs: vec![read_back()],
        transfer: Some(transfer()),
        line_quality: Some(LineQuality {
            codec: Some(Codec::Opus),
            packets_received: 400,
            jitter_max_ms: 12.5,
            ..LineQuality::default()
        }),
    }
}

fn draft_of(call: CallId, created_unix_ms: i64, endpoints: &[&str]) -> CompletedDraft {
    CompletedDraft {
        call,
        draft: DraftId::new(),
        version: 1,
        body: format!("{{\"call\":\"{call}\"}}"),
        coverage: Coverage { text_ms: 7_900, lost_ms: 100, ..Coverage::default() },
        created_unix_ms,
        endpoints: endpoints.iter().map(|&name| name.to_owned()).collect(),
        traces: Traces::default(),
        outline: Outline::default(),
    }
}

fn lost(start: u64, end: u64) -> LostSpan {
    LostSpan { span: span(start, end), cause: LostCause::Recorder }
}

fn utterance(seq: u32, text: &str) -> Utterance {
    let start = u64::from(seq) * 2_000;
    Utterance {
        text: text.into(),
        language: Some(Language::Zh),
        words: vec![Word::new(text, span(start + 100, start + 1_000), 0.1 + 0.2)],
        confidence: 0.3,
        ..Utterance::wordless(seq, span(start, start + 1_900), SegmentOutcome::Text, "nano")
    }
}
