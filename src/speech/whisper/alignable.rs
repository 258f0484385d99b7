//! Passages that can be aligned. whisper.cpp finds the times of words with a median filter of seven encoder frames, and
//! ends the whole process where a passage has not more of them than that (1.8.3, `median_filter`): when the last time that
//! a model tells is 0.14 s or less (in a loop of words it may be the first one as well), or when it speaks in a rest of the
//! sound that is as short. So it is kept from doing either.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};

use whisper_rs::whisper_rs_sys::{
    whisper_context, whisper_full_get_segment_t1_from_state, whisper_full_n_segments_from_state, whisper_state,
    whisper_token_data,
};

use crate::speech::upsample::RATE;

/// Hundredths of a second that a passage has at least. A time token is two of them.
const SHORTEST: i32 = 16;
/// Of whisper.cpp's window.
const WINDOW: i32 = 3_000;

thread_local! {
    static DECODED: RefCell<Option<Passages>> = const { RefCell::new(None) };
}

/// Where one decode is, followed as whisper.cpp follows it: it does not tell.
pub(super) struct Passages {
    /// Tokens below are text.
    end_of_text: i32,
    /// The token of 0.00 s; those above it are later times.
    first_time: i32,
    vocabulary: i32,
    /// Hundredths of a second: of the sound, until this window, and from there to the next.
    end: i32,
    seek: i32,
    step: i32,
}

impl Passages {
    pub fn new(end_of_text: i32, first_time: i32, vocabulary: i32, samples: usize) -> Self {
        let end = i32::try_from(samples * 100 / RATE as usize).unwrap_or(i32::MAX);
        Self { end_of_text, first_time, vocabulary, end, seek: 0, step: 0 }
    }

    /// Before a token is chosen: `last` is the one before it in this window, `told` where the last passage ended.
    fn choose(&mut self, last: Option<i32>, told: i32, logits: &mut [f32]) {
        match last {
            None => {
                // Of a window that failed the last token was not seen here; of one without words no passage tells.
                self.seek = self.seek.saturating_add(self.step).max(told);
                self.step = WINDOW;
            }
            Some(token) if token > self.first_time => self.step = 2 * (token - self.first_time),
            Some(_) => {}
        }
        // whisper.cpp counts the last frame of the sound differently: one more to be sure.
        if self.end - self.seek <= SHORTEST {
            forbid(logits, 0..self.end_of_text);
        }
        forbid(logits, self.first_time + 1..self.first_time + SHORTEST / 2);
    }
}

fn forbid(logits: &mut [f32], tokens: std::ops::Range<i32>) {
    let range = usize::try_from(tokens.start).ok().zip(usize::try_from(tokens.end).ok());
    if let Some(logits) = range.and_then(|(start, end)| logits.get_mut(start..end)) {
        logits.fill(f32::NEG_INFINITY);
    }
}

/// Follows what is decoded on this thread until `run` is over.
pub(super) fn following<T>(passages: Passages, run: impl FnOnce() -> T) -> T {
    DECODED.set(Some(passages));
    let result = run();
    DECODED.set(None);
    result
}

/// For `whisper_full_params.logits_filter_callback`.
#[expect(unsafe_code, reason = "whisper-rs has this callback in C's form only")]
pub(super) unsafe extern "C" fn choose(
    _: *mut whisper_context,
    state: *mut whisper_state,
    tokens: *const whisper_token_data,
    count: c_int,
    logits: *mut f32,
    _: *mut c_void,
) {
    DECODED.with_borrow_mut(|passages| {
        let Some(passages) = passages else { return };
        let (count, vocabulary) =
            (usize::try_from(count).unwrap_or(0), usize::try_from(passages.vocabulary).unwrap_or(0));
        // SAFETY: whisper.cpp calls this with `count` tokens of the window, a logit for each of the vocabulary and its
        // state, all its own for the time of the call and of no other thread. Its passages are only read.
        let (last, told, logits) = unsafe {
            let last = count.checked_sub(1).map(|last| (*tokens.add(last)).id);
            let told = match whisper_full_n_segments_from_state(state) {
                0 => 0,
                passages => whisper_full_get_segment_t1_from_state(state, passages - 1),
            };
            (last, told, std::slice::from_raw_parts_mut(logits, vocabulary))
        };
        passages.choose(last, i32::try_from(told).unwrap_or(i32::MAX), logits);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: i32 = 20;

    /// Which of 10 words, an end and 30 times may come after each of these tokens.
    fn allowed(samples: usize, last: &[Option<i32>]) -> Vec<i32> {
        let mut passages = Passages::new(10, TIME, 50, samples);
        let mut logits = [0.0_f32; 50];
        for &last in last {
            logits = [0.0; 50];
            passages.choose(last, 0, &mut logits);
        }
        (0..50).filter(|&token| logits[token as usize] == 0.0).collect()
    }

    #[test]
    fn no_time_is_told_before_which_nothing_could_be_aligned() {
        let second = RATE as usize;
        for told in [&[None][..], &[None, Some(TIME), Some(3)]] {
            let now = allowed(second, told);
            assert!(now.contains(&TIME) && now.contains(&(TIME + 8)) && now.contains(&3), "{now:?}");
            assert!((1..8).all(|early| !now.contains(&(TIME + early))), "{now:?}");
        }
    }

    #[test]
    fn in_a_rest_of_the_sound_that_is_too_short_nothing_is_said() {
        let second = RATE as usize;
        let ends_at = |time: i32| [None, Some(TIME), Some(3), Some(TIME + time), None, Some(TIME)];
        // 1 s without 0.4 s is enough; of 0.5 s a tenth is left.
        assert!(allowed(second, &ends_at(20)).contains(&3));
        let rest = allowed(second / 2, &ends_at(20));
        assert!((0..10).all(|word| !rest.contains(&word)) && rest.contains(&10), "{rest:?}");
    }
}
