//! What the events of a call come to as spans of its trace. Pure: events and the time come in, finished spans go out.

use std::collections::BTreeMap;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::call::{CallEvent, CallId, CallState, DeliveryKind, EndCause};
use crate::config::limits;
use crate::ops::clock::Clock;
use crate::ops::telemetry::traces::{CALL, Fact, Span, Traces};

/// One call whose trace is not complete.
#[derive(Default)]
struct Open {
    from: i64,
    answered: Option<i64>,
    ended: Option<i64>,
    done: Option<i64>,
    line: Option<String>,
    codec: Option<String>,
    cause: Option<EndCause>,
    utterances: u64,
}

/// Calls in order of their age.
#[derive(Default)]
pub(super) struct CallTraces(BTreeMap<CallId, Open>);

impl CallTraces {
    pub(super) fn heard(&mut self, event: &CallEvent, now: i64) -> Option<Span> {
        let id = event.call();
        // An endpoint that is down for days must not make this grow: the oldest delivery goes untold.
        if self.0.len() >= limits::OPEN_TRACES && !self.0.contains_key(&id) {
            self.0.pop_first();
        }
        let call = self.0.entry(id).or_insert_with(|| Open { from: now, ..Open::default() });
        let span =
            |name, from, facts| Span { call: id, name, from_unix_ms: from, to_unix_ms: now, facts, failed: false };
        match event {
            CallEvent::Answered { line, codec, .. } => {
                (call.answered, call.line, call.codec) = (Some(now), Some(line.clone()), Some(codec.clone()));
                Some(span("answer", call.from, vec![("heardline.codec", Fact::Text(codec.clone()))]))
            }
            CallEvent::Final { utterance, .. } => {
                call.utterances += 1;
                // From its first word, heard in real time, to its text.
                let heard = |answered: i64| answered.saturating_add_unsigned(utterance.span.start.as_millis());
                let facts = vec![
                    ("heardline.segment", Fact::Count(utterance.seq.into())),
                    ("heardline.audio_ms", Fact::Count(utterance.span.millis())),
                    ("heardline.model", Fact::Text(utterance.model.clone())),
                ];
                Some(span("recognise", call.answered.map_or(now, heard).min(now), facts))
            }
            CallEvent::State { state: CallState::Finishing, cause, .. } => {
                (call.ended, call.cause) = (Some(now), *cause);
                None
            }
            CallEvent::Draft { complete: true, .. } => {
                call.done = Some(now);
                let facts = vec![("heardline.utterances", Fact::Count(call.utterances))];
                Some(span("draft", call.ended.unwrap_or(now), facts))
            }
            CallEvent::State { state: CallState::Done, .. } => {
                let whole = span(CALL, call.from, facts(call));
                Some(whole)
            }
            CallEvent::State { state: CallState::Refused, cause, .. } => {
                call.cause = *cause;
                let refused = Span { failed: true, ..span(CALL, call.from, facts(call)) };
                self.0.remove(&id);
                Some(refused)
            }
            CallEvent::Delivery { state, kind: DeliveryKind::Draft, .. } if state != "pending" => {
                let facts = vec![("heardline.delivery", Fact::Text(state.clone()))];
                let delivered = Span { failed: state == "dead", ..span("deliver", call.done.unwrap_or(now), facts) };
                self.0.remove(&id);
                Some(delivered)
            }
            CallEvent::Erased { .. } => {
                self.0.remove(&id);
                None
            }
            CallEvent::State { .. }
            | CallEvent::Partial { .. }
            | CallEvent::Draft { .. }
            | CallEvent::Dtmf { .. }
            | CallEvent::Emergency { .. }
            | CallEvent::Delivery { .. }
            | CallEvent::Review { .. }
            | CallEvent::Transfer { .. } => None,
        }
    }
}

fn facts(call: &Open) -> Vec<(&'static str, Fact)> {
    let text = |key, value: &Option<String>| value.clone().map(|value| (key, Fact::Text(value)));
    let cause = call.cause.map(|cause| ("heardline.cause", Fact::Text(cause.as_str().into())));
    let counted = [("heardline.utterances", Fact::Count(call.utterances))];
    let named = [text("heardline.line", &call.line), text("heardline.codec", &call.codec), cause];
    named.into_iter().flatten().chain(counted).collect()
}

/// Turns events into spans until `stop`; then those that are left, and the queue is sent.
pub(super) async fn trace(
    mut events: broadcast::Receiver<CallEvent>,
    traces: Traces,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut open = CallTraces::default();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => break,
            event = events.recv() => event,
        };
        match event {
            Ok(event) => open.heard(&event, clock.unix_ms()).into_iter().for_each(|span| traces.add(span)),
            Err(RecvError::Lagged(missed)) => {
                metrics::counter!("heardline_traces_dropped_total", "reason" => "lagged").increment(missed);
            }
            Err(RecvError::Closed) => break,
        }
    }
    while let Ok(event) = events.try_recv() {
        open.heard(&event, clock.unix_ms()).into_iter().for_each(|span| traces.add(span));
    }
    traces.finish().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{MediaSpan, MediaTime, SegmentOutcome, Utterance};

    fn state(call: CallId, state: CallState, cause: Option<EndCause>) -> CallEvent {
        CallEvent::State { call, state, cause }
    }

    fn utterance() -> Utterance {
        Utterance {
            text: "a secret".into(),
            confidence: 0.5,
            ..Utterance::wordless(3, MediaSpan::new(MediaTime(2_000), MediaTime(3_500)), SegmentOutcome::Text, "nano")
        }
    }

    #[test]
    fn a_call_comes_to_one_trace_of_five_kinds_of_spans_without_a_word_of_it() {
        let (mut open, call) = (CallTraces::default(), CallId::new());
        let events = [
            (100, state(call, CallState::Ringing, None)),
            (150, CallEvent::Answered { call, line: "water".into(), codec: "pcma".into() }),
            (151, state(call, CallState::Live, None)),
            (4_000, CallEvent::Final { call, utterance: utterance() }),
            (9_000, state(call, CallState::Finishing, Some(EndCause::CallerHangup))),
            (9_400, CallEvent::Draft { call, complete: true, draft: "a secret".into() }),
            (9_401, state(call, CallState::Done, Some(EndCause::CallerHangup))),
            (9_500, CallEvent::Delivery { call, kind: DeliveryKind::Draft, state: "pending".into() }),
            (20_000, CallEvent::Delivery { call, kind: DeliveryKind::Draft, state: "delivered".into() }),
        ];
        let spans: Vec<_> = events.iter().filter_map(|(at, event)| open.heard(event, *at)).collect();
        let told: Vec<_> = spans.iter().map(|span| (span.name, span.from_unix_ms, span.to_unix_ms)).collect();
        let expected = [
            ("answer", 100, 150),
            ("recognise", 2_150, 4_000),
            ("draft", 9_000, 9_400),
            (CALL, 100, 9_401),
            ("deliver", 9_400, 20_000),
        ];
        assert_eq!(told, expected);
        let text = format!("{spans:?}");
        assert!(text.contains("caller_hangup") && text.contains("water") && !text.contains("a secret"), "{text}");
        assert!(open.0.is_empty(), "nothing is kept of a call that is over");
    }

    #[test]
    fn an_endpoint_that_never_answers_costs_bounded_memory() {
        let mut open = CallTraces::default();
        for _ in 0..limits::OPEN_TRACES + 10 {
            open.heard(&state(CallId::new(), CallState::Done, None), 1);
        }
        assert_eq!(open.0.len(), limits::OPEN_TRACES);
    }
}
