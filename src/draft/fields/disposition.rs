//! What to do with the call.

use crate::call::{EndCause, Origin};
use crate::draft::CallFacts;
use crate::draft::evidence::Segment;
use crate::draft::extract::matters::Unit;
use crate::draft::extract::phrases::{Mark, Said};
use crate::draft::schema::{BelongsTo, Disposition, EmergencySection, Issue, Phone, RequestType, Source};
use crate::draft::taxonomy::{NO_CONTENT, UNCLEAR};
use crate::draft::text;

/// What the suggestion rests on.
pub struct Heard<'a> {
    pub issues: &'a [Issue],
    pub emergency: &'a EmergencySection,
    pub phones: &'a [Phone],
    pub units: &'a [Unit],
    pub cues: &'a [Said],
    pub segments: &'a [Segment<'a>],
    /// The caller says that another number was meant.
    pub wrong: bool,
}

/// Scalars of content up to which a call that breaks off has said too little for a ticket.
const LITTLE: usize = 120;

pub fn suggest(facts: &CallFacts, heard: &Heard<'_>) -> Disposition {
    let reachable = heard.phones.iter().any(|phone| phone.belongs_to != BelongsTo::OtherParty);
    let code = heard.issues.first().and_then(|issue| issue.category.value.as_deref()).unwrap_or(UNCLEAR);
    // Of a file nothing is known; whoever has it may know who called.
    let perhaps = reachable || matches!(facts.origin, Origin::File);
    if facts.dtmf.contains('0') {
        Disposition::Callback
    } else if heard.emergency.flag.value == Some(true) {
        Disposition::Redirect
    } else if heard.wrong {
        Disposition::WrongNumber
    } else if heard.segments.is_empty() {
        if reachable { Disposition::Callback } else { Disposition::Discard }
    } else if code == NO_CONTENT {
        // The caller took it back.
        Disposition::Discard
    } else if said_later(heard) || (perhaps && broke_off(facts, heard)) || (reachable && code == UNCLEAR) {
        Disposition::Callback
    } else if heard.issues.iter().all(only_asks) && !spoken(heard) {
        Disposition::AnswerOnly
    } else {
        // Speech that was not understood is a person's matter, never thrown away.
        Disposition::DraftTicket
    }
}

/// A question, said to be one, and nothing that somebody must see to.
fn only_asks(issue: &Issue) -> bool {
    issue.request_type.value == Some(RequestType::Enquiry)
        && issue.request_type.source == Source::Rule
        && issue.category.value.as_deref() != Some("admin.case_followup")
        && issue.safety_risks.value.is_none()
}

/// Cannot speak now, and nothing is there to be sent to.
fn said_later(heard: &Heard<'_>) -> bool {
    !placed(heard) && heard.cues.iter().any(|said| said.is(Mark::Later) && !said.doubtful)
}

/// A place that somebody can be sent to; "in the car park" is none.
fn placed(heard: &Heard<'_>) -> bool {
    heard.issues.iter().map(|issue| &issue.location).any(|at| {
        [&at.district, &at.street, &at.community, &at.building, &at.unit, &at.intersection, &at.asset_ref]
            .iter()
            .any(|part| part.value.is_some())
    })
}

/// The caller gave a number: whoever asks and leaves one was not answered yet.
fn spoken(heard: &Heard<'_>) -> bool {
    heard.phones.iter().any(|phone| phone.source == Source::Rule && phone.belongs_to != BelongsTo::OtherParty)
}

/// The line went, or the caller did, before there was enough for a ticket: no place, and little said.
fn broke_off(facts: &CallFacts, heard: &Heard<'_>) -> bool {
    let said =
        |unit: &Unit| heard.segments.get(unit.line).and_then(|s| s.chars().get(unit.range.clone())).unwrap_or_default();
    let content: usize = heard.units.iter().filter(|unit| !unit.empty).map(|unit| said(unit).len()).sum();
    let cut = facts.cause == Some(EndCause::MediaLost);
    !placed(heard)
        && !spoken(heard)
        && content <= LITTLE
        && (cut || heard.units.last().is_some_and(|last| fades(heard, last, said(last))))
}

/// The last words ask whether anybody is there, and little else, or lack their end.
fn fades(heard: &Heard<'_>, last: &Unit, said: &[char]) -> bool {
    let here = |said: &&Said| said.line == last.line && last.range.start <= said.range.start;
    let asks = heard.cues.iter().rev().take(16).filter(here).filter(|said| said.is(Mark::Interrupted));
    asks.map(|said| said.range.len()).sum::<usize>() * 2 >= said.len() || text::dangles(said)
}
