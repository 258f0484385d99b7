//! Every error answer of the desk: problem details (RFC 9457), the same shape whoever refused.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StoreError;

/// A problem document. `detail` says what was wrong and what would be right; it never repeats a body.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:heardline:problem:` and a name that stays the same; programs look at this.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// Only on `/health/ready`: what does not hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reason {
    pub condition: String,
    pub reason: String,
}

impl Problem {
    pub fn new(status: StatusCode, name: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:heardline:problem:{name}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
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
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, .. } => Self::not_found(format!("there is no such {what}")),
            StoreError::Closed => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the gateway is shutting down; try again soon")
            }
            other => {
                tracing::error!(error = %other, "the desk could not use the store");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "store",
                    "the store could not answer; the log of the gateway says why",
                )
            }
        }
    }
}
