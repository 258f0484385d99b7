//! What the draft is told about a call besides its words.

use crate::call::{CallId, Danger, DraftId, Language, Origin, Party, ReadBack, Reference};
use crate::config::Line;
use crate::draft::{CallFacts, RecordingFacts};
use crate::store::CallRow;

use super::Stages;
use super::finish::Version;

/// What is known of a call from its first second.
#[derive(Clone)]
pub(super) struct Known {
    pub call: CallId,
    pub draft: DraftId,
    pub reference: Reference,
    pub line: Line,
    pub party: Party,
    pub origin: Origin,
    pub dialled: Option<String>,
    /// The earlier call of the same ticket.
    pub follows: Option<CallId>,
    /// What the caller reads, where the door knows it.
    pub language: Option<Language>,
    pub started_unix_ms: i64,
    pub answered_unix_ms: Option<i64>,
}

/// Facts of a call that is still up.
pub(super) fn live(stages: &Stages, known: &Known, emergency: Option<Danger>, read_backs: Vec<ReadBack>) -> CallFacts {
    CallFacts {
        draft_id: known.draft,
        version: 0,
        call: known.call,
        reference: Some(known.reference.clone()),
        line: known.line.name.clone(),
        regions: known.line.regions.clone(),
        party: known.party.clone(),
        origin: known.origin.clone(),
        dialled: known.dialled.clone(),
        follows: known.follows,
        created_unix_ms: stages.clock.unix_ms(),
        started_unix_ms: known.started_unix_ms,
        answered_unix_ms: known.answered_unix_ms,
        ended_unix_ms: None,
        duration_ms: None,
        cause: None,
        notice: None,
        recording: None,
        dtmf: String::new(),
        read_backs,
        model: stages.model.name.clone(),
        demo_model: stages.model.demo,
        emergency_number: known.line.emergency_number.clone(),
        emergency,
        time_zone: known.line.time_zone.clone(),
        places: known.line.places.clone(),
        redact: stages.settings.now().config.intake.redact,
        urgency: stages.settings.now().config.urgency,
    }
}

/// Facts of a call whose audio is complete, from its stored row.
pub(super) fn complete(stages: &Stages, row: &CallRow, version: Version, emergency: Option<Danger>) -> CallFacts {
    let line = stages.settings.now().config.line_named(&row.line).cloned().unwrap_or_default();
    CallFacts {
        draft_id: version.draft,
        version: version.number,
        call: row.id,
        reference: Some(row.reference.clone()),
        line: row.line.clone(),
        regions: line.regions,
        party: row.party.clone(),
        origin: row.origin.clone(),
        dialled: row.dialled.clone(),
        follows: row.follows,
        created_unix_ms: stages.clock.unix_ms(),
        started_unix_ms: row.started_unix_ms,
        answered_unix_ms: row.answered_unix_ms,
        ended_unix_ms: row.ended_unix_ms,
        duration_ms: row.duration_ms,
        cause: row.cause,
        notice: row.notice,
        recording: row.recording.as_ref().map(|recording| RecordingFacts {
            uri: stages.recording_uri(row.id),
            sha256: Some(recording.sha256.clone()),
            duration_ms: recording.duration_ms,
            rate: recording.rate,
        }),
        dtmf: row.dtmf.clone(),
        read_backs: row.read_backs.clone(),
        model: stages.model.name.clone(),
        demo_model: stages.model.demo,
        emergency_number: line.emergency_number,
        emergency,
        time_zone: line.time_zone,
        places: line.places.clone(),
        redact: stages.settings.now().config.intake.redact,
        urgency: stages.settings.now().config.urgency,
    }
}

/// Of a frozen draft. `None`: it is of a shape that this program does not write.
pub(super) fn version_of(body: &str) -> Option<Version> {
    #[derive(serde::Deserialize)]
    struct Head {
        draft_id: String,
        version: u32,
    }
    let head: Head = serde_json::from_str(body).ok()?;
    Some(Version { draft: head.draft_id.parse().ok()?, number: head.version })
}
