//! What a person at the desk entered stays: a later version of the draft may offer something else beside it, never put
//! it in its place.

use serde::Deserialize;
use serde_json::{Value, json};

use super::schema::{
    CallerSection, EmergencySection, Field, Issue, LanguageSection, MAX_ALTERNATIVES, Summary, TicketDraft,
};

/// Carries every value whose source is `agent` from `previous` into `new`, and what was decided. What the rules read now in
/// its place becomes its first alternative. Issues are known by `issue_id`; one that a person edited is kept though the
/// rules find it no more.
pub fn keep_edits(previous: &TicketDraft, new: &mut TicketDraft) {
    keep(&sections(previous), new);
    for said in previous.related.iter().filter(|related| related.confirmed.is_some()) {
        match new.related.iter_mut().find(|related| related.call_id == said.call_id) {
            Some(known) => known.confirmed = said.confirmed,
            None => new.related.push(said.clone()),
        }
    }
    if new.review.is_none() {
        new.review.clone_from(&previous.review);
    }
}

/// The same of `sections` of a draft.
pub(super) fn keep(old: &Value, new: &mut TicketDraft) {
    if !edited(old) {
        return;
    }
    let mut json = sections(new);
    for key in ["language", "caller", "quoted_reference", "emergency", "summary"] {
        carry(&old[key], &mut json[key]);
    }
    carry_issues(&old["issues"], &mut json["issues"]);
    // The same types on both sides, so it has their form.
    put_back(new, json);
}

/// What people edit of a draft, as JSON: all but its call and its words.
pub(super) fn sections(draft: &TicketDraft) -> Value {
    let TicketDraft { language, caller, quoted_reference, issues, emergency, summary, .. } = draft;
    json!({
        "language": language, "caller": caller, "quoted_reference": quoted_reference, "issues": issues,
        "emergency": emergency, "summary": summary,
    })
}

/// `false`: they are not of a draft's form, and nothing was changed.
fn put_back(draft: &mut TicketDraft, sections: Value) -> bool {
    #[derive(Deserialize)]
    struct Sections {
        language: LanguageSection,
        caller: CallerSection,
        quoted_reference: Field<String>,
        issues: Vec<Issue>,
        emergency: EmergencySection,
        summary: Summary,
    }
    let Ok(Sections { language, caller, quoted_reference, issues, emergency, summary }) =
        serde_json::from_value(sections)
    else {
        return false;
    };
    (draft.language, draft.caller, draft.quoted_reference) = (language, caller, quoted_reference);
    (draft.issues, draft.emergency, draft.summary) = (issues, emergency, summary);
    true
}

fn is_field(value: &Value) -> bool {
    value.get("source").is_some() && value.get("evidence").is_some()
}

/// Whether a person entered any of it.
fn edited(value: &Value) -> bool {
    match value {
        Value::Object(_) if is_field(value) => value["source"] == "agent",
        Value::Object(keys) => keys.values().any(edited),
        Value::Array(entries) => entries.iter().any(edited),
        _ => false,
    }
}

fn carry(old: &Value, new: &mut Value) {
    if is_field(old) {
        if edited(old) && !edited(new) {
            let read = std::mem::replace(new, old.clone());
            offer(new, &read);
        }
        return;
    }
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                if let Some(there) = new.get_mut(key) {
                    carry(value, there);
                }
            }
        }
        // Numbers have no place of their own: an entered one is kept before those that were read.
        (Value::Array(old), Value::Array(new)) => {
            for entry in old.iter().filter(|entry| is_field(entry) && edited(entry)).rev() {
                new.retain(|other| other["number"] != entry["number"]);
                new.insert(0, entry.clone());
            }
        }
        _ => {}
    }
}

fn carry_issues(old: &Value, new: &mut Value) {
    let Some(issues) = new.as_array_mut() else { return };
    for issue in old.as_array().into_iter().flatten().filter(|issue| edited(issue)) {
        match issues.iter_mut().find(|other| other["issue_id"] == issue["issue_id"]) {
            Some(other) => carry(issue, other),
            None => issues.push(issue.clone()),
        }
    }
}

/// The value that was there before (or that the rules read now), as the first alternative of what a person entered.
pub(super) fn offer(kept: &mut Value, read: &Value) {
    if read["value"].is_null() || read["value"] == kept["value"] {
        return;
    }
    if let Some(others) = kept.get_mut("alternatives").and_then(Value::as_array_mut) {
        others.retain(|other| other["value"] != read["value"]);
        others.insert(0, json!({"value": read["value"], "confidence": read["confidence"]}));
        others.truncate(MAX_ALTERNATIVES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Coverage;
    use crate::draft::Drafter;
    use crate::draft::schema::Source;
    use crate::draft::testing::{call, facts};

    fn draft(lines: &[&str]) -> TicketDraft {
        Drafter::new().unwrap().draft(&facts(), &call(lines), Coverage::default())
    }

    fn entered(value: &str) -> Field<String> {
        Field { value: Some(value.into()), confidence: 1.0, source: Source::Agent, ..Field::unknown() }
    }

    #[test]
    fn what_a_person_entered_is_never_overwritten_and_what_was_read_is_offered() {
        let mut previous = draft(&["The street light at 42 Maple Street is broken."]);
        previous.issues[0].location.address_text = entered("44 Maple Street");
        previous.caller.name = entered("Ann Lee");
        let lines = ["The street light at 42 Maple Street is broken.", "My name is Anne Leigh. The lift is stuck too."];
        let mut new = draft(&lines);
        keep_edits(&previous, &mut new);
        assert_eq!(new.caller.name.value.as_deref(), Some("Ann Lee"));
        assert_eq!(new.caller.name.source, Source::Agent);
        assert_eq!(new.caller.name.alternatives[0].value, "Anne Leigh");
        assert_eq!(new.issues[0].location.address_text.value.as_deref(), Some("44 Maple Street"));
        assert_eq!(new.issues[0].location.address_text.alternatives[0].value, "42 Maple Street");
        assert_eq!(new.transcript.segments.len(), 2, "what nobody touched is new");
        let again = new.clone();
        keep_edits(&previous, &mut new);
        assert_eq!(new, again, "however often");
    }

    #[test]
    fn an_edited_issue_and_an_entered_number_stay_though_the_rules_find_them_no_more() {
        let mut previous = draft(&["No heat. My number is two one two, five five five, zero one three four."]);
        let mut second = previous.issues[0].clone();
        second.issue_id = "i7".into();
        second.category = entered("road.tree");
        previous.issues.push(second);
        previous.caller.phones[0].source = Source::Agent;
        let mut new = draft(&["No heat."]);
        keep_edits(&previous, &mut new);
        let ids: Vec<_> = new.issues.iter().map(|issue| issue.issue_id.as_str()).collect();
        assert_eq!(ids, ["i1", "i7"]);
        assert_eq!(new.caller.phones.iter().map(|p| p.number.as_str()).collect::<Vec<_>>(), ["2125550134"]);
    }

    #[test]
    fn without_an_edit_nothing_changes() {
        let previous = draft(&["No heat."]);
        let mut new = draft(&["The lift is stuck."]);
        let before = new.clone();
        keep_edits(&previous, &mut new);
        assert_eq!(new, before);
    }
}
