//! Numbers that were read back to the caller, and what the caller said to them.

use std::borrow::Cow;

use super::CallFacts;
use super::answer::{Reply, reply};
use super::evidence::Segment;
use super::extract::{Doc, Spans, phone};
use super::schema::{BelongsTo, MAX_EVIDENCE, Phone, PhoneOrigin, Source, worst_band};
use crate::call::{Answer, ReadBack, Speaker, Utterance};

/// An answer is looked for in this many utterances; later words are about something else.
const ANSWER_WITHIN: usize = 3;
const CONFIRMED: f32 = 0.98;
const DENIED: f32 = 0.3;

/// One number that was read back.
pub struct Judged {
    pub number: String,
    /// `None`: not answered, or not understood.
    pub answer: Option<Answer>,
    /// The words that answer.
    spans: Spans,
    /// Whole utterances that do nothing but answer.
    asides: Spans,
    /// Lines in which the answer was looked for.
    lines: std::ops::Range<usize>,
}

/// What the caller said to each, by word or key. `None`: nothing, or nothing that was understood.
pub fn answers(read_backs: &[ReadBack], utterances: &[Utterance]) -> Vec<Option<Answer>> {
    if read_backs.is_empty() {
        return Vec::new();
    }
    judge(&super::callers(super::segments(utterances)), read_backs).into_iter().map(|one| one.answer).collect()
}

/// The facts with the numbers that agents read to the caller, in the order of time. A number that only an agent says is
/// the caller's no more than one that the gateway says: it counts for what the caller said before and answers to it.
pub fn with_agents<'a>(facts: &'a CallFacts, utterances: &[Utterance]) -> Cow<'a, CallFacts> {
    let agents = utterances.iter().filter(|said| said.speaker == Speaker::Agent).filter_map(Segment::new);
    let numbers = |said: Segment<'_>| {
        let (at, said) = (said.utterance.span.start, [said]);
        let found = phone::spoken(&Doc::new(&said, false), &facts.regions);
        found.into_iter().map(move |(phone, _)| ReadBack { number: phone.number, at, key: None }).collect::<Vec<_>>()
    };
    let read: Vec<ReadBack> = agents.flat_map(numbers).collect();
    if read.is_empty() {
        return Cow::Borrowed(facts);
    }
    let mut facts = facts.clone();
    facts.read_backs.extend(read);
    facts.read_backs.sort_by_key(|one| one.at);
    Cow::Owned(facts)
}

/// In the order in which they were read.
pub fn judge(segments: &[Segment<'_>], read_backs: &[ReadBack]) -> Vec<Judged> {
    // Everything that was said before had been understood before it was read, so what ends later answers it.
    let line_after = |at| segments.partition_point(|segment| segment.utterance.span.end <= at);
    let ends = read_backs.iter().skip(1).map(|next| line_after(next.at)).chain([segments.len()]);
    read_backs
        .iter()
        .zip(ends)
        .map(|(read_back, end)| {
            let from = line_after(read_back.at);
            one(segments, read_back, from..end.min(from + ANSWER_WITHIN).max(from))
        })
        .collect()
}

fn one(segments: &[Segment<'_>], read_back: &ReadBack, lines: std::ops::Range<usize>) -> Judged {
    let segments = segments.get(lines.clone()).unwrap_or_default();
    let replies: Vec<Reply> = segments.iter().map(|segment| reply(&segment.folded, &read_back.number)).collect();
    let asides = lines.clone().zip(&replies).zip(segments).filter(|((_, reply), _)| reply.only);
    let asides = asides.map(|((line, _), segment)| (line, 0..segment.len())).collect();
    let said = lines.clone().zip(replies).find_map(|(line, reply)| Some((reply.answer?, (line, reply.range))));
    let (answer, spans) = match (read_back.key, said) {
        (Some(key), _) => (Some(key), Spans::new()),
        (None, Some((answer, span))) => (Some(answer), vec![span]),
        (None, None) => (None, Spans::new()),
    };
    Judged { number: read_back.number.clone(), answer, spans, asides, lines }
}

/// Utterances that say nothing but yes or no: they are no part of the matter.
pub fn asides(judged: &[Judged]) -> Spans {
    judged.iter().flat_map(|one| one.asides.clone()).collect()
}

/// Whether the line may be an answer: "that's the wrong number" is then said of what was read.
pub fn may_answer(judged: &[Judged], line: usize) -> bool {
    judged.iter().any(|one| one.lines.contains(&line))
}

/// Makes the numbers as sure as the caller made them.
pub fn settle(doc: &Doc<'_>, judged: &[Judged], phones: &mut [Phone]) {
    let spoken = |phone: &Phone, one: &Judged| phone.origin == PhoneOrigin::Spoken && phone.number == one.number;
    for phone in phones.iter_mut() {
        // A number that was read again counts as it was answered last.
        let last = judged.iter().rev().find(|one| one.answer.is_some() && spoken(phone, one));
        match last.and_then(|one| Some((one, one.answer?))) {
            Some((one, Answer::Yes)) => confirm(doc, one, phone),
            Some((_, Answer::No)) => {
                phone.confidence = phone.confidence.min(DENIED);
                phone.needs_review = true;
            }
            None => {}
        }
    }
    let denied = |phone: &Phone| judged.iter().any(|one| one.answer == Some(Answer::No) && spoken(phone, one));
    let preferred = phones.iter().position(|phone| phone.preferred && !phone.read_back_confirmed && denied(phone));
    // Better the number that signalling knows than one of which the caller said that it is wrong.
    let other = phones.iter().position(|phone| phone.belongs_to != BelongsTo::OtherParty && !denied(phone));
    if let (Some(preferred), Some(other)) = (preferred, other) {
        for (at, phone) in phones.iter_mut().enumerate() {
            phone.preferred = if at == preferred { false } else { phone.preferred || at == other };
        }
    }
}

fn confirm(doc: &Doc<'_>, judged: &Judged, phone: &mut Phone) {
    let room = MAX_EVIDENCE.saturating_sub(phone.evidence.len());
    phone.evidence.extend(doc.evidence(&judged.spans).into_iter().take(room));
    phone.band = worst_band(&phone.evidence);
    phone.read_back_confirmed = true;
    phone.source = Source::CallerConfirmed;
    phone.confidence = phone.confidence.max(CONFIRMED);
    phone.needs_review = phone.evidence.iter().any(|one| one.is_weak());
}
