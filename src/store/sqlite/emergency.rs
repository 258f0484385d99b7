//! [`Emergencies`] on SQLite.

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::writer::Command;
use super::{SqliteStore, StoreError, inbox, outbox, rows};
use crate::call::{CallId, DeliveryKind};
use crate::store::{Acknowledged, Emergencies, EmergencyRow, NewEmergency, Received};

#[async_trait]
impl Emergencies for SqliteStore {
    async fn raise(&self, emergency: NewEmergency) -> Result<bool, StoreError> {
        self.writer.write(Raise(emergency)).await
    }

    async fn emergency(&self, call: CallId) -> Result<Option<EmergencyRow>, StoreError> {
        let found = sqlx::query("SELECT * FROM emergency WHERE call = ?")
            .bind(call.to_string())
            .fetch_optional(&self.readers)
            .await?;
        found.as_ref().map(rows::emergency).transpose()
    }

    async fn unacknowledged(&self, until_unix_ms: i64, limit: u32) -> Result<Vec<EmergencyRow>, StoreError> {
        let found = sqlx::query(OPEN).bind(until_unix_ms).bind(limit).fetch_all(&self.readers).await?;
        Ok(rows::readable(found.iter().map(rows::emergency)))
    }

    async fn acknowledge(&self, call: CallId, acknowledged: Acknowledged) -> Result<EmergencyRow, StoreError> {
        self.writer.write(Acknowledge { call, acknowledged }).await
    }

    async fn escalate(&self, call: CallId, at_unix_ms: i64) -> Result<bool, StoreError> {
        self.writer.write(Escalate { call, at_unix_ms }).await
    }

    async fn receive_emergency(
        &self,
        webhook_id: &str,
        idempotency_key: &str,
        body_sha256: &str,
        body: &str,
        at_unix_ms: i64,
    ) -> Result<Received, StoreError> {
        let command = inbox::Receive {
            kind: DeliveryKind::Emergency,
            webhook_id: webhook_id.to_owned(),
            idempotency_key: idempotency_key.to_owned(),
            body_sha256: body_sha256.to_owned(),
            body: body.to_owned(),
            at_unix_ms,
        };
        self.writer.write(command).await
    }

    async fn received_emergencies(&self, limit: u32) -> Result<Vec<(String, String)>, StoreError> {
        inbox::received(&self.readers, DeliveryKind::Emergency, limit).await
    }
}

/// The condition is that of the index `emergency_open`, word for word, or SQLite would not use it.
pub(super) const OPEN: &str = "SELECT * FROM emergency WHERE acknowledged_unix_ms IS NULL AND escalated_unix_ms IS NULL
     AND raised_unix_ms <= ? ORDER BY raised_unix_ms LIMIT ?";

struct Raise(NewEmergency);

impl Command for Raise {
    type Answer = bool;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let NewEmergency { call, danger, body, endpoints } = &self.0;
        let raised = sqlx::query(
            "INSERT INTO emergency (call, service, number, quote, start_ms, end_ms, heard_in, raised_unix_ms, body)
             SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM call WHERE id = ?1 AND erased_unix_ms IS NULL
             ON CONFLICT (call) DO NOTHING",
        )
        .bind(call.to_string())
        .bind(danger.service.as_str())
        .bind(&danger.number)
        .bind(&danger.quote)
        .bind(rows::stored(danger.span.start.as_millis()))
        .bind(rows::stored(danger.span.end.as_millis()))
        .bind(danger.heard_in.as_str())
        .bind(danger.raised_unix_ms)
        .bind(body)
        .execute(&mut *conn)
        .await?;
        if raised.rows_affected() == 0 {
            return Ok(false);
        }
        for endpoint in endpoints {
            outbox::owe_emergency(conn, *call, endpoint, danger.raised_unix_ms).await?;
        }
        Ok(true)
    }
}

struct Acknowledge {
    call: CallId,
    acknowledged: Acknowledged,
}

impl Command for Acknowledge {
    type Answer = EmergencyRow;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<EmergencyRow, StoreError> {
        let Acknowledged { at_unix_ms, by, reason } = &self.acknowledged;
        sqlx::query(
            "UPDATE emergency SET acknowledged_unix_ms = ?2, acknowledged_by = ?3, reason = ?4
             WHERE call = ?1 AND acknowledged_unix_ms IS NULL",
        )
        .bind(self.call.to_string())
        .bind(at_unix_ms)
        .bind(by)
        .bind(reason)
        .execute(&mut *conn)
        .await?;
        let row = sqlx::query("SELECT * FROM emergency WHERE call = ?")
            .bind(self.call.to_string())
            .fetch_optional(conn)
            .await?
            .ok_or_else(|| StoreError::NotFound { what: "emergency", id: self.call.to_string() })?;
        rows::emergency(&row)
    }
}

struct Escalate {
    call: CallId,
    at_unix_ms: i64,
}

impl Command for Escalate {
    type Answer = bool;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let changed = sqlx::query(
            "UPDATE emergency SET escalated_unix_ms = ?2
             WHERE call = ?1 AND acknowledged_unix_ms IS NULL AND escalated_unix_ms IS NULL",
        )
        .bind(self.call.to_string())
        .bind(self.at_unix_ms)
        .execute(conn)
        .await?;
        Ok(changed.rows_affected() > 0)
    }
}
