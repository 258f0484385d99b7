//! The report as people read it in a terminal.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::report::{Report, Scored, Sums};
use super::scores::{Check, SCORES, Score, Verdict};
use crate::cli::eval::columns::{columns, percent};

pub(super) fn table(report: &Report) -> String {
    let mut out = String::new();
    let checks = report.per_call.iter().flat_map(|call| &call.checks);
    let not_made: BTreeSet<&str> =
        checks.filter(|check| check.verdict == Verdict::NotMade).map(|check| check.field.as_str()).collect();
    for field in not_made {
        let _infallible = writeln!(out, "{field}: the drafter makes no such field");
    }
    let shown = |check: &&Check| !check.is_right() && check.verdict != Verdict::NotMade;
    for call in report.per_call.iter().filter(|call| call.checks.iter().any(|check| shown(&check))) {
        let _infallible = writeln!(out, "{}", title(call));
        for check in call.checks.iter().filter(shown) {
            let _infallible = writeln!(out, "    {:20} {}", check.score, difference(check));
        }
    }
    let groups: Vec<&Sums> = report.by_language.iter().chain(&report.by_difficulty).collect();
    let mut head = vec!["score", "rate", "all"];
    head.extend(groups.iter().map(|group| if group.name.is_empty() { "-" } else { group.name.as_str() }));
    let row = |score: &Score| {
        let mut cells =
            vec![score.key.to_owned(), percent(report.total.rate(score.key)), report.total.share(score.key)];
        cells.extend(groups.iter().map(|group| group.share(score.key)));
        cells
    };
    let rows: Vec<Vec<String>> = SCORES.iter().map(row).collect();
    let _infallible = write!(out, "\n{}", columns(&head, &rows, &[]));
    let _infallible = writeln!(out, "\nThe drafter heard the {}'s turns only; times are made up.", report.heard);
    out
}

fn title(call: &Scored) -> String {
    [&call.id, &call.lang, &call.difficulty]
        .into_iter()
        .filter(|s| !s.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(", ")
}

/// `high → normal`, `high → (empty)`.
fn difference(check: &Check) -> String {
    let gold = check.gold.as_deref().unwrap_or("(none)");
    let got = check.got.as_deref().unwrap_or("(empty)");
    let cut = |text: &str| {
        let short: String = text.chars().take(80).collect();
        if short.len() < text.len() { short + "…" } else { short }
    };
    format!("{} \u{2192} {}", cut(gold), cut(got))
}
