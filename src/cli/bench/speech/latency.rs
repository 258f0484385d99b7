//! How long a watcher waits for words: from what is known of the sound to what the gateway tells. Pure.

use std::time::Instant;

use super::utterances::Sentence;
use crate::call::{CallEvent, MediaSpan, MediaTime, SegmentOutcome, Utterance};

/// One segment of a call, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waited {
    /// From the end of its last sentence to its words.
    pub for_final: u64,
    /// From the beginning of its first sentence to the first words shown. `None`: there were none before the final.
    pub for_partial: Option<u64>,
}

/// `begun`: when the caller's sound began; `events`: of this call, in order.
pub(super) fn waits(sentences: &[Sentence], begun: Instant, events: &[(Instant, CallEvent)]) -> Vec<Waited> {
    let mut waits = Vec::new();
    let mut seen = begun;
    for (at, event) in events {
        let CallEvent::Final { utterance, .. } = event else { continue };
        if let Some((start_ms, end_ms)) = spoken(sentences, utterance) {
            let since = |said_ms: u64, at: &Instant| {
                let took = at.saturating_duration_since(begun).as_millis();
                u64::try_from(took).unwrap_or(u64::MAX).saturating_sub(said_ms)
            };
            // Later than the segment before it and than its own speech: a guess at what is being said now.
            let shown = events.iter().find(|(shown, event)| {
                let after = shown > &seen && since(0, shown) >= start_ms;
                after && shown < at && matches!(event, CallEvent::Partial { .. })
            });
            waits.push(Waited {
                for_final: since(end_ms, at),
                for_partial: shown.map(|(shown, _)| since(start_ms, shown)),
            });
        }
        seen = *at;
    }
    waits
}

/// Beginning and end of the sentences that lie in this segment for the most part.
fn spoken(sentences: &[Sentence], utterance: &Utterance) -> Option<(u64, u64)> {
    if utterance.outcome != SegmentOutcome::Text {
        return None;
    }
    let within = sentences.iter().filter(|sentence| {
        let said = MediaSpan::new(MediaTime(sentence.start_ms), MediaTime(sentence.end_ms));
        2 * said.overlap(utterance.span) > said.millis()
    });
    within.fold(None, |times, sentence| {
        let (start, end) = times.unwrap_or((sentence.start_ms, sentence.end_ms));
        Some((start.min(sentence.start_ms), end.max(sentence.end_ms)))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::call::{CallId, Hypothesis};
    use crate::ops::clock::Clock;

    fn told(call: CallId, span: (u64, u64)) -> CallEvent {
        let span = MediaSpan::new(MediaTime(span.0), MediaTime(span.1));
        let utterance = Utterance { text: "hello".into(), ..Utterance::wordless(0, span, SegmentOutcome::Text, "m") };
        CallEvent::Final { call, utterance }
    }

    fn guessed(call: CallId) -> CallEvent {
        let hypothesis = Hypothesis { text: "hel".into(), ..Hypothesis::default() };
        CallEvent::Partial { call, at: MediaTime(0), hypothesis }
    }

    #[test]
    fn waiting_begins_with_the_speech_and_a_partial_belongs_to_the_final_after_it() {
        let call = CallId::new();
        let begun = Clock::system().instant();
        let at = |ms| begun + Duration::from_millis(ms);
        let sentence = |start_ms, end_ms| Sentence { text: String::new(), start_ms, end_ms };
        let sentences = [sentence(1_000, 2_000), sentence(4_000, 5_000), sentence(7_000, 8_000)];
        let events = [
            (at(1_900), guessed(call)),
            (at(2_600), told(call, (800, 2_200))),
            (at(5_900), told(call, (3_800, 5_200))),
            (at(8_100), guessed(call)),
            (at(9_000), told(call, (6_800, 8_200))),
        ];
        let waited = |for_final, for_partial| Waited { for_final, for_partial };
        let expected = [waited(600, Some(900)), waited(900, None), waited(1_000, Some(1_100))];
        assert_eq!(waits(&sentences, begun, &events), expected);
    }
}
