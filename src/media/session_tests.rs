use std::net::Ipv4Addr;

use tokio::net::UdpSocket;

use std::net::SocketAddr;

use super::*;
use crate::call::{Codec, Direction, FrameKind};
use crate::codec::{Decoder, Encoder};
use crate::config::PortRange;
use crate::media::packet::parse;
use crate::media::ports::PortPool;

const DEADLINE: Duration = Duration::from_secs(30);

struct Call {
    phone: UdpSocket,
    to: SocketAddr,
    session: MediaSession,
    events: mpsc::Receiver<MediaEvent>,
    plan: MediaPlan,
}

async fn call(rules: MediaRules) -> Call {
    let phone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let remote = phone.local_addr().unwrap();
    let plan = MediaPlan {
        codec: Codec::Pcmu,
        payload_type: 0,
        dtmf_payload_type: Some(101),
        remote,
        remote_rtcp: SocketAddr::new(remote.ip(), remote.port().wrapping_add(1)),
        rtcp_mux: false,
        signalled_from: None,
        noise_payload_type: None,
        direction: Direction::SendRecv,
        ptime_ms: 20,
    };
    let range = PortRange { first: 34_000, last: 39_999 };
    let ports = PortPool::new(range, Clock::system()).acquire(Ipv4Addr::LOCALHOST.into()).await.unwrap();
    let to = ports.local_addr();
    let (session, events) = MediaSession::start(ports, plan.clone(), rules, Clock::system());
    Call { phone, to, session, events, plan }
}

fn rtp(payload_type: u8, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, payload_type];
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
    bytes.extend_from_slice(&77_u32.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn tone() -> Vec<u8> {
    let pcm: Vec<i16> = (0..160).map(|n| if n % 16 < 8 { 8_000 } else { -8_000 }).collect();
    let mut out = vec![0; 160];
    Encoder::new(Codec::Pcmu).encode(&pcm, &mut out);
    out
}

impl Call {
    async fn next(&mut self) -> MediaEvent {
        tokio::time::timeout(DEADLINE, self.events.recv()).await.unwrap().unwrap()
    }

    async fn wait(&mut self, wanted: impl Fn(&MediaEvent) -> bool) -> MediaEvent {
        loop {
            let event = self.next().await;
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Sends packets at a phone's pace, with every tenth to twelfth lost, from a socket.
    async fn speak(&self, from: &UdpSocket, count: u16) {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for n in 0..count {
            pace.tick().await;
            if n % 30 < 27 {
                from.send_to(&rtp(0, n, &tone()), self.to).await.unwrap();
            }
        }
    }
}

fn patient() -> MediaRules {
    MediaRules { no_media: DEADLINE, media_lost: DEADLINE, nat_learning: true }
}

#[tokio::test]
async fn a_call_with_bursts_of_loss_is_heard_whole_and_its_losses_are_marked() {
    let call = call(patient()).await;
    call.speak(&call.phone, 95).await;
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    stranger.send_to(&rtp(0, 200, &tone()), call.to).await.unwrap();
    call.phone.send_to(b"not RTP", call.to).await.unwrap();
    call.phone.send_to(&rtp(0, 95, &tone()), call.to).await.unwrap();
    let mut events = call.events;
    let stats = tokio::time::timeout(DEADLINE, call.session.close()).await.unwrap();
    let (mut at, mut heard, mut concealed) = (0, 0, 0);
    while let Some(event) = tokio::time::timeout(DEADLINE, events.recv()).await.unwrap() {
        if let MediaEvent::Frame(frame) = event {
            assert_eq!(frame.at, MediaTime(at));
            at += u64::try_from(frame.pcm.len()).unwrap() / 8;
            match frame.kind {
                FrameKind::Heard => heard += frame.pcm.iter().filter(|s| s.unsigned_abs() > 7_000).count(),
                FrameKind::Concealed => concealed += frame.pcm.len(),
                FrameKind::Silence => {}
            }
        }
    }
    assert_eq!((stats.packets_received, stats.packets_lost), (87, 9));
    assert_eq!((stats.wrong_source, stats.malformed), (1, 1));
    assert_eq!(stats.samples, at * 8);
    assert!(heard > 60 * 160 && concealed >= 8 * 160, "{heard} {concealed}");
}

#[tokio::test]
async fn a_key_press_is_told_once() {
    let mut call = call(patient()).await;
    for (n, end) in [0x0A, 0x0A, 0x8A, 0x8A, 0x8A].into_iter().enumerate() {
        let mut packet = rtp(101, u16::try_from(n).unwrap(), &[11, end, 1, 64]);
        packet[4..8].copy_from_slice(&[0, 0, 9, 9]);
        call.phone.send_to(&packet, call.to).await.unwrap();
    }
    let press = call.wait(|e| matches!(e, MediaEvent::Dtmf { .. })).await;
    assert!(matches!(press, MediaEvent::Dtmf { digit: '#', .. }));
    let mut events = call.events;
    assert_eq!(call.session.close().await.packets_received, 5);
    while let Some(event) = events.recv().await {
        assert!(!matches!(event, MediaEvent::Dtmf { .. }));
    }
}

#[tokio::test]
async fn a_prompt_reaches_the_phone_and_its_end_is_told() {
    let mut call = call(patient()).await;
    let prompt = Prompt::new(vec![6_000; 1_600], "hello".into());
    let run = call.session.play(vec![Arc::new(prompt)]);
    let mut loud = 0;
    let mut buffer = [0; 2_048];
    while loud < 1_600 {
        let (length, _) = tokio::time::timeout(DEADLINE, call.phone.recv_from(&mut buffer)).await.unwrap().unwrap();
        let packet = parse(&buffer[..length]).unwrap();
        loud += Decoder::new(Codec::Pcmu, 8_000).decode(packet.payload).unwrap().iter().filter(|s| **s > 5_000).count();
    }
    call.wait(|e| matches!(e, MediaEvent::PromptsDone { run: done, .. } if *done == run)).await;
}

#[tokio::test]
async fn words_cut_short_are_never_told_as_said_and_the_words_in_their_place_are() {
    let mut call = call(patient()).await;
    let long = Arc::new(Prompt::new(vec![6_000; 80_000], "a notice".into()));
    let close = Arc::new(Prompt::new(vec![6_000; 480], "goodbye".into()));
    let notice = call.session.play(vec![long]);
    call.next().await;
    call.session.stop_playing();
    let goodbye = call.session.play(vec![close.clone(), close]);
    assert!(goodbye > notice);
    let done = call.wait(|e| matches!(e, MediaEvent::PromptsDone { .. })).await;
    assert!(matches!(done, MediaEvent::PromptsDone { run, .. } if run == goodbye), "{done:?}");
}

#[tokio::test]
async fn a_held_call_sends_nothing_and_its_prompt_waits_for_the_resume() {
    let mut call = call(patient()).await;
    let held = MediaPlan { direction: Direction::Inactive, ..call.plan.clone() };
    call.session.update(held);
    call.session.play(vec![Arc::new(Prompt::new(vec![6_000; 160], "hello".into()))]);
    for _ in 0..10 {
        let event = call.next().await;
        assert!(matches!(&event, MediaEvent::Frame(frame) if frame.kind == FrameKind::Silence), "{event:?}");
    }
    call.session.update(call.plan.clone());
    call.wait(|e| matches!(e, MediaEvent::PromptsDone { .. })).await;
}

#[tokio::test]
async fn media_that_never_comes_or_stops_is_told() {
    let short =
        MediaRules { no_media: Duration::from_millis(300), media_lost: Duration::from_millis(200), nat_learning: true };
    let mut call = call(short).await;
    call.wait(|e| matches!(e, MediaEvent::NoMedia)).await;
    call.speak(&call.phone, 5).await;
    call.wait(|e| matches!(e, MediaEvent::MediaLost)).await;
}

#[tokio::test]
async fn a_caller_behind_nat_is_heard_and_answered_at_the_address_it_comes_from() {
    let mut call = call(patient()).await;
    let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    call.speak(&outside, 27).await;
    call.wait(|e| matches!(e, MediaEvent::Frame(f) if f.kind == FrameKind::Heard)).await;
    let mut buffer = [0; 2_048];
    tokio::time::timeout(DEADLINE, outside.recv_from(&mut buffer)).await.unwrap().unwrap();
}

#[tokio::test]
async fn dropping_the_session_ends_its_task_and_its_channel() {
    let call = call(patient()).await;
    let mut events = call.events;
    drop(call.session);
    let ended = async { while events.recv().await.is_some() {} };
    tokio::time::timeout(DEADLINE, ended).await.unwrap();
}

#[tokio::test]
async fn reports_reach_the_phone_on_its_port_and_the_last_one_says_goodbye() {
    let mut call = call(patient()).await;
    // The port above the phone's own may be another test's; it names one of its own.
    let reports = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let plan = MediaPlan { remote_rtcp: reports.local_addr().unwrap(), ..call.plan.clone() };
    call.session.update(plan);
    call.speak(&call.phone, 27).await;
    call.wait(|e| matches!(e, MediaEvent::Frame(f) if f.kind == FrameKind::Heard)).await;
    let mut events = call.events;
    let stats = call.session.close().await;
    assert_eq!(stats.packets_received, 27);
    while events.recv().await.is_some() {}
    let mut buffer = [0; 2_048];
    let last = loop {
        let (length, from) = tokio::time::timeout(DEADLINE, reports.recv_from(&mut buffer)).await.unwrap().unwrap();
        assert_eq!(from.port(), call.to.port() + 1);
        let report = crate::media::rtcp::parse(&buffer[..length], 77).unwrap();
        if report.goodbye {
            break report;
        }
    };
    let about = last.about_us.unwrap();
    assert_eq!((about.cumulative_lost, about.highest), (0, 26));
    assert!(last.sender_report.is_some());
}
