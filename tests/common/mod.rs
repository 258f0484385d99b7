//! What the acceptance tests share: a whole gateway on free loopback ports, phones, endpoints and measures.
#![allow(dead_code, unused_imports, reason = "each test file uses its own part")]

pub mod any_phone;
pub mod browser;
pub mod chat_server;
pub mod chromium;
pub mod endpoint;
pub mod faulty_line;
pub mod gateway;
pub mod link;
pub mod phones;
pub mod raw_phone;
pub mod recognizer;
pub mod relay;
pub mod served;
pub mod sound;
pub mod speech_server;
pub mod web_offers;
pub mod words;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Bound of one wait. Ten times what a slow machine needs, so that reaching it means "never".
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A file of the checkout.
pub fn bundled(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}
