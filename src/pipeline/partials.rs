//! Words while the caller still speaks: at most one hypothesis under way a call, asked for as often as there is room.

use tokio::sync::oneshot;

use crate::call::{Hypothesis, MediaTime, Unheard};
use crate::speech::StablePrefix;

/// When to ask again. Each hypothesis is a decode of all that was said since the last pause, so asking follows load:
/// less often after one was shed, and never for more than a third of a recogniser's time. The first words of a segment
/// go before more words of others: until they are shown, a hypothesis that was shed is asked for again soon. Pure.
#[derive(Debug, PartialEq)]
struct Pace {
    next_at: MediaTime,
    /// Between two hypotheses of one segment.
    every_ms: u64,
    /// The one under way, or just answered.
    asked_at: MediaTime,
    /// Of this segment.
    asked: u32,
    answered: u32,
}

impl Pace {
    /// Two hypotheses that agree are needed to show a word, so the second one comes soon.
    const SECOND_AFTER_MS: u64 = 300;
    const TO_BE_SHOWN: u32 = 2;
    /// To be shed costs nothing but the asking.
    const FIRST_AGAIN_MS: u64 = 200;
    const FASTEST_MS: u64 = 600;
    const SLOWEST_MS: u64 = 5_000;

    fn asked(&mut self, now: MediaTime) {
        self.asked_at = now;
        self.asked += 1;
        self.next_at = now + if self.asked == 1 { Self::SECOND_AFTER_MS } else { self.every_ms };
    }

    fn shed(&mut self, now: MediaTime) {
        self.every_ms = (self.every_ms * 2).min(Self::SLOWEST_MS);
        let shown = self.answered >= Self::TO_BE_SHOWN;
        self.next_at = now + if shown { self.every_ms } else { Self::FIRST_AGAIN_MS };
    }

    fn answered(&mut self, now: MediaTime) {
        self.answered += 1;
        let took = now - self.asked_at;
        self.every_ms = (self.every_ms * 3 / 4).max(2 * took).clamp(Self::FASTEST_MS, Self::SLOWEST_MS);
        self.next_at = self.next_at.max(now + 2 * took);
    }

    /// The next segment begins; what was learned about load stays.
    fn renew(&mut self) {
        (self.asked, self.answered) = (0, 0);
        self.next_at = MediaTime::ZERO;
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self { next_at: MediaTime::ZERO, every_ms: Self::FASTEST_MS, asked_at: MediaTime::ZERO, asked: 0, answered: 0 }
    }
}

#[derive(Default)]
pub(super) struct Partials {
    pending: Option<oneshot::Receiver<Result<Hypothesis, Unheard>>>,
    prefix: StablePrefix,
    pace: Pace,
    /// The pace has not seen the last answer yet.
    fresh: Option<Answer>,
}

#[derive(Clone, Copy)]
enum Answer {
    Came,
    /// A finished segment needed the worker.
    Shed,
}

impl Partials {
    /// Speech shorter than this gives no usable hypothesis.
    pub(super) const FIRST_MS: u64 = 500;

    pub(super) fn due(&mut self, now: MediaTime) -> bool {
        match self.fresh.take() {
            Some(Answer::Came) => self.pace.answered(now),
            Some(Answer::Shed) => self.pace.shed(now),
            None => {}
        }
        self.pending.is_none() && now >= self.pace.next_at
    }

    /// `None`: it was shed at once.
    pub(super) fn asked(&mut self, now: MediaTime, pending: Option<oneshot::Receiver<Result<Hypothesis, Unheard>>>) {
        match pending {
            Some(_) => self.pace.asked(now),
            None => self.pace.shed(now),
        }
        self.pending = pending;
    }

    /// The segment was closed: its final replaces what was guessed.
    pub(super) fn forget(&mut self) {
        self.pending = None;
        self.fresh = None;
        self.prefix = StablePrefix::default();
        self.pace.renew();
    }

    /// The part of the next hypothesis that may be shown; pends while none is under way.
    pub(super) async fn next(&mut self) -> Option<Hypothesis> {
        match &mut self.pending {
            Some(pending) => {
                let hypothesis = pending.await.ok().and_then(Result::ok);
                self.pending = None;
                self.fresh = Some(if hypothesis.is_some() { Answer::Came } else { Answer::Shed });
                hypothesis.and_then(|hypothesis| self.prefix.push(hypothesis))
            }
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(pace: &mut Pace, at: u64, took: u64) -> u64 {
        pace.asked(MediaTime(at));
        pace.answered(MediaTime(at + took));
        pace.next_at.0
    }

    #[test]
    fn the_second_hypothesis_comes_soon_and_the_others_at_the_pace() {
        let mut pace = Pace::default();
        assert_eq!(round(&mut pace, 1_000, 40), 1_300);
        assert_eq!(round(&mut pace, 1_300, 40), 1_900);
        pace.renew();
        assert_eq!(round(&mut pace, 5_000, 40), 5_300);
    }

    #[test]
    fn a_busy_recogniser_is_asked_less_often_and_a_free_one_more_often_again() {
        let mut pace = Pace::default();
        round(&mut pace, 0, 40);
        round(&mut pace, 300, 40);
        for _ in 0..4 {
            pace.shed(MediaTime(0));
        }
        assert_eq!((pace.every_ms, pace.next_at.0), (Pace::SLOWEST_MS, Pace::SLOWEST_MS));
        for n in 0..20 {
            round(&mut pace, 10_000 * n, 100);
        }
        assert_eq!(pace.every_ms, Pace::FASTEST_MS);
    }

    #[test]
    fn the_first_words_of_a_segment_are_asked_for_again_soon_and_more_words_when_there_is_room() {
        let mut pace = Pace::default();
        pace.shed(MediaTime(0));
        assert_eq!(pace.next_at, MediaTime(200));
        round(&mut pace, 200, 40);
        pace.shed(MediaTime(500));
        assert_eq!(pace.next_at, MediaTime(700));
        round(&mut pace, 700, 40);
        pace.shed(MediaTime(2_000));
        assert!(pace.next_at >= MediaTime(3_000), "{pace:?}");
        pace.renew();
        pace.shed(MediaTime(9_000));
        assert_eq!(pace.next_at, MediaTime(9_200));
    }

    #[test]
    fn a_slow_recogniser_is_left_two_thirds_of_its_time() {
        let mut pace = Pace::default();
        assert_eq!(round(&mut pace, 0, 900), 2_700);
        assert_eq!(pace.every_ms, 1_800);
    }
}
