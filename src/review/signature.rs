//! The signature of a delivery to the built-in endpoint (Standard Webhooks, symmetric).

use axum::http::HeaderMap;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};

use crate::config::secret::WebhookSecret;

/// Seconds a timestamp may be away from now, as the standard's libraries have it.
const TOLERANCE_S: u64 = 5 * 60;

const LONGEST_ID: usize = 128;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum SignatureError {
    #[error("header {0} is missing or not readable")]
    Header(&'static str),
    #[error("webhook-timestamp is more than five minutes away from now; sign every attempt anew")]
    Stale,
    #[error("webhook-signature fits none of the accepted secrets")]
    Wrong,
}

/// Checks id, time and body against every accepted secret. `now_s`: seconds since the Unix epoch.
pub(super) fn verify(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[WebhookSecret],
    now_s: i64,
) -> Result<(), SignatureError> {
    let id = text(headers, HEADER_WEBHOOK_ID)?;
    // A full stop in the id would let one signature stand for two readings of `id.timestamp.body`.
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(|b| b.is_ascii_graphic() && b != b'.') {
        return Err(SignatureError::Header(HEADER_WEBHOOK_ID));
    }
    let given = text(headers, HEADER_WEBHOOK_SIGNATURE)?;
    let stamp = text(headers, HEADER_WEBHOOK_TIMESTAMP)?;
    let at: i64 = stamp.parse().map_err(|_| SignatureError::Header(HEADER_WEBHOOK_TIMESTAMP))?;
    if at.abs_diff(now_s) > TOLERANCE_S {
        return Err(SignatureError::Stale);
    }
    let fits = secrets.iter().any(|secret| {
        Webhook::new(secret.expose())
            .and_then(|webhook| webhook.sign(id, at, body))
            .is_ok_and(|expected| given.split(' ').any(|one| same(one.as_bytes(), expected.as_bytes())))
    });
    if fits { Ok(()) } else { Err(SignatureError::Wrong) }
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, SignatureError> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or(SignatureError::Header(name))
}

/// Compares in a time that does not tell where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differences, (x, y)| differences | (x ^ y)) == 0
}
