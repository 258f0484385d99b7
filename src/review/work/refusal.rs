//! Why the work at a draft was refused, as a problem document with what the page needs to go on.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::ReviewView;
use crate::draft::work::Wrong;
use crate::intake::problem::Problem;
use crate::store::{Refused, StoreError};

/// RFC 9457, with members of our own.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct WorkProblem {
    #[serde(flatten)]
    #[schema(inline)]
    problem: Box<Problem>,
    /// Of 422: what is wrong, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Of 409: who works at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    /// Of 412: the review as it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Box<ReviewView>>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct FieldError {
    /// JSON pointer (RFC 6901) into the draft.
    pointer: String,
    detail: String,
}

impl WorkProblem {
    pub fn new(status: StatusCode, name: &str, detail: impl Into<String>) -> Self {
        Problem::new(status, name, detail).into()
    }

    pub fn fields(detail: &str, wrong: Vec<Wrong>) -> Self {
        let errors = wrong.into_iter().map(|Wrong { pointer, detail }| FieldError { pointer, detail }).collect();
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "fields", detail) }
    }

    /// One thing that is wrong with a request's body.
    pub fn field(pointer: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let wrong = Wrong { pointer: pointer.to_owned(), detail: detail.clone() };
        Self::fields(&detail, vec![wrong])
    }

    pub fn stale(current: ReviewView) -> Self {
        let detail = "the draft has changed since you read it; it is in `current`, and nothing of yours was written";
        Self { current: Some(Box::new(current)), ..Self::new(StatusCode::PRECONDITION_FAILED, "stale", detail) }
    }
}

impl From<Problem> for WorkProblem {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), errors: Vec::new(), holder: None, current: None }
    }
}

impl From<StoreError> for WorkProblem {
    fn from(error: StoreError) -> Self {
        let holder = match &error {
            StoreError::Refused(Refused::Held { by }) => Some(by.clone()),
            _ => None,
        };
        Self { holder, ..Problem::from(error).into() }
    }
}

impl IntoResponse for WorkProblem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match serde_json::to_vec(&self) {
            Ok(body) => (status, [content_type], body).into_response(),
            Err(_) => status.into_response(),
        }
    }
}
