//! The matters of a call, the rules' and the model's.

use super::MAX_ISSUES;
use super::answer::IssueAnswer;
use super::cite::{Cited, Heard, Reader};
use super::ground::Ground;
use super::merge::{disagree, weigh};
use crate::draft::schema::{Field, Issue, Location, OccurredAt, Urgency};
use crate::draft::taxonomy::UNCLEAR;
use crate::draft::text::cut;

/// Scalars of a respondent, a district: a name, no story.
const MAX_NAME: usize = 80;
/// Scalars of what the caller asks for.
const MAX_OUTCOME: usize = 300;

/// Matters of one category are the same; the rest go together in their order. What is left of the model's is a matter of
/// its own, for a person to look at.
pub fn all(reader: &mut Reader<'_>, ground: &Ground<'_>, issues: &mut Vec<Issue>, answers: &[IssueAnswer]) {
    let mut free: Vec<usize> = (0..issues.len()).collect();
    let mut open = Vec::new();
    for answer in answers {
        let code = answer.category.value.as_deref();
        let same = free.iter().position(|&at| code.is_some() && issues[at].category.value.as_deref() == code);
        match same.map(|at| free.remove(at)) {
            Some(at) => known(reader, &mut issues[at], answer),
            None => open.push(answer),
        }
    }
    let mut free = free.into_iter();
    for answer in open {
        match free.next() {
            Some(at) => known(reader, &mut issues[at], answer),
            None if issues.len() < MAX_ISSUES => issues.extend(another(reader, ground, issues, answer)),
            None => {}
        }
    }
}

fn known(reader: &mut Reader<'_>, issue: &mut Issue, answer: &IssueAnswer) {
    category(reader, issue, answer);
    details(reader, issue, answer);
}

fn details(reader: &mut Reader<'_>, issue: &mut Issue, answer: &IssueAnswer) {
    weigh(&mut issue.request_type, reader.hear(&answer.request_type), PartialEq::eq);
    // Its rule has a value for every matter: a model's is another opinion.
    weigh(&mut issue.urgency, reader.hear(&answer.urgency), PartialEq::eq);
    place(reader, issue, answer);
    if issue.occurred_at.text.value.is_none() {
        issue.occurred_at = when(reader, answer);
    }
    let respondent = reader.hear(&answer.respondent).keep_if(|name, cited| names(name, cited));
    weigh(&mut issue.respondent, respondent, |a, b| a.contains(b.as_str()) || b.contains(a.as_str()));
    if issue.desired_outcome.value.is_none() {
        match reader.hear(&answer.desired_outcome) {
            Heard::Said(_, cited) => issue.desired_outcome = cited.says(cut(&cited.text, MAX_OUTCOME)),
            Heard::Unproved => issue.desired_outcome.needs_review = true,
            Heard::Nothing => {}
        }
    }
}

fn category(reader: &mut Reader<'_>, issue: &mut Issue, answer: &IssueAnswer) {
    let drafter = reader.drafter;
    let heard = reader.hear(&answer.category).keep_if(|code, _| code != UNCLEAR && drafter.knows_category(code));
    match heard {
        // That nothing fitted is no finding of the rules.
        Heard::Said(code, cited) if issue.category.value.as_deref() == Some(UNCLEAR) => {
            issue.category = cited.says(code);
        }
        heard => weigh(&mut issue.category, heard, PartialEq::eq),
    }
}

/// A name stands in the words, and is no number.
fn names(name: &str, cited: &Cited) -> bool {
    name.chars().count() <= MAX_NAME && cited.holds(name)
}

/// The rules' place, or theirs of the words that the model points at; never parts of two places.
fn place(reader: &mut Reader<'_>, issue: &mut Issue, answer: &IssueAnswer) {
    let location = &mut issue.location;
    if let Heard::Said(_, cited) = reader.hear(&answer.address)
        && let Some(read) = reader.reread(&cited).and_then(|reading| reading.issues.into_iter().next())
    {
        let found = adopted(reader, &cited, read.location);
        match (found.address_text.value.clone(), &location.address_text.value) {
            (None, _) => {}
            (Some(_), None) => *location = found,
            (Some(same), Some(known)) if same.contains(known.as_str()) || known.contains(&same) => {}
            (Some(other), Some(_)) => disagree(&mut location.address_text, other, cited.confidence(), PartialEq::eq),
        }
    }
    let district = reader
        .hear(&answer.district)
        .keep_if(|name, cited| names(name, cited) && !name.contains(|c: char| c.is_numeric()));
    match (district, &location.district.value) {
        (Heard::Said(name, cited), None) => location.district = cited.says(name),
        (heard, _) => weigh(&mut location.district, heard, |a, b| a.contains(b.as_str()) || b.contains(a.as_str())),
    }
}

fn adopted(reader: &Reader<'_>, cited: &Cited, read: Location) -> Location {
    let adopt = |field: Field<String>| reader.adopted(cited, field);
    Location {
        address_text: adopt(read.address_text),
        district: adopt(read.district),
        street: adopt(read.street),
        community: adopt(read.community),
        building: adopt(read.building),
        unit: adopt(read.unit),
        intersection: adopt(read.intersection),
        asset_ref: adopt(read.asset_ref),
    }
}

/// The rules' reading of the words that the model points at; else the words themselves, and no date.
fn when(reader: &mut Reader<'_>, answer: &IssueAnswer) -> OccurredAt {
    let Heard::Said(_, cited) = reader.hear(&answer.occurred_at) else { return OccurredAt::default() };
    let read = reader.reread(&cited).and_then(|reading| reading.issues.into_iter().next());
    match read.map(|issue| issue.occurred_at).filter(|read| read.text.value.is_some()) {
        Some(read) => OccurredAt { text: reader.adopted(&cited, read.text), ..read },
        None => OccurredAt { text: cited.says(cut(&cited.text, MAX_NAME)), ..OccurredAt::default() },
    }
}

/// A matter that the rules did not see: it needs a category that words speak for.
fn another(reader: &mut Reader<'_>, ground: &Ground<'_>, issues: &[Issue], answer: &IssueAnswer) -> Option<Issue> {
    let drafter = reader.drafter;
    let heard = reader.hear(&answer.category).keep_if(|code, _| code != UNCLEAR && drafter.knows_category(code));
    let Heard::Said(code, cited) = heard else { return None };
    let row = drafter.taxonomy.get(&code)?;
    let mut issue = Issue {
        issue_id: format!("i{}", issues.len() + 1),
        category: cited.says(code.clone()),
        title: cited.says(ground.category_name(&row.name).to_owned()),
        description: cited.says(cited.text.clone()),
        urgency: cited.says(row.urgency.min(Urgency::Urgent)),
        ..Issue::default()
    };
    details(reader, &mut issue, answer);
    Some(issue)
}
