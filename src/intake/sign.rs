//! Standard Webhooks signatures (standard-webhooks specification 1.0, symmetric `v1`): making and checking them.
//! Pure: the time is given, so both sides run on our [`Clock`](crate::ops::clock::Clock).

use std::time::Duration;

use axum::http::HeaderMap;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};

use crate::config::secret::WebhookSecret;

/// How old or how far ahead a timestamp may be, as the standard's libraries have it.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Why a delivery could not be signed, or why its signature is not believed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    #[error("header {0} is missing; send the three webhook-* headers of Standard Webhooks")]
    Missing(&'static str),
    #[error("header {0} is not readable; see the Standard Webhooks specification for its form")]
    Malformed(&'static str),
    #[error("webhook-timestamp is more than five minutes old; sign each attempt anew")]
    TooOld,
    #[error("webhook-timestamp is more than five minutes ahead; check both clocks")]
    TooNew,
    #[error("no signature in webhook-signature fits this body; check the shared secret")]
    Wrong,
    #[error("the body is not UTF-8; deliveries are JSON")]
    NotText,
    #[error("the webhook secret cannot be used; expected whsec_ and base64")]
    Secret,
}

/// The three headers of one attempt: (name, value).
pub type Headers = [(&'static str, String); 3];

/// Signs one attempt. `id` stays the same at every attempt, `timestamp_s` (Unix seconds) is new at each.
pub fn headers(id: &str, timestamp_s: i64, body: &str, secret: &WebhookSecret) -> Result<Headers, SignatureError> {
    if !well_formed_id(id) {
        return Err(SignatureError::Malformed(HEADER_WEBHOOK_ID));
    }
    Ok([
        (HEADER_WEBHOOK_ID, id.to_owned()),
        (HEADER_WEBHOOK_TIMESTAMP, timestamp_s.to_string()),
        (HEADER_WEBHOOK_SIGNATURE, signature(id, timestamp_s, body.as_bytes(), secret)?),
    ])
}

/// Checks a received delivery against every secret in use (two of them during a rotation). `headers` may carry
/// several signatures, separated by spaces; one that fits is enough.
pub fn verify(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[WebhookSecret],
    now_s: i64,
    tolerance: Duration,
) -> Result<(), SignatureError> {
    let id = text(headers, HEADER_WEBHOOK_ID)?;
    let stamp = text(headers, HEADER_WEBHOOK_TIMESTAMP)?;
    let given = text(headers, HEADER_WEBHOOK_SIGNATURE)?;
    if !well_formed_id(id) {
        return Err(SignatureError::Malformed(HEADER_WEBHOOK_ID));
    }
    if stamp.is_empty() || !stamp.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SignatureError::Malformed(HEADER_WEBHOOK_TIMESTAMP));
    }
    let stamp_s: i64 = stamp.parse().map_err(|_| SignatureError::Malformed(HEADER_WEBHOOK_TIMESTAMP))?;
    let tolerance_s = i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX);
    if stamp_s < now_s.saturating_sub(tolerance_s) {
        return Err(SignatureError::TooOld);
    }
    if stamp_s > now_s.saturating_add(tolerance_s) {
        return Err(SignatureError::TooNew);
    }
    let mut fits = false;
    for secret in secrets {
        let expected = signature(id, stamp_s, body, secret)?;
        // No early end: the time taken tells nothing about which signature or secret came close.
        for one in given.split(' ') {
            fits |= equal(one.as_bytes(), expected.as_bytes());
        }
    }
    if fits { Ok(()) } else { Err(SignatureError::Wrong) }
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, SignatureError> {
    headers.get(name).ok_or(SignatureError::Missing(name))?.to_str().map_err(|_| SignatureError::Malformed(name))
}

/// A full stop in the id would let one signature stand for two readings: `id.timestamp.body` is what is signed.
fn well_formed_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.')
}

fn signature(id: &str, timestamp_s: i64, body: &[u8], secret: &WebhookSecret) -> Result<String, SignatureError> {
    let webhook = Webhook::new(secret.expose()).map_err(|_| SignatureError::Secret)?;
    webhook.sign(id, timestamp_s, body).map_err(|_| SignatureError::NotText)
}

/// Compares without stopping at the first difference. Lengths are no secret.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_614_265_330;
    const BODY: &str = r#"{"test": 2432232314}"#;
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const KNOWN: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret() -> WebhookSecret {
        WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
    }

    fn map(id: &str, stamp: &str, signature: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(HEADER_WEBHOOK_ID, id.parse().unwrap());
        map.insert(HEADER_WEBHOOK_TIMESTAMP, stamp.parse().unwrap());
        map.insert(HEADER_WEBHOOK_SIGNATURE, signature.parse().unwrap());
        map
    }

    fn check(map: &HeaderMap, body: &str, now_s: i64) -> Result<(), SignatureError> {
        verify(map, body.as_bytes(), &[secret()], now_s, TOLERANCE)
    }

    #[test]
    fn the_vector_of_the_specification_is_made_and_believed() {
        let made = headers(ID, NOW, BODY, &secret()).unwrap();
        assert_eq!(made[2], (HEADER_WEBHOOK_SIGNATURE, KNOWN.to_owned()));
        assert_eq!(check(&map(ID, "1614265330", KNOWN), BODY, NOW), Ok(()));
    }

    #[test]
    fn a_rotated_secret_is_believed_from_either_side() {
        let old = WebhookSecret::generate();
        let by_old = headers(ID, NOW, BODY, &old).unwrap()[2].1.clone();
        let both = format!("v1a,unknownkind {by_old} {KNOWN}");
        assert_eq!(check(&map(ID, "1614265330", &both), BODY, NOW), Ok(()));
        assert_eq!(check(&map(ID, "1614265330", &by_old), BODY, NOW), Err(SignatureError::Wrong));
        let accepted = verify(&map(ID, "1614265330", &by_old), BODY.as_bytes(), &[secret(), old], NOW, TOLERANCE);
        assert_eq!(accepted, Ok(()));
        let nobody = verify(&map(ID, "1614265330", KNOWN), BODY.as_bytes(), &[], NOW, TOLERANCE);
        assert_eq!(nobody, Err(SignatureError::Wrong));
    }

    #[test]
    fn a_tampered_body_id_time_or_signature_is_refused() {
        for (id, stamp, signature, body) in [
            (ID, "1614265330", KNOWN, r#"{"test": 2432232315}"#),
            ("msg_other", "1614265330", KNOWN, BODY),
            (ID, "1614265331", KNOWN, BODY),
            (ID, "1614265330", "v1,", BODY),
            (ID, "1614265330", "", BODY),
            (ID, "1614265330", &KNOWN[3..], BODY),
            (ID, "1614265330", &KNOWN[..KNOWN.len() - 1], BODY),
            (ID, "1614265330", &KNOWN.replace("v1,", "v2,"), BODY),
        ] {
            assert_eq!(check(&map(id, stamp, signature), body, NOW), Err(SignatureError::Wrong), "{id} {signature}");
        }
        assert_eq!(
            verify(&map(ID, "1614265330", KNOWN), b"\xff", &[secret()], NOW, TOLERANCE),
            Err(SignatureError::NotText)
        );
    }

    #[test]
    fn a_timestamp_beyond_five_minutes_is_refused_both_ways() {
        let good = map(ID, "1614265330", KNOWN);
        assert_eq!(check(&good, BODY, NOW + 300), Ok(()));
        assert_eq!(check(&good, BODY, NOW + 301), Err(SignatureError::TooOld));
        assert_eq!(check(&good, BODY, NOW - 300), Ok(()));
        assert_eq!(check(&good, BODY, NOW - 301), Err(SignatureError::TooNew));
        for stamp in ["", "now", "-1", "+1614265330", "1614265330.5", "99999999999999999999"] {
            let answer = check(&map(ID, stamp, KNOWN), BODY, NOW);
            assert_eq!(answer, Err(SignatureError::Malformed(HEADER_WEBHOOK_TIMESTAMP)), "{stamp}");
        }
    }

    #[test]
    fn one_signature_cannot_stand_for_two_readings() {
        // "a.1614265330.1614265330.{}" can be cut in two ways; only the one without a full stop in the id counts.
        let shifted = headers("a", NOW, &format!("{NOW}.{{}}"), &secret()).unwrap()[2].1.clone();
        let answer = check(&map(&format!("a.{NOW}"), "1614265330", &shifted), "{}", NOW);
        assert_eq!(answer, Err(SignatureError::Malformed(HEADER_WEBHOOK_ID)));
        assert!(headers("a.b", NOW, BODY, &secret()).is_err());
    }

    #[test]
    fn every_header_is_needed() {
        for name in [HEADER_WEBHOOK_ID, HEADER_WEBHOOK_TIMESTAMP, HEADER_WEBHOOK_SIGNATURE] {
            let mut map = map(ID, "1614265330", KNOWN);
            map.remove(name);
            assert_eq!(check(&map, BODY, NOW), Err(SignatureError::Missing(name)));
        }
    }
}
