//! Numbers said more than once: corrected, read twice, begun again. Works on digits alone.

use super::plan::Reading;
use super::runs::{Digit, border, text};

pub type Plan<'p> = &'p dyn Fn(&str) -> Reading;

fn complete(reading: &Reading) -> bool {
    !matches!(reading, Reading::Incomplete)
}

fn full(reading: &Reading) -> bool {
    matches!(reading, Reading::Full { .. })
}

/// How far two readings of the same digits differ, 0 to 1.
fn difference(a: &[Digit], b: &[Digit]) -> f32 {
    let common = a.len().min(b.len()).max(1);
    let unlike = a.iter().zip(b).filter(|(a, b)| a.value != b.value).count();
    unlike as f32 / common as f32
}

/// `before` with its end replaced by the correction `after`: as many digits as were said again, or the last group, or
/// all of it, whichever makes a whole number most plainly. `None` when none of them does.
pub fn splice(before: &[Digit], after: &[Digit], plan: Plan<'_>) -> Option<Vec<Digit>> {
    let whole_before = complete(&plan(&text(before)));
    let last_group = before.last()?.group;
    let group_start = before.iter().rposition(|digit| digit.group != last_group).map_or(0, |at| at + 1);
    let mut best: Option<(f32, Vec<Digit>)> = None;
    for cut in 0..before.len() {
        let (Some(kept), Some(dropped)) = (before.get(..cut), before.get(cut..)) else { continue };
        let grouped = cut == 0 || kept.last().is_some_and(|last| Some(last.group) != dropped.first().map(|d| d.group));
        // Fewer digits than were dropped: only a whole group is said anew in other words.
        if dropped.len() > after.len() && cut != group_start && cut != 0 {
            continue;
        }
        let result = joined(kept, after);
        let reading = plan(&text(&result));
        let differs = difference(dropped, after);
        let rank = match reading {
            Reading::Full { .. } => 0.0,
            Reading::Local { .. } => 0.4,
            // In the middle of a number: as many digits anew, or the last group and on.
            Reading::Incomplete if whole_before || (dropped.len() != after.len() && !(grouped && differs < 0.7)) => {
                continue;
            }
            Reading::Incomplete => 0.9,
        };
        let mut cost = rank + differs;
        // Nobody says five digits anew of which most are other ones: that is a new start.
        let plain = dropped.len() == after.len() && (after.len() < 5 || differs < 0.5);
        cost -= if plain { 0.3 } else { 0.0 };
        cost -= if grouped { 0.15 } else { 0.0 };
        // To say the same again corrects nothing, and nobody corrects half of "double eight".
        cost += if cut > 0 && differs == 0.0 { 0.4 } else { 0.0 };
        cost += if one_word(kept, dropped) { 0.3 } else { 0.0 };
        let longer = whole_before && result.len() != before.len();
        cost += if longer { if cut == 0 { 0.2 } else { 0.5 } } else { 0.0 };
        // "… oh one, no, zero one five seven": the last group is begun again.
        if cut == group_start
            && cut > 0
            && after.len() > dropped.len()
            && text(after).starts_with(&text(dropped))
            && full(&reading)
        {
            cost = -1.0;
        }
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, result));
        }
    }
    best.map(|(_, result)| result)
}

/// The cut goes through digits that were said as one word.
fn one_word(kept: &[Digit], dropped: &[Digit]) -> bool {
    kept.last().zip(dropped.first()).is_some_and(|(a, b)| a.piece == b.piece && a.span == b.span)
}

/// Digits of two runs as those of one; pieces and groups of the second stay apart from the first's.
pub fn joined(first: &[Digit], second: &[Digit]) -> Vec<Digit> {
    let groups = first.last().map_or(0, |last| last.group + 1);
    let second = second.iter().map(|digit| Digit { group: digit.group + groups, ..digit.clone() });
    first.iter().cloned().chain(second).collect()
}

/// A number that was read several times in one breath.
#[derive(Debug)]
pub struct Reread {
    pub digits: Vec<Digit>,
    /// All readings agree.
    pub agrees: bool,
    /// A reading that differs.
    pub differs: Option<String>,
}

/// What one run says: a number once, the same number again, a false start and then the number, or several numbers.
pub fn readings(digits: &[Digit], plan: Plan<'_>) -> Vec<Reread> {
    let said = text(digits);
    let once = |digits: &[Digit]| Reread { digits: digits.to_vec(), agrees: false, differs: None };
    if full(&plan(&said)) {
        return vec![once(digits)];
    }
    if let Some(reread) =
        equal_parts(digits, plan).or_else(|| end_again(digits, plan)).or_else(|| begun_again(digits, plan))
    {
        return vec![reread];
    }
    several(digits, plan).map_or_else(|| vec![once(digits)], |parts| parts.into_iter().map(once).collect())
}

/// Twice or three times the same number: the last reading counts, the others confirm or contradict it.
fn equal_parts(digits: &[Digit], plan: Plan<'_>) -> Option<Reread> {
    for times in [2, 3] {
        let length = digits.len() / times;
        if !digits.len().is_multiple_of(times) || length < 7 || !(1..times).all(|n| border(digits, n * length)) {
            continue;
        }
        let parts: Vec<&[Digit]> = digits.chunks(length).collect();
        let last = *parts.last()?;
        let number = text(last);
        let mut other: Option<String> = None;
        let alike = parts.iter().all(|part| {
            let same = text(part) == number;
            if !same {
                other = Some(text(part));
            }
            // Two numbers that have little in common are two numbers.
            same || (complete(&plan(&text(part))) && difference(part, last) <= 0.4)
        });
        if complete(&plan(&number)) && alike {
            return Some(Reread { digits: last.to_vec(), agrees: other.is_none(), differs: other });
        }
    }
    None
}

/// "… zero eight zero six, zero eight zero six".
fn end_again(digits: &[Digit], plan: Plan<'_>) -> Option<Reread> {
    cuts(digits).find_map(|at| {
        let (number, again) = digits.split_at_checked(at)?;
        let (number_text, again_text) = (text(number), text(again));
        (again.len() >= 2 && full(&plan(&number_text)) && number_text.ends_with(&again_text)).then(|| Reread {
            digits: number.to_vec(),
            agrees: again.len() >= 4,
            differs: None,
        })
    })
}

/// "Two one two, five, two one two, five five five, zero one three four".
fn begun_again(digits: &[Digit], plan: Plan<'_>) -> Option<Reread> {
    cuts(digits).find_map(|at| {
        let (start, number) = digits.split_at_checked(at)?;
        let (start_text, number_text) = (text(start), text(number));
        (start.len() >= 2 && full(&plan(&number_text)) && number_text.starts_with(&start_text)).then(|| Reread {
            digits: number.to_vec(),
            agrees: false,
            differs: None,
        })
    })
}

/// Positions at which a pause parts the digits.
fn cuts(digits: &[Digit]) -> impl Iterator<Item = usize> + '_ {
    digits.windows(2).enumerate().filter_map(|(at, pair)| match pair {
        [a, b] if a.group != b.group => Some(at + 1),
        _ => None,
    })
}

/// Longest number of E.164.
pub const LONGEST: usize = 15;

/// Whole numbers one after the other, parted by pauses. The digits are too many for one number.
fn several<'d>(digits: &'d [Digit], plan: Plan<'_>) -> Option<Vec<&'d [Digit]>> {
    if digits.len() <= LONGEST {
        return None;
    }
    let edges: Vec<usize> = std::iter::once(0).chain(cuts(digits)).chain([digits.len()]).collect();
    // starts[n]: where the whole number that ends at edge n begins, if all before it is whole numbers too.
    let mut starts: Vec<Option<usize>> = vec![None; edges.len()];
    for (nth, &end) in edges.iter().enumerate().skip(1) {
        let begin = edges.iter().take(nth).enumerate().find(|(before, start)| {
            let reached = *before == 0 || starts.get(*before).copied().flatten().is_some();
            let number = digits.get(**start..end).unwrap_or_default();
            reached && number.len() <= LONGEST && full(&plan(&text(number)))
        });
        if let (Some((before, _)), Some(slot)) = (begin, starts.get_mut(nth)) {
            *slot = Some(before);
        }
    }
    let mut parts = Vec::new();
    let mut nth = edges.len() - 1;
    while nth > 0 {
        let before = starts.get(nth).copied().flatten()?;
        parts.push(digits.get(*edges.get(before)?..*edges.get(nth)?)?);
        nth = before;
    }
    parts.reverse();
    Some(parts)
}
