//! What becomes of a call's audio: the recording, the endpointer's segments, the spans that were lost.

use super::follow_up::Understood;
use super::partials::Partials;
use super::scribe::{Assignment, Scribe};
use crate::call::{AudioFrame, FrameKind, LostCause, LostSpan, MediaSpan, MediaTime};
use crate::media::Recorder;
use crate::speech::{Cut, EndpointRules, Foreseen, Heard, Listener, SpeechPool, SpeechSegment};

/// Everything that hears the caller.
pub(super) struct Ears {
    pub recorder: Recorder,
    pub listener: Listener,
    pub scribe: Scribe,
    pub partials: Partials,
    pub lost: Vec<LostSpan>,
    /// End of the audio so far.
    pub now: MediaTime,
    assignment: Assignment,
    /// The segment that ends here if the pause goes on, and its decode if a worker was idle.
    foreseen: Option<(MediaSpan, Option<Foreseen>)>,
}

impl Ears {
    pub(super) fn new(recorder: Recorder, scribe: Scribe, assignment: Assignment) -> Self {
        Self {
            recorder,
            listener: Listener::new(assignment.rate, EndpointRules::default()),
            scribe,
            partials: Partials::default(),
            lost: Vec::new(),
            now: MediaTime::ZERO,
            assignment,
            foreseen: None,
        }
    }

    /// Recorder and endpointer get the same samples, so that boot recovery cuts the recording as it was cut live.
    pub(super) fn hear(&mut self, frame: AudioFrame) {
        let samples = u64::try_from(frame.pcm.len()).unwrap_or(u64::MAX);
        let end = frame.at + samples * 1000 / u64::from(frame.rate.max(1));
        if frame.kind == FrameKind::Concealed {
            note_lost(&mut self.lost, MediaSpan::new(frame.at, end), LostCause::Line);
        }
        self.now = end;
        let heard = self.listener.push(&frame);
        if !self.recorder.append(frame.pcm) {
            note_lost(&mut self.lost, MediaSpan::new(frame.at, end), LostCause::Recorder);
        }
        self.take(heard);
    }

    /// What was told as lost proved to be a pause in which nothing was sent.
    pub(super) fn not_lost(&mut self, span: MediaSpan) {
        self.lost = without(&self.lost, span);
    }

    pub(super) fn speaking(&self) -> bool {
        self.listener.quiet_since().is_none()
    }

    /// What the live draft knows, where the caller has stopped and it is made of all they said.
    pub(super) fn understood(&self) -> Option<Understood> {
        if self.speaking() { None } else { self.scribe.understood() }
    }

    /// The audio is complete: what is being said right now becomes a segment too.
    pub(super) fn close(&mut self) {
        let rest = self.listener.finish();
        self.take(rest);
    }

    pub(super) fn ask_for_partial(&mut self, speech: &SpeechPool) {
        // In a pause nothing new was said.
        if !self.partials.due(self.now) || self.listener.ending().is_some() {
            return;
        }
        if self.listener.open_ms().is_none_or(|ms| ms < Partials::FIRST_MS) {
            return;
        }
        if let Some(cut) = self.listener.open() {
            let segment = SpeechSegment { growing: true, ..self.segment(cut) };
            self.partials.asked(self.now, speech.try_partial(segment));
        }
    }

    /// Where the caller pauses, the segment is probably over: its final begins before that is sure.
    pub(super) fn foresee(&mut self, speech: &SpeechPool) {
        let Some(span) = self.listener.ending() else { return };
        if self.foreseen.as_ref().is_some_and(|(known, _)| *known == span) {
            return;
        }
        let foreseen = self.listener.ending_cut().and_then(|cut| speech.foresee(self.segment(cut)));
        self.foreseen = Some((span, foreseen));
    }

    /// The next segment, as far as it goes.
    fn segment(&self, cut: Cut) -> SpeechSegment {
        let Assignment { call, rate, spoken, .. } = &self.assignment;
        SpeechSegment::new(*call, self.scribe.next_seq(), cut, *rate, spoken.clone()).expecting(self.scribe.language())
    }

    fn take(&mut self, heard: Vec<Heard>) {
        for event in heard {
            if let Heard::Segment(cut) = event {
                self.partials.forget();
                let foreseen = self.foreseen.take().and_then(|(_, foreseen)| foreseen);
                self.scribe.take(cut, foreseen);
            }
        }
    }
}

/// The spans less what of them lies within `span`.
fn without(lost: &[LostSpan], span: MediaSpan) -> Vec<LostSpan> {
    let around = |LostSpan { span: lost, cause }: &LostSpan| {
        let before = MediaSpan::new(lost.start, lost.end.min(span.start));
        let after = MediaSpan::new(lost.start.max(span.end), lost.end);
        let cause = *cause;
        [before, after].into_iter().filter(|rest| rest.millis() > 0).map(move |span| LostSpan { span, cause })
    };
    lost.iter().flat_map(around).collect()
}

/// Appends a lost span, joined to the one before it when they touch and were lost the same way.
fn note_lost(lost: &mut Vec<LostSpan>, span: MediaSpan, cause: LostCause) {
    match lost.last_mut() {
        Some(last) if last.span.end >= span.start && last.cause == cause => last.span.end = span.end.max(last.span.end),
        _ => lost.push(LostSpan { span, cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_taken_back_leaves_what_lies_around_it() {
        let span = |start, end| MediaSpan::new(MediaTime(start), MediaTime(end));
        let lines = |spans: &[MediaSpan]| -> Vec<LostSpan> {
            spans.iter().map(|span| LostSpan { span: *span, cause: LostCause::Line }).collect()
        };
        let lost = lines(&[span(0, 100), span(200, 300), span(400, 500)]);
        assert_eq!(without(&lost, span(50, 420)), lines(&[span(0, 50), span(420, 500)]));
        assert_eq!(
            without(&lost, span(220, 240)),
            lines(&[span(0, 100), span(200, 220), span(240, 300), span(400, 500)])
        );
        assert_eq!(without(&lost, span(600, 700)), lost);
    }
}
