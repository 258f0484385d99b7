//! Notices a call that is up and carries no sound of its caller, once, so that an operator hears of a dead line
//! before the callers' complaints.

use std::time::Duration;

use crate::call::NoAudio;
use crate::config::limits;

/// Samples that differ by no more than this are digital silence: the smallest steps of G.711 around zero.
const SILENT: u16 = 16;

/// The watch over one call. Times are since the session's start.
#[derive(Debug, Default)]
pub struct NoAudioWatch {
    /// Since when sound is expected.
    since: Duration,
    /// Sound was heard, or the alarm was given: nothing is left to notice.
    settled: bool,
}

impl NoAudioWatch {
    /// Takes note of decoded sound.
    pub fn heard(&mut self, pcm: &[i16]) {
        if self.settled {
            return;
        }
        let (low, high) = (pcm.iter().min(), pcm.iter().max());
        self.settled = low.zip(high).is_some_and(|(low, high)| high.abs_diff(*low) > SILENT);
    }

    /// A key press: whoever it is can be understood.
    pub fn settle(&mut self) {
        self.settled = true;
    }

    /// The call was resumed: the wait begins anew.
    pub fn resume(&mut self, now: Duration) {
        self.since = now;
    }

    /// `came`: RTP came. Call it at every tick while sound is expected.
    pub fn tick(&mut self, now: Duration, came: bool) -> Option<NoAudio> {
        let waited = now.saturating_sub(self.since);
        let alarm = match came {
            _ if self.settled => None,
            false if waited >= limits::NO_RTP_ALARM => Some(NoAudio::NoRtp),
            true if waited >= limits::SILENT_ALARM => Some(NoAudio::Silent),
            _ => None,
        };
        self.settled |= alarm.is_some();
        alarm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_line_is_told_once_by_its_reason_and_a_living_one_never() {
        let run = |came: bool, pcm: &[i16]| {
            let mut watch = NoAudioWatch::default();
            let mut told = Vec::new();
            for n in 0..3_000_u64 {
                watch.heard(pcm);
                told.extend(watch.tick(Duration::from_millis(n * 20), came).map(|why| (n * 20, why)));
            }
            told
        };
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        assert_eq!(run(false, &[]), [(ms(limits::NO_RTP_ALARM), NoAudio::NoRtp)]);
        assert_eq!(run(true, &[8; 160]), [(ms(limits::SILENT_ALARM), NoAudio::Silent)]);
        assert_eq!(run(true, &[0, 300, -20]), []);
    }
}
