//! What becomes of a call's audio: the recording, the endpointer's segments, the spans that were lost.

use super::Stages;
use super::partials::Partials;
use super::scribe::{Assignment, Scribe};
use crate::call::{AudioFrame, FrameKind, MediaSpan, MediaTime};
use crate::media::Recorder;
use crate::speech::{EndpointRules, Heard, Listener, SpeechSegment};

/// Everything that hears the caller.
pub(super) struct Ears {
    pub recorder: Recorder,
    pub listener: Listener,
    pub scribe: Scribe,
    pub partials: Partials,
    pub lost: Vec<MediaSpan>,
    /// End of the audio so far.
    pub now: MediaTime,
    assignment: Assignment,
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
        }
    }

    /// Recorder and endpointer get the same samples, so that boot recovery cuts the recording as it was cut live.
    pub(super) fn hear(&mut self, frame: AudioFrame) {
        let samples = u64::try_from(frame.pcm.len()).unwrap_or(u64::MAX);
        let end = frame.at + samples * 1000 / u64::from(frame.rate.max(1));
        if frame.kind == FrameKind::Concealed {
            note_lost(&mut self.lost, MediaSpan::new(frame.at, end));
        }
        self.now = end;
        let heard = self.listener.push(&frame);
        if !self.recorder.append(frame.pcm) {
            note_lost(&mut self.lost, MediaSpan::new(frame.at, end));
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

    /// The audio is complete: what is being said right now becomes a segment too.
    pub(super) fn close(&mut self) {
        let rest = self.listener.finish();
        self.take(rest);
    }

    pub(super) fn ask_for_partial(&mut self, stages: &Stages) {
        if !self.partials.due(self.now) {
            return;
        }
        let Some((span, pcm)) = self.listener.open().filter(|(span, _)| span.millis() >= Partials::FIRST_MS) else {
            return;
        };
        let segment = SpeechSegment {
            call: self.assignment.call,
            seq: self.scribe.next_seq(),
            span,
            rate: self.assignment.rate,
            pcm: pcm.to_vec(),
            languages: self.assignment.languages.clone(),
        };
        self.partials.asked(self.now, stages.speech.try_partial(segment));
    }

    fn take(&mut self, heard: Vec<Heard>) {
        for event in heard {
            if let Heard::Segment { span, pcm } = event {
                self.partials.forget();
                self.scribe.take(span, pcm);
            }
        }
    }
}

/// The spans less what of them lies within `span`.
fn without(lost: &[MediaSpan], span: MediaSpan) -> Vec<MediaSpan> {
    let around = |lost: &MediaSpan| {
        let before = MediaSpan::new(lost.start, lost.end.min(span.start));
        let after = MediaSpan::new(lost.start.max(span.end), lost.end);
        [before, after].into_iter().filter(|rest| rest.millis() > 0)
    };
    lost.iter().flat_map(around).collect()
}

/// Appends a lost span, joined to the one before it when they touch.
fn note_lost(lost: &mut Vec<MediaSpan>, span: MediaSpan) {
    match lost.last_mut() {
        Some(last) if last.end >= span.start => last.end = span.end.max(last.end),
        _ => lost.push(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_taken_back_leaves_what_lies_around_it() {
        let span = |start, end| MediaSpan::new(MediaTime(start), MediaTime(end));
        let lost = [span(0, 100), span(200, 300), span(400, 500)];
        assert_eq!(without(&lost, span(50, 420)), [span(0, 50), span(420, 500)]);
        assert_eq!(without(&lost, span(220, 240)), [span(0, 100), span(200, 220), span(240, 300), span(400, 500)]);
        assert_eq!(without(&lost, span(600, 700)), lost);
    }
}
