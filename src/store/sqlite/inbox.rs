//! What the built-in endpoint received, drafts and emergencies, kept exactly once however often it is posted.

use sqlx::{SqliteConnection, SqlitePool};

use super::erase::is_erased;
use super::writer::Command;
use crate::call::DeliveryKind;
use crate::store::{Received, StoreError};

pub(super) struct Receive {
    pub kind: DeliveryKind,
    pub webhook_id: String,
    pub idempotency_key: String,
    pub body_sha256: String,
    pub body: String,
    pub at_unix_ms: i64,
}

impl Command for Receive {
    type Answer = Received;

    /// Either identifier makes it the same draft; then the body must be the same too. There is one writer, so
    /// nothing comes between the look and the insert.
    async fn apply(&self, conn: &mut SqliteConnection) -> Result<Received, StoreError> {
        if is_erased(conn, &self.idempotency_key).await? {
            // It was on its way when its call was erased. The sender is done with it, and no copy is kept.
            return Ok(Received::Duplicate);
        }
        let kept: Vec<String> =
            sqlx::query_scalar("SELECT body_sha256 FROM inbox WHERE webhook_id = ? OR idempotency_key = ?")
                .bind(&self.webhook_id)
                .bind(&self.idempotency_key)
                .fetch_all(&mut *conn)
                .await?;
        if kept.iter().any(|sha256| *sha256 != self.body_sha256) {
            return Ok(Received::Conflict);
        }
        if !kept.is_empty() {
            return Ok(Received::Duplicate);
        }
        sqlx::query(
            "INSERT INTO inbox (kind, webhook_id, idempotency_key, body_sha256, body, received_unix_ms)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(self.kind.as_str())
        .bind(&self.webhook_id)
        .bind(&self.idempotency_key)
        .bind(&self.body_sha256)
        .bind(&self.body)
        .bind(self.at_unix_ms)
        .execute(conn)
        .await?;
        Ok(Received::Accepted)
    }
}

pub(super) async fn received(
    readers: &SqlitePool,
    kind: DeliveryKind,
    limit: u32,
) -> Result<Vec<(String, String)>, StoreError> {
    let kept = sqlx::query_as("SELECT webhook_id, body FROM inbox WHERE kind = ? ORDER BY arrival DESC LIMIT ?")
        .bind(kind.as_str())
        .bind(limit)
        .fetch_all(readers)
        .await?;
    Ok(kept)
}
