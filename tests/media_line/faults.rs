//! Ten minutes on a bad line: the recording keeps its length, and every loss is marked where it was.

use std::time::Duration;

use heardline::call::{Codec, MediaSpan, MediaTime};
use heardline::media::MediaStats;

use super::common::link::{LONGEST_DELAY, Link, LinkPlan, Loss};
use super::receiver::{Packet, Receiver, ms, payloads, plan};

const PACKET_MS: u64 = 20;
const CALL: Duration = Duration::from_secs(600);
/// The phone begins to send here.
const BEGINS: Duration = Duration::from_secs(1);

struct Outcome {
    stats: MediaStats,
    pcm: Vec<i16>,
    length_ms: u64,
    concealed: Vec<MediaSpan>,
    packets_lost: u64,
    /// Packets from before the first one that arrived: the call begins with that one.
    overtaken: u64,
    /// Where sound was that never came, by our clock; runs are joined.
    lost: Vec<MediaSpan>,
}

fn run(codec: Codec, link_plan: LinkPlan, call: Duration) -> Outcome {
    println!("{codec:?} {link_plan:?}");
    let sound = payloads(codec, u32::try_from(PACKET_MS).unwrap(), 10);
    let mut link = Link::new(link_plan);
    let mut arrivals = Vec::new();
    let mut numbers = Vec::new();
    let time = |at: Duration| MediaTime(u64::try_from(at.as_millis()).unwrap());
    for n in 0_u64.. {
        let sent = BEGINS + link.clock(ms((n + 1) * PACKET_MS));
        if sent + LONGEST_DELAY > call {
            break;
        }
        let delays = link.delays();
        if delays.is_empty() {
            numbers.push(n);
        }
        arrivals.extend(delays.into_iter().map(|delay| (sent + delay, n)));
    }
    arrivals.sort();
    // What is lost behind the last packet cannot be told from a hang-up.
    let last = arrivals.iter().map(|(_, n)| *n).max().unwrap();
    let first = arrivals[0].1;
    let before_first = numbers.iter().filter(|n| **n < first).count() as u64;
    numbers.retain(|n| (first..last).contains(n));
    let mut lost: Vec<MediaSpan> = Vec::new();
    for &n in &numbers {
        let spoken = |n: u64| time(BEGINS + link.clock(ms(n * PACKET_MS)));
        match lost.last_mut() {
            Some(before) if before.end >= spoken(n) => before.end = spoken(n + 1),
            _ => lost.push(MediaSpan::new(spoken(n), spoken(n + 1))),
        }
    }
    let mut receiver = Receiver::new(plan(codec));
    let step = codec.clock() / 50;
    for (at, n) in arrivals {
        let low = u32::try_from(n).unwrap();
        let payload = sound[usize::try_from(n).unwrap() % sound.len()].clone();
        // Sequence and timestamp wrap on the way.
        let sequence = 65_000_u16.wrapping_add(u16::try_from(n & 0xFFFF).unwrap());
        let timestamp = (u32::MAX - 1_000_000).wrapping_add(low.wrapping_mul(step));
        let packet = Packet::new(plan(codec).payload_type, sequence, timestamp, payload);
        receiver.datagram(&packet.bytes(), at);
    }
    let stats = receiver.finish(call);
    let length_ms = (receiver.pcm.len() / receiver.per_ms()) as u64;
    let packets_lost = numbers.len() as u64;
    let overtaken = first - before_first;
    Outcome { stats, length_ms, concealed: receiver.concealed(), packets_lost, overtaken, lost, pcm: receiver.pcm }
}

/// The ways a line is bad: 0 to 10 % lost one by one or in bursts, with all the rest at its worst.
fn bad_lines() -> Vec<LinkPlan> {
    let losses = [
        Loss::Random(0.0),
        Loss::Random(0.01),
        Loss::Random(0.03),
        Loss::Random(0.05),
        Loss::Random(0.10),
        Loss::Bursts(0.01),
        Loss::Bursts(0.05),
        Loss::Bursts(0.10),
    ];
    let drifts = [0, 200, -200];
    let each = losses.into_iter().enumerate().map(|(n, loss)| LinkPlan {
        seed: 100 + n as u64,
        loss,
        jitter: ms([120, 60, 120, 20][n % 4]),
        reorder: 0.05,
        duplicate: 0.02,
        drift_ppm: drifts[n % 3],
    });
    each.collect()
}

/// Farther than this from where it was said nothing may stand: the first packet's own delay is part of the anchor
/// until the drift filter has seen better ones; after that its tolerance and one correction are left.
fn tolerance(at: MediaTime) -> u64 {
    if at < MediaTime(15_000) { 150 } else { 40 }
}

fn every_loss_is_marked(outcome: &Outcome) {
    let near = |a: MediaTime, b: MediaTime| (a - b).max(b - a) <= tolerance(a);
    for lost in &outcome.lost {
        let found = outcome.concealed.iter().any(|span| near(lost.start, span.start) && near(lost.end, span.end))
            || outcome.concealed.iter().any(|span| span.overlap(*lost) + 20 >= lost.millis());
        assert!(found, "lost and not marked: {lost:?}");
    }
    for span in &outcome.concealed {
        let close = outcome.lost.iter().any(|lost| {
            let room = tolerance(lost.start);
            span.start.as_millis() + room >= lost.start.as_millis()
                && span.start.as_millis() <= lost.end.as_millis() + room
        });
        assert!(close, "marked and not lost: {span:?}");
    }
    let total = |spans: &[MediaSpan]| spans.iter().map(|span| span.millis()).sum::<u64>();
    let (lost, marked) = (total(&outcome.lost), total(&outcome.concealed));
    // Corrections of the clock that fall into a loss make it longer or shorter.
    let drift = MediaTime::from_samples(outcome.stats.drift_samples, outcome.stats.rate).as_millis();
    assert!(lost.abs_diff(marked) <= drift + 40, "lost {lost} ms, marked {marked} ms, clock corrections {drift} ms");
    assert_eq!(MediaTime::from_samples(outcome.stats.concealed_samples, outcome.stats.rate).as_millis(), marked);
}

fn ten_bad_minutes(codec: Codec) {
    for line in bad_lines() {
        let outcome = run(codec, line, CALL);
        assert!(outcome.length_ms.abs_diff(600_000) <= 40, "{} ms", outcome.length_ms);
        assert_eq!(outcome.stats.packets_late, outcome.overtaken, "{:?}", outcome.stats);
        assert_eq!(outcome.stats.packets_lost, outcome.packets_lost);
        every_loss_is_marked(&outcome);
        println!(
            "  lost {} marked {} ms, restarts {}, corrections {} samples",
            outcome.stats.packets_lost,
            outcome.concealed.iter().map(|s| s.millis()).sum::<u64>(),
            outcome.stats.restarts,
            outcome.stats.drift_samples
        );
    }
}

#[test]
fn ten_bad_minutes_of_g711_keep_their_length_and_mark_every_loss() {
    ten_bad_minutes(Codec::Pcma);
}

#[test]
fn ten_bad_minutes_of_g722_keep_their_length_and_mark_every_loss() {
    ten_bad_minutes(Codec::G722);
}

#[test]
fn ten_bad_minutes_of_opus_keep_their_length_and_mark_every_loss() {
    ten_bad_minutes(Codec::Opus);
}

#[test]
fn duplicates_and_reordering_change_no_sample_in_any_codec() {
    for codec in Codec::ALL {
        let minute = Duration::from_secs(60);
        let clean = run(codec, LinkPlan { loss: Loss::Random(0.03), ..LinkPlan::clean(9) }, minute);
        let line = LinkPlan { loss: Loss::Random(0.03), reorder: 0.05, duplicate: 0.02, ..LinkPlan::clean(9) };
        let shaken = run(codec, line, minute);
        assert!(shaken.stats.reordered > 50 && shaken.stats.duplicates > 30, "{:?}", shaken.stats);
        assert_eq!(clean.pcm.len(), shaken.pcm.len());
        let changed = clean.pcm.iter().zip(&shaken.pcm).filter(|(a, b)| a != b).count();
        assert_eq!(changed, 0, "{codec:?}");
    }
}
