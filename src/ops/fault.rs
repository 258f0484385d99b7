//! Named places where a crash test can kill the process, as a power cut would.
//!
//! `HEARDLINE_FAULT=post.accepted` aborts at the first pass of that point; unset (always, outside tests) a point
//! is one comparison with `None`.

use std::sync::OnceLock;

/// Aborts here when the crash test asked for this name.
pub fn point(name: &str) {
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| std::env::var("HEARDLINE_FAULT").ok());
    if wanted.as_deref() == Some(name) {
        std::process::abort();
    }
}
