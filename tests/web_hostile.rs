//! What strangers send to the web door makes nothing panic, ends no call and is never heard (acceptance 5).

mod common;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use common::browser::{call, sample, saying};
use common::gateway::TestGateway;
use common::phones::free_port;
use common::relay::{OUTSIDE, Relay};
use common::{DEADLINE, LOOPBACK, web_offers};
use heardline::call::{CallState, Codec, EndCause};
use heardline::config::{Config, PortRange};
use heardline::ingress::webrtc::caller::{CallerError, HangUp, WebPlan, WhipCaller};
use heardline::ops::clock::Clock;
use rand::{Rng, SeedableRng};
use reqwest::Client;
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Panics of any task count, also of those whose end nobody waits for.
fn count_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        report(panic);
    }));
}

fn unlimited(config: &mut Config) {
    config.webrtc.calls_per_address = 1_000;
    config.webrtc.calls_per_minute = 100_000;
}

async fn start(tweak: impl FnOnce(&mut Config)) -> (TestGateway, String) {
    let deaf = std::sync::Arc::new(common::recognizer::Deaf::new());
    let gateway = TestGateway::start_with(Some(deaf), |config| {
        unlimited(config);
        tweak(config);
    })
    .await;
    let url = format!("http://{}", gateway.gateway.public_address());
    (gateway, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_malformed_offers_are_answered_and_the_call_that_is_up_goes_on() {
    count_panics();
    let (mut gateway, url) = start(|_| ()).await;
    let client = Client::new();
    let hostile = async {
        let known = web_offers::known().into_iter().map(|(name, offer)| (name.to_owned(), offer.into_bytes()));
        let seeds = (0..200_u64).map(|seed| (format!("seed {seed}"), web_offers::mutated(seed)));
        let mut answered = 0;
        for (name, offer) in known.chain(seeds) {
            let post = client.post(format!("{url}/whip/default")).header(header::CONTENT_TYPE, "application/sdp");
            let response = post.body(offer).send().await.unwrap_or_else(|e| panic!("{name}: no answer: {e}"));
            let status = response.status().as_u16();
            let location = response.headers().get(header::LOCATION).map(|l| l.to_str().unwrap().to_owned());
            assert!(matches!(status, 201 | 400 | 406 | 413 | 422), "{name}: {status} {:?}", response.text().await);
            if let Some(location) = location {
                answered += 1;
                let ended = client.delete(format!("{url}{location}")).send().await.unwrap().status();
                assert_eq!(ended, StatusCode::OK, "{name}");
            }
        }
        answered
    };
    let (answered, report) = tokio::join!(hostile, call(&gateway, saying(sample("en-heating", Codec::Opus))));
    println!("{answered} were good enough for a call");
    let calls = gateway.settled(answered + 1, DEADLINE).await;
    let honest = calls.iter().max_by_key(|call| call.duration_ms).unwrap();
    assert_eq!(honest.cause, Some(EndCause::CallerHangup));
    let quality = honest.line_quality.as_ref().expect("measured");
    assert!(quality.packets_received > 1_500, "{quality:?} {report:?}");
    assert!(
        calls
            .iter()
            .filter(|call| call.id != honest.id)
            .all(|call| call.line_quality.as_ref().is_none_or(|q| q.packets_received == 0))
    );
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_of_the_wrong_kind_is_refused_by_its_name() {
    let (gateway, url) = start(|_| ()).await;
    let client = Client::new();
    let post = |path: &str, kind: &str, body: Vec<u8>| {
        client.post(format!("{url}{path}")).header(header::CONTENT_TYPE, kind.to_owned()).body(body).send()
    };
    let sdp = || web_offers::CHROMIUM.as_bytes().to_vec();
    // The gateway may close the connection while we still send.
    let huge = post("/whip/default", "application/sdp", vec![b'v'; 10 << 20]).await;
    assert!(huge.as_ref().map_or(true, |answer| answer.status() == 413), "{huge:?}");
    assert_eq!(post("/whip/default", "application/sdp", vec![b'v'; 65_537]).await.unwrap().status(), 413);
    assert_eq!(post("/whip/default", "application/json", sdp()).await.unwrap().status(), 415);
    assert_eq!(post("/whip/nobody", "application/sdp", sdp()).await.unwrap().status(), 404);
    let info = client.post(format!("{url}/whip/default")).header(header::CONTENT_TYPE, "application/sdp");
    let info = info.header("heardline-call-info", "e".repeat(4_000)).body(sdp()).send().await.unwrap();
    assert_eq!(info.status(), 400);
    assert_eq!(info.headers()[header::CONTENT_TYPE], "application/problem+json");
    let foreign = client.post(format!("{url}/whip/default")).header(header::CONTENT_TYPE, "application/sdp");
    let foreign = foreign.header(header::ORIGIN, "https://evil.example").header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.body(sdp()).send().await.unwrap().status(), 403);
    assert!(gateway.calls().await.is_empty());
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_too_often_is_told_when_to_call_again() {
    let (gateway, url) = start(|config| config.webrtc.calls_per_minute = 3).await;
    let client = Client::new();
    let offer = || {
        let post = client.post(format!("{url}/whip/default")).header(header::CONTENT_TYPE, "application/sdp");
        post.body(web_offers::CHROMIUM).send()
    };
    for _ in 0..3 {
        assert_eq!(offer().await.unwrap().status(), 201);
    }
    let refused = offer().await.unwrap();
    assert_eq!(
        (refused.status(), refused.headers()[header::RETRY_AFTER].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "20")
    );
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_of_a_stranger_are_not_heard_and_do_not_end_the_call() {
    count_panics();
    let port = free_port();
    let (mut gateway, _) = start(|config| config.webrtc.udp_ports = PortRange { first: port, last: port + 1 }).await;
    let over = CancellationToken::new();
    let stranger = async {
        let socket = UdpSocket::bind((IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9)), 0)).await.unwrap();
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let mut sent = 0_u32;
        while !over.is_cancelled() {
            // From before the handshake: it is then that a stranger could be listened to.
            for target in [port, port + 1] {
                let _nobody_there_yet = socket.send_to(&junk(&mut random, sent), (LOOPBACK, target)).await;
            }
            sent += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        sent
    };
    let honest = async {
        let report = call(&gateway, saying(sample("en-gas", Codec::Opus))).await;
        over.cancel();
        report
    };
    let (sent, _) = tokio::join!(stranger, honest);
    assert!(sent > 1_000, "{sent} packets of the stranger");
    let calls = gateway.settled(1, DEADLINE).await;
    let quality = calls[0].line_quality.as_ref().expect("measured");
    assert_eq!(calls[0].cause, Some(EndCause::CallerHangup));
    assert_eq!(
        (quality.malformed, quality.unknown_payload, quality.bad_payload, quality.restarts),
        (0, 0, 0, 0),
        "{quality:?}"
    );
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    gateway.shutdown().await;
}

/// STUN, DTLS and RTP as a stranger can make them, and noise. The DTLS records are whole ones: a handshake that listens
/// to a stranger would act on them.
fn junk(random: &mut impl Rng, n: u32) -> Vec<u8> {
    let noise = |random: &mut dyn rand::RngCore| -> Vec<u8> {
        let mut body = vec![0; usize::try_from(random.next_u32() % 200).unwrap_or(0) + 1];
        random.fill_bytes(&mut body);
        body
    };
    let sequence = n.to_be_bytes();
    let record = |kind: u8, body: &[u8]| {
        let length = u16::try_from(body.len()).expect("a small one").to_be_bytes();
        [&[kind, 0xfe, 0xfd, 0, 0, 0, 0], &sequence[..], &length, body].concat()
    };
    match n % 7 {
        // A binding request for nobody, its attributes as long as they like.
        0 => [&[0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42][..], &noise(random)].concat(),
        // A success response that nobody waits for.
        1 => [&[0x01, 0x01, 0x00, 0x0c, 0x21, 0x12, 0xa4, 0x42][..], &noise(random)].concat(),
        // A HelloRequest, and a fragment of a ClientHello that claims sixteen megabytes (CVE-2022-29189).
        2 => record(22, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        3 => record(22, &[1, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]),
        // Alerts in the clear: a goodbye, and that the handshake failed.
        4 => record(21, &[1, 0]),
        5 => record(21, &[2, 40]),
        _ => [&[0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7][..], &noise(random)].concat(),
    }
}

/// Stands between caller and gateway and puts another fingerprint into the offer.
async fn forger(gateway: SocketAddr) -> String {
    async fn forge(State(gateway): State<SocketAddr>, body: String) -> Response {
        let forged = body.replace("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:").replace(":00\r\n", "\r\n");
        let lines = forged.lines().map(|line| match line.strip_prefix("a=fingerprint:sha-256 ") {
            Some(bytes) => format!("a=fingerprint:sha-256 {}", bytes.get(..95).unwrap_or(bytes)),
            None => line.to_owned(),
        });
        let forged = lines.collect::<Vec<_>>().join("\r\n") + "\r\n";
        let post = Client::new().post(format!("http://{gateway}/whip/default"));
        let answer = post.header(header::CONTENT_TYPE, "application/sdp").body(forged).send().await.unwrap();
        let mut headers = HeaderMap::new();
        for name in [header::CONTENT_TYPE, header::LOCATION] {
            headers.extend(answer.headers().get(&name).map(|value| (name, value.clone())));
        }
        (answer.status(), headers, answer.bytes().await.unwrap()).into_response()
    }
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/whip/default", post(forge)).with_state(gateway);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}/whip/default")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_certificate_is_not_the_one_it_named_is_not_heard() {
    let (mut gateway, _) = start(|_| ()).await;
    let url = forger(gateway.gateway.public_address()).await;
    let caller = WhipCaller::new(&url, None, Clock::system()).unwrap();
    let plan = saying(sample("en-gas", Codec::Opus));
    let called = tokio::time::timeout(DEADLINE, caller.call(plan, CancellationToken::new(), |_| ())).await;
    println!("the caller: {called:?}");
    assert!(matches!(called, Ok(Err(CallerError::NotConnected { .. }) | Ok(_))), "{called:?}");
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(
        (calls[0].state, calls[0].cause),
        (CallState::Done, Some(EndCause::NoMedia)),
        "a draft is made all the same"
    );
    assert_eq!(calls[0].line_quality.as_ref().map(|quality| quality.packets_received), Some(0));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_that_are_sent_again_are_heard_once() {
    let first = free_port();
    let range = PortRange { first, last: first + 1 };
    let _relay = Relay::start_replaying(first..=range.last, 20).await;
    let (mut gateway, _) = start(|config| {
        config.webrtc.udp_ports = range;
        config.webrtc.public_address = Some(OUTSIDE);
    })
    .await;
    let plan = WebPlan { hang_up: HangUp::AfterAudio { linger_ms: 2_000 }, ..saying(sample("en-gas", Codec::Opus)) };
    let _report = call(&gateway, plan).await;
    let calls = gateway.settled(1, DEADLINE).await;
    let quality = calls[0].line_quality.as_ref().expect("measured");
    let spoken_ms = calls[0].duration_ms.unwrap();
    assert!(quality.packets_received * 20 <= spoken_ms + 1_000, "{quality:?} in {spoken_ms} ms");
    assert_eq!((quality.duplicates, quality.packets_late, quality.restarts), (0, 0, 0), "{quality:?}");
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bearer_of_one_call_opens_nothing_of_another() {
    let (mut gateway, url) = start(|_| ()).await;
    let client = Client::new();
    let mut calls = Vec::new();
    for _ in 0..2 {
        let post = client.post(format!("{url}/whip/default")).header(header::CONTENT_TYPE, "application/sdp");
        let answer = post.body(web_offers::CHROMIUM).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let text = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        calls.push((format!("{url}{}", text("location")), text("heardline-token")));
    }
    let [(first, its_bearer), (second, other_bearer)] = calls.as_slice() else { unreachable!() };
    let get = |url: String, bearer: Option<&str>| {
        let get = client.get(url);
        let get = bearer.into_iter().fold(get, |get, bearer| get.bearer_auth(bearer));
        async move { get.send().await.unwrap().status().as_u16() }
    };
    for path in ["", "/events"] {
        assert_eq!(get(format!("{first}{path}"), Some(its_bearer)).await, 200);
        assert!(matches!(get(format!("{first}{path}"), Some(other_bearer)).await, 401 | 403 | 404));
        assert!(matches!(get(format!("{second}{path}"), Some(its_bearer)).await, 401 | 403 | 404));
        assert_eq!(get(format!("{first}{path}"), None).await, 401);
        assert!(matches!(get(format!("{first}x{path}"), Some(its_bearer)).await, 401 | 404));
    }
    let end = |url: &String, bearer: &String| client.delete(url).bearer_auth(bearer).send();
    assert_eq!(end(first, other_bearer).await.unwrap().status(), 403);
    assert_eq!(end(first, its_bearer).await.unwrap().status(), 200);
    assert_eq!(client.delete(second).send().await.unwrap().status(), 200);
    assert_eq!(gateway.settled(2, DEADLINE).await.len(), 2);
    assert_eq!(get(first.clone(), Some(its_bearer)).await, 200, "readable after the hang-up");
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_makes_the_gateway_connect_to_nobody_and_restarts_nothing() {
    let (mut gateway, url) = start(|_| ()).await;
    let client = Client::new();
    let post = client.post(format!("{url}/whip/default")).header(header::CONTENT_TYPE, "application/sdp");
    let answer = post.body(web_offers::CHROMIUM).send().await.unwrap();
    let location = format!("{url}{}", answer.headers()[header::LOCATION].to_str().unwrap());
    let bait = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let port = bait.local_addr().unwrap().port();
    let patch = |kind: &str, fragment: String| {
        client.patch(&location).header(header::CONTENT_TYPE, kind.to_owned()).body(fragment).send()
    };
    let kind = "application/trickle-ice-sdpfrag";
    let tcp =
        format!("a=ice-ufrag:86Wc\r\na=mid:0\r\na=candidate:1 1 tcp 1 127.0.0.1 {port} typ host tcptype passive\r\n");
    assert_eq!(patch(kind, tcp).await.unwrap().status(), 204, "it is taken note of, and no more");
    let udp = "a=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 40000 typ host\r\n".to_owned();
    assert_eq!(patch(kind, udp.clone()).await.unwrap().status(), 204);
    assert_eq!(patch("application/sdp", udp.clone()).await.unwrap().status(), 415);
    assert_eq!(patch(kind, "no fragment".into()).await.unwrap().status(), 400);
    assert_eq!(patch(kind, "a=ice-ufrag:other\r\na=ice-pwd:x\r\n".into()).await.unwrap().status(), 422);
    let identity = client.delete(&location).bearer_auth("a.signed.identity").send().await.unwrap();
    assert_eq!(identity.status(), 200, "what is no call's bearer does not keep a caller from hanging up");
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(calls[0].cause, Some(EndCause::CallerHangup));
    assert_eq!(patch(kind, udp).await.unwrap().status(), 404);
    let connected = tokio::time::timeout(Duration::from_millis(500), bait.accept()).await;
    assert!(connected.is_err(), "the gateway connected to where a caller wished");
    gateway.shutdown().await;
}
