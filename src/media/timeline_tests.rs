use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::codec::Encoder;

const RATE: u32 = 8_000;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A timeline with its frames, checked for contiguity and lag as they come.
struct Bench {
    timeline: Timeline,
    stats: MediaStats,
    out: VecDeque<AudioFrame>,
    frames: Vec<AudioFrame>,
    end: u64,
    /// Longest packet that comes, milliseconds.
    longest: u64,
    /// When the call is held and resumed, in turn.
    turns: VecDeque<Duration>,
    held: bool,
}

impl Bench {
    fn new() -> Self {
        Self {
            timeline: Timeline::new(RATE, Codec::Pcmu),
            stats: MediaStats::default(),
            out: VecDeque::new(),
            frames: Vec::new(),
            end: 0,
            longest: 20,
            turns: VecDeque::new(),
            held: false,
        }
    }

    fn push(&mut self, place: (u16, u32, u32), content: Content, now: Duration) {
        self.timeline.push(place, content, now, &mut self.stats, &mut self.out);
        self.collect();
    }

    fn tick(&mut self, now: Duration) {
        self.timeline.tick(now, &mut self.stats, &mut self.out);
        self.collect();
        let lag = u64::try_from(now.as_millis()).unwrap().saturating_sub(self.end);
        assert!(lag <= 220 + self.longest, "{lag} ms behind at {now:?}");
    }

    fn finish(&mut self, now: Duration) {
        self.timeline.finish(now, &mut self.stats, &mut self.out);
        self.collect();
    }

    fn collect(&mut self) {
        for frame in self.out.drain(..) {
            assert_eq!(frame.at, MediaTime(self.end), "frames must join");
            assert!(!frame.pcm.is_empty() && frame.pcm.len() % 8 == 0);
            self.end += u64::try_from(frame.pcm.len()).unwrap() / 8;
            self.frames.push(frame);
        }
    }

    fn total(&self, kind: FrameKind) -> usize {
        self.frames.iter().filter(|f| f.kind == kind).map(|f| f.pcm.len()).sum::<usize>() / 8
    }

    fn pcm(&self) -> Vec<i16> {
        self.frames.iter().flat_map(|f| f.pcm.clone()).collect()
    }
}

/// Audio packet `n` of a stream that starts at `start`: sequence, timestamp.
fn place(n: u64, first: u32, ssrc: u32) -> (u16, u32, u32) {
    let low = u32::try_from(n).unwrap();
    (u16::try_from(n & 0xFFFF).unwrap(), first.wrapping_add(low.wrapping_mul(160)), ssrc)
}

fn sound(level: i16, length: usize) -> Content {
    let mut payload = vec![0; length];
    Encoder::new(Codec::Pcmu).encode(&vec![level; length], &mut payload);
    Content::Audio(Codec::Pcmu, payload)
}

fn loud() -> Content {
    sound(5_000, 160)
}

/// Runs arrivals in order of time with ticks between them.
fn run(bench: &mut Bench, mut arrivals: Vec<(Duration, (u16, u32, u32), Content)>, end: Duration) {
    arrivals.sort_by_key(|a| a.0);
    let mut arrivals = arrivals.into_iter().peekable();
    let mut now = Duration::ZERO;
    while now < end {
        now += ms(20);
        while let Some((at, place, content)) = arrivals.next_if(|a| a.0 <= now) {
            if !bench.held {
                bench.push(place, content, at);
            }
        }
        if bench.turns.front().is_some_and(|turn| *turn <= now) {
            bench.turns.pop_front();
            bench.held = !bench.held;
            bench.timeline.hold(bench.held, now, &mut bench.stats, &mut bench.out);
            bench.collect();
        }
        bench.tick(now);
    }
    bench.finish(end);
}

#[test]
fn before_the_first_packet_there_is_silence_and_sound_stands_where_it_was_spoken() {
    let mut bench = Bench::new();
    let arrivals = (0..50).map(|n| (ms(1_020 + n * 20), place(n, 77, 1), loud())).collect();
    run(&mut bench, arrivals, ms(2_100));
    assert_eq!(bench.total(FrameKind::Heard), 1_000);
    assert_eq!(bench.total(FrameKind::Concealed), 0);
    let first = bench.frames.iter().find(|f| f.kind == FrameKind::Heard).unwrap();
    assert_eq!(first.at, MediaTime(1_000));
    assert_eq!(bench.end, 2_100);
}

#[test]
fn a_lost_packet_is_concealed_and_its_span_is_marked() {
    let mut bench = Bench::new();
    let arrivals = (0..50).filter(|n| *n != 20).map(|n| (ms(20 + n * 20), place(n, 0, 1), loud())).collect();
    run(&mut bench, arrivals, ms(1_000));
    let concealed: Vec<_> = bench.frames.iter().filter(|f| f.kind == FrameKind::Concealed).collect();
    assert_eq!((concealed.len(), concealed[0].at, concealed[0].pcm.len()), (1, MediaTime(400), 160));
    assert!(concealed[0].pcm[0] > 4_000);
    assert_eq!(bench.stats.packets_lost, 1);
}

#[test]
fn duplicates_and_reorders_change_no_sample() {
    let seed = 7;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let content = |n: u64| Content::Audio(Codec::Pcmu, vec![u8::try_from(n % 256).unwrap(); 160]);
    let clean = (0..500).map(|n| (ms(20 + n * 20), place(n, 0, 1), content(n))).collect();
    let mut dirty: Vec<(Duration, (u16, u32, u32), Content)> = Vec::new();
    for n in 0..500 {
        let moved = if n > 0 && random.random_bool(0.05) { 45 } else { 0 };
        dirty.push((ms(20 + n * 20 + moved), place(n, 0, 1), content(n)));
        if random.random_bool(0.02) {
            dirty.push((ms(21 + n * 20 + moved), place(n, 0, 1), content(n)));
        }
    }
    let (mut a, mut b) = (Bench::new(), Bench::new());
    run(&mut a, clean, ms(10_100));
    run(&mut b, dirty, ms(10_100));
    assert!(b.stats.duplicates > 0 && b.stats.reordered > 0);
    assert_eq!(a.pcm(), b.pcm());
}

#[test]
fn comfort_noise_and_untransmitted_silence_are_not_loss() {
    let mut bench = Bench::new();
    let mut arrivals: Vec<_> = (0..20).map(|n| (ms(20 + n * 20), place(n, 0, 1), loud())).collect();
    arrivals.push((ms(420), place(20, 0, 1), Content::Quiet));
    // Sequence goes on, the timestamp jumps over the silence.
    arrivals.extend((0..20).map(|n| {
        let (sequence, _, ssrc) = place(21 + n, 0, 1);
        (ms(3_020 + n * 20), (sequence, u32::try_from(3_000 * 8 + n * 160).unwrap(), ssrc), loud())
    }));
    run(&mut bench, arrivals, ms(3_420));
    assert_eq!((bench.total(FrameKind::Heard), bench.total(FrameKind::Concealed)), (800, 0));
    assert_eq!(bench.end, 3_420);
}

#[test]
fn sound_that_stops_without_hold_is_lost_and_with_hold_is_silence() {
    for held in [false, true] {
        let mut bench = Bench::new();
        for n in 0..50 {
            bench.push(place(n, 0, 1), loud(), ms(20 + n * 20));
            bench.tick(ms(20 + n * 20));
        }
        if held {
            bench.timeline.hold(true, ms(1_000), &mut bench.stats, &mut bench.out);
        }
        for n in 51..=300 {
            bench.tick(ms(n * 20));
        }
        if held {
            bench.timeline.hold(false, ms(6_000), &mut bench.stats, &mut bench.out);
        }
        for n in 0..50 {
            bench.push(place(n + 50, 0, 1), loud(), ms(6_020 + n * 20));
            bench.tick(ms(6_020 + n * 20));
        }
        bench.finish(ms(7_000));
        assert_eq!(bench.end, 7_000);
        let (silent, concealed) = (bench.total(FrameKind::Silence), bench.total(FrameKind::Concealed));
        if held {
            assert_eq!((silent, concealed), (5_000, 0));
        } else {
            assert!(concealed >= 4_800 && silent <= 200, "{concealed} {silent}");
        }
    }
}

#[test]
fn ten_minutes_stay_true_to_our_clock_whatever_the_senders_clock_does() {
    for (seed, ppm) in [(1, 200_i64), (2, -200), (3, 0), (4, 500)] {
        println!("seed {seed} ppm {ppm}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut bench = Bench::new();
        bench.turns = [300_000, 330_000].map(ms).into();
        let mut arrivals = Vec::new();
        let mut n = 0_u64;
        loop {
            // A fast sender's packets come closer together.
            let sent = 20_000 * (n + 1) * u64::try_from(1_000_000 - ppm).unwrap() / 1_000_000;
            if sent > 600_000_000 {
                break;
            }
            let jitter = random.random_range(0..40_000);
            let in_outage = (200_000_000..230_000_000).contains(&sent);
            // A click each 100 s of wall time, in a stream that is otherwise loud noise.
            let click = sent / 100_000_000 != sent.saturating_sub(20_000) / 100_000_000;
            let content = sound(if click { 31_000 } else { 5_000 }, 160);
            if !in_outage && !random.random_bool(0.01) {
                arrivals.push((Duration::from_micros(sent + jitter), place(n, u32::MAX - 1_000, 9), content));
            }
            n += 1;
        }
        run(&mut bench, arrivals, ms(600_000));
        assert!(bench.end.abs_diff(600_000) <= 40, "{}", bench.end);
        for frame in bench.frames.iter().filter(|f| f.pcm.iter().any(|s| *s > 29_000) && f.kind == FrameKind::Heard) {
            let off = (frame.at.0 + 20) % 100_000;
            assert!(off <= 60 || off >= 100_000 - 60, "click at {}", frame.at.0);
        }
    }
}

#[test]
fn whatever_arrives_frames_join_and_are_on_time() {
    for seed in 0..200 {
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut bench = Bench::new();
        bench.longest = 120;
        let mut first: u32 = if random.random() { u32::MAX - 40_000 } else { random.random() };
        let mut ssrc: u32 = random.random();
        let mut n: u64 = random.random_range(60_000..66_000);
        let mut arrivals = Vec::new();
        for step in 0..1_500_u64 {
            n += 1;
            match random.random_range(0..1_000) {
                0..50 => continue,
                50..53 => ssrc = random.random(),
                53..56 => first = random.random(),
                56..58 => n = random.random_range(0..60_000),
                58..60 => arrivals.push((ms(step * 20), place(n, first, random.random()), loud())),
                _ => {}
            }
            let delay = if random.random_bool(0.01) { 400 } else { random.random_range(0..120) };
            let content = match random.random_range(0..100) {
                0 => Content::Quiet,
                1 => Content::Nothing,
                2 => sound(100, random.random_range(0..960)),
                3 => Content::Unheard,
                _ => loud(),
            };
            for _ in 0..if random.random_bool(0.02) { 2 } else { 1 } {
                arrivals.push((ms(step * 20 + delay), place(n, first, ssrc), content.clone()));
            }
        }
        bench.turns =
            (0..random.random_range(0..5)).map(|turn| ms(turn * 5_000 + random.random_range(0..5_000))).collect();
        run(&mut bench, arrivals, ms(30_000));
        assert!(bench.end >= 30_000 && bench.end <= 30_400, "{}", bench.end);
        assert_eq!(bench.stats.samples, bench.end * 8);
    }
}

#[test]
fn a_path_that_becomes_slower_for_good_is_followed() {
    let mut bench = Bench::new();
    let arrivals = (0..500)
        .map(|n| {
            let delay = if n < 200 { 20 } else { 420 };
            (ms(n * 20 + delay), place(n, 0, 1), loud())
        })
        .collect();
    run(&mut bench, arrivals, ms(10_400));
    assert!(bench.total(FrameKind::Heard) > 9_500, "{}", bench.total(FrameKind::Heard));
    assert_eq!(bench.end, 10_400);
}

#[test]
fn a_pause_that_was_never_sent_is_taken_back_from_the_losses_when_its_sequence_numbers_are_whole() {
    for lost in [0_u64, 2] {
        let mut bench = Bench::new();
        let mut arrivals: Vec<_> = (0..50).map(|n| (ms(20 + n * 20), place(n, 0, 1), loud())).collect();
        // Nothing for 2 s, no comfort noise before it.
        arrivals.extend((lost..50).map(|n| {
            let (sequence, _, ssrc) = place(50 + n, 0, 1);
            (ms(3_020 + n * 20), (sequence, u32::try_from(3_000 * 8 + n * 160).unwrap(), ssrc), loud())
        }));
        run(&mut bench, arrivals, ms(4_000));
        let marked = u64::try_from(bench.total(FrameKind::Concealed)).unwrap();
        let cleared: Vec<_> = std::iter::from_fn(|| bench.timeline.cleared()).collect();
        assert_eq!(cleared.len(), 1);
        assert_eq!(cleared[0].start, MediaTime(1_000));
        assert_eq!(marked - cleared[0].millis(), lost * 20, "{cleared:?}");
        assert_eq!(bench.stats.concealed_samples, lost * 160);
    }
}

#[test]
fn packets_that_come_too_late_are_a_loss_however_whole_their_numbers() {
    let mut bench = Bench::new();
    let delay = |n: u64| if (50..60).contains(&n) { 400 - (n - 50) * 20 } else { 20 };
    let arrivals = (0..100).map(|n| (ms(n * 20 + delay(n)), place(n, 0, 1), loud())).collect();
    run(&mut bench, arrivals, ms(2_000));
    assert!(std::iter::from_fn(|| bench.timeline.cleared()).next().is_none());
    assert!(bench.stats.packets_late > 5, "{:?}", bench.stats);
    assert!(bench.total(FrameKind::Concealed) >= 100);
}

#[test]
fn a_codec_change_in_mid_call_leaves_every_second_in_its_place() {
    let rates = [(8_000, Codec::Pcmu), (16_000, Codec::G722), (16_000, Codec::Opus)];
    for (rate, first) in rates {
        for second in Codec::ALL {
            let mut timeline = Timeline::new(rate, first);
            let (mut stats, mut out) = (MediaStats::default(), VecDeque::new());
            let mut encoder = Encoder::new(first);
            let mut timestamp = 7_u32;
            for n in 0..200_u64 {
                let codec = if n < 100 { first } else { second };
                if encoder.codec() != codec {
                    encoder = Encoder::new(codec);
                }
                // Loud in the first and third half second of each second.
                let level = if (n / 25) % 2 == 0 { 8_000 } else { 0 };
                let frame = usize::try_from(codec.rate() / 50).unwrap();
                let pcm: Vec<i16> = (0..frame).map(|i| if i % 16 < 8 { level } else { -level }).collect();
                let mut payload = vec![0; 400];
                let length = encoder.encode(&pcm, &mut payload);
                payload.truncate(length);
                let place = (u16::try_from(n).unwrap(), timestamp, 1);
                let jitter = (n * 7) % 30;
                timeline.push(place, Content::Audio(codec, payload), ms(20 + n * 20 + jitter), &mut stats, &mut out);
                timeline.tick(ms(20 + n * 20 + jitter), &mut stats, &mut out);
                timestamp = timestamp.wrapping_add(codec.clock() / 50);
            }
            timeline.finish(ms(4_000), &mut stats, &mut out);
            let pcm: Vec<i16> = out.iter().flat_map(|f| f.pcm.clone()).collect();
            assert_eq!(pcm.len(), usize::try_from(rate * 4).unwrap(), "{first:?} to {second:?}");
            assert_eq!(stats.concealed_samples, 0, "{first:?} to {second:?}: {stats:?}");
            let loudness = |from: u32| {
                let span = usize::try_from(rate * from / 1_000).unwrap()
                    ..usize::try_from(rate * (from + 100) / 1_000).unwrap();
                pcm[span].iter().map(|s| u64::from(s.unsigned_abs())).sum::<u64>() / u64::from(rate / 10)
            };
            for half in 0..8_u32 {
                let (early, late) = (loudness(half * 500 + 40), loudness(half * 500 + 380));
                let loud = half % 2 == 0;
                assert!(
                    (early > 2_000) == loud && (late > 2_000) == loud,
                    "{first:?} to {second:?} at {half}: {early} {late}"
                );
            }
        }
    }
}
