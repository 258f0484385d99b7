//! The report as one page; every text escaped.

use std::fmt::Write as _;

use super::measure::{Difference, Measured};
use super::plots::{self, Bar};
use super::report::{Report, Spread, Sums};
use crate::cli::eval::columns::{is_wide, percent};
use crate::cli::eval::page::{self, Tile, escaped};
use crate::gateway::DEMO_MODEL_NOTICE;

pub(super) fn document(report: &Report) -> String {
    let Report { folder, model, version, total, demo_model, .. } = report;
    let warning = if *demo_model { format!("<p class=warn>{}</p>", escaped(DEMO_MODEL_NOTICE)) } else { String::new() };
    let clips: String = report.clips.iter().map(card).collect();
    let head = format!(
        "<p class=soft>{}: {} clips, {} of sound. Model {}, heardline {version}.</p>\n{warning}",
        escaped(folder),
        total.clips,
        length(total.audio_ms),
        escaped(model),
    );
    let body = format!(
        "{}{}{}<h2>Clips</h2>\n<p class=soft><del>said, not heard</del> <ins>heard, not said</ins> \
         <span class=optional>cut off or unclear</span></p>\n{clips}",
        tiles(report),
        problems(report),
        figures(report),
    );
    page::document("Speech evaluation", &head, &body)
}

fn length(millis: u64) -> String {
    if millis < 120_000 { format!("{:.1} s", millis as f64 / 1e3) } else { format!("{:.1} min", millis as f64 / 6e4) }
}

/// What the errors of a language are called.
fn errors_of(lang: &str) -> String {
    match lang {
        "en" => "of English words wrong".into(),
        "zh" | "yue" => "of Chinese characters wrong".into(),
        "" => "of words wrong".into(),
        other => format!("wrong in {other}"),
    }
}

/// The figures that matter most.
fn tiles(report: &Report) -> String {
    let mut tiles: Vec<Tile> = Vec::new();
    let mut tile = |value: String, label: String, more: String| tiles.push(Tile { value, label, more });
    let total = &report.total;
    for sums in report.by_language.iter().filter(|sums| sums.errors.reference > 0) {
        let more = format!("{} of {}", sums.errors.wrong(), sums.errors.reference);
        tile(percent(sums.error_rate), errors_of(&sums.name), more);
    }
    if total.digits.numbers > 0 {
        let digits = total.digits;
        let more = format!("{} of {} digits", digits.digits_right, digits.digits);
        tile(format!("{}/{}", digits.numbers_right, digits.numbers), "numbers right".into(), more);
        let more = "of those right, cut out by their words' times".into();
        tile(format!("{}/{}", digits.alone_right, digits.alone), "numbers right alone".into(), more);
    }
    if let Some(rate) = total.invented.words_a_minute {
        let more = format!("{} in {} without words", total.invented.words, length(total.invented.audio_ms));
        tile(format!("{rate:.1}"), "words a minute invented".into(), more);
    }
    for (spread, label) in [(total.start, "start of a word off"), (total.end, "end of a word off")] {
        if let Some(Spread { edges, median_ms, p90_ms, .. }) = spread {
            tile(format!("{median_ms} ms"), label.into(), format!("median of {edges}; p90 {p90_ms} ms"));
        }
    }
    if let Some(decode) = total.decode {
        let more = format!("p95 of {}; median {} ms", decode.segments, decode.p50_ms);
        tile(format!("{} ms", decode.p95_ms), "decode of a segment".into(), more);
    }
    let factor = total.real_time_factor;
    let more = format!("a second of sound; {:.3} s passed", factor.wall);
    tile(format!("{:.3} s", factor.cpu), "of processor time".into(), more);
    page::tiles(&tiles)
}

fn problems(report: &Report) -> String {
    page::problems(report.problems.iter().map(|problem| (&problem.file, &problem.error)))
}

/// The plots, each where there is something to show.
fn figures(report: &Report) -> String {
    let mut out = String::from("<section class=plots>\n");
    let mut figure = |title: &str, plot: String, note: &str| {
        let _infallible = writeln!(out, "<figure class=box><h2>{title}</h2>{plot}<p class=soft>{note}</p></figure>");
    };
    let bar = |sums: &Sums| Bar {
        label: if sums.name.is_empty() { "-".into() } else { sums.name.clone() },
        value: sums.error_rate.unwrap_or(0.0),
        note: format!("{} ({}/{})", percent(sums.error_rate), sums.errors.wrong(), sums.errors.reference),
    };
    let bars: Vec<Bar> = report.by_condition.iter().filter(|sums| sums.errors.reference > 0).map(bar).collect();
    if !bars.is_empty() {
        figure("Errors by condition", plots::bars(&bars), "Words in English, characters in Chinese.");
    }
    let edges = |of: fn(&Measured) -> &Vec<i64>| report.clips.iter().flat_map(of).copied().collect::<Vec<i64>>();
    let (starts, ends) = (edges(|clip| &clip.times.start_ms), edges(|clip| &clip.times.end_ms));
    if !(starts.is_empty() && ends.is_empty()) {
        let note = "Heard minus true. Left: too early; the outermost bars hold all that lies beyond.";
        figure("Times of words", plots::time_errors(&starts, &ends), note);
    }
    figure("Coverage", plots::coverage(&report.total.coverage), "What became of every second.");
    out + "</section>\n"
}

fn card(clip: &Measured) -> String {
    let nothing = clip.says_nothing();
    let right = clip.errors.wrong() == 0;
    let verdict = match (nothing, right) {
        (true, true) => "nothing heard".into(),
        (true, false) => format!("{} invented", clip.errors.insertions),
        (false, _) => percent(clip.errors.rate()),
    };
    let text = if nothing && right { "<span class=soft>(no words)</span>".into() } else { marked(&clip.difference) };
    let mut facts = vec![length(clip.audio_ms)];
    facts.extend([&clip.lang, &clip.condition].into_iter().filter(|text| !text.is_empty()).cloned());
    if clip.digits.digits > 0 {
        facts.push(format!("digits {}/{}", clip.digits.digits_right, clip.digits.digits));
    }
    for (signed, what) in [(&clip.times.start_ms, "starts"), (&clip.times.end_ms, "ends")] {
        if let Some(spread) = Spread::of(signed.clone()) {
            facts.push(format!("{what} off by {} ms", spread.median_ms));
        }
    }
    if let Some(slowest) = clip.decode_ms.iter().max() {
        facts.push(format!("decode {slowest} ms"));
    }
    format!(
        "<article class=\"box {}\"><h3>{}<span>{}</span></h3><p class=words>{text}</p><p class=soft>{}</p></article>\n",
        if right { "right" } else { "wrong" },
        escaped(&clip.file),
        escaped(&verdict),
        escaped(&facts.join(" \u{b7} ")),
    )
}

/// The words of both, differences marked. Chinese is written without spaces.
fn marked(difference: &[Difference]) -> String {
    let mut out = String::new();
    let mut before: Option<char> = None;
    for word in difference {
        let (said, heard) = (word.said.as_deref().unwrap_or_default(), word.heard.as_deref().unwrap_or_default());
        let first = said.chars().chain(heard.chars()).next();
        if before.is_some_and(|c| !is_wide(c)) || (before.is_some() && first.is_some_and(|c| !is_wide(c))) {
            out.push(' ');
        }
        before = said.chars().chain(heard.chars()).last();
        let (said, heard) = (escaped(said), escaped(heard));
        out.push_str(&match (word.is_same(), word.optional) {
            (true, _) => said,
            (false, true) => format!("<span class=optional>{said}</span>"),
            (false, false) => {
                let tagged = |tag: &str, text: &str| {
                    if text.is_empty() { text.into() } else { format!("<{tag}>{text}</{tag}>") }
                };
                tagged("del", &said) + &tagged("ins", &heard)
            }
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_cannot_become_markup() {
        let word = |said: Option<&str>, heard: Option<&str>| Difference {
            said: said.map(str::to_owned),
            heard: heard.map(str::to_owned),
            optional: false,
        };
        let nasty = [word(Some("a"), Some("<script>")), word(None, Some("\"'&")), word(Some("路"), Some("路"))];
        assert_eq!(marked(&nasty), "<del>a</del><ins>&lt;script&gt;</ins> <ins>&quot;&#39;&amp;</ins> 路");
    }
}
