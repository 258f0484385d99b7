//! What an operator does to a running gateway: SIGTERM drains it, a second signal ends it, SIGHUP reloads it.

mod common;

use std::time::Duration;

use heardline::ingress::sip::caller::{CallPlan, CallerError, HangUp};
use heardline::ops::clock::Clock;
use rustix::process::Signal;
use tempfile::TempDir;

use common::endpoint::ScriptedEndpoint;
use common::served::{Served, make, plan, said, samples};
use common::sound::envelope;
use serde_json::Value;

/// A caller who stays until the gateway hangs up.
fn patient(sip: std::net::SocketAddr) -> CallPlan {
    let sound = said(&samples("en-streetlight")[..40_000]);
    CallPlan { sound, hang_up: HangUp::WhenPeerDoes, record: true, ..plan(sip, "en-streetlight") }
}

async fn on_the_line(gateway: &Served, count: usize) {
    let live = |calls: &Value| {
        calls["calls"].as_array().unwrap().iter().filter(|call| call["state"] == "live").count() == count
    };
    gateway.until("all on the line", "/api/calls", live).await;
}

fn cause(draft: &[u8]) -> String {
    let draft: Value = serde_json::from_slice(draft).unwrap();
    draft.pointer("/call/end_cause").unwrap().as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_refuses_new_calls_lets_ten_running_ones_end_by_themselves_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let endpoint = ScriptedEndpoint::start().await;
    let mut gateway = Served::start(folder.path(), &endpoint.url(), "[call]\ndrain_s = 60\n", None);
    let sip = gateway.sip;
    let mut speaking = tokio::task::JoinSet::new();
    for n in 0..10 {
        let whole = samples("zh-water");
        let sound = said(&whole[..whole.len() - n * 2_000]);
        speaking.spawn(make(CallPlan { sound, ..plan(sip, "zh-water") }));
    }
    on_the_line(&gateway, 10).await;
    gateway.signal(Signal::TERM);
    gateway.says("draining: 10 calls on the line, at most 60 s").await;
    match make(plan(sip, "zh-water")).await {
        Err(CallerError::Refused { status: 503, .. }) => {}
        other => panic!("a new call hears busy: {other:?}"),
    }
    assert_eq!(gateway.status("/health/ready").await, 503);
    assert!(gateway.text("/metrics").await.contains("heardline_gateway_draining 1"));
    while let Some(report) = speaking.join_next().await {
        assert!(!report.unwrap().expect("a whole call").ended_by_peer, "the caller hung up, not we");
    }
    let (status, said) = gateway.ended().await;
    assert!(status.success(), "{status}\n{said}");
    let posts = endpoint.posts();
    assert_eq!(posts.len(), 10, "every draft was delivered, each once");
    assert!(posts.iter().all(|post| cause(&post.body) == "caller_hangup"), "each with its own cause");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_deadline_callers_hear_goodbye_and_their_drafts_are_delivered() {
    let folder = TempDir::new().unwrap();
    let endpoint = ScriptedEndpoint::start().await;
    let mut gateway = Served::start(folder.path(), &endpoint.url(), "[call]\ndrain_s = 1\nsilence_ask_s = 600\n", None);
    let speaking: Vec<_> = (0..3).map(|_| tokio::spawn(make(patient(gateway.sip)))).collect();
    on_the_line(&gateway, 3).await;
    gateway.two_sentences().await;
    let told = Clock::system().instant();
    gateway.signal(Signal::TERM);
    gateway.says("3 calls are being told goodbye").await;
    for call in speaking {
        let report = call.await.unwrap().expect("answered");
        assert!(report.ended_by_peer);
        // The close is some nine seconds of words, the last thing that is heard.
        let tail = &report.heard[report.heard.len().saturating_sub(9 * 8_000)..];
        let loud = envelope(tail).into_iter().filter(|level| *level > 200.0).count();
        assert!(loud > 100, "{loud} loud steps of 20 ms: nobody was told goodbye");
    }
    let (status, said) = gateway.ended().await;
    println!("ended {} ms after SIGTERM (drain_s = 1, three goodbyes)", told.elapsed().as_millis());
    assert!(status.success(), "{status}\n{said}");
    let posts = endpoint.posts();
    assert_eq!(posts.len(), 3);
    for post in posts {
        assert_eq!(cause(&post.body), "shutdown");
        assert!(String::from_utf8_lossy(&post.body).contains("street light"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_and_the_next_start_carries_the_call_on() {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    let mut gateway = Served::start(folder.path(), &endpoint.url(), "", None);
    let speaking = tokio::spawn(make(patient(gateway.sip)));
    gateway.two_sentences().await;
    gateway.signal(Signal::TERM);
    gateway.says("draining: 1 calls on the line").await;
    gateway.signal(Signal::INT);
    let (status, said) = gateway.ended().await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("carried on at the next start"), "{said}");
    assert!(endpoint.posts().is_empty());
    speaking.abort();

    let _again = Served::start(folder.path(), &endpoint.url(), "", None);
    let posts = endpoint.wait_for(1).await;
    assert_eq!(cause(&posts[0].body), "interrupted");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nobody_on_the_line_the_end_does_not_wait() {
    let folder = TempDir::new().unwrap();
    let mut gateway = Served::start(folder.path(), "", "[call]\ndrain_s = 3600\n", None);
    gateway.signal(Signal::TERM);
    let (status, said) = gateway.ended().await;
    assert!(status.success() && !said.contains("draining"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_takes_over_what_can_change_names_what_cannot_and_survives_a_mistake() {
    let folder = TempDir::new().unwrap();
    let mut gateway = Served::start(folder.path(), "", "", None);
    let before = std::fs::read_to_string(&gateway.config).unwrap();
    let text = before.replace("[desk]\nlisten = \"127.0.0.1:0\"", "[desk]\nlisten = \"127.0.0.1:9\"");

    std::fs::write(&gateway.config, format!("{text}[call]\nsilence_ask_s = 0\n")).unwrap();
    gateway.signal(Signal::HUP);
    gateway.says("not reloaded, everything stays as it was").await;
    let said = gateway.said();
    assert!(said.contains("call.silence_ask_s") && said.contains("heardline.toml"), "{said}");
    assert_eq!(gateway.status("/health/ready").await, 200);

    // More room than any disk has: new calls are refused, so the change is in force.
    let text = text.replace("[data]\n", "[data]\nmin_free_mib = 99999999999\n");
    std::fs::write(&gateway.config, format!("{text}[[line]]\nretention_days = 3\n")).unwrap();
    gateway.signal(Signal::HUP);
    gateway.says("changed: data.min_free_mib, line; needs a restart: desk.listen").await;
    let full = |ready: &Value| ready.pointer("/reasons/0/condition").is_some_and(|condition| condition == "disk");
    let ready = gateway.until("not ready", "/health/ready", full).await;
    assert!(ready["reasons"][0]["reason"].as_str().unwrap().contains("data.min_free_mib"), "{ready}");
    match make(plan(gateway.sip, "zh-water")).await {
        Err(CallerError::Refused { status: 503, .. }) => {}
        other => panic!("refused: {other:?}"),
    }

    std::fs::write(&gateway.config, &before).unwrap();
    gateway.signal(Signal::HUP);
    gateway.until("ready again", "/health/ready", |ready| ready["status"] == "ready").await;
    gateway.signal(Signal::TERM);
    let ended = tokio::time::timeout(Duration::from_secs(60), gateway.ended()).await.unwrap();
    assert!(ended.0.success());
}

/// Whether a TLS client that trusts only `root` gets through to the door.
async fn trusted(door: std::net::SocketAddr, root: &rcgen::Certificate) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = tokio::net::TcpStream::connect(door).await.unwrap();
    let name = "localhost".try_into().unwrap();
    tokio_rustls::TlsConnector::from(std::sync::Arc::new(config)).connect(name, stream).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_reads_a_renewed_certificate_and_keeps_the_old_one_when_it_is_no_good() {
    let folder = TempDir::new().unwrap();
    let (certificate, key) = (folder.path().join("tls.pem"), folder.path().join("tls.key"));
    let issue = || {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        made.cert
    };
    let first = issue();
    let (pem, private) = (certificate.display(), key.display());
    let sip = format!("[sip]\nlisten = [\"tls:127.0.0.1:0\"]\ntls_certificate = \"{pem}\"\ntls_key = \"{private}\"\n");
    let gateway = Served::start(folder.path(), "", &sip, None);
    assert!(trusted(gateway.sip, &first).await);
    let second = issue();
    assert!(trusted(gateway.sip, &first).await && !trusted(gateway.sip, &second).await, "not before it is told");
    gateway.signal(Signal::HUP);
    gateway.says("reloaded, with prompts and certificates").await;
    assert!(trusted(gateway.sip, &second).await && !trusted(gateway.sip, &first).await);

    std::fs::write(&key, "no key at all").unwrap();
    gateway.signal(Signal::HUP);
    gateway.says("not reloaded, everything stays as it was").await;
    assert!(gateway.said().contains("tls.key"), "{}", gateway.said());
    assert!(trusted(gateway.sip, &second).await, "the old one still serves");
}
