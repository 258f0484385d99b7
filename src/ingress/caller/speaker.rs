//! What the caller sends, packet by packet: speech, then keys, then silence. Pure; `next` is called once a packet time.

use super::{Formats, Sound};

/// Length of one key press, milliseconds; every receiver must detect 40 (RFC 4733 section 2.5.1.1).
const KEY_MS: u32 = 100;
/// The final packet of an event is sent three times (RFC 4733 section 2.5.1.4).
const KEY_END_COPIES: usize = 3;
/// Silence before each key, milliseconds.
const KEY_GAP_MS: u32 = 100;
/// -10 dBm0, the usual level of a key (RFC 4733 section 2.3.3).
const KEY_VOLUME: u8 = 10;

/// What to send now.
pub(super) struct Tick {
    pub packets: Vec<Vec<u8>>,
    /// True once, with the last packet of the last sound or key.
    pub finished_now: bool,
}

enum Part {
    Speech { at: usize },
    Gap { left: u32, key: usize },
    Key { key: usize, sent: u32 },
    Silence,
}

/// The sending side of one RTP stream (RFC 3550).
pub(super) struct Speaker<'a> {
    sound: &'a Sound,
    keys: &'a [u8],
    payload_type: u8,
    key_payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    part: Part,
    first: bool,
}

impl<'a> Speaker<'a> {
    /// `start`: random SSRC, sequence number and timestamp (RFC 3550 section 5.1).
    pub fn new(sound: &'a Sound, keys: &'a [u8], formats: Formats, start: (u32, u16, u32)) -> Self {
        let (ssrc, sequence, timestamp) = start;
        Self {
            sound,
            keys,
            payload_type: formats.payload_type,
            key_payload_type: formats.keys.unwrap_or_default(),
            ssrc,
            sequence,
            timestamp,
            part: Part::Speech { at: 0 },
            first: true,
        }
    }

    pub fn next(&mut self) -> Tick {
        let was_busy = !matches!(self.part, Part::Silence);
        if self.sound.packets() == 0 && matches!(self.part, Part::Speech { .. }) {
            self.part = self.after(0);
        }
        let packets = match self.part {
            Part::Speech { at } => {
                let next = at + 1;
                self.part = if next < self.sound.packets() { Part::Speech { at: next } } else { self.after(0) };
                vec![self.audio(at)]
            }
            Part::Gap { left, key } => {
                self.part = if left > 1 { Part::Gap { left: left - 1, key } } else { Part::Key { key, sent: 0 } };
                vec![self.audio(usize::MAX)]
            }
            Part::Key { key, sent } => self.press(key, sent),
            Part::Silence => vec![self.audio(usize::MAX)],
        };
        Tick { packets, finished_now: was_busy && matches!(self.part, Part::Silence) }
    }

    /// The part that begins with key number `key`, or silence when there is none.
    fn after(&self, key: usize) -> Part {
        if key < self.keys.len() { Part::Gap { left: self.in_packets(KEY_GAP_MS), key } } else { Part::Silence }
    }

    fn in_packets(&self, millis: u32) -> u32 {
        millis.div_ceil(self.sound.ptime_ms().max(1))
    }

    /// The sound's payload number `index`.
    fn audio(&mut self, index: usize) -> Vec<u8> {
        let sound = self.sound;
        let packet = self.packet(self.payload_type, self.first, sound.payload(index));
        self.first = false;
        self.timestamp = self.timestamp.wrapping_add(sound.step());
        packet
    }

    /// All packets of an event carry its start as timestamp and a growing duration (RFC 4733 section 2.5.1.2).
    fn press(&mut self, key: usize, sent: u32) -> Vec<Vec<u8>> {
        let sent = sent + 1;
        let last = sent >= self.in_packets(KEY_MS);
        let lasted = sent.saturating_mul(self.sound.step());
        let duration = u16::try_from(lasted).unwrap_or(u16::MAX).to_be_bytes();
        let code = self.keys.get(key).copied().unwrap_or_default();
        let end = if last { 0x80 } else { 0 };
        let payload = [code, end | KEY_VOLUME, duration[0], duration[1]];
        let copies = if last { KEY_END_COPIES } else { 1 };
        let packets = (0..copies).map(|_| self.packet(self.key_payload_type, sent == 1, &payload)).collect();
        if last {
            self.timestamp = self.timestamp.wrapping_add(lasted);
            self.part = self.after(key + 1);
        } else {
            self.part = Part::Key { key, sent };
        }
        packets
    }

    fn packet(&mut self, payload_type: u8, marker: bool, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(12 + payload.len());
        out.push(0x80);
        out.push((u8::from(marker) << 7) | (payload_type & 0x7f));
        out.extend(self.sequence.to_be_bytes());
        out.extend(self.timestamp.to_be_bytes());
        out.extend(self.ssrc.to_be_bytes());
        out.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Codec;

    const STEP: u32 = 160;

    const FORMATS: Formats = Formats { codec: Codec::Pcmu, payload_type: 0, keys: Some(101) };

    fn u16_at(packet: &[u8], at: usize) -> u16 {
        u16::from_be_bytes([packet[at], packet[at + 1]])
    }

    fn timestamp(packet: &[u8]) -> u32 {
        u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]])
    }

    #[test]
    fn speech_keys_and_silence_are_one_stream_without_a_hole() {
        let sound = Sound::new(&[1000; 2 * 160 + 1], Codec::Pcmu);
        let mut speaker = Speaker::new(&sound, &[1, 11], FORMATS, (7, u16::MAX, u32::MAX - 100));
        let mut packets = Vec::new();
        let mut finished_at = None;
        for tick in 0..40 {
            let sent = speaker.next();
            if sent.finished_now {
                assert!(finished_at.replace(tick).is_none());
            }
            packets.extend(sent.packets);
        }
        // 3 speech, then twice 5 of silence and 5 of key.
        assert_eq!(finished_at, Some(3 + 2 * (5 + 5) - 1));
        for pair in packets.windows(2) {
            assert_eq!(u16_at(&pair[0], 2).wrapping_add(1), u16_at(&pair[1], 2));
        }
        let keys: Vec<&Vec<u8>> = packets.iter().filter(|p| p[1] & 0x7f == 101).collect();
        assert_eq!(keys.len(), 2 * (4 + 3));
        assert_eq!(keys.iter().filter(|p| p[1] & 0x80 != 0).count(), 2, "one marker a key");
        assert_eq!(keys.iter().filter(|p| p[13] & 0x80 != 0).count(), 6, "three ends a key");
        assert!(keys[..7].iter().all(|p| timestamp(p) == timestamp(keys[0]) && p[12] == 1));
        assert!(keys[7..].iter().all(|p| p[12] == 11));
        let audio: Vec<u32> = packets.iter().filter(|p| p[1] & 0x7f == 0).map(|p| timestamp(p)).collect();
        let steps: Vec<u32> = audio.windows(2).map(|t| t[1].wrapping_sub(t[0])).collect();
        assert!(steps.iter().all(|s| *s == STEP || *s == STEP + 5 * STEP), "{steps:?}");
    }

    #[test]
    fn a_caller_with_nothing_to_say_is_finished_at_once_and_sends_silence() {
        let sound = Sound::new(&[], Codec::Pcmu);
        let mut speaker = Speaker::new(&sound, &[], FORMATS, (1, 1, 1));
        let first = speaker.next();
        assert!(first.finished_now && !speaker.next().finished_now);
        assert_eq!(first.packets.len(), 1);
        assert_eq!(first.packets[0].len(), 12 + 160);
    }
}
