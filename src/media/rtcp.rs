//! RTCP packets (RFC 3550 section 6): what we send (SR, RR, SDES with a CNAME, BYE) and what we read of the peer's.

/// Packet types.
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
/// Octets of one report block.
const BLOCK: usize = 24;

/// Not RTCP, or cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not RTCP, or cut short")]
pub struct Malformed;

/// What one receiver says about one stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream that is told about.
    pub ssrc: u32,
    /// In 1/256, since the last report.
    pub fraction_lost: u8,
    /// 24 bits, signed: duplicates can make it negative.
    pub cumulative_lost: i32,
    /// Highest sequence number, extended.
    pub highest: u32,
    /// Clock units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report; zero: none came.
    pub last_sender_report: u32,
    /// Since that report, in 1/65,536 s.
    pub delay: u32,
}

/// The sender's part of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// Seconds and fraction.
    pub ntp: u64,
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// What concerns us of a compound packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Middle 32 bits of the NTP time of the peer's sender report.
    pub sender_report: Option<u32>,
    /// The newest block about our stream.
    pub about_us: Option<ReportBlock>,
    pub goodbye: bool,
}

/// Reads a compound packet (reduced size, RFC 5506, too). `ours`: the SSRC we send with.
pub fn parse(datagram: &[u8], ours: u32) -> Result<Received, Malformed> {
    let mut received = Received::default();
    let mut rest = datagram;
    while !rest.is_empty() {
        let &[first, kind, high, low, ..] = rest else { return Err(Malformed) };
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        if first >> 6 != 2 || !(192..=223).contains(&kind) {
            return Err(Malformed);
        }
        let (packet, after) = rest.split_at_checked(length).ok_or(Malformed)?;
        let blocks_from = match kind {
            SENDER_REPORT => {
                let (seconds, fraction) = (word(packet, 8)?, word(packet, 12)?);
                received.sender_report = Some((seconds << 16) | (fraction >> 16));
                Some(28)
            }
            RECEIVER_REPORT => Some(8),
            GOODBYE => {
                received.goodbye = true;
                None
            }
            _ => None,
        };
        if let Some(from) = blocks_from {
            for n in 0..usize::from(first & 0x1F) {
                let block = block(packet, from + n * BLOCK)?;
                if block.ssrc == ours {
                    received.about_us = Some(block);
                }
            }
        }
        rest = after;
    }
    if datagram.is_empty() { Err(Malformed) } else { Ok(received) }
}

fn block(packet: &[u8], at: usize) -> Result<ReportBlock, Malformed> {
    let loss = word(packet, at + 4)?;
    let [fraction_lost, ..] = loss.to_be_bytes();
    Ok(ReportBlock {
        ssrc: word(packet, at)?,
        fraction_lost,
        // The sign of 24 bits spreads to 32.
        cumulative_lost: (loss << 8).cast_signed() >> 8,
        highest: word(packet, at + 8)?,
        jitter: word(packet, at + 12)?,
        last_sender_report: word(packet, at + 16)?,
        delay: word(packet, at + 20)?,
    })
}

fn word(packet: &[u8], at: usize) -> Result<u32, Malformed> {
    let bytes = packet.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Malformed)?;
    Ok(u32::from_be_bytes(*bytes))
}

/// A compound packet of ours: a sender report when we sent, else a receiver report; the CNAME; at the end a BYE.
/// `cname`: at most 255 octets.
pub fn build(ssrc: u32, sender: Option<SenderInfo>, about: Option<ReportBlock>, cname: &str, goodbye: bool) -> Vec<u8> {
    let mut report = ssrc.to_be_bytes().to_vec();
    if let Some(info) = sender {
        report.extend(info.ntp.to_be_bytes());
        for value in [info.timestamp, info.packets, info.octets] {
            report.extend(value.to_be_bytes());
        }
    }
    if let Some(block) = about {
        let lost = block.cumulative_lost.cast_unsigned() & 0xFF_FFFF;
        report.extend(block.ssrc.to_be_bytes());
        report.extend((u32::from(block.fraction_lost) << 24 | lost).to_be_bytes());
        for value in [block.highest, block.jitter, block.last_sender_report, block.delay] {
            report.extend(value.to_be_bytes());
        }
    }
    let mut out = Vec::with_capacity(128);
    let kind = if sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    append(&mut out, u8::from(about.is_some()), kind, &report);

    let mut description = ssrc.to_be_bytes().to_vec();
    description.extend([1, u8::try_from(cname.len()).unwrap_or(0)]);
    description.extend(cname.bytes().take(255));
    // At least one null ends the list; the chunk ends on a word.
    description.resize((description.len() + 1).next_multiple_of(4), 0);
    append(&mut out, 1, SOURCE_DESCRIPTION, &description);
    if goodbye {
        append(&mut out, 1, GOODBYE, &ssrc.to_be_bytes());
    }
    out
}

/// `body`: whole words.
fn append(out: &mut Vec<u8>, count: u8, kind: u8, body: &[u8]) {
    let words = u16::try_from(body.len() / 4).unwrap_or(0);
    out.extend([0x80 | count, kind]);
    out.extend(words.to_be_bytes());
    out.extend(body);
}

/// A 32-bit field of a report: what it counts wraps (RFC 3550 section 6.4).
pub(super) fn low_bits(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    const BLOCK_ABOUT_7: ReportBlock = ReportBlock {
        ssrc: 7,
        fraction_lost: 12,
        cumulative_lost: -3,
        highest: 70_000,
        jitter: 160,
        last_sender_report: 0x0102_0304,
        delay: 65_536,
    };

    #[test]
    fn what_we_send_reads_back_as_it_was_meant() {
        let info = SenderInfo { ntp: 0x0000_0005_8000_0000, timestamp: 9, packets: 10, octets: 1_600 };
        let bytes = build(3, Some(info), Some(BLOCK_ABOUT_7), "0123456789abcdef", true);
        assert_eq!(bytes.len() % 4, 0);
        let received = parse(&bytes, 7).unwrap();
        assert_eq!(received.sender_report, Some(0x0005_8000));
        assert_eq!((received.about_us, received.goodbye), (Some(BLOCK_ABOUT_7), true));
        assert_eq!(parse(&bytes, 8).unwrap().about_us, None);
        let quiet = build(3, None, None, "x", false);
        assert_eq!(parse(&quiet, 7).unwrap(), Received::default());
        assert_eq!((quiet[1], quiet[9]), (RECEIVER_REPORT, SOURCE_DESCRIPTION));
    }

    #[test]
    fn what_is_cut_short_or_lies_about_its_length_is_refused() {
        let bytes = build(3, Some(SenderInfo::default()), Some(BLOCK_ABOUT_7), "name", false);
        // Where one packet of the compound ends the rest is whole.
        for length in (0..bytes.len()).filter(|&length| length != 52) {
            assert_eq!(parse(&bytes[..length], 7), Err(Malformed), "{length}");
        }
        assert_eq!(parse(&[0x81, 201, 0, 1, 0, 0, 0, 1], 7), Err(Malformed), "a block that is not there");
        assert_eq!(parse(&[0x80, 0, 0, 0], 7), Err(Malformed));
    }

    #[test]
    fn no_datagram_makes_the_parser_panic() {
        let seed = 20_261_125;
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let whole = build(3, Some(SenderInfo::default()), Some(BLOCK_ABOUT_7), "name", true);
        for _ in 0..50_000 {
            let mut bytes = whole.clone();
            for _ in 0..random.random_range(1..6) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
            bytes.truncate(random.random_range(0..=bytes.len()));
            let _ = parse(&bytes, 7);
        }
    }
}
