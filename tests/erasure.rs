//! `heardline erase`: afterwards not one byte of what the caller said, or of who they were, is in the data folder.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use common::bundled;
use common::endpoint::{Reply, ScriptedEndpoint};
use common::served::{Served, call, configuration, heardline, make, plan, until};

/// What the caller of `en-streetlight` is known by: words of the bundled sample, and the number in From.
const CANARIES: [&str; 4] = ["street light", "market road", "2025550123", "sip_call_id\":\"call-"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Canaries found in the bytes of any file, with the file.
fn canaries(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(folder) {
        let bytes = std::fs::read(&file).unwrap_or_default().to_ascii_lowercase();
        for canary in CANARIES {
            if bytes.windows(canary.len()).any(|window| window == canary.as_bytes()) {
                found.push(format!("{canary:?} in {}", file.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    found
}

/// Only the streetlight call is the canary's: the others say something else and come from another number.
async fn other_call(gateway: &Served) {
    let other =
        heardline::ingress::sip::caller::CallPlan { from_user: "other".into(), ..plan(gateway.sip, "zh-water") };
    make(other).await.unwrap();
}

fn id_of(calls: &[Value], number: &str) -> (String, String) {
    let call = calls.iter().find(|call| call["number"].as_str().is_some_and(|n| n.contains(number))).unwrap();
    (call["id"].as_str().unwrap().to_owned(), call["reference"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_call_leaves_a_stub_and_no_byte_of_its_words_beside_calls_that_stay() {
    let folder = TempDir::new().unwrap();
    let gateway = Served::start(folder.path(), "", "", None);
    let data = folder.path().join("data");
    // Several at once, so that their rows are moved between pages of the database.
    tokio::join!(call(gateway.sip, "en-streetlight"), other_call(&gateway), other_call(&gateway));
    let calls = gateway.all_delivered(3).await;
    let before = canaries(&data);
    assert!(before.len() >= 3, "there is something to erase: {before:?}");

    let (id, reference) = id_of(&calls, "2025550123");
    let config = gateway.config.to_str().unwrap();
    let (code, said, error) = heardline(&["erase", &reference, "--config", config]).await;
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains(&id) && said.contains(&reference), "{said}");
    assert_eq!(canaries(&data), Vec::<String>::new(), "0 bytes of it are left");

    let stub = gateway.get(&format!("/api/calls/{id}")).await;
    assert!(stub["erased_at"].is_string() && stub["number"].is_null() && stub["draft"].is_null(), "{stub}");
    assert_eq!((&stub["state"], &stub["cause"]), (&"done".into(), &"caller_hangup".into()));
    assert!(stub["deliveries"].as_array().unwrap().is_empty() && stub["transcript"].as_array().unwrap().is_empty());
    assert_eq!(gateway.status(&format!("/api/calls/{id}/recording")).await, 404);
    for other in calls.iter().filter(|call| call["id"] != id.as_str()) {
        let path = format!("/api/calls/{}", other["id"].as_str().unwrap());
        assert!(gateway.get(&path).await["draft"].is_object(), "the others stay");
        assert_eq!(gateway.status(&format!("{path}/recording")).await, 200);
    }
    assert_eq!(gateway.get("/intake/drafts").await["drafts"].as_array().unwrap().len(), 2);
    assert!(gateway.text("/metrics").await.contains("heardline_retention_erased_total{reason=\"asked\"} 1"));
    let (code, ..) = heardline(&["erase", &id, "--config", config]).await;
    assert_eq!(code, Some(0), "erasing again harms nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_call_is_not_erased_and_an_unknown_one_is_named() {
    let folder = TempDir::new().unwrap();
    let gateway = Served::start(folder.path(), "", "", None);
    let speaking = tokio::spawn(call(gateway.sip, "zh-water"));
    let live = |calls: &Value| calls.pointer("/calls/0/state").is_some_and(|state| state == "live");
    let list = gateway.until("live", "/api/calls", live).await;
    let id = list["calls"][0]["id"].as_str().unwrap();
    let config = gateway.config.to_str().unwrap();
    let (code, _, said) = heardline(&["erase", id, "--config", config]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("is live") && said.contains("nothing was changed"), "{said}");
    let (code, _, said) = heardline(&["erase", "0000000000", "--config", config]).await;
    assert!(code == Some(1) && said.contains("no such call"), "{said}");
    speaking.await.unwrap();
    assert!(gateway.all_delivered(1).await[0]["draft"].is_object(), "the refused erasure changed nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_waits_for_its_endpoint_is_never_sent_once_its_call_is_erased() {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    endpoint.always(Reply::Status(503));
    let gateway = Served::start(folder.path(), &endpoint.url(), "", None);
    call(gateway.sip, "zh-water").await;
    let refused = endpoint.wait_for(1).await.len();
    let done = |calls: &Value| calls.pointer("/calls/0/state").is_some_and(|state| state == "done");
    let list = gateway.until("done", "/api/calls", done).await;
    let id = list["calls"][0]["id"].as_str().unwrap();
    let (code, said, error) = heardline(&["erase", id, "--config", gateway.config.to_str().unwrap()]).await;
    assert!(code == Some(0) && said.contains("was not delivered yet and will not be"), "{said}{error}");
    // The next call's draft is delivered, so the outbox has gone past the erased one.
    endpoint.always(Reply::Status(202));
    call(gateway.sip, "en-gas").await;
    let posts = until("the next draft delivered", async || {
        endpoint.posts().into_iter().find(|post| post.status == Some(202)).map(|_| endpoint.posts())
    })
    .await;
    let accepted: Vec<_> = posts[refused..].iter().filter(|post| post.status == Some(202)).collect();
    assert!(accepted.iter().all(|post| !String::from_utf8_lossy(&post.body).contains(id)), "only the new call's");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_crashes_anywhere_is_finished_at_the_next_start() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let gateway = Served::start(folder.path(), "", "", None);
    for _ in 0..3 {
        call(gateway.sip, "en-streetlight").await;
    }
    let calls = gateway.all_delivered(3).await;
    gateway.kill();

    let config = configuration(folder.path(), "", "");
    let faults = ["erase.begun", "erase.sound_gone", "erase.words_gone"];
    for (call, fault) in calls.iter().zip(faults) {
        let id = call["id"].as_str().unwrap();
        let status = Command::new(env!("CARGO_BIN_EXE_heardline"))
            .current_dir(bundled(""))
            .args(["erase", id, "--config"])
            .arg(&config)
            .env("HEARDLINE_FAULT", fault)
            .status()
            .unwrap();
        assert!(!status.success(), "{fault}");
    }
    assert!(!canaries(&data).is_empty(), "something was left by the crashes");
    let again = Served::start(folder.path(), "", "", None);
    until("nothing left", async || canaries(&data).is_empty().then_some(())).await;
    let list = again.get("/api/calls").await;
    assert!(list["calls"].as_array().unwrap().iter().all(|call| call["erased_at"].is_string()), "{list}");
    assert!(std::fs::read_dir(data.join("recordings")).unwrap().next().is_none());
}
