//! Spoken telephone numbers: digit groups across pauses and commas, corrections, numbers read twice.
//!
//! Digits are collected into runs by [`super::scan`]; here a run, or a run and its correction, becomes a number.

use super::correct::{LONGEST, Plan, joined, readings, splice};
use super::owner::Owner;
use super::plan::{self, LOCAL, Reading};
use super::runs::{Cue, Digit, Link, Run, border, text};
use super::scan::runs;
use super::{Doc, Spans};
use crate::call::Language;
use crate::draft::schema::{
    Alternative, BelongsTo, Evidence, MAX_ALTERNATIVES, MAX_PHONES, Phone, PhoneOrigin, Source, worst_band,
};
use crate::draft::token::Token;

/// A number right behind a cue is worth a reviewer's look from this many digits on.
const SHORTEST_CUED: usize = 5;
/// One that nobody asked for by name, from this many.
const SHORTEST_ALONE: usize = 7;

/// A run of digits, read by the plans. Not all become numbers: what is too little may be the first half of one.
struct Candidate {
    digits: Vec<Digit>,
    reading: Reading,
    cue: Option<Cue>,
    alternate: bool,
    repeated: bool,
    differs: Option<String>,
    extension: Vec<Digit>,
    /// What a correction took away.
    was: Option<String>,
    /// It was said what is wrong in it, not yet what is right.
    doubted: bool,
    accepted: bool,
}

impl Candidate {
    fn owner(&self) -> Owner {
        match self.cue {
            Some(Cue::Phone(owner)) => owner,
            _ => Owner::Caller,
        }
    }

    fn is_full(&self) -> bool {
        matches!(self.reading, Reading::Full { .. })
    }
}

/// All numbers the caller spoke, the one to call back on marked `preferred`: the last whole one of the caller, else of
/// the family.
pub fn spoken(doc: &Doc<'_>, regions: &[String]) -> Vec<(Phone, Spans)> {
    let read = |digits: &str, language: Option<Language>, international: bool| {
        let language = if doc.cantonese { Some(Language::Yue) } else { language };
        plan::read(digits, regions, language, international)
    };
    let mut said: Vec<Candidate> = Vec::new();
    let whole = |digits: &str| matches!(read(digits, None, false), Reading::Full { .. });
    for run in runs(&doc.tokens, &whole) {
        let language = run.digits.first().and_then(|digit| doc.segments.get(digit.line)?.utterance.language);
        let plan = |digits: &str| read(digits, language, run.international);
        for run in sounded(run.clone(), &plan) {
            hear(run, &plan, &mut said);
        }
    }
    said.retain(|candidate| candidate.accepted);
    let skip = said.len().saturating_sub(MAX_PHONES / 2);
    let said = said.get(skip..).unwrap_or_default();
    let mut phones: Vec<(Phone, Spans)> = said.iter().map(|candidate| phone(doc, candidate)).collect();
    let rank = |candidate: &Candidate| match candidate.owner() {
        _ if candidate.digits.len() < *LOCAL.start() => 0,
        Owner::Other => 0,
        Owner::Family => 1,
        Owner::Caller if candidate.alternate => 2,
        Owner::Caller => 3,
    };
    let best = said.iter().map(rank).enumerate().max_by_key(|(at, rank)| (*rank, *at)).filter(|(_, rank)| *rank > 0);
    if let Some((phone, _)) = best.and_then(|(at, _)| phones.get_mut(at)) {
        phone.preferred = true;
    }
    phones
}

/// Words like "to" among the digits are digits if that makes a number, and else end one run and begin another.
fn sounded(run: Run, plan: Plan<'_>) -> Vec<Run> {
    if run.digits.iter().all(|digit| !digit.soft) || matches!(plan(&run.text()), Reading::Full { .. }) {
        return vec![run];
    }
    let hard: Vec<Digit> = run.digits.iter().take_while(|digit| !digit.soft).cloned().collect();
    if hard.len() < run.digits.len() && matches!(plan(&text(&hard)), Reading::Incomplete) {
        return vec![run];
    }
    let rest: Vec<Digit> = run.digits.iter().skip(hard.len() + 1).cloned().collect();
    let mut parts = vec![Run { digits: hard, ends: false, ..run.clone() }];
    if rest.len() > 1 {
        parts.push(Run { digits: rest, begins: false, link: Link::Apart, cue: None, near: false, alone: false, ..run });
    }
    parts
}

/// Judges one run against what was said before it.
fn hear(run: Run, plan: Plan<'_>, said: &mut Vec<Candidate>) {
    let cue = match run.cue {
        Some(Cue::NotPhone) => return,
        // "Area code two one two, five five five …": the area, and the rest in the same breath.
        Some(Cue::Area) if run.digits.len() >= *LOCAL.start() => Some(Cue::Phone(Owner::Caller)),
        cue => cue,
    };
    let run = Run { cue, ..run };
    if let Some(last) = said.last_mut()
        && amend(&run, plan, last)
    {
        return;
    }
    let trimmed = trim(&run, plan);
    for reread in readings(&trimmed, plan) {
        let number = text(&reread.digits);
        let known = said.iter_mut().rev().take(4).find(|known| known.accepted && known.digits.len() >= *LOCAL.start());
        if let Some(known) = known.filter(|known| number.len() >= 3 && text(&known.digits).ends_with(&number)) {
            // "… zero eight zero six, yes, zero eight zero six".
            known.repeated |= number.len() >= 4 && (run.cue.is_some() || run.alone || run.link == Link::Joined);
            continue;
        }
        let reading = plan(&number);
        let twice = reread.agrees || reread.differs.is_some();
        let accepted = accepts(&run, &reading, &number) || (twice && !matches!(reading, Reading::Incomplete));
        if accepted && run.link == Link::Corrects && said.last().is_some_and(|last| last.owner() == owner(&run)) {
            said.pop();
        }
        said.push(Candidate {
            digits: reread.digits,
            reading,
            cue: run.cue,
            alternate: run.alternate,
            repeated: reread.agrees,
            differs: reread.differs,
            extension: run.extension.clone(),
            was: None,
            doubted: false,
            accepted,
        });
    }
}

fn owner(run: &Run) -> Owner {
    match run.cue {
        Some(Cue::Phone(owner)) => owner,
        _ => Owner::Caller,
    }
}

/// Whether the run only changes the number before it: corrects it, completes it, or says what was wrong in it.
fn amend(run: &Run, plan: Plan<'_>, last: &mut Candidate) -> bool {
    let said = run.text();
    let reading = plan(&said);
    let replaced = match run.link {
        // "Not three four, four three", "four three, not three four".
        Link::Negates if last.was.as_ref().is_some_and(|was| was.ends_with(&said)) => return true,
        Link::Negates if text(&last.digits).ends_with(&said) => {
            last.doubted = true;
            return true;
        }
        link if matches!(link, Link::Corrects | Link::Negates) || (link == Link::Joined && last.doubted) => {
            let clear = run.digits.len() > 1 || run.ends;
            clear.then(|| splice(&last.digits, &run.digits, plan)).flatten()
        }
        Link::Restarts if !matches!(reading, Reading::Incomplete) => splice(&last.digits, &run.digits, plan),
        _ => completed(run, plan, &reading, last),
    };
    let Some(digits) = replaced else { return false };
    last.was = (run.link != Link::Joined).then(|| text(&last.digits));
    last.doubted = false;
    last.reading = plan(&text(&digits));
    last.digits = digits;
    last.cue = match last.cue.filter(|cue| *cue != Cue::Area).or(run.cue) {
        None | Some(Cue::Area) if last.cue.or(run.cue).is_some() => Some(Cue::Phone(Owner::Caller)),
        cue => cue,
    };
    (last.repeated, last.differs) = (false, None);
    last.extension.extend(run.extension.iter().cloned());
    last.accepted = last.accepted || accepts(&Run { cue: last.cue, ..run.clone() }, &last.reading, &text(&last.digits));
    true
}

/// Two halves of one number: the second right after the first, or the area's part before or after the local one.
fn completed(run: &Run, plan: Plan<'_>, reading: &Reading, last: &Candidate) -> Option<Vec<Digit>> {
    let whole = |digits: &[Digit]| matches!(plan(&text(digits)), Reading::Full { .. });
    // "… five five five, zero one, hang on, zero one seven one": the last group is begun again.
    if run.link == Link::Joined && !last.is_full() {
        let group = last.digits.last().map(|digit| digit.group);
        let from = last.digits.iter().rposition(|digit| Some(digit.group) != group).map_or(0, |at| at + 1);
        let (kept, begun) = last.digits.split_at(from);
        let digits = joined(kept, &run.digits);
        if run.text().starts_with(&text(begun)) && whole(&digits) {
            return Some(digits);
        }
    }
    if last.is_full() && last.cue != Some(Cue::Area) && run.cue != Some(Cue::Area) {
        return None;
    }
    if run.cue == Some(Cue::Area) {
        let digits = joined(&run.digits, &last.digits);
        return whole(&digits).then_some(digits);
    }
    // "Five five five, two one three four", but not "…, two one six Galloway Street".
    let clean = run.ends || last.digits.len() < *LOCAL.start() || run.digits.iter().all(|digit| digit.span.len() == 1);
    let follows = run.link == Link::Joined || matches!(run.cue, Some(Cue::Phone(_)));
    if (last.cue == Some(Cue::Area) && follows)
        || (clean && run.link == Link::Joined && !matches!(reading, Reading::Full { .. }))
    {
        let digits = joined(&last.digits, &run.digits);
        let local = matches!(last.reading, Reading::Incomplete) && !matches!(plan(&text(&digits)), Reading::Incomplete);
        return (local || whole(&digits)).then_some(digits);
    }
    None
}

/// A digit or two that belong to the word before or after: "张三一三八…", "…零九九龍塘".
fn trim(run: &Run, plan: Plan<'_>) -> Vec<Digit> {
    let whole = |digits: &[Digit]| matches!(plan(&text(digits)), Reading::Full { .. });
    let digits = &run.digits;
    if whole(digits) {
        return digits.clone();
    }
    for extra in 1..=2 {
        let ends = digits.len().saturating_sub(extra);
        let sides = [(!run.begins, extra..digits.len()), (!run.ends, 0..ends)];
        for (touches, range) in sides {
            let edge = if range.start > 0 { range.start } else { range.end };
            let rest = digits.get(range).unwrap_or_default();
            if touches && border(digits, edge) && rest.len() >= SHORTEST_ALONE && whole(rest) {
                return rest.to_vec();
            }
        }
    }
    digits.clone()
}

fn accepts(run: &Run, reading: &Reading, number: &str) -> bool {
    let (length, cued) = (number.len(), matches!(run.cue, Some(Cue::Phone(_))));
    if length > LONGEST || (!cued && plan::is_date(number)) {
        return false;
    }
    match reading {
        Reading::Full { .. } => cued || length >= 8,
        Reading::Local { .. } => cued || run.alone || length >= 10 || (length >= 8 && run.is_dictated()),
        // A whole number of a plan that the line does not know: "oh two oh seven, nine four six …".
        Reading::Incomplete if length >= 10 && number.starts_with('0') && run.is_dictated() => true,
        Reading::Incomplete => {
            let said_whole = (cued && run.near && length >= SHORTEST_CUED) || (run.alone && length >= SHORTEST_ALONE);
            said_whole && !plan::is_service(number)
        }
    }
}

fn phone(doc: &Doc<'_>, candidate: &Candidate) -> (Phone, Spans) {
    let number: String = text(&candidate.digits);
    let spans = spans(&doc.tokens, candidate.digits.iter().chain(&candidate.extension));
    let evidence: Vec<Evidence> = doc.evidence(&spans);
    let raw = evidence.iter().map(|e| e.text.as_str()).collect::<Vec<_>>().join(" ");
    let cued = candidate.cue.is_some();
    let (e164, mut alternatives, base, local) = match &candidate.reading {
        Reading::Full { e164 } => (Some(e164.clone()), Vec::new(), if cued { 0.95 } else { 0.8 }, false),
        Reading::Local { candidates } => (None, candidates.clone(), if cued { 0.7 } else { 0.5 }, true),
        Reading::Incomplete => (None, Vec::new(), 0.3, true),
    };
    alternatives.extend(candidate.differs.clone());
    let mut confidence = base * (0.5 + 0.5 * doc.confidence(&spans));
    if candidate.repeated {
        confidence += (1.0 - confidence) / 2.0;
    }
    let needs_review = local
        || !cued && !candidate.repeated
        || candidate.differs.is_some()
        || candidate.digits.iter().any(|digit| digit.soft)
        || confidence < 0.7
        || evidence.iter().any(Evidence::is_weak);
    let phone = Phone {
        number,
        e164,
        raw,
        origin: PhoneOrigin::Spoken,
        preferred: false,
        repeated: candidate.repeated,
        read_back_confirmed: false,
        belongs_to: match candidate.owner() {
            Owner::Caller => BelongsTo::Caller,
            Owner::Family => BelongsTo::Unknown,
            Owner::Other => BelongsTo::OtherParty,
        },
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

/// Neighbouring digits as one range a line; what was corrected away is left out.
fn spans<'d>(tokens: &[Token<'_>], digits: impl Iterator<Item = &'d Digit>) -> Spans {
    let mut out: Spans = Vec::new();
    let mut previous: Option<&Digit> = None;
    for digit in digits {
        let near = previous.is_some_and(|before| {
            before.line == digit.line
                && (before.piece == digit.piece
                    || (before.group <= digit.group && quiet_between(tokens, before.to, digit.span.start, digit.line)))
        });
        match out.last_mut() {
            Some((_, range)) if near => range.end = range.end.max(digit.span.end),
            _ => out.push((digit.line, digit.span.clone())),
        }
        previous = Some(digit);
    }
    out
}

/// Nothing but punctuation and hesitation from token `from` to scalar `until` of the line.
fn quiet_between(tokens: &[Token<'_>], from: usize, until: usize, line: usize) -> bool {
    let between = tokens.get(from..).unwrap_or_default().iter();
    between.take_while(|token| token.line == line && token.start < until).all(super::cues::separates)
        && tokens.get(from).is_none_or(|token| token.line != line || token.start <= until)
}
