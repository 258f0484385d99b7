//! What an endpoint says when it refuses (RFC 9457), and what our own refusals say of the store.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::schedule::Conflict;
use crate::ops::outbound::one_line;
pub use crate::ops::problem::{Problem, Reason};
use crate::store::{Refused, StoreError};

impl Problem {
    /// Reads an endpoint's answer, whatever content type it claims. `None`: not such a document.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        // As a map first: serde would read an array as the members in order.
        let mut members: Map<String, Value> = serde_json::from_slice(body).ok()?;
        // A member of our own; theirs of the same name may be anything.
        members.remove("reasons");
        serde_json::from_value(Value::Object(members)).ok()
    }

    /// What a 409 with this document means. Read from `type` and `title` only: `detail` is prose.
    pub(super) fn conflict(&self) -> Conflict {
        let said = format!("{} {}", self.type_, self.title).to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if says(&["in-progress", "in progress", "in_progress", "processing", "outstanding"]) {
            Conflict::InProgress
        } else if says(&["duplicate"]) {
            Conflict::Duplicate
        } else {
            Conflict::Unsaid
        }
    }

    /// Title and detail for the operator: one line, bounded. `None` when the document says nothing.
    pub(super) fn for_operator(&self) -> Option<String> {
        let detail = self.detail.as_deref().unwrap_or_default();
        let joined = match (self.title.trim(), detail.trim()) {
            ("", "") => return None,
            (title, "") => title.to_owned(),
            ("", detail) => detail.to_owned(),
            (title, detail) => format!("{title}: {detail}"),
        };
        Some(one_line(&joined))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, .. } => Self::not_found(format!("there is no such {what}")),
            StoreError::WrongState { .. } => Self::new(StatusCode::CONFLICT, "state", error.to_string()),
            StoreError::Refused(Refused::Merged { .. } | Refused::HoldsMerged { .. }) => {
                Self::new(StatusCode::CONFLICT, "merged", error.to_string())
            }
            StoreError::Refused(_) => Self::new(StatusCode::CONFLICT, "review", error.to_string()),
            StoreError::Closed => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the gateway is shutting down; try again soon")
            }
            other => {
                tracing::error!(error = %other, "a request could not be answered from the store");
                let detail = "the store could not answer; the log of the gateway says why";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store", detail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::limits;

    fn said(type_: &str, title: &str) -> Problem {
        let detail = "duplicate in progress";
        Problem { type_: type_.into(), title: title.into(), ..Problem::new(StatusCode::CONFLICT, "", detail) }
    }

    #[test]
    fn a_conflict_is_read_from_type_and_title_and_in_progress_wins() {
        let conflict = |type_: &str, title: &str| said(type_, title).conflict();
        assert_eq!(conflict("urn:example:duplicate", ""), Conflict::Duplicate);
        assert_eq!(conflict("about:blank", "Duplicate delivery"), Conflict::Duplicate);
        assert_eq!(conflict("urn:example:in-progress", ""), Conflict::InProgress);
        assert_eq!(conflict("about:blank", "A request is outstanding for this Idempotency-Key"), Conflict::InProgress);
        assert_eq!(conflict("about:blank", "Duplicate is still processing"), Conflict::InProgress);
        assert_eq!(conflict("about:blank", "Conflict"), Conflict::Unsaid);
    }

    #[test]
    fn what_the_operator_reads_is_one_bounded_line() {
        let problem = Problem { detail: Some("x\u{1b}[31m".repeat(1000)), ..said("about:blank", "Bad\r\nrequest") };
        let text = problem.for_operator().unwrap();
        assert!(text.starts_with("Bad  request: x [31m"));
        assert!(!text.chars().any(char::is_control));
        assert_eq!(text.chars().count(), limits::MAX_PROBLEM_TEXT);
    }

    #[test]
    fn a_document_with_only_some_members_is_read_and_other_json_is_not() {
        assert_eq!(Problem::read(br#"{"detail":"no"}"#).unwrap().for_operator().as_deref(), Some("no"));
        assert_eq!(Problem::read(b"{}").unwrap().for_operator(), None);
        let theirs = br#"{"title":"busy","reasons":{"load":9},"trace":[1]}"#;
        assert_eq!(Problem::read(theirs).unwrap().for_operator().as_deref(), Some("busy"));
        for junk in [&b"[]"[..], b"\"text\"", b"<html>", b"", b"\xff\xfe", br#"{"title":7}"#] {
            assert_eq!(Problem::read(junk), None);
        }
    }
}
