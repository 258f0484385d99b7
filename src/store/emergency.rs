//! Emergencies within calls: one a call, written down with the deliveries of its event before anybody is told.

use async_trait::async_trait;

use super::{Received, StoreError};
use crate::call::{CallId, Danger, EmergencyState};

/// What asking for and about emergencies needs of a store. A method returns only when its change is durable.
#[async_trait]
pub trait Emergencies: Send + Sync + 'static {
    /// The emergency and what it owes, in one transaction. `false`: this call has raised one before, or is erased; nothing
    /// changed.
    async fn raise(&self, emergency: NewEmergency) -> Result<bool, StoreError>;
    async fn emergency(&self, call: CallId) -> Result<Option<EmergencyRow>, StoreError>;
    /// Raised until then, and neither acknowledged nor escalated. Oldest first.
    async fn unacknowledged(&self, until_unix_ms: i64, limit: u32) -> Result<Vec<EmergencyRow>, StoreError>;
    /// A person has taken it. The first acknowledgement stands. [`StoreError::NotFound`]: this call has raised none.
    async fn acknowledge(&self, call: CallId, acknowledged: Acknowledged) -> Result<EmergencyRow, StoreError>;
    /// Nobody took it in time. `false`: it was acknowledged meanwhile, or escalated before.
    async fn escalate(&self, call: CallId, at_unix_ms: i64) -> Result<bool, StoreError>;

    /// The built-in endpoint: keeps a received event once.
    async fn receive_emergency(
        &self,
        webhook_id: &str,
        idempotency_key: &str,
        body_sha256: &str,
        body: &str,
        at_unix_ms: i64,
    ) -> Result<Received, StoreError>;
    /// Events the built-in endpoint holds: (webhook id, body), newest first.
    async fn received_emergencies(&self, limit: u32) -> Result<Vec<(String, String)>, StoreError>;
}

/// An emergency as it is raised.
#[derive(Clone, Debug)]
pub struct NewEmergency {
    pub call: CallId,
    pub danger: Danger,
    /// Frozen: every delivery posts exactly these bytes.
    pub body: String,
    /// Endpoint names each owed one delivery.
    pub endpoints: Vec<String>,
}

/// Who took it, and what they say about it; both may be unsaid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    pub at_unix_ms: i64,
    pub by: Option<String>,
    pub reason: Option<String>,
}

/// One stored emergency.
#[derive(Clone, Debug)]
pub struct EmergencyRow {
    pub call: CallId,
    pub danger: Danger,
    pub acknowledged: Option<Acknowledged>,
    pub escalated_unix_ms: Option<i64>,
}

impl EmergencyRow {
    pub fn state(&self) -> EmergencyState {
        match (&self.acknowledged, self.escalated_unix_ms) {
            (Some(_), _) => EmergencyState::Acknowledged,
            (None, Some(_)) => EmergencyState::Escalated,
            (None, None) => EmergencyState::Raised,
        }
    }
}
