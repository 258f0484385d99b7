//! The scores, and what one call adds to each. Pure.

use serde::Serialize;

/// One thing that is counted over all calls.
pub(super) struct Score {
    pub key: &'static str,
    pub label: &'static str,
    /// Counts mistakes: less is better.
    pub mistakes: bool,
}

const fn score(key: &'static str, label: &'static str) -> Score {
    Score { key, label, mistakes: false }
}

const fn mistakes(key: &'static str, label: &'static str) -> Score {
    Score { key, label, mistakes: true }
}

/// In the order in which they are shown.
pub(super) const SCORES: [Score; 38] = [
    score("emergency_recall", "emergencies seen"),
    score("emergency_precision", "alarms that are emergencies"),
    mistakes("emergency_false", "false alarms"),
    score("phone_exact", "phone number"),
    mistakes("phone_invented", "phone number where none is given"),
    score("other_phones", "other numbers"),
    mistakes("other_phones_invented", "other numbers where none is given"),
    score("name_exact", "name"),
    mistakes("name_invented", "name where none is given"),
    score("anonymity", "wish to stay unnamed"),
    mistakes("anonymity_false", "wish to stay unnamed where there is none"),
    score("category_l2", "category"),
    score("category_l1", "category's first level"),
    score("category_top3", "category among the first three"),
    score("request_type", "request type"),
    score("request_type_soft", "request type, complaint = help = report"),
    score("urgency", "urgency"),
    score("urgency_near", "urgency, a step off allowed"),
    score("occurred_at", "when it happened"),
    score("occurred_at_f1", "characters of when it happened (F1)"),
    mistakes("occurred_at_invented", "time where none is given"),
    score("desired_outcome", "some wish where there is one"),
    mistakes("desired_outcome_invented", "a wish where none is noted"),
    score("address_digits", "numbers of the address"),
    score("address_f1", "characters of the address (F1)"),
    score("district", "district"),
    score("disposition", "disposition"),
    score("issue_f1", "matters (F1)"),
    score("issue_request_type", "request type of each matter, complaint = help = report"),
    score("reference_exact", "case number quoted"),
    mistakes("reference_invented", "case number where none is quoted"),
    score("language", "language"),
    score("interpreter", "interpreter wanted"),
    mistakes("interpreter_false", "interpreter where none is wanted"),
    score("evidence_supported", "values their evidence says"),
    score("evidence_gold", "gold values the evidence says"),
    score("summary_slots", "place and time in title or summary"),
    mistakes("summary_unsupported", "numbers and names nobody said"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// The drafter makes this field, and left it empty.
    Missing,
    /// The drafter makes no such field.
    NotMade,
    /// A value where there should be none.
    Invented,
}

/// One value of one draft, held against what it should be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Check {
    /// Key of a [`Score`].
    pub score: &'static str,
    /// Where the value stands in the draft.
    pub field: String,
    pub gold: Option<String>,
    pub got: Option<String>,
    pub verdict: Verdict,
    /// What the call adds to the score: `hits` of `of`.
    pub hits: usize,
    pub of: usize,
}

impl Check {
    pub fn is_right(&self) -> bool {
        self.verdict == Verdict::Right
    }
}

/// A value of the draft, as far as there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Got {
    NotMade,
    Missing,
    Value(String),
}

impl Got {
    pub fn value(&self) -> Option<&str> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }

    /// Right when there is a value and `right` says so.
    pub fn check(&self, score: &'static str, field: &str, gold: &str, right: impl Fn(&str) -> bool) -> Check {
        let verdict = match self {
            Self::NotMade => Verdict::NotMade,
            Self::Missing => Verdict::Missing,
            Self::Value(value) if right(value) => Verdict::Right,
            Self::Value(_) => Verdict::Wrong,
        };
        let (gold, got) = (Some(gold.to_owned()), self.value().map(str::to_owned));
        let hits = usize::from(verdict == Verdict::Right);
        Check { score, field: field.to_owned(), gold, got, verdict, hits, of: 1 }
    }

    /// There should be none: a value is a mistake.
    pub fn check_absent(&self, score: &'static str, field: &str) -> Check {
        let got = self.value().map(str::to_owned);
        let verdict = if got.is_some() { Verdict::Invented } else { Verdict::Right };
        let hits = usize::from(got.is_some());
        Check { score, field: field.to_owned(), gold: None, got, verdict, hits, of: 1 }
    }
}
