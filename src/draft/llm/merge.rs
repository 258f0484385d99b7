//! The rules' draft with what the model heard. What the rules found stays: agreement makes it surer, disagreement is an
//! alternative for a person. What they left unknown the model may fill. An emergency it may raise and never clear.

use super::EXTRACTOR;
use super::answer::{Answer, Quoted};
use super::cite::{Cited, Heard, Reader, letters};
use super::ground::Ground;
use super::merge_issue;
use super::question::Question;
use crate::draft::evidence::Segment;
use crate::draft::schema::{
    Alternative, EmergencySection, Evidence, Field, MAX_ALTERNATIVES, MAX_PHONES, MAX_SUMMARY, MAX_TITLE, Phone,
    PhoneOrigin, Source, TicketDraft, Urgency, worst_band,
};
use crate::draft::{CallFacts, Drafter};

/// The draft of these segments and the answer to the question about them, in one draft.
pub fn merge(
    drafter: &Drafter,
    facts: &CallFacts,
    segments: &[Segment<'_>],
    question: &Question,
    answer: &Answer,
    mut draft: TicketDraft,
) -> TicketDraft {
    let mut reader = Reader::new(drafter, facts, segments, question);
    let ground = Ground::new(drafter, facts, segments, &draft);
    let caller = &mut draft.caller;
    let name = reader.hear(&answer.caller_name).keep_if(|name, cited| cited.holds(name));
    weigh(&mut caller.name, name, |a, b| letters(a) == letters(b));
    weigh(&mut caller.anonymity, reader.hear(&answer.anonymity), PartialEq::eq);
    weigh(&mut caller.follow_up_consent, reader.hear(&answer.follow_up_consent), PartialEq::eq);
    weigh(&mut draft.language.needs_interpreter, reader.hear(&answer.needs_interpreter), PartialEq::eq);
    phone(&mut reader, &mut draft, &answer.spoken_phone);
    reference(&mut reader, &mut draft, &answer.case_reference);
    let known = draft.issues.len();
    merge_issue::all(&mut reader, &ground, &mut draft.issues, &answer.issues);
    let added = draft.issues.len() > known;
    emergency(&mut draft, reader.hear(&answer.emergency));
    // One title names one matter.
    if !added {
        text(&mut draft.summary.title, answer.title.as_deref(), MAX_TITLE, &ground);
        if let [only] = draft.issues.as_mut_slice() {
            text(&mut only.title, answer.title.as_deref(), MAX_TITLE, &ground);
        }
    }
    text(&mut draft.summary.text, answer.summary.as_deref(), MAX_SUMMARY, &ground);
    draft
}

/// The rules' field and what the model heard about it.
pub fn weigh<T>(field: &mut Field<T>, heard: Heard<T>, same: impl Fn(&T, &T) -> bool) {
    match (heard, &field.value) {
        (Heard::Nothing, _) | (Heard::Unproved, Some(_)) => {}
        // There may be something; nobody can show where.
        (Heard::Unproved, None) => field.needs_review = true,
        (Heard::Said(value, cited), None) => *field = cited.says(value),
        (Heard::Said(value, cited), Some(known)) if same(known, &value) => agree(field, &cited),
        (Heard::Said(value, cited), Some(_)) => disagree(field, value, cited.confidence(), same),
    }
}

/// Two readers, one result. A doubt of the rules stays.
fn agree<T>(field: &mut Field<T>, cited: &Cited) {
    field.confidence += (1.0 - field.confidence) * cited.confidence() / 2.0;
}

pub fn disagree<T>(field: &mut Field<T>, value: T, confidence: f32, same: impl Fn(&T, &T) -> bool) {
    field.needs_review = true;
    match field.alternatives.iter_mut().find(|other| same(&other.value, &value)) {
        Some(other) => other.confidence = other.confidence.max(confidence),
        None => {
            field.alternatives.truncate(MAX_ALTERNATIVES - 1);
            field.alternatives.push(Alternative { value, confidence });
        }
    }
}

/// A number in words that the rules read as none, read by the rules' own grammar. The digits of the answer are not looked
/// at.
fn phone(reader: &mut Reader<'_>, draft: &mut TicketDraft, quoted: &Quoted<String>) {
    let Heard::Said(_, cited) = reader.hear(quoted) else { return };
    let decided = draft.caller.phones.iter().flat_map(|phone| &phone.evidence);
    if decided.chain(&draft.quoted_reference.evidence).any(|known| overlap(known, &cited.evidence)) {
        return;
    }
    let spoken = reader.reread(&cited).into_iter().flat_map(|reading| reading.caller.phones);
    for phone in spoken.filter(|phone| phone.origin == PhoneOrigin::Spoken) {
        let known = |other: &Phone| other.number == phone.number || (phone.e164.is_some() && other.e164 == phone.e164);
        if draft.caller.phones.len() >= MAX_PHONES || draft.caller.phones.iter().any(known) {
            continue;
        }
        let preferred = phone.preferred && !draft.caller.phones.iter().any(|other| other.preferred);
        let evidence = reader.moved(&cited, &phone.evidence);
        draft.caller.phones.push(Phone {
            preferred,
            confidence: phone.confidence.min(cited.confidence()),
            source: Source::Llm,
            needs_review: true,
            band: worst_band(&evidence),
            evidence,
            ..phone
        });
    }
}

fn overlap(a: &Evidence, b: &Evidence) -> bool {
    a.segment_id == b.segment_id && a.char_start < b.char_end && b.char_start < a.char_end
}

/// As with telephone numbers: the model says where, the rules say what.
fn reference(reader: &mut Reader<'_>, draft: &mut TicketDraft, quoted: &Quoted<String>) {
    if draft.quoted_reference.value.is_some() {
        return;
    }
    if let Heard::Said(_, cited) = reader.hear(quoted)
        && let Some(reading) = reader.reread(&cited)
    {
        draft.quoted_reference = reader.adopted(&cited, reading.quoted_reference);
    }
}

/// What to do with the call and how soon is left as it was: the flag is for a person, who decides both.
fn emergency(draft: &mut TicketDraft, heard: Heard<bool>) {
    let EmergencySection { flag, raised_at_ms, .. } = &mut draft.emergency;
    let Heard::Said(true, cited) = heard else { return };
    if flag.value == Some(true) {
        return agree(flag, &cited);
    }
    *raised_at_ms = Some(cited.evidence.audio_end_ms);
    *flag = cited.says(true);
    for issue in &mut draft.issues {
        if issue.urgency.value != Some(Urgency::Emergency) {
            disagree(&mut issue.urgency, Urgency::Emergency, cited.confidence(), PartialEq::eq);
        }
    }
}

/// A text of the model's own, where all it names was said. Its evidence is that of the rules' text.
pub fn text(field: &mut Field<String>, written: Option<&str>, most: usize, ground: &Ground<'_>) {
    let Some(written) = written.map(str::trim).filter(|text| ground.carries(text, most)) else { return };
    if field.evidence.is_empty() || field.value.as_deref() == Some(written) {
        return;
    }
    let rules = field.value.take();
    let evidence = std::mem::take(&mut field.evidence);
    let confidence = field.confidence.min(0.6);
    *field = Field::found(written.to_owned(), confidence, Source::Llm, evidence, EXTRACTOR).review_if(true);
    field.alternatives = rules.map(|value| Alternative { value, confidence }).into_iter().collect();
}
