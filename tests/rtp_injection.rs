//! A stranger sprays every RTP port before, at and during a call: the caller alone is recorded, and the stranger is
//! told nothing.

mod common;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use common::gateway::TestGateway;
use common::raw_phone::RawPhone;
use common::{DEADLINE, LOOPBACK, sound};
use heardline::call::CallState;
use heardline::config::PortRange;
use heardline::store::CallRow;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 66));
const PACKET: Duration = Duration::from_millis(20);
/// Packets of the stranger for each of a phone's.
const TIMES: usize = 50;
/// Mu-law of the loudest sample, which nobody else sends.
const LOUD: u8 = 0x80;
const LOUD_SAMPLE: i16 = 30_000;
/// The caller's own sound: mu-law of about 1,000, and its negative.
const VOICE: [u8; 2] = [0xCE, 0x4E];
const TALK_PACKETS: u16 = 150;

fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, 0];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend((u32::from(sequence) * 160).to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A range of four pairs in which every port was free a moment ago.
fn free_range() -> PortRange {
    for first in (43_000..60_000).step_by(64) {
        let last = first + 7;
        if (first..=last).all(|port| std::net::UdpSocket::bind((LOOPBACK, port)).is_ok()) {
            return PortRange { first, last };
        }
    }
    panic!("no free range");
}

struct Spray {
    stop: CancellationToken,
    task: JoinHandle<usize>,
}

impl Spray {
    /// Fifty phones' packets to each port, RTP and RTCP; one SSRC with rising numbers, as a phone's.
    async fn start(range: PortRange) -> Self {
        let socket = UdpSocket::bind((STRANGER, 0)).await.expect("the stranger's host");
        let stop = CancellationToken::new();
        let ended = stop.clone();
        let task = tokio::spawn(async move {
            let mut pace = tokio::time::interval(PACKET);
            let (mut sequence, mut heard) = (0_u16, 0);
            let mut buffer = [0; 2_048];
            while !ended.is_cancelled() {
                pace.tick().await;
                for _ in 0..TIMES {
                    sequence = sequence.wrapping_add(1);
                    let packet = rtp(sequence, 66, &[LOUD; 160]);
                    for port in (range.first..=range.last).step_by(2) {
                        // A full buffer of the kernel drops it, as on a real wire.
                        let _ = socket.try_send_to(&packet, (LOOPBACK, port).into());
                    }
                }
                let report = [0x80, 201, 0, 1, 0, 0, 0, 66];
                for port in range.first..=range.last {
                    let _ = socket.try_send_to(&report, (LOOPBACK, port).into());
                }
                while socket.try_recv_from(&mut buffer).is_ok() {
                    heard += 1;
                }
            }
            heard
        });
        Self { stop, task }
    }

    /// Datagrams that the stranger was sent.
    async fn end(self) -> usize {
        self.stop.cancel();
        self.task.await.expect("the spray ends")
    }
}

/// One call under spray. `in_sdp`: the host that the phone's SDP names; its sound comes from 127.0.0.1 in any case.
async fn sprayed(gateway: &mut TestGateway, range: PortRange, in_sdp: Ipv4Addr) -> (CallRow, usize) {
    let spray = Spray::start(range).await;
    let mut phone = RawPhone::udp(gateway.udp_port()).await;
    // Same length, so the Content-Length stays true.
    assert_eq!(in_sdp.to_string().len(), "127.0.0.1".len());
    let invite = phone.invite().replace("c=IN IP4 127.0.0.1", &format!("c=IN IP4 {in_sdp}"));
    phone.send(&invite).await;
    let answer = phone.wait("the answer", DEADLINE, |m| m.is_final_to("INVITE")).await;
    assert_eq!(answer.status(), Some(200));
    let port = answer.text.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a port");
    let to = SocketAddr::new(LOOPBACK, port.parse().expect("a port"));
    let ack = phone.ack(200);
    phone.send(&ack).await;
    let mut pace = tokio::time::interval(PACKET);
    let voice: Vec<u8> = (0..160).map(|n| VOICE[usize::from(n % 16 < 8)]).collect();
    for n in 0..TALK_PACKETS {
        pace.tick().await;
        phone.speak(&rtp(n, 1, &voice), to).await;
    }
    let bye = phone.bye();
    phone.send(&bye).await;
    assert_eq!(phone.finish("BYE").await, 200);
    let heard = spray.end().await;
    let call = gateway.settled(1, DEADLINE).await.remove(0);
    assert_eq!(call.state, CallState::Done);
    (call, heard)
}

/// Milliseconds of the recording in the stranger's sound and in the caller's.
fn recorded(path: &Path) -> (usize, usize) {
    let (pcm, rate) = sound::read_wav(path);
    let per_ms = usize::try_from(rate / 1_000).unwrap();
    let foreign = pcm.iter().filter(|s| s.unsigned_abs() >= LOUD_SAMPLE.unsigned_abs()).count();
    let own = pcm.iter().filter(|s| (500..2_000).contains(&s.unsigned_abs())).count();
    (foreign.div_ceil(per_ms), own / per_ms)
}

async fn gateway(range: PortRange, nat_learning: bool) -> TestGateway {
    let deaf = std::sync::Arc::new(common::recognizer::Deaf::new());
    TestGateway::start_with(Some(deaf), |config| {
        config.sip.rtp_ports = range;
        config.sip.nat_learning = nat_learning;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_address_is_in_the_sdp_is_heard_alone() {
    for nat_learning in [false, true] {
        let range = free_range();
        let mut gateway = gateway(range, nat_learning).await;
        let (call, told) = sprayed(&mut gateway, range, Ipv4Addr::LOCALHOST).await;
        let (foreign, own) = recorded(&gateway.recording(call.id));
        assert_eq!((foreign, told), (0, 0), "sound of the stranger, packets to the stranger");
        assert!(own > 2_000, "{own} ms of the caller");
        let line = call.line_quality.expect("the line of an answered call");
        assert!(line.wrong_source > 1_000, "{line:?}");
        gateway.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_behind_nat_is_learned_and_the_stranger_is_not() {
    let range = free_range();
    let mut gateway = gateway(range, true).await;
    let (call, told) = sprayed(&mut gateway, range, Ipv4Addr::new(127, 0, 0, 9)).await;
    let (foreign, own) = recorded(&gateway.recording(call.id));
    assert!(foreign <= 5 * 20, "{foreign} ms of the stranger");
    assert_eq!(told, 0, "packets to the stranger");
    assert!(own > 2_000, "{own} ms of the caller");
    assert!(call.line_quality.expect("the line of an answered call").wrong_source > 1_000);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_learning_nobody_is_heard_but_the_address_in_the_sdp() {
    let range = free_range();
    let mut gateway = gateway(range, false).await;
    let (call, told) = sprayed(&mut gateway, range, Ipv4Addr::new(127, 0, 0, 9)).await;
    assert_eq!((recorded(&gateway.recording(call.id)), told), ((0, 0), 0));
    gateway.shutdown().await;
}
