//! The caller's numbers as a person edits them.

use serde_json::Value;

use super::states::{is_own, phone_key};
use super::table::PHONES;
use super::{Entry, Work, typed};
use crate::draft::schema::{Alternative, BelongsTo, MAX_ALTERNATIVES, MAX_PHONES, Phone, PhoneOrigin, Source};

/// Which number: `Some(None)` is a new one. `None`: the pointer is of no number.
pub fn place(pointer: &str) -> Option<Option<usize>> {
    match pointer.strip_prefix(PHONES)? {
        "" => Some(None),
        rest => rest.strip_prefix('/')?.parse().ok().map(Some),
    }
}

/// Edits the list, and notes in `work` what became of a number that was read.
pub fn edit(
    phones: &mut Vec<Phone>,
    work: &mut Work,
    at: Option<usize>,
    entry: &Entry,
    by: &str,
    regions: &[String],
) -> Result<(), String> {
    match (at, entry) {
        (None, Entry::NotSaid) if phones.iter().any(is_own) => {
            return Err(format!("there are numbers; say of each ({PHONES}/0, ...) that it was not said"));
        }
        (None, Entry::NotSaid) => {
            work.no_number = true;
            work.by.insert(PHONES.to_owned(), by.to_owned());
        }
        (None, Entry::Value(given)) => add(phones, work, given, by, regions)?,
        (Some(nth), entry) => {
            let old = phones.get(nth).ok_or("the draft has no such number")?.clone();
            match entry {
                Entry::NotSaid => {
                    phones.remove(nth);
                    note(work, &old, None);
                    work.by.insert(phone_key(&old.number), by.to_owned());
                }
                Entry::Value(given) => {
                    let new = entered(&old, given, regions)?;
                    if new.number != old.number {
                        note(work, &old, Some(&new.number));
                    }
                    work.by.insert(phone_key(&new.number), by.to_owned());
                    phones.retain(|other| other.number != new.number || other.number == old.number);
                    let nth = phones.iter().position(|other| other.number == old.number).unwrap_or(0);
                    if let Some(place) = phones.get_mut(nth) {
                        *place = new;
                    }
                }
            }
        }
    }
    Ok(())
}

fn add(phones: &mut Vec<Phone>, work: &mut Work, given: &Value, by: &str, regions: &[String]) -> Result<(), String> {
    let mut new = entered(&blank(), given, regions)?;
    let there = phones.iter().position(|other| other.number == new.number);
    if there.is_none() && phones.len() >= MAX_PHONES {
        return Err(format!("a draft has at most {MAX_PHONES} numbers; correct one of them"));
    }
    // One that was read already is confirmed by it.
    if let Some(read) = there.map(|nth| phones.remove(nth)) {
        new.evidence = read.evidence;
        new.band = read.band;
        new.preferred = read.preferred;
    }
    new.preferred |= phones.iter().all(|other| !other.preferred);
    work.by.insert(phone_key(&new.number), by.to_owned());
    work.no_number = false;
    phones.insert(0, new);
    Ok(())
}

fn blank() -> Phone {
    Phone {
        number: String::new(),
        e164: None,
        raw: String::new(),
        origin: PhoneOrigin::Agent,
        preferred: false,
        repeated: false,
        read_back_confirmed: false,
        belongs_to: BelongsTo::Caller,
        confidence: 1.0,
        source: Source::Agent,
        evidence: Vec::new(),
        alternatives: Vec::new(),
        needs_review: false,
        band: None,
    }
}

/// In the place of `old`: with its words, and with its number as the first alternative.
fn entered(old: &Phone, given: &Value, regions: &[String]) -> Result<Phone, String> {
    let (number, e164) = typed::number(given, regions)?;
    let mut alternatives = old.alternatives.clone();
    if !old.number.is_empty() && old.number != number {
        let value = old.e164.clone().unwrap_or_else(|| old.number.clone());
        alternatives.retain(|other| other.value != value);
        alternatives.insert(0, Alternative { value, confidence: old.confidence });
    }
    alternatives.retain(|other| other.value != number && Some(&other.value) != e164.as_ref());
    alternatives.truncate(MAX_ALTERNATIVES);
    let belongs_to = if old.belongs_to == BelongsTo::Unknown { BelongsTo::Caller } else { old.belongs_to };
    let raw = given.as_str().unwrap_or_default().trim().to_owned();
    Ok(Phone {
        number,
        e164,
        raw,
        belongs_to,
        alternatives,
        preferred: old.preferred,
        evidence: old.evidence.clone(),
        band: old.band,
        ..blank()
    })
}

/// A number that was read does not come back with a later version; of one that a person entered there is nothing to note
/// but what it stands for.
fn note(work: &mut Work, old: &Phone, new: Option<&str>) {
    if old.source != Source::Agent {
        work.numbers.insert(old.number.clone(), new.map(str::to_owned));
        return;
    }
    for stands in work.numbers.values_mut().filter(|stands| stands.as_deref() == Some(&old.number)) {
        *stands = new.map(str::to_owned);
    }
}
