//! The report as people read it in a terminal.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::report::{Report, Scored, Sums};
use super::scores::{Check, SCORES, Score, Verdict};
use crate::cli::eval::columns::{columns, percent};

pub(super) fn table(report: &Report) -> String {
    let mut out = String::new();
    let Report { scores, with_agents, .. } = report;
    let checks = scores.per_call.iter().flat_map(|call| &call.checks);
    let not_made: BTreeSet<&str> =
        checks.filter(|check| check.verdict == Verdict::NotMade).map(|check| check.field.as_str()).collect();
    for field in not_made {
        let _infallible = writeln!(out, "{field}: the drafter makes no such field");
    }
    let shown = |check: &&Check| !check.is_right() && check.verdict != Verdict::NotMade;
    for call in &scores.per_call {
        list(&mut out, &title(call), call.checks.iter().filter(shown));
    }
    let heard = with_agents.iter().flat_map(|with| with.per_call.iter().zip(&scores.per_call));
    for (with, without) in heard {
        let changed = with.checks.iter().filter(|check| !without.checks.contains(check));
        list(&mut out, &format!("{}, with agents", title(with)), changed);
    }
    let groups: Vec<&Sums> = scores.groups().collect();
    let mut head = vec!["score", "rate", "all"];
    head.extend(with_agents.iter().map(|_| "with agents"));
    head.extend(groups.iter().map(|group| if group.name.is_empty() { "-" } else { group.name.as_str() }));
    let row = |score: &Score| {
        let mut cells =
            vec![score.key.to_owned(), percent(scores.total.rate(score.key)), scores.total.share(score.key)];
        cells.extend(with_agents.iter().map(|with| with.total.share(score.key)));
        cells.extend(groups.iter().map(|group| group.share(score.key)));
        cells
    };
    let rows: Vec<Vec<String>> = SCORES.iter().map(row).collect();
    let _infallible = write!(out, "\n{}", columns(&head, &rows, &[]));
    let _infallible = writeln!(out, "\n{}", report.basis());
    out
}

/// Checks of one call below its title; nothing without any.
fn list<'a>(out: &mut String, title: &str, checks: impl Iterator<Item = &'a Check>) {
    let lines: Vec<String> = checks.map(|check| format!("    {:20} {}\n", check.score, difference(check))).collect();
    if !lines.is_empty() {
        let _infallible = writeln!(out, "{title}\n{}", lines.concat().trim_end());
    }
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
