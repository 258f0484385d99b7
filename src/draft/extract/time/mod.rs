//! When it happened: the caller's words, and the time they mean counted back from the call's start on the line's clock.

mod moment;
mod words;

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::Captures;

use self::moment::{Moment, ago, resolve};
use self::words::{HABIT, JUST, MOMENT, NOW, SPAN};
use super::rule::{Rule, Said};
use super::{Doc, Spans};
use crate::draft::CallFacts;
use crate::draft::schema::Precision;

/// Times are RFC 3339 with the line's offset from UTC.
pub struct Occurred {
    pub text: Said<String>,
    pub start: Option<String>,
    pub end: Option<String>,
    pub precision: Option<Precision>,
    pub ongoing: Option<bool>,
}

struct Candidate {
    line: usize,
    range: Range<usize>,
    score: f32,
    start: Option<Moment>,
    end: Option<DateTime>,
    ongoing: Option<bool>,
}

/// Before a time: it began then.
static SINCE: Rule = Rule::new(
    r"(?:\b(?:since|from|ever since|starting|started|began|starting from)(?: about| around| the)? ?|(?:从|由|自从?|打)(?:大概|大约|差不多)?)$",
);
/// Before a time: it is to come, comes again, or belongs to a story of the call itself.
static NOT_THEN: Rule = Rule::new(
    r"(?:\b(?:next|by|every|each|until|till|before|call me|back|rang|phoned|called(?: you)?|spoke)(?: on| the| back)? ?|(?:明年|后年|下个?|每个?|逢|下下个?|到咗?))$",
);
/// After a time: it was the beginning.
static BEGAN: Rule = Rule::new(
    r"^(?:[^,.。]{0,4}?)(?:开始|起|以来|到而家|到现在|至今|到今天|到依家|一直)|^ ?(?:onwards?|and it's still|until now|up to now|to now)\b",
);
/// After a time: it comes again.
static AGAIN: Rule = Rule::new(r"^(?:都|也|亦)(?:照|会|系|是|有|这样|要)|^s\b");
/// After what would be a day of the month.
static NOT_A_DAY: Rule =
    Rule::new(r"^ ?(?:floor|time|avenue|street|door|flat|building|house|line|bus|train|one|place|row)\b");
/// Between two times of one span.
static TO: Rule = Rule::new(r"^(?:[^,.。]{0,3}?开始)?(?:[到至同和、]|,? ?(?:to|till|until|through|-|and) (?:the )?)$");
static UP_TO_NOW: Rule =
    Rule::new(r"^[^,.。?!]{0,8}?(?:到|至)(?:现在|而家|今天|依家|今|宜家)|^ ?(?:to|till|until) (?:now|today)\b");
static STILL: Rule =
    Rule::new(r"\bstill\b|\bever since\b|仲(?:系|未|冇|有|喺|打)|还(?:在|没|不)|一直|到而家|至今|都未");

/// "Still" is looked for this many scalars around a time.
const SENTENCE: usize = 60;

/// `taken`: words that say something else (when to call back).
pub fn find(doc: &Doc<'_>, facts: &CallFacts, taken: &Spans) -> Option<Occurred> {
    let zone = TimeZone::get(&facts.time_zone).unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(facts.started_unix_ms).ok()?.to_zoned(zone.clone()).datetime();
    let mut all: Vec<Candidate> = Vec::new();
    for line in 0..doc.segments.len() {
        let habits: Vec<Range<usize>> = HABIT.find_in(doc, line).map(|(range, _)| range).collect();
        let once = |one: &Candidate| {
            let begun = habits.partition_point(|habit| habit.start < one.range.end);
            begun.checked_sub(1).and_then(|last| habits.get(last)).is_none_or(|habit| habit.end <= one.range.start)
        };
        all.extend(moments(doc, line, now).into_iter().filter(once));
        all.extend(spans(doc, line, now));
        for (rule, score, ongoing) in [(&HABIT, 0.65, Some(true)), (&NOW, 0.4, Some(true)), (&JUST, 0.4, None)] {
            let ranges = rule.find_in(doc, line).map(|(range, _)| range);
            all.extend(ranges.map(|range| Candidate { line, range, score, start: None, end: None, ongoing }));
        }
    }
    let free = |one: &Candidate| {
        !taken
            .iter()
            .any(|(line, range)| *line == one.line && range.start < one.range.end && one.range.start < range.end)
    };
    let best = all.into_iter().filter(free).reduce(|best, one| if one.score > best.score { one } else { best })?;
    let stamp = |at: DateTime| {
        let zoned = at.to_zoned(zone.clone()).ok()?;
        Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    };
    Some(Occurred {
        start: best.start.and_then(|start| stamp(start.from)),
        end: best.end.and_then(stamp),
        precision: best.start.map(|start| start.precision),
        ongoing: best.ongoing,
        text: Said {
            value: doc.quoted(best.line, best.range.clone()),
            spans: vec![(best.line, best.range)],
            score: best.score,
        },
    })
}

/// Days, dates and hours; two that are joined are one span.
fn moments(doc: &Doc<'_>, line: usize, now: DateTime) -> Vec<Candidate> {
    let found: Vec<(Range<usize>, Option<Moment>)> =
        MOMENT.find_in(doc, line).map(|(range, captures)| (range, moment(doc, &captures, now))).collect();
    let mut out: Vec<Candidate> = Vec::new();
    let mut joined = false;
    for (at, (range, start)) in found.iter().enumerate() {
        if std::mem::take(&mut joined) || NOT_THEN.is_in(doc.before(line, range, 12)) {
            continue;
        }
        let after = doc.after(line, range, 14);
        let Some(start) = start.as_ref().filter(|_| !NOT_A_DAY.is_in(after)) else { continue };
        let next = found.get(at + 1).filter(|(next, _)| TO.is_in(doc.plain_text(line, range.end..next.start)));
        joined = next.is_some();
        let end = next.and_then(|(_, end)| *end).filter(|end| end.to > start.from);
        let since =
            SINCE.captures(doc.before(line, range, 12)).and_then(|cue| Some(cue.get(0)?.as_str().chars().count()));
        let reach = |rule: &Rule| rule.captures(after).and_then(|found| Some(found.get(0)?.as_str().chars().count()));
        let up_to_now = reach(&UP_TO_NOW).filter(|_| next.is_none());
        let said = doc.plain_text(line, range.clone());
        let opens = said.starts_with("since ") || said.starts_with("from ");
        let onward = up_to_now.or_else(|| reach(&BEGAN));
        let began = since.is_some() || opens || onward.is_some();
        let again = AGAIN.is_in(after);
        let still = STILL.is_in(doc.around(line, range, SENTENCE, SENTENCE));
        let ongoing = if next.is_some() { Some(false) } else { (began || again || still).then_some(true) };
        let whole = range.start - since.unwrap_or(0).min(range.start)
            ..next.map_or(range.end + onward.unwrap_or(0), |(next, _)| next.end);
        // A month is said of the story more often than of the matter.
        let vague = f32::from(u8::from(start.precision == Precision::Month)) * 0.05;
        let score = if began || joined { 0.9 } else { 0.8 } - vague;
        let known = (!again).then_some(*start);
        out.push(Candidate { line, range: whole, score, start: known, end: end.map(|end| end.to), ongoing });
    }
    out
}

/// Characters of Cantonese days and parts of them.
const CANTONESE: [char; 6] = ['琴', '寻', '噚', '㖊', '朝', '昼'];

fn moment(doc: &Doc<'_>, captures: &Captures<'_>, now: DateTime) -> Option<Moment> {
    let (day, held) = words::day(captures)?;
    let cantonese = doc.cantonese || captures.get(0)?.as_str().contains(CANTONESE);
    resolve(now, day, words::part(captures).or(held), words::clock(captures, cantonese))
}

/// What may follow a length of time and shows that it goes on.
const NOT_OF_TIME: &[&str] = &["no", "without", "running", "since", "未", "都", "没", "冇"];

/// `twenty minutes ago`, `for about a week`, `三天了`.
fn spans(doc: &Doc<'_>, line: usize, now: DateTime) -> Vec<Candidate> {
    let each = SPAN.find_in(doc, line).filter_map(|(range, captures)| {
        let has = |names: &[&str]| names.iter().any(|name| captures.name(name).is_some());
        let (back, on) = (has(&["back", "zback"]), has(&["lead", "on", "zlead", "zon"]));
        let (halves, unit) = words::length(&captures);
        let start = halves.zip(unit).and_then(|(halves, unit)| ago(now, halves, unit));
        // "Half an hour" alone is a length, and "for six minutes" no time at which it happened.
        let long = !matches!(unit, Some(moment::Unit::Minute));
        let told = back || (on && long);
        let score = if back { 0.8 } else { 0.7 };
        let ongoing = (!back).then_some(true);
        // "Two months no pay": the words of the time alone.
        let rest =
            ["on", "zon"].iter().find_map(|name| captures.name(name)).filter(|on| NOT_OF_TIME.contains(&on.as_str()));
        let range = range.start..range.end - rest.map_or(0, |on| on.as_str().chars().count());
        let range = range.start..range.start + doc.plain_text(line, range.clone()).trim_end().chars().count();
        (told && !NOT_THEN.is_in(doc.before(line, &range, 8))).then_some(Candidate {
            line,
            range,
            score,
            start,
            end: None,
            ongoing,
        })
    });
    each.collect()
}

#[cfg(test)]
mod tests;
