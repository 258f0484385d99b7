//! What a person does with a draft: how each field stands, what is entered into it, what was decided of it. Pure.
//!
//! What people entered is kept apart ([`Work`]) and laid over whatever the machine read last, so that a later version of
//! the draft, or one of a call that goes on, never overwrites it.

mod corrections;
mod due;
mod links;
mod matters;
#[cfg(test)]
mod matters_tests;
mod phones;
mod states;
mod table;
#[cfg(test)]
mod tests;
mod typed;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Drafter;
use super::edits::{keep, offer, sections};
use super::schema::{MAX_SUMMARY, MergedInto, Phone, Related, Relation, Reviewed, SCHEMA_VERSION, Source, TicketDraft};
use crate::call::{Decision, Outline};
use crate::config::{DueMinutes, UrgencyHours};
use crate::ops::clock::timestamp;

pub use corrections::{Correction, corrections};
pub(super) use due::within_h;
pub use matters::Matters;
pub use states::{FieldState, State, states, to_do};
pub use typed::text;

/// Edits at once.
pub const MOST_EDITS: usize = 64;

/// What people entered so far. Its JSON is kept while the draft is open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Work {
    /// The sections of the draft as the last of them left it; null before the first edit.
    sections: Value,
    /// Numbers that the machine read and that are wrong, with what a person put in the place of each.
    numbers: BTreeMap<String, Option<String>>,
    /// The caller gave no number.
    no_number: bool,
    /// Who entered what, by key of the field.
    by: BTreeMap<String, String>,
    /// Matters that were split and joined, in order.
    steps: Vec<matters::Step>,
    /// By call id.
    links: BTreeMap<String, links::Link>,
}

/// One field, edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// JSON pointer (RFC 6901) into the draft as it was shown.
    pub pointer: String,
    pub entry: Entry,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Value(Value),
    /// The caller did not say it.
    NotSaid,
}

/// A field that stands in the way, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub pointer: String,
    pub detail: String,
}

/// What was decided, by whom and when.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub decision: Decision,
    pub by: String,
    pub at_unix_ms: i64,
    pub reason: Option<String>,
    pub unit: Option<String>,
    /// The call it belongs to, as (id, reference).
    pub into: Option<(String, String)>,
    /// Calls that belong to this one, likewise.
    pub merged: Vec<(String, String)>,
}

impl Drafter {
    /// The draft as people see it: what they entered, laid over what the machine read.
    pub fn with_work(&self, work: &Work, mut draft: TicketDraft, hours: &UrgencyHours) -> TicketDraft {
        let phones = &mut draft.caller.phones;
        phones.retain(|phone| phone.source == Source::Agent || !work.numbers.contains_key(&phone.number));
        let repeats = states::summary_repeats(&draft);
        matters::take_again(&work.steps, &mut draft.issues);
        keep(&work.sections, &mut draft);
        if repeats {
            summary_follows(&mut draft);
        }
        work.lay_links(&mut draft);
        self.follow(&mut draft, hours);
        draft
    }

    /// Puts right what follows from values that people entered: codes, units, hours, which number to call back on.
    pub fn follow(&self, draft: &mut TicketDraft, hours: &UrgencyHours) {
        let agents = |source: Source| source == Source::Agent;
        if draft.issues.iter().any(|issue| agents(issue.category.source) || agents(issue.location.address_text.source))
        {
            self.units.route(&mut draft.issues);
        }
        for issue in draft.issues.iter_mut().filter(|issue| agents(issue.urgency.source)) {
            issue.handle_within_h = issue.urgency.value.map(|urgency| within_h(hours, urgency));
        }
        let phones = &mut draft.caller.phones;
        let first = phones.iter().position(|phone| agents(phone.source) && phone.preferred);
        if let Some(first) = first.or_else(|| phones.iter().position(|phone| phone.preferred)) {
            phones.iter_mut().enumerate().for_each(|(nth, phone)| phone.preferred = nth == first);
        } else if let Some(own) = phones.iter_mut().find(|phone| states::is_own(phone)) {
            own.preferred = true;
        }
    }

    /// `work` with these edits of the draft that was `shown`, or what is wrong with them; then none is made. `regions`:
    /// the numbering plans of the call's line.
    pub fn edit(
        &self,
        work: &Work,
        shown: &TicketDraft,
        edits: &[Edit],
        by: &str,
        regions: &[String],
    ) -> Result<Work, Vec<Wrong>> {
        let mut next = work.clone();
        let mut json = sections(shown);
        let mut phones = shown.caller.phones.clone();
        let mut wrong = Vec::new();
        for edit in edits {
            let made = match phones::place(&edit.pointer) {
                Some(at) => phones::edit(&mut phones, &mut next, at, &edit.entry, by, regions),
                None => self.edit_field(&mut json, &mut next, edit, by),
            };
            if let Err(detail) = made {
                wrong.push(Wrong { pointer: edit.pointer.clone(), detail });
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        json["caller"]["phones"] = phones.iter().map(as_json).collect();
        next.sections = json;
        Ok(next)
    }

    fn edit_field(&self, json: &mut Value, work: &mut Work, edit: &Edit, by: &str) -> Result<(), String> {
        let spot = table::spots(json).into_iter().find(|spot| spot.pointer == edit.pointer);
        let spot = spot.ok_or("the draft has no such field; GET the review and take a pointer of its draft")?;
        let (kind, key) = (spot.entry.kind, spot.key);
        let value = match &edit.entry {
            Entry::NotSaid => Value::Null,
            Entry::Value(given) => typed::value(kind, given, |code| self.knows_category(code))?,
        };
        if let Some(field) = json.pointer_mut(&edit.pointer) {
            enter(field, value);
            work.by.insert(key, by.to_owned());
        }
        Ok(())
    }

    /// What lists show of a draft that is `shown`. The call ended (or began, while it is up) at `ended_unix_ms`.
    pub fn outline(&self, shown: &TicketDraft, work: &Work, ended_unix_ms: i64, due: &DueMinutes) -> Outline {
        let states = states(shown, work);
        let count = |state: State| u32::try_from(states.iter().filter(|field| field.state == state).count());
        let phones = &shown.caller.phones;
        let number =
            phones.iter().find(|phone| phone.preferred).or_else(|| phones.iter().find(|phone| states::is_own(phone)));
        let first = shown.issues.first();
        Outline {
            title: shown.summary.title.value.clone().or_else(|| first?.title.value.clone()),
            category: first.and_then(|issue| issue.category.value.clone()),
            urgency: due::urgency(shown).map(|urgency| urgency.as_str().to_owned()),
            emergency: due::danger(shown),
            number: number.map(|phone| phone.number.clone()),
            place: first.and_then(|issue| issue.location.address_text.value.clone()),
            missing: count(State::Missing).unwrap_or(u32::MAX),
            check: count(State::Check).unwrap_or(u32::MAX),
            repeats: u32::try_from(shown.related.len()).unwrap_or(u32::MAX),
            due_unix_ms: due::due_unix_ms(shown, ended_unix_ms, due),
        }
    }
}

/// A summary that only repeated the description says what a person made of that.
fn summary_follows(draft: &mut TicketDraft) {
    let [issue] = draft.issues.as_slice() else { return };
    let (summary, description) = (&mut draft.summary.text, &issue.description);
    let short = description.value.as_ref().is_none_or(|text| text.chars().count() <= MAX_SUMMARY);
    if summary.source != Source::Agent && description.source == Source::Agent && short {
        summary.value.clone_from(&description.value);
        (summary.source, summary.confidence, summary.needs_review) = (Source::Agent, 1.0, false);
    }
}

/// A person's value in the place of what was there. Its words stay; the old value is the first of its alternatives.
fn enter(field: &mut Value, value: Value) {
    let before = field.clone();
    field["value"] = value;
    field["confidence"] = 1.0.into();
    field["source"] = "agent".into();
    field["needs_review"] = false.into();
    offer(field, &before);
    let now = field["value"].clone();
    if let Some(others) = field.get_mut("alternatives").and_then(Value::as_array_mut) {
        others.retain(|other| other["value"] != now);
    }
}

fn as_json(phone: &Phone) -> Value {
    serde_json::to_value(phone).unwrap_or_default()
}

/// The next version of a draft that is `shown`: what was decided, and what a person made of it.
pub fn decided(
    shown: TicketDraft,
    newest: u32,
    states: &[FieldState],
    corrections: &[Correction],
    verdict: Verdict,
) -> TicketDraft {
    let Verdict { decision, by, at_unix_ms, reason, unit, into, merged } = verdict;
    let into = into.map(|(call_id, reference)| MergedInto { call_id, reference });
    let at = timestamp(at_unix_ms).to_string();
    let not_said = states.iter().filter(|field| field.state == State::NotSaid).map(|field| field.pointer.clone());
    let corrected = corrections.iter().filter(|one| !one.new.is_null()).map(|one| one.pointer.clone());
    let (not_said, corrected) = (not_said.collect(), corrected.collect());
    let mut related = shown.related;
    for (call_id, reference) in merged {
        related.retain(|known| known.call_id != call_id);
        related.push(Related { reference, call_id, relation: Relation::Merged, score: 1.0, confirmed: Some(true) });
    }
    TicketDraft {
        schema_version: SCHEMA_VERSION.to_owned(),
        version: newest + 1,
        created_at: at.clone(),
        related,
        review: Some(Reviewed { decision, by, at, reason, unit, into, not_said, corrected }),
        ..shown
    }
}
