//! Agents at the desk in a real Chromium, with real calls (issue "The desk", acceptance 1 to 4).

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::chromium::agents;
use common::endpoint::{Post, ScriptedEndpoint};
use common::gateway::TestGateway;
use common::raw_phone::RawPhone;
use common::served::{Served, call, stays, told, until};
use common::{DEADLINE, bundled};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery";
/// Longer than any lease lasts.
const LEASE: Duration = Duration::from_secs(6 * 60);

fn add(config: &Path, name: &str, role: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heardline"));
    command.args(["users", "add", name, "--role", role, "--config"]).arg(config).stdin(Stdio::piped());
    let mut process = command.stdout(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut process.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes()).unwrap();
    assert!(process.wait().unwrap().success(), "{name}");
}

/// Two agents and an administrator.
fn staff(config: &Path) {
    for (name, role) in [("anna", "agent"), ("ben", "agent"), ("adam", "administrator")] {
        add(config, name, role);
    }
}

/// A gateway process with its staff, and where its drafts go.
async fn desk() -> (TempDir, Served, ScriptedEndpoint) {
    let folder = TempDir::new().unwrap();
    let endpoint = ScriptedEndpoint::start().await;
    let gateway = Served::start(folder.path(), &endpoint.url(), "", None);
    staff(&gateway.config);
    (folder, gateway, endpoint)
}

/// What journeys are started with.
fn at(desk: &str) -> [&str; 4] {
    ["--url", desk, "--password", PASSWORD]
}

fn url(gateway: &Served) -> String {
    format!("http://{}/", gateway.desk)
}

fn body(post: &Post) -> Value {
    serde_json::from_slice(&post.body).expect("JSON")
}

/// Asks as the administrator.
async fn export(desk: &str) -> Vec<Value> {
    let http = reqwest::Client::new();
    let ask = http.post(format!("{desk}api/login")).header("origin", desk.trim_end_matches('/'));
    let login = json!({"name": "adam", "password": PASSWORD}).to_string();
    let answer = ask.header("content-type", "application/json").body(login).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let answer = http.get(format!("{desk}api/corrections")).header("cookie", cookie).send().await.unwrap();
    answer.text().await.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_hears_corrects_and_approves_by_keyboard_and_the_endpoint_has_the_corrected_draft_once() {
    let (_folder, gateway, mut endpoint) = desk().await;
    let desk = url(&gateway);
    call(gateway.sip, "en-heating").await;
    let first = body(&endpoint.wait_for(1).await[0]);

    // Nothing to correct: hear the number, look at what is in doubt, approve.
    let plain = agents("approve", &at(&desk), async |_| ()).await;
    let keys = plain["keys"].as_array().unwrap().len();
    let heard: u64 = spans(&plain).iter().map(|[from, to]| to - from).sum();
    println!("approved in {keys} keys, with {heard} ms of evidence");
    // One a field in doubt, and three: next, hear, approve; the focus begins at the first of them.
    let few = plain["doubts"].as_u64().unwrap() as usize + 2;
    assert!(keys <= few.min(8) && heard <= 15_000, "{keys} keys, at most {few} and 8; {heard} ms: {plain}");
    let evidence = &first["caller"]["phones"][0]["evidence"][0];
    let [from, to] = ["audio_start_ms", "audio_end_ms"].map(|end| evidence[end].as_u64().unwrap());
    let [played_from, played_to] = spans(&plain)[0];
    // A busy browser stops a moment late; before the last word ends it must not.
    assert!(played_from.abs_diff(from) <= 250 && (to - 250..=to + 2_000).contains(&played_to), "{evidence}: {plain}");
    assert_eq!(plain["lit"].as_array().unwrap().len(), 7, "the digits as they were said: {plain}");

    call(gateway.sip, "en-heating").await;
    endpoint.wait_for(3).await;
    let number = [&at(&desk)[..], &["--number", "2025550143"]].concat();
    let corrected = agents("approve", &number, async |_| ()).await;
    println!("corrected and approved in {} keys", corrected["keys"].as_array().unwrap().len());
    let id = corrected["call"].as_str().unwrap().to_owned();
    assert_ne!(plain["call"], corrected["call"]);

    // Two calls, two versions of each.
    let drafts: Vec<Value> = endpoint.wait_for(4).await.iter().map(body).collect();
    until("the correction in the export", async || Some(export(&desk).await).filter(|lines| !lines.is_empty())).await;
    assert_eq!(endpoint.posts().len(), 4, "nothing twice");
    let mine: Vec<&Value> = drafts.iter().filter(|draft| draft["call"]["call_id"] == id.as_str()).collect();
    let versions: Vec<_> = mine.iter().map(|draft| draft["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 2]);
    let (review, phone) = (&mine[1]["review"], &mine[1]["caller"]["phones"][0]);
    assert_eq!((&review["decision"], &review["by"]), (&json!("approve"), &json!("anna")));
    assert_eq!(review["corrected"], json!(["/caller/phones/0"]));
    assert_eq!((&phone["e164"], &phone["source"]), (&json!("+12025550143"), &json!("agent")));
    let lines = export(&desk).await;
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&line["call"], &line["pointer"]), (&json!(id), &json!("/caller/phones/0")));
    assert_eq!((&line["kind"], &line["by"]), (&json!("corrected"), &json!("anna")));
    assert!(line["evidence"].to_string().contains("five five five"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_fields_are_put_right_and_approved_in_at_most_forty_keys() {
    let (_folder, gateway, mut endpoint) = desk().await;
    let desk = url(&gateway);
    call(gateway.sip, "en-heating").await;
    endpoint.wait_for(1).await;
    let wrong = ["--number", "2025550143", "--name", "Ann Lee", "--category", "lift"];
    let corrected = agents("approve", &[&at(&desk)[..], &wrong].concat(), async |_| ()).await;
    let keys = corrected["keys"].as_array().unwrap().len();
    println!("three fields put right and approved in {keys} keys");
    assert!(keys <= 40, "{keys} keys: {corrected}");
    let draft = body(&endpoint.wait_for(2).await[1]);
    let told = json!([
        draft["issues"][0]["category"]["value"],
        draft["caller"]["name"]["value"],
        draft["caller"]["phones"][0]["e164"]
    ]);
    assert_eq!(told, json!(["housing.elevator", "Ann Lee", "+12025550143"]));
}

/// What was played, from and to.
fn spans(report: &Value) -> Vec<[u64; 2]> {
    let played = report["heard"].as_array().unwrap().iter();
    played.map(|one| [one["from"].as_u64().unwrap(), one["to"].as_u64().unwrap()]).collect()
}

/// The lease ends by the gateway's clock, which a test can move; everything else is as in the program.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_agent_is_told_and_cannot_overwrite_and_a_lease_that_runs_out_loses_nothing() {
    let mut gateway = TestGateway::start_with(None, |_| ()).await;
    let folder = TempDir::new().unwrap();
    staff(&of_data(folder.path(), gateway.gateway.data_dir()));
    call(([127, 0, 0, 1], gateway.udp_port()).into(), "en-gas").await;
    gateway.settled(1, DEADLINE).await;
    let desk = format!("http://{}/", gateway.gateway.desk_address());
    let clock = gateway.clock.clone();
    let seen = agents("together", &at(&desk), async |_| clock.step(LEASE)).await;
    let second = json!({"editor": null, "decide": 0, "edit": 409, "claim": 409});
    for (what, expected) in second.as_object().unwrap() {
        assert_eq!(&seen["second"][what], expected, "{what}: {seen}");
    }
    assert_eq!(seen["kept"], "Hanna Wagner", "what is typed stays: {seen}");
    let both = seen["both"].as_str().unwrap();
    assert!(both.contains("Hanna Wagner") && both.contains("Johanna Walker"), "side by side: {both}");
    assert_eq!(seen["before"], "Johanna Walker", "nothing is overwritten before the agent chose");
    assert_eq!(seen["after"], "Hanna Wagner");
    gateway.shutdown().await;
}

/// A configuration for commands that reach the data of a gateway.
fn of_data(folder: &Path, data: &Path) -> PathBuf {
    let file = folder.join("heardline.toml");
    std::fs::write(&file, format!("[data]\ndir = \"{}\"\n", data.display())).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_killed_and_comes_back_while_an_agent_types_loses_nothing() {
    let (_folder, gateway, mut endpoint) = desk().await;
    let (desk, config) = (url(&gateway), gateway.config.clone());
    call(gateway.sip, "zh-water").await;
    endpoint.wait_for(1).await;
    // The next one listens where this one did.
    let text = std::fs::read_to_string(&config).unwrap();
    let fixed = text.replace("[desk]\nlisten = \"127.0.0.1:0\"", &format!("[desk]\nlisten = \"{}\"", gateway.desk));
    std::fs::write(&config, fixed).unwrap();
    let mut running = Some(gateway);
    let seen = agents("restart", &at(&desk), async |wants| match wants {
        "down" => running.take().unwrap().kill(),
        _ => running = Some(Served::start_with(config.clone(), |_| ())),
    })
    .await;
    assert_eq!((&seen["typed"], &seen["still"]), (&json!("Hanna Wagner"), &json!("7 Harbour Lane")), "{seen}");
    assert_eq!((&seen["name"], &seen["address"]), (&json!("Hanna Wagner"), &json!("7 Harbour Lane")), "{seen}");
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_shows_and_sounds_at_every_desk_while_the_caller_speaks_and_one_who_takes_it_stops_both() {
    let (_folder, gateway, _endpoint) = desk().await;
    let sip = gateway.sip;
    let mut calling = None;
    let seen = agents("alarm", &at(&url(&gateway)), async |_| {
        calling = Some(tokio::spawn(told(stays(sip, "en-gas"))));
    })
    .await;
    calling.unwrap().abort();
    assert_eq!((&seen["seen"]["state"], &seen["taken"]["state"]), (&json!("live"), &json!("live")), "{seen}");
    for bar in seen["seen"]["bars"].as_array().unwrap() {
        let bar = bar.as_str().unwrap();
        assert!(bar.contains("gas") && bar.contains("112"), "{bar}");
    }
    assert_eq!(seen["taken"]["tones"], seen["later"], "quiet everywhere: {seen}");
    assert_eq!(seen["acknowledged_by"], "ben");
    let titles = seen["titles"].as_array().unwrap();
    assert!(titles.iter().all(|title| !title.as_str().unwrap().contains("Emergency")), "{titles:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_texts_that_would_be_markup_elsewhere_are_shown_as_written_and_none_runs() {
    let (_folder, gateway, mut endpoint) = desk().await;
    let payloads = std::fs::read_to_string(bundled("web/tests/agents/payloads.txt")).unwrap();
    let lines: Vec<&str> = payloads.lines().collect();
    let calls = 6;
    for three in lines.chunks(3).take(calls) {
        strange_call(gateway.sip.port(), three).await;
    }
    endpoint.wait_for(calls).await;
    let seen =
        agents("payloads", &[&at(&url(&gateway))[..], &["--calls", &calls.to_string()]].concat(), async |_| ()).await;
    assert_eq!((&seen["payloads"], &seen["names"]), (&json!(100), &json!(calls)), "{seen}");
    let through_calls = 3 * calls as u64;
    let entered = seen["entered"].as_u64().unwrap() + seen["reasons"].as_u64().unwrap();
    assert_eq!(through_calls + entered, 100, "{seen}");
    assert_eq!((&seen["executed"], &seen["stopped"], &seen["foreign"]), (&json!(0), &json!([]), &json!([])), "{seen}");
}

/// A call whose display name, User-Agent and Subject are these.
async fn strange_call(port: u16, texts: &[&str]) {
    let mut phone = RawPhone::udp(port).await;
    let name = texts[0].replace('\\', "\\\\").replace('"', "\\\"");
    let more = format!("User-Agent: {}\r\nSubject: {}\r\nContact: ", texts[1], texts[2]);
    let invite = phone.invite().replacen("From: <", &format!("From: \"{name}\" <"), 1).replacen("Contact: ", &more, 1);
    phone.send(&invite).await;
    assert_eq!(phone.finish("INVITE").await, 200, "{invite}");
    phone.send(&phone.ack(200)).await;
    phone.send(&phone.bye()).await;
    assert_eq!(phone.finish("BYE").await, 200);
}
