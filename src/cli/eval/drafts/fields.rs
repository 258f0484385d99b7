//! The fields of one draft, held against the gold ticket. Pure.
//!
//! The draft is read as an intake endpoint receives it, by the keys of its schema, so a field is scored from the day
//! the drafter makes it; until then it counts as wrong.

use serde_json::Value;

use super::calls::Gold;
use super::scores::{Check, Got, Verdict};
use crate::draft::said::{Said, name_letters, without_remarks};
use crate::draft::schema::Urgency;

const CATEGORY: &str = "/issues/0/category";
const ADDRESS: &str = "/issues/0/location/address_text/value";
/// Request types that two people would choose differently.
const ALIKE: [&str; 3] = ["complaint", "help", "report"];

pub(super) fn checks(gold: &Gold, draft: &Value) -> Vec<Check> {
    let mut out = vec![emergency(gold, draft)];
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
    out.push(at(draft, field).check("disposition", field, &disposition, |got| got == disposition));
    out.push(issues(gold, draft));
    out.extend(slots(gold, draft));
    out
}

/// The value under a JSON pointer (RFC 6901). Drafts hold every key of their schema, with null where nothing is known.
fn at(draft: &Value, pointer: &str) -> Got {
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

fn emergency(gold: &Gold, draft: &Value) -> Check {
    let field = "/emergency/flag/value";
    let got = at(draft, field);
    if gold.emergency {
        return got.check("emergency_recall", field, "true", |got| got == "true");
    }
    let raised = if got.value() == Some("true") { got } else { Got::Missing };
    raised.check_absent("emergency_false", field)
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
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let known = digits(known);
    let international = text("e164").map(|e164| digits(&e164));
    let same = |number: &str| {
        digits(number) == known
            || international.as_ref().and_then(|e164| e164.strip_suffix(&known)).is_some_and(|code| code.len() <= 3)
    };
    got.check("phone_exact", field, &known, same)
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
    let soft = |got: &str| got == known || (ALIKE.contains(&got) && ALIKE.contains(&known));
    [got.check("request_type", field, known, |got| got == known), got.check("request_type_soft", field, known, soft)]
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
    let mut characters = got.check("address_f1", ADDRESS, known, |got| wanted.contains(&Said::of(got)));
    let given = Said::of(got.value().unwrap_or_default()).characters();
    // The draft gets the better of both.
    let overlap = |wanted: &Said| {
        let wanted = wanted.characters();
        let common: usize = wanted.iter().map(|(c, n)| given.get(c).map_or(0, |other| *n.min(other))).sum();
        (2 * common, wanted.values().sum::<usize>() + given.values().sum::<usize>())
    };
    let better = wanted.iter().map(overlap).max_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)));
    (characters.hits, characters.of) = better.unwrap_or_default();
    vec![got.check("address_digits", ADDRESS, known, same), characters]
}

/// Matters of the ticket and of the draft, paired by category: F1 is twice the pairs by both their counts. A draft that
/// says that nothing was asked holds no matter.
fn issues(gold: &Gold, draft: &Value) -> Check {
    let drafted = draft.pointer("/issues").and_then(Value::as_array).into_iter().flatten();
    let drafted: Vec<&str> = drafted.filter_map(|issue| issue.pointer("/category/value")?.as_str()).collect();
    let drafted: Vec<&str> = drafted.into_iter().filter(|code| *code != "other.no_content").collect();
    let mut open: Vec<&str> = gold.issues.iter().map(String::as_str).collect();
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
    let (known, got) = (Some(gold.issues.join(", ")), Some(drafted.join(", ")));
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
