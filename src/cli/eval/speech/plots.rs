//! Plots as SVG elements of the page. Pure; every text is escaped.

use std::fmt::Write as _;

use crate::call::Coverage;
use crate::cli::eval::page::escaped;

/// A labelled bar; `value` is a share, 1 is the whole.
pub(super) struct Bar {
    pub label: String,
    pub value: f64,
    pub note: String,
}

const WIDTH: usize = 560;
const LABEL: usize = 130;
const NOTE: usize = 130;

/// Horizontal bars on one scale, which reaches at least 10 %.
pub(super) fn bars(rows: &[Bar]) -> String {
    const ROW: usize = 26;
    let most = rows.iter().map(|row| row.value).fold(0.1, f64::max);
    let room = (WIDTH - LABEL - NOTE) as f64;
    let mut out = open(rows.len() * ROW + 8, "Error rate by condition");
    for (at, row) in rows.iter().enumerate() {
        let (y, wide) = (at * ROW + 6, row.value / most * room);
        let middle = y + 13;
        let _infallible = write!(
            out,
            "<text class=label x=\"{}\" y=\"{middle}\">{}</text>\
             <rect class=track x=\"{LABEL}\" y=\"{y}\" width=\"{room}\" height=18 rx=3 />\
             <rect class=bar x=\"{LABEL}\" y=\"{y}\" width=\"{wide:.1}\" height=18 rx=3 />\
             <text class=note x=\"{}\" y=\"{middle}\">{}</text>",
            LABEL - 10,
            escaped(&row.label),
            WIDTH - NOTE + 10,
            escaped(&row.note),
        );
    }
    out + "</svg>"
}

/// Bins of the time errors reach this far to both sides; what lies beyond is in the outermost.
const REACH_MS: i64 = 300;
const BIN_MS: i64 = 20;
const BINS: usize = 30;

/// How many edges lie how far off: starts of words upwards, ends of words downwards.
pub(super) fn time_errors(starts: &[i64], ends: &[i64]) -> String {
    const HALF: f64 = 110.0;
    const MIDDLE: f64 = 125.0;
    let (up, down) = (binned(starts), binned(ends));
    let most = up.iter().chain(&down).copied().max().unwrap_or(0).max(1) as f64;
    let wide = (WIDTH - 40) as f64 / BINS as f64;
    let mut out = open(275, "Errors of the times of words");
    for at in 0..BINS {
        let x = 20.0 + at as f64 * wide;
        let from = at as i64 * BIN_MS - REACH_MS;
        for (bins, class, what) in [(&up, "bar", "starts"), (&down, "bar second", "ends")] {
            let count = bins.get(at).copied().unwrap_or(0);
            let high = count as f64 / most * HALF;
            let y = if class == "bar" { MIDDLE - high - 1.0 } else { MIDDLE + 1.0 };
            let _infallible = write!(
                out,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{high:.1}\">\
                 <title>{count} {what}, {from} to {} ms</title></rect>",
                x + 1.0,
                wide - 2.0,
                from + BIN_MS,
            );
        }
    }
    let _infallible = write!(out, "<line class=axis x1=20 x2=\"{}\" y1=\"{MIDDLE}\" y2=\"{MIDDLE}\" />", WIDTH - 20);
    for ms in [-300, -200, -100, 0, 100, 200, 300] {
        let x = 20.0 + (ms + REACH_MS) as f64 / BIN_MS as f64 * wide;
        let text = if ms == 0 { "0 ms".into() } else { format!("{ms:+}") };
        let _infallible = write!(
            out,
            "<line class=grid x1=\"{x:.1}\" x2=\"{x:.1}\" y1=10 y2=242 /><text class=tick x=\"{x:.1}\" y=262>{text}</text>"
        );
    }
    out + "<text class=key x=24 y=24>starts</text><text class=key x=24 y=234>ends</text></svg>"
}

fn binned(signed: &[i64]) -> [usize; BINS] {
    let mut bins = [0; BINS];
    for ms in signed {
        let at = (ms + REACH_MS).div_euclid(BIN_MS).clamp(0, BINS as i64 - 1);
        if let Some(bin) = usize::try_from(at).ok().and_then(|at| bins.get_mut(at)) {
            *bin += 1;
        }
    }
    bins
}

/// What became of the sound, as one bar. A file loses no packets, and no policy forbids to hear it.
pub(super) fn coverage(coverage: &Coverage) -> String {
    let parts = [
        (coverage.text_ms, "text", "words"),
        (coverage.silence_ms, "silence", "silence"),
        (coverage.unrecognised_ms, "unrecognised", "not recognised"),
    ];
    let total = coverage.total_ms().max(1) as f64;
    let mut out = open(64, "What became of the sound");
    let mut x = 0.0;
    for (at, (millis, class, what)) in parts.into_iter().enumerate() {
        let (wide, key) = (millis as f64 / total * WIDTH as f64, at * WIDTH / parts.len());
        let _infallible = write!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=4 width=\"{wide:.1}\" height=22 />\
             <rect class=\"{class}\" x=\"{key}\" y=44 width=12 height=12 rx=2 />\
             <text class=key x=\"{}\" y=55>{what} {:.1} s</text>",
            key + 18,
            millis as f64 / 1000.0,
        );
        x += wide;
    }
    out + "</svg>"
}

fn open(height: usize, title: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=img aria-label=\"{title}\">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_in_one_bin_and_far_ones_in_the_last() {
        let bins = binned(&[-5_000, -300, -1, 0, 19, 20, 299, 300, 9_000]);
        assert_eq!(bins.iter().sum::<usize>(), 9);
        assert_eq!((bins[0], bins[14], bins[15], bins[16], bins[BINS - 1]), (2, 1, 2, 1, 3));
    }
}
