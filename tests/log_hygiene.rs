//! At the most talkative level, of every library: not a word, number, name or credential of a call in log, metrics or
//! error bodies, and no text of a stranger that forges a line (trust E7, E8).

mod common;

use heardline::ingress::sip::caller::CallPlan;
use rustix::process::Signal;
use tempfile::TempDir;

use common::DEADLINE;
use common::endpoint::{Reply, ScriptedEndpoint};
use common::raw_phone::RawPhone;
use common::served::{Served, configuration, make, plan};

/// What strangers send in signalling, each in the place of its kind.
const HEADERS: &str = "Authorization: Digest username=\"canaryuser\", realm=\"r\", nonce=\"canarynonce\", \
     uri=\"sip:x\", response=\"canarydigest\"\r\nP-Asserted-Identity: \"Canary Asserted\" <sip:+15557770001@127.0.0.1>\r\n\
     Remote-Party-ID: \"Canary Remote\" <sip:+15557770002@127.0.0.1>\r\nSubject: canarysubject\r\n\
     User-Agent: canaryagent\r\nX-Session: canarycookie\r\n";
const SDP: &str = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:canarysdeskey\r\na=ice-ufrag:canaryfrag\r\n\
     a=ice-pwd:canaryicepassword\r\n";
/// A display name that would turn the rest of its line around and begin one of its own; with an escape sequence that
/// clears a terminal it is no SIP any more, and may be refused.
const NAMES: [&str; 2] = ["Canary Display\u{202e}gnorts", "Canary Display\u{1b}[2J ERROR heardline: forged"];

/// None of these may be seen. Words of the sample, numbers, names, credentials.
const CANARIES: [&str; 21] = [
    "canaryuser",
    "canarynonce",
    "canarydigest",
    "canary asserted",
    "canary remote",
    "canary display",
    "canarysubject",
    "canaryagent",
    "canarycookie",
    "canarysession",
    "canarysdeskey",
    "canaryfrag",
    "canaryicepassword",
    "5557770000",
    "5557770001",
    "5557770002",
    "2025550123",
    "street light",
    "market road",
    "4711081",
    "canaryecho",
];

/// The phone's INVITE with a hostile name and the canaries in it.
fn hostile(invite: &str, name: &str) -> String {
    let (head, body) = invite.split_once("\r\n\r\n").unwrap();
    let body = body.replace("s=-\r\n", "s=canarysession\r\n").replace("t=0 0\r\n", &format!("t=0 0\r\n{SDP}"));
    let kept: Vec<_> = head
        .lines()
        .filter(|line| !line.starts_with("Content-Length"))
        .map(|line| line.replace("From: <sip:raw@", &format!("From: \"{name}\" <sip:+15557770000@")))
        .collect();
    format!("{}\r\n{HEADERS}Content-Length: {}\r\n\r\n{body}", kept.join("\r\n"), body.len())
}

async fn hostile_call(gateway: &Served) {
    let mut repaint = RawPhone::udp(gateway.sip.port()).await;
    let invite = hostile(&repaint.invite(), NAMES[1]);
    repaint.send(&invite).await;
    let status = repaint.finish("INVITE").await;
    let ack = repaint.ack(status);
    repaint.send(&ack).await;
    if status == 200 {
        let bye = repaint.bye();
        repaint.send(&bye).await;
        repaint.finish("BYE").await;
    }
    let mut phone = RawPhone::udp(gateway.sip.port()).await;
    let invite = hostile(&phone.invite(), NAMES[0]);
    phone.send(&invite).await;
    assert_eq!(phone.finish("INVITE").await, 200, "an odd name is no reason to refuse");
    let ack = phone.ack(200);
    phone.send(&ack).await;
    let bye = phone.bye();
    phone.send(&bye).await;
    phone.finish("BYE").await;
    // What is refused or dropped is not quoted either.
    for broken in
        ["INVITE canarysubject SIP/9.9\r\n\r\n", "canarycookie\r\n\r\n", "BYE sip:+15557770001@x SIP/2.0\r\n\r\n"]
    {
        phone.send(broken).await;
    }
    let options =
        invite.replace("INVITE", "OPTIONS").replacen("z9hG4bK", "z9hG4bKo", 1).replace("Call-ID: ", "Call-ID: o");
    phone.send(&options).await;
    phone.wait("an answer to OPTIONS", DEADLINE, |message| message.answers("OPTIONS")).await;
}

fn seen(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    CANARIES.into_iter().filter(|canary| text.contains(canary)).collect()
}

async fn everything_said_at(format: &str) -> String {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    endpoint.always(Reply::Status(422));
    let config = configuration(folder.path(), &endpoint.url(), "");
    let mut gateway = Served::start_with(config, |command| {
        command.env("HEARDLINE_LOG", "trace").env("HEARDLINE_LOG_FORMAT", format).env("RUST_BACKTRACE", "1");
    });
    let secret = std::fs::read_to_string(folder.path().join("data/webhook.secret")).unwrap();
    let spoken = plan(gateway.sip, "en-streetlight");
    make(CallPlan { dtmf: Some("4711081".into()), ..spoken }).await.unwrap();
    hostile_call(&gateway).await;
    endpoint.wait_for(2).await;
    // Parked at the desk: it shows everything, the log nothing.
    let dead = gateway.until("both parked", "/api/deliveries?state=dead", |list| {
        list["deliveries"].as_array().is_some_and(|dead| dead.len() >= 2)
    });
    dead.await;
    for path in
        ["/api/calls/canaryecho", "/canaryecho", "/api/calls?before=canaryecho", "/api/deliveries/canaryecho/replay"]
    {
        let body = gateway.text(path).await;
        assert_eq!(seen(&body), Vec::<&str>::new(), "{path}: {body}");
    }
    // They did come in: the desk, which is for people, has them.
    let desk = gateway.text("/api/calls").await;
    assert!(seen(&desk).contains(&"5557770001") && seen(&desk).contains(&"2025550123"), "{desk}");
    let metrics = gateway.text("/metrics").await;
    assert_eq!(seen(&metrics), Vec::<&str>::new());
    gateway.signal(Signal::HUP);
    gateway.says("reloaded").await;
    gateway.signal(Signal::TERM);
    let (status, said) = gateway.ended().await;
    assert!(status.success());
    assert!(!said.contains(secret.trim()) && !said.contains("whsec_"), "the webhook secret is in the log");
    assert!(!metrics.contains("whsec_"));
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn at_trace_level_nothing_of_a_call_reaches_the_log_and_no_line_is_forged() {
    let said = everything_said_at("text").await;
    assert!(said.contains("call answered") && said.contains(" DEBUG "), "the level was in force:\n{said}");
    let lines: Vec<_> = said.lines().filter(|line| !seen(line).is_empty()).collect();
    assert!(lines.is_empty(), "{} lines hold canaries:\n{}", lines.len(), lines.join("\n"));
    let strange = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!said.contains(strange), "control characters of a stranger are in the log");
    assert!(!said.lines().any(|line| line.trim_start().starts_with("ERROR heardline: forged")));
}

#[tokio::test(flavor = "multi_thread")]
async fn as_json_each_line_is_one_object_and_as_clean() {
    let said = everything_said_at("json").await;
    assert!(seen(&said).is_empty(), "{:?}", seen(&said));
    let mut objects = 0;
    for line in said.lines().filter(|line| line.starts_with('{')) {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(event["level"].is_string() && event["target"].is_string(), "{line}");
        objects += 1;
    }
    assert!(objects > 5, "{said}");
}
