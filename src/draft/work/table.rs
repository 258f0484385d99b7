//! The fields of a draft that a person works at: where each stands, what it is called, what may be typed into it.

use serde_json::Value;

use crate::draft::schema::{MAX_DESCRIPTION, MAX_SUMMARY, MAX_TITLE};

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line of so many Unicode scalars.
    Line(usize),
    /// Lines of together so many.
    Prose(usize),
    /// Code of the taxonomy.
    Category,
    /// One of these.
    Choice(&'static [&'static str]),
    /// Some of these.
    Choices(&'static [&'static str]),
    Count,
    YesNo,
    /// Name of a unit.
    Unit,
}

/// One field of a call, or of each of its issues.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name at the desk.
    pub name: &'static str,
    /// Where it stands in the draft, or in an issue.
    pub path: &'static str,
    pub kind: Kind,
    /// Nobody approves a draft without it, unless the caller did not say it.
    pub required: bool,
}

const fn entry(name: &'static str, path: &'static str, kind: Kind) -> Entry {
    Entry { name, path, kind, required: false }
}

const fn required(name: &'static str, path: &'static str, kind: Kind) -> Entry {
    Entry { name, path, kind, required: true }
}

/// A place, a time, a wish, in one line.
const LINE: Kind = Kind::Line(500);
const NAME: Kind = Kind::Line(200);
const CODE: Kind = Kind::Line(64);

/// Numbers stand apart: they are a list, see `phones`.
pub const OF_CALL: [Entry; 11] = [
    entry("emergency", "/emergency/flag", Kind::YesNo),
    required("name", "/caller/name", NAME),
    entry("consent", "/caller/follow_up_consent", Kind::Choice(&["yes", "no"])),
    entry("callback_window", "/caller/callback_window", LINE),
    entry("anonymity", "/caller/anonymity", Kind::Choice(&["named", "confidential_to_handler", "anonymous"])),
    entry(
        "vulnerability",
        "/caller/vulnerability",
        Kind::Choices(&["elderly", "child", "disability", "pregnant", "illness"]),
    ),
    entry("quoted_reference", "/quoted_reference", CODE),
    entry("interpreter", "/language/needs_interpreter", Kind::YesNo),
    entry("interpreter_language", "/language/interpreter_language", NAME),
    entry("language", "/language/primary", Kind::Choice(&["en", "cmn-Hans", "cmn-Hant", "yue-Hant", "yue-Hans"])),
    entry("summary", SUMMARY, Kind::Prose(MAX_SUMMARY)),
];

pub const OF_ISSUE: [Entry; 20] = [
    required("category", "/category", Kind::Category),
    required(
        "request_type",
        "/request_type",
        Kind::Choice(&["complaint", "help", "enquiry", "suggestion", "report", "praise"]),
    ),
    required("address", "/location/address_text", LINE),
    entry("title", "/title", Kind::Line(MAX_TITLE)),
    entry("description", "/description", Kind::Prose(MAX_DESCRIPTION)),
    entry("occurred", "/occurred_at/text", LINE),
    entry("desired_outcome", "/desired_outcome", LINE),
    entry("urgency", "/urgency", Kind::Choice(&["low", "normal", "high", "urgent", "emergency"])),
    entry(
        "safety_risks",
        "/safety_risks",
        Kind::Choices(&[
            "fire",
            "gas",
            "electric_shock",
            "structural",
            "fall",
            "traffic",
            "violence",
            "self_harm",
            "medical",
            "child_at_risk",
            "flood",
            "chemical",
            "food_poisoning",
        ]),
    ),
    entry("respondent", "/respondent", LINE),
    entry("affected_count", "/affected_count", Kind::Count),
    entry("group_demand", "/group_demand", Kind::YesNo),
    entry("asset_ref", "/location/asset_ref", CODE),
    entry("intersection", "/location/intersection", LINE),
    entry("district", "/location/district", NAME),
    entry("street", "/location/street", NAME),
    entry("community", "/location/community", NAME),
    entry("building", "/location/building", NAME),
    entry("unit", "/location/unit", NAME),
    entry("routing", "/routing_suggestion", Kind::Unit),
];

/// Says again what the first issue says, so nobody is asked to look at it twice.
#[cfg(test)]
pub const NOT_SHOWN: [&str; 1] = ["/summary/title"];

/// The list of matters, which people split and join.
pub const ISSUES: &str = "/issues";
pub const MATTERS: &str = "matters";

pub const SUMMARY: &str = "/summary/text";
pub const PHONE: &str = "phone";
pub const PHONES: &str = "/caller/phones";

/// A field where it stands.
pub struct Spot<'a> {
    pub entry: &'static Entry,
    pub pointer: String,
    /// Names it whatever the order of the issues: the pointer with the issue's id in the place of its number.
    pub key: String,
    pub issue: Option<usize>,
    pub field: &'a Value,
}

/// Every field of these sections, issue by issue, then the call's.
pub fn spots(sections: &Value) -> Vec<Spot<'_>> {
    let mut found = Vec::new();
    for (nth, issue) in sections["issues"].as_array().into_iter().flatten().enumerate() {
        let id = issue["issue_id"].as_str().unwrap_or_default();
        for entry in &OF_ISSUE {
            let Some(field) = issue.pointer(entry.path) else { continue };
            let (pointer, key) = (format!("/issues/{nth}{}", entry.path), format!("/issues/{id}{}", entry.path));
            found.push(Spot { entry, pointer, key, issue: Some(nth), field });
        }
    }
    for entry in &OF_CALL {
        let Some(field) = sections.pointer(entry.path) else { continue };
        found.push(Spot { entry, pointer: entry.path.to_owned(), key: entry.path.to_owned(), issue: None, field });
    }
    found
}
