//! Heardline: a voice call intake and transcription gateway.
//!
//! ```text
//!  phone ────SIP───► ingress ──► media ──► speech ──► draft ──► intake ──► endpoint
//!  browser ─WebRTC─►    │          │          │          │         │          ▲
//!                       └──────────┴───── store (SQLite, WAV) ─────┘          │
//!                                          ▲                                  │
//!                                       recover (at boot)   review (desk and caller's page, over HTTP)
//! ```
//!
//! Reading order: [`pipeline`] tells one call's journey from top to bottom, [`gateway`] builds the stages and
//! joins them, [`call`] holds the words that flow between them. After that each folder can be read alone. Open to all
//! stages are [`call`], [`codec`] (payloads to sound and back), [`config`], [`ops`] and [`store`].
//!
//! Invariants (held by `tests/architecture.rs` and the tests named by them):
//! - a call row is in the store before the 200 OK leaves;
//! - every second of caller audio ends in the coverage ledger;
//! - draft and outbox row are committed in one transaction;
//! - a stage knows the types of the stage before it, never of the one after;
//! - everything is bounded, and the bounds stand in [`config::limits`].

pub mod call;
pub mod cli;
pub mod codec;
pub mod config;
pub mod draft;
pub mod gateway;
pub mod ingress;
pub mod intake;
pub mod media;
pub mod ops;
pub mod pipeline;
pub mod review;
pub mod speech;
pub mod store;
