//! Delivery: frozen bodies go from the store's outbox to the endpoint, drafts once per (endpoint, draft, version), the event
//! of an emergency once per (endpoint, call).
//!
//! [`outbox`] is the worker, [`schedule`] and [`health`] are the pure machines it asks, [`client`] is one HTTP
//! attempt, [`sign`] the Standard Webhooks signature, [`problem`] the RFC 9457 document both sides speak.

mod attempt;
pub mod client;
pub mod health;
pub mod outbox;
pub mod problem;
pub mod schedule;
pub mod sign;
#[cfg(test)]
mod tests;

pub use outbox::{Outbox, OutboxHandle};

use crate::call::{CallId, DeliveryKind, DraftId};
use crate::config::secret::WebhookSecret;
use crate::store::{DeliveryRow, Subject};

/// Where drafts, or emergencies, are posted. Comes from the configuration only; nothing at run time can change it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The name deliveries are addressed to in the store.
    pub name: String,
    pub url: reqwest::Url,
    pub secret: WebhookSecret,
    /// One that takes emergencies is asked more often while it is down.
    pub takes: DeliveryKind,
}

/// Value of `Idempotency-Key`: a quoted structured-field string (draft-ietf-httpapi-idempotency-key-header-07).
/// The same for every attempt of a draft version, and for every endpoint.
pub fn idempotency_key(draft: DraftId, version: u32) -> String {
    format!("\"{draft}:{version}\"")
}

/// That of a call's emergency.
pub fn emergency_key(call: CallId) -> String {
    format!("\"{call}:emergency\"")
}

/// The same of whatever is delivered.
pub fn key_of(row: &DeliveryRow) -> String {
    match row.subject {
        Subject::Draft { draft, version } => idempotency_key(draft, version),
        Subject::Emergency => emergency_key(row.call),
    }
}
