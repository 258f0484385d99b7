//! What people changed of what the machine read, as data.

use serde_json::Value;

use super::Work;
use super::states::{phone_key, summary_repeats};
use super::table::{ISSUES, MATTERS, PHONE, PHONES, SUMMARY, spots};
use crate::call::CorrectionKind;
use crate::draft::edits::sections;
use crate::draft::schema::{Phone, Source, TicketDraft};

/// One field that a person decided otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// JSON pointer (RFC 6901) into the decided draft; of a number that was removed, into the machine's.
    pub pointer: String,
    /// The field's name at the desk.
    pub field: &'static str,
    /// Of the issue, else of the first one: code of the taxonomy.
    pub category: Option<String>,
    /// Null: the machine had none.
    pub old: Value,
    /// Null: the caller did not say it.
    pub new: Value,
    /// The machine's, for the old value.
    pub evidence: Value,
    pub kind: CorrectionKind,
    /// Name of the account that entered it last.
    pub by: String,
}

impl Correction {
    /// `None`: the person says what the machine says.
    fn new(old: &Value, new: &Value, evidence: &Value) -> Option<Self> {
        let kind = match (old.is_null(), new.is_null()) {
            _ if old == new && !old.is_null() => return None,
            (_, true) => CorrectionKind::NotSaid,
            (true, false) => CorrectionKind::Entered,
            (false, false) => CorrectionKind::Corrected,
        };
        let (old, new, evidence) = (old.clone(), new.clone(), evidence.clone());
        Some(Self { pointer: String::new(), field: "", category: None, old, new, evidence, kind, by: String::new() })
    }
}

/// How `worked`, a person's, differs from `machine`, the newest version before it. `by`: who decides, where nobody else is
/// known to have entered a value.
pub fn corrections(machine: &TicketDraft, worked: &TicketDraft, work: &Work, by: &str) -> Vec<Correction> {
    let (old, new) = (sections(machine), sections(worked));
    let known: std::collections::HashMap<String, &Value> =
        spots(&old).into_iter().map(|spot| (spot.key, spot.field)).collect();
    let category = |issue: Option<usize>| worked.issues.get(issue.unwrap_or(0))?.category.value.clone();
    let who = |key: &str| work.by.get(key).map_or(by, String::as_str).to_owned();
    let mut found = Vec::new();
    for spot in spots(&new).into_iter().filter(|spot| spot.field["source"] == "agent") {
        // It followed the description, which is told of already.
        if spot.pointer == SUMMARY && summary_repeats(worked) {
            continue;
        }
        let before = known.get(&spot.key).copied().unwrap_or(&Value::Null);
        // Decided before, in an earlier version.
        if before["source"] == "agent" && before["value"] == spot.field["value"] {
            continue;
        }
        if let Some(one) = Correction::new(&before["value"], &spot.field["value"], &before["evidence"]) {
            let (category, by) = (category(spot.issue), who(&spot.key));
            found.push(Correction { pointer: spot.pointer, field: spot.entry.name, category, by, ..one });
        }
    }
    if !work.steps.is_empty()
        && let Some(one) = Correction::new(&ids(machine), &ids(worked), &Value::Array(Vec::new()))
    {
        let (pointer, category, by) = (ISSUES.to_owned(), category(None), who(ISSUES));
        found.push(Correction { pointer, field: MATTERS, category, by, ..one });
    }
    let numbers = phones(machine, worked, work).into_iter();
    found.extend(numbers.map(|(key, one)| Correction { field: PHONE, category: category(None), by: who(&key), ..one }));
    found
}

/// Of its matters, in order.
fn ids(draft: &TicketDraft) -> Value {
    draft.issues.iter().map(|issue| issue.issue_id.as_str()).collect()
}

/// With the key by which `work` knows who it was.
fn phones(machine: &TicketDraft, worked: &TicketDraft, work: &Work) -> Vec<(String, Correction)> {
    let value = |number: &str| Value::String(number.to_owned());
    let place = |phones: &[Phone], number: &str| phones.iter().position(|phone| phone.number == number);
    let mut found = Vec::new();
    for (number, stands) in &work.numbers {
        let Some(nth) = place(&machine.caller.phones, number) else { continue };
        let Some(read) = machine.caller.phones.get(nth) else { continue };
        let evidence = serde_json::to_value(&read.evidence).unwrap_or_default();
        let new = stands.as_deref().map_or(Value::Null, value);
        let Some(one) = Correction::new(&value(number), &new, &evidence) else { continue };
        let now = stands.as_deref().and_then(|number| place(&worked.caller.phones, number)).unwrap_or(nth);
        let key = phone_key(stands.as_deref().unwrap_or(number));
        found.push((key, Correction { pointer: format!("{PHONES}/{now}"), ..one }));
    }
    for (nth, phone) in worked.caller.phones.iter().enumerate().filter(|(_, phone)| phone.source == Source::Agent) {
        let stands_for_another = work.numbers.values().any(|stands| stands.as_deref() == Some(&phone.number));
        if stands_for_another || place(&machine.caller.phones, &phone.number).is_some() {
            continue;
        }
        if let Some(one) = Correction::new(&Value::Null, &value(&phone.number), &Value::Array(Vec::new())) {
            found.push((phone_key(&phone.number), Correction { pointer: format!("{PHONES}/{nth}"), ..one }));
        }
    }
    if work.no_number
        && worked.caller.phones.is_empty()
        && let Some(one) = Correction::new(&Value::Null, &Value::Null, &Value::Array(Vec::new()))
    {
        found.push((PHONES.to_owned(), Correction { pointer: PHONES.to_owned(), ..one }));
    }
    found
}
