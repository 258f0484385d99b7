//! `GET /lines/{line}`: what the page must know before it calls.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

use super::samples::Sample;
use super::{Inner, Public};
use crate::call::Language;
use crate::config::limits;
use crate::ingress::webrtc::ice_servers::RtcIceServer;
use crate::intake::problem::Problem;
use crate::media::notice::WrittenNotice;

#[derive(Serialize)]
pub(in crate::review) struct LineView {
    line: String,
    open: bool,
    closed_because: Option<Closed>,
    languages: Vec<Language>,
    emergency_number: String,
    notice: WrittenNotice,
    demo: Option<DemoView>,
    ice_servers: Vec<RtcIceServer>,
    token_required: bool,
    limits: TypedLimits,
}

/// Why the line takes no call now; operators find more at the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Closed {
    Busy,
    Draining,
    Unavailable,
}

#[derive(Serialize)]
struct DemoView {
    model: String,
    /// What brings a model for real calls.
    command: String,
    samples: Vec<Sample>,
}

/// Characters that may be typed.
#[derive(Serialize)]
struct TypedLimits {
    name: usize,
    number: usize,
}

pub(in crate::review) async fn line(
    State(public): State<Public>,
    Path(line): Path<String>,
) -> Result<Json<LineView>, Problem> {
    let line = public.line(&line).ok_or_else(|| Problem::not_found("there is no such line"))?;
    let closed = closed(&public);
    let demo = public.demo.as_ref().map(|demo| DemoView {
        model: demo.name.clone(),
        command: demo.remedy.clone(),
        samples: public.samples.all().to_vec(),
    });
    Ok(Json(LineView {
        open: closed.is_none(),
        closed_because: closed,
        notice: WrittenNotice::new(&line.languages, &line.emergency_number),
        line: line.name,
        languages: line.languages,
        emergency_number: line.emergency_number,
        demo,
        ice_servers: public.ice_servers.for_caller(public.clock.unix_ms()),
        token_required: public.token_required,
        limits: TypedLimits { name: limits::MAX_TYPED_NAME, number: limits::MAX_TYPED_NUMBER },
    }))
}

fn closed(public: &Inner) -> Option<Closed> {
    if public.health.draining() {
        Some(Closed::Draining)
    } else if !public.takes_calls || public.health.ready().is_err() {
        Some(Closed::Unavailable)
    } else {
        public.admission.is_full().then_some(Closed::Busy)
    }
}
