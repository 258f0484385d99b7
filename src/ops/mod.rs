//! What operators need: time, logs, metrics, shutdown.

pub mod api;
pub mod breaker;
pub mod clock;
pub mod descriptors;
pub mod fault;
pub mod health;
pub mod metrics;
pub mod notify;
pub mod outbound;
pub mod problem;
pub mod telemetry;
pub mod tls;
pub mod trusted_time;
