//! What the caller hears, placed by RTP timestamp. Pure.

use bytes::Bytes;
use rtc_rtp::Packet;
use rtc_shared::marshal::Unmarshal;

use super::Formats;
use crate::call::Codec;
use crate::codec::Decoder;

/// Most that is kept: 35 minutes at 16 kHz (a call is ended after 30), 67 MB.
const MOST_SAMPLES: usize = 35 * 60 * 16_000;

/// The receiving side of one RTP stream.
#[derive(Debug)]
pub(in crate::ingress) struct Heard {
    codec: Codec,
    payload_type: u8,
    /// Only when the sound is kept.
    decoder: Option<Decoder>,
    anchor: Option<Anchor>,
    pcm: Vec<i16>,
    packets: u64,
}

/// The timestamp of the stream `ssrc` that stands at sample `at`.
#[derive(Debug)]
struct Anchor {
    ssrc: u32,
    timestamp: u32,
    at: usize,
}

impl Heard {
    pub fn new(formats: Formats, record: bool) -> Self {
        Self {
            codec: formats.codec,
            payload_type: formats.payload_type,
            decoder: record.then(|| Decoder::new(formats.codec, formats.codec.rate())),
            anchor: None,
            pcm: Vec::new(),
            packets: 0,
        }
    }

    /// Takes one datagram; what is no RTP packet of the agreed codec is passed over.
    pub fn datagram(&mut self, datagram: &[u8]) {
        if self.decoder.is_none() {
            // A load test hears nothing, so that it costs little.
            self.packets += u64::from(is_of(datagram, self.payload_type));
            return;
        }
        if let Ok(packet) = Packet::unmarshal(&mut Bytes::copy_from_slice(datagram)) {
            self.packet(&packet);
        }
    }

    /// Takes one packet that was read already.
    pub fn packet(&mut self, packet: &Packet) {
        if packet.header.version != 2 || packet.header.payload_type != self.payload_type {
            return;
        }
        self.packets += 1;
        let Some(decoder) = &mut self.decoder else { return };
        let Ok(samples) = decoder.decode(&packet.payload) else { return };
        let Some(at) = self.place(packet.header.ssrc, packet.header.timestamp) else { return };
        let Some(end) = at.checked_add(samples.len()).filter(|end| *end <= MOST_SAMPLES) else { return };
        if self.pcm.len() < end {
            self.pcm.resize(end, 0);
        }
        if let Some(place) = self.pcm.get_mut(at..end) {
            place.copy_from_slice(&samples);
        }
    }

    /// Sample number of a timestamp. A new stream continues where the old one ended.
    fn place(&mut self, ssrc: u32, timestamp: u32) -> Option<usize> {
        let anchor = match &self.anchor {
            Some(anchor) if anchor.ssrc == ssrc => anchor,
            _ => self.anchor.insert(Anchor { ssrc, timestamp, at: self.pcm.len() }),
        };
        let after = timestamp.wrapping_sub(anchor.timestamp);
        // Half of the number circle is the past: a packet from before the first one has no place.
        let samples = u64::from(after) * u64::from(self.codec.rate()) / u64::from(self.codec.clock());
        (after < u32::MAX / 2).then(|| usize::try_from(samples).ok()).flatten()?.checked_add(anchor.at)
    }

    /// Packets of the agreed codec, and the sound.
    pub fn finish(self) -> (u64, Vec<i16>) {
        (self.packets, self.pcm)
    }
}

/// An RTP packet (version 2) of this payload type.
fn is_of(datagram: &[u8], payload_type: u8) -> bool {
    matches!(datagram, [first, second, ..] if first >> 6 == 2 && second & 0x7f == payload_type && datagram.len() >= 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard() -> Heard {
        Heard::new(Formats { codec: Codec::Pcma, payload_type: 8, keys: None }, true)
    }

    fn packet(ssrc: u32, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![0x80, 8, 0, 0];
        out.extend(timestamp.to_be_bytes());
        out.extend(ssrc.to_be_bytes());
        out.extend(payload);
        out
    }

    #[test]
    fn late_and_swapped_packets_land_where_they_belong_and_gaps_are_silence() {
        let mut heard = heard();
        let start = u32::MAX - 159;
        heard.datagram(&packet(1, start, &[0x55; 160]));
        heard.datagram(&packet(1, start.wrapping_add(480), &[0x55; 160]));
        heard.datagram(&packet(1, start.wrapping_add(160), &[0x55; 160]));
        heard.datagram(&packet(1, start.wrapping_sub(160), &[0x55; 160]));
        heard.datagram(&packet(2, 5, &[0x55; 160]));
        let (packets, pcm) = heard.finish();
        assert_eq!((packets, pcm.len()), (5, 800));
        assert!(pcm[..320].iter().chain(&pcm[480..]).all(|s| *s != 0));
        assert!(pcm[320..480].iter().all(|s| *s == 0));
    }

    #[test]
    fn what_is_not_our_stream_is_passed_over() {
        let mut heard = heard();
        for datagram in [&b""[..], b"x", &[0x80, 8], &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9], &[0xff; 40]] {
            heard.datagram(datagram);
        }
        heard.datagram(&packet(1, 0, &[0x55; 160]));
        heard.datagram(&packet(1, 1 << 30, &[0x55; 160]));
        assert_eq!(heard.finish().1.len(), 160, "a wild timestamp takes no memory");
    }
}
