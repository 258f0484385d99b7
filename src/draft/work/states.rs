//! How each field of a draft stands, and what still keeps it from being approved.

use std::collections::BTreeMap;

use serde_json::Value;

use super::table::{Entry, PHONE, PHONES, SUMMARY, spots};
use super::{Work, Wrong};
use crate::draft::edits::sections;
use crate::draft::schema::{Anonymity, BelongsTo, Phone, Source, TicketDraft};

/// Ordered as they are worked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Required, and nothing is known.
    Missing,
    /// A person is asked to look.
    Check,
    Sure,
    /// A person's value.
    Entered,
    /// A person says that the caller did not say it.
    NotSaid,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Check => "check",
            Self::Sure => "sure",
            Self::Entered => "entered",
            Self::NotSaid => "not_said",
        }
    }
}

/// One field that a person works at.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldState {
    /// JSON pointer (RFC 6901) into the draft.
    pub pointer: String,
    pub name: &'static str,
    pub state: State,
    pub required: bool,
    /// Names it whatever the order of issues and numbers.
    pub key: String,
    /// Its value as JSON text: having seen one is not having seen another.
    pub value: String,
}

impl FieldState {
    /// `seen`: value by key.
    pub fn is_seen(&self, seen: &BTreeMap<String, String>) -> bool {
        seen.get(&self.key) == Some(&self.value)
    }
}

/// The fields of a draft that have a value, lack a required one, or were edited; issue by issue, then the call's.
pub fn states(draft: &TicketDraft, work: &Work) -> Vec<FieldState> {
    let named = draft.caller.anonymity.value != Some(Anonymity::Anonymous);
    let sections = sections(draft);
    let repeats = summary_repeats(draft);
    let mut found: Vec<FieldState> = spots(&sections)
        .into_iter()
        .filter(|spot| !(repeats && spot.pointer == SUMMARY))
        .filter_map(|spot| {
            let required = spot.entry.required && (spot.entry.name != "name" || named);
            let state = field_state(spot.entry, spot.field, required)?;
            let value = spot.field["value"].to_string();
            Some(FieldState { pointer: spot.pointer, name: spot.entry.name, state, required, key: spot.key, value })
        })
        .collect();
    found.extend(phone_states(&draft.caller.phones, work.no_number));
    found
}

/// The summary says what the description of the only matter says: nobody is asked to read it twice.
pub(super) fn summary_repeats(draft: &TicketDraft) -> bool {
    let [issue] = draft.issues.as_slice() else { return false };
    draft.summary.text.value.is_some() && draft.summary.text.value == issue.description.value
}

fn field_state(entry: &Entry, field: &Value, required: bool) -> Option<State> {
    let (value, entered) = (&field["value"], field["source"] == "agent");
    if value.is_null() {
        return if entered { Some(State::NotSaid) } else { required.then_some(State::Missing) };
    }
    // "No danger was named": nothing was read, so there is nothing to look at.
    let by_default = *value == Value::Bool(false) && field["evidence"].as_array().is_none_or(Vec::is_empty);
    match (entered, by_default && !entry.required) {
        // Entered, and then split off or joined: it is to be looked at again.
        (true, _) if field["needs_review"] == true => Some(State::Check),
        (true, _) => Some(State::Entered),
        (false, true) => None,
        (false, false) => Some(read_state(field)),
    }
}

fn read_state(field: &Value) -> State {
    let doubtful = field["needs_review"] == true || field["band"] == "check" || field["band"] == "missing";
    if doubtful { State::Check } else { State::Sure }
}

/// The numbers, and where none is the caller's the place for one.
fn phone_states(phones: &[Phone], no_number: bool) -> Vec<FieldState> {
    let own = phones.iter().position(is_own);
    let mut found: Vec<FieldState> = phones
        .iter()
        .enumerate()
        .map(|(nth, phone)| {
            let doubtful = phone.needs_review || phone.band.is_some_and(|band| band != crate::call::Band::Sure);
            let state = match (phone.source, doubtful) {
                (Source::Agent, _) => State::Entered,
                (_, true) => State::Check,
                (_, false) => State::Sure,
            };
            FieldState {
                pointer: format!("{PHONES}/{nth}"),
                name: PHONE,
                state,
                required: own == Some(nth),
                key: phone_key(&phone.number),
                value: phone.number.clone(),
            }
        })
        .collect();
    if own.is_none() {
        let state = if no_number { State::NotSaid } else { State::Missing };
        let (pointer, key) = (PHONES.to_owned(), PHONES.to_owned());
        found.push(FieldState { pointer, name: PHONE, state, required: true, key, value: String::new() });
    }
    found
}

/// May be called back on.
pub(super) fn is_own(phone: &Phone) -> bool {
    phone.belongs_to != BelongsTo::OtherParty
}

pub(super) fn phone_key(number: &str) -> String {
    format!("{PHONES}/{number}")
}

/// What must be done before the draft can be approved.
pub fn to_do(states: &[FieldState], seen: &BTreeMap<String, String>) -> Vec<Wrong> {
    let detail = |field: &FieldState| match field.state {
        State::Missing => Some("nothing is known of it: enter it, or say that the caller did not say it"),
        State::Check if !field.is_seen(seen) => Some("look at it and hear its words first"),
        _ => None,
    };
    let wrong = |field: &FieldState| Some(Wrong { pointer: field.pointer.clone(), detail: detail(field)?.to_owned() });
    states.iter().filter_map(wrong).collect()
}
