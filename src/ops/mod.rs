//! What operators need: time, logs, metrics, shutdown.

pub mod clock;
pub mod fault;
