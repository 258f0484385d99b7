//! What became of every millisecond of caller audio. Pure.

use super::skipped::skipped;
use crate::call::{Coverage, CoverageKind, LostCause, LostSpan, MediaSpan, MediaTime, SegmentOutcome, Utterance};

/// From the strongest to the weakest; silence is what nothing else claims.
const PRECEDENCE: [CoverageKind; 6] = [
    CoverageKind::NotRecordedByPolicy,
    CoverageKind::Lost(LostCause::Interrupted),
    CoverageKind::Lost(LostCause::Recorder),
    CoverageKind::Lost(LostCause::Line),
    CoverageKind::Unrecognised,
    CoverageKind::Text,
];

/// Gives every millisecond of `0..total` exactly one kind; the spans touch each other and the sums equal `total`.
pub fn ledger(
    total: MediaTime,
    utterances: &[Utterance],
    lost: &[LostSpan],
    not_recorded: Option<MediaSpan>,
) -> (Coverage, Vec<(MediaSpan, CoverageKind)>) {
    let mut edges: Vec<(MediaTime, usize, i32)> = Vec::new();
    let mut claim = |span: MediaSpan, kind: CoverageKind| {
        let rank = PRECEDENCE.iter().position(|k| *k == kind);
        let (start, end) = (span.start.min(total), span.end.min(total));
        if let (Some(rank), true) = (rank, start < end) {
            edges.push((start, rank, 1));
            edges.push((end, rank, -1));
        }
    };
    not_recorded.into_iter().for_each(|span| claim(span, CoverageKind::NotRecordedByPolicy));
    lost.iter().for_each(|lost| claim(lost.span, CoverageKind::Lost(lost.cause)));
    for utterance in utterances {
        match utterance.outcome {
            SegmentOutcome::Text => {
                claim(utterance.span, CoverageKind::Text);
                let Utterance { words, alignment, voiced, span, .. } = utterance;
                let unwritten = skipped(words, *alignment, voiced, *span);
                unwritten.into_iter().for_each(|gap| claim(gap, CoverageKind::Unrecognised));
            }
            SegmentOutcome::Unrecognised => claim(utterance.span, CoverageKind::Unrecognised),
            SegmentOutcome::NoSpeech => {}
        }
    }
    edges.sort_unstable();
    sweep(total, &edges)
}

fn sweep(total: MediaTime, edges: &[(MediaTime, usize, i32)]) -> (Coverage, Vec<(MediaSpan, CoverageKind)>) {
    let mut sums = Coverage::default();
    let mut spans: Vec<(MediaSpan, CoverageKind)> = Vec::new();
    let mut active = [0i32; PRECEDENCE.len()];
    let mut from = MediaTime::ZERO;
    let mut close = |from: MediaTime, to: MediaTime, active: &[i32]| {
        if from == to {
            return;
        }
        let kind = PRECEDENCE.iter().zip(active).find(|(_, n)| **n > 0).map_or(CoverageKind::Silence, |(k, _)| *k);
        sums.add(kind, to - from);
        match spans.last_mut() {
            Some((last, same)) if *same == kind => last.end = to,
            _ => spans.push((MediaSpan::new(from, to), kind)),
        }
    };
    for (at, rank, change) in edges {
        close(from, *at, &active);
        active[*rank] += change;
        from = *at;
    }
    close(from, total, &active);
    (sums, spans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Word;
    use CoverageKind::{NotRecordedByPolicy, Silence, Text, Unrecognised};
    use rand::{Rng, SeedableRng};

    fn span(start: u64, end: u64) -> MediaSpan {
        MediaSpan::new(MediaTime(start), MediaTime(end))
    }

    fn heard(seq: u32, at: MediaSpan, outcome: SegmentOutcome, words: &[MediaSpan]) -> Utterance {
        let words = words.iter().map(|s| Word::new("x", *s, 1.0)).collect();
        Utterance { words, ..Utterance::wordless(seq, at, outcome, "m") }
    }

    #[test]
    fn the_stronger_claim_wins_and_the_rest_is_silence() {
        let utterances = [
            heard(0, span(1_000, 3_000), SegmentOutcome::Text, &[span(1_100, 2_900)]),
            heard(1, span(4_000, 5_000), SegmentOutcome::Unrecognised, &[]),
            heard(2, span(6_000, 7_000), SegmentOutcome::NoSpeech, &[]),
        ];
        let (sums, spans) = ledger(
            MediaTime(8_000),
            &utterances,
            &[LostSpan { span: span(2_500, 4_500), cause: LostCause::Recorder }],
            Some(span(0, 1_500)),
        );
        assert_eq!(
            spans,
            [
                (span(0, 1_500), NotRecordedByPolicy),
                (span(1_500, 2_500), Text),
                (span(2_500, 4_500), CoverageKind::Lost(LostCause::Recorder)),
                (span(4_500, 5_000), Unrecognised),
                (span(5_000, 8_000), Silence),
            ]
        );
        assert_eq!((sums.total_ms(), sums.lost_ms, sums.lost_recorder_ms), (8_000, 2_000, 2_000));
    }

    #[test]
    fn speech_that_the_text_skips_is_entered_as_unrecognised() {
        let skipping = heard(0, span(0, 20_000), SegmentOutcome::Text, &[span(100, 2_000), span(2_400, 4_000)]);
        let (_, spans) = ledger(MediaTime(20_000), &[skipping], &[], None);
        assert_eq!(spans, [(span(0, 4_000), Text), (span(4_000, 20_000), Unrecognised)]);
    }

    #[test]
    fn every_millisecond_is_counted_once_whatever_is_claimed() {
        let seed: u64 = 20_261_123;
        println!("seed {seed}");
        let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
        for _ in 0..300 {
            let mut any = || {
                let start = rng.random_range(0..12_000);
                span(start, start + rng.random_range(0..4_000))
            };
            let outcomes = [SegmentOutcome::Text, SegmentOutcome::NoSpeech, SegmentOutcome::Unrecognised];
            let utterances: Vec<_> = (0..6).map(|n| heard(n, any(), outcomes[n as usize % 3], &[])).collect();
            let lost = [LostCause::Line, LostCause::Recorder, LostCause::Interrupted]
                .map(|cause| LostSpan { span: any(), cause });
            let total = MediaTime(10_000);
            let (sums, spans) = ledger(total, &utterances, &lost, Some(any()));
            assert_eq!(sums.total_ms(), 10_000);
            assert_eq!(sums.lost_ms, sums.lost_line_ms + sums.lost_recorder_ms + sums.lost_interrupted_ms);
            assert_eq!(spans.first().map(|s| s.0.start), Some(MediaTime::ZERO));
            assert_eq!(spans.last().map(|s| s.0.end), Some(total));
            assert!(spans.windows(2).all(|w| w[0].0.end == w[1].0.start && w[0].1 != w[1].1));
        }
        assert_eq!(ledger(MediaTime::ZERO, &[], &[], None).1, []);
    }
}
