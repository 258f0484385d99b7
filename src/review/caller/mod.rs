//! What a caller sees: the page, the line before the call, and the own call while and after it is up.

mod fields;
mod hub;
mod line;
mod page;
mod samples;
mod snapshot;
mod stream;

use axum::http::{HeaderMap, StatusCode, header};

use super::public::{Inner, Public};
use crate::call::CallId;
use crate::ingress::text;
use crate::ingress::webrtc::sessions::{Bearer, NoSession, SessionId};
use crate::intake::problem::Problem;

pub(super) use hub::Hub;
pub(super) use line::line;
pub use page::page_is_built;
pub(super) use page::{asset, embed, has_page, page};
pub(super) use samples::{Samples, sample};
pub(super) use snapshot::snapshot;
pub(super) use stream::events;

/// Part of a URL: `/whip/{line}/{session}`, with the bearer that came with it.
struct Place {
    line: String,
    session: SessionId,
    bearer: Bearer,
}

impl Place {
    fn new(line: String, session: &str, headers: &HeaderMap) -> Self {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| text::bearer(value.as_bytes()));
        let bearer = Bearer::from_header(bearer.unwrap_or_default());
        Self { line, session: SessionId::from_url(session), bearer }
    }

    /// The one call that may be seen from here, as long as it may.
    fn call(&self, public: &Inner) -> Result<CallId, Problem> {
        public.sessions.open_with(&self.line, &self.session, &self.bearer).map_err(|error| match error {
            NoSession::Unknown => Problem::not_found(error.to_string()),
            NoSession::Bearer => {
                let detail = "send Authorization: Bearer with the Heardline-Token of this call";
                Problem::new(StatusCode::UNAUTHORIZED, "bearer", detail)
            }
        })
    }
}
