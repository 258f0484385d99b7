//! What a caller says, encoded once for all the calls that say it. Pure.

use std::sync::Arc;

use crate::call::Codec;
use crate::codec::{Encoder, MAX_PACKET_MS, packet_ms};

/// Packet time unless another is asked for, milliseconds.
const PTIME_MS: u32 = 20;

/// More than any codec makes of one packet: G.711 of the longest one (RFC 3551 table 1).
const MAX_PAYLOAD: usize = 8 * MAX_PACKET_MS as usize;

/// How long the end of the speech sounds on in codecs with a memory, milliseconds.
const MEMORY_MS: u32 = 20;

/// Speech as RTP payloads of one packet time each. A load test shares one among thousands of calls.
#[derive(Debug)]
pub struct Sound {
    codec: Codec,
    ptime_ms: u32,
    /// The payloads one behind the other, and where each ends. The last one is silence, for when all is said.
    payloads: Vec<u8>,
    ends: Vec<usize>,
}

impl Sound {
    /// `pcm`: mono at [`Codec::rate`], in packets of 20 ms.
    pub fn new(pcm: &[i16], codec: Codec) -> Arc<Self> {
        Self::packed(pcm, codec, PTIME_MS)
    }

    /// In packets of `ptime_ms`, or what the codec makes nearest below; the last one is filled with silence.
    pub fn packed(pcm: &[i16], codec: Codec, ptime_ms: u32) -> Arc<Self> {
        let ptime_ms = packet_ms(codec, ptime_ms);
        let samples = usize::try_from(codec.rate() * ptime_ms / 1_000).unwrap_or(1).max(1);
        let mut encoder = Encoder::new(codec);
        let mut sound = Self { codec, ptime_ms, payloads: Vec::new(), ends: Vec::new() };
        let mut frame = vec![0; samples];
        for part in pcm.chunks(samples) {
            frame.fill(0);
            frame.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            sound.append(&mut encoder, &frame);
        }
        frame.fill(0);
        // What comes right behind the speech still carries its end in codecs with a memory.
        for _ in 0..MEMORY_MS.div_ceil(ptime_ms.max(1)) {
            encoder.encode(&frame, &mut [0; MAX_PAYLOAD]);
        }
        sound.append(&mut encoder, &frame);
        Arc::new(sound)
    }

    fn append(&mut self, encoder: &mut Encoder, frame: &[i16]) {
        let mut payload = [0; MAX_PAYLOAD];
        let length = encoder.encode(frame, &mut payload);
        self.payloads.extend_from_slice(payload.get(..length).unwrap_or_default());
        self.ends.push(self.payloads.len());
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    pub fn ptime_ms(&self) -> u32 {
        self.ptime_ms
    }

    /// Packets of speech.
    pub fn packets(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }

    /// Payload number `index`; silence beyond the speech.
    pub(super) fn payload(&self, index: usize) -> &[u8] {
        let index = index.min(self.packets());
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.payloads.get(start..end).unwrap_or_default()
    }

    /// RTP timestamp units of one packet.
    pub(super) fn step(&self) -> u32 {
        self.codec.clock() * self.ptime_ms / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Decoder;

    #[test]
    fn speech_comes_back_from_its_packets_in_every_codec_and_packet_time() {
        for codec in Codec::ALL {
            for ptime_ms in [10, 20, 40, 60] {
                let rate = i32::try_from(codec.rate()).unwrap();
                let tone = |n: i32| i16::try_from(n * 400 % rate * 16_000 / rate - 8_000).unwrap();
                let pcm: Vec<i16> = (0..rate / 2 + 1).map(tone).collect();
                let sound = Sound::packed(&pcm, codec, ptime_ms);
                let wanted = (500_usize).div_ceil(usize::try_from(ptime_ms).unwrap());
                assert!(sound.packets().abs_diff(wanted) <= 1, "{codec:?} {ptime_ms}: {}", sound.packets());
                let mut decoder = Decoder::new(codec, codec.rate());
                let heard: Vec<i16> =
                    (0..sound.packets()).flat_map(|n| decoder.decode(sound.payload(n)).unwrap()).collect();
                let frame = usize::try_from(codec.rate() * ptime_ms / 1_000).unwrap();
                assert_eq!(heard.len(), sound.packets() * frame, "{codec:?} {ptime_ms}");
                let loud = |pcm: &[i16]| pcm.iter().map(|s| u64::from(s.unsigned_abs())).sum::<u64>();
                let (said, came) = (loud(&pcm), loud(&heard));
                assert!(came > said * 8 / 10 && came < said * 12 / 10, "{codec:?} {ptime_ms}: {said} {came}");
                for _ in 0..20 {
                    decoder.decode(sound.payload(usize::MAX)).unwrap();
                }
                let silence = decoder.decode(sound.payload(usize::MAX)).unwrap();
                assert!(silence.iter().all(|s| s.unsigned_abs() < 300), "{codec:?} {ptime_ms}: silence is not silent");
            }
        }
    }

    #[test]
    fn nothing_to_say_is_silence_from_the_first_packet() {
        let sound = Sound::new(&[], Codec::Pcmu);
        assert_eq!((sound.packets(), sound.payload(0)), (0, &[0xff; 160][..]));
    }
}
