//! Key presses in RTP (RFC 4733): an event is sent many times and its end three times; each press is told once.

use std::time::Duration;

use crate::call::MediaTime;

/// An event without news for this long has ended, its end packets lost. Senders repeat it every 20 to 50 ms.
const MISSING_END: Duration = Duration::from_millis(250);

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    pub digit: char,
    /// When the first packet of the event arrived.
    pub at: MediaTime,
}

/// One packet of an event, as its RTP header places it.
#[derive(Clone, Copy, Debug)]
pub struct EventPacket<'a> {
    pub payload: &'a [u8],
    pub timestamp: u32,
    pub sequence: u16,
    /// The sender says that an event begins here (RFC 4733 section 2.5.1.1).
    pub marker: bool,
}

#[derive(Clone, Copy, Debug)]
struct Active {
    event: u8,
    timestamp: u32,
    sequence: u16,
    duration: u16,
    at: MediaTime,
    news: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    event: u8,
    timestamp: u32,
    /// Of its newest packet.
    sequence: u16,
}

/// Follows the events of one stream. Times are since the session's start.
#[derive(Debug, Default)]
pub struct DtmfReader {
    active: Option<Active>,
    /// What was told last. The event and the sequence number too: a phone whose RTP clock stands still (baresip does
    /// when its audio source has ended) gives the next key the same timestamp.
    told: Option<Told>,
}

impl Active {
    fn told(&self) -> Told {
        Told { event: self.event, timestamp: self.timestamp, sequence: self.sequence }
    }
}

fn digit(event: u8) -> Option<char> {
    // RFC 4733 table 3; 16 is flash, which is no digit.
    "0123456789*#ABCD".chars().nth(usize::from(event))
}

fn is_before(a: u32, b: u32) -> bool {
    a != b && b.wrapping_sub(a) < 1 << 31
}

fn is_after(a: u16, b: u16) -> bool {
    a != b && a.wrapping_sub(b) < 1 << 15
}

impl DtmfReader {
    /// Another stream began: its timestamps say nothing about those of the last.
    pub fn restart(&mut self) -> Option<Press> {
        let ended = self.active.take().and_then(Self::press);
        self.told = None;
        ended
    }

    /// Takes a telephone-event payload. Returns a press when it ended (or when the next one shows that it did).
    pub fn handle(&mut self, packet: EventPacket<'_>, now: Duration) -> Option<Press> {
        let EventPacket { payload, timestamp, sequence, marker } = packet;
        let &[event, flags, high, low, ..] = payload else { return None };
        let duration = u16::from_be_bytes([high, low]);
        let end = flags & 0x80 != 0;
        let goes_on = |a: &Active| a.event == event && a.timestamp == timestamp && is_after(sequence, a.sequence);
        let in_progress = self.active.as_ref().is_some_and(goes_on);
        if let Some(told) = &mut self.told {
            let again = told.event == event && told.timestamp == timestamp && !in_progress;
            // The repeated end of a press carries no marker, the beginning of the next one does, and comes later.
            let later = is_after(sequence, told.sequence);
            let begins = marker && !end && later;
            if again && later && !begins {
                told.sequence = sequence;
            }
            if is_before(timestamp, told.timestamp) || (again && !begins) {
                return None;
            }
        }
        let mut ended_before = None;
        match &mut self.active {
            Some(active) if is_before(timestamp, active.timestamp) => return None,
            Some(active) if active.event == event && Self::continues(active, timestamp) => {
                active.timestamp = timestamp;
                active.sequence = sequence;
                active.duration = duration;
                active.news = now;
            }
            other => {
                if let Some(before) = other.take() {
                    self.told = Some(before.told());
                    ended_before = Self::press(before);
                }
                let at = MediaTime(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
                *other = Some(Active { event, timestamp, sequence, duration, at, news: now });
            }
        }
        if !end {
            return ended_before;
        }
        if ended_before.is_some() {
            // Two at once: the older is told now, this one at the next tick.
            if let Some(active) = &mut self.active {
                active.news = Duration::ZERO;
            }
            return ended_before;
        }
        self.told = Some(Told { event, timestamp, sequence });
        self.active.take().and_then(Self::press)
    }

    /// Ends an event whose end packets were lost. Call it at every tick.
    pub fn poll(&mut self, now: Duration) -> Option<Press> {
        let active = self.active.filter(|a| now.saturating_sub(a.news) >= MISSING_END)?;
        self.active = None;
        self.told = Some(active.told());
        Self::press(active)
    }

    fn press(active: Active) -> Option<Press> {
        digit(active.event).map(|digit| Press { digit, at: active.at })
    }

    /// Same event: same timestamp, or the next segment of a very long one (RFC 4733 section 2.5.1.3).
    fn continues(active: &Active, timestamp: u32) -> bool {
        let segment = active.timestamp.wrapping_add(u32::from(active.duration));
        timestamp == active.timestamp || (active.duration >= 0x8000 && timestamp == segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn packet(event: u8, end: bool, duration: u16) -> [u8; 4] {
        let [high, low] = duration.to_be_bytes();
        [event, if end { 0x8A } else { 0x0A }, high, low]
    }

    /// A packet without a marker; the later it comes, the higher its number.
    fn handle(reader: &mut DtmfReader, payload: &[u8], timestamp: u32, now: Duration) -> Option<Press> {
        let sequence = u16::try_from(now.as_millis()).unwrap();
        reader.handle(EventPacket { payload, timestamp, sequence, marker: false }, now)
    }

    #[test]
    fn a_press_with_three_ends_is_told_once() {
        let mut reader = DtmfReader::default();
        for n in 0..5_u16 {
            assert_eq!(handle(&mut reader, &packet(11, false, n * 160), 800, ms(u64::from(n) * 20)), None);
        }
        let press = Press { digit: '#', at: MediaTime(0) };
        assert_eq!(handle(&mut reader, &packet(11, true, 800), 800, ms(100)), Some(press));
        assert_eq!(handle(&mut reader, &packet(11, true, 800), 800, ms(101)), None);
        assert_eq!(handle(&mut reader, &packet(11, true, 800), 800, ms(102)), None);
        assert_eq!(reader.poll(ms(1_000)), None);
        assert_eq!(handle(&mut reader, &packet(11, false, 800), 800, ms(1_001)), None);
    }

    #[test]
    fn a_press_without_its_end_is_told_after_a_while() {
        let mut reader = DtmfReader::default();
        handle(&mut reader, &packet(5, false, 160), 800, ms(40));
        assert_eq!(reader.poll(ms(200)), None);
        assert_eq!(reader.poll(ms(290)), Some(Press { digit: '5', at: MediaTime(40) }));
        assert_eq!(reader.poll(ms(900)), None);
        assert_eq!(handle(&mut reader, &packet(5, true, 160), 800, ms(950)), None);
    }

    #[test]
    fn the_next_press_ends_the_one_before_and_both_are_told() {
        let mut reader = DtmfReader::default();
        handle(&mut reader, &packet(1, false, 160), 800, ms(0));
        assert_eq!(handle(&mut reader, &packet(2, false, 160), 1_600, ms(100)).map(|p| p.digit), Some('1'));
        assert_eq!(handle(&mut reader, &packet(2, true, 320), 1_600, ms(120)).map(|p| p.digit), Some('2'));
        handle(&mut reader, &packet(3, false, 160), 3_200, ms(200));
        assert_eq!(handle(&mut reader, &packet(4, true, 160), 4_800, ms(300)).map(|p| p.digit), Some('3'));
        assert_eq!(reader.poll(ms(301)).map(|p| p.digit), Some('4'));
        assert_eq!(reader.poll(ms(900)), None);
    }

    #[test]
    fn keys_of_a_phone_whose_clock_stands_still_are_each_told_once() {
        let mut reader = DtmfReader::default();
        let mut told = String::new();
        for (n, event) in [5, 11, 5].into_iter().enumerate() {
            for (packet_n, end) in [false, false, true, true, true].into_iter().enumerate() {
                let now = ms(u64::try_from(n * 200 + packet_n * 20).unwrap());
                told.extend(handle(&mut reader, &packet(event, end, 160), 800, now).map(|p| p.digit));
            }
        }
        assert_eq!(told, "5#5");
    }

    #[test]
    fn an_end_that_comes_after_the_next_key_began_is_no_second_press() {
        let mut reader = DtmfReader::default();
        handle(&mut reader, &packet(1, false, 160), 800, ms(0));
        assert_eq!(handle(&mut reader, &packet(2, false, 160), 800, ms(60)).map(|p| p.digit), Some('1'));
        assert_eq!(handle(&mut reader, &packet(1, true, 320), 800, ms(65)), None);
        assert_eq!(handle(&mut reader, &packet(2, true, 320), 800, ms(80)).map(|p| p.digit), Some('2'));
    }

    #[test]
    fn a_long_press_in_segments_is_one_press() {
        let mut reader = DtmfReader::default();
        handle(&mut reader, &packet(7, false, 0xFFFF), 800, ms(8_000));
        assert_eq!(handle(&mut reader, &packet(7, false, 160), 800 + 0xFFFF, ms(8_020)), None);
        assert_eq!(handle(&mut reader, &packet(7, true, 320), 800 + 0xFFFF, ms(8_040)).map(|p| p.digit), Some('7'));
    }

    #[test]
    fn short_payloads_and_other_events_are_no_digits() {
        let mut reader = DtmfReader::default();
        assert_eq!(handle(&mut reader, &[1, 2], 0, ms(0)), None);
        assert_eq!(handle(&mut reader, &packet(16, true, 160), 5, ms(0)), None);
        assert_eq!(handle(&mut reader, &packet(255, true, 160), 500, ms(0)), None);
    }

    #[test]
    fn the_same_key_again_counts_again_when_its_marker_says_so_though_the_clock_stands() {
        let mut reader = DtmfReader::default();
        let mut told = String::new();
        let (mut sequence, mut first) = (u16::MAX - 4, Vec::new());
        for press in 0..3_u64 {
            for (n, end) in [false, false, true, true, true].into_iter().enumerate() {
                sequence = sequence.wrapping_add(1);
                let payload = packet(5, end, 160);
                let packet = EventPacket { payload: &payload, timestamp: 800, sequence, marker: n == 0 };
                let now = ms(press * 200 + u64::try_from(n).unwrap() * 20);
                told.extend(reader.handle(packet, now).map(|p| p.digit));
                if n == 0 {
                    first.push(sequence);
                }
            }
            // The network repeats the beginning of each press so far: nothing new was pressed.
            for &sequence in &first {
                let payload = packet(5, false, 160);
                let again = EventPacket { payload: &payload, timestamp: 800, sequence, marker: true };
                assert_eq!(reader.handle(again, ms(press * 200 + 120)), None);
            }
        }
        assert_eq!(told, "555");
    }
}
