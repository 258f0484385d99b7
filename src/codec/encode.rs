//! From PCM to payloads.

use std::fmt;

use audio_codec::Encoder as _;
use audio_codec::g722::G722Encoder;
use audio_codec::pcma::PcmaEncoder;
use audio_codec::pcmu::PcmuEncoder;

use crate::call::Codec;

/// Plain speech at 16 kHz with room for error correction (RFC 7587 section 3.1.1 recommends 16 to 20 without).
const OPUS_BITS_PER_SECOND: i32 = 24_000;
/// The loss that error correction is laid out for, percent.
const OPUS_EXPECTED_LOSS: i32 = 10;
/// Of 10: telephone prompts gain nothing above, and what is not a prompt kept encoded costs its share of a core. Below 2
/// the encoder leaves out the upper band.
const OPUS_COMPLEXITY: i32 = 5;

enum State {
    Pcmu,
    Pcma,
    G722(Box<G722Encoder>),
    /// Made with the first packet: about 30 KiB.
    Opus(Option<opus::Encoder>),
}

/// One stream's encoder; its PCM is mono at [`Codec::rate`].
pub struct Encoder {
    codec: Codec,
    state: State,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("codec", &self.codec).finish_non_exhaustive()
    }
}

impl Encoder {
    pub fn new(codec: Codec) -> Self {
        let state = match codec {
            Codec::Pcmu => State::Pcmu,
            Codec::Pcma => State::Pcma,
            Codec::G722 => State::G722(Box::default()),
            Codec::Opus => State::Opus(None),
        };
        Self { codec, state }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Encodes one packet into `out` and returns its length; zero when it cannot be (`out` too short, or a length
    /// that Opus does not know: it takes 10, 20, 40 and 60 ms).
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> usize {
        match &mut self.state {
            State::Pcmu => PcmuEncoder::new().encode_into(pcm, out).unwrap_or(0),
            State::Pcma => PcmaEncoder::new().encode_into(pcm, out).unwrap_or(0),
            State::G722(state) => state.encode_into(pcm, out).unwrap_or(0),
            State::Opus(state) => {
                if state.is_none() {
                    *state = opened().inspect_err(|error| tracing::error!(%error, "no Opus encoder")).ok();
                }
                state.as_mut().and_then(|encoder| encoder.encode(pcm, out).ok()).unwrap_or(0)
            }
        }
    }
}

fn opened() -> Result<opus::Encoder, opus::Error> {
    let mut encoder = opus::Encoder::new(Codec::Opus.rate(), opus::Channels::Mono, opus::Application::Voip)?;
    encoder.set_bitrate(opus::Bitrate::Bits(OPUS_BITS_PER_SECOND))?;
    encoder.set_inband_fec(true)?;
    encoder.set_packet_loss_perc(OPUS_EXPECTED_LOSS)?;
    encoder.set_complexity(OPUS_COMPLEXITY)?;
    encoder.set_signal(opus::Signal::Voice)?;
    // Discontinuous transmission stays off: the path through NAT and session border controllers is kept open.
    encoder.set_dtx(false)?;
    Ok(encoder)
}
