//! One datagram as RTP (RFC 3550 section 5.1), so that junk is counted by reason and never decoded.

use rtc_rtp::header::Header;
use rtc_shared::marshal::Unmarshal;

/// What an RTP packet says, borrowed from the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    pub payload_type: u8,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// Without CSRCs, extension and padding.
    pub payload: &'a [u8],
}

/// What else a datagram on the RTP port can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    #[error("not RTP version 2")]
    NotRtp,
    /// RTCP multiplexed on the RTP port (RFC 5761 section 4): a sign of life.
    #[error("RTCP on the RTP port")]
    Rtcp,
    #[error("RTP header cut short or damaged")]
    Header,
    #[error("RTP padding longer than its packet")]
    Padding,
}

impl PacketError {
    /// Label of the metric that counts it.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotRtp => "not_rtp",
            Self::Rtcp => "rtcp",
            Self::Header => "header",
            Self::Padding => "padding",
        }
    }
}

/// Fixed header (RFC 3550 section 5.1).
const FIXED_HEADER: usize = 12;

/// Reads one datagram. Allocates only for packets that carry CSRCs or an extension.
pub fn parse(datagram: &[u8]) -> Result<RtpPacket<'_>, PacketError> {
    let (Some(&first), Some(&second)) = (datagram.first(), datagram.get(1)) else {
        return Err(PacketError::NotRtp);
    };
    if first >> 6 != 2 {
        return Err(PacketError::NotRtp);
    }
    if (192..=223).contains(&second) {
        return Err(PacketError::Rtcp);
    }
    let header = Header::unmarshal(&mut &*datagram).map_err(|_| PacketError::Header)?;
    let rest = datagram.get(payload_start(datagram, &header)?..).ok_or(PacketError::Header)?;
    let payload = if header.padding {
        // The last octet counts the padding, itself included; zero is not a count.
        let padding = rest.last().copied().filter(|&n| n > 0).ok_or(PacketError::Padding)?;
        let kept = rest.len().checked_sub(usize::from(padding)).ok_or(PacketError::Padding)?;
        rest.get(..kept).ok_or(PacketError::Padding)?
    } else {
        rest
    };
    Ok(RtpPacket {
        payload_type: header.payload_type,
        marker: header.marker,
        sequence: header.sequence_number,
        timestamp: header.timestamp,
        ssrc: header.ssrc,
        payload,
    })
}

/// Where the payload begins by the lengths in the header. Not where rtc-rtp stopped reading: it leaves the rest of
/// a one-byte extension block unread when it meets the reserved id 15, and those bytes would be decoded as sound.
fn payload_start(datagram: &[u8], header: &Header) -> Result<usize, PacketError> {
    let mut start = FIXED_HEADER + 4 * header.csrc.len();
    if header.extension {
        let high = datagram.get(start + 2).copied().ok_or(PacketError::Header)?;
        let low = datagram.get(start + 3).copied().ok_or(PacketError::Header)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    }
    Ok(start)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn rtp(first: u8, second: u8, tail: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, second, 0x12, 0x34, 0, 0, 0, 160, 0, 0, 0, 7];
        bytes.extend_from_slice(tail);
        bytes
    }

    #[test]
    fn csrc_extension_and_padding_never_reach_the_decoder() {
        let plain = rtp(0x80, 0x80, &[1, 2, 3]);
        let parsed = parse(&plain).unwrap();
        assert_eq!((parsed.sequence, parsed.timestamp, parsed.ssrc, parsed.marker), (0x1234, 160, 7, true));
        assert_eq!(parsed.payload, [1, 2, 3]);
        let csrc = rtp(0x81, 0, &[9, 9, 9, 9, 1, 2]);
        assert_eq!(parse(&csrc).unwrap().payload, [1, 2]);
        let extension = rtp(0x90, 0, &[0, 0, 0, 1, 8, 8, 8, 8, 5]);
        assert_eq!(parse(&extension).unwrap().payload, [5]);
        let reserved_id = rtp(0x90, 0, &[0xBE, 0xDE, 0, 1, 0xF0, 8, 8, 8, 5]);
        assert_eq!(parse(&reserved_id).unwrap().payload, [5]);
        let padded = rtp(0xA0, 0, &[5, 6, 0, 0, 3]);
        assert_eq!(parse(&padded).unwrap().payload, [5, 6]);
    }

    #[test]
    fn junk_is_named_by_its_reason() {
        assert_eq!(parse(&[]), Err(PacketError::NotRtp));
        assert_eq!(parse(&[0x80]), Err(PacketError::NotRtp));
        assert_eq!(parse(b"OPTIONS sip:x SIP/2.0"), Err(PacketError::NotRtp));
        assert_eq!(parse(&[0x80, 200, 0, 1]), Err(PacketError::Rtcp));
        assert_eq!(parse(&[0x80, 0, 0, 1]), Err(PacketError::Header));
        assert_eq!(parse(&rtp(0x8F, 0, &[0; 8])), Err(PacketError::Header));
        assert_eq!(parse(&rtp(0x90, 0, &[0xBE, 0xDE, 0, 9, 0])), Err(PacketError::Header));
        assert_eq!(parse(&rtp(0xA0, 0, &[1, 0])), Err(PacketError::Padding));
        assert_eq!(parse(&rtp(0xA0, 0, &[1, 200])), Err(PacketError::Padding));
    }

    #[test]
    fn no_datagram_makes_the_parser_panic() {
        let seed = 20_261_123;
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..50_000 {
            let mut bytes = vec![0_u8; random.random_range(0..80)];
            random.fill(bytes.as_mut_slice());
            if let Some(first) = bytes.first_mut() {
                *first = (*first & 0x3F) | 0x80;
            }
            let _ = parse(&bytes);
        }
    }
}
