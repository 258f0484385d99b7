//! The caller's codecs: G.711, G.722 (ITU-T) and Opus (RFC 6716), one mono stream in each direction.

use audio_codec::{CodecType, create_decoder, create_encoder};
use opus::{Application, Channels};

use crate::call::Codec;

/// Largest Opus packet of one frame (RFC 6716 section 3.4), and most samples of one packet: 120 ms at 16 kHz.
const OPUS_PACKET: usize = 1_275;
const OPUS_SAMPLES: usize = 1_920;

pub(super) enum Encoder {
    Plain(Box<dyn audio_codec::Encoder>),
    Opus(opus::Encoder),
    /// libopus found no memory: packets are empty, and the log said so.
    Mute,
}

pub(super) enum Decoder {
    Plain(Box<dyn audio_codec::Decoder>),
    Opus(opus::Decoder),
    Deaf,
}

fn plain(codec: Codec) -> Option<CodecType> {
    match codec {
        Codec::Pcmu => Some(CodecType::PCMU),
        Codec::Pcma => Some(CodecType::PCMA),
        Codec::G722 => Some(CodecType::G722),
        Codec::Opus => None,
    }
}

impl Encoder {
    pub fn new(codec: Codec) -> Self {
        match plain(codec) {
            Some(plain) => Self::Plain(create_encoder(plain)),
            None => opus(codec.rate()).map_or_else(
                |error| {
                    tracing::error!(%error, "no Opus encoder");
                    Self::Mute
                },
                Self::Opus,
            ),
        }
    }

    /// `pcm` is one packet's time at the codec's rate.
    pub fn encode(&mut self, pcm: &[i16]) -> Vec<u8> {
        match self {
            Self::Plain(encoder) => encoder.encode(pcm),
            Self::Opus(encoder) => encoder.encode_vec(pcm, OPUS_PACKET).unwrap_or_default(),
            Self::Mute => Vec::new(),
        }
    }
}

/// With forward error correction for a line that loses one packet in ten.
fn opus(rate: u32) -> Result<opus::Encoder, opus::Error> {
    let mut encoder = opus::Encoder::new(rate, Channels::Mono, Application::Voip)?;
    encoder.set_inband_fec(true)?;
    encoder.set_packet_loss_perc(10)?;
    Ok(encoder)
}

impl Decoder {
    pub fn new(codec: Codec) -> Self {
        match plain(codec) {
            Some(plain) => Self::Plain(create_decoder(plain)),
            None => opus::Decoder::new(codec.rate(), Channels::Mono).map_or(Self::Deaf, Self::Opus),
        }
    }

    /// Samples at the codec's rate; none of a damaged packet.
    pub fn decode(&mut self, payload: &[u8]) -> Vec<i16> {
        match self {
            Self::Plain(decoder) => decoder.decode(payload),
            Self::Opus(decoder) => {
                let mut pcm = vec![0; OPUS_SAMPLES];
                let made = decoder.decode(payload, &mut pcm, false).unwrap_or(0);
                pcm.truncate(made);
                pcm
            }
            Self::Deaf => Vec::new(),
        }
    }
}
