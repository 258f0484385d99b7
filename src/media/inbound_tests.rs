use super::*;
use crate::call::NoAudio;
use crate::config::limits;
use crate::media::rtcp::{ReportBlock, SenderInfo};

const PHONE: &str = "10.0.0.1:4000";
/// What we send with.
const OURS: u32 = 99;

/// A receiver report about nothing.
const REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 1];

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn plan() -> MediaPlan {
    MediaPlan {
        codec: Codec::Pcma,
        payload_type: 8,
        dtmf_payload_type: Some(101),
        remote: PHONE.parse().unwrap(),
        remote_rtcp: "10.0.0.1:4001".parse().unwrap(),
        rtcp_mux: false,
        signalled_from: None,
        noise_payload_type: None,
        direction: Direction::SendRecv,
        ptime_ms: 20,
    }
}

struct Bench {
    inbound: Inbound,
    out: VecDeque<MediaEvent>,
}

impl Bench {
    fn new() -> Self {
        let rules = MediaRules { no_media: ms(30_000), media_lost: ms(15_000), nat_learning: true };
        Self { inbound: Inbound::new(plan(), rules, OURS), out: VecDeque::new() }
    }

    fn rtp(&mut self, payload_type: u8, n: u16, payload: &[u8], from: &str, now: Duration) {
        let mut bytes = vec![0x80, payload_type];
        bytes.extend_from_slice(&n.to_be_bytes());
        bytes.extend_from_slice(&(u32::from(n) * 160).to_be_bytes());
        bytes.extend_from_slice(&[0, 0, 0, 1]);
        bytes.extend_from_slice(payload);
        self.inbound.rtp(&bytes, from.parse().unwrap(), now, &mut self.out);
    }

    fn run(&mut self, from: u64, to: u64) {
        for tick in from / 20..to / 20 {
            self.inbound.tick(ms(tick * 20 + 20), &mut self.out);
        }
    }

    fn told(&self, wanted: fn(&MediaEvent) -> bool) -> usize {
        self.out.iter().filter(|e| wanted(e)).count()
    }
}

#[test]
fn a_call_without_media_is_told_once_and_after_its_time() {
    let mut bench = Bench::new();
    bench.run(0, 29_980);
    assert_eq!(bench.told(|e| matches!(e, MediaEvent::NoMedia)), 0);
    bench.run(29_980, 60_000);
    assert_eq!(bench.told(|e| matches!(e, MediaEvent::NoMedia)), 1);
}

#[test]
fn rtcp_keeps_a_silent_call_alive_and_hold_stops_the_clock() {
    let mut bench = Bench::new();
    bench.rtp(8, 0, &[0xD5; 160], PHONE, ms(20));
    bench.run(0, 10_000);
    bench.inbound.rtcp(&REPORT, "10.0.0.1:4001".parse().unwrap(), ms(10_000));
    bench.run(10_000, 24_000);
    let held = MediaPlan { direction: Direction::Inactive, ..plan() };
    bench.inbound.update(held, ms(24_000), &mut bench.out);
    bench.run(24_000, 100_000);
    bench.inbound.update(plan(), ms(100_000), &mut bench.out);
    bench.run(100_000, 114_000);
    assert_eq!(bench.told(|e| matches!(e, MediaEvent::MediaLost)), 0);
    bench.run(114_000, 120_000);
    assert_eq!(bench.told(|e| matches!(e, MediaEvent::MediaLost)), 1);
}

#[test]
fn a_caller_who_is_being_passed_on_may_be_silent_and_is_missed_once_back() {
    let mut bench = Bench::new();
    bench.rtp(8, 0, &[0xD5; 160], PHONE, ms(20));
    bench.run(0, 10_000);
    bench.inbound.set_away(true, ms(10_000));
    bench.run(10_000, 100_000);
    bench.inbound.set_away(false, ms(100_000));
    bench.run(100_000, 114_000);
    assert_eq!(bench.told(|e| matches!(e, MediaEvent::MediaLost)), 0);
    bench.run(114_000, 120_000);
    assert_eq!(bench.told(|e| matches!(e, MediaEvent::MediaLost)), 1);
}

#[test]
fn a_phone_that_turns_to_sendonly_is_on_hold_and_still_heard() {
    let mut bench = Bench::new();
    bench.rtp(8, 0, &[0xD5; 160], PHONE, ms(20));
    bench.run(0, 1_000);
    let held = MediaPlan { direction: Direction::RecvOnly, ..plan() };
    bench.inbound.update(held, ms(1_000), &mut bench.out);
    bench.run(1_000, 60_000);
    bench.rtp(8, 3_000, &[0x55; 160], PHONE, ms(60_000));
    bench.rtp(8, 3_001, &[0x55; 160], PHONE, ms(60_000));
    bench.run(60_000, 60_400);
    assert_eq!(bench.told(|e| matches!(e, MediaEvent::MediaLost)), 0);
    assert!(bench.told(|e| matches!(e, MediaEvent::Frame(f) if f.kind == FrameKind::Heard)) >= 2);
}

#[test]
fn strangers_junk_and_wrong_types_are_counted_and_never_heard() {
    let mut bench = Bench::new();
    bench.rtp(8, 0, &[0x55; 160], PHONE, ms(20));
    bench.rtp(8, 1, &[0x55; 160], "6.6.6.6:4000", ms(30));
    bench.rtp(8, 1, &[0x55; 1_500], PHONE, ms(30));
    bench.rtp(96, 1, &[0x55; 160], PHONE, ms(40));
    bench.rtp(8, 2, &[], PHONE, ms(60));
    bench.inbound.rtp(&[7], PHONE.parse().unwrap(), ms(60), &mut bench.out);
    bench.inbound.rtp(&REPORT, PHONE.parse().unwrap(), ms(60), &mut bench.out);
    bench.run(60, 400);
    let stats = bench.inbound.stats();
    assert_eq!((stats.wrong_source, stats.malformed, stats.bad_payload, stats.unknown_payload), (1, 1, 1, 1));
    assert_eq!(stats.rtcp_received, 1);
    let heard: usize = bench
        .out
        .iter()
        .filter_map(|e| match e {
            MediaEvent::Frame(f) if f.kind == FrameKind::Heard => Some(f.pcm.len()),
            _ => None,
        })
        .sum();
    assert_eq!(heard, 160);
}

#[test]
fn an_ipv4_peer_on_a_socket_of_both_families_is_the_same_peer() {
    assert_eq!(canonical("[::ffff:10.0.0.1]:4000".parse().unwrap()), PHONE.parse::<SocketAddr>().unwrap());
}

#[test]
fn a_dead_line_is_told_by_its_reason_and_a_resume_begins_the_wait_anew() {
    let no_audio = |e: &MediaEvent| matches!(e, MediaEvent::NoAudio(_));
    let alarm = u64::try_from(limits::NO_RTP_ALARM.as_millis()).unwrap();
    let mut bench = Bench::new();
    bench.run(0, alarm - 20);
    assert_eq!(bench.told(no_audio), 0);
    bench.run(alarm - 20, alarm * 2);
    assert_eq!((bench.told(no_audio), bench.inbound.stats().no_audio), (1, Some(NoAudio::NoRtp)));

    let mut muted = Bench::new();
    let end = u16::try_from(limits::SILENT_ALARM.as_millis() / 20 + 50).unwrap();
    for n in 0..end {
        muted.rtp(8, n, &[0xD5; 160], PHONE, ms(u64::from(n) * 20));
        muted.run(u64::from(n) * 20, u64::from(n) * 20 + 20);
    }
    assert_eq!((muted.told(no_audio), muted.inbound.stats().no_audio), (1, Some(NoAudio::Silent)));

    let mut held = Bench::new();
    held.inbound.update(MediaPlan { direction: Direction::Inactive, ..plan() }, ms(20), &mut held.out);
    held.run(20, 60_000);
    held.inbound.update(plan(), ms(60_000), &mut held.out);
    held.run(60_000, 60_000 + alarm - 20);
    assert_eq!(held.told(no_audio), 0);
}

#[test]
fn the_peers_reports_tell_the_round_trip_and_where_to_report_to() {
    let mut bench = Bench::new();
    assert_eq!(bench.inbound.rtcp_target(), Some(("10.0.0.1:4001".parse().unwrap(), false)));
    let muxed = MediaPlan { rtcp_mux: true, ..plan() };
    let rules = MediaRules { no_media: ms(30_000), media_lost: ms(15_000), nat_learning: true };
    let inbound = Inbound::new(muxed, rules, OURS);
    assert_eq!(inbound.rtcp_target(), Some((PHONE.parse().unwrap(), true)));
    // Ours left at 4 s (NTP second 5); the peer had it 500 ms and the answer came at 4.56 s.
    let block = ReportBlock {
        ssrc: OURS,
        last_sender_report: 5 << 16,
        delay: 1 << 15,
        cumulative_lost: 3,
        jitter: 80,
        ..ReportBlock::default()
    };
    let report = rtcp::build(1, Some(SenderInfo { ntp: 1 << 40, ..SenderInfo::default() }), Some(block), "x", false);
    bench.inbound.rtcp(&report, "10.0.0.1:4001".parse().unwrap(), ms(4_560));
    let stats = bench.inbound.stats();
    assert!(stats.round_trip_us.unwrap().abs_diff(60_000) < 100, "{stats:?}");
    assert_eq!((stats.remote_lost, stats.remote_jitter_us), (Some(3), Some(10_000)));
    // Our next report names theirs.
    let ours = bench.inbound.goodbye(Some((1, 2, 3)), ms(5_560));
    bench.rtp(8, 0, &[0x55; 160], PHONE, ms(5_600));
    let about = rtcp::parse(&bench.inbound.goodbye(Some((1, 2, 3)), ms(5_560)), 1).unwrap();
    assert_eq!(about.about_us.map(|b| (b.last_sender_report, b.delay)), Some((1 << 24, 1 << 16)));
    assert!(about.goodbye && rtcp::parse(&ours, 1).unwrap().about_us.is_none());
}

#[test]
fn a_report_of_a_stranger_or_junk_is_counted_and_changes_nothing() {
    let mut bench = Bench::new();
    bench.inbound.rtcp(&REPORT, "6.6.6.6:4001".parse().unwrap(), ms(100));
    bench.inbound.rtcp(&REPORT[..6], "10.0.0.1:4001".parse().unwrap(), ms(100));
    bench.inbound.rtcp(&[0x81, 203, 0, 1, 0, 0, 0, 1], "10.0.0.1:4001".parse().unwrap(), ms(100));
    let stats = bench.inbound.stats();
    assert_eq!((stats.wrong_source, stats.malformed, stats.rtcp_received), (1, 1, 1));
    assert_eq!(bench.inbound.alive, Duration::ZERO);
}

#[test]
fn sound_of_the_codec_before_is_heard_until_the_new_one_speaks() {
    let mut bench = Bench::new();
    for n in 0..10 {
        bench.rtp(8, n, &[0x55; 160], PHONE, ms(20 + u64::from(n) * 20));
    }
    let changed = MediaPlan { codec: Codec::G722, payload_type: 9, ..plan() };
    bench.inbound.update(changed, ms(220), &mut bench.out);
    for n in 10..15 {
        bench.rtp(8, n, &[0x55; 160], PHONE, ms(20 + u64::from(n) * 20));
    }
    for n in 15..30 {
        bench.rtp(9, n, &[0x55; 160], PHONE, ms(20 + u64::from(n) * 20));
    }
    bench.rtp(8, 30, &[0x55; 160], PHONE, ms(620));
    bench.run(620, 1_000);
    let stats = bench.inbound.stats();
    assert_eq!((stats.packets_received, stats.unknown_payload, stats.codec), (31, 1, Some(Codec::G722)));
    let heard: usize = bench
        .out
        .iter()
        .map(|e| match e {
            MediaEvent::Frame(f) if f.kind == FrameKind::Heard => f.pcm.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(heard, 30 * 160);
}

#[test]
fn untransmitted_silence_of_opus_is_silence_and_no_loss() {
    let opus = MediaPlan { codec: Codec::Opus, payload_type: 111, ..plan() };
    let rules = MediaRules { no_media: ms(30_000), media_lost: ms(15_000), nat_learning: true };
    let mut bench = Bench { inbound: Inbound::new(opus, rules, OURS), out: VecDeque::new() };
    let mut encoder = crate::codec::Encoder::new(Codec::Opus);
    let mut sequence = 0_u16;
    for n in 0..200_u64 {
        // Half a second of sound, then a packet of one byte every 400 ms.
        let quiet = (25..150).contains(&n);
        let mut payload = vec![0x48];
        if !quiet {
            payload.resize(400, 0);
            let pcm: Vec<i16> = (0..320).map(|i| if i % 32 < 16 { 6_000 } else { -6_000 }).collect();
            let length = encoder.encode(&pcm, &mut payload);
            payload.truncate(length);
        }
        if !quiet || n % 20 == 5 {
            let mut bytes = vec![0x80, 111];
            bytes.extend(sequence.to_be_bytes());
            bytes.extend(u32::try_from(n * 960).unwrap().to_be_bytes());
            bytes.extend([0, 0, 0, 1]);
            bytes.extend(payload);
            bench.inbound.rtp(&bytes, PHONE.parse().unwrap(), ms(20 + n * 20), &mut bench.out);
            sequence += 1;
        }
        bench.run(n * 20, n * 20 + 20);
    }
    bench.inbound.finish(ms(4_000), &mut bench.out);
    let total = |kind| {
        bench
            .out
            .iter()
            .map(|e| match e {
                MediaEvent::Frame(f) if f.kind == kind => f.pcm.len() / 16,
                _ => 0,
            })
            .sum::<usize>()
    };
    assert_eq!((total(FrameKind::Heard), total(FrameKind::Silence), total(FrameKind::Concealed)), (1_500, 2_500, 0));
}
