//! Matters of a call that a person splits or joins. Kept as steps, which are taken again on whatever the machine read last.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Work;
use super::table::ISSUES;
use crate::draft::Drafter;
use crate::draft::edits::{offer, sections};
use crate::draft::schema::{Alternative, Field, Issue, MAX_ALTERNATIVES, MAX_DESCRIPTION, MAX_EVIDENCE, TicketDraft};

/// Matters of one call, at most.
const MOST: usize = 8;
/// Splits and joins that one draft keeps; all of them are taken again whenever it is read.
const MOST_STEPS: usize = 64;

/// What a person asks for. Matters are named by their `issue_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matters {
    Split { issue: String },
    Join { from: String, into: String },
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// With the new matter as it was cut off: it stays, though the machine may read its source otherwise later.
    Split {
        from: String,
        new: Box<Issue>,
    },
    Join {
        from: String,
        into: String,
    },
}

impl Drafter {
    /// `work` with one matter more or less, or why that cannot be.
    pub fn matters(&self, work: &Work, shown: &TicketDraft, asked: &Matters, by: &str) -> Result<Work, String> {
        let known = |id: &str| shown.issues.iter().find(|issue| issue.issue_id == id);
        let unknown =
            |id: &str| format!("the draft has no matter \"{id}\"; GET the review and take an issue_id of its draft");
        let step = match asked {
            Matters::Split { issue } => {
                let source = known(issue).ok_or_else(|| unknown(issue))?;
                if shown.issues.len() >= MOST {
                    return Err(format!("a draft has at most {MOST} matters; join two first"));
                }
                Step::Split { from: issue.clone(), new: Box::new(cut_off(source, free_id(shown))) }
            }
            Matters::Join { from, into } => {
                let (first, second) =
                    (known(into).ok_or_else(|| unknown(into))?, known(from).ok_or_else(|| unknown(from))?);
                if from == into {
                    return Err("a matter cannot be joined with itself".to_owned());
                }
                if joined(first.description.value.as_deref(), second.description.value.as_deref()).chars().count()
                    > MAX_DESCRIPTION
                {
                    return Err(format!(
                        "together their descriptions have more than {MAX_DESCRIPTION} characters; shorten one first"
                    ));
                }
                Step::Join { from: from.clone(), into: into.clone() }
            }
        };
        if work.steps.len() >= MOST_STEPS {
            return Err(format!("its matters were split and joined {MOST_STEPS} times; correct their fields instead"));
        }
        let mut next = work.clone();
        let mut issues = shown.issues.clone();
        take(&step, &mut issues);
        next.sections = sections(&TicketDraft { issues, ..shown.clone() });
        next.steps.push(step);
        next.by.insert(ISSUES.to_owned(), by.to_owned());
        Ok(next)
    }
}

/// Takes the steps again. One whose matters the machine does not find any more changes nothing, but what was cut off stays.
pub(super) fn take_again(steps: &[Step], issues: &mut Vec<Issue>) {
    steps.iter().for_each(|step| take(step, issues));
}

fn take(step: &Step, issues: &mut Vec<Issue>) {
    match step {
        Step::Split { from, new } => {
            if let Some(source) = issues.iter_mut().find(|issue| issue.issue_id == *from) {
                source.description.needs_review = true;
            }
            if issues.iter().all(|issue| issue.issue_id != new.issue_id) {
                issues.push((**new).clone());
            }
        }
        Step::Join { from, into } => {
            let place = |id: &str| issues.iter().position(|issue| issue.issue_id == id);
            let (Some(second), Some(_)) = (place(from), place(into)) else { return };
            let second = issues.remove(second);
            if let Some(first) = issues.iter_mut().find(|issue| issue.issue_id == *into) {
                join(first, second);
            }
        }
    }
}

/// No id of the machine, whose later versions may know more matters.
fn free_id(shown: &TicketDraft) -> String {
    let taken = |id: &str| shown.issues.iter().any(|issue| issue.issue_id == id);
    (1..=MOST).map(|nth| format!("a{nth}")).find(|id| !taken(id)).unwrap_or_else(|| format!("a{}", MOST + 1))
}

/// The same words and place under a category that a person has yet to name. Both descriptions are in doubt: somebody
/// must say which sentences belong where.
fn cut_off(source: &Issue, issue_id: String) -> Issue {
    let mut category = Field::unknown();
    let read = source.category.value.clone();
    category.alternatives.extend(read.map(|value| Alternative { value, confidence: source.category.confidence }));
    category.alternatives.extend(source.category.alternatives.iter().cloned());
    category.alternatives.truncate(MAX_ALTERNATIVES);
    let mut description = source.description.clone();
    description.needs_review = true;
    Issue {
        issue_id,
        category,
        description,
        local_code: None,
        title: Field::unknown(),
        routing_suggestion: Field::unknown(),
        ..source.clone()
    }
}

/// `first` with what `second` says besides.
fn join(first: &mut Issue, second: Issue) {
    if first.category.value.is_none() {
        first.local_code.clone_from(&second.local_code);
    }
    if first.occurred_at.text.value.is_none() {
        first.occurred_at = second.occurred_at.clone();
    }
    if first.urgency.value < second.urgency.value {
        (first.urgency, first.handle_within_h) = (second.urgency.clone(), second.handle_within_h);
    }
    let risks = union(&first.safety_risks, &second.safety_risks);
    let text = joined(first.description.value.as_deref(), second.description.value.as_deref());
    let mut description = union_of_evidence(&first.description, &second.description);
    description.value = (!text.is_empty()).then(|| text.chars().take(MAX_DESCRIPTION).collect());
    description.needs_review = true;
    fill(first, &second);
    (first.safety_risks, first.description) = (risks, description);
}

/// What one says already is not said twice: what was split off by mistake is joined again.
fn joined(first: Option<&str>, second: Option<&str>) -> String {
    match (first.unwrap_or_default(), second.unwrap_or_default()) {
        (first, second) if first.contains(second) => first.to_owned(),
        (first, second) if second.contains(first) => second.to_owned(),
        (first, second) => format!("{first}\n{second}"),
    }
}

/// A danger that was named stays.
fn union<T: Clone + PartialEq>(first: &Field<Vec<T>>, second: &Field<Vec<T>>) -> Field<Vec<T>> {
    let mut both = union_of_evidence(first, second);
    let mut all = first.value.clone().unwrap_or_default();
    for one in second.value.iter().flatten() {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
    both.value = (first.value.is_some() || second.value.is_some()).then_some(all);
    both
}

/// As `first`, or as `second` where a person entered only that; with the evidence of both.
fn union_of_evidence<T: Clone>(first: &Field<T>, second: &Field<T>) -> Field<T> {
    use crate::draft::schema::Source::Agent;
    let lead = if first.value.is_none() || (second.source == Agent && first.source != Agent) { second } else { first };
    let mut both = lead.clone();
    let more = second.evidence.iter().filter(|one| !first.evidence.contains(one));
    both.evidence = first.evidence.iter().chain(more).cloned().collect();
    both.evidence.truncate(MAX_EVIDENCE);
    both.needs_review = first.needs_review || second.needs_review;
    both.band = first.band.max(second.band);
    both
}

/// What one lacks it takes of the other; where both know something, the other's is offered.
fn fill(first: &mut Issue, second: &Issue) {
    let (Ok(mut one), Ok(other)) = (serde_json::to_value(&*first), serde_json::to_value(second)) else { return };
    for entry in &super::table::OF_ISSUE {
        let (Some(field), Some(read)) = (one.pointer_mut(entry.path), other.pointer(entry.path)) else { continue };
        match field["value"] {
            Value::Null if field["source"] != "agent" => *field = read.clone(),
            _ => offer(field, read),
        }
    }
    if let Ok(filled) = serde_json::from_value(one) {
        *first = filled;
    }
}
