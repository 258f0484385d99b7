//! What the media of one call costs in memory: a storm rings a thousand times at once.
//!
//! The only test of its process, without `mod common`: the tests in there run beside it, and what they allocate would
//! be told as the calls'.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use heardline::call::{Codec, Direction, MediaPlan};
use heardline::config::PortRange;
use heardline::media::{MediaRules, MediaSession, PortPool};
use heardline::ops::clock::Clock;
use tokio::net::UdpSocket;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const DEADLINE: Duration = Duration::from_secs(60);
const CALLS: u64 = 150;
/// Resident memory of one call's media, KiB: sockets, task, jitter buffer, timeline, sender, frames under way. A whole
/// call may cost 100 (goal) to 150 (landing).
const MOST_KIB: u64 = 40;

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_ascii_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

fn rtp(sequence: u16) -> Vec<u8> {
    let mut bytes = vec![0x80, 0];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend((u32::from(sequence) * 160).to_be_bytes());
    bytes.extend([0, 0, 0, 1]);
    bytes.extend([0xCE; 160]);
    bytes
}

#[tokio::test]
async fn the_media_of_a_g711_call_costs_little_memory() {
    let phone = UdpSocket::bind((LOOPBACK, 0)).await.expect("a phone");
    let remote = phone.local_addr().expect("its address");
    let plan = MediaPlan {
        codec: Codec::Pcmu,
        payload_type: 0,
        noise_payload_type: None,
        dtmf_payload_type: Some(101),
        remote,
        remote_rtcp: remote,
        rtcp_mux: true,
        signalled_from: None,
        direction: Direction::SendRecv,
        ptime_ms: 20,
    };
    let pool = PortPool::new(PortRange { first: 30_000, last: 33_999 }, Clock::system());
    let mut calls = Vec::new();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let mut before = 0;
    // The first calls pay for what the process needs once.
    for n in 0..CALLS + 10 {
        if n == 10 {
            before = resident_kib();
        }
        let ports = pool.acquire(LOOPBACK).await.expect("ports");
        let to = ports.local_addr();
        let (session, frames) = MediaSession::start(ports, plan.clone(), MediaRules::default(), Clock::system());
        calls.push((session, frames, to));
    }
    for sequence in 0..100 {
        pace.tick().await;
        for (_, frames, to) in &mut calls {
            phone.send_to(&rtp(sequence), *to).await.expect("the packet leaves");
            while frames.try_recv().is_ok() {}
        }
    }
    let each = resident_kib().saturating_sub(before) / CALLS;
    println!("{each} KiB of resident memory for the media of each of {CALLS} calls");
    assert!(each <= MOST_KIB, "{each} KiB a call");
    for (session, mut frames, _) in calls {
        let closing = tokio::spawn(async move { session.close().await });
        let drained = async { while frames.recv().await.is_some() {} };
        tokio::time::timeout(DEADLINE, drained).await.expect("the channel closes");
        assert!(closing.await.expect("the session ends").packets_received > 90);
    }
}
