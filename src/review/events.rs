//! `GET /api/events`: what happens in calls, as it happens (server-sent events).
//!
//! Lossy by design: a reader that falls behind is told so once and cut, and reads the truth from the API.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use metrics::{counter, gauge};
use serde::Deserialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::IntoParams;

use super::{Desk, call_id};
use crate::call::{CallEvent, CallId};
use crate::intake::problem::Problem;
use crate::ops::health::Phase;

/// Comment lines keep proxies and dead-peer detection content.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(Deserialize, IntoParams)]
pub(super) struct EventQuery {
    /// Only events of this call.
    call: Option<String>,
}

struct Watcher {
    events: broadcast::Receiver<CallEvent>,
    call: Option<CallId>,
    phase: watch::Receiver<Phase>,
    cut: bool,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        gauge!("heardline_review_watchers").decrement(1.0);
    }
}

#[utoipa::path(get, path = "/api/events", tag = "calls", params(EventQuery),
    responses((status = 200, content_type = "text/event-stream",
               description = "events `state`, `answered`, `partial`, `final`, `draft`, `dtmf`, `emergency`, `delivery`, `erased` with JSON data; \
                              `lagged` is the last one of a reader that was too slow and should reload"),
              (status = 503, description = "too many watchers", body = Problem)))]
pub(super) async fn stream(
    State(desk): State<Desk>,
    Query(query): Query<EventQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let call = query.call.as_deref().map(call_id).transpose()?;
    let permit = Arc::clone(&desk.watchers).try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "watchers", "too many event streams are open; close one")
    })?;
    gauge!("heardline_review_watchers").increment(1.0);
    let watcher = Watcher {
        events: desk.parts.events.subscribe(),
        call,
        phase: desk.parts.health.phase(),
        cut: false,
        _permit: permit,
    };
    let stream = unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok(event), watcher))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Watcher {
    async fn next(&mut self) -> Option<Event> {
        while !self.cut {
            let received = tokio::select! {
                biased;
                _ = self.phase.wait_for(|phase| *phase == Phase::Stopped) => return None,
                received = self.events.recv() => received,
            };
            match received {
                Ok(event) if self.call.is_some_and(|call| call != event.call()) => {}
                Ok(event) => {
                    let name = event.name();
                    match Event::default().event(name).json_data(&event) {
                        Ok(event) => return Some(event),
                        Err(error) => tracing::error!(%error, name, "an event could not be written as JSON"),
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    self.cut = true;
                    counter!("heardline_review_watchers_cut_total").increment(1);
                    return Some(Event::default().event("lagged").data(format!("{{\"missed\":{missed}}}")));
                }
                Err(RecvError::Closed) => return None,
            }
        }
        None
    }
}
