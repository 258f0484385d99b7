//! How soon somebody must look: the category's default, raised by danger and by vulnerable people without a utility,
//! lowered where nobody waits. "Urgent" and "as soon as possible" alone raise nothing.

use super::Spans;
use super::phrases::{Cue, Mark, Said};
use crate::draft::schema::{RequestType, Risk, Urgency};

/// Where what is dangerous falls, burns, gives way or electrocutes; elsewhere "dangerous" is a manner of speaking.
const GIVES_WAY: &[&str] = &[
    "road.tree",
    "road.manhole",
    "housing.unsafe_building",
    "housing.elevator",
    "safety.fire_hazard",
    "safety.ebike",
    "utility.power",
    "utility.gas",
];

/// Low by their nature, as complaints too.
const LASTING: &[&str] =
    &["sanitation.dripping", "transport.parking", "transport.bus", "transport.metro", "transport.shared_bike"];

/// The class of a matter, and the words that make it another than the category's `default`; `None`: what the caller asks
/// for does. `stated`: what that is, when it was said.
pub fn of(default: Urgency, code: &str, stated: Option<RequestType>, cues: &[&Said]) -> (Urgency, Option<Spans>) {
    let said = |mark: Mark| cues.iter().find(|said| said.is(mark));
    let harm = cues.iter().find(|said| said.is(Mark::Harm) && !said.doubtful);
    let dire = |risk| matches!(risk, Risk::Fire | Risk::Gas | Risk::ElectricShock | Risk::Structural);
    // Who only asks fears nothing yet.
    let asks = stated == Some(RequestType::Enquiry);
    let feared =
        |said: &&&Said| matches!(said.cue, Cue::Risk(risk) if dire(risk)) && !said.denied && !(asks && said.doubtful);
    let feared = cues.iter().find(feared);
    let threat = said(Mark::Danger).or(harm).or(feared).filter(|_| GIVES_WAY.contains(&code));
    let supply = code.starts_with("utility.") || code == "housing.elevator";
    let bill = said(Mark::Bill).filter(|_| supply && default > Urgency::Normal);
    let vulnerable = said(Mark::Vulnerable).filter(|_| supply && bill.is_none());
    let raised = [(Urgency::Urgent, threat), (Urgency::High, harm), (Urgency::High, vulnerable)];
    if let Some((to, words)) = raised.into_iter().find(|(to, words)| words.is_some() && *to > default) {
        return (to, words.map(|said| said.spans()));
    }
    use RequestType::{Complaint, Enquiry, Help, Praise, Report, Suggestion};
    match stated {
        Some(Enquiry | Suggestion | Praise) => (Urgency::Low, None),
        // Money for a supply that flows.
        _ if bill.is_some() && said(Mark::Trouble).is_none() => (Urgency::Normal, bill.map(|said| said.spans())),
        // Of a category that people mostly ask about: this one does not ask.
        Some(Complaint | Help | Report) if default == Urgency::Low && !LASTING.contains(&code) => {
            (Urgency::Normal, None)
        }
        _ => (default, None),
    }
}

/// Dangers named in so many words and neither denied nor of the past, the gravest kinds first, with their words.
pub fn risks(cues: &[&Said]) -> Option<(Vec<Risk>, Spans)> {
    let named = |said: &&&Said| match said.cue {
        Cue::Risk(risk) if !said.denied && !said.doubtful => Some((risk, said.line, said.range.clone())),
        _ => None,
    };
    let mut found: Vec<_> = cues.iter().filter_map(|said| named(&said)).collect();
    found.sort_by_key(|(risk, line, range)| (*risk, *line, range.start));
    found.dedup_by_key(|(risk, ..)| *risk);
    let kinds: Vec<Risk> = found.iter().map(|(risk, ..)| *risk).collect();
    (!kinds.is_empty()).then(|| (kinds, found.into_iter().map(|(_, line, range)| (line, range)).collect()))
}
