//! Deliveries in memory, with what was written about them.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::call::{CallId, DraftId, EndCause, LostSpan, Reference, Utterance};
use crate::store::{
    AttemptResult, CallEnd, CallPage, CallRow, CompletedDraft, DeliveryCounts, DeliveryRow, DeliveryState, NewCall,
    NextStep, Progress, Received, Store, StoreError, Subject,
};

/// Longest wait for something that should take milliseconds.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);

pub(super) struct FakeStore {
    rows: Mutex<Vec<(DeliveryRow, String)>>,
    written: Mutex<Vec<AttemptResult>>,
    changes: watch::Sender<u64>,
    refuse_records: Mutex<u32>,
}

impl FakeStore {
    pub(super) fn new() -> Self {
        Self {
            rows: Mutex::default(),
            written: Mutex::default(),
            changes: watch::Sender::new(0),
            refuse_records: Mutex::default(),
        }
    }

    /// A delivery owed since `at_ms`. Returns its id.
    pub(super) fn owe(&self, endpoint: &str, body: &str, at_ms: i64) -> String {
        self.owe_subject(endpoint, Subject::Draft { draft: DraftId::new(), version: 1 }, body, at_ms)
    }

    /// The same of anything.
    pub(super) fn owe_subject(&self, endpoint: &str, subject: Subject, body: &str, at_ms: i64) -> String {
        let mut rows = self.rows.lock().unwrap();
        let id = format!("msg_{}", rows.len());
        let row = DeliveryRow {
            id: id.clone(),
            call: CallId::new(),
            subject,
            endpoint: endpoint.to_owned(),
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt_unix_ms: at_ms,
            last_status: None,
            last_error: None,
            delivered_unix_ms: None,
            created_unix_ms: at_ms,
        };
        rows.push((row, body.to_owned()));
        id
    }

    pub(super) fn row(&self, id: &str) -> DeliveryRow {
        self.rows.lock().unwrap().iter().find(|(row, _)| row.id == id).unwrap().0.clone()
    }

    pub(super) fn rows(&self) -> Vec<DeliveryRow> {
        self.rows.lock().unwrap().iter().map(|(row, _)| row.clone()).collect()
    }

    pub(super) fn written(&self) -> Vec<AttemptResult> {
        self.written.lock().unwrap().clone()
    }

    /// The next `times` attempts cannot be written down.
    pub(super) fn refuse_records(&self, times: u32) {
        *self.refuse_records.lock().unwrap() = times;
    }

    /// Waits until `reached` holds for all rows, looking at every change.
    pub(super) async fn until(&self, reached: impl Fn(&[DeliveryRow]) -> bool) {
        let mut changes = self.changes.subscribe();
        let wait = async {
            while !reached(&self.rows()) {
                changes.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(DEADLINE, wait).await.is_err() {
            panic!("never reached: {:#?}", self.rows());
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }
}

#[async_trait]
impl Store for FakeStore {
    async fn due_deliveries(&self, now_unix_ms: i64, limit: u32) -> Result<Vec<(DeliveryRow, String)>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let mut due: Vec<_> = rows
            .iter()
            .filter(|(row, _)| row.state == DeliveryState::Pending && row.next_attempt_unix_ms <= now_unix_ms)
            .cloned()
            .collect();
        due.sort_by_key(|(row, _)| row.next_attempt_unix_ms);
        due.truncate(limit as usize);
        Ok(due)
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        let pending = self.rows().into_iter().filter(|row| row.state == DeliveryState::Pending);
        Ok(pending.map(|row| row.next_attempt_unix_ms).min())
    }

    async fn record_attempt(&self, result: AttemptResult) -> Result<(), StoreError> {
        {
            let mut refuse = self.refuse_records.lock().unwrap();
            if *refuse > 0 {
                *refuse -= 1;
                return Err(StoreError::Database("disk full".into()));
            }
        }
        {
            let mut rows = self.rows.lock().unwrap();
            let row = &mut rows.iter_mut().find(|(row, _)| row.id == result.delivery).unwrap().0;
            row.attempts += 1;
            row.last_status = result.status;
            row.last_error = result.error.clone();
            match result.next {
                NextStep::Done => {
                    row.state = DeliveryState::Delivered;
                    row.delivered_unix_ms = Some(result.at_unix_ms);
                }
                NextStep::RetryAt { unix_ms } => row.next_attempt_unix_ms = unix_ms,
                NextStep::Park => row.state = DeliveryState::Dead,
            }
            self.written.lock().unwrap().push(result);
        }
        self.changed();
        Ok(())
    }

    async fn make_due(&self, endpoint: &str, unix_ms: i64) -> Result<(), StoreError> {
        for (row, _) in self.rows.lock().unwrap().iter_mut() {
            if row.endpoint == endpoint && row.state == DeliveryState::Pending {
                row.next_attempt_unix_ms = unix_ms;
            }
        }
        self.changed();
        Ok(())
    }

    async fn delivery_counts(&self) -> Result<Option<DeliveryCounts>, StoreError> {
        let in_state = |state| self.rows().iter().filter(|row| row.state == state).count() as u64;
        Ok(Some(DeliveryCounts { pending: in_state(DeliveryState::Pending), dead: in_state(DeliveryState::Dead) }))
    }

    async fn close(&self) {}

    // The worker asks for nothing below.

    async fn create_call(&self, _: NewCall) -> Result<Reference, StoreError> {
        Err(StoreError::Closed)
    }
    async fn answer_call(&self, _: CallId, _: i64) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn refuse_call(&self, _: CallId, _: EndCause, _: i64) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn note_progress(&self, _: CallId, _: Progress) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn end_call(&self, _: CallId, _: CallEnd) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn append_utterance(&self, _: CallId, _: Utterance) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn put_live_draft(&self, _: CallId, _: String) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn complete_draft(&self, _: CompletedDraft) -> Result<bool, StoreError> {
        Err(StoreError::Closed)
    }
    async fn call(&self, _: CallId) -> Result<Option<CallRow>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn draft(&self, _: CallId) -> Result<Option<(String, bool)>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn utterances(&self, _: CallId) -> Result<Vec<Utterance>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn fill_in(&self, _: CallId, _: Utterance) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn to_fill_in(&self, _: u32, _: u32) -> Result<Vec<CallId>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn lost_spans(&self, _: CallId) -> Result<Vec<LostSpan>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn calls(&self, _: Option<CallId>, _: u32) -> Result<CallPage, StoreError> {
        Err(StoreError::Closed)
    }
    async fn unfinished(&self) -> Result<Vec<CallRow>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn damaged(&self) -> Result<Vec<CallId>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn deliveries(&self, _: CallId) -> Result<Vec<DeliveryRow>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn dead_deliveries(&self, _: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn replay(&self, _: &str, _: i64) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }
    async fn receive(&self, _: &str, _: &str, _: &str, _: &str, _: i64) -> Result<Received, StoreError> {
        Err(StoreError::Closed)
    }
    async fn received(&self, _: u32) -> Result<Vec<(String, String)>, StoreError> {
        Err(StoreError::Closed)
    }
}
