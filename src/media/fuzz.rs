//! What a fuzzer feeds the media stage with: any bytes go in, a broken promise is a panic. The targets of `tests/fuzz/` call
//! these, and so does `tests/fuzz_corpus.rs` with the corpora that are kept.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::dtmf::{DtmfReader, EventPacket};
use super::inbound::Inbound;
use super::{MediaEvent, MediaRules, packet, repair, rtcp, wav};
use crate::call::{Codec, Direction, MediaPlan};
use crate::codec::{self, Decoder};

/// What we send with.
const OURS: u32 = 0x4845_4152;
const TICK: Duration = Duration::from_millis(20);
/// Ticks of one run: a minute of a call.
const MOST_TICKS: u32 = 3_000;
/// Sound may stand this much ahead of the clock: what a packet may hold and a jitter buffer take.
const AHEAD: Duration = Duration::from_secs(1);

fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::new(127, 0, 0, host).into(), port)
}

/// One datagram.
pub fn rtp(datagram: &[u8]) {
    if let Ok(packet) = packet::parse(datagram) {
        assert!(packet.payload_type < 128 && packet.payload.len() + 12 <= datagram.len(), "{packet:?}");
    }
}

/// One report. What we build from numbers that it holds is read back as it was written.
pub fn rtcp(datagram: &[u8]) {
    let Ok(received) = rtcp::parse(datagram, OURS) else { return };
    let Some(about) = received.about_us else { return };
    let built = rtcp::build(OURS, None, Some(about), "fuzz@example.org", false);
    let read = rtcp::parse(&built, about.ssrc).ok().and_then(|read| read.about_us);
    assert_eq!(read, Some(about), "our own report reads otherwise");
}

/// A payload: the first byte chooses codec and rate. Its sound is as long as its length is told without decoding.
pub fn payload(data: &[u8]) {
    let Some((&start, payload)) = data.split_first() else { return };
    let codec = Codec::ALL.get(usize::from(start % 4)).copied().unwrap_or(Codec::Pcmu);
    let rate = if start & 4 == 0 { 8_000 } else { 16_000 };
    let mut decoder = Decoder::new(codec, rate);
    let Ok(pcm) = decoder.decode(payload) else { return };
    let told =
        codec::duration(codec, payload).map(|units| u64::from(units) * u64::from(rate) / u64::from(codec.clock()));
    assert_eq!(told, u64::try_from(pcm.len()).ok(), "{codec:?} at {rate}");
    let concealed = decoder.conceal(pcm.len(), Some(payload));
    assert!(concealed.len() <= pcm.len(), "{codec:?}: more concealed than was lost");
}

/// Takes the next `count` bytes, or what is left.
fn take<'a>(data: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = data.split_at(count.min(data.len()));
    *data = rest;
    taken
}

fn byte(data: &mut &[u8]) -> u8 {
    take(data, 1).first().copied().unwrap_or_default()
}

/// Key presses: records of a time step in ms, a timestamp step (its lowest bit: a marker) and four bytes of event. A key is told once at most for
/// each packet, and always one of the sixteen.
pub fn dtmf(mut data: &[u8]) {
    let mut reader = DtmfReader::default();
    let (mut now, mut timestamp) = (Duration::ZERO, 0_u32);
    let (mut packets, mut told) = (0_u16, 0);
    while !data.is_empty() && packets < u16::MAX {
        now += Duration::from_millis(byte(&mut data).into());
        // Backwards too, as reordering makes it.
        let step = byte(&mut data);
        timestamp = timestamp.wrapping_add(u32::from(step) * 160).wrapping_sub(160 * 16);
        let (sequence, payload) = (packets, take(&mut data, 4));
        let event = EventPacket { payload, timestamp, sequence, marker: step & 1 != 0 };
        let presses = [reader.poll(now), reader.handle(event, now)];
        packets += 1;
        for press in presses.into_iter().flatten() {
            told += 1;
            assert!("0123456789*#ABCD".contains(press.digit), "{press:?}");
        }
    }
    assert!(told <= packets, "{told} keys of {packets} packets");
}

/// A whole call: the first byte chooses codec and direction, then come records of kind, argument, length and that many
/// bytes: datagrams of the caller and of strangers, time, changes of the session. The frames that come out have no gap
/// and no overlap, and never run ahead of the clock.
pub fn inbound(mut data: &[u8]) {
    let start = byte(&mut data);
    let mut plan = plan(start);
    let rate = plan.codec.rate();
    let mut inbound =
        Inbound::new(plan.clone(), MediaRules { nat_learning: start & 0x20 != 0, ..MediaRules::default() }, OURS);
    let mut check = Check { out: VecDeque::new(), samples: 0, rate };
    let (mut now, mut ticks) = (Duration::ZERO, 0);
    while !data.is_empty() {
        let (kind, argument, length) = (byte(&mut data), byte(&mut data), byte(&mut data));
        match kind % 8 {
            0..=3 => inbound.rtp(take(&mut data, length.into()), address(1, 4_000), now, &mut check.out),
            4 => inbound.rtp(take(&mut data, length.into()), address(argument, 4_000), now, &mut check.out),
            5 => inbound.rtcp(take(&mut data, length.into()), address(1, 4_001), now),
            6 => {
                plan = MediaPlan { direction: direction(argument), ..plan };
                inbound.update(plan.clone(), now, &mut check.out);
            }
            _ => {
                for _ in 0..argument.min(u8::try_from(MOST_TICKS - ticks).unwrap_or(u8::MAX)) {
                    now += TICK;
                    ticks += 1;
                    inbound.tick(now, &mut check.out);
                    check.frames(now);
                }
            }
        }
        check.frames(now);
    }
    inbound.finish(now, &mut check.out);
    check.frames(now);
}

struct Check {
    out: VecDeque<MediaEvent>,
    samples: u64,
    rate: u32,
}

impl Check {
    fn frames(&mut self, now: Duration) {
        for event in self.out.drain(..) {
            if let MediaEvent::Frame(frame) = event {
                let at_ms = self.samples * 1_000 / u64::from(self.rate);
                assert!(frame.at.as_millis().abs_diff(at_ms) <= 1, "a frame at {:?}, not {at_ms} ms", frame.at);
                assert_eq!(frame.rate, self.rate);
                self.samples += u64::try_from(frame.pcm.len()).unwrap_or(u64::MAX);
            }
        }
        let end = Duration::from_millis(self.samples * 1_000 / u64::from(self.rate));
        assert!(end <= now + AHEAD, "sound up to {end:?} at {now:?}");
    }
}

fn direction(byte: u8) -> Direction {
    [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
        .get(usize::from(byte % 4))
        .copied()
        .unwrap_or(Direction::SendRecv)
}

fn plan(byte: u8) -> MediaPlan {
    let codec = Codec::ALL.get(usize::from(byte % 4)).copied().unwrap_or(Codec::Pcmu);
    MediaPlan {
        codec,
        payload_type: codec.static_payload_type().unwrap_or(96),
        noise_payload_type: Some(13),
        dtmf_payload_type: Some(101),
        remote: address(1, 4_000),
        remote_rtcp: address(1, 4_001),
        rtcp_mux: byte & 0x40 != 0,
        signalled_from: (byte & 0x80 != 0).then(|| address(1, 0).ip()),
        direction: direction(byte >> 2),
        ptime_ms: 20,
    }
}

/// A file that a crash left, written to `scratch`. What is repaired can be read, holds what the repair says, and is
/// left alone by the next repair.
pub fn wav_repair(bytes: &[u8], scratch: &Path) {
    let written = std::fs::write(scratch, bytes);
    assert!(written.is_ok(), "{}: {written:?}", scratch.display());
    let Ok(first) = repair(scratch) else {
        let left = std::fs::read(scratch).unwrap_or_default();
        assert_eq!(left, bytes, "a file that is none of ours was changed");
        return;
    };
    let samples = match wav::read_mono(scratch) {
        Ok(audio) => Ok(u64::try_from(audio.pcm.len()).unwrap_or(u64::MAX)),
        Err(wav::WavError::NoSamples { .. }) => Ok(0),
        // Rates that no telephone has are left to whoever reads the file.
        Err(wav::WavError::Unsupported { .. }) => Ok(first.samples),
        Err(error) => Err(error.to_string()),
    };
    assert_eq!(samples, Ok(first.samples), "a repaired recording reads otherwise");
    assert_eq!(repair(scratch).ok(), Some(first), "a repaired recording was changed again");
}
