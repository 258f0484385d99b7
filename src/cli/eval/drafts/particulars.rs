//! The smaller fields of one draft, held against the gold ticket: when, what is wished, who is to know, which case, which
//! language. Pure.

use serde_json::Value;

use super::fields::{at, digits, is_alike, is_number, shared};
use super::gold::{Gold, Told};
use super::scores::{Check, Got};
use crate::draft::said::Said;

const OCCURRED_AT: &str = "/issues/0/occurred_at/text/value";

/// `lang`: the language the call is in; empty where nothing is said.
pub(super) fn checks(lang: &str, gold: &Gold, draft: &Value) -> Vec<Check> {
    let mut out = occurred_at(gold, draft);
    out.extend(gold.more.desired_outcome.as_ref().map(|told| desired_outcome(told, draft)));
    out.extend(gold.more.anonymous.map(|wanted| anonymity(wanted, draft)));
    out.extend(gold.more.other_phones.as_ref().into_iter().flat_map(|others| other_phones(others, gold, draft)));
    out.extend(gold.more.reference.as_ref().map(|told| reference(told, draft)));
    out.extend(gold.more.interpreter.as_ref().map(|told| interpreter(told, draft)));
    out.extend(request_types(gold, draft));
    let field = "/language/primary/value";
    let spoken =
        (!lang.is_empty()).then(|| at(draft, field).check("language", field, lang, |got| is_language(got, lang)));
    out.extend(spoken);
    out
}

/// Right when one text holds all of the other: how much of "since last night, every night" is the time is a matter of
/// taste, and `occurred_at_f1` says how much they share.
fn occurred_at(gold: &Gold, draft: &Value) -> Vec<Check> {
    let got = at(draft, OCCURRED_AT);
    let Some(known) = &gold.occurred_at else { return vec![got.check_absent("occurred_at_invented", OCCURRED_AT)] };
    let wanted = Said::of(known);
    let same = |got: &str| {
        let got = Said::of(got);
        got.holds(&wanted) || wanted.holds(&got)
    };
    vec![got.check("occurred_at", OCCURRED_AT, known, same), shared("occurred_at_f1", OCCURRED_AT, &got, known)]
}

/// The gold wish is in the words of its writer, the draft's in the caller's: only whether there is one is compared.
fn desired_outcome(told: &Told, draft: &Value) -> Check {
    let field = "/issues/0/desired_outcome/value";
    match told {
        Some(wish) => at(draft, field).check("desired_outcome", field, wish, |_| true),
        None => at(draft, field).check_absent("desired_outcome_invented", field),
    }
}

fn anonymity(wanted: bool, draft: &Value) -> Check {
    let field = "/caller/anonymity/value";
    let got = at(draft, field);
    if wanted {
        return got.check("anonymity", field, "unnamed", |got| got != "named");
    }
    let unnamed = got.value().is_some_and(|got| got != "named");
    (if unnamed { got } else { Got::Missing }).check_absent("anonymity_false", field)
}

/// Numbers besides the one to call back on.
fn other_phones(others: &[String], gold: &Gold, draft: &Value) -> Vec<Check> {
    let field = "/caller/phones";
    let drafted = draft.pointer(field).and_then(Value::as_array).into_iter().flatten();
    let main = |phone: &&Value| gold.phone.as_ref().is_some_and(|known| is_number(phone, known));
    let rest: Vec<&Value> = drafted.filter(|phone| phone["preferred"] != true && !main(phone)).collect();
    let listed: Vec<&str> = rest.iter().filter_map(|phone| phone["number"].as_str()).collect();
    let got = if listed.is_empty() { Got::Missing } else { Got::Value(listed.join(", ")) };
    if others.is_empty() {
        return vec![got.check_absent("other_phones_invented", field)];
    }
    let found = |known: &String| rest.iter().any(|phone| is_number(phone, known));
    others.iter().map(|known| got.check("other_phones", field, &digits(known), |_| found(known))).collect()
}

fn reference(told: &Told, draft: &Value) -> Check {
    let field = "/quoted_reference/value";
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    match told {
        Some(known) => at(draft, field).check("reference_exact", field, known, |got| bare(got) == bare(known)),
        None => at(draft, field).check_absent("reference_invented", field),
    }
}

fn interpreter(told: &Told, draft: &Value) -> Check {
    let field = "/language/needs_interpreter/value";
    let got = at(draft, field);
    match told {
        Some(language) => got.check("interpreter", field, language, |got| got == "true"),
        None if got.value() == Some("true") => got.check_absent("interpreter_false", field),
        None => Got::Missing.check_absent("interpreter_false", field),
    }
}

/// Of each gold matter, as the draft's matter of the same category has it.
fn request_types(gold: &Gold, draft: &Value) -> Vec<Check> {
    let drafted = draft.pointer("/issues").and_then(Value::as_array).into_iter().flatten();
    let mut drafted: Vec<&Value> = drafted.collect();
    let mut out = Vec::new();
    for matter in &gold.issues {
        let same = |code: Option<&str>| code == Some(matter.category.as_str());
        let place = drafted.iter().position(|issue| same(issue.pointer("/category/value").and_then(Value::as_str)));
        let paired = place.map(|place| drafted.remove(place));
        let Some(known) = &matter.request_type else { continue };
        let got = paired.map_or(Got::Missing, |issue| at(issue, "/request_type/value"));
        let field = format!("/issues: {}", matter.category);
        out.push(got.check("issue_request_type", &field, known, |got| is_alike(got, known)));
    }
    out
}

/// BCP 47 of the draft against the short names of the calls: Mandarin is `zh`, whatever the script.
fn is_language(tag: &str, lang: &str) -> bool {
    let first = tag.split('-').next().unwrap_or_default();
    first == lang || (first == "cmn" && lang == "zh")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scores::Verdict;
    use super::*;

    #[test]
    fn a_number_besides_the_callers_is_found_or_invented() {
        let draft = json!({"caller": {"phones": [
            {"number": "2125550134", "e164": "+12125550134", "preferred": true},
            {"number": "2125550199", "e164": null, "preferred": false},
        ]}});
        let gold = gold(json!({"phone": "2125550134"}));
        let verdict = |others: &[&str]| {
            let others: Vec<String> = others.iter().map(|text| (*text).to_owned()).collect();
            other_phones(&others, &gold, &draft).iter().map(|check| check.verdict).collect::<Vec<_>>()
        };
        assert_eq!(verdict(&["212 555 0199"]), [Verdict::Right]);
        assert_eq!(verdict(&["212 555 0134"]), [Verdict::Wrong], "that one is the caller's");
        assert_eq!(verdict(&[]), [Verdict::Invented]);
    }

    #[test]
    fn what_was_not_judged_is_not_scored() {
        let draft = json!({"caller": {"phones": [], "anonymity": {"value": "anonymous"}}});
        let scored = |more: Value| {
            let checks = checks("en", &gold(more), &draft).into_iter();
            checks.map(|check| (check.score, check.verdict)).collect::<Vec<_>>()
        };
        let always = scored(json!({}));
        assert_eq!(always.iter().map(|(score, _)| *score).collect::<Vec<_>>(), ["occurred_at_invented", "language"]);
        assert!(scored(json!({"anonymous": true})).contains(&("anonymity", Verdict::Right)));
        assert!(scored(json!({"anonymous": false})).contains(&("anonymity_false", Verdict::Invented)));
        assert!(scored(json!({"related_ref": "C-1"})).contains(&("reference_exact", Verdict::NotMade)));
        assert!(scored(json!({"related_ref": null})).contains(&("reference_invented", Verdict::Right)));
    }

    #[test]
    fn a_time_is_right_when_one_text_holds_the_other() {
        let verdict = |got: &str| {
            let draft = json!({"issues": [{"occurred_at": {"text": {"value": got}}}]});
            let checks = occurred_at(&gold(json!({"occurred_at_text": "从三号开始，每天晚上"})), &draft);
            (checks[0].verdict, checks[1].hits, checks[1].of)
        };
        assert_eq!(verdict("从3号开始每天晚上"), (Verdict::Right, 18, 18));
        assert_eq!(verdict("每天晚上"), (Verdict::Right, 8, 13));
        assert_eq!(verdict("今天").0, Verdict::Wrong);
    }

    fn gold(more: Value) -> Gold {
        let mut ticket = json!({
            "request_type": "help", "category": "a", "urgency": "low", "emergency": false, "caller_name": null,
            "phone": null, "address": null, "district": null, "occurred_at_text": null, "disposition": "callback",
            "issues": [],
        });
        ticket.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let keys = super::super::keys::Keys { path: String::new(), object: ticket.as_object().unwrap() };
        super::super::gold::read(&keys, &|_| true).unwrap()
    }
}
