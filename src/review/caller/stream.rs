//! `GET /whip/{line}/{session}/events`: the own call as it happens (server-sent events).
//!
//! First comes the snapshot, then what changes; a page that fell behind gets `lagged` and a new snapshot. What the
//! snapshot has may come once more after it, with the same `seq`: the stream begins before the snapshot is taken.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Serialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::hub::{Told, Watch};
use super::snapshot::{Snapshot, take};
use super::{Place, Public};
use crate::call::{CallId, CallState, EndCause};
use crate::config::limits;
use crate::intake::problem::Problem;
use crate::ops::health::Phase;

/// Comment lines keep proxies content and tell a page that its stream is alive; as often we look whether the call may
/// still be read.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// nginx and its kin would keep events back until a buffer is full.
const NO_BUFFERING: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

pub(in crate::review) async fn events(
    State(public): State<Public>,
    Path((line, session)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let place = Place::new(line, &session, &headers);
    let call = place.call(&public).map_err(IntoResponse::into_response)?;
    // In this order nothing falls between the two.
    let watch = public.hub.watch(call).ok_or_else(crowded)?;
    let snapshot = take(&public, call).await.map_err(IntoResponse::into_response)?;
    let mut look = interval(KEEP_ALIVE);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let phase = public.phase.clone();
    let mut reader = Reader {
        public,
        place,
        call,
        watch,
        phase,
        look,
        state: CallState::Ringing,
        cause: None,
        ready: VecDeque::new(),
        over: false,
    };
    reader.show(&snapshot);
    let stream = unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    let answer = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([(header::CACHE_CONTROL, "no-store"), NO_BUFFERING], answer).into_response())
}

fn crowded() -> Response {
    let detail = "too many pages are watching their calls; this one can ask for the snapshot instead";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "watchers", detail);
    ([(header::RETRY_AFTER, limits::RETRY_AFTER_S)], problem).into_response()
}

struct Reader {
    public: Public,
    place: Place,
    call: CallId,
    watch: Watch,
    phase: watch::Receiver<Phase>,
    look: Interval,
    /// As the page knows them.
    state: CallState,
    cause: Option<EndCause>,
    ready: VecDeque<Event>,
    /// After what is ready nothing follows.
    over: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            let told = tokio::select! {
                biased;
                _ = self.phase.wait_for(|phase| *phase == Phase::Stopped) => return None,
                () = self.watch.replaced.cancelled() => return None,
                _ = self.look.tick() => {
                    // Ten minutes after the hang-up this call cannot be read any more, here neither.
                    self.place.call(&self.public).ok()?;
                    continue;
                }
                told = self.watch.told.recv() => told,
            };
            match told {
                Ok(Told::Missed) | Err(RecvError::Lagged(_)) => self.show_again().await,
                Ok(told) => self.tell(told),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn show_again(&mut self) {
        metrics::counter!("heardline_public_streams_lagged_total").increment(1);
        self.push("lagged", &json!({}));
        match take(&self.public, self.call).await {
            Ok(snapshot) => self.show(&snapshot),
            // The page asks anew and is told what is wrong.
            Err(_) => self.over = true,
        }
    }

    fn show(&mut self, snapshot: &Snapshot) {
        (self.state, self.cause) = (snapshot.state, snapshot.end_cause);
        self.push("snapshot", snapshot);
        if snapshot.complete {
            self.complete();
        } else if snapshot.state == CallState::Refused {
            self.over = true;
        }
    }

    fn tell(&mut self, told: Told) {
        match told {
            Told::State(state, cause) => self.state(state, cause),
            Told::Partial(partial) => self.push("partial", &partial),
            Told::Final(caption) => self.push("final", &caption),
            Told::Fields(fields) => self.push("fields", fields.as_ref()),
            Told::Complete(fields) => {
                self.push("fields", fields.as_ref());
                self.state(CallState::Done, self.cause);
                self.complete();
            }
            Told::Erased | Told::Missed => self.over = true,
        }
    }

    /// A call never goes back; what the snapshot was ahead of is not told.
    fn state(&mut self, state: CallState, cause: Option<EndCause>) {
        if step(state) <= step(self.state) {
            return;
        }
        (self.state, self.cause) = (state, cause);
        self.push("state", &json!({"state": state, "end_cause": cause}));
        self.over |= state == CallState::Refused;
    }

    fn complete(&mut self) {
        self.push("complete", &json!({}));
        self.over = true;
    }

    fn push(&mut self, name: &'static str, data: &impl Serialize) {
        match Event::default().event(name).json_data(data) {
            Ok(event) => self.ready.push_back(event),
            Err(error) => tracing::error!(%error, name, "an event could not be written as JSON"),
        }
    }
}

fn step(state: CallState) -> u8 {
    match state {
        CallState::Ringing => 0,
        CallState::Live => 1,
        CallState::Finishing => 2,
        CallState::Done | CallState::Refused => 3,
    }
}
