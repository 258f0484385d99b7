//! What one attempt's outcome means for its delivery: done, again later, parked, or the endpoint is stopped.
//! Pure: outcome, history, time and a random number in, a decision out.

use std::time::Duration;

use crate::call::DeliveryKind;

/// What came back from one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answer {
        status: u16,
        /// `Retry-After`, milliseconds from now.
        retry_after_ms: Option<i64>,
        /// What the problem document of a 409 says; `Unsaid` at every other status.
        conflict: Conflict,
    },
    Fault(Fault),
}

/// What a 409 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    Unsaid,
    /// Accepted before.
    Duplicate,
    /// The first one is still being worked on.
    InProgress,
}

/// No answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Name not found, connection refused, TLS not agreed.
    Connect,
    Timeout,
    /// The connection broke or spoke no HTTP.
    Broken,
    /// This side could not build or sign the request.
    Local,
}

/// What an outcome says about delivery and endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 2xx, or 409 that says duplicate.
    Accepted,
    /// The endpoint lives, this delivery must wait: 408, 409 in progress, 425.
    Later,
    /// The endpoint takes nothing now: 429, 5xx, no answer.
    Down,
    /// 410.
    Gone,
    /// 3xx (never followed) and every other answer.
    Refused,
}

impl Kind {
    /// Label of `heardline_intake_attempts_total`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Later => "later",
            Self::Down => "down",
            Self::Gone => "gone",
            Self::Refused => "refused",
        }
    }
}

impl Outcome {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Fault(_) => Kind::Down,
            Self::Answer { status, conflict, .. } => match (*status, *conflict) {
                (200..=299, _) | (409, Conflict::Duplicate) => Kind::Accepted,
                (408 | 425, _) | (409, Conflict::InProgress) => Kind::Later,
                (429 | 500..=599, _) => Kind::Down,
                (410, _) => Kind::Gone,
                _ => Kind::Refused,
            },
        }
    }

    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answer { status, .. } => Some(*status),
            Self::Fault(_) => None,
        }
    }

    /// What the endpoint asked for, milliseconds; zero when it did not.
    pub fn retry_after_ms(&self) -> i64 {
        match self {
            Self::Answer { retry_after_ms, .. } => retry_after_ms.unwrap_or(0),
            Self::Fault(_) => 0,
        }
    }
}

/// Where the delivery stands, this attempt included.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Attempts made, at least 1.
    pub attempts: u32,
    pub created_ms: i64,
    pub now_ms: i64,
    /// Drawn by the caller from `0.0..1.0`.
    pub random: f64,
    pub kind: DeliveryKind,
}

/// What is owed next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Done,
    RetryAt(i64),
    Park { reason: String },
    StopEndpoint,
}

/// Delays after the first, second, … failure, seconds (Standard Webhooks, "retry schedule"). Each is drawn
/// between zero and its figure (full jitter), so that a crowd of deliveries does not come back as a crowd.
const DELAYS_S: [i64; 9] = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];

/// An emergency is tried this often, without jitter and whatever the endpoint asks for. It is given up when a draft
/// would be.
const URGENT_MS: i64 = 5_000;

/// The key of the configuration that names its endpoints.
pub(super) fn setting(kind: DeliveryKind) -> &'static str {
    match kind {
        DeliveryKind::Draft => "intake.url",
        DeliveryKind::Emergency => "emergency.urls",
    }
}

/// `Retry-After` is honoured up to this.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The whole schedule, a little over three days. A delivery is given up when it is older *and* was tried as
/// often as the schedule says: probes of a dead endpoint, one a minute, must not use the attempts up, and one
/// parked early and replayed a week later still gets its attempts.
const GIVE_UP_AFTER_MS: i64 = {
    let mut total = 0;
    let mut at = 0;
    while at < DELAYS_S.len() {
        total += DELAYS_S[at] * 1000;
        at += 1;
    }
    total
};

pub fn decide(outcome: &Outcome, standing: &Standing) -> Decision {
    match outcome.kind() {
        Kind::Accepted => Decision::Done,
        Kind::Gone => Decision::StopEndpoint,
        Kind::Refused => Decision::Park { reason: refusal(outcome, standing.kind) },
        Kind::Later | Kind::Down => again(outcome, standing),
    }
}

fn again(outcome: &Outcome, standing: &Standing) -> Decision {
    let failures = usize::try_from(standing.attempts.max(1)).unwrap_or(usize::MAX);
    let age_ms = standing.now_ms.saturating_sub(standing.created_ms);
    if failures > DELAYS_S.len() && age_ms >= GIVE_UP_AFTER_MS {
        return Decision::Park {
            reason: format!("given up after {failures} attempts in three days; replay it by hand"),
        };
    }
    if standing.kind == DeliveryKind::Emergency {
        return Decision::RetryAt(standing.now_ms.saturating_add(URGENT_MS));
    }
    let longest_s = DELAYS_S.get(failures - 1).or(DELAYS_S.last()).copied().unwrap_or(0);
    let jittered_ms = (longest_s as f64 * 1000.0 * standing.random.clamp(0.0, 1.0)) as i64;
    Decision::RetryAt(standing.now_ms.saturating_add(jittered_ms.max(outcome.retry_after_ms())))
}

fn refusal(outcome: &Outcome, kind: DeliveryKind) -> String {
    match outcome.status() {
        Some(status @ 300..=399) => {
            format!("{status}: redirects are not followed; put the final address into {}", setting(kind))
        }
        Some(401 | 403) => "the endpoint does not accept our signature; check that both sides share the secret".into(),
        Some(409) => "409 that says neither duplicate nor in progress".into(),
        Some(413) => "413: too large for the endpoint; raise its limit".into(),
        Some(status) => format!("{status}: refused for good"),
        None => "refused".into(),
    }
}

/// Milliseconds from now that a `Retry-After` asks for (RFC 9110 section 10.2.3: seconds or a date), between
/// zero and [`LONGEST_WAIT`]. `None`: not readable.
pub fn retry_after_ms(value: &str, now_ms: i64) -> Option<i64> {
    let value = value.trim();
    let longest = i64::try_from(LONGEST_WAIT.as_millis()).unwrap_or(i64::MAX);
    let asked = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        value.parse::<i64>().map_or(longest, |seconds| seconds.saturating_mul(1000))
    } else {
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
        date.as_millisecond().saturating_sub(now_ms)
    };
    Some(asked.clamp(0, longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;
    const DAY: i64 = 24 * 3600 * 1000;

    fn answer(status: u16) -> Outcome {
        Outcome::Answer { status, retry_after_ms: None, conflict: Conflict::Unsaid }
    }

    fn conflict(conflict: Conflict) -> Outcome {
        Outcome::Answer { status: 409, retry_after_ms: None, conflict }
    }

    fn standing(attempts: u32, age_ms: i64, random: f64) -> Standing {
        Standing { attempts, created_ms: NOW - age_ms, now_ms: NOW, random, kind: DeliveryKind::Draft }
    }

    #[test]
    fn every_answer_has_the_meaning_the_table_gives_it() {
        let fresh = standing(1, 0, 0.5);
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(decide(&answer(status), &fresh), Decision::Done, "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert_eq!(decide(&answer(status), &fresh), Decision::RetryAt(NOW + 2_500), "{status}");
        }
        for status in [101, 300, 301, 302, 307, 308, 400, 401, 403, 404, 409, 413, 422, 451, 600, 999] {
            assert!(matches!(decide(&answer(status), &fresh), Decision::Park { .. }), "{status}");
        }
        for fault in [Fault::Connect, Fault::Timeout, Fault::Broken, Fault::Local] {
            assert_eq!(decide(&Outcome::Fault(fault), &fresh), Decision::RetryAt(NOW + 2_500), "{fault:?}");
        }
        assert_eq!(decide(&conflict(Conflict::Duplicate), &fresh), Decision::Done);
        assert_eq!(decide(&conflict(Conflict::InProgress), &fresh), Decision::RetryAt(NOW + 2_500));
        assert_eq!(decide(&answer(410), &fresh), Decision::StopEndpoint);
    }

    #[test]
    fn delays_grow_as_standard_webhooks_has_them_with_full_jitter() {
        for (attempts, longest_s) in (1..).zip(DELAYS_S.iter().copied().chain([24 * 3600, 24 * 3600])) {
            assert_eq!(decide(&answer(503), &standing(attempts, 0, 0.0)), Decision::RetryAt(NOW));
            assert_eq!(
                decide(&answer(503), &standing(attempts, 0, 1.0)),
                Decision::RetryAt(NOW + longest_s * 1000),
                "after attempt {attempts}"
            );
        }
    }

    #[test]
    fn retry_after_is_a_floor_and_capped_at_a_day() {
        for status in [429, 503] {
            let asked = |ms| Outcome::Answer { status, retry_after_ms: Some(ms), conflict: Conflict::Unsaid };
            assert_eq!(decide(&asked(90_000), &standing(1, 0, 1.0)), Decision::RetryAt(NOW + 90_000));
            assert_eq!(decide(&asked(1_000), &standing(1, 0, 1.0)), Decision::RetryAt(NOW + 5_000));
        }
        assert_eq!(retry_after_ms(" 120 ", NOW), Some(120_000));
        assert_eq!(retry_after_ms("0", NOW), Some(0));
        assert_eq!(retry_after_ms("999999999999999999999999", NOW), Some(DAY));
        let epoch_plus_a_minute = "Thu, 01 Jan 1970 00:01:00 GMT";
        assert_eq!(retry_after_ms(epoch_plus_a_minute, 0), Some(60_000));
        assert_eq!(retry_after_ms(epoch_plus_a_minute, NOW), Some(0));
        assert_eq!(retry_after_ms("Sat, 06 Nov 2094 08:49:37 GMT", NOW), Some(DAY));
        for junk in ["", "soon", "-5", "1.5", "5 s"] {
            assert_eq!(retry_after_ms(junk, NOW), None, "{junk:?}");
        }
    }

    #[test]
    fn an_emergency_is_tried_every_five_seconds_for_days_and_a_refusal_names_its_own_setting() {
        let urgent = |attempts, age_ms| Standing { kind: DeliveryKind::Emergency, ..standing(attempts, age_ms, 1.0) };
        let asked = Outcome::Answer { status: 503, retry_after_ms: Some(600_000), conflict: Conflict::Unsaid };
        for (attempts, age_ms) in [(1, 0), (9, 40_000), (20_000, GIVE_UP_AFTER_MS - 1)] {
            assert_eq!(decide(&asked, &urgent(attempts, age_ms)), Decision::RetryAt(NOW + 5_000));
        }
        assert!(matches!(decide(&asked, &urgent(50_000, GIVE_UP_AFTER_MS)), Decision::Park { .. }));
        assert_eq!(decide(&answer(204), &urgent(1, 0)), Decision::Done);
        let Decision::Park { reason } = decide(&answer(302), &urgent(1, 0)) else { panic!("followed") };
        assert!(reason.contains("emergency.urls"), "{reason}");
    }

    #[test]
    fn a_delivery_is_tried_for_days_and_then_parked_never_dropped() {
        let old = GIVE_UP_AFTER_MS;
        assert!((3 * DAY..4 * DAY).contains(&old));
        assert!(matches!(decide(&answer(503), &standing(10, old, 0.5)), Decision::Park { .. }));
        // An hour of probes does not use the attempts up; a replay of an old delivery gets its attempts.
        assert!(matches!(decide(&answer(503), &standing(4_000, old - 1, 0.5)), Decision::RetryAt(_)));
        assert!(matches!(decide(&answer(503), &standing(9, 30 * DAY, 0.5)), Decision::RetryAt(_)));
        assert_eq!(decide(&answer(200), &standing(4_000, 30 * DAY, 0.5)), Decision::Done);
    }
}
