//! Calls over UDP, TCP and TLS, IPv4 and IPv6, several listeners at once; and streams that peers abuse.

mod common;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use common::any_phone::{AnyPhone, Certificate, drip, media, target};
use common::gateway::TestGateway;
use common::recognizer::Deaf;
use common::{DEADLINE, LOOPBACK};
use heardline::call::Origin;
use heardline::config::{Config, SipListen, Trunk, limits};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const SIX: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
const SECOND: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

async fn gateway(tweak: impl FnOnce(&mut Config)) -> TestGateway {
    TestGateway::start_with(Some(std::sync::Arc::new(Deaf::new())), tweak).await
}

/// The gateway's listener of this kind on this address.
fn door(gateway: &TestGateway, transport: &str, ip: IpAddr) -> SocketAddr {
    let fits = |listen: &SipListen| listen.transport() == transport && listen.address().ip() == ip;
    gateway.gateway.sip_addresses().into_iter().find(fits).expect("such a listener").address()
}

fn listeners(texts: &[&str]) -> Vec<SipListen> {
    texts.iter().map(|text| text.parse().expect("a listener")).collect()
}

async fn phone(gateway: &TestGateway, transport: &str, ip: IpAddr, certificate: &Certificate) -> AnyPhone {
    let door = door(gateway, transport, ip);
    match transport {
        "udp" => AnyPhone::udp(ip, door).await,
        "tcp" => AnyPhone::tcp(door).await,
        _ => AnyPhone::tls(door, &certificate.trusted(&[&TLS13])).await.expect("a handshake"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_told_and_ended_from_the_very_listener_it_came_in_on() {
    let certificate = Certificate::new();
    let mut gateway = gateway(|config| {
        config.sip.listen = listeners(&[
            "udp:127.0.0.1:0",
            "udp:127.0.0.2:0",
            "udp:[::1]:0",
            "tcp:127.0.0.1:0",
            "tcp:[::1]:0",
            "tls:127.0.0.1:0",
            "tls:[::1]:0",
        ]);
        config.sip.tls_certificate = Some(certificate.chain());
        config.sip.tls_key = Some(certificate.key());
        config.call.no_media_s = 1;
    })
    .await;
    let places = [
        ("udp", LOOPBACK),
        ("udp", SECOND),
        ("udp", SIX),
        ("tcp", LOOPBACK),
        ("tcp", SIX),
        ("tls", LOOPBACK),
        ("tls", SIX),
    ];
    for (transport, ip) in places {
        let place = format!("{transport} {ip}");
        let door = door(&gateway, transport, ip);
        let mut phone = phone(&gateway, transport, ip, &certificate).await;
        let answer = phone.call("sip:311@gateway").await;
        let expected = match transport {
            "udp" => format!("sip:{door}"),
            other => format!("sip:{door};transport={other}"),
        };
        assert_eq!(target(&answer), expected, "{place}: Contact");
        assert!(answer.header("Via").unwrap().contains(&format!("rport={}", phone.local.port())), "{place}: rport");
        assert_eq!(media(&answer).ip(), ip, "{place}: SDP");
        assert_eq!(phone.sound_from().await, media(&answer), "{place}: RTP comes from where the SDP says");

        // Nobody speaks: the gateway ends the call.
        let (bye, source) = phone.expect_bye().await;
        let via = format!("SIP/2.0/{} {door};", transport.to_uppercase());
        assert!(bye.header("Via").unwrap().starts_with(&via), "{place}: {}", bye.text);
        assert!(bye.text.starts_with("BYE sip:any@"), "{place}: {}", bye.text);
        if transport == "udp" {
            assert_eq!(source, Some(door), "{place}: BYE");
        }
    }
    let calls = gateway.settled(places.len(), DEADLINE).await;
    let mut transports: Vec<_> = calls
        .iter()
        .filter_map(|call| match &call.origin {
            Origin::Sip { transport, source, .. } => Some((transport.as_str(), source.ip())),
            Origin::WebRtc { .. } | Origin::File => None,
        })
        .collect();
    transports.reverse();
    assert_eq!(transports, places);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_a_sips_address_is_told_a_sips_contact() {
    let certificate = Certificate::new();
    let mut gateway = gateway(|config| {
        config.sip.listen = listeners(&["tls:127.0.0.1:0"]);
        config.sip.tls_certificate = Some(certificate.chain());
        config.sip.tls_key = Some(certificate.key());
    })
    .await;
    for version in [&TLS12, &TLS13] {
        let door = door(&gateway, "tls", LOOPBACK);
        let mut phone = AnyPhone::tls(door, &certificate.trusted(&[version])).await.expect("a handshake");
        let answer = phone.call("sips:311@gateway").await;
        assert_eq!(target(&answer), format!("sips:{door}"));
        phone.hang_up(&answer).await;
    }
    gateway.settled(2, DEADLINE).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_shown_to_new_callers_and_a_bad_one_to_nobody() {
    let certificate = Certificate::new();
    let renewed = Certificate::new();
    let mut config = Config::standard();
    let gateway = gateway(|own| {
        own.sip.listen = listeners(&["tls:127.0.0.1:0"]);
        own.sip.tls_certificate = Some(certificate.chain());
        own.sip.tls_key = Some(certificate.key());
        config = own.clone();
    })
    .await;
    let door = door(&gateway, "tls", LOOPBACK);
    let mut before = AnyPhone::tls(door, &certificate.trusted(&[&TLS13])).await.expect("the first certificate");

    std::fs::write(certificate.key(), "no key").unwrap();
    let refused = gateway.gateway.reload(&config).expect_err("no key in it").to_string();
    assert!(refused.contains("tls.key"), "{refused}");
    AnyPhone::tls(door, &certificate.trusted(&[&TLS13])).await.expect("the old certificate stays");

    renewed.write_to(&certificate);
    gateway.gateway.reload(&config).expect("good files");
    assert!(AnyPhone::tls(door, &certificate.trusted(&[&TLS13])).await.is_err(), "the old one is gone");
    let mut after = AnyPhone::tls(door, &renewed.trusted(&[&TLS13])).await.expect("the new certificate");
    for phone in [&mut before, &mut after] {
        let options = phone.options(1);
        phone.send(options.as_bytes()).await;
        assert_eq!(phone.finish("OPTIONS").await.status(), Some(200), "running connections go on");
    }
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_to_the_port_the_via_names_or_where_rport_asks_for_it() {
    let gateway = gateway(|_| {}).await;
    let door = door(&gateway, "udp", LOOPBACK);
    let mut listens = AnyPhone::udp(LOOPBACK, door).await;
    let mut sends = AnyPhone::udp(LOOPBACK, door).await;
    for (broken, status) in [("", 200), ("Max-Forwards: many\r\n", 400)] {
        let options = listens.options(1).replace("Max-Forwards: 70\r\n", broken);
        sends.send(options.replace(";rport", "").as_bytes()).await;
        assert_eq!(listens.finish("OPTIONS").await.status(), Some(status), "where the Via says");
        sends.send(options.replace("z9hG4bK", "z9hG4bKx").as_bytes()).await;
        assert_eq!(sends.finish("OPTIONS").await.status(), Some(status), "where it came from");
    }
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_found_however_the_stream_is_cut() {
    let mut gateway = gateway(|_| {}).await;
    let door = door(&gateway, "tcp", LOOPBACK);

    let mut phone = AnyPhone::tcp(door).await;
    let several = [phone.options(1), "\r\n\r\n".into(), phone.options(2), phone.options(3)].concat();
    phone.send(several.as_bytes()).await;
    let mut answered = Vec::new();
    while answered.len() < 3 {
        let message = phone.receive().await;
        assert_eq!(message.status(), Some(200), "{}", message.text);
        answered.push(message.header("CSeq").unwrap().to_owned());
    }
    answered.sort();
    assert_eq!(answered, ["1 OPTIONS", "2 OPTIONS", "3 OPTIONS"]);

    let mut phone = AnyPhone::tcp(door).await;
    let invite = phone.invite("sip:311@gateway");
    for byte in invite.as_bytes() {
        phone.send(std::slice::from_ref(byte)).await;
    }
    let answer = phone.finish("INVITE").await;
    assert_eq!(answer.status(), Some(200), "{}", answer.text);
    let ack = phone.request("ACK", target(&answer), 1, "", "");
    let bye = phone.request("BYE", target(&answer), 2, "", "");
    phone.send([ack, bye].concat().as_bytes()).await;
    assert_eq!(phone.finish("BYE").await.status(), Some(200), "ACK and BYE in one segment");
    gateway.settled(1, DEADLINE).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keep_alive_is_answered_and_costs_no_message() {
    let gateway = gateway(|_| {}).await;
    let mut phone = AnyPhone::tcp(door(&gateway, "tcp", LOOPBACK)).await;
    phone.send(b"\r\n").await;
    phone.send(b"\r\n").await;
    assert_eq!(phone.bytes(2).await, b"\r\n");
    let options = phone.options(1);
    phone.send(options.as_bytes()).await;
    assert_eq!(phone.finish("OPTIONS").await.status(), Some(200));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kilobytes_are_read_and_more_is_refused_by_size() {
    let gateway = gateway(|_| {}).await;
    let door = door(&gateway, "tcp", LOOPBACK);
    let mut phone = AnyPhone::tcp(door).await;
    let body = "x".repeat(100_000);
    let large = phone.request("INVITE", "sip:311@gateway", 1, "Content-Type: text/plain\r\n", &body);
    phone.send(large.as_bytes()).await;
    assert_eq!(phone.finish("INVITE").await.status(), Some(415), "it was read, and is no SDP");
    let options = phone.options(2);
    phone.send(options.as_bytes()).await;
    assert_eq!(phone.finish("OPTIONS").await.status(), Some(200));

    let head =
        phone.request("INVITE", "sip:311@gateway", 3, "", "").replace("Content-Length: 0", "Content-Length: 131072");
    phone.send(head.as_bytes()).await;
    assert_eq!(phone.finish("INVITE").await.status(), Some(513));
    assert!(phone.is_closed().await);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_lost_its_frame_is_answered_and_closed() {
    let gateway = gateway(|_| {}).await;
    let door = door(&gateway, "tcp", LOOPBACK);
    for length in ["", "Content-Length: -1\r\n", "Content-Length: 0\r\nl: 0\r\n", "Content-Length: many\r\n"] {
        let mut phone = AnyPhone::tcp(door).await;
        let broken = phone.options(1).replace("Content-Length: 0\r\n", length);
        let smuggled = phone.options(2);
        phone.send([broken, smuggled].concat().as_bytes()).await;
        assert_eq!(phone.finish("OPTIONS").await.status(), Some(400), "{length:?}");
        assert!(phone.is_closed().await, "{length:?}: nothing behind it was read");
    }
    for garbage in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"{\"a\":1}"]
    {
        let mut phone = AnyPhone::tcp(door).await;
        phone.send(garbage).await;
        assert!(phone.is_closed().await, "{garbage:?} gets no answer");
    }
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_at_its_limit_hears_busy_and_the_others_do_not() {
    let trunk = |name: &str, allow: &str, max_calls: Option<usize>| Trunk {
        name: name.into(),
        allow: vec![allow.parse().unwrap()],
        trust_identity: false,
        max_calls,
        calls_per_second: None,
    };
    let mut gateway = gateway(|config| {
        config.trunks = vec![trunk("small", "127.0.0.1/32", Some(1)), trunk("large", "127.0.0.2/32", None)];
    })
    .await;
    let door = door(&gateway, "udp", LOOPBACK);
    let mut first = AnyPhone::udp(LOOPBACK, door).await;
    let answer = first.call("sip:311@gateway").await;

    let mut second = AnyPhone::udp(LOOPBACK, door).await;
    let invite = second.invite("sip:311@gateway");
    second.send(invite.as_bytes()).await;
    let busy = second.finish("INVITE").await;
    assert_eq!((busy.status(), busy.header("Retry-After")), (Some(503), Some("5")), "{}", busy.text);

    let mut other = AnyPhone::udp(SECOND, door).await;
    let theirs = other.call("sip:311@gateway").await;
    other.hang_up(&theirs).await;
    first.hang_up(&answer).await;
    gateway.settled(2, DEADLINE).await;
    let mut again = AnyPhone::udp(LOOPBACK, door).await;
    let answer = again.call("sip:311@gateway").await;
    again.hang_up(&answer).await;

    let metrics = reqwest::get(format!("http://{}/metrics", gateway.gateway.desk_address())).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.lines().any(|line| line.starts_with("heardline_sip_busy_total{") && line.contains("trunk=\"small\"")),
        "{metrics}"
    );
    gateway.settled(3, DEADLINE).await;
    gateway.shutdown().await;
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("the list of open files").count()
}

async fn idle_connection(from: IpAddr, door: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("a loopback address");
    socket.connect(door).await.expect("the gateway accepts")
}

/// Waits until no more files are open than `base`.
async fn back_to(base: usize) {
    let back = async {
        while open_files() > base {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(DEADLINE, back).await;
    assert!(waited.is_ok(), "{} files open, {base} before", open_files());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_idle_connections_and_worse_leave_the_door_open_and_no_file_behind() {
    let mut gateway = gateway(|_| {}).await;
    let door = door(&gateway, "tcp", LOOPBACK);
    let mut warm = AnyPhone::tcp(door).await;
    let answer = warm.call("sip:311@gateway").await;
    warm.hang_up(&answer).await;
    drop(warm);
    gateway.settled(1, DEADLINE).await;
    let base = open_files();

    let mut idle = Vec::new();
    for n in 0..2_000_u32 {
        let host = u8::try_from(n % 200 + 2).unwrap();
        idle.push(idle_connection(IpAddr::from([127, 0, 1, host]), door).await);
    }
    let mut loris = TcpStream::connect(door).await.unwrap();
    let loris = tokio::spawn(async move {
        let text = "INVITE sip:311@gateway SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n".repeat(4);
        drip(&mut loris, text.as_bytes(), Duration::from_secs(1)).await
    });
    for _ in 0..100 {
        let mut stream = TcpStream::connect(door).await.unwrap();
        let phone = AnyPhone::udp(LOOPBACK, door).await;
        stream.write_all(phone.invite("sip:busy@gateway").replace("/UDP", "/TCP").as_bytes()).await.unwrap();
        // Closing at once with the answer unread resets the connection.
        stream.set_zero_linger().unwrap();
    }
    let mut phone = AnyPhone::tcp(door).await;
    let answer = phone.call("sip:311@gateway").await;
    phone.hang_up(&answer).await;
    drop(phone);

    let bytes = tokio::time::timeout(DEADLINE, loris).await.expect("the slow one is cut off").unwrap();
    let limit = usize::try_from(limits::MESSAGE_WITHIN.as_secs()).unwrap();
    assert!(bytes <= 2 * limit, "{bytes} bytes at one a second, and the limit is {limit} s");
    drop(idle);
    // Calls of the reset connections end with their 64*T1; what they hold until then is two ports and a recording.
    gateway
        .until("all calls over", 2 * DEADLINE, async |store: std::sync::Arc<dyn heardline::store::Store>| {
            let calls = common::gateway::all_calls(store.as_ref()).await;
            let open = calls.iter().filter(|call| !call.state.is_final()).count();
            if open == 0 { Ok(()) } else { Err(format!("{open} of {} open", calls.len())) }
        })
        .await;
    back_to(base).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_reads_is_cut_off_and_nobody_else_notices() {
    let gateway = gateway(|_| {}).await;
    let door = door(&gateway, "tcp", LOOPBACK);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut deaf = socket.connect(door).await.unwrap();
    let phone = AnyPhone::udp(LOOPBACK, door).await;
    let flood = tokio::spawn(async move {
        // A malformed request is answered at once, by us; a sound one by the stack.
        for n in 0..1_000_000_u32 {
            let options = phone.options(n + 2).replace("/UDP", "/TCP");
            if deaf.write_all(options.as_bytes()).await.is_err() {
                return n;
            }
        }
        1_000_000
    });
    let mut other = AnyPhone::tcp(door).await;
    let mut served = 0;
    while !flood.is_finished() {
        let options = other.options(served + 2);
        other.send(options.as_bytes()).await;
        assert_eq!(other.finish("OPTIONS").await.status(), Some(200));
        served += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sent = flood.await.unwrap();
    assert!(sent < 1_000_000, "it was never cut off");
    println!("cut off after {sent} requests; {served} of another phone were answered meanwhile");
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_is_closed_in_time() {
    let gateway = gateway(|_| {}).await;
    let door = door(&gateway, "tcp", LOOPBACK);
    let mut silent = TcpStream::connect(door).await.unwrap();
    let closed = tokio::time::timeout(DEADLINE, silent.read(&mut [0; 16])).await;
    assert_eq!(closed.expect("closed in time").expect("in good order"), 0);
    gateway.shutdown().await;
}
