//! What was scored of all calls together, by language and by difficulty. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::calls::Problem;
use super::scores::{Check, SCORES};

/// What `--json` writes.
#[derive(Serialize)]
pub(super) struct Report {
    /// Of this program.
    pub version: &'static str,
    pub file: String,
    /// What the drafter heard: the `caller`'s turns, or a `recording`.
    pub heard: &'static str,
    /// Who wrote the recordings down.
    pub model: Option<String>,
    pub demo_model: bool,
    #[serde(flatten)]
    pub scores: Scores,
    /// Of the same calls when agents are heard as well, each on a channel of their own; `None` of recordings.
    pub with_agents: Option<Scores>,
    /// Calls that have no sound, where sound is asked for.
    pub left_out: Vec<String>,
    pub problems: Vec<Problem>,
}

impl Report {
    /// What the figures are of.
    pub fn basis(&self) -> String {
        let Some(model) = &self.model else {
            return "The drafter heard the callers' turns; with agents: theirs too, which it knows for theirs. Times are \
                    made up."
                .to_owned();
        };
        let left = match self.left_out.len() {
            0 => String::new(),
            count => format!(" Left out, without sound: {count} ({}).", self.left_out.join(", ")),
        };
        format!("The drafter heard what {model} makes of the recordings.{left}")
    }
}

/// Calls in the order of the file, and their sums.
#[derive(Serialize)]
pub(super) struct Scores {
    #[serde(flatten)]
    pub total: Sums,
    pub by_language: Vec<Sums>,
    pub by_difficulty: Vec<Sums>,
    pub per_call: Vec<Scored>,
}

impl Scores {
    pub fn of(per_call: Vec<Scored>) -> Self {
        Self {
            total: Sums::of("", per_call.iter()),
            by_language: Sums::by(&per_call, |call| &call.lang),
            by_difficulty: Sums::by(&per_call, |call| &call.difficulty),
            per_call,
        }
    }

    /// By language, then by difficulty.
    pub fn groups(&self) -> impl Iterator<Item = &Sums> {
        self.by_language.iter().chain(&self.by_difficulty)
    }
}

/// One call with all that was checked of its draft.
#[derive(Serialize)]
pub(super) struct Scored {
    pub id: String,
    pub lang: String,
    pub difficulty: String,
    pub checks: Vec<Check>,
}

/// Calls together: every score by its key, in the order of [`SCORES`].
#[derive(Serialize)]
pub(super) struct Sums {
    /// Language or difficulty; empty of all calls, and where the file names none.
    pub name: String,
    pub calls: usize,
    /// `hits` by `n`; `None` where nothing is to be counted.
    #[serde(flatten)]
    pub rates: BTreeMap<&'static str, Option<f64>>,
    pub hits: BTreeMap<&'static str, usize>,
    pub n: BTreeMap<&'static str, usize>,
}

impl Sums {
    pub fn of<'a>(name: &str, calls: impl Iterator<Item = &'a Scored>) -> Self {
        let zeros = || SCORES.iter().map(|score| (score.key, 0_usize)).collect::<BTreeMap<_, _>>();
        let (mut hits, mut n, mut count) = (zeros(), zeros(), 0);
        for call in calls {
            count += 1;
            for check in &call.checks {
                *hits.entry(check.score).or_default() += check.hits;
                *n.entry(check.score).or_default() += check.of;
            }
        }
        let rate = |(key, of): (&&'static str, &usize)| {
            let hits = hits.get(key).copied().unwrap_or_default();
            (*key, (*of > 0).then(|| hits as f64 / *of as f64))
        };
        let rates = n.iter().map(rate).collect();
        Self { name: name.to_owned(), calls: count, rates, hits, n }
    }

    /// One for each different `key`, by name.
    pub fn by(calls: &[Scored], key: impl Fn(&Scored) -> &str) -> Vec<Self> {
        let names: BTreeSet<&str> = calls.iter().map(&key).collect();
        names.into_iter().map(|name| Self::of(name, calls.iter().filter(|call| key(call) == name))).collect()
    }

    pub fn rate(&self, key: &str) -> Option<f64> {
        self.rates.get(key).copied().flatten()
    }

    /// `12/18`; empty where nothing is to be counted.
    pub fn share(&self, key: &str) -> String {
        let count = |of: &BTreeMap<&'static str, usize>| of.get(key).copied().unwrap_or_default();
        let (hits, n) = (count(&self.hits), count(&self.n));
        if n > 0 { format!("{hits}/{n}") } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scores::Got;
    use super::*;

    #[test]
    fn every_rate_has_its_n_and_none_where_nothing_is_counted() {
        let call = |got: &str| Scored {
            id: got.into(),
            lang: "en".into(),
            difficulty: String::new(),
            checks: vec![Got::Value(got.into()).check("urgency", "/u", "high", |got| got == "high")],
        };
        let calls = [call("high"), call("low"), call("high")];
        let sums = Sums::of("", calls.iter());
        assert_eq!((sums.calls, sums.share("urgency"), sums.share("district")), (3, "2/3".into(), String::new()));
        assert_eq!(sums.rate("district"), None);
        assert!((sums.rate("urgency").unwrap() - 2.0 / 3.0).abs() < 1e-9);
        let json = serde_json::to_value(Sums::by(&calls, |call| &call.lang)).unwrap();
        assert_eq!(
            (&json[0]["name"], &json[0]["district"], &json[0]["n"]["urgency"]),
            (&"en".into(), &().into(), &3.into())
        );
    }
}
