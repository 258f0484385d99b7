use serde_json::json;

use super::*;
use crate::call::{CorrectionKind, Coverage};
use crate::draft::schema::Anonymity;
use crate::draft::testing::{call, facts};

const LINES: [&str; 3] = [
    "The street light at 42 Maple Street is broken.",
    "My name is Ann Lee.",
    "My number is two one two, five five five, zero one three four.",
];

pub(super) struct Desk {
    pub drafter: Drafter,
    hours: UrgencyHours,
}

impl Desk {
    pub fn new() -> Self {
        Self { drafter: Drafter::new().unwrap(), hours: UrgencyHours::default() }
    }

    pub fn read(&self, lines: &[&str]) -> TicketDraft {
        self.drafter.draft(&facts(), &call(lines), Coverage::default())
    }

    fn try_edit(&self, work: &Work, machine: &TicketDraft, edits: &[(&str, Value)]) -> Result<Work, Vec<Wrong>> {
        let edits: Vec<Edit> = edits
            .iter()
            .map(|(pointer, value)| Edit {
                pointer: (*pointer).to_owned(),
                entry: if value.is_null() { Entry::NotSaid } else { Entry::Value(value.clone()) },
            })
            .collect();
        self.drafter.edit(work, &self.shown(work, machine), &edits, "li", &["US".to_owned()])
    }

    pub fn edit(&self, work: &Work, machine: &TicketDraft, edits: &[(&str, Value)]) -> Work {
        self.try_edit(work, machine, edits).unwrap()
    }

    pub fn shown(&self, work: &Work, machine: &TicketDraft) -> TicketDraft {
        self.drafter.with_work(work, machine.clone(), &self.hours)
    }
}

fn numbers(draft: &TicketDraft) -> Vec<&str> {
    draft.caller.phones.iter().map(|phone| phone.number.as_str()).collect()
}

fn state(draft: &TicketDraft, work: &Work, pointer: &str) -> Option<State> {
    states(draft, work).into_iter().find(|field| field.pointer == pointer).map(|field| field.state)
}

#[test]
fn every_field_of_a_draft_has_its_name_and_its_kind() {
    fn fields(value: &Value, at: &str, out: &mut Vec<String>) {
        if value.get("source").is_some() && value.get("value").is_some() && value.get("evidence").is_some() {
            return out.push(at.to_owned());
        }
        for (key, value) in value.as_object().into_iter().flatten().filter(|(key, _)| *key != "phones") {
            fields(value, &format!("{at}/{key}"), out);
        }
        for (nth, value) in value.as_array().into_iter().flatten().enumerate() {
            fields(value, &format!("{at}/{nth}"), out);
        }
    }
    let draft = Desk::new().read(&LINES);
    let mut there = Vec::new();
    fields(&serde_json::to_value(&draft).unwrap(), "", &mut there);
    there.retain(|pointer| !table::NOT_SHOWN.contains(&pointer.as_str()));
    let sections = sections(&draft);
    let mut known: Vec<String> = table::spots(&sections).into_iter().map(|spot| spot.pointer).collect();
    there.sort();
    known.sort();
    assert_eq!(known, there);
}

#[test]
fn a_choice_is_one_that_the_drafts_form_knows() {
    let desk = Desk::new();
    let machine = desk.read(&LINES);
    for entry in table::OF_CALL.iter().chain(&table::OF_ISSUE) {
        let values: Vec<Value> = match entry.kind {
            table::Kind::Choice(choices) => choices.iter().map(|one| json!(one)).collect(),
            table::Kind::Choices(choices) => vec![json!(choices)],
            _ => continue,
        };
        let issue = table::OF_ISSUE.iter().any(|other| std::ptr::eq(other, entry));
        let pointer = if issue { format!("/issues/0{}", entry.path) } else { entry.path.to_owned() };
        for value in values {
            let work = desk.edit(&Work::default(), &machine, &[(&pointer, value.clone())]);
            let shown = serde_json::to_value(desk.shown(&work, &machine)).unwrap();
            assert_eq!(shown.pointer(&format!("{pointer}/value")), Some(&value), "{pointer}");
        }
    }
}

#[test]
fn an_entered_value_keeps_its_words_and_offers_what_was_there_before() {
    let desk = Desk::new();
    let machine = desk.read(&LINES);
    let before = machine.issues[0].location.address_text.clone();
    let work = desk.edit(&Work::default(), &machine, &[("/issues/0/location/address_text", json!("44 Maple Street"))]);
    let address = desk.shown(&work, &machine).issues[0].location.address_text.clone();
    assert_eq!((address.value.as_deref(), address.confidence), (Some("44 Maple Street"), 1.0));
    assert_eq!((address.source, address.needs_review), (Source::Agent, false));
    assert_eq!(address.evidence, before.evidence);
    assert_eq!(Some(&address.alternatives[0].value), before.value.as_ref());
    // Back again: it is not its own alternative.
    let value = json!(before.value.clone().unwrap());
    let back = desk.edit(&work, &machine, &[("/issues/0/location/address_text", value)]);
    let address = desk.shown(&back, &machine).issues[0].location.address_text.clone();
    assert_eq!(address.value, before.value);
    assert!(address.alternatives.iter().all(|other| Some(&other.value) != before.value.as_ref()));
}

#[test]
fn what_is_entered_stays_over_whatever_the_machine_reads_later() {
    let desk = Desk::new();
    let machine = desk.read(&LINES[..1]);
    let edits = [("/caller/name", json!("Ann Leigh")), ("/caller/phones", json!("212-555-0199"))];
    let work = desk.edit(&Work::default(), &machine, &edits);
    let later = desk.shown(&work, &desk.read(&LINES));
    assert_eq!(later.caller.name.value.as_deref(), Some("Ann Leigh"));
    assert_eq!(later.caller.name.alternatives[0].value, "Ann Lee");
    assert_eq!(numbers(&later), ["2125550199", "2125550134"]);
    assert_eq!(later.caller.phones.iter().filter(|phone| phone.preferred).count(), 1);
    assert!(later.caller.phones[0].preferred, "the one that a person entered");
    let json = serde_json::to_string(&work).unwrap();
    assert_eq!(serde_json::from_str::<Work>(&json).unwrap(), work, "as it is stored");
}

#[test]
fn a_corrected_number_stands_in_the_place_of_the_one_that_was_read_for_good() {
    let desk = Desk::new();
    let machine = desk.read(&LINES);
    let work = desk.edit(&Work::default(), &machine, &[("/caller/phones/0", json!("(212) 555-0135"))]);
    let shown = desk.shown(&work, &machine);
    assert_eq!(numbers(&shown), ["2125550135"]);
    let phone = &shown.caller.phones[0];
    assert_eq!((phone.e164.as_deref(), phone.raw.as_str()), (Some("+12125550135"), "(212) 555-0135"));
    assert_eq!(phone.alternatives[0].value, "+12125550134");
    assert_eq!(phone.evidence, machine.caller.phones[0].evidence);
    // A second thought counts against the machine's number too.
    let again = desk.edit(&work, &machine, &[("/caller/phones/0", json!("2125550136"))]);
    let made = corrections(&machine, &desk.shown(&again, &machine), &again, "x");
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!((&made[0].old, &made[0].new), (&json!("2125550134"), &json!("2125550136")));
    assert_eq!((made[0].kind, made[0].pointer.as_str()), (CorrectionKind::Corrected, "/caller/phones/0"));
    assert!(made[0].evidence[0]["text"].is_string(), "{made:?}");
    // One that nobody said is removed.
    let none = desk.edit(&again, &machine, &[("/caller/phones/0", Value::Null), ("/caller/phones", Value::Null)]);
    let shown = desk.shown(&none, &machine);
    assert!(shown.caller.phones.is_empty());
    assert_eq!(state(&shown, &none, "/caller/phones"), Some(State::NotSaid));
    let kinds: Vec<_> = corrections(&machine, &shown, &none, "x").into_iter().map(|one| (one.kind, one.new)).collect();
    assert!(kinds.contains(&(CorrectionKind::NotSaid, Value::Null)), "{kinds:?}");
}

#[test]
fn a_wrong_value_is_refused_with_its_pointer_and_nothing_is_entered() {
    let desk = Desk::new();
    let machine = desk.read(&LINES);
    for (pointer, value, says) in [
        ("/issues/0/category", json!("cheese"), "code of a category"),
        ("/issues/0/urgency", json!("now"), "expected one of low"),
        ("/caller/name", json!("x".repeat(201)), "201 characters; at most 200"),
        ("/caller/name", json!("A\u{7}nn"), "control characters"),
        ("/caller/phones/0", json!("call me"), "3 to 15 digits"),
        ("/caller/phones/7", json!("2125550134"), "no such number"),
        ("/caller/phones", Value::Null, "there are numbers"),
        ("/issues/9/title", json!("x"), "no such field"),
        ("/issues/0", json!({}), "no such field"),
        ("/transcript/segments/0/text", json!("x"), "no such field"),
        ("/version", json!(7), "no such field"),
        ("", json!("x"), "no such field"),
    ] {
        let fine = ("/issues/0/respondent", json!("City Light Co."));
        let wrong = desk.try_edit(&Work::default(), &machine, &[fine, (pointer, value)]).unwrap_err();
        assert_eq!(wrong.len(), 1, "{pointer}");
        assert_eq!(wrong[0].pointer, pointer);
        assert!(wrong[0].detail.contains(says), "{pointer}: {}", wrong[0].detail);
    }
}

#[test]
fn only_what_a_ticket_cannot_do_without_is_missing_and_not_said_resolves_it() {
    let desk = Desk::new();
    let machine = desk.read(&["Hello, the street light is broken."]);
    let missing = |draft: &TicketDraft, work: &Work| -> Vec<String> {
        let all = states(draft, work).into_iter();
        all.filter(|field| field.state == State::Missing).map(|field| field.pointer).collect()
    };
    let empty = Work::default();
    let open = missing(&machine, &empty);
    assert_eq!(open, ["/issues/0/location/address_text", "/caller/name", "/caller/phones"]);
    assert!(to_do(&states(&machine, &empty), &BTreeMap::new()).len() >= 3);
    let edits = [
        ("/issues/0/location/address_text", Value::Null),
        ("/caller/name", Value::Null),
        ("/caller/phones", Value::Null),
    ];
    let work = desk.edit(&empty, &machine, &edits);
    let shown = desk.shown(&work, &machine);
    assert!(missing(&shown, &work).is_empty());
    assert_eq!(state(&shown, &work, "/caller/name"), Some(State::NotSaid));
    // Heard after all, in a later version: it stands beside what the person said, who may have heard wrong.
    let later = desk.shown(&work, &desk.read(&LINES));
    assert_eq!(later.caller.name.value, None);
    assert_eq!(later.caller.name.alternatives[0].value, "Ann Lee");
    let mut private = machine.clone();
    private.caller.anonymity.value = Some(Anonymity::Anonymous);
    assert!(!missing(&private, &empty).contains(&"/caller/name".to_owned()), "nobody is asked for a name they keep");
}

#[test]
fn a_doubtful_value_must_be_looked_at_and_another_value_again() {
    let desk = Desk::new();
    let mut machine = desk.read(&LINES);
    machine.caller.name.needs_review = true;
    let work = Work::default();
    let fields = states(&machine, &work);
    let name = fields.iter().find(|field| field.pointer == "/caller/name").unwrap();
    assert_eq!(name.state, State::Check);
    let seen = BTreeMap::from([(name.key.clone(), name.value.clone())]);
    let asks = |fields: &[FieldState], seen: &BTreeMap<String, String>| {
        to_do(fields, seen).iter().any(|wrong| wrong.pointer == "/caller/name")
    };
    assert!(asks(&fields, &BTreeMap::new()) && !asks(&fields, &seen));
    machine.caller.name.value = Some("Ann Lea".into());
    assert!(asks(&states(&machine, &work), &seen), "that value nobody has seen");
}

#[test]
fn codes_hours_and_units_follow_what_is_entered() {
    let units = "[local_codes]\n\"road.tree\" = \"T-7\"\n[[unit]]\nname = \"Parks\"\ncategories = [\"road.tree\"]\n";
    let own = crate::draft::OwnWords { units: Some(units.into()), taxonomy: None };
    let desk = Desk { drafter: Drafter::with(&own).unwrap(), hours: UrgencyHours::default() };
    let machine = desk.read(&LINES);
    let edits = [("/issues/0/category", json!("road.tree")), ("/issues/0/urgency", json!("urgent"))];
    let work = desk.edit(&Work::default(), &machine, &edits);
    let issue = desk.shown(&work, &machine).issues[0].clone();
    assert_eq!((issue.local_code.as_deref(), issue.handle_within_h), (Some("T-7"), Some(2)));
    assert_eq!(issue.routing_suggestion.value.unwrap().unit, "Parks");
    let work = desk.edit(&work, &machine, &[("/issues/0/routing_suggestion", json!("Roads"))]);
    let routing = desk.shown(&work, &machine).issues[0].routing_suggestion.clone();
    assert_eq!((routing.value.unwrap().unit.as_str(), routing.source), ("Roads", Source::Agent), "a person's stays");
    let due = DueMinutes::default();
    let outline = desk.drafter.outline(&desk.shown(&work, &machine), &work, 60_000, &due);
    assert_eq!((outline.category.as_deref(), outline.due_unix_ms), (Some("road.tree"), 60_000 + 10 * 60_000));
}

#[test]
fn corrections_say_who_put_what_in_the_place_of_what() {
    let desk = Desk::new();
    let machine = desk.read(&LINES);
    let edits = [
        ("/caller/name", json!("Ann Leigh")),
        ("/issues/0/respondent", json!("City Light Co.")),
        ("/issues/0/location/address_text", Value::Null),
        ("/caller/phones", json!("2125550199")),
        ("/issues/0/category", json!(machine.issues[0].category.value.clone().unwrap())),
    ];
    let work = desk.edit(&Work::default(), &machine, &edits);
    let shown = desk.shown(&work, &machine);
    let made = corrections(&machine, &shown, &work, "wang");
    let told: BTreeMap<&str, (CorrectionKind, &Value, &Value)> =
        made.iter().map(|one| (one.pointer.as_str(), (one.kind, &one.old, &one.new))).collect();
    let (null, category) = (Value::Null, machine.issues[0].category.value.clone());
    assert_eq!(told["/caller/name"], (CorrectionKind::Corrected, &json!("Ann Lee"), &json!("Ann Leigh")));
    assert_eq!(told["/issues/0/respondent"], (CorrectionKind::Entered, &null, &json!("City Light Co.")));
    assert_eq!(told["/issues/0/location/address_text"].0, CorrectionKind::NotSaid);
    assert_eq!(told["/caller/phones/0"], (CorrectionKind::Entered, &null, &json!("2125550199")));
    assert_eq!(told.len(), 4, "what a person confirms is no correction: {told:?}");
    assert!(made.iter().all(|one| one.by == "li" && one.category == category), "{made:?}");
    let verdict = Verdict {
        decision: Decision::Approve,
        by: "wang".into(),
        at_unix_ms: 0,
        reason: None,
        unit: None,
        into: None,
        merged: Vec::new(),
    };
    let draft = decided(shown.clone(), 1, &states(&shown, &work), &made, verdict);
    let review = draft.review.clone().unwrap();
    assert_eq!((draft.version, review.by.as_str(), review.at.as_str()), (2, "wang", "1970-01-01T00:00:00Z"));
    assert_eq!(review.not_said, ["/issues/0/location/address_text"]);
    assert_eq!(review.corrected, ["/issues/0/respondent", "/caller/name", "/caller/phones/0"]);
    let schema = jsonschema::validator_for(&crate::draft::json_schema()).unwrap();
    let json = serde_json::to_value(&draft).unwrap();
    assert!(schema.is_valid(&json), "{:?}", schema.iter_errors(&json).map(|e| e.to_string()).collect::<Vec<_>>());
    // What was decided is no correction of itself in a later round.
    assert!(corrections(&draft, &draft, &Work::default(), "x").is_empty());
}

#[test]
fn a_summary_that_only_repeats_the_description_is_not_asked_for_and_follows_what_a_person_makes_of_it() {
    let desk = Desk::new();
    let machine = desk.read(&LINES);
    assert_eq!(machine.summary.text.value, machine.issues[0].description.value);
    assert_eq!(state(&machine, &Work::default(), "/summary/text"), None);
    let work = desk.edit(&Work::default(), &machine, &[("/issues/0/description", json!("The lamp is out."))]);
    let shown = desk.shown(&work, &machine);
    assert_eq!(shown.summary.text.value.as_deref(), Some("The lamp is out."));
    let made = corrections(&machine, &shown, &work, "li");
    assert_eq!(made.iter().map(|one| one.field).collect::<Vec<_>>(), ["description"], "once");
    // One that a person wrote stands by itself.
    let work = desk.edit(&work, &machine, &[("/summary/text", json!("A lamp."))]);
    let work = desk.edit(&work, &machine, &[("/issues/0/description", json!("The lamp is dark."))]);
    let shown = desk.shown(&work, &machine);
    assert_eq!(shown.summary.text.value.as_deref(), Some("A lamp."));
    assert_eq!(state(&shown, &work, "/summary/text"), Some(State::Entered));
}
