//! Spoken telephone numbers: digit groups across pauses and commas, corrections, numbers read twice.
//!
//! Digits are collected into runs by [`super::runs`]; here a run, or a run and its correction, becomes a number.

use super::plan::{LOCAL, Reading, read};
use super::runs::{Cue, Piece, Run, runs};
use super::{Doc, Spans};
use crate::call::Language;
use crate::draft::schema::{
    Alternative, BelongsTo, Evidence, MAX_ALTERNATIVES, MAX_PHONES, Phone, PhoneOrigin, Source, worst_band,
};
use crate::draft::token::Token;

/// A number with a cue before it is worth a reviewer's look from this many digits on.
const SHORTEST_CUED: usize = 5;
/// Longest number of E.164.
const LONGEST: usize = 15;

struct Candidate {
    digits: String,
    reading: Reading,
    pieces: Vec<Piece>,
    cue: Option<Cue>,
    repeated: bool,
    disagrees: Option<String>,
}

/// All numbers the caller spoke, the one to call back on first marked `preferred` (the last complete one).
pub fn spoken(doc: &Doc<'_>, regions: &[String]) -> Vec<(Phone, Spans)> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut unfinished: Option<Run> = None;
    for run in runs(&doc.tokens) {
        if run.cue == Some(Cue::NotPhone) {
            unfinished = None;
            continue;
        }
        take(doc, regions, run, &mut found, &mut unfinished);
    }
    let skip = found.len().saturating_sub(MAX_PHONES / 2);
    let mut phones: Vec<(Phone, Spans)> = found.iter().skip(skip).map(|candidate| phone(doc, candidate)).collect();
    let complete = |phone: &Phone| phone.belongs_to == BelongsTo::Caller && phone.number.len() >= *LOCAL.start();
    let preferred = phones.iter().rposition(|(phone, _)| complete(phone));
    if let Some((phone, _)) = preferred.and_then(|at| phones.get_mut(at)) {
        phone.preferred = true;
    }
    phones
}

/// Judges one run against what was said before it.
fn take(doc: &Doc<'_>, regions: &[String], run: Run, found: &mut Vec<Candidate>, unfinished: &mut Option<Run>) {
    let line = run.pieces.first().map_or(0, |piece| doc.tokens[piece.from].line);
    let spoken = doc.segments.get(line).and_then(|segment| segment.utterance.language);
    let language = if doc.cantonese { Some(Language::Yue) } else { spoken };
    let plan = |digits: &str| read(digits, regions, language);
    let digits = run.digits();
    if run.corrects
        && let Some(candidate) = corrected(&run, found.last(), unfinished.as_ref(), &plan)
    {
        if unfinished.take().is_none() {
            found.pop();
        }
        found.push(candidate);
        return;
    }
    if let Some((half, disagrees)) = read_twice(&run, &plan) {
        let digits: String = half.iter().map(|piece| piece.digits.as_str()).collect();
        let reading = plan(&digits);
        let repeated = disagrees.is_none();
        found.push(Candidate { digits, reading, pieces: half, cue: run.cue, repeated, disagrees });
        return;
    }
    let reading = plan(&digits);
    if let Some(last) = found.last_mut().filter(|last| digits.len() >= 3 && last.digits.ends_with(&digits)) {
        // "… zero eight zero six, yes, zero eight zero six".
        last.repeated |= digits.len() >= 4;
        return;
    }
    let accepted = digits.len() <= LONGEST
        && match &reading {
            Reading::Full { .. } => run.cue.is_some() || digits.len() >= 8,
            Reading::Local { .. } => run.cue.is_some() || run.alone || digits.len() >= 10,
            Reading::Incomplete => run.cue.is_some() && digits.len() >= SHORTEST_CUED,
        };
    let complete = !matches!(reading, Reading::Incomplete);
    if accepted && complete {
        if run.corrects {
            found.pop();
        }
        *unfinished = None;
        found.push(Candidate { digits, reading, pieces: run.pieces, cue: run.cue, repeated: false, disagrees: None });
    } else if digits.len() >= 3 {
        if accepted {
            let pieces = run.pieces.clone();
            found.push(Candidate { digits, reading, pieces, cue: run.cue, repeated: false, disagrees: None });
        }
        *unfinished = (!accepted).then_some(run);
    }
}

/// A correction replaces the last group of what was said, or as many digits as it has.
fn corrected(
    run: &Run,
    last: Option<&Candidate>,
    unfinished: Option<&Run>,
    plan: &dyn Fn(&str) -> Reading,
) -> Option<Candidate> {
    let said = run.digits();
    if matches!(plan(&said), Reading::Full { .. }) {
        return None;
    }
    let before: &[Piece] = unfinished.map(|run| &run.pieces[..]).or(last.map(|c| &c.pieces[..]))?;
    let cue = run.cue.or(unfinished.and_then(|run| run.cue)).or(last.and_then(|c| c.cue));
    let total: usize = before.iter().map(|piece| piece.digits.len()).sum();
    let last_group = before.last()?.group;
    let group_start = before.iter().position(|piece| piece.group == last_group)?;
    let group_len: usize = before[group_start..].iter().map(|piece| piece.digits.len()).sum();
    let mut drops = vec![said.len()];
    if group_len != said.len() {
        drops.push(group_len);
    }
    let mut weak = None;
    for drop in drops.into_iter().filter(|&drop| drop <= total) {
        let Some(kept) = keep(before, total - drop) else { continue };
        let pieces: Vec<Piece> = kept.iter().chain(&run.pieces).cloned().collect();
        let digits: String = pieces.iter().map(|piece| piece.digits.as_str()).collect();
        let reading = plan(&digits);
        let full = matches!(reading, Reading::Full { .. });
        let usable = full || (matches!(reading, Reading::Local { .. }) && cue.is_some() && !kept.is_empty());
        let candidate = Candidate { digits, reading, pieces, cue, repeated: false, disagrees: None };
        if full {
            return Some(candidate);
        }
        if usable && weak.is_none() {
            weak = Some(candidate);
        }
    }
    weak
}

/// The first `digits` digits as whole pieces, if the border falls between two.
fn keep(pieces: &[Piece], digits: usize) -> Option<&[Piece]> {
    let mut sum = 0;
    for (at, piece) in pieces.iter().enumerate() {
        if sum == digits {
            return pieces.get(..at);
        }
        sum += piece.digits.len();
    }
    (sum == digits).then_some(pieces)
}

/// Twice the same number in one breath: the second reading counts, the first confirms or contradicts it.
fn read_twice(run: &Run, plan: &dyn Fn(&str) -> Reading) -> Option<(Vec<Piece>, Option<String>)> {
    let digits = run.digits();
    let half = digits.len() / 2;
    if !digits.len().is_multiple_of(2) || half < *LOCAL.start() || matches!(plan(&digits), Reading::Full { .. }) {
        return None;
    }
    let (first, second) = digits.split_at(half);
    let complete = |text: &str| matches!(plan(text), Reading::Full { .. } | Reading::Local { .. });
    if !complete(second) || (first != second && !complete(first)) {
        return None;
    }
    let kept = keep(&run.pieces, half)?.len();
    let pieces = run.pieces.get(kept..)?.to_vec();
    Some((pieces, (first != second).then(|| first.to_owned())))
}

fn phone(doc: &Doc<'_>, candidate: &Candidate) -> (Phone, Spans) {
    let spans = spans(&doc.tokens, &candidate.pieces);
    let evidence: Vec<Evidence> = doc.evidence(&spans);
    let raw = evidence.iter().map(|e| e.text.as_str()).collect::<Vec<_>>().join(" ");
    let cued = candidate.cue.is_some();
    let (e164, mut alternatives, base, local) = match &candidate.reading {
        Reading::Full { e164 } => (Some(e164.clone()), Vec::new(), if cued { 0.95 } else { 0.8 }, false),
        Reading::Local { candidates } => (None, candidates.clone(), if cued { 0.7 } else { 0.5 }, true),
        Reading::Incomplete => (None, Vec::new(), 0.3, true),
    };
    alternatives.extend(candidate.disagrees.clone());
    let mut confidence = base * (0.5 + 0.5 * doc.confidence(&spans));
    if candidate.repeated {
        confidence += (1.0 - confidence) / 2.0;
    }
    let belongs_to = if candidate.cue == Some(Cue::OtherParty) { BelongsTo::OtherParty } else { BelongsTo::Caller };
    let needs_review = local
        || !cued && !candidate.repeated
        || candidate.disagrees.is_some()
        || confidence < 0.7
        || evidence.iter().any(Evidence::is_weak);
    let phone = Phone {
        number: candidate.digits.clone(),
        e164,
        raw,
        origin: PhoneOrigin::Spoken,
        preferred: false,
        repeated: candidate.repeated,
        read_back_confirmed: false,
        belongs_to,
        confidence,
        source: Source::Rule,
        band: worst_band(&evidence),
        evidence,
        alternatives: alternatives
            .into_iter()
            .take(MAX_ALTERNATIVES)
            .map(|value| Alternative { value, confidence: confidence / 2.0 })
            .collect(),
        needs_review,
    };
    (phone, spans)
}

/// Neighbouring pieces as one range a line; what was corrected away is left out.
fn spans(tokens: &[Token<'_>], pieces: &[Piece]) -> Spans {
    let mut out: Spans = Vec::new();
    let mut previous: Option<usize> = None;
    for piece in pieces {
        let (Some(from), Some(to)) = (tokens.get(piece.from), tokens.get(piece.to.saturating_sub(1))) else { continue };
        let near = previous.is_some_and(|end| {
            tokens.get(end..piece.from).is_some_and(|between| between.iter().all(|token| super::runs::separates(token)))
        });
        match out.last_mut() {
            Some((line, range)) if *line == from.line && near => range.end = to.end,
            _ => out.push((from.line, from.start..to.end)),
        }
        previous = Some(piece.to);
    }
    out
}
