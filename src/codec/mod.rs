//! Sound to payloads and back: G.711, G.722 and Opus, each with the state its stream needs.
//!
//! Open to every stage; the only place that names the libraries. A [`Decoder`] gives PCM at the rate its call is
//! recorded at, whatever the codec's own rate, so that a change of codec in mid-call changes nothing downstream.

mod decode;
mod encode;
mod halfband;

pub use decode::{BadPayload, Decoder};
pub use encode::Encoder;

use crate::call::Codec;

/// Longest sound of one packet: what Opus allows (RFC 6716 section 3.2.5). Phones go to 60 ms.
pub const MAX_PACKET_MS: u32 = 120;
/// A G.711 or G.722 payload has eight bytes a millisecond (RFC 3551 table 1).
const BYTES_PER_MS: usize = 8;
/// RTP clock of Opus.
const OPUS_CLOCK: u32 = 48_000;

/// How long the sound of a payload is, in RTP clock units ([`Codec::clock`]), told without decoding it. `None`: no
/// payload of this codec, or one longer than [`MAX_PACKET_MS`].
pub fn duration(codec: Codec, payload: &[u8]) -> Option<u32> {
    match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => {
            let longest = usize::try_from(MAX_PACKET_MS).ok()? * BYTES_PER_MS;
            u32::try_from(payload.len()).ok().filter(|&length| length > 0 && payload.len() <= longest)
        }
        Codec::Opus => {
            let samples = opus::packet::get_nb_samples(payload, OPUS_CLOCK).ok()?;
            u32::try_from(samples).ok().filter(|&n| n > 0 && n <= MAX_PACKET_MS * (OPUS_CLOCK / 1_000))
        }
    }
}

/// Whether this packet says "silence from here on": Opus in discontinuous transmission sends at most two bytes
/// (libopus, `opus_encode`). The codecs without such a packet use comfort noise (RFC 3389).
pub fn is_untransmitted(codec: Codec, payload: &[u8]) -> bool {
    codec == Codec::Opus && (1..=2).contains(&payload.len())
}

/// The packet time we send for the one the peer prefers: the longest we and the codec know that is not longer,
/// at least 10 ms.
pub fn packet_ms(codec: Codec, wanted: u32) -> u32 {
    let known: &[u32] = match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => &[10, 20, 30, 40, 60],
        Codec::Opus => &[10, 20, 40, 60],
    };
    known.iter().copied().filter(|&ms| ms <= wanted).max().unwrap_or(10)
}

#[cfg(test)]
mod tests;
