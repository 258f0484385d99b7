//! Problem documents (RFC 9457): what an endpoint says when it refuses, ours included.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::schedule::Conflict;
use crate::config::limits;

/// `type` of a 409 for a delivery that was accepted before: the sender takes it as done.
pub const DUPLICATE: &str = "urn:heardline:problem:duplicate";
/// `type` of a 409 for a delivery that is being worked on: the sender asks again later.
pub const IN_PROGRESS: &str = "urn:heardline:problem:in-progress";

/// The members of RFC 9457 section 3.1 that we write and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// URI of the kind of problem; `about:blank` says no more than the status.
    #[serde(rename = "type", default = "about_blank")]
    pub type_: String,
    #[serde(default)]
    pub title: String,
    /// The HTTP status, repeated. 0 in a received document that left it out.
    #[serde(default)]
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

fn about_blank() -> String {
    "about:blank".into()
}

impl Problem {
    pub fn new(type_: &str, title: &str, status: u16, detail: impl Into<String>) -> Self {
        Self { type_: type_.into(), title: title.into(), status, detail: Some(detail.into()) }
    }

    /// Reads an endpoint's answer, whatever content type it claims. `None`: not such a document.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        // serde would read an array as the members in order.
        let is_object = body.trim_ascii_start().starts_with(b"{");
        is_object.then(|| serde_json::from_slice(body).ok()).flatten()
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

/// Control characters become spaces, length is bounded: the text goes to logs, the store and the desk.
pub(super) fn one_line(text: &str) -> String {
    text.chars().take(limits::MAX_PROBLEM_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match serde_json::to_vec(&self) {
            Ok(body) => (status, [content_type], body).into_response(),
            Err(_) => status.into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_read_from_type_and_title_and_in_progress_wins() {
        let conflict = |type_: &str, title: &str| Problem::new(type_, title, 409, "duplicate in progress").conflict();
        assert_eq!(conflict(DUPLICATE, ""), Conflict::Duplicate);
        assert_eq!(conflict("about:blank", "Duplicate delivery"), Conflict::Duplicate);
        assert_eq!(conflict(IN_PROGRESS, ""), Conflict::InProgress);
        assert_eq!(conflict("about:blank", "A request is outstanding for this Idempotency-Key"), Conflict::InProgress);
        assert_eq!(conflict("about:blank", "Duplicate is still processing"), Conflict::InProgress);
        assert_eq!(conflict("about:blank", "Conflict"), Conflict::Unsaid);
    }

    #[test]
    fn what_the_operator_reads_is_one_bounded_line() {
        let problem = Problem::new("about:blank", "Bad\r\nrequest", 400, "x\u{1b}[31m".repeat(1000));
        let text = problem.for_operator().unwrap();
        assert!(text.starts_with("Bad  request: x [31m"));
        assert!(!text.chars().any(char::is_control));
        assert_eq!(text.chars().count(), limits::MAX_PROBLEM_TEXT);
    }

    #[test]
    fn a_document_with_only_some_members_is_read_and_other_json_is_not() {
        assert_eq!(Problem::read(br#"{"detail":"no"}"#).unwrap().for_operator().as_deref(), Some("no"));
        assert_eq!(Problem::read(b"{}").unwrap().for_operator(), None);
        for junk in [&b"[]"[..], b"\"text\"", b"<html>", b"", b"\xff\xfe", br#"{"title":7}"#] {
            assert_eq!(Problem::read(junk), None);
        }
    }
}
