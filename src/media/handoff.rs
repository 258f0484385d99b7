//! Hands events to the pipeline without ever blocking the media task.
//!
//! While the channel is full, events wait here; when this queue is full too, frames give up their sound but not
//! their time: the same length of concealed silence follows in their place.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::MediaEvent;
use crate::call::{AudioFrame, FrameKind, MediaTime};
use crate::config::limits;

/// Places for events that are not frames beyond the frames' own bound.
const EVENT_ROOM: usize = 64;
/// Milliseconds of one frame of owed silence.
const PIECE_MS: u64 = 20;

#[derive(Debug)]
enum Item {
    Event(MediaEvent),
    /// Sound that was given up.
    Owed {
        at: MediaTime,
        rate: u32,
        samples: u64,
    },
}

/// The queue between the media task and the channel.
#[derive(Debug)]
pub struct Handoff {
    channel: mpsc::Sender<MediaEvent>,
    waiting: VecDeque<Item>,
    /// Samples and events given up so far.
    pub overflow_samples: u64,
    pub overflow_events: u64,
}

impl Handoff {
    pub fn new(channel: mpsc::Sender<MediaEvent>) -> Self {
        Self { channel, waiting: VecDeque::new(), overflow_samples: 0, overflow_events: 0 }
    }

    /// Takes events in order and sends what the channel takes.
    pub fn offer(&mut self, events: &mut VecDeque<MediaEvent>) {
        for event in events.drain(..) {
            self.push(event);
        }
        self.flush();
    }

    /// Sends all that waits, waiting for room. The caller bounds the time.
    pub async fn finish(mut self) {
        while let Some(event) = next(&mut self.waiting) {
            if self.channel.send(event).await.is_err() {
                return;
            }
        }
    }

    fn push(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Frame(frame) if self.waiting.len() >= limits::FRAME_QUEUE => self.give_up(&frame),
            MediaEvent::Frame(frame) => self.waiting.push_back(Item::Event(MediaEvent::Frame(frame))),
            other if self.waiting.len() >= limits::FRAME_QUEUE + EVENT_ROOM => {
                self.overflow_events += 1;
                tracing::warn!(event = ?std::mem::discriminant(&other), "media event dropped, the call's reader is stuck");
            }
            other => self.waiting.push_back(Item::Event(other)),
        }
    }

    fn give_up(&mut self, frame: &AudioFrame) {
        let length = u64::try_from(frame.pcm.len()).unwrap_or(0);
        self.overflow_samples += length;
        metrics::counter!("heardline_media_overflow_samples_total").increment(length);
        if let Some(Item::Owed { samples, .. }) = self.waiting.back_mut() {
            *samples += length;
        } else {
            // At most one such item follows each event, and events have their own bound.
            self.waiting.push_back(Item::Owed { at: frame.at, rate: frame.rate, samples: length });
        }
    }

    fn flush(&mut self) {
        while !self.waiting.is_empty() {
            // A reserved place first: an event taken out has nowhere to go back to.
            match self.channel.try_reserve() {
                Ok(place) => match next(&mut self.waiting) {
                    Some(event) => place.send(event),
                    None => return,
                },
                Err(TrySendError::Full(())) => return,
                Err(TrySendError::Closed(())) => return self.waiting.clear(),
            }
        }
    }
}

fn next(waiting: &mut VecDeque<Item>) -> Option<MediaEvent> {
    if let Some(Item::Owed { at, rate, samples }) = waiting.front_mut() {
        let piece = MediaTime(PIECE_MS).as_samples(*rate).min(*samples);
        let pcm = vec![0; usize::try_from(piece).unwrap_or(0)];
        let frame = AudioFrame { at: *at, rate: *rate, kind: FrameKind::Concealed, pcm };
        *samples -= piece;
        *at = *at + PIECE_MS;
        if *samples == 0 {
            waiting.pop_front();
        }
        return Some(MediaEvent::Frame(frame));
    }
    match waiting.pop_front()? {
        Item::Event(event) => Some(event),
        Item::Owed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(n: u64) -> MediaEvent {
        MediaEvent::Frame(AudioFrame { at: MediaTime(n * 20), rate: 8_000, kind: FrameKind::Heard, pcm: vec![1; 160] })
    }

    #[test]
    fn a_stuck_reader_costs_sound_but_never_time_nor_key_presses() {
        let (sender, mut receiver) = mpsc::channel(10);
        let mut handoff = Handoff::new(sender);
        let total = 10 + 500 + 1_000;
        for n in 0..total {
            handoff.offer(&mut VecDeque::from([frame(n)]));
            if n == 1_200 {
                handoff.offer(&mut VecDeque::from([MediaEvent::Dtmf { digit: '#', at: MediaTime(n * 20) }]));
            }
        }
        assert!(handoff.waiting.len() <= limits::FRAME_QUEUE + EVENT_ROOM);
        let (mut at, mut concealed, mut digits) = (0, 0, 0);
        while let Ok(event) = receiver.try_recv() {
            match event {
                MediaEvent::Frame(frame) => {
                    assert_eq!(frame.at.0, at);
                    at += u64::try_from(frame.pcm.len()).unwrap() / 8;
                    concealed += u64::from(frame.kind == FrameKind::Concealed) * 160;
                }
                _ => digits += 1,
            }
            handoff.offer(&mut VecDeque::new());
        }
        assert_eq!((at, digits), (total * 20, 1));
        assert_eq!(concealed, handoff.overflow_samples);
        assert_eq!(concealed, 1_000 * 160);
    }
}
