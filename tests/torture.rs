//! Every torturous message at a real gateway's sockets, each followed by a control request that must be answered:
//! no crash, no missed control, the answer the RFC owes and no other, and nothing for a third party.

mod common;
#[path = "torture/own.rs"]
mod own;
#[path = "torture/rfc.rs"]
mod rfc;
#[path = "torture/wire.rs"]
mod wire;

use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use common::DEADLINE;
use common::gateway::TestGateway;
use common::raw_phone::Message;
use common::recognizer::Deaf;
use futures_util::future::join_all;
use heardline::config::SipListen;
use own::{MISDIRECTED, REFUSED, Rule, UNANSWERED, VALID};
use rfc::{EXPLAINED, PRINTED_LENGTHS, RFC_4475, RFC_5118};
use wire::{Line, Outcome, Seen};

/// Answers that are not the expected ones, by wire and file, each with its reason in a comment beside it. A new
/// deviation is a regression, one that vanished is stale: both fail.
const DEVIATIONS: &[(&str, &str)] = &[];

const NO_FOLDER: &str = "skipped: no RFC 4475 messages; name their folder in HEARDLINE_TORTURE_DIR";

/// Collects what differs.
#[derive(Default)]
struct Findings {
    deviating: Vec<(String, String)>,
    calls: usize,
}

impl Findings {
    fn note(&mut self, name: &str, expected: &Outcome, seen: &Seen) {
        let outcome = seen.outcome();
        self.calls +=
            seen.answers.iter().filter(|answer| answer.answers("INVITE") && answer.status() == Some(200)).count();
        if outcome != *expected {
            self.deviating.push((name.to_owned(), format!("expected {expected:?}, got {outcome:?}")));
        }
    }

    fn assert_as_known(&self, wire: &str) {
        let unknown: Vec<_> = self
            .deviating
            .iter()
            .filter(|(name, _)| !DEVIATIONS.iter().any(|(w, n)| *w == wire && n == name))
            .collect();
        assert!(unknown.is_empty(), "answers that differ from what is owed: {unknown:#?}");
        let known = |name: &str| self.deviating.iter().any(|(deviating, _)| deviating == name);
        let stale: Vec<_> = DEVIATIONS.iter().filter(|(w, name)| *w == wire && !known(name)).collect();
        assert!(stale.is_empty(), "no longer deviating, take them off the table: {stale:?}");
    }
}

fn udp(gateway: &TestGateway) -> SocketAddr {
    let is_udp = |listen: &SipListen| matches!(listen, SipListen::Udp(_));
    gateway.gateway.sip_addresses().into_iter().find(is_udp).expect("a UDP listener").address()
}

/// An answer says why, and never more than one thing.
fn assert_explained(name: &str, answer: &Message) {
    for (status, header, words) in EXPLAINED {
        if answer.status() == Some(status) {
            let value = answer.header(header).unwrap_or_else(|| panic!("{name}: {status} without {header}"));
            assert!(value.contains(words), "{name}: {header}: {value}");
        }
    }
    let media: Vec<_> = answer.text.lines().filter(|line| line.starts_with("m=")).collect();
    if let [audio, others @ ..] = media.as_slice() {
        assert!(!audio.starts_with("m=audio 0 "), "{name}: {audio}");
        assert!(others.iter().all(|line| line.split(' ').nth(1) == Some("0")), "{name}: {others:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_of_rfc_4475_and_rfc_5118_gets_its_answer_over_udp() {
    let Some(folder) = rfc::folder() else { return println!("{NO_FOLDER}") };
    let mut gateway = TestGateway::start().await;
    let mut findings = Findings::default();
    let mut send = async |name: &str, message: &[u8], expected: Outcome| {
        let seen = Line::udp(udp(&gateway)).await.exchange(message, &expected).await;
        seen.answers.iter().for_each(|answer| assert_explained(name, answer));
        findings.note(name, &expected, &seen);
    };
    for (rfc, table) in [("rfc4475", RFC_4475.as_slice()), ("rfc5118", RFC_5118.as_slice())] {
        for (file, status) in table {
            send(file, &rfc::message(&folder, rfc, file), rfc::by_datagram(*status)).await;
        }
    }
    for (file, length, status) in PRINTED_LENGTHS {
        let printed = rfc::with_length(&rfc::message(&folder, "rfc5118", file), length);
        send(&format!("{file} as printed"), &printed, Outcome::status(status)).await;
        let beyond = rfc::with_length(&rfc::message(&folder, "rfc5118", file), 300);
        send(&format!("{file} beyond its body"), &beyond, Outcome::status(400)).await;
    }
    findings.assert_as_known("udp");
    gateway.settled(findings.calls, DEADLINE).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_of_rfc_4475_and_rfc_5118_gets_its_answer_over_tcp() {
    let Some(folder) = rfc::folder() else { return println!("{NO_FOLDER}") };
    let mut gateway = TestGateway::start().await;
    let mut findings = Findings::default();
    let port = gateway.tcp_port();
    // All at once, for some are waited for until the gateway has lost its patience.
    let one = async |rfc: &str, file: &'static str, status: u16| {
        let expected = rfc::by_stream(file, status);
        let seen = Line::tcp(port).await.exchange(&rfc::message(&folder, rfc, file), &expected).await;
        let control = Rule { method: "OPTIONS", edits: &[], status: 200 };
        let mut line = Line::tcp(port).await;
        let message = control.message(0, &line.local.to_string(), "");
        assert_eq!(line.exchange(&message, &control.outcome()).await.outcome(), control.outcome(), "after {file}");
        (file, expected, seen)
    };
    let all = RFC_4475.iter().map(|row| ("rfc4475", row)).chain(RFC_5118.iter().map(|row| ("rfc5118", row)));
    for (file, expected, seen) in join_all(all.map(|(rfc, (file, status))| one(rfc, file, *status))).await {
        findings.note(file, &expected, &seen);
    }
    findings.assert_as_known("tcp");
    gateway.settled(findings.calls, DEADLINE).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_holds_with_a_message_of_our_own() {
    let mut gateway = TestGateway::start().await;
    let mut findings = Findings::default();
    for (number, rule) in [VALID, REFUSED, UNANSWERED].into_iter().flatten().enumerate() {
        let mut line = Line::udp(udp(&gateway)).await;
        let message = rule.message(number, &line.local.to_string(), "");
        let seen = line.exchange(&message, &rule.outcome()).await;
        findings.note(&String::from_utf8_lossy(&message), &rule.outcome(), &seen);
    }
    findings.assert_as_known("own");
    gateway.settled(findings.calls, DEADLINE).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_goes_to_where_the_request_came_from_whatever_it_says() {
    let mut gateway = TestGateway::start().await;
    // On the sender's own host the port of its Via counts (RFC 3261 section 18.2.2), so the third party is another one.
    let victim = UdpSocket::bind("127.0.0.9:0").expect("a port for the third party");
    victim.set_nonblocking(true).expect("it is only looked at");
    let (address, mut calls) = (victim.local_addr().expect("its address"), 0);
    for (number, rule) in MISDIRECTED.iter().enumerate() {
        let mut line = Line::udp(udp(&gateway)).await;
        let text = String::from_utf8(rule.message(number, &line.local.to_string(), own::VICTIM)).expect("text");
        let text = text
            .replace("VICTIM_HOST", &address.ip().to_string())
            .replace("VICTIM_PORT", &address.port().to_string())
            .replace(own::VICTIM, &address.to_string());
        // The second is a retransmission: its answer comes from another place in the gateway.
        for _ in 0..if rule.method == "INVITE" { 1 } else { 2 } {
            let seen = line.exchange(text.as_bytes(), &rule.outcome()).await;
            assert_eq!(seen.outcome(), rule.outcome(), "{text}");
        }
        calls += usize::from(rule.method == "INVITE");
    }
    let mut buffer = [0; 2_048];
    let heard = victim.recv(&mut buffer).map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned());
    assert!(heard.is_err(), "a third party was sent {heard:?}");
    gateway.settled(calls, DEADLINE).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_ipv6_a_retransmission_is_answered_too_whatever_name_the_phone_has() {
    let listen = vec![SipListen::Udp((Ipv6Addr::LOCALHOST, 0).into())];
    let gateway = TestGateway::start_with(Some(Arc::new(Deaf::new())), |config| config.sip.listen = listen).await;
    let mut line = Line::udp(udp(&gateway)).await;
    for (number, sent_by) in ["phone.invalid", "[2001:db8::7]", "192.0.2.7:5060;rport"].iter().enumerate() {
        let via = format!("Via: SIP/2.0/UDP {sent_by};x=");
        let rule = Rule { method: "OPTIONS", edits: &[], status: 200 };
        let message = String::from_utf8(rule.message(number, &line.local.to_string(), "")).expect("text");
        let message = message.replacen("Via: SIP/2.0/UDP ", &via, 1);
        for _ in 0..2 {
            assert_eq!(line.exchange(message.as_bytes(), &rule.outcome()).await.outcome(), rule.outcome(), "{message}");
        }
    }
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blank_lines_are_a_keep_alive_and_nothing_more() {
    let gateway = TestGateway::start().await;
    for blank in ["\r\n", "\r\n\r\n\r\n", "\r\n\r\n"] {
        let seen = Line::udp(udp(&gateway)).await.exchange(blank.as_bytes(), &Outcome::silence()).await;
        assert_eq!(seen.outcome(), Outcome::silence(), "{blank:?}");
    }
    gateway.shutdown().await;
}
