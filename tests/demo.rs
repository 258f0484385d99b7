//! `heardline demo --once --json` does the main job for every bundled call: words, number, place, category and the
//! seconds that support them (acceptance 1).

mod common;

use std::process::{Command, Stdio};

use serde_json::Value;

use common::bundled;
use common::words::{error_rate, reference};

/// Evidence may be off by this much (issue: within 300 ms).
const NEAR_MS: u64 = 300;

fn json(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(bundled(path)).unwrap()).unwrap()
}

/// Runs the demo with one sample and returns the draft that the endpoint accepted.
fn demo(sample: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_heardline"))
        .args(["demo", "--once", "--json", "--sample", sample])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{sample}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{sample}: stdout is not one JSON document: {e}"))
}

fn transcript(draft: &Value) -> String {
    let segments = draft.pointer("/transcript/segments").unwrap().as_array().unwrap();
    segments.iter().map(|s| s["text"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// First start and last end of a field's evidence.
fn evidence(field: &Value) -> (u64, u64) {
    let pieces = field["evidence"].as_array().unwrap();
    let at = |piece: &Value, key: &str| piece[key].as_u64().unwrap();
    let start = pieces.iter().map(|p| at(p, "audio_start_ms")).min().expect("evidence");
    let end = pieces.iter().map(|p| at(p, "audio_end_ms")).max().expect("evidence");
    (start, end)
}

fn near(sample: &str, name: &str, field: &Value, expected: &Value) {
    let (start, end) = evidence(field);
    let (from, to) = (expected["start_ms"].as_u64().unwrap(), expected["end_ms"].as_u64().unwrap());
    assert!(
        start.abs_diff(from) <= NEAR_MS && end.abs_diff(to) <= NEAR_MS,
        "{sample}: evidence of the {name} is {start}-{end} ms, expected {from}-{to} ms"
    );
}

fn check(sample: &str) {
    let draft = demo(sample);
    let expected = json(&format!("audio-samples/{sample}.expected.json"));

    let (reference, heard) = (reference(sample), transcript(&draft));
    let (error, _) = error_rate(sample, &heard);
    println!("{sample}: error rate {error:.3}: {heard}");
    assert!(error <= 0.08, "{sample}: error rate {error:.3}\n{reference}\n{heard}");

    let issue = &draft["issues"][0];
    assert_eq!(issue["category"]["value"], expected["category"]["value"], "{sample}");
    near(sample, "category", &issue["category"], &expected["category"]);

    let address = &issue["location"]["address_text"];
    assert_eq!(address["value"], expected["address"]["value"], "{sample}");
    if !expected["address"]["value"].is_null() {
        near(sample, "address", address, &expected["address"]);
    }

    let phones = draft.pointer("/caller/phones").unwrap().as_array().unwrap();
    let spoken = phones.iter().find(|phone| phone["origin"] == "spoken");
    match spoken {
        None => assert!(expected["number"]["value"].is_null(), "{sample}: the number was not heard"),
        Some(phone) => {
            assert_eq!(phone["number"], expected["number"]["value"], "{sample}");
            near(sample, "number", phone, &expected["number"]);
        }
    }
    assert_eq!(draft["emergency"]["flag"]["value"], expected["emergency"], "{sample}");
    assert_eq!(draft["transcript"]["demo_model"], true, "the demo model is named wherever its words are shown");
}

#[test]
fn the_heating_call_becomes_the_ticket_it_should() {
    check("en-heating");
}

#[test]
fn the_street_light_call_becomes_the_ticket_it_should() {
    check("en-streetlight");
}

#[test]
fn the_gas_call_becomes_the_ticket_it_should_and_raises_the_emergency_flag() {
    check("en-gas");
}

#[test]
fn the_mandarin_heating_call_becomes_the_ticket_it_should() {
    check("zh-heating");
}

#[test]
fn the_mandarin_water_call_becomes_the_ticket_it_should() {
    check("zh-water");
}

#[test]
fn a_call_without_speech_still_becomes_a_draft() {
    let draft = demo("silence");
    assert_eq!(transcript(&draft), "");
    assert_eq!(
        draft["issues"][0]["category"]["value"],
        json("audio-samples/silence.expected.json")["category"]["value"]
    );
}

#[test]
fn a_sample_that_does_not_exist_ends_with_its_name() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_heardline")).args(["demo", "--once", "--sample", "nope"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nope"));
}

/// What `make demo` leaves a visitor with.
#[tokio::test]
async fn the_demo_stays_with_an_account_to_log_in_with_a_caller_on_the_line_and_drafts_to_decide() {
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    let mut command = Command::new(env!("CARGO_BIN_EXE_heardline"));
    command.args(["demo", "--sample", "en-streetlight"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut demo = command.spawn().unwrap();
    let said = std::io::BufReader::new(demo.stdout.take().unwrap());
    let mut lines = std::io::BufRead::lines(said).map_while(Result::ok);
    let found = tokio::task::spawn_blocking(move || {
        let desk = lines.find_map(|line| Some(line.split_once("decided: ")?.1.trim_end_matches('/').to_owned()));
        let password = lines.find_map(|line| Some(line.split_once("password  ")?.1.to_owned()));
        (desk.expect("the address of the desk"), password.expect("a password"), lines)
    });
    let (desk, password, lines) = tokio::time::timeout(common::DEADLINE, found).await.expect("it says so").unwrap();
    let queue = format!("{desk}/api/queue");
    let ask = async |cookie: &str| reqwest::Client::new().get(&queue).header("cookie", cookie).send().await.unwrap();
    assert_eq!(ask("").await.status(), 401, "nobody reads it without the account");
    let body = serde_json::json!({"name": "demo", "password": password}).to_string();
    let login = reqwest::Client::new().post(format!("{desk}/api/login")).header("origin", &desk);
    let login = login.header("content-type", "application/json").body(body).send().await.unwrap();
    assert_eq!(login.status(), 204);
    let cookie = login.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let counts = async || {
        let answer = ask(&cookie).await.text().await.unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()["counts"].clone()
    };
    common::served::until("a caller on the line", async || (counts().await["live"].as_u64()? > 0).then_some(())).await;
    common::served::until("drafts of all callers", async || (counts().await["waiting"].as_u64()? >= 4).then_some(()))
        .await;
    let pid = rustix::process::Pid::from_child(&demo);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = tokio::task::spawn_blocking(move || demo.wait().unwrap());
    assert!(tokio::time::timeout(common::DEADLINE, ended).await.expect("it ends").unwrap().success());
    drop(lines);
}
