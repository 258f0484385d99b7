//! Whether earlier calls are of the same person or about the same matter: said with a score, decided by a person.
//!
//! The same number within 90 days, the same category within 14 days at the same place or in much the same words, or a
//! reference that the caller quotes. Nothing is merged here.

use std::collections::BTreeSet;
use std::hash::Hasher as _;

use super::normal::{Folded, is_han};
use super::schema::{BelongsTo, Field, Location, Related, Relation, TicketDraft};
use super::spoken::{Piece, spoken};
use super::taxonomy::{NO_CONTENT, UNCLEAR};
use crate::call::{Earlier, Matter, Reference, Since, Traces};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Days back a number and a matter are looked for (`sanitation.dripping` in one summer is one matter, in the next another).
const NUMBER_DAYS: i64 = 90;
const MATTER_DAYS: i64 = 14;
/// Hashes kept of one text: the standard error of the likeness is 1/sqrt(64), an eighth.
const SKETCH: usize = 64;
/// Earlier calls named in one draft.
const MOST: usize = 16;
/// Shares of word pairs from which texts at the same place, and texts without a place, are called the same matter.
const ALIKE_AT_PLACE: f32 = 0.1;
const ALIKE: f32 = 0.4;

/// How far back to look for a call that began then.
pub fn since(started_unix_ms: i64) -> Since {
    let before = |days: i64| started_unix_ms.saturating_sub(days * DAY_MS);
    Since { number_unix_ms: before(NUMBER_DAYS), matter_unix_ms: before(MATTER_DAYS) }
}

/// What later calls will know this one by.
pub fn traces(draft: &TicketDraft) -> Traces {
    let own = draft.caller.phones.iter().filter(|phone| phone.belongs_to != BelongsTo::OtherParty);
    let numbers: BTreeSet<String> =
        own.map(|phone| phone.e164.clone().unwrap_or_else(|| phone.number.clone())).collect();
    let matters = draft.issues.iter().filter_map(|issue| {
        let category = issue.category.value.clone().filter(|code| code != NO_CONTENT && code != UNCLEAR)?;
        Some(Matter {
            category,
            place: key(&issue.location),
            gist: gist(issue.description.value.as_deref().unwrap_or_default()),
        })
    });
    let quoted = draft.quoted_reference.value.as_deref().and_then(|quoted| quoted.parse::<Reference>().ok());
    Traces { numbers: numbers.into_iter().collect(), matters: matters.collect(), quoted: quoted.map(|r| r.to_string()) }
}

/// The earlier calls worth a look, the likeliest first; each once, by its strongest tie. `own` and `started_unix_ms` are
/// the new call's.
pub fn related(own: &Traces, started_unix_ms: i64, earlier: &[Earlier]) -> Vec<Related> {
    let mut found: Vec<Related> = earlier
        .iter()
        .filter(|earlier| earlier.started_unix_ms <= started_unix_ms)
        .filter_map(|earlier| {
            let days = (started_unix_ms - earlier.started_unix_ms) as f32 / DAY_MS as f32;
            let (relation, score) = tie(own, earlier, days)?;
            let (reference, call_id) = (earlier.reference.to_string(), earlier.call.to_string());
            Some(Related { reference, call_id, relation, score, confirmed: None })
        })
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| b.call_id.cmp(&a.call_id)));
    found.truncate(MOST);
    found
}

fn tie(own: &Traces, earlier: &Earlier, days: f32) -> Option<(Relation, f32)> {
    if earlier.quoted {
        return Some((Relation::CallerMentioned, 1.0));
    }
    let pairs = own.matters.iter().flat_map(|a| earlier.matters.iter().map(move |b| (a, b)));
    let alike = pairs.filter_map(|(a, b)| same_matter(a, b)).fold(0.0, f32::max);
    let fresh = |limit: i64| (1.0 - days / limit as f32).clamp(0.0, 1.0);
    let recent = days <= MATTER_DAYS as f32;
    if alike > 0.0 && recent {
        let more = if earlier.same_number { (1.0 - alike) / 2.0 } else { 0.0 };
        return Some((Relation::NearDuplicate, (alike + more) * (0.9 + 0.1 * fresh(MATTER_DAYS))));
    }
    let again = earlier.same_number && days <= NUMBER_DAYS as f32;
    again.then(|| (Relation::SameNumberRecent, 0.3 + 0.2 * fresh(NUMBER_DAYS) + if alike > 0.0 { 0.3 } else { 0.0 }))
}

/// How surely both are one matter, 0.5 to 1; `None`: they are not.
fn same_matter(a: &Matter, b: &Matter) -> Option<f32> {
    if a.category != b.category {
        return None;
    }
    let words = likeness(&a.gist, &b.gist);
    match (a.place.as_str(), b.place.as_str()) {
        // The same street with and without its number is one place; two numbers of a street are two.
        (one, other) if !one.is_empty() && !other.is_empty() => {
            let same = one.contains(other) || other.contains(one);
            (same && words >= ALIKE_AT_PLACE).then_some(0.6 + 0.4 * words)
        }
        _ => (words >= ALIKE).then_some(0.5 + 0.4 * words),
    }
}

/// Letters and digits of the street with its number, else of the estate and its building, else of all that was said: one
/// caller says what stands there, the other what is beside it.
fn key(place: &Location) -> String {
    let said = |fields: &[&Field<String>]| fields.iter().filter_map(|field| field.value.clone()).collect::<String>();
    let parts = [said(&[&place.street]), said(&[&place.community, &place.building]), said(&[&place.address_text])];
    let named = parts.into_iter().find(|part| !part.is_empty()).unwrap_or_default();
    Folded::new(&named).text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The smallest hashes of neighbouring pairs of what was said; numbers as digits, so that it is one however written.
fn gist(text: &str) -> Vec<u64> {
    let words = spoken(&[Piece { text, line: 0, origin: 0 }]);
    let content: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let mut hashes: BTreeSet<u64> = BTreeSet::new();
    for pair in content.windows(2) {
        // Two English function words say nothing; two Chinese characters are a word.
        if pair
            .iter()
            .all(|word| word.len() <= 3 && !word.chars().any(is_han) && !word.starts_with(|c: char| c.is_ascii_digit()))
        {
            continue;
        }
        hashes.insert(hash(pair));
        if hashes.len() > SKETCH {
            hashes.pop_last();
        }
    }
    hashes.into_iter().collect()
}

/// FNV-1a: the same in every version and on every machine, which the store relies on.
struct Fnv(u64);

impl std::hash::Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    /// Mixed once more (the finaliser of MurmurHash3): the smallest of plain FNV hashes of short texts are no fair draw.
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        mixed ^ (mixed >> 33)
    }
}

fn hash(pair: &[&str]) -> u64 {
    let mut hasher = Fnv(0xCBF2_9CE4_8422_2325);
    for word in pair {
        hasher.write(word.as_bytes());
        hasher.write(&[0xFF]);
    }
    hasher.finish()
}

/// Share of the pairs of both texts that are in both (Jaccard), estimated from the smallest hashes of their union.
fn likeness(a: &[u64], b: &[u64]) -> f32 {
    let union: BTreeSet<u64> = a.iter().chain(b).copied().collect();
    let smallest: Vec<u64> = union.into_iter().take(SKETCH).collect();
    let both = smallest.iter().filter(|hash| a.binary_search(hash).is_ok() && b.binary_search(hash).is_ok()).count();
    both as f32 / smallest.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallId, Coverage};
    use crate::draft::Drafter;
    use crate::draft::testing::{call, facts};

    const NOW: i64 = 1_795_400_070_000;

    fn left(drafter: &Drafter, lines: &[&str]) -> Traces {
        traces(&drafter.draft(&facts(), &call(lines), Coverage::default()))
    }

    fn earlier(of: &Traces, days: i64, same_number: bool) -> Earlier {
        Earlier {
            call: CallId::new(),
            reference: Reference::from_random(7),
            started_unix_ms: NOW - days * DAY_MS,
            quoted: false,
            same_number,
            matters: of.matters.clone(),
        }
    }

    #[test]
    fn the_same_matter_at_the_same_place_is_a_near_duplicate_whoever_calls() {
        let drafter = Drafter::new().unwrap();
        for (first, second, other) in [
            (
                "The street light at 42 Maple Street is broken, it has been dark for three nights.",
                "Hi, there is a broken street light outside 42 Maple Street, it is dark at night.",
                "The street light at 7 Harbour Road does not work.",
            ),
            (
                "中山路28号的路灯坏了，晚上很黑。",
                "我想反映一下中山路二十八号路灯坏了好几天了，晚上太黑。",
                "解放路九号的路灯坏了，晚上很黑。",
            ),
        ] {
            let (a, b, c) = (left(&drafter, &[first]), left(&drafter, &[second]), left(&drafter, &[other]));
            let found = related(&b, NOW, &[earlier(&a, 3, false), earlier(&c, 3, false)]);
            let relations: Vec<_> = found.iter().map(|one| one.relation).collect();
            assert_eq!(relations, [Relation::NearDuplicate], "{second}: {b:?} {a:?}");
            assert!(found[0].score > 0.6, "{found:?}");
            assert!(related(&b, NOW, &[earlier(&a, 15, false)]).is_empty(), "two weeks later it is another");
        }
    }

    #[test]
    fn a_number_that_called_within_ninety_days_is_named_and_never_later() {
        let drafter = Drafter::new().unwrap();
        let own = left(&drafter, &["No heat in my flat. My number is two one two five five five zero one three four."]);
        assert_eq!(own.numbers, ["+12125550134"]);
        let nothing = Traces::default();
        let relation = |days: i64| related(&own, NOW, &[earlier(&nothing, days, true)]).first().map(|one| one.relation);
        assert_eq!(relation(89), Some(Relation::SameNumberRecent));
        assert_eq!((relation(91), relation(-1)), (None, None), "nor a call that began after this one");
        let again = related(&own, NOW, &[earlier(&own, 1, true), earlier(&nothing, 1, true)]);
        assert_eq!(again[0].relation, Relation::NearDuplicate, "the same matter again goes first: {again:?}");
        assert!(again[0].score > again[1].score);
    }

    #[test]
    fn a_quoted_reference_is_the_strongest_tie() {
        let quoted = Earlier { quoted: true, ..earlier(&Traces::default(), 200, false) };
        let found = related(&Traces::default(), NOW, &[quoted]);
        assert_eq!((found[0].relation, found[0].score), (Relation::CallerMentioned, 1.0));
    }

    #[test]
    fn a_sketch_tells_how_much_two_texts_share() {
        let text = |from: usize, to: usize| (from..to).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
        let (a, same, half, none) = (text(0, 400), text(0, 400), text(200, 600), text(1000, 1400));
        assert!(likeness(&gist(&a), &gist(&same)) > 0.99);
        assert!(likeness(&gist(&a), &gist(&none)) < 0.01);
        let third = likeness(&gist(&a), &gist(&half));
        assert!((third - 1.0 / 3.0).abs() < 0.2, "{third}");
        assert!(gist(&a).len() <= SKETCH && gist(&a).is_sorted());
        assert_eq!(likeness(&gist(""), &gist("")), 0.0);
    }
}
