//! `GET /whip/{line}/{session}`: what was understood of the own call so far.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::fields::Fields;
use super::{Inner, Place, Public};
use crate::call::{CallId, CallState, EndCause, Language, SegmentOutcome, Utterance};
use crate::intake::problem::Problem;
use crate::ops::clock::timestamp;

#[derive(Debug, Serialize)]
pub(in crate::review) struct Snapshot {
    pub state: CallState,
    pub end_cause: Option<EndCause>,
    /// The ten digits to quote.
    pub reference: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    pub answered_at: Option<String>,
    /// Once the call has ended.
    pub duration_ms: Option<u64>,
    pub captions: Vec<Caption>,
    /// Never set here: what is still being spoken is told by the events alone.
    pub partial: Option<Partial>,
    /// The draft is made and owed to its endpoint; nothing changes any more.
    pub complete: bool,
    pub fields: Fields,
}

/// Words of one stretch of speech.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in crate::review) struct Caption {
    pub seq: u32,
    pub start_ms: u64,
    pub end_ms: u64,
    /// Empty where `heard` is false.
    pub text: String,
    pub language: Option<Language>,
    /// `false`: somebody spoke and nothing could be recognised.
    pub heard: bool,
}

/// Words that may still change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in crate::review) struct Partial {
    pub text: String,
    /// Media time it was heard up to.
    pub at_ms: u64,
}

impl Caption {
    /// `None`: there was no speech in it.
    pub fn of(utterance: Utterance) -> Option<Self> {
        let heard = match utterance.outcome {
            SegmentOutcome::Text => true,
            SegmentOutcome::Unrecognised => false,
            SegmentOutcome::NoSpeech => return None,
        };
        Some(Self {
            seq: utterance.seq,
            start_ms: utterance.span.start.as_millis(),
            end_ms: utterance.span.end.as_millis(),
            text: utterance.text,
            language: utterance.language,
            heard,
        })
    }
}

pub(in crate::review) async fn snapshot(
    State(public): State<Public>,
    Path((line, session)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Snapshot>, Problem> {
    let call = Place::new(line, &session, &headers).call(&public)?;
    Ok(Json(take(&public, call).await?))
}

/// From the store, which has everything but the words that are still being spoken.
pub(super) async fn take(public: &Inner, call: CallId) -> Result<Snapshot, Problem> {
    let store = &public.store;
    let row = store.call(call).await?.ok_or_else(|| Problem::not_found("this call was not written down"))?;
    if row.erased_unix_ms.is_some() {
        return Err(Problem::new(StatusCode::GONE, "erased", "the words of this call were erased"));
    }
    let captions = store.utterances(call).await?.into_iter().filter_map(Caption::of).collect();
    let (body, complete) = store.draft(call).await?.unwrap_or_default();
    let draft: Value = serde_json::from_str(&body).unwrap_or_default();
    let stamp = |unix_ms| timestamp(unix_ms).to_string();
    Ok(Snapshot {
        state: row.state,
        end_cause: row.cause,
        reference: row.reference.to_string(),
        started_at: stamp(row.started_unix_ms),
        answered_at: row.answered_unix_ms.map(stamp),
        duration_ms: row.duration_ms,
        captions,
        partial: None,
        complete,
        fields: Fields::of(&draft, &public.categories),
    })
}
