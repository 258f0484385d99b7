//! What a call's recording is painted with: decoded sound, silence, and concealment that says what it is.
//!
//! Knows how far it has come and never goes back; where a stretch belongs is [`super::timeline`]'s to say.

use std::collections::VecDeque;
use std::time::Duration;

use super::MediaStats;
use super::assemble::Assembler;
use super::conceal::Concealer;
use crate::call::{AudioFrame, Codec, FrameKind};
use crate::codec::{BadPayload, Decoder};

/// Loudest sample of what counts as quiet (about -40 dBFS), where a correction is not heard.
const QUIET: u16 = 300;

/// Decoder, concealment and frames of one call, at the one rate it is recorded at.
#[derive(Debug)]
pub struct Canvas {
    rate: u32,
    decoder: Decoder,
    concealer: Concealer,
    assembler: Assembler,
    /// The newest sound was quiet to its end.
    quiet: bool,
}

impl Canvas {
    /// `rate`: hertz. `codec`: what the first payloads are expected in.
    pub fn new(rate: u32, codec: Codec) -> Self {
        Self {
            rate,
            decoder: Decoder::new(codec, rate),
            concealer: Concealer::new(rate),
            assembler: Assembler::new(rate),
            quiet: true,
        }
    }

    pub fn codec(&self) -> Codec {
        self.decoder.codec()
    }

    pub fn turn_to(&mut self, codec: Codec) {
        self.decoder = Decoder::new(codec, self.rate);
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Kind of the newest samples.
    pub fn kind(&self) -> FrameKind {
        self.assembler.kind()
    }

    /// Position behind the last sample.
    pub fn end(&self) -> i64 {
        i64::try_from(self.assembler.end()).unwrap_or(i64::MAX)
    }

    pub fn per_ms(&self) -> i64 {
        i64::from(self.rate / 1_000).max(1)
    }

    pub fn samples(&self, time: Duration) -> i64 {
        i64::try_from(time.as_micros() * u128::from(self.rate) / 1_000_000).unwrap_or(i64::MAX)
    }

    /// RTP clock units of the codec in use as samples.
    pub fn from_clock(&self, units: i64) -> i64 {
        units.saturating_mul(i64::from(self.rate)) / i64::from(self.decoder.codec().clock())
    }

    /// Decodes a payload, less the `covered` samples of it that were filled already.
    pub fn hear(&mut self, payload: &[u8], covered: i64, out: &mut VecDeque<AudioFrame>) -> Result<(), BadPayload> {
        let mut pcm = self.decoder.decode(payload)?;
        self.quiet = pcm.iter().all(|s| s.unsigned_abs() <= QUIET);
        pcm.drain(..count(covered).min(pcm.len()));
        self.concealer.heard(&pcm);
        self.assembler.packet(FrameKind::Heard, pcm, out);
        Ok(())
    }

    /// A payload that came too late to be heard: the codec's state goes on with it.
    pub fn pass_over(&mut self, payload: &[u8]) {
        let _too_late_to_matter = self.decoder.decode(payload);
    }

    /// Fills with silence or concealment.
    pub fn fill(&mut self, kind: FrameKind, samples: i64, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        let samples = count(samples);
        if samples == 0 {
            return;
        }
        if kind == FrameKind::Concealed {
            let sound = self.concealer.fill(samples, &mut self.decoder);
            self.conceal(samples, sound, stats, out);
        } else {
            self.concealer.silence();
            self.assembler.fill(kind, samples, || 0, out);
        }
    }

    /// Conceals what was lost right before the packet `next`, whose sound is `length` samples.
    pub fn mend(
        &mut self,
        lost: i64,
        length: i64,
        next: &[u8],
        stats: &mut MediaStats,
        out: &mut VecDeque<AudioFrame>,
    ) {
        let mended = self.concealer.mendable(count(lost), count(length), &self.decoder);
        self.fill(FrameKind::Concealed, lost - i64::try_from(mended).unwrap_or(0), stats, out);
        if mended > 0 {
            let sound = self.decoder.conceal(mended, Some(next));
            self.conceal(mended, sound, stats, out);
        }
    }

    /// Silence was announced: a loss after it is silent.
    pub fn silence(&mut self) {
        self.concealer.silence();
    }

    /// Lets out what is pending.
    pub fn finish(&mut self, out: &mut VecDeque<AudioFrame>) {
        self.assembler.finish(out);
    }

    fn conceal(&mut self, samples: usize, sound: Vec<i16>, stats: &mut MediaStats, out: &mut VecDeque<AudioFrame>) {
        let mut sound = sound.into_iter();
        self.assembler.fill(FrameKind::Concealed, samples, || sound.next().unwrap_or(0), out);
        stats.concealed_samples += u64::try_from(samples).unwrap_or(0);
    }
}

/// None when negative.
fn count(samples: i64) -> usize {
    usize::try_from(samples).unwrap_or(0)
}
