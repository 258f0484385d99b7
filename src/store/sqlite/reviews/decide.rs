//! Decisions, and taking one back while nothing of it is on its way.

use sqlx::SqliteConnection;

use super::work::open_to;
use super::{corrections, known, merge};
use crate::call::CallId;
use crate::store::StoreError;
use crate::store::reviews::{Hand, NewDecision, Refused, ReviewRow};
use crate::store::sqlite::earlier;
use crate::store::sqlite::outbox::{Owed, owe};
use crate::store::sqlite::rows::json;
use crate::store::sqlite::writer::Command;

pub(super) struct Decide(pub NewDecision);

impl Command for Decide {
    type Answer = ReviewRow;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<ReviewRow, StoreError> {
        let new = &self.0;
        let row = known(conn, new.call).await?;
        open_to(&row, &new.hand, false)?;
        if !row.complete {
            return Err(Refused::NotOver { state: "its draft is not complete".into() }.into());
        }
        if row.revision != new.revision {
            return Err(Refused::Stale.into());
        }
        if let Some(into) = &new.into {
            merge::allowed(conn, new.call, into.call).await?;
        }
        sqlx::query("INSERT INTO draft (id, version, call, body, created_unix_ms) VALUES (?, ?, ?, ?, ?)")
            .bind(new.draft.to_string())
            .bind(new.version)
            .bind(new.call.to_string())
            .bind(&new.body)
            .bind(new.hand.now_unix_ms)
            .execute(&mut *conn)
            .await?;
        let owed = Owed { call: new.call, draft: new.draft, version: new.version };
        for endpoint in &new.endpoints {
            owe(conn, owed, endpoint, new.hand.now_unix_ms, Some(new.undo_until_unix_ms)).await?;
        }
        corrections::keep(conn, new).await?;
        earlier::keep(conn, new.call, &new.traces).await?;
        sqlx::query(
            "UPDATE review SET revision = revision + 1, outline = ?, category = ?, holder = NULL, held_until_unix_ms = NULL,
                    decision = ?, decided_by = ?, decided_unix_ms = ?, reason = ?, unit = ?, decided_version = ?,
                    undo_until_unix_ms = ?, took_ms = ?, merged_into = ?, merged_reference = ?
             WHERE call = ?",
        )
        .bind(json(&new.outline)?)
        .bind(&new.outline.category)
        .bind(new.decision.as_str())
        .bind(&new.hand.by)
        .bind(new.hand.now_unix_ms)
        .bind(&new.reason)
        .bind(&new.unit)
        .bind(new.version)
        .bind(new.undo_until_unix_ms)
        .bind(new.took_ms)
        .bind(new.into.as_ref().map(|into| into.call.to_string()))
        .bind(new.into.as_ref().map(|into| into.reference.as_str()))
        .bind(new.call.to_string())
        .execute(&mut *conn)
        .await?;
        known(conn, new.call).await
    }
}

pub(super) struct Undo {
    pub call: CallId,
    pub hand: Hand,
    /// A supervisor may take back what another decided.
    pub anybodys: bool,
}

impl Command for Undo {
    type Answer = ReviewRow;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<ReviewRow, StoreError> {
        let (call, hand) = (self.call.to_string(), &self.hand);
        let row = known(conn, self.call).await?;
        let decision = row.decision.ok_or(Refused::Undecided)?;
        if decision.by != hand.by && !self.anybodys {
            return Err(Refused::Anothers { by: decision.by }.into());
        }
        // What the outbox has let go of may have arrived, whatever the clock says.
        let gone: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM delivery WHERE call = ?1 AND version >= ?2 AND held = 0)
                    OR EXISTS (SELECT 1 FROM draft WHERE call = ?1 AND version > ?2)",
        )
        .bind(&call)
        .bind(decision.version)
        .fetch_one(&mut *conn)
        .await?;
        if gone || hand.now_unix_ms >= decision.undo_until_unix_ms {
            return Err(Refused::TooLate.into());
        }
        // Its deliveries go with it.
        for sql in [
            "DELETE FROM draft WHERE call = ? AND version = ?",
            "DELETE FROM correction WHERE call = ? AND version = ?",
        ] {
            sqlx::query(sql).bind(&call).bind(decision.version).execute(&mut *conn).await?;
        }
        sqlx::query(
            "UPDATE review SET revision = revision + 1, holder = ?, held_until_unix_ms = ?, decision = NULL,
                    decided_by = NULL, decided_unix_ms = NULL, reason = NULL, unit = NULL, decided_version = NULL,
                    undo_until_unix_ms = NULL, took_ms = NULL, merged_into = NULL, merged_reference = NULL
             WHERE call = ?",
        )
        .bind(&hand.by)
        .bind(hand.until_unix_ms)
        .bind(&call)
        .execute(&mut *conn)
        .await?;
        known(conn, self.call).await
    }
}
