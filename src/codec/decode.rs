//! From payloads to PCM, in the order of the stream.

use std::fmt;

use audio_codec::Decoder as _;
use audio_codec::g722::G722Decoder;
use audio_codec::pcma::PcmaDecoder;
use audio_codec::pcmu::PcmuDecoder;

use super::MAX_PACKET_MS;
use super::halfband::Halfband;
use crate::call::Codec;

/// The payload is none of its codec. Its place in the stream is lost, the stream goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("payload that its codec cannot decode")]
pub struct BadPayload;

enum State {
    Pcmu,
    Pcma,
    G722(Box<G722Decoder>),
    /// Made with the first packet: about 18 KiB.
    Opus(Option<opus::Decoder>),
}

/// One stream's decoder. Feed it every payload once and in order; tell it what was lost with [`Self::conceal`].
pub struct Decoder {
    codec: Codec,
    rate: u32,
    state: State,
    bridge: Halfband,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("codec", &self.codec).field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl Decoder {
    /// `rate`: hertz of the PCM, 8,000 or 16,000. Opus is decoded straight to it; the other codecs pass a filter
    /// that adds 1 ms when it is not their own.
    pub fn new(codec: Codec, rate: u32) -> Self {
        let state = match codec {
            Codec::Pcmu => State::Pcmu,
            Codec::Pcma => State::Pcma,
            Codec::G722 => State::G722(Box::default()),
            Codec::Opus => State::Opus(None),
        };
        Self { codec, rate, state, bridge: Halfband::default() }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// PCM of one payload, mono; the channels of stereo Opus are folded into one.
    pub fn decode(&mut self, payload: &[u8]) -> Result<Vec<i16>, BadPayload> {
        let rate = self.rate;
        let decoded = match &mut self.state {
            State::Opus(state) => return decode_opus(opened(state, rate)?, payload, rate),
            State::Pcmu => filled(payload.len(), |pcm| PcmuDecoder::new().decode_into(payload, pcm).ok()),
            State::Pcma => filled(payload.len(), |pcm| PcmaDecoder::new().decode_into(payload, pcm).ok()),
            State::G722(state) => filled(payload.len() * 2, |pcm| state.decode_into(payload, pcm).ok()),
        };
        let pcm = decoded.filter(|pcm| !pcm.is_empty()).ok_or(BadPayload)?;
        Ok(match self.codec.rate().cmp(&rate) {
            std::cmp::Ordering::Less => self.bridge.up(&pcm),
            std::cmp::Ordering::Equal => pcm,
            std::cmp::Ordering::Greater => self.bridge.down(&pcm),
        })
    }

    /// What the codec itself can say about sound that was lost: up to `samples`, in whole 2.5 ms and at most
    /// [`MAX_PACKET_MS`]. With `next`, the packet that follows the loss, the end of it is taken from that packet's
    /// forward error correction (RFC 6716 section 2.1.7) where it has some; give the same packet to
    /// [`Self::decode`] afterwards. Empty for the codecs that cannot.
    pub fn conceal(&mut self, samples: usize, next: Option<&[u8]>) -> Vec<i16> {
        let rate = self.rate;
        let State::Opus(Some(state)) = &mut self.state else { return Vec::new() };
        let step = samples_of(rate, 5) / 2;
        let longest = samples_of(rate, MAX_PACKET_MS);
        let whole = samples.min(longest) / step.max(1) * step.max(1);
        if whole == 0 {
            return Vec::new();
        }
        let payload = next.unwrap_or_default();
        filled(whole, |pcm| state.decode(payload, pcm, !payload.is_empty()).ok()).unwrap_or_default()
    }
}

fn opened(state: &mut Option<opus::Decoder>, rate: u32) -> Result<&mut opus::Decoder, BadPayload> {
    if state.is_none() {
        *state = opus::Decoder::new(rate, opus::Channels::Mono).ok();
    }
    state.as_mut().ok_or(BadPayload)
}

fn decode_opus(state: &mut opus::Decoder, payload: &[u8], rate: u32) -> Result<Vec<i16>, BadPayload> {
    // An empty payload would mean "lost" to libopus.
    if payload.is_empty() {
        return Err(BadPayload);
    }
    let length = state.get_nb_samples(payload).map_err(|_| BadPayload)?;
    if length > samples_of(rate, MAX_PACKET_MS) {
        return Err(BadPayload);
    }
    filled(length, |pcm| state.decode(payload, pcm, false).ok()).ok_or(BadPayload)
}

/// A buffer of `length` that `fill` wrote to; cut to what it says.
fn filled(length: usize, fill: impl FnOnce(&mut [i16]) -> Option<usize>) -> Option<Vec<i16>> {
    let mut pcm = vec![0; length];
    let written = fill(&mut pcm)?;
    pcm.truncate(written);
    Some(pcm)
}

fn samples_of(rate: u32, millis: u32) -> usize {
    usize::try_from(rate / 1_000 * millis).unwrap_or(0)
}
