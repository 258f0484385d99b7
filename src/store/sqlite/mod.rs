//! [`Store`] on one SQLite file: a writer that commits in groups, and readers beside it.
//!
//! Every change is a [`writer::Command`] (`calls.rs`, `outbox.rs`, `inbox.rs`, `reviews/`, `search.rs`); every look is a function over the
//! read pool (`reads.rs`). Rows become values only in `rows.rs`.

pub mod bulk;
mod calls;
mod earlier;
mod emergency;
mod erase;
mod inbox;
mod open;
mod outbox;
mod people;
mod reads;
mod reviews;
mod rows;
mod search;
pub mod snapshot;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;

use async_trait::async_trait;
use sqlx::SqlitePool;

use super::layout::DATABASE;
use super::{
    AttemptResult, CallEnd, CallPage, CallRow, CompletedDraft, DataDir, DeliveryCounts, DeliveryRow, NewCall, Progress,
    Received, Store, StoreError,
};
use crate::call::{CallId, DeliveryKind, Earlier, EndCause, LostSpan, Reference, Since, Traces, Utterance};

/// The store on SQLite. Dropping it without [`Store::close`] loses nothing that was acknowledged.
pub struct SqliteStore {
    writer: writer::Writer,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the database of `data`, making or migrating it as needed. Keeps `data` locked while it lives.
    ///
    /// [`StoreError::NewerSchema`] when a later version made it: then nothing was touched.
    pub async fn open(data: &DataDir) -> Result<Self, StoreError> {
        let (conn, readers) = open::open(&data.database()).await?;
        Ok(Self { writer: writer::Writer::start(conn, readers.clone(), Some(data.clone())), readers })
    }

    /// Opens the database of a data folder that a running gateway has locked, for a change or two beside it. Nothing is made
    /// or migrated: [`StoreError::OlderSchema`] when that gateway is of an older version.
    pub async fn beside(folder: &Path) -> Result<Self, StoreError> {
        let (conn, readers) = open::beside(&folder.join(DATABASE)).await?;
        Ok(Self { writer: writer::Writer::start(conn, readers.clone(), None), readers })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            other => Self::Database(other.to_string()),
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_call(&self, call: NewCall) -> Result<Reference, StoreError> {
        self.writer.write(calls::CreateCall { call, draw: calls::draw_nine_digits }).await
    }

    async fn answer_call(&self, call: CallId, at_unix_ms: i64) -> Result<(), StoreError> {
        self.writer.write(calls::AnswerCall { call, at_unix_ms }).await
    }

    async fn refuse_call(&self, call: CallId, cause: EndCause, at_unix_ms: i64) -> Result<(), StoreError> {
        self.writer.write(calls::RefuseCall { call, cause, at_unix_ms }).await
    }

    async fn note_progress(&self, call: CallId, progress: Progress) -> Result<(), StoreError> {
        self.writer.write(calls::NoteProgress { call, progress }).await
    }

    async fn end_call(&self, call: CallId, end: CallEnd) -> Result<(), StoreError> {
        self.writer.write(calls::EndCall { call, end }).await
    }

    async fn append_utterance(&self, call: CallId, utterance: Utterance) -> Result<(), StoreError> {
        self.writer.write(calls::AppendUtterance { call, utterance }).await
    }

    async fn fill_in(&self, call: CallId, utterance: Utterance) -> Result<(), StoreError> {
        self.writer.write(calls::FillIn { call, utterance }).await
    }

    async fn put_live_draft(&self, call: CallId, body: String) -> Result<(), StoreError> {
        self.writer.write(calls::PutLiveDraft { call, body }).await
    }

    async fn complete_draft(&self, draft: CompletedDraft) -> Result<bool, StoreError> {
        self.writer.write(outbox::CompleteDraft(draft)).await
    }

    async fn earlier(&self, call: CallId, traces: &Traces, since: Since) -> Result<Vec<Earlier>, StoreError> {
        earlier::find(&self.readers, call, traces, since).await
    }

    async fn call(&self, call: CallId) -> Result<Option<CallRow>, StoreError> {
        reads::call(&self.readers, call).await
    }

    async fn draft(&self, call: CallId) -> Result<Option<(String, bool)>, StoreError> {
        reads::draft(&self.readers, call).await
    }

    async fn utterances(&self, call: CallId) -> Result<Vec<Utterance>, StoreError> {
        reads::utterances(&self.readers, call).await
    }

    async fn to_fill_in(&self, tries: u32, limit: u32) -> Result<Vec<CallId>, StoreError> {
        reads::to_fill_in(&self.readers, tries, limit).await
    }

    async fn lost_spans(&self, call: CallId) -> Result<Vec<LostSpan>, StoreError> {
        reads::lost_spans(&self.readers, call).await
    }

    async fn calls(&self, before: Option<CallId>, limit: u32) -> Result<CallPage, StoreError> {
        reads::calls(&self.readers, before, limit).await
    }

    async fn unfinished(&self) -> Result<Vec<CallRow>, StoreError> {
        reads::unfinished(&self.readers).await
    }

    async fn damaged(&self) -> Result<Vec<CallId>, StoreError> {
        reads::damaged(&self.readers).await
    }

    async fn deliveries(&self, call: CallId) -> Result<Vec<DeliveryRow>, StoreError> {
        outbox::of_call(&self.readers, call).await
    }

    async fn due_deliveries(&self, now_unix_ms: i64, limit: u32) -> Result<Vec<(DeliveryRow, String)>, StoreError> {
        let outbox::Due { mut deliveries, held, damaged } = outbox::due(&self.readers, now_unix_ms, limit).await?;
        for park in damaged {
            self.writer.write(park).await?;
        }
        if !held.is_empty() {
            let gone = self.writer.write(outbox::LetGo { deliveries: held.clone(), now_unix_ms }).await?;
            deliveries.retain(|(delivery, _)| gone.contains(&delivery.id) || !held.contains(&delivery.id));
        }
        Ok(deliveries)
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        outbox::next_due(&self.readers).await
    }

    async fn record_attempt(&self, result: AttemptResult) -> Result<(), StoreError> {
        self.writer.write(outbox::RecordAttempt(result)).await
    }

    async fn dead_deliveries(&self, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        outbox::dead(&self.readers, limit).await
    }

    async fn replay(&self, delivery: &str, now_unix_ms: i64) -> Result<(), StoreError> {
        self.writer.write(outbox::Replay { delivery: delivery.to_owned(), now_unix_ms }).await
    }

    async fn make_due(&self, endpoint: &str, unix_ms: i64) -> Result<(), StoreError> {
        self.writer.write(outbox::MakeDue { endpoint: endpoint.to_owned(), unix_ms }).await
    }

    async fn delivery_counts(&self) -> Result<Option<DeliveryCounts>, StoreError> {
        outbox::counts(&self.readers).await.map(Some)
    }

    async fn receive(
        &self,
        webhook_id: &str,
        idempotency_key: &str,
        body_sha256: &str,
        body: &str,
        at_unix_ms: i64,
    ) -> Result<Received, StoreError> {
        let command = inbox::Receive {
            kind: DeliveryKind::Draft,
            webhook_id: webhook_id.to_owned(),
            idempotency_key: idempotency_key.to_owned(),
            body_sha256: body_sha256.to_owned(),
            body: body.to_owned(),
            at_unix_ms,
        };
        self.writer.write(command).await
    }

    async fn received(&self, limit: u32) -> Result<Vec<(String, String)>, StoreError> {
        inbox::received(&self.readers, DeliveryKind::Draft, limit).await
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}
