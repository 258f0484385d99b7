//! Drafts (and emergencies) and the deliveries they owe: committed together, tried until done or parked.

use std::collections::HashSet;

use futures_util::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use sqlx::{Row as _, SqliteConnection, SqlitePool};

use super::calls::{or_unknown_call, wrong_state};
use super::writer::Command;
use super::{earlier, reviews, rows};
use crate::call::{CallId, DraftId};
use crate::store::{AttemptResult, CompletedDraft, DeliveryCounts, DeliveryRow, DeliveryState, NextStep, StoreError};

/// Stable and the same for every attempt. No full stop in it: a Standard Webhooks signature joins id, time and body
/// with full stops.
pub(super) fn delivery_id(subject: &str, endpoint: &str) -> String {
    let digest = Sha256::digest(endpoint.as_bytes());
    let endpoint: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("msg_{subject}_{endpoint}")
}

pub(super) struct CompleteDraft(pub CompletedDraft);

impl Command for CompleteDraft {
    type Answer = bool;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let draft = &self.0;
        let call = draft.call.to_string();
        // A later version is made from the one before it. Where that is gone, a decision was taken back in between.
        let newest: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM draft WHERE call = ?")
            .bind(&call)
            .fetch_one(&mut *conn)
            .await?;
        if newest > 0 && newest != i64::from(draft.version) - 1 {
            return Ok(false);
        }
        sqlx::query("INSERT INTO draft (id, version, call, body, created_unix_ms) VALUES (?, ?, ?, ?, ?)")
            .bind(draft.draft.to_string())
            .bind(draft.version)
            .bind(&call)
            .bind(&draft.body)
            .bind(draft.created_unix_ms)
            .execute(&mut *conn)
            .await
            .map_err(|e| or_unknown_call(e, draft.call))?;
        for endpoint in &draft.endpoints {
            let owed = Owed { call: draft.call, draft: draft.draft, version: draft.version };
            owe(conn, owed, endpoint, draft.created_unix_ms, None).await?;
        }
        // A later version is of a call that is done; the first one only of a call whose audio is complete.
        let done = sqlx::query(
            "UPDATE call SET state = 'done', coverage = ?, redraft = 0
             WHERE id = ? AND erased_unix_ms IS NULL AND (state = 'finishing' OR (state = 'done' AND ? > 1))",
        )
        .bind(rows::json(&draft.coverage)?)
        .bind(&call)
        .bind(draft.version)
        .execute(&mut *conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(wrong_state(conn, draft.call, "finishing").await?);
        }
        earlier::keep(conn, draft.call, &draft.traces).await?;
        reviews::completed(conn, draft.call, &draft.outline).await?;
        sqlx::query("DELETE FROM live_draft WHERE call = ?").bind(&call).execute(conn).await?;
        Ok(true)
    }
}

/// A version of a draft.
#[derive(Clone, Copy)]
pub(super) struct Owed {
    pub call: CallId,
    pub draft: DraftId,
    pub version: u32,
}

/// `held_until_unix_ms`: it can be taken back until then.
pub(super) async fn owe(
    conn: &mut SqliteConnection,
    owed: Owed,
    endpoint: &str,
    at_unix_ms: i64,
    held_until_unix_ms: Option<i64>,
) -> Result<(), StoreError> {
    // An endpoint named twice is still owed once.
    sqlx::query(
        "INSERT INTO delivery (id, call, draft, version, endpoint, state, next_attempt_unix_ms, created_unix_ms, held)
         VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7, ?8) ON CONFLICT (endpoint, draft, version) DO NOTHING",
    )
    .bind(delivery_id(&format!("{}_{}", owed.draft, owed.version), endpoint))
    .bind(owed.call.to_string())
    .bind(owed.draft.to_string())
    .bind(owed.version)
    .bind(endpoint)
    .bind(held_until_unix_ms.unwrap_or(at_unix_ms))
    .bind(at_unix_ms)
    .bind(held_until_unix_ms.is_some())
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes deliveries that can be taken back out of reach of that, now that they are due. Answers those that are still
/// there: between the look for what is due and this, somebody may have taken them back.
pub(super) struct LetGo {
    pub deliveries: Vec<String>,
    pub now_unix_ms: i64,
}

impl Command for LetGo {
    type Answer = HashSet<String>;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<HashSet<String>, StoreError> {
        let mut gone = HashSet::new();
        for delivery in &self.deliveries {
            let let_go = sqlx::query(
                "UPDATE delivery SET held = 0
                 WHERE id = ? AND held = 1 AND state = 'pending' AND next_attempt_unix_ms <= ?",
            )
            .bind(delivery)
            .bind(self.now_unix_ms)
            .execute(&mut *conn)
            .await?;
            if let_go.rows_affected() > 0 {
                gone.insert(delivery.clone());
            }
        }
        Ok(gone)
    }
}

/// The event of a call's emergency.
pub(super) async fn owe_emergency(
    conn: &mut SqliteConnection,
    call: CallId,
    endpoint: &str,
    at_unix_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO delivery (id, call, endpoint, state, next_attempt_unix_ms, created_unix_ms)
         VALUES (?1, ?2, ?3, 'pending', ?4, ?4) ON CONFLICT (id) DO NOTHING",
    )
    .bind(delivery_id(&format!("emergency_{call}"), endpoint))
    .bind(call.to_string())
    .bind(endpoint)
    .bind(at_unix_ms)
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) struct RecordAttempt(pub AttemptResult);

impl Command for RecordAttempt {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let result = &self.0;
        let (state, next, delivered) = match result.next {
            NextStep::Done => (DeliveryState::Delivered, None, Some(result.at_unix_ms)),
            NextStep::RetryAt { unix_ms } => (DeliveryState::Pending, Some(unix_ms), None),
            NextStep::Park => (DeliveryState::Dead, None, None),
        };
        // Delivered is final: the late failure of a second attempt must not send it again.
        let updated = sqlx::query(
            "UPDATE delivery SET attempts = attempts + 1, last_status = ?2, last_error = ?3,
                    state = CASE state WHEN 'delivered' THEN state ELSE ?4 END,
                    next_attempt_unix_ms = COALESCE(?5, next_attempt_unix_ms),
                    delivered_unix_ms = COALESCE(delivered_unix_ms, ?6)
             WHERE id = ?1",
        )
        .bind(&result.delivery)
        .bind(result.status)
        .bind(&result.error)
        .bind(state.as_str())
        .bind(next)
        .bind(delivered)
        .execute(&mut *conn)
        .await?;
        if updated.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "delivery", id: result.delivery.clone() });
        }
        // Numbered by itself: a replay starts `attempts` again, the log goes on.
        sqlx::query(
            "INSERT INTO delivery_attempt (delivery, number, at_unix_ms, status, error)
             SELECT ?1, COALESCE(MAX(number), 0) + 1, ?2, ?3, ?4 FROM delivery_attempt WHERE delivery = ?1",
        )
        .bind(&result.delivery)
        .bind(result.at_unix_ms)
        .bind(result.status)
        .bind(&result.error)
        .execute(conn)
        .await?;
        Ok(())
    }
}

pub(super) struct Replay {
    pub delivery: String,
    pub now_unix_ms: i64,
}

impl Command for Replay {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        // A pending one is accepted too: the operator pressed twice. A delivery given up after days would be given
        // up again at its first failure if its attempts still counted.
        let changed = sqlx::query(
            "UPDATE delivery SET attempts = CASE state WHEN 'dead' THEN 0 ELSE attempts END, state = 'pending',
                    next_attempt_unix_ms = CASE held WHEN 1 THEN next_attempt_unix_ms ELSE MIN(next_attempt_unix_ms, ?2) END
             WHERE id = ?1 AND state IN ('dead', 'pending')",
        )
        .bind(&self.delivery)
        .bind(self.now_unix_ms)
        .execute(conn)
        .await?;
        match changed.rows_affected() {
            0 => Err(StoreError::NotFound { what: "dead delivery", id: self.delivery.clone() }),
            _ => Ok(()),
        }
    }
}

pub(super) struct MakeDue {
    pub endpoint: String,
    pub unix_ms: i64,
}

impl Command for MakeDue {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        // One that can be taken back keeps its own time.
        sqlx::query(
            "UPDATE delivery SET next_attempt_unix_ms = ? WHERE endpoint = ? AND state = 'pending' AND held = 0",
        )
        .bind(self.unix_ms)
        .bind(&self.endpoint)
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// A delivery whose row cannot be read: parked, or it would be due for ever and hold up the ones behind it.
pub(super) struct ParkDamaged {
    id: String,
    reason: String,
}

impl Command for ParkDamaged {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("UPDATE delivery SET state = 'dead', last_error = ? WHERE id = ?")
            .bind(&self.reason)
            .bind(&self.id)
            .execute(conn)
            .await?;
        Ok(())
    }
}

/// What is due, and what ought to be but cannot be read.
pub(super) struct Due {
    pub deliveries: Vec<(DeliveryRow, String)>,
    /// Ids of those that can be taken back until the outbox lets go of them.
    pub held: Vec<String>,
    pub damaged: Vec<ParkDamaged>,
}

pub(super) async fn due(readers: &SqlitePool, now_unix_ms: i64, limit: u32) -> Result<Due, StoreError> {
    let mut due = Due { deliveries: Vec::new(), held: Vec::new(), damaged: Vec::new() };
    // However many drafts wait, an emergency is not behind them.
    for sql in [DUE_EMERGENCIES, DUE_DRAFTS] {
        let mut found = sqlx::query(sql).bind(now_unix_ms).bind(limit).fetch(readers);
        while let Some(row) = found.try_next().await? {
            match rows::delivery(&row) {
                Ok(delivery) => {
                    if row.try_get("held")? {
                        due.held.push(delivery.id.clone());
                    }
                    due.deliveries.push((delivery, row.try_get("body")?));
                }
                Err(error) => {
                    rows::report_damage(&error);
                    due.damaged.push(ParkDamaged { id: row.try_get("id")?, reason: error.to_string() });
                }
            }
        }
    }
    Ok(due)
}

/// The conditions are those of the index `delivery_urgent`, word for word, or SQLite would not use it.
pub(super) const DUE_EMERGENCIES: &str = "SELECT delivery.*, emergency.body FROM delivery
     JOIN emergency ON emergency.call = delivery.call
     WHERE delivery.state = 'pending' AND delivery.draft IS NULL AND delivery.next_attempt_unix_ms <= ?
     ORDER BY delivery.next_attempt_unix_ms LIMIT ?";
const DUE_DRAFTS: &str = "SELECT delivery.*, draft.body FROM delivery
     JOIN draft ON draft.id = delivery.draft AND draft.version = delivery.version
     WHERE delivery.state = 'pending' AND delivery.next_attempt_unix_ms <= ?
     ORDER BY delivery.next_attempt_unix_ms, delivery.created_unix_ms, delivery.id LIMIT ?";

pub(super) async fn next_due(readers: &SqlitePool) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar("SELECT MIN(next_attempt_unix_ms) FROM delivery WHERE state = 'pending'")
        .fetch_one(readers)
        .await?)
}

/// Each count is read from its partial index: what was delivered, years of it, is not looked at.
pub(super) const COUNTS: &str = "SELECT (SELECT COUNT(*) FROM delivery WHERE state = 'pending'),
            (SELECT COUNT(*) FROM delivery WHERE state = 'dead')";

pub(super) async fn counts(readers: &SqlitePool) -> Result<DeliveryCounts, StoreError> {
    let (pending, dead): (i64, i64) = sqlx::query_as(COUNTS).fetch_one(readers).await?;
    Ok(DeliveryCounts { pending: pending.unsigned_abs(), dead: dead.unsigned_abs() })
}

pub(super) async fn of_call(readers: &SqlitePool, call: CallId) -> Result<Vec<DeliveryRow>, StoreError> {
    let found = sqlx::query("SELECT * FROM delivery WHERE call = ? ORDER BY draft IS NULL, created_unix_ms, endpoint")
        .bind(call.to_string())
        .fetch_all(readers)
        .await?;
    Ok(rows::readable(found.iter().map(rows::delivery)))
}

/// Newest first: what an operator looks for is what just went wrong.
pub(super) async fn dead(readers: &SqlitePool, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
    let found =
        sqlx::query("SELECT * FROM delivery WHERE state = 'dead' ORDER BY created_unix_ms DESC, id DESC LIMIT ?")
            .bind(limit)
            .fetch_all(readers)
            .await?;
    Ok(rows::readable(found.iter().map(rows::delivery)))
}
