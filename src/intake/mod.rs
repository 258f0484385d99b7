//! Delivery: frozen draft bodies go from the store's outbox to the endpoint, once per (endpoint, draft, version).
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

use crate::call::DraftId;
use crate::config::secret::WebhookSecret;

/// Where drafts are posted. Comes from the configuration only; nothing at run time can change it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The name deliveries are addressed to in the store.
    pub name: String,
    pub url: reqwest::Url,
    pub secret: WebhookSecret,
}

/// Value of `Idempotency-Key`: a quoted structured-field string (draft-ietf-httpapi-idempotency-key-header-07).
/// The same for every attempt of a draft version, and for every endpoint.
pub fn idempotency_key(draft: DraftId, version: u32) -> String {
    format!("\"{draft}:{version}\"")
}
