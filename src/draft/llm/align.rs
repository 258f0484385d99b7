//! Where in a turn a quote stands. Models drop marks, change case, mend a word; they also make quotes up.

use std::ops::Range;

use crate::draft::normal::fold;

/// Share of a quote's letters that may differ from the words it is found in.
const DIFFERENT: usize = 5;
/// Letters of a quote; a longer one quotes nothing in particular.
const LONGEST: usize = 400;
/// One letter stands everywhere.
const SHORTEST: usize = 2;
/// Comparisons spent on the fuzzy quotes of one answer: some fifty of the longest in turns of a minute each.
pub const BUDGET: usize = 20_000_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aligned {
    /// Half-open, in scalars of the turn.
    pub range: Range<usize>,
    /// Every letter is there, in order and alone.
    pub exact: bool,
}

/// Letters and digits only, folded, with the position of each.
fn letters(text: &[char]) -> (Vec<char>, Vec<usize>) {
    let kept = text.iter().enumerate().filter(|(_, c)| c.is_alphanumeric());
    kept.map(|(at, &c)| (fold(c), at)).unzip()
}

/// The first place of the quote in the turn, else the nearest to it with at most a fifth of its letters changed, missing
/// or added. `budget` bounds the second look; once it is spent only exact quotes are found.
pub fn align(turn: &[char], quote: &str, budget: &mut usize) -> Option<Aligned> {
    let quote: Vec<char> = quote.chars().take(4 * LONGEST).collect();
    let (needle, _) = letters(&quote);
    if !(SHORTEST..=LONGEST).contains(&needle.len()) {
        return None;
    }
    let (hay, places) = letters(turn);
    let place = |found: Range<usize>| {
        let (first, last) = (*places.get(found.start)?, *places.get(found.end.checked_sub(1)?)?);
        Some(first..last + 1)
    };
    if let Some(at) = exact(&hay, &needle) {
        return Some(Aligned { range: place(at..at + needle.len())?, exact: true });
    }
    let most = needle.len() / DIFFERENT;
    let cost = hay.len().saturating_mul(needle.len());
    if most == 0 || cost > *budget {
        return None;
    }
    *budget -= cost;
    Some(Aligned { range: place(nearest(&hay, &needle, most)?)?, exact: false })
}

fn exact(hay: &[char], needle: &[char]) -> Option<usize> {
    let (hay, needle): (String, String) = (hay.iter().collect(), needle.iter().collect());
    hay.find(&needle).map(|byte| hay[..byte].chars().count())
}

/// The stretch with the least edit distance to `needle`, `most` at most (P. H. Sellers, "The theory and computation of
/// evolutionary distances", 1980): a match may begin and end anywhere in `hay`.
fn nearest(hay: &[char], needle: &[char], most: usize) -> Option<Range<usize>> {
    // For every prefix of the needle: distance of its best match that ends here, and where that began.
    let mut column: Vec<(usize, usize)> = (0..=needle.len()).map(|length| (length, 0)).collect();
    let mut best: Option<(usize, Range<usize>)> = None;
    for (at, c) in hay.iter().enumerate() {
        let mut diagonal = column[0];
        column[0] = (0, at + 1);
        for (row, wanted) in (1..).zip(needle) {
            let changed = (diagonal.0 + usize::from(wanted != c), diagonal.1);
            let added = (column[row].0 + 1, column[row].1);
            let missing = (column[row - 1].0 + 1, column[row - 1].1);
            diagonal = column[row];
            column[row] = [changed, added, missing].into_iter().min_by_key(|way| way.0).unwrap_or(changed);
        }
        let (distance, start) = column[needle.len()];
        if distance <= most && best.as_ref().is_none_or(|(least, _)| distance < *least) {
            best = Some((distance, start..at + 1));
        }
    }
    best.map(|(_, range)| range)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::draft::testing::seed;

    fn found(turn: &str, quote: &str) -> Option<(String, bool)> {
        let turn: Vec<char> = turn.chars().collect();
        let aligned = align(&turn, quote, &mut BUDGET.clone())?;
        Some((turn[aligned.range].iter().collect(), aligned.exact))
    }

    #[test]
    fn a_quote_is_found_whatever_its_marks_and_case_and_with_a_fifth_of_it_mended() {
        let turn = "Well, there's a smell of gas in the basement, and it's getting worse.";
        assert_eq!(found(turn, "Smell of gas in the basement!"), Some(("smell of gas in the basement".into(), true)));
        assert_eq!(found(turn, "smel of gas in teh basement"), Some(("smell of gas in the basement".into(), false)));
        assert_eq!(found(turn, "the heating has been off since Sunday"), None);
        assert_eq!(
            found("我家楼下的小曲门口有人乱停车", "小区门口有人乱停车"),
            Some(("小曲门口有人乱停车".into(), false))
        );
        assert_eq!(found("我家楼下", "我 家，楼下。"), Some(("我家楼下".into(), true)));
        assert_eq!(found("停水了", "停电了"), None, "of three letters none may differ");
        assert_eq!(found("a b", "a"), None);
        assert_eq!(found(turn, &"gas ".repeat(1_000)), None);
        assert_eq!(found(turn, " … "), None);
    }

    #[test]
    fn whatever_is_found_differs_by_a_fifth_at_most_and_costs_no_more_than_the_budget() {
        let seed = seed();
        let mut rng = StdRng::seed_from_u64(seed);
        for _ in 0..300 {
            let letters = ['a', 'b', 'c', '水', '电', ' ', ',', '1', 'İ'];
            let any = |rng: &mut StdRng, most| {
                (0..rng.random_range(0..most)).map(|_| letters[rng.random_range(0..letters.len())]).collect::<String>()
            };
            let (turn, quote) = (any(&mut rng, 120), any(&mut rng, 30));
            let chars: Vec<char> = turn.chars().collect();
            let mut budget = rng.random_range(0..4_000);
            let before = budget;
            let aligned = align(&chars, &quote, &mut budget);
            let wanted: String = super::letters(&quote.chars().collect::<Vec<_>>()).0.into_iter().collect();
            let whole: String = super::letters(&chars).0.into_iter().collect();
            assert!(budget <= before);
            let Some(Aligned { range, exact }) = aligned else {
                assert!(wanted.chars().count() < SHORTEST || !whole.contains(&wanted), "{turn:?} {quote:?}");
                continue;
            };
            let said: String = super::letters(&chars[range]).0.into_iter().collect();
            assert_eq!(exact, said == wanted, "{turn:?} {quote:?}");
            assert!(distance(&said, &wanted) * DIFFERENT <= wanted.chars().count(), "{said:?} {wanted:?}");
        }
    }

    /// Levenshtein's, straight from its definition.
    fn distance(a: &str, b: &str) -> usize {
        let b: Vec<char> = b.chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.chars().enumerate() {
            let mut next = vec![i + 1];
            for (j, y) in b.iter().enumerate() {
                next.push((row[j] + usize::from(x != *y)).min(row[j + 1] + 1).min(next[j] + 1));
            }
            row = next;
        }
        row[b.len()]
    }
}
