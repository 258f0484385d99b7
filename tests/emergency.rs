//! An emergency within the call: told while the caller is on the line, never lost, never twice, never silently.

mod common;

use std::collections::HashSet;
use std::time::Duration;

use heardline::call::{CallEvent, CallId, CallState, EmergencyState};
use heardline::config::{Config, Engine};
use heardline::draft::emergency_schema;
use heardline::ingress::sip::caller::{CallPlan, CallReport, HangUp};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use common::endpoint::{Post, ScriptedEndpoint};
use common::gateway::TestGateway;
use common::served::{Served, make, plan};
use common::sound::{likeness, read_wav};
use common::speech_server::{Speech, SpeechServer};
use common::{DEADLINE, bundled};

const FIRE: &str = "our house is on fire please hurry";
const FIRE_ZH: &str = "我家厨房着火了 快来人啊";
const LAMP: &str = "the street light is broken";

/// On the line until the gateway, which soon tires of silence, hangs up; keeps what it hears.
fn stay(port: u16, sample: &str) -> JoinHandle<CallReport> {
    let plan = CallPlan { hang_up: HangUp::WhenPeerDoes, record: true, ..plan(([127, 0, 0, 1], port).into(), sample) };
    tokio::spawn(async move { make(plan).await.expect("a whole call") })
}

fn impatient(config: &mut Config, urgent: &ScriptedEndpoint, drafts: &ScriptedEndpoint) {
    config.emergency.urls = vec![urgent.url()];
    config.intake.url = Some(drafts.url());
    config.call.silence_ask_s = 2;
    config.call.silence_end_s = 1;
}

fn scripted(config: &mut Config, server: &SpeechServer) {
    config.speech.engine = Engine::OpenAi;
    config.speech.openai.url = server.url();
    config.speech.openai.fall_back = false;
}

fn body(post: &Post) -> Value {
    serde_json::from_slice(&post.body).expect("JSON")
}

/// The one event, as the schema has it, sent while the call is up.
async fn event_of_live_call(gateway: &TestGateway, urgent: &mut ScriptedEndpoint, drafts: &ScriptedEndpoint) -> Value {
    let posts = urgent.wait_for(1).await;
    let calls = gateway.calls().await;
    assert_eq!((calls.len(), calls[0].state), (1, CallState::Live), "told before hang-up");
    assert!(drafts.posts().is_empty());
    let event = body(&posts[0]);
    let faults: Vec<String> = jsonschema::validator_for(&emergency_schema())
        .unwrap()
        .iter_errors(&event)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}: {event}");
    let id = calls[0].id.to_string();
    assert_eq!((&event["type"], &event["call_id"]), (&"call.emergency".into(), &id.as_str().into()));
    assert_eq!((&event["reference"], &event["number"]), (&calls[0].reference.as_str().into(), &"112".into()));
    assert_eq!(event["caller_number"], "+12025550123");
    assert_eq!(posts[0].headers["idempotency-key"], format!("\"{id}:emergency\""));
    assert!(posts[0].headers["webhook-id"].to_str().unwrap().starts_with(&format!("msg_emergency_{id}_")));
    assert!(posts[0].headers["webhook-signature"].to_str().unwrap().starts_with("v1,"));
    event
}

/// What the draft says of it after the call, and that the endpoint heard of it once.
async fn drafted(urgent: &ScriptedEndpoint, drafts: &mut ScriptedEndpoint, event: &Value) -> Value {
    let draft = body(&drafts.wait_for(1).await[0]);
    let emergency = &draft["emergency"];
    assert_eq!(emergency["flag"]["value"], true, "{emergency}");
    assert!(!emergency["flag"]["evidence"].as_array().unwrap().is_empty(), "{emergency}");
    for key in ["quote", "audio_start_ms", "audio_end_ms", "heard_in", "raised_at"] {
        assert_eq!(emergency["raised"][key], event[key], "{key}: {emergency}");
    }
    assert_eq!(emergency["service"]["kind"], event["service"]);
    assert_eq!(draft["disposition_suggestion"], "redirect");
    assert_eq!(urgent.posts().len(), 1, "once");
    draft
}

fn prompt(language: &str) -> Vec<i16> {
    read_wav(&bundled(&format!("src/media/prompts/{language}/emergency.wav"))).0
}

#[tokio::test(flavor = "multi_thread")]
async fn danger_in_spoken_english_is_told_while_the_caller_speaks_and_stands_in_the_draft() {
    let (mut urgent, mut drafts) = (ScriptedEndpoint::start().await, ScriptedEndpoint::start().await);
    let mut gateway = TestGateway::start_with(None, |config| impatient(config, &urgent, &drafts)).await;
    let caller = stay(gateway.udp_port(), "en-gas");
    let event = event_of_live_call(&gateway, &mut urgent, &drafts).await;
    assert_eq!(event["service"], "fire");
    assert!(event["quote"].as_str().unwrap().to_lowercase().contains("gas"), "{event}");
    let state = gateway
        .event("the desk is told", |event| match event {
            CallEvent::Emergency { state, .. } => Some(*state),
            _ => None,
        })
        .await;
    assert_eq!(state, EmergencyState::Raised);
    let heard = caller.await.unwrap().heard;
    let like = likeness(&heard, &prompt("en"));
    println!("likeness of the notice: {like:.3}");
    assert!(like > 0.8, "the caller is told what to dial: {like:.3}");
    drafted(&urgent, &mut drafts, &event).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn danger_in_mandarin_is_told_by_partial_words_and_the_caller_hears_what_to_dial_in_mandarin() {
    let (mut urgent, mut drafts) = (ScriptedEndpoint::start().await, ScriptedEndpoint::start().await);
    let server = SpeechServer::start(Speech::Words(FIRE_ZH)).await;
    let gateway = TestGateway::start_with(None, |config| {
        impatient(config, &urgent, &drafts);
        scripted(config, &server);
    })
    .await;
    let caller = stay(gateway.udp_port(), "zh-water");
    let event = event_of_live_call(&gateway, &mut urgent, &drafts).await;
    assert_eq!((&event["quote"], &event["heard_in"]), (&"着火".into(), &"partial".into()), "{event}");
    assert!(event["audio_end_ms"].as_u64() > event["audio_start_ms"].as_u64(), "{event}");
    let heard = caller.await.unwrap().heard;
    let (zh, en) = (likeness(&heard, &prompt("zh")), likeness(&heard, &prompt("en")));
    println!("likeness of the notice: zh {zh:.3}, en {en:.3}");
    assert!(zh > 0.8 && zh > en, "{zh:.3} {en:.3}");
    drafted(&urgent, &mut drafts, &event).await;
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_call_raises_nothing_and_hears_no_notice() {
    let (urgent, mut drafts) = (ScriptedEndpoint::start().await, ScriptedEndpoint::start().await);
    let server = SpeechServer::start(Speech::Words(LAMP)).await;
    let gateway = TestGateway::start_with(None, |config| {
        impatient(config, &urgent, &drafts);
        scripted(config, &server);
    })
    .await;
    let heard = stay(gateway.udp_port(), "en-streetlight").await.unwrap().heard;
    let draft = body(&drafts.wait_for(1).await[0]);
    assert_eq!((&draft["emergency"]["flag"]["value"], &draft["emergency"]["raised"]), (&false.into(), &Value::Null));
    assert!(urgent.posts().is_empty());
    assert!(likeness(&heard, &prompt("en")) < 0.8);
    gateway.shutdown().await;
}

async fn acknowledge(desk: std::net::SocketAddr, call: &str) -> Value {
    let url = format!("http://{desk}/api/calls/{call}/emergency/acknowledge");
    let ask = reqwest::Client::new().post(url).header("origin", format!("http://{desk}"));
    let answer = ask.body(r#"{"by": "Li", "reason": "fire brigade called"}"#).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn raised(gateway: &mut TestGateway, known: Option<CallId>) -> CallId {
    gateway
        .event("an emergency", |event| match event {
            CallEvent::Emergency { call, state: EmergencyState::Raised, .. } if Some(*call) != known => Some(*call),
            _ => None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_somebody_takes_is_never_escalated_and_one_that_nobody_takes_is() {
    let server = SpeechServer::start(Speech::Words(FIRE)).await;
    let mut gateway = TestGateway::start_with(None, |config| scripted(config, &server)).await;
    let sip = ([127, 0, 0, 1], gateway.udp_port()).into();
    let first = tokio::spawn(make(plan(sip, "en-gas")));
    let taken = raised(&mut gateway, None).await;
    let shown = acknowledge(gateway.gateway.desk_address(), &taken.to_string()).await;
    assert_eq!((&shown["state"], &shown["acknowledged_by"]), (&"acknowledged".into(), &"Li".into()));
    let second = tokio::spawn(make(plan(sip, "en-gas")));
    let left = raised(&mut gateway, Some(taken)).await;
    gateway.clock.step(Duration::from_secs(120));
    let escalated = gateway
        .event("an escalation", |event| match event {
            CallEvent::Emergency { call, state: EmergencyState::Escalated, .. } => Some(*call),
            _ => None,
        })
        .await;
    assert_eq!(escalated, left);
    for call in [first, second] {
        call.await.unwrap().expect("a whole call");
    }
    let calls = gateway.settled(2, DEADLINE).await;
    assert!(calls.iter().any(|call| call.id == taken) && calls.iter().any(|call| call.id == left));
    gateway.shutdown().await;
}

/// A gateway of its own process that hears what `server` says.
fn served(
    folder: &TempDir,
    drafts: &str,
    urgent: &str,
    within_s: u64,
    server: &SpeechServer,
    fault: Option<&str>,
) -> Served {
    let more = format!(
        "[speech]\nengine = \"openai\"\n[speech.openai]\nurl = \"{}\"\nfall_back = false\n\
         [emergency]\nurls = [\"{urgent}\"]\nacknowledge_within_s = {within_s}\n",
        server.url()
    );
    Served::start(folder.path(), drafts, &more, fault)
}

/// Aborts at `fault` and starts again, with a second to acknowledge. What the endpoint for emergencies got.
async fn crash_at(fault: &str) -> Vec<Post> {
    let folder = TempDir::new().unwrap();
    let (mut urgent, mut drafts) = (ScriptedEndpoint::start().await, ScriptedEndpoint::start().await);
    let server = SpeechServer::start(Speech::Words(FIRE)).await;
    let mut gateway = served(&folder, &drafts.url(), &urgent.url(), 3_600, &server, Some(fault));
    let speaking = tokio::spawn(make(plan(gateway.sip, "en-gas")));
    let (status, _) = gateway.ended().await;
    assert!(!status.success(), "the fault point aborts");
    speaking.abort();
    assert!(drafts.posts().is_empty());
    let before = urgent.posts().len();

    let again = served(&folder, &drafts.url(), &urgent.url(), 1, &server, None);
    urgent.wait_for(before + 1).await;
    let draft = body(&drafts.wait_for(1).await[0]);
    assert_eq!(draft["emergency"]["flag"]["value"], true);
    again.says("nobody acknowledged this emergency").await;
    let id = draft["call"]["call_id"].as_str().unwrap();
    let delivered = |call: &Value| {
        let rows = call["deliveries"].as_array().unwrap();
        rows.len() == 2 && rows.iter().all(|row| row["state"] == "delivered") && call["raised"]["state"] == "escalated"
    };
    let call = again.until("both delivered", &format!("/api/calls/{id}"), delivered).await;
    let kinds: Vec<_> = call["deliveries"].as_array().unwrap().iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds, ["draft", "emergency"]);
    let posts = urgent.posts();
    let same = |of: fn(&Post) -> Vec<u8>| posts.iter().map(of).collect::<HashSet<_>>().len() == 1;
    assert!(same(|post| post.headers["webhook-id"].as_bytes().to_vec()), "the same event at every try");
    assert!(same(|post| post.body.to_vec()));
    posts
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_commit_and_post_the_event_is_sent_once_after_the_restart() {
    assert_eq!(crash_at("emergency.raised").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_post_before_it_is_marked_the_endpoint_can_tell_it_is_the_same() {
    assert_eq!(crash_at("post.accepted").await.len(), 2, "the same webhook-id, so it counts once");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_at_the_desk_for_a_second_is_counted_and_logged_once_with_the_call_and_what_to_do() {
    let folder = TempDir::new().unwrap();
    let (mut urgent, drafts) = (ScriptedEndpoint::start().await, ScriptedEndpoint::start().await);
    let server = SpeechServer::start(Speech::Words(FIRE)).await;
    let mut gateway = served(&folder, &drafts.url(), &urgent.url(), 1, &server, None);
    let speaking = tokio::spawn(make(plan(gateway.sip, "en-gas")));
    let id = body(&urgent.wait_for(1).await[0])["call_id"].as_str().unwrap().to_owned();
    let path = format!("/api/calls/{id}");
    gateway.until("escalated", &path, |call| call["raised"]["state"] == "escalated").await;
    assert!(gateway.text("/metrics").await.contains("heardline_emergency_unacknowledged_total 1"));
    let shown = acknowledge(gateway.desk, &id).await;
    assert_eq!(shown["state"], "acknowledged");
    speaking.await.unwrap().expect("a whole call");
    gateway.all_delivered(1).await;
    gateway.signal(rustix::process::Signal::TERM);
    let (_, said) = gateway.ended().await;
    let lines: Vec<_> = said.lines().filter(|line| line.contains("nobody acknowledged")).collect();
    let [line] = lines[..] else { panic!("one line, not {lines:?}") };
    assert!(line.contains("ERROR") && line.contains(&id) && line.contains("open the call at the desk"), "{line}");
    assert!(!said.contains("on fire"), "no words of the caller in the log");
    assert_eq!(urgent.posts().len(), 1);
}
