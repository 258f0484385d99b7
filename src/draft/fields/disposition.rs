//! What to do with the call.

use crate::draft::CallFacts;
use crate::draft::evidence::Segment;
use crate::draft::schema::{BelongsTo, Disposition, EmergencySection, Field, Phone};
use crate::draft::taxonomy::{NO_CONTENT, UNCLEAR};

/// "Sorry, wrong number."
const WRONG_NUMBER: &[&str] = &[
    "wrong number",
    "dialed the wrong",
    "dialled the wrong",
    "misdial",
    "打错了",
    "打错电话",
    "拨错",
    "搭錯線",
    "打錯",
];

/// The caller says that another number was meant. `counts`: lines that are about the call, and not about a number that
/// was read back.
pub fn wrong_number(segments: &[Segment<'_>], counts: impl Fn(usize) -> bool) -> bool {
    let mut counted = segments.iter().enumerate().filter(|(line, _)| counts(*line));
    counted.any(|(_, s)| WRONG_NUMBER.iter().any(|word| s.folded.text.contains(word)))
}

pub fn suggest(
    facts: &CallFacts,
    category: &Field<String>,
    emergency: &EmergencySection,
    phones: &[Phone],
    segments: &[Segment<'_>],
    wrong: bool,
) -> Disposition {
    let reachable = phones.iter().any(|phone| phone.belongs_to != BelongsTo::OtherParty);
    let code = category.value.as_deref().unwrap_or(UNCLEAR);
    if facts.dtmf.contains('0') {
        Disposition::Callback
    } else if emergency.flag.value == Some(true) {
        Disposition::Redirect
    } else if wrong {
        Disposition::WrongNumber
    } else if segments.is_empty() {
        if reachable { Disposition::Callback } else { Disposition::Discard }
    } else if (code == NO_CONTENT || code == UNCLEAR) && reachable {
        Disposition::Callback
    } else {
        // Speech that was not understood is a person's matter, never thrown away.
        Disposition::DraftTicket
    }
}
