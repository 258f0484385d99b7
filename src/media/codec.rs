//! G.711 (ITU-T G.711) in both directions, straight into buffers the caller owns.

use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};

use crate::call::Codec;

/// Decodes a payload: one sample a byte.
pub fn decode(codec: Codec, payload: &[u8]) -> Vec<i16> {
    let mut pcm = vec![0; payload.len()];
    let decoded = match codec {
        Codec::Pcmu => PcmuDecoder::new().decode_into(payload, &mut pcm),
        Codec::Pcma => PcmaDecoder::new().decode_into(payload, &mut pcm),
        Codec::G722 | Codec::Opus => Ok(0),
    };
    // Both fail only on a short output buffer.
    pcm.truncate(decoded.unwrap_or(0));
    pcm
}

/// Encodes into `out`; returns the bytes written, which are as many as the shorter of both slices holds.
pub fn encode(codec: Codec, pcm: &[i16], out: &mut [u8]) -> usize {
    let length = pcm.len().min(out.len());
    let pcm = pcm.get(..length).unwrap_or(pcm);
    let encoded = match codec {
        Codec::Pcmu => PcmuEncoder::new().encode_into(pcm, out),
        Codec::Pcma => PcmaEncoder::new().encode_into(pcm, out),
        Codec::G722 | Codec::Opus => Ok(0),
    };
    encoded.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back_from_its_own_sample() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let codes: Vec<u8> = (0..=255).collect();
            let pcm = decode(codec, &codes);
            let mut back = vec![0; 256];
            assert_eq!(encode(codec, &pcm, &mut back), 256);
            for (before, after) in pcm.iter().zip(decode(codec, &back)) {
                // The A-law encoder of audio-codec 0.4 takes -8, its smallest negative step, for +8.
                assert!(
                    *before == after || (codec == Codec::Pcma && (*before, after) == (-8, 8)),
                    "{codec:?} {before}"
                );
            }
        }
    }

    #[test]
    fn silence_is_the_code_of_the_standard() {
        let mut out = [0; 2];
        assert_eq!(encode(Codec::Pcmu, &[0, 0], &mut out), 2);
        assert_eq!(out, [0xFF, 0xFF]);
        assert_eq!(encode(Codec::Pcma, &[0, 0], &mut out), 2);
        assert_eq!(out, [0xD5, 0xD5]);
    }

    #[test]
    fn encoding_stops_at_the_shorter_slice() {
        let mut out = [0; 3];
        assert_eq!(encode(Codec::Pcmu, &[1; 10], &mut out), 3);
    }
}
