//! The fields of one draft, held against the gold ticket. Pure.
//!
//! The draft is read as an intake endpoint receives it, by the keys of its schema, so a field is scored from the day
//! the drafter makes it; until then it counts as wrong.

use serde_json::Value;

use super::gold::Gold;
use super::scores::{Check, Got, Verdict};
use crate::draft::said::{Said, name_letters, without_remarks};
use crate::draft::schema::Urgency;

const CATEGORY: &str = "/issues/0/category";
const ADDRESS: &str = "/issues/0/location/address_text/value";
/// Request types that two people would choose differently.
const ALIKE: [&str; 3] = ["complaint", "help", "report"];

pub(super) fn is_alike(one: &str, other: &str) -> bool {
    one == other || (ALIKE.contains(&one) && ALIKE.contains(&other))
}

pub(super) fn checks(gold: &Gold, draft: &Value) -> Vec<Check> {
    let mut out = emergency(gold, draft);
    out.push(phone(gold, draft));
    out.push(name(gold, draft));
    out.extend(category(gold, draft));
    out.extend(request_type(gold, draft));
    out.extend(urgency(gold, draft));
    out.extend(address(gold, draft));
    if let Some(district) = &gold.district {
        let field = "/issues/0/location/district/value";
        let same = |got: &str| name_letters(got) == name_letters(district);
        out.push(at(draft, field).check("district", field, district, same));
    }
    let field = "/disposition_suggestion";
    let disposition = named(&gold.disposition);
    // A file may know no wrong number: it is one of the calls to discard, named more precisely.
    let discarded = |got: &str| disposition == "discard" && got == "wrong_number";
    let same = |got: &str| got == disposition || discarded(got);
    out.push(at(draft, field).check("disposition", field, &disposition, same));
    out.push(issues(gold, draft));
    out.extend(slots(gold, draft));
    out
}

/// The value under a JSON pointer (RFC 6901). Drafts hold every key of their schema, with null where nothing is known.
pub(super) fn at(draft: &Value, pointer: &str) -> Got {
    match draft.pointer(pointer) {
        None if pointer.starts_with("/issues/0/") && draft["issues"][0].is_null() => Got::Missing,
        None => Got::NotMade,
        Some(Value::Null) => Got::Missing,
        Some(Value::String(text)) => Got::Value(text.clone()),
        Some(other) => Got::Value(other.to_string()),
    }
}

fn named(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn emergency(gold: &Gold, draft: &Value) -> Vec<Check> {
    let field = "/emergency/flag/value";
    let got = at(draft, field);
    let raised = got.value() == Some("true");
    let known = gold.emergency.to_string();
    let precise = raised.then(|| got.check("emergency_precision", field, &known, |_| gold.emergency));
    let seen = if gold.emergency {
        got.check("emergency_recall", field, &known, |got| got == known)
    } else {
        (if raised { got } else { Got::Missing }).check_absent("emergency_false", field)
    };
    std::iter::once(seen).chain(precise).collect()
}

/// The number to call back on, by its digits: as spoken, or in international form without the country's code.
fn phone(gold: &Gold, draft: &Value) -> Check {
    let field = "/caller/phones";
    let Some(phones) = draft.pointer(field).and_then(Value::as_array) else {
        return Got::NotMade.check("phone_exact", field, gold.phone.as_deref().unwrap_or_default(), |_| false);
    };
    let preferred = phones.iter().find(|phone| phone["preferred"] == true);
    let text = |key: &str| preferred.and_then(|phone| phone[key].as_str()).map(str::to_owned);
    let got = text("number").map_or(Got::Missing, Got::Value);
    let Some(known) = &gold.phone else { return got.check_absent("phone_invented", field) };
    let same = |_: &str| preferred.is_some_and(|phone| is_number(phone, known));
    got.check("phone_exact", field, &digits(known), same)
}

pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Whether a number of the draft is this one: as spoken, or in international form.
pub(super) fn is_number(phone: &Value, known: &str) -> bool {
    let (known, of) = (digits(known), |key: &str| digits(phone[key].as_str().unwrap_or_default()));
    of("number") == known || of("e164").strip_suffix(&known).is_some_and(|code| code.len() <= 3)
}

fn name(gold: &Gold, draft: &Value) -> Check {
    let field = "/caller/name/value";
    match &gold.name {
        Some(name) => at(draft, field).check("name_exact", field, name, |got| name_letters(got) == name_letters(name)),
        None => at(draft, field).check_absent("name_invented", field),
    }
}

fn category(gold: &Gold, draft: &Value) -> [Check; 3] {
    let field = format!("{CATEGORY}/value");
    let got = at(draft, &field);
    let good = |got: &str| got == gold.category || gold.accepted.iter().any(|code| code == got);
    let top = |code: &str| code.split('.').next().unwrap_or_default().to_owned();
    let near = |got: &str| top(got) == top(&gold.category) || gold.accepted.iter().any(|code| top(code) == top(got));
    let others = draft.pointer(&format!("{CATEGORY}/alternatives")).and_then(Value::as_array);
    let others = others.into_iter().flatten().filter_map(|other| other["value"].as_str()).take(2);
    let first: Vec<&str> = got.value().into_iter().chain(others).collect();
    let listed = if first.is_empty() { got.clone() } else { Got::Value(first.join(", ")) };
    [
        got.check("category_l2", &field, &gold.category, good),
        got.check("category_l1", &field, &gold.category, near),
        listed.check("category_top3", CATEGORY, &gold.category, |_| first.iter().any(|got| good(got))),
    ]
}

fn request_type(gold: &Gold, draft: &Value) -> [Check; 2] {
    let field = "/issues/0/request_type/value";
    let (got, known) = (at(draft, field), gold.request_type.as_str());
    // A drafter that makes the field leaves it empty where nobody asks for anything.
    let got = if known == "none" && got == Got::Missing { Got::Value("none".into()) } else { got };
    [
        got.check("request_type", field, known, |got| got == known),
        got.check("request_type_soft", field, known, |got| is_alike(got, known)),
    ]
}

fn urgency(gold: &Gold, draft: &Value) -> [Check; 2] {
    let field = "/issues/0/urgency/value";
    let (got, known) = (at(draft, field), gold.urgency.as_str());
    let near = |got: &str| {
        let got: Option<Urgency> = serde_json::from_value(Value::from(got)).ok();
        got.is_some_and(|got| (got as i32 - gold.urgency as i32).abs() <= 1)
    };
    [got.check("urgency", field, known, |got| got == known), got.check("urgency_near", field, known, near)]
}

/// Remarks in the gold address need not be in the draft, and may.
fn address(gold: &Gold, draft: &Value) -> Vec<Check> {
    let Some(known) = &gold.address else { return Vec::new() };
    let got = at(draft, ADDRESS);
    let wanted = [Said::of(known), Said::of(&without_remarks(known))];
    let same = |got: &str| {
        let got = Said::of(got);
        wanted.iter().any(|wanted| wanted.numbers_sorted() == got.numbers_sorted())
    };
    vec![got.check("address_digits", ADDRESS, known, same), shared("address_f1", ADDRESS, &got, known)]
}

/// How many characters a value and the gold text have in common (F1), with or without what is a remark in it; the draft
/// gets the better of both.
pub(super) fn shared(score: &'static str, field: &str, got: &Got, known: &str) -> Check {
    let wanted = [Said::of(known), Said::of(&without_remarks(known))];
    let mut check = got.check(score, field, known, |got| wanted.contains(&Said::of(got)));
    let given = Said::of(got.value().unwrap_or_default()).characters();
    let overlap = |wanted: &Said| {
        let wanted = wanted.characters();
        let common: usize = wanted.iter().map(|(c, n)| given.get(c).map_or(0, |other| *n.min(other))).sum();
        (2 * common, wanted.values().sum::<usize>() + given.values().sum::<usize>())
    };
    let better = wanted.iter().map(overlap).max_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)));
    (check.hits, check.of) = better.unwrap_or_default();
    check
}

/// Matters of the ticket and of the draft, paired by category: F1 is twice the pairs by both their counts. A draft that
/// says that nothing was asked holds no matter.
fn issues(gold: &Gold, draft: &Value) -> Check {
    let drafted = draft.pointer("/issues").and_then(Value::as_array).into_iter().flatten();
    let drafted: Vec<&str> = drafted.filter_map(|issue| issue.pointer("/category/value")?.as_str()).collect();
    let drafted: Vec<&str> = drafted.into_iter().filter(|code| *code != "other.no_content").collect();
    let mut open: Vec<&str> = gold.issues.iter().map(|matter| matter.category.as_str()).collect();
    let mut rest = Vec::new();
    for code in &drafted {
        match open.iter().position(|gold| gold == code) {
            Some(at) => {
                open.swap_remove(at);
            }
            None => rest.push(*code),
        }
    }
    for _ in rest.iter().filter(|code| gold.accepted.iter().any(|accepted| accepted == *code)) {
        let _paired = open.pop();
    }
    let (hits, of) = (2 * (gold.issues.len() - open.len()), gold.issues.len() + drafted.len());
    let verdict = if hits == of { Verdict::Right } else { Verdict::Wrong };
    let known: Vec<&str> = gold.issues.iter().map(|matter| matter.category.as_str()).collect();
    let (known, got) = (Some(known.join(", ")), Some(drafted.join(", ")));
    Check { score: "issue_f1", field: "/issues".into(), gold: known, got, verdict, hits, of }
}

/// What a reader of only title and summary learns.
fn slots(gold: &Gold, draft: &Value) -> Vec<Check> {
    let text = |key: &str| at(draft, &format!("/summary/{key}/value")).value().unwrap_or_default().to_owned();
    let all = format!("{}. {}", text("title"), text("text"));
    let said = Said::of(&all);
    let slot = |slot: &str, wanted: &str| {
        let told = Got::Value(all.clone());
        told.check("summary_slots", &format!("/summary: {slot}"), wanted, |_| said.holds(&Said::of(wanted)))
    };
    let place = gold.address.as_ref().map(|address| slot("place", &without_remarks(address)));
    let time = gold.occurred_at.as_ref().map(|time| slot("time", time));
    place.into_iter().chain(time).collect()
}
