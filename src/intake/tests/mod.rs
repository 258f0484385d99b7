//! The worker and the client against a fake store and a real HTTP endpoint on loopback.

mod client;
mod endpoint;
mod outbox;
mod store;
