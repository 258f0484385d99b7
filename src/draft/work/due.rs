//! How soon a matter is seen to, as the deployment sets it for each urgency.

use crate::config::{DueMinutes, UrgencyHours};
use crate::draft::schema::{TicketDraft, Urgency};

const MINUTE_MS: i64 = 60_000;

/// Hours within which somebody must act on it.
pub(in crate::draft) fn within_h(hours: &UrgencyHours, urgency: Urgency) -> u32 {
    match urgency {
        Urgency::Emergency => hours.emergency_h,
        Urgency::Urgent => hours.urgent_h,
        Urgency::High => hours.high_h,
        Urgency::Normal => hours.normal_h,
        Urgency::Low => hours.low_h,
    }
}

/// When a person is to have decided the draft of a call that ended then, Unix milliseconds.
pub(super) fn due_unix_ms(draft: &TicketDraft, ended_unix_ms: i64, due: &DueMinutes) -> i64 {
    let minutes = match urgency(draft).unwrap_or(Urgency::Normal) {
        Urgency::Emergency => due.emergency,
        Urgency::Urgent => due.urgent,
        Urgency::High => due.high,
        Urgency::Normal => due.normal,
        Urgency::Low => due.low,
    };
    ended_unix_ms.saturating_add(i64::from(minutes) * MINUTE_MS)
}

/// The most urgent of its matters.
pub(super) fn urgency(draft: &TicketDraft) -> Option<Urgency> {
    let of_matters = draft.issues.iter().filter_map(|issue| issue.urgency.value);
    of_matters.chain(danger(draft).then_some(Urgency::Emergency)).max()
}

pub(super) fn danger(draft: &TicketDraft) -> bool {
    let cleared = draft.emergency.flag.source == crate::draft::schema::Source::Agent;
    match draft.emergency.flag.value {
        Some(danger) if cleared => danger,
        flag => flag == Some(true) || draft.emergency.raised.is_some(),
    }
}
