//! Every shape of RTP that the RFC allows and strangers invent: nothing panics, and every sample stands where it was
//! said.

use std::time::Duration;

use heardline::call::{Codec, FrameKind};
use heardline::codec::{Decoder, is_untransmitted};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::receiver::{PHONE, Packet, Receiver, ms, payloads, plan};

const BEGINS_MS: u64 = 1_000;

/// What one test does to the stream.
struct Stream {
    codec: Codec,
    packets: Vec<Packet>,
    /// Packet time of each, milliseconds.
    lengths: Vec<u64>,
}

impl Stream {
    fn new(codec: Codec, packet_ms: &[u64], seconds: u32) -> Self {
        let mut stream = Self { codec, packets: Vec::new(), lengths: Vec::new() };
        let mut timestamp = 1_000_u32;
        for &each in packet_ms {
            let length = u32::try_from(each).unwrap();
            for payload in payloads(codec, length, seconds) {
                let sequence = u16::try_from(stream.packets.len()).unwrap();
                stream.packets.push(Packet::new(plan(codec).payload_type, sequence, timestamp, payload));
                stream.lengths.push(each);
                timestamp = timestamp.wrapping_add(codec.clock() / 1_000 * length);
            }
        }
        stream
    }

    /// Sends every packet on time, with what `with` adds before it, and compares every sample with what was said.
    fn is_heard_exactly(&self, what: &str, mut with: impl FnMut(usize) -> Vec<Vec<u8>>) -> Receiver {
        println!("{what}: {:?}", self.codec);
        let mut receiver = Receiver::new(plan(self.codec));
        let mut decoder = Decoder::new(self.codec, self.codec.rate());
        let (mut now, mut said) = (BEGINS_MS, Vec::new());
        for (n, packet) in self.packets.iter().enumerate() {
            now += self.lengths[n];
            for extra in with(n) {
                receiver.datagram(&extra, ms(now) - Duration::from_micros(500));
            }
            receiver.datagram(&packet.bytes(), ms(now));
            said.extend(decoder.decode(&packet.payload).unwrap());
        }
        receiver.finish(ms(now + 60));
        let start = usize::try_from(BEGINS_MS).unwrap() * receiver.per_ms();
        let heard = &receiver.pcm[start..start + said.len()];
        let wrong = heard.iter().zip(&said).filter(|(a, b)| a != b).count();
        let first = heard.iter().zip(&said).position(|(a, b)| a != b);
        assert_eq!((wrong, first), (0, None), "{what}: samples out of place, the first at");
        let kinds = &receiver.kinds[start..start + said.len()];
        assert!(kinds.iter().all(|kind| *kind == FrameKind::Heard), "{what}: marked as something else");
        receiver
    }
}

fn nothing(_: usize) -> Vec<Vec<u8>> {
    Vec::new()
}

/// Changes every packet of a stream of 20 ms packets and listens.
fn shaped(codec: Codec, what: &str, mut change: impl FnMut(usize, &mut Packet)) {
    let mut stream = Stream::new(codec, &[20], 6);
    for (n, packet) in stream.packets.iter_mut().enumerate() {
        change(n, packet);
    }
    stream.is_heard_exactly(what, nothing);
}

#[test]
fn headers_of_every_form_carry_the_same_sound() {
    for codec in Codec::ALL {
        shaped(codec, "contributing sources", |n, packet| packet.csrcs = u8::try_from(n % 16).unwrap());
        shaped(codec, "padding", |n, packet| packet.padding = u8::try_from(n % 255 + 1).unwrap());
        shaped(codec, "markers", |_, packet| packet.marker = true);
        shaped(codec, "extensions", |n, packet| {
            packet.extension = Some(match n % 4 {
                0 => (0xBEDE, vec![0x10, 7, 0, 0]),
                1 => (0xBEDE, vec![0xF0, 8, 8, 8]),
                2 => (0x1000, vec![1, 2, 5, 5]),
                _ => (0xABAC, vec![]),
            });
        });
    }
}

#[test]
fn numbers_that_wrap_jump_or_begin_anew_move_no_sound() {
    for codec in Codec::ALL {
        shaped(codec, "both wrap", |_, packet| {
            packet.sequence = packet.sequence.wrapping_add(65_400);
            packet.timestamp = packet.timestamp.wrapping_sub(30_000);
        });
        shaped(codec, "another source every two seconds", |n, packet| {
            let run = u32::try_from(n / 100).unwrap();
            packet.ssrc = 70 + run;
            packet.sequence = packet.sequence.wrapping_mul(1).wrapping_add(u16::try_from(run * 20_011).unwrap());
            packet.timestamp = packet.timestamp.wrapping_add(run.wrapping_mul(1_234_567_891));
        });
        shaped(codec, "sequence jumps", |n, packet| {
            packet.sequence = packet.sequence.wrapping_add([0, 5_000, 60_000][n / 100]);
        });
        shaped(codec, "timestamp jumps", |n, packet| {
            packet.timestamp = packet.timestamp.wrapping_add([0, 900_000_000, 5][n / 100]);
        });
        shaped(codec, "both jump", |n, packet| {
            packet.sequence = packet.sequence.wrapping_add([0, 5_000, 60_000][n / 100]);
            packet.timestamp = packet.timestamp.wrapping_add([0, 4_000_000_000, 77][n / 100]);
        });
    }
}

#[test]
fn every_packet_time_and_its_change_in_mid_call_is_followed() {
    for codec in Codec::ALL {
        let lengths: &[u64] = if codec == Codec::Opus { &[20, 10, 40, 60, 20] } else { &[20, 10, 30, 40, 60, 20] };
        for &one in lengths {
            Stream::new(codec, &[one], 3).is_heard_exactly("one packet time", nothing);
        }
        Stream::new(codec, lengths, 3).is_heard_exactly("changing packet times", nothing);
    }
}

#[test]
fn junk_between_the_packets_is_counted_and_moves_nothing() {
    for codec in Codec::ALL {
        let seed = 20_261_125;
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let stream = Stream::new(codec, &[20], 6);
        let payload_type = plan(codec).payload_type;
        let receiver = stream.is_heard_exactly("junk", |n| {
            // The first packet of all is believed at once, whatever it is.
            if n == 0 {
                return Vec::new();
            }
            let next = &stream.packets[n];
            let mut long = vec![0xFF_u8; 1_488];
            random.fill(long.as_mut_slice());
            // No Opus packet: a code of 3 with 63 frames.
            (long[0], long[1]) = (0xFF, 0x3F);
            let of = |sequence: u16, ssrc: u32, payload: Vec<u8>| Packet {
                ssrc,
                ..Packet::new(payload_type, sequence, next.timestamp, payload)
            };
            let sequence: u16 = random.random_range(20_000..60_000);
            vec![
                vec![random.random()],
                vec![0x80],
                long.clone(),
                // Right source, right type, no sound: it must not take the place of the packet with its number.
                of(next.sequence, 1, long.clone()).bytes(),
                of(sequence, 1, long).bytes(),
                // Right form, but strays: no second one follows.
                of(if n % 2 == 0 { sequence } else { 1 }, random.random_range(100..u32::MAX), next.payload.clone())
                    .bytes(),
            ]
        });
        let stats = receiver.inbound.stats();
        assert_eq!((stats.bad_payload, stats.restarts, stats.packets_late), (598, 0, 0), "{stats:?}");
        assert!(stats.malformed >= 3 * 299, "{stats:?}");
    }
}

#[test]
fn empty_packets_take_a_number_but_no_time() {
    for codec in Codec::ALL {
        let mut stream = Stream::new(codec, &[20], 6);
        let mut keep_alive = Vec::new();
        for (n, packet) in stream.packets.iter_mut().enumerate() {
            let before = u16::try_from(n / 10).unwrap();
            packet.sequence += before;
            if n % 10 == 0 && n > 0 {
                keep_alive.push((n, Packet { payload: Vec::new(), sequence: packet.sequence - 1, ..packet.clone() }));
            }
        }
        stream.is_heard_exactly("empty packets", |n| {
            keep_alive.iter().filter(|(at, _)| *at == n).map(|(_, packet)| packet.bytes()).collect()
        });
    }
}

/// Half a second of sound, then half a second without, by turns; what is sent into the pauses is up to the test.
fn with_pauses(codec: Codec, pause: impl Fn(&Packet) -> Option<Packet>) -> Receiver {
    let sound = payloads(codec, 20, 4);
    let mut receiver = Receiver::new(plan(codec));
    let mut sequence = 0_u16;
    let silent = |n: usize| (n / 25) % 2 == 1;
    for (n, payload) in sound.iter().enumerate() {
        let timestamp = u32::try_from(n).unwrap() * (codec.clock() / 50);
        let mut packet = Packet::new(plan(codec).payload_type, sequence, timestamp, payload.clone());
        packet.marker = n % 50 == 0;
        let sent = match silent(n) {
            false => Some(packet),
            true if n % 25 == 0 => pause(&packet),
            true => None,
        };
        if let Some(packet) = sent {
            receiver.datagram(&packet.bytes(), ms(20 + n as u64 * 20));
            sequence += 1;
        }
    }
    receiver.finish(ms(4_000));
    let half = receiver.per_ms() * 500;
    for (n, kinds) in receiver.kinds.chunks(half).enumerate() {
        let wanted = if n % 2 == 1 { FrameKind::Silence } else { FrameKind::Heard };
        let other = kinds.iter().filter(|kind| **kind != wanted).count();
        // The filters of G.722 and Opus ring on; the last pause is an end, and nothing follows it.
        assert!(other == 0 || n == 7, "{codec:?}: half second {n} has {other} samples that are not {wanted:?}");
    }
    receiver
}

#[test]
fn silence_that_was_announced_or_never_sent_is_no_loss_in_any_codec() {
    for codec in Codec::ALL {
        println!("{codec:?}");
        with_pauses(codec, |packet| {
            Some(Packet { payload_type: 13, payload: vec![40], marker: false, ..packet.clone() })
        });
        with_pauses(codec, |_| None);
    }
    let announced = vec![0x48];
    assert!(is_untransmitted(Codec::Opus, &announced));
    with_pauses(Codec::Opus, |packet| Some(Packet { payload: announced.clone(), marker: false, ..packet.clone() }));
}

#[test]
fn keys_between_the_words_are_told_once_each_and_move_no_word() {
    for codec in Codec::ALL {
        let sound = payloads(codec, 20, 4);
        let mut receiver = Receiver::new(plan(codec));
        let (mut sequence, mut keys) = (0_u16, 0_u8);
        let mut began = 0_u32;
        for (n, payload) in sound.iter().enumerate() {
            let timestamp = u32::try_from(n).unwrap() * (codec.clock() / 50);
            let at = ms(20 + n as u64 * 20);
            let in_key = n % 40 >= 35;
            let mut send = |payload_type: u8, marker: bool, timestamp: u32, payload: Vec<u8>| {
                let packet = Packet { marker, ..Packet::new(payload_type, sequence, timestamp, payload) };
                receiver.datagram(&packet.bytes(), at);
                sequence += 1;
            };
            if !in_key {
                send(plan(codec).payload_type, false, timestamp, payload.clone());
                continue;
            }
            if n % 40 == 35 {
                (keys, began) = (keys + 1, timestamp);
            }
            let [high, low] = u16::try_from(timestamp - began + codec.clock() / 50).unwrap().to_be_bytes();
            let last = n % 40 == 39;
            for _ in 0..if last { 3 } else { 1 } {
                let flags = if last { 0x8A } else { 0x0A };
                send(101, n % 40 == 35, began, vec![keys, flags, high, low]);
            }
        }
        let stats = receiver.finish(ms(4_000));
        assert_eq!(receiver.keys, "12345", "{codec:?}");
        assert_eq!((stats.packets_late, stats.restarts, stats.concealed_samples), (0, 0, 0), "{codec:?}: {stats:?}");
        for (n, kinds) in receiver.kinds.chunks(receiver.per_ms() * 20).enumerate().take(195) {
            let wanted = if n % 40 >= 35 { FrameKind::Silence } else { FrameKind::Heard };
            assert!(kinds.iter().all(|kind| *kind == wanted), "{codec:?}: packet {n}");
        }
    }
}

#[test]
fn whatever_is_made_of_a_stream_nothing_panics_and_the_recording_stays_on_time() {
    for seed in 0..120_u64 {
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let codec = Codec::ALL[usize::try_from(seed % 4).unwrap()];
        let stream = Stream::new(codec, &[[10, 20, 40, 60][usize::try_from(seed / 4 % 4).unwrap()]], 4);
        let mut receiver = Receiver::new(plan(codec));
        let mut now = BEGINS_MS;
        for (n, packet) in stream.packets.iter().enumerate() {
            now += stream.lengths[n];
            let mut bytes = packet.bytes();
            match random.random_range(0..10) {
                0 => continue,
                1..4 => {
                    for _ in 0..random.random_range(1..8) {
                        let at = random.random_range(0..bytes.len().min(40));
                        bytes[at] = random.random();
                    }
                }
                4 => bytes.truncate(random.random_range(0..bytes.len())),
                5 => bytes.resize(random.random_range(1..1_500), random.random()),
                _ => {}
            }
            receiver.datagram(&bytes, ms(now + random.random_range(0..100)));
            if random.random_range(0..40) == 0 {
                let other = Codec::ALL[random.random_range(0..4)];
                let mut out = Default::default();
                receiver.inbound.update(plan(other), ms(now), &mut out);
                receiver.take(out);
            }
            if random.random_range(0..20) == 0 {
                receiver.inbound.rtcp(&bytes, PHONE.parse().unwrap(), ms(now));
            }
        }
        now += 200;
        receiver.finish(ms(now));
        let length = (receiver.pcm.len() / receiver.per_ms()) as u64;
        assert!(length >= now && length <= now + 400, "{length} of {now} ms");
    }
}
