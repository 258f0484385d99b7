//! The report as people read it in a terminal.

use std::fmt::Write as _;

use super::measure::{Difference, Measured};
use super::report::{Latency, Report, Spread, Sums};
use super::score::{Digits, Errors};
use crate::cli::eval::columns::{columns, is_wide, percent};
use crate::cli::show;

pub(super) fn table(report: &Report) -> String {
    let mut out = String::new();
    let head = ["clip", "condition", "error", "wrong", "digits", "start", "end", "decode"];
    let rows: Vec<_> = report.clips.iter().map(row).collect();
    let notes: Vec<_> = report.clips.iter().map(|clip| note(&clip.difference)).collect();
    out.push_str(&columns(&head, &rows, &notes));
    for (title, groups) in [("language", &report.by_language), ("condition", &report.by_condition)] {
        let head = [title, "clips", "error", "wrong", "sub", "del", "ins", "digits", "numbers", "alone"];
        let rows: Vec<_> = groups.iter().filter(|sums| sums.errors.reference > 0).map(sums_row).collect();
        let _infallible = write!(out, "\n{}", columns(&head, &rows, &[]));
    }
    out.push('\n');
    out.push_str(&summary(report));
    out
}

fn row(clip: &Measured) -> [String; 8] {
    let spread = |signed: &[i64]| Spread::of(signed.to_vec()).map_or(String::new(), |s| format!("{} ms", s.median_ms));
    let slowest = clip.decode_ms.iter().max();
    [
        clip.file.clone(),
        clip.condition.clone(),
        percent(clip.errors.rate()),
        wrong(&clip.errors),
        digits(&clip.digits),
        spread(&clip.times.start_ms),
        spread(&clip.times.end_ms),
        slowest.map_or(String::new(), |ms| format!("{ms} ms")),
    ]
}

fn sums_row(sums: &Sums) -> [String; 10] {
    let Errors { substitutions, deletions, insertions, .. } = sums.errors;
    let Digits { numbers, numbers_right, alone, alone_right, .. } = sums.digits;
    [
        if sums.name.is_empty() { "-".into() } else { sums.name.clone() },
        sums.clips.to_string(),
        percent(sums.error_rate),
        wrong(&sums.errors),
        substitutions.to_string(),
        deletions.to_string(),
        insertions.to_string(),
        digits(&sums.digits),
        share(numbers_right, numbers),
        share(alone_right, alone),
    ]
}

fn wrong(errors: &Errors) -> String {
    if errors.reference == 0 && errors.insertions == 0 {
        return "none heard".into();
    }
    format!("{}/{}", errors.wrong(), errors.reference)
}

fn digits(digits: &Digits) -> String {
    share(digits.digits_right, digits.digits)
}

fn share(right: usize, of: usize) -> String {
    if of > 0 { format!("{right}/{of}") } else { String::new() }
}

/// `the [light→night] is [-not] [+now]`; empty when nothing is wrong.
fn note(difference: &[Difference]) -> String {
    if difference.iter().all(|word| word.optional || word.is_same()) {
        return String::new();
    }
    let mut out = String::new();
    for word in difference {
        let piece = match (&word.said, &word.heard) {
            (Some(said), Some(heard)) if said == heard => said.clone(),
            (Some(said), None) if word.optional => format!("({said})"),
            (Some(said), Some(heard)) => format!("[{said}\u{2192}{heard}]"),
            (Some(said), None) => format!("[-{said}]"),
            (None, Some(heard)) => format!("[+{heard}]"),
            (None, None) => continue,
        };
        let tight = out.chars().next_back().is_none_or(is_wide) && piece.chars().next().is_none_or(is_wide);
        out.push_str(if out.is_empty() || tight { "" } else { " " });
        out.push_str(&piece);
    }
    out
}

fn summary(report: &Report) -> String {
    let total = &report.total;
    let mut out = String::new();
    let mut line = |label: &str, text: String| {
        let _infallible = writeln!(out, "{label:16} {text}");
    };
    line("model", format!("{}{}", report.model, if report.demo_model { " (demo)" } else { "" }));
    for (label, spread) in [("starts of words", total.start), ("ends of words", total.end)] {
        if let Some(Spread { edges, median_ms, p90_ms, bias_ms }) = spread {
            let errors = format!("off by {median_ms} ms (median), {p90_ms} ms (p90), bias {bias_ms:+} ms");
            line(label, format!("{errors}, of {edges} with a known time"));
        }
    }
    if let Some(rate) = total.invented.words_a_minute {
        let minutes = total.invented.audio_ms as f64 / 60_000.0;
        line(
            "invented words",
            format!("{rate:.1} a minute: {} in {minutes:.1} min without words", total.invented.words),
        );
    }
    line("coverage", show::coverage(&total.coverage));
    if let Some(Latency { segments, p50_ms, p95_ms }) = total.decode {
        line("decode", format!("{p50_ms} ms (median), {p95_ms} ms (p95) a segment, of {segments}"));
    }
    let factor = total.real_time_factor;
    line(
        "real-time factor",
        format!("{:.3} processor, {:.3} passed seconds a second of sound", factor.cpu, factor.wall),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_marked_where_they_are() {
        let word = |said: &str, heard: &str, optional: bool| Difference {
            said: (!said.is_empty()).then(|| said.to_owned()),
            heard: (!heard.is_empty()).then(|| heard.to_owned()),
            optional,
        };
        let english =
            [word("the", "the", false), word("light", "night", false), word("is", "", false), word("", "it", false)];
        assert_eq!(note(&english), "the [light\u{2192}night] [-is] [+it]");
        assert_eq!(note(&[word("路", "路", false), word("灯", "灯", false), word("", "了", false)]), "路灯 [+了]");
        assert_eq!(note(&[word("the", "the", false), word("library", "lie", true)]), "");
    }
}
