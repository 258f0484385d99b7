use serde_json::json;

use super::tests::Desk;
use super::*;
use crate::draft::schema::{Issue, Risk, Urgency};

/// Two matters that the machine takes for two.
const TWO: [&str; 3] = [
    "The street light at 42 Maple Street is broken.",
    "And there is a second thing. I smell gas in the stairwell of my building.",
    "My name is Ann Lee.",
];
const ONE: [&str; 2] =
    ["The street light at 42 Maple Street is broken and a tree fell on the road.", "My name is Ann Lee."];

fn ids(draft: &TicketDraft) -> Vec<&str> {
    draft.issues.iter().map(|issue| issue.issue_id.as_str()).collect()
}

fn text(issue: &Issue) -> &str {
    issue.description.value.as_deref().unwrap_or_default()
}

fn split(issue: &str) -> Matters {
    Matters::Split { issue: issue.into() }
}

fn join(from: &str, into: &str) -> Matters {
    Matters::Join { from: from.into(), into: into.into() }
}

impl Desk {
    fn change(&self, work: &Work, machine: &TicketDraft, asked: &Matters) -> Result<Work, String> {
        self.drafter.matters(work, &self.shown(work, machine), asked, "li")
    }
}

#[test]
fn a_matter_that_was_split_off_keeps_its_words_and_place_and_lacks_only_its_category() {
    let desk = Desk::new();
    let machine = desk.read(&ONE);
    assert_eq!(ids(&machine), ["i1"], "one for the machine");
    let work = desk.change(&Work::default(), &machine, &split("i1")).unwrap();
    let shown = desk.shown(&work, &machine);
    assert_eq!(ids(&shown), ["i1", "a1"]);
    let [old, new] = shown.issues.as_slice() else { panic!("two") };
    assert_eq!(
        (text(new), &new.location, &new.description.evidence),
        (text(old), &old.location, &old.description.evidence)
    );
    assert_eq!(new.category.alternatives[0].value, machine.issues[0].category.value.clone().unwrap());
    let states = states(&shown, &work);
    let state = |pointer: &str| states.iter().find(|field| field.pointer == pointer).map(|field| field.state);
    assert_eq!(state("/issues/1/category"), Some(State::Missing));
    for description in ["/issues/0/description", "/issues/1/description"] {
        assert_eq!(state(description), Some(State::Check), "{description}: a person cuts it");
    }

    let edits =
        [("/issues/1/category", json!("road.tree")), ("/issues/1/description", json!("A tree fell on the road."))];
    let work = desk.edit(&work, &machine, &edits);
    // A later version of the machine finds something else, and nothing of the first.
    for later in [desk.read(&["My name is Ann Lee."]), desk.read(&TWO)] {
        let shown = desk.shown(&work, &later);
        let kept = shown.issues.iter().find(|issue| issue.issue_id == "a1").expect("it stays");
        assert_eq!((text(kept), kept.category.value.as_deref()), ("A tree fell on the road.", Some("road.tree")));
    }
    let shown = desk.shown(&work, &machine);
    let made = corrections(&machine, &shown, &work, "wang");
    let told: Vec<_> = made.iter().map(|one| (one.pointer.as_str(), &one.old, &one.new, one.by.as_str())).collect();
    assert!(told.contains(&("/issues", &json!(["i1"]), &json!(["i1", "a1"]), "li")), "{told:?}");
    assert!(told.contains(&("/issues/1/category", &Value::Null, &json!("road.tree"), "li")), "{told:?}");
}

#[test]
fn joined_matters_are_one_with_the_words_the_dangers_and_the_urgency_of_both_whatever_is_read_later() {
    let desk = Desk::new();
    let mut machine = desk.read(&TWO);
    assert_eq!(ids(&machine), ["i1", "i2"], "two for the machine");
    machine.issues[1].urgency.value = Some(Urgency::Emergency);
    machine.issues[1].safety_risks.value = Some(vec![Risk::Gas]);
    let (first, second) = (text(&machine.issues[0]).to_owned(), text(&machine.issues[1]).to_owned());
    // What was typed before is not lost by it.
    let work = desk.edit(&Work::default(), &machine, &[("/issues/1/respondent", json!("City Gas Co."))]);
    let work = desk.change(&work, &machine, &join("i2", "i1")).unwrap();
    let both = machine.issues.iter().map(|issue| issue.description.evidence.len()).sum::<usize>();
    for later in [machine.clone(), machine] {
        let shown = desk.shown(&work, &later);
        assert_eq!(ids(&shown), ["i1"]);
        let one = &shown.issues[0];
        assert_eq!((text(one), one.description.evidence.len()), (format!("{first}\n{second}").as_str(), both));
        assert_eq!(
            (one.urgency.value, one.safety_risks.value.clone()),
            (Some(Urgency::Emergency), Some(vec![Risk::Gas]))
        );
        assert_eq!(one.respondent.value.as_deref(), Some("City Gas Co."));
        assert!(
            one.category.alternatives.iter().any(|other| Some(&other.value) == later.issues[1].category.value.as_ref())
        );
        assert!(one.description.needs_review, "somebody reads it as one");
        let schema = jsonschema::validator_for(&crate::draft::json_schema()).unwrap();
        assert!(schema.is_valid(&serde_json::to_value(&shown).unwrap()));
    }
}

#[test]
fn what_cannot_be_split_or_joined_is_refused_with_what_to_do_and_changes_nothing() {
    let desk = Desk::new();
    let machine = desk.read(&TWO);
    for (asked, why) in [(split("i9"), "no matter"), (join("i1", "i1"), "itself"), (join("i1", "i7"), "no matter")] {
        let refused = desk.change(&Work::default(), &machine, &asked).unwrap_err();
        assert!(refused.contains(why), "{asked:?}: {refused}");
    }
    let mut work = Work::default();
    for _ in 0..6 {
        work = desk.change(&work, &machine, &split("i1")).unwrap();
    }
    assert_eq!(ids(&desk.shown(&work, &machine)).len(), 8);
    assert!(desk.change(&work, &machine, &split("a3")).unwrap_err().contains("at most 8"));
    let mut often = Work::default();
    for nth in 0..64 {
        let asked = if nth % 2 == 0 { split("i1") } else { join("a1", "i1") };
        often = desk.change(&often, &machine, &asked).unwrap();
    }
    assert!(desk.change(&often, &machine, &split("i1")).unwrap_err().contains("64 times"), "one draft keeps no more");
    // Split and joined again is what it was, but for the look that is asked for.
    let work = desk.change(&Work::default(), &machine, &split("i2")).unwrap();
    let work = desk.change(&work, &machine, &join("a1", "i2")).unwrap();
    let shown = desk.shown(&work, &machine);
    assert_eq!(ids(&shown), ["i1", "i2"]);
    assert_eq!(shown.issues[1].category.value, machine.issues[1].category.value);
    let evidence = |draft: &TicketDraft| draft.issues[1].description.evidence.clone();
    assert_eq!(
        (text(&shown.issues[1]), evidence(&shown)),
        (text(&machine.issues[1]), evidence(&machine)),
        "nothing twice"
    );
    assert!(corrections(&machine, &shown, &work, "li").is_empty(), "nothing became of it");
    let long = "x".repeat(crate::draft::schema::MAX_DESCRIPTION - 5);
    let edits = [("/issues/0/description", json!(long)), ("/issues/1/description", json!("too much"))];
    let work = desk.edit(&Work::default(), &machine, &edits);
    assert!(desk.change(&work, &machine, &join("i2", "i1")).unwrap_err().contains("shorten"));
}

#[test]
fn a_link_that_a_person_made_or_denied_stays_and_can_be_taken_back() {
    let desk = Desk::new();
    let mut machine = desk.read(&ONE);
    machine.related.push(Related {
        reference: "1234567890".into(),
        call_id: "known".into(),
        relation: Relation::NearDuplicate,
        score: 0.5,
        confirmed: None,
    });
    let mut work = Work::default();
    assert!(work.link("known", "1234567890", Some(false)) && work.link("other", "0987654321", Some(true)));
    let said = |work: &Work| -> Vec<(String, Relation, Option<bool>)> {
        let related = desk.shown(work, &machine).related;
        related.into_iter().map(|one| (one.call_id, one.relation, one.confirmed)).collect()
    };
    let wanted = [
        ("known".to_owned(), Relation::NearDuplicate, Some(false)),
        ("other".to_owned(), Relation::Linked, Some(true)),
    ];
    assert_eq!(said(&work), wanted);
    // As JSON, as it is kept.
    let mut work: Work = serde_json::from_str(&serde_json::to_string(&work).unwrap()).unwrap();
    assert_eq!(said(&work), wanted);
    let mut later = desk.read(&ONE);
    crate::draft::keep_edits(&desk.shown(&work, &machine), &mut later);
    assert_eq!(later.related.len(), 2, "also after the decision");
    assert!(work.link("known", "1234567890", None) && work.link("other", "0987654321", None));
    assert_eq!(said(&work), [("known".to_owned(), Relation::NearDuplicate, None)]);
    for nth in 0..64 {
        assert!(work.link(&format!("call {nth}"), "1234567890", Some(true)));
    }
    assert!(!work.link("one more", "1234567890", Some(true)), "bounded");
}
