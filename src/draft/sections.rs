//! The draft put together from the call's facts and what its words say.

use super::CallFacts;
use super::evidence::{Segment, segment_id};
use super::fields::Reading;
use super::schema::{
    CallSection, CallerSection, Channel, NoticeSpan, Recording, Related, Relation, SCHEMA_VERSION, Speaker, Summary,
    TicketDraft, Transcript, TranscriptMode, TranscriptSegment,
};
use crate::call::{Coverage, Origin, SegmentOutcome, Utterance};
use crate::ops::clock::timestamp;

/// `segments`: of the utterances whose text was read.
pub fn assemble(
    facts: &CallFacts,
    utterances: &[Utterance],
    segments: &[Segment<'_>],
    coverage: Coverage,
    found: Reading,
) -> TicketDraft {
    let unheard = utterances.iter().any(|u| u.speaker == Speaker::Caller && u.outcome == SegmentOutcome::Unrecognised);
    TicketDraft {
        schema_version: SCHEMA_VERSION.to_owned(),
        draft_id: facts.draft_id.to_string(),
        version: facts.version,
        reference: facts.reference.as_ref().map(ToString::to_string),
        created_at: stamp(facts.created_unix_ms),
        disposition_suggestion: found.disposition,
        needs_listening: coverage.unrecognised_ms > 0 || unheard,
        call: call(facts),
        coverage,
        language: found.language,
        caller: CallerSection {
            name: found.caller.name,
            phones: found.caller.phones,
            number_withheld: facts.party.withheld,
            subject: facts.party.verified.as_ref().and_then(|identity| identity.subject.clone()),
            anonymity: found.caller.anonymity,
            follow_up_consent: found.caller.follow_up_consent,
            callback_window: found.caller.callback_window,
            vulnerability: found.caller.vulnerability,
        },
        related: related(facts).into_iter().collect(),
        quoted_reference: found.quoted_reference,
        issues: found.issues,
        emergency: found.emergency,
        summary: Summary { title: found.title, text: found.summary },
        transcript: transcript(facts, utterances, segments),
        review: None,
    }
}

fn stamp(unix_ms: i64) -> String {
    timestamp(unix_ms).to_string()
}

/// Both calls go under the reference that was told first.
fn related(facts: &CallFacts) -> Option<Related> {
    let (call, reference) = (facts.follows?, facts.reference.as_ref()?);
    let relation = Relation::SameTicket;
    Some(Related { reference: reference.to_string(), call_id: call.to_string(), relation, score: 1.0, confirmed: None })
}

fn call(facts: &CallFacts) -> CallSection {
    let (channel, sip_call_id) = match &facts.origin {
        Origin::Sip { sip_call_id, .. } => (Channel::Sip, Some(sip_call_id.clone())),
        Origin::WebRtc { .. } => (Channel::Webrtc, None),
        Origin::File => (Channel::File, None),
    };
    CallSection {
        call_id: facts.call.to_string(),
        line: facts.line.clone(),
        channel,
        started_at: stamp(facts.started_unix_ms),
        answered_at: facts.answered_unix_ms.map(stamp),
        ended_at: facts.ended_unix_ms.map(stamp),
        duration_ms: facts.duration_ms,
        end_cause: facts.cause,
        dialled_number: facts.dialled.clone(),
        sip_call_id,
        recording: facts.recording.as_ref().map(|recording| Recording {
            uri: recording.uri.clone(),
            media_type: "audio/wav".to_owned(),
            sha256: recording.sha256.clone(),
            duration_ms: recording.duration_ms,
            rate: recording.rate,
        }),
        notice: facts.notice.map(|span| NoticeSpan { start_ms: span.start.as_millis(), end_ms: span.end.as_millis() }),
    }
}

fn transcript(facts: &CallFacts, utterances: &[Utterance], segments: &[Segment<'_>]) -> Transcript {
    let mut rest = segments.iter().peekable();
    let segments = utterances.iter().filter(|u| u.outcome == SegmentOutcome::Text).map(|u| TranscriptSegment {
        id: segment_id(u),
        speaker: u.speaker,
        start_ms: u.span.start.as_millis(),
        end_ms: u.span.end.as_millis(),
        text: u.text.clone(),
        lang: u.language,
        confidence: if u.confidence.is_finite() { u.confidence.clamp(0.0, 1.0) } else { 0.0 },
        words: None,
        unsure: rest.next_if(|segment| std::ptr::eq(segment.utterance, u)).map(Segment::unsure).unwrap_or_default(),
    });
    Transcript {
        model: facts.model.clone(),
        demo_model: facts.demo_model,
        mode: TranscriptMode::Segments,
        segments: segments.collect(),
        redactions: Vec::new(),
    }
}
