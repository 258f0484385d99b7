//! `GET /api/events`: what happens in calls, as it happens (server-sent events).
//!
//! Lossy by design: a reader that falls behind is told so once and cut, and reads the truth from the API.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use metrics::{counter, gauge};
use serde::Deserialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};
use utoipa::IntoParams;

use super::people::{self, Agent, LoginKey, mask};
use super::{Desk, call_id};
use crate::call::{CallEvent, CallId};
use crate::config::limits;
use crate::intake::problem::Problem;
use crate::ops::health::Phase;
use crate::store::StoreError;
use crate::store::reviews::{Asked, List};

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
    /// Asked whether it still holds when one has ended here, and at each tick, for commands end some, too. `None`: it needs
    /// no login.
    login: Option<LoginKey>,
    ended: watch::Receiver<()>,
    tick: Interval,
    agent: Agent,
    /// Calls whose caller this reader sees, and until when: those it holds.
    held: HashMap<CallId, i64>,
    desk: Desk,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        gauge!("heardline_review_watchers").decrement(1.0);
    }
}

#[utoipa::path(get, path = "/api/events", tag = "calls", params(EventQuery),
    responses((status = 200, content_type = "text/event-stream",
               description = "events `state`, `answered`, `partial`, `final`, `draft`, `dtmf`, `emergency`, `delivery`, `review`, `transfer`, `erased` with JSON data; \
                              `lagged` is the last one of a reader that was too slow and should reload"),
              (status = 503, description = "too many watchers", body = Problem)))]
pub(super) async fn stream(
    State(desk): State<Desk>,
    agent: Agent,
    login: Option<Extension<LoginKey>>,
    Query(query): Query<EventQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let call = query.call.as_deref().map(call_id).transpose()?;
    let permit = Arc::clone(&desk.watchers).try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "watchers", "too many event streams are open; close one")
    })?;
    gauge!("heardline_review_watchers").increment(1.0);
    let mut watcher = Watcher {
        events: desk.parts.events.subscribe(),
        call,
        phase: desk.parts.health.phase(),
        cut: false,
        login: login.map(|Extension(key)| key),
        ended: desk.gate.ended.subscribe(),
        tick: ticks(),
        held: HashMap::new(),
        agent,
        desk,
        _permit: permit,
    };
    watcher.held = watcher.holds().await?;
    let stream = unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok(event), watcher))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// The first one is at once: it costs a look, and nothing is special about it.
fn ticks() -> Interval {
    let mut ticks = interval(KEEP_ALIVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl Watcher {
    /// Calls on the line that the reader holds.
    async fn holds(&self) -> Result<HashMap<CallId, i64>, StoreError> {
        if self.agent.is_local() {
            return Ok(HashMap::new());
        }
        let asked = Asked {
            list: List::Live,
            category: None,
            line: None,
            mine: Some(self.agent.name.clone()),
            after: None,
            limit: limits::MAX_PAGE,
            now_unix_ms: self.desk.parts.clock.unix_ms(),
        };
        let rows = self.desk.parts.reviews.queue(&asked).await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.review.call, row.review.lease?.until_unix_ms))).collect())
    }

    /// Every claim and its renewal is told to all.
    fn note(&mut self, event: &CallEvent) {
        let CallEvent::Review { call, holder, .. } = event else { return };
        if holder.as_ref() == Some(&self.agent.name) {
            let lease = i64::try_from(limits::LEASE.as_millis()).unwrap_or(0);
            self.held.insert(*call, self.desk.parts.clock.unix_ms().saturating_add(lease));
        } else {
            self.held.remove(call);
        }
    }

    fn sees(&self, call: CallId) -> bool {
        let now = self.desk.parts.clock.unix_ms();
        self.agent.is_local() || self.held.get(&call).is_some_and(|until| now < *until)
    }

    async fn next(&mut self) -> Option<Event> {
        while !self.cut {
            let received = tokio::select! {
                biased;
                _ = self.phase.wait_for(|phase| *phase == Phase::Stopped) => return None,
                _ = self.tick.tick() => None,
                Ok(()) = self.ended.changed() => None,
                received = self.events.recv() => Some(received),
            };
            let Some(received) = received else {
                match self.login {
                    Some(login) if !people::still_logged_in(&self.desk, login).await => return None,
                    _ => continue,
                }
            };
            match received {
                Ok(event) if self.call.is_some_and(|call| call != event.call()) => {}
                Ok(event) => {
                    self.note(&event);
                    let name = event.name();
                    let event = if self.sees(event.call()) { event } else { mask::event(event) };
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
