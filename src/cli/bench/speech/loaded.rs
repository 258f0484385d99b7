//! What came of a load, as figures.

use std::fmt;

use serde::Serialize;

use super::super::Figure;
use super::latency::Waited;
use super::load::{Load, Made};
use crate::call::Utterance;
use crate::cli::call::percentile;
use crate::cli::eval::score::Errors;

#[derive(Serialize)]
pub(super) struct Loaded {
    pub model: &'static str,
    pub calls: usize,
    pub workers: usize,
    pub refused: usize,
    pub reason: Option<String>,
    pub segments: usize,
    pub final_ms_p50: u64,
    pub final_ms_p95: u64,
    pub first_partial_ms_p50: u64,
    pub first_partial_ms_p95: u64,
    /// Segments of which nothing was shown before they were final.
    pub without_partial: usize,
    pub partials_shed: u64,
    /// Segments decoded again with the whole window.
    pub second_tries: u64,
    /// What an unhurried decode of the recordings writes, and how much of it is not what the calls' transcripts say.
    pub words: usize,
    pub words_lost: usize,
    /// Sound that the ledgers declare lost.
    pub ledger_lost_ms: u64,
    /// From the last hang-up until every call was a draft.
    pub backlog_ms: u64,
}

impl Loaded {
    pub fn of(load: &Load, made: &[Made]) -> Self {
        let mut reasons = made.iter().filter_map(|made| made.refused.clone());
        let reason = reasons.next();
        Self {
            model: load.model,
            calls: load.calls,
            workers: load.workers,
            refused: reasons.count() + usize::from(reason.is_some()),
            reason,
            segments: 0,
            final_ms_p50: 0,
            final_ms_p95: 0,
            first_partial_ms_p50: 0,
            first_partial_ms_p95: 0,
            without_partial: 0,
            partials_shed: 0,
            second_tries: 0,
            words: 0,
            words_lost: 0,
            ledger_lost_ms: 0,
            backlog_ms: 0,
        }
    }

    pub fn compare(&mut self, unhurried: &[Utterance], written: &[Utterance]) {
        for expected in unhurried {
            let found = written.iter().find(|one| one.span == expected.span).map_or("", |one| one.text.as_str());
            let errors = Errors::between(&expected.text, found);
            self.words += errors.reference;
            self.words_lost += errors.wrong();
        }
    }

    pub fn summarise(&mut self, waited: &[Waited]) {
        let mut finals: Vec<u64> = waited.iter().map(|one| one.for_final).collect();
        let mut partials: Vec<u64> = waited.iter().filter_map(|one| one.for_partial).collect();
        finals.sort_unstable();
        partials.sort_unstable();
        self.segments = finals.len();
        self.without_partial = finals.len() - partials.len();
        (self.final_ms_p50, self.final_ms_p95) = (percentile(&finals, 50), percentile(&finals, 95));
        (self.first_partial_ms_p50, self.first_partial_ms_p95) = (percentile(&partials, 50), percentile(&partials, 95));
    }
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, calls, workers, refused, segments, final_ms_p50, final_ms_p95, .. } = self;
        let Self { first_partial_ms_p50, first_partial_ms_p95, without_partial, partials_shed, .. } = self;
        let Self { second_tries, words, words_lost, ledger_lost_ms, backlog_ms, .. } = self;
        writeln!(f, "{model}, {calls} calls at once on {workers} workers: {refused} refused, {segments} segments")?;
        writeln!(f, "  final after end of speech      p50 {final_ms_p50:6} ms  p95 {final_ms_p95:6} ms")?;
        writeln!(
            f,
            "  partial after start of speech  p50 {first_partial_ms_p50:6} ms  p95 {first_partial_ms_p95:6} ms  \
             {without_partial} segments had none, {partials_shed} shed"
        )?;
        writeln!(
            f,
            "  {words_lost} of {words} words lost, {ledger_lost_ms} ms of sound lost, {second_tries} segments tried twice"
        )?;
        writeln!(f, "  drafts of all {backlog_ms} ms after the last hang-up")
    }
}

/// Figures of the loads that the workers can carry, and of the last one, which they cannot.
pub(super) fn figures(loads: &[Loaded]) -> Vec<Figure> {
    let Some((too_much, carried)) = loads.split_last() else { return Vec::new() };
    carried.iter().flat_map(Loaded::waiting).chain(too_much.overloaded()).collect()
}

impl Loaded {
    fn note(&self) -> String {
        format!("{}, {} calls at once, {} workers", self.model, self.calls, self.workers)
    }

    fn waiting(&self) -> Vec<Figure> {
        let seconds = |name, millis: u64| Figure {
            name,
            value: millis as f64 / 1_000.0,
            unit: "s",
            landing: 1.5,
            goal: 1.0,
            note: self.note(),
        };
        let mut figures = vec![seconds("final after end of speech, p95", self.final_ms_p95)];
        // Without any there is no time to tell; how many segments had none stands with the load.
        if self.without_partial < self.segments {
            figures.push(seconds("first partial after its start, p95", self.first_partial_ms_p95));
        }
        figures
    }

    fn overloaded(&self) -> [Figure; 2] {
        let count =
            |name, value: usize, unit, note| Figure { name, value: value as f64, unit, landing: 0.0, goal: 0.0, note };
        let cleared = self.backlog_ms as f64 / 1_000.0;
        let (words, shed) = (self.words, self.partials_shed);
        let lost = format!("of {words}; {shed} partials shed; all drafts {cleared:.1} s after the last hang-up");
        [
            count("calls refused under overload", self.refused, "calls", self.note()),
            count("words lost under overload", self.words_lost, "words", lost),
        ]
    }
}
