//! The report as one page; every text escaped.

use super::report::{Report, Scored, Sums};
use super::scores::{Check, SCORES, Score, Verdict};
use crate::cli::eval::columns::percent;
use crate::cli::eval::page::{self, Tile, escaped};

pub(super) fn document(report: &Report) -> String {
    let Report { version, file, scores, .. } = report;
    let head = format!(
        "<p class=soft>{}: {} calls, drafted by the rules of heardline {version}. {}</p>\n",
        escaped(file),
        scores.total.calls,
        escaped(&report.basis()),
    );
    let body = format!(
        "{}{}{}<h2>Calls</h2>\n<p class=soft><del>should be</del> <ins>is</ins></p>\n{}",
        tiles(&scores.total),
        page::problems(report.problems.iter().map(|p| (format!("line {}", p.line), p.error.as_str()))),
        rows(report),
        scores.per_call.iter().map(card).collect::<String>(),
    );
    page::document("Draft evaluation", &head, &body)
}

/// The figures that matter most.
const FIRST: [&str; 8] = [
    "emergency_recall",
    "phone_exact",
    "category_l2",
    "request_type_soft",
    "address_digits",
    "disposition",
    "issue_f1",
    "evidence_supported",
];

fn tiles(total: &Sums) -> String {
    let tile = |key: &&str| {
        let label = SCORES.iter().find(|score| score.key == *key)?.label.to_owned();
        let more = total.share(key);
        total.rate(key).map(|rate| Tile { value: percent(Some(rate)), label, more })
    };
    page::tiles(&FIRST.iter().filter_map(tile).collect::<Vec<_>>())
}

/// Every score, of all calls and of each group.
fn rows(report: &Report) -> String {
    let Report { scores, with_agents, .. } = report;
    let groups: Vec<&Sums> = scores.groups().collect();
    let name = |sums: &&Sums| {
        let name = if sums.name.is_empty() { "-" } else { &sums.name };
        format!("<th>{} <small>{}</small></th>", escaped(name), sums.calls)
    };
    let with = with_agents.iter().map(|_| "<th>with agents</th>".to_owned());
    let heads: String = with.chain(groups.iter().map(name)).collect();
    let row = |score: &Score| {
        let cell = |sums: &Sums| format!("<td>{}</td>", sums.share(score.key));
        let with = with_agents.iter().map(|with| &with.total);
        let each: String = with.chain(groups.iter().copied()).map(cell).collect();
        let less = if score.mistakes { " <small>(mistakes)</small>" } else { "" };
        let rate = percent(scores.total.rate(score.key));
        format!("<tr><th>{}{less}</th><td>{rate}</td>{}{each}</tr>\n", escaped(score.label), cell(&scores.total))
    };
    let rows: String = SCORES.iter().map(row).collect();
    format!(
        "<section class=\"box scores\">\n<table>\n<tr><th>score</th><td></td><th>all</th>{heads}</tr>\n{rows}</table>\n\
         </section>\n"
    )
}

fn card(call: &Scored) -> String {
    let wrong = call.checks.iter().filter(|check| !check.is_right()).count();
    let verdict = if wrong == 0 { "all right".to_owned() } else { format!("{wrong} of {} wrong", call.checks.len()) };
    let rows: String = call.checks.iter().map(row).collect();
    let facts: Vec<&str> =
        [&call.lang, &call.difficulty].into_iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
    format!(
        "<article class=\"box {}\"><h3>{}<span>{verdict}</span></h3><p class=soft>{}</p>\n<table>\n{rows}</table>\n\
         </article>\n",
        if wrong == 0 { "right" } else { "wrong" },
        escaped(&call.id),
        escaped(&facts.join(" \u{b7} ")),
    )
}

fn row(check: &Check) -> String {
    let text = |text: &Option<String>| escaped(text.as_deref().unwrap_or_default());
    let (gold, got) = (text(&check.gold), text(&check.got));
    let shown = match check.verdict {
        Verdict::Right => got,
        Verdict::Wrong => format!("<del>{gold}</del> <ins>{got}</ins>"),
        Verdict::Missing => format!("<del>{gold}</del> <span class=optional>empty</span>"),
        Verdict::NotMade => format!("<del>{gold}</del> <span class=optional>the drafter makes no such field</span>"),
        Verdict::Invented => format!("<ins>{got}</ins>"),
    };
    format!("<tr><th title=\"{}\">{}</th><td>{shown}</td></tr>\n", escaped(&check.field), check.score)
}

#[cfg(test)]
mod tests {
    use super::super::scores::Got;
    use super::*;

    #[test]
    fn values_cannot_become_markup_and_differences_are_marked() {
        let check = Got::Value("<script>".into()).check("urgency", "/\"x", "a&b", |_| false);
        let shown = row(&check);
        assert!(shown.contains("<del>a&amp;b</del> <ins>&lt;script&gt;</ins>"), "{shown}");
        assert!(shown.contains("title=\"/&quot;x\"") && !shown.contains("<script"), "{shown}");
    }
}
