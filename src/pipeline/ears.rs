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

/// Appends a lost span, joined to the one before it when they touch.
fn note_lost(lost: &mut Vec<MediaSpan>, span: MediaSpan) {
    match lost.last_mut() {
        Some(last) if last.end >= span.start => last.end = span.end.max(last.end),
        _ => lost.push(span),
    }
}
