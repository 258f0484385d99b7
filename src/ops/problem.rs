//! Problem documents (RFC 9457): what every HTTP answer of ours says when it refuses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// The members of RFC 9457 section 3.1 that we write and read, and one of our own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// URI of the kind of problem; `about:blank` says no more than the status. Ours are `urn:heardline:problem:`
    /// and a name that stays the same; programs look at this.
    #[serde(rename = "type", default = "about_blank")]
    pub type_: String,
    #[serde(default)]
    pub title: String,
    /// The HTTP status, repeated. 0 in a received document that left it out.
    #[serde(default)]
    pub status: u16,
    /// What was wrong and what would be right; ours never repeats a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Only on `/health/ready`: what does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reason {
    pub condition: String,
    pub reason: String,
}

fn about_blank() -> String {
    "about:blank".into()
}

impl Problem {
    /// One of ours, by the last part of its `type`.
    pub fn new(status: StatusCode, name: &str, detail: impl Into<String>) -> Self {
        Self {
            type_: format!("urn:heardline:problem:{name}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: Some(detail.into()),
            reasons: Vec::new(),
        }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// The answer for a status that some layer below set without our document.
    pub fn of_status(status: StatusCode) -> Self {
        let (name, detail) = match status {
            StatusCode::NOT_FOUND => ("not-found", "no such page; the desk lists its routes in /api/openapi.json"),
            StatusCode::METHOD_NOT_ALLOWED => ("method", "this route has no such method; see the Allow header"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "the body is above the limit"),
            _ => ("request", "the request could not be read; check its path and parameters"),
        };
        Self::new(status, name, detail)
    }
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
