//! An INVITE flood from 200 addresses, never acknowledged, while somebody calls once a second: the calls go through and
//! the memory stays (trust A6). `HEARDLINE_FLOOD_S` sets its length (300 for the published figure), `HEARDLINE_FLOOD_RATE`
//! its INVITEs a second.

mod common;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use common::served::{Served, plan, said};
use heardline::config::limits;
use heardline::ingress::sip::caller::{CallPlan, Caller};
use heardline::ops::clock::Clock;
use tempfile::TempDir;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

const SOURCES: u8 = 200;
/// The flood's trunk is held to little; the other one has what it needs.
const DOORS: &str = "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\n\
    [[trunk]]\nname = \"flood\"\nallow = [\"127.0.0.0/24\"]\nmax_calls = 50\ncalls_per_second = 10\n\
    [[trunk]]\nname = \"city\"\nallow = [\"127.0.1.0/24\"]\n";
const CITY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 1, 1));
/// Memory the flood may cost, KiB.
const RSS_RISE: u64 = 64 * 1024;
/// What an allocator may keep of it afterwards, KiB.
const RSS_KEPT: u64 = 24 * 1024;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Resident memory of the gateway, KiB.
fn rss(gateway: &Served) -> u64 {
    let path = format!("/proc/{}/status", gateway.pid().as_raw_nonzero());
    let status = std::fs::read_to_string(path).expect("the gateway runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("KiB")
}

fn level(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in the metrics")).trim().parse().expect("a number")
}

fn sum(metrics: &str, name: &str, label: &str) -> f64 {
    let fits = |line: &&str| line.starts_with(&format!("{name}{{")) && line.contains(label);
    metrics.lines().filter(fits).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

fn invite(source: SocketAddr, door: SocketAddr, number: u64) -> String {
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n",
        ip = source.ip()
    );
    format!(
        "INVITE sip:311@{door} SIP/2.0\r\nVia: SIP/2.0/UDP {source};branch=z9hG4bKflood{number};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:flood@{source}>;tag={number}\r\nTo: <sip:311@{door}>\r\n\
         Call-ID: flood-{number}@{source}\r\nCSeq: 1 INVITE\r\nContact: <sip:flood@{source}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

/// Sends `rate` INVITEs a second, a new call each, and never looks at an answer.
async fn flood(door: SocketAddr, rate: u64, sent: Arc<AtomicU64>, stop: CancellationToken) {
    const TICK: Duration = Duration::from_millis(10);
    let mut sockets = Vec::new();
    for n in 0..SOURCES {
        sockets.push(UdpSocket::bind((Ipv4Addr::new(127, 0, 0, n + 2), 0)).await.expect("a loopback address"));
    }
    let mut tick = tokio::time::interval(TICK);
    let mut number = 0;
    while !stop.is_cancelled() {
        tick.tick().await;
        for _ in 0..rate / 100 {
            number += 1;
            let socket = &sockets[usize::try_from(number).unwrap() % sockets.len()];
            let invite = invite(socket.local_addr().unwrap(), door, number);
            if socket.send_to(invite.as_bytes(), door).await.is_ok() {
                sent.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// A second of 440 Hz at 8 kHz: heard and recorded like a voice, and no word in it that would make the recogniser's
/// memory part of the measurement.
fn tone() -> Vec<i16> {
    let sample = |n: u32| (f64::from(n) * 440.0 * std::f64::consts::TAU / 8_000.0).sin() * 8_000.0;
    (0..8_000).map(|n| sample(n) as i16).collect()
}

/// One call of somebody who means it: answered, spoken to, hung up.
async fn call(caller: &Caller, plan: CallPlan) -> Result<u64, String> {
    let report = caller.call(plan, CancellationToken::new(), |_| ()).await.map_err(|error| error.to_string())?;
    if report.packets_received == 0 || report.ended_by_peer {
        return Err(format!("{} packets heard, ended by us: {}", report.packets_received, !report.ended_by_peer));
    }
    Ok(report.setup_ms)
}

/// Waits until the door holds nothing; gives the seconds it took.
async fn emptied(gateway: &Served, clock: &Clock) -> u64 {
    let began = clock.instant();
    let names =
        ["heardline_sip_dialogs", "heardline_sip_transactions", "heardline_sip_half_open", "heardline_gateway_calls"];
    let limit = limits::HALF_OPEN_LIFE * 5;
    loop {
        let metrics = gateway.text("/metrics").await;
        if names.iter().all(|name| level(&metrics, name) == 0.0) {
            return (clock.instant() - began).as_secs();
        }
        let levels: Vec<_> = names.iter().map(|name| (name, level(&metrics, name))).collect();
        assert!(clock.instant() - began < limit, "never empty again: {levels:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_invites_costs_honest_callers_nothing_and_leaves_nothing_behind() {
    let (seconds, rate) = (setting("HEARDLINE_FLOOD_S", 10), setting("HEARDLINE_FLOOD_RATE", 4_000));
    let folder = TempDir::new().unwrap();
    let gateway = Served::start(folder.path(), "", DOORS, None);
    let clock = Clock::system();
    let caller = Arc::new(Caller::start(CITY, clock.clone()).await.unwrap());
    let honest = CallPlan { sound: said(&tone()), ..plan(gateway.sip, "silence") };
    for _ in 0..3 {
        call(&caller, honest.clone()).await.expect("without a flood every call succeeds");
    }
    emptied(&gateway, &clock).await;
    let base = rss(&gateway);

    let (sent, stop) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
    let flooding = tokio::spawn(flood(gateway.sip, rate, sent.clone(), stop.clone()));
    let failed = Arc::new(AtomicUsize::new(0));
    let (mut calls, mut peak) = (Vec::new(), base);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    for _ in 0..seconds {
        tick.tick().await;
        let (caller, honest, failed) = (caller.clone(), honest.clone(), failed.clone());
        calls.push(tokio::spawn(async move {
            call(&caller, honest).await.inspect_err(|error| {
                failed.fetch_add(1, Ordering::Relaxed);
                println!("an honest call failed: {error}");
            })
        }));
        peak = peak.max(rss(&gateway));
    }
    let mut setups = Vec::new();
    for call in calls.drain(..) {
        setups.extend(call.await.unwrap());
        peak = peak.max(rss(&gateway));
    }
    stop.cancel();
    flooding.await.unwrap();
    let metrics = gateway.text("/metrics").await;
    let emptied_s = emptied(&gateway, &clock).await;
    tokio::time::sleep(Duration::from_secs(60_u64.saturating_sub(emptied_s).min(seconds))).await;
    let after = rss(&gateway);

    setups.sort_unstable();
    let failed = failed.load(Ordering::Relaxed);
    println!(
        "flood: {} INVITEs in {seconds} s from {SOURCES} addresses; {} refused with 503, {} over a rate; honest calls: {} of \
         {seconds} failed, set-up median {} ms, worst {} ms; RSS {base} KiB before, at most {peak}, {after} after; empty \
         after {emptied_s} s",
        sent.load(Ordering::Relaxed),
        sum(&metrics, "heardline_sip_busy_total", "trunk=\"flood\""),
        sum(&metrics, "heardline_sip_screened_total", "reason=\"rate\""),
        failed,
        setups.get(setups.len() / 2).unwrap_or(&0),
        setups.last().unwrap_or(&0),
    );
    assert!(sent.load(Ordering::Relaxed) > seconds * rate / 4, "there was hardly a flood");
    assert!(u64::try_from(failed).unwrap() * 100 <= seconds, "{failed} of {seconds} honest calls failed");
    assert!(peak <= base + RSS_RISE, "the flood cost {} KiB", peak - base);
    assert!(after <= base + RSS_KEPT, "{} KiB were kept", after.saturating_sub(base));
}
