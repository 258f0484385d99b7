//! The disk fills up in mid-call: no new call is taken, what is said is kept in memory, and all is well again when space
//! returns (trust C4). The gateway runs in a mount namespace of its own with its data on a small tmpfs.

mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use heardline::ingress::sip::caller::CallerError;
use heardline::ops::clock::Clock;
use serde_json::Value;
use tempfile::TempDir;

use common::bundled;
use common::endpoint::ScriptedEndpoint;
use common::served::{Served, call, configuration, make, plan, until};

const SIZE_MIB: u32 = 48;
const FLOOR_MIB: u32 = 8;

/// `None`, with one line why: this machine lets nobody have a mount namespace.
fn on_small_disk(folder: &Path, endpoint: &str) -> Option<Served> {
    let allowed = Command::new("unshare").args(["--user", "--map-root-user", "--mount", "true"]).output();
    if !allowed.as_ref().is_ok_and(|output| output.status.success()) {
        println!("disk_full: not run: no mount namespace on this machine: {allowed:?}");
        return None;
    }
    let disk = folder.join("disk");
    std::fs::create_dir(&disk).unwrap();
    let more = format!("[data]\ndir = \"{}/data\"\nmin_free_mib = {FLOOR_MIB}\n", disk.display());
    let config = configuration(folder, endpoint, &more);
    let mut command = Command::new("unshare");
    let script = format!("mount -t tmpfs -o size={SIZE_MIB}m tmpfs \"$0\" && exec \"$1\" serve --config \"$2\"");
    command.current_dir(bundled("")).args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    command.arg(&disk).arg(env!("CARGO_BIN_EXE_heardline")).arg(&config);
    Some(Served::run(command, config))
}

/// The small disk as the gateway sees it.
fn seen_from_outside(gateway: &Served, folder: &Path) -> PathBuf {
    let root = format!("/proc/{}/root", gateway.pid().as_raw_nonzero());
    Path::new(&root).join(folder.strip_prefix("/").unwrap()).join("disk")
}

fn fill(ballast: &Path) {
    let mut file = std::fs::File::create(ballast).unwrap();
    // Larger pieces first, then what is left, to the last byte.
    for piece in [1 << 20, 4_096, 1] {
        let zeros = vec![0; piece];
        while file.write_all(&zeros).is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_in_mid_call_loses_no_word_and_no_draft() {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    let Some(gateway) = on_small_disk(folder.path(), &endpoint.url()) else { return };
    let disk = seen_from_outside(&gateway, folder.path());
    let clock = Clock::system();
    let speaking = tokio::spawn(call(gateway.sip, "en-streetlight"));
    let heard_ms = gateway.two_sentences().await;

    fill(&disk.join("ballast"));
    let full = clock.instant();
    let not_ready = |ready: &Value| ready.pointer("/reasons/0/condition").is_some_and(|condition| condition == "disk");
    gateway.until("not ready", "/health/ready", not_ready).await;
    println!("not ready {} ms after the disk was full", full.elapsed().as_millis());
    match make(plan(gateway.sip, "zh-water")).await {
        Err(CallerError::Refused { status: 503, .. }) => {}
        other => panic!("a new call hears busy: {other:?}"),
    }
    speaking.await.unwrap();
    gateway.says("cannot be written down").await;
    assert!(endpoint.posts().is_empty(), "it cannot be committed yet");

    std::fs::remove_file(disk.join("ballast")).unwrap();
    let room = clock.instant();
    gateway.until("ready again", "/health/ready", |ready| ready["status"] == "ready").await;
    println!("ready {} ms after space returned", room.elapsed().as_millis());
    let posts = endpoint.wait_for(1).await;
    println!("draft delivered {} ms after space returned", room.elapsed().as_millis());

    let draft: Value = serde_json::from_slice(&posts[0].body).unwrap();
    let segments = draft.pointer("/transcript/segments").unwrap().as_array().unwrap();
    let words = segments.iter().map(|s| s["text"].as_str().unwrap().to_lowercase()).collect::<Vec<_>>().join(" ");
    assert!(words.contains("street light"), "said before: {words}");
    let last = segments.last().unwrap();
    let end_ms = last["end_ms"].as_u64().unwrap();
    assert!(end_ms > heard_ms + 3_000, "what was said while the disk was full is there: {end_ms} ms, {words}");
    let lost = draft.pointer("/coverage/lost_ms").unwrap().as_u64().unwrap();
    assert!(lost > 0, "sound that did not reach the disk is declared lost");

    // The next call is as good as ever, and no half file is left.
    call(gateway.sip, "zh-water").await;
    endpoint.wait_for(2).await;
    let calls = gateway.all_delivered(2).await;
    let data = disk.join("data");
    let mut expected: Vec<_> = calls.iter().map(|call| format!("{}.wav", call["id"].as_str().unwrap())).collect();
    expected.sort();
    assert_eq!(names(&data.join("recordings")), expected);
    for name in names(&data) {
        let known =
            ["heardline.db", "heardline.db-shm", "heardline.db-wal", "heardline.lock", "recordings", "webhook.secret"];
        assert!(known.contains(&name.as_str()), "{name} was left behind");
    }
    for file in expected {
        let reader = hound::WavReader::open(data.join("recordings").join(&file)).unwrap();
        let (declared, held) = (reader.duration(), reader.into_samples::<i16>().filter(Result::is_ok).count());
        assert_eq!(declared as usize, held, "{file}: its header is true");
    }
    until("metrics", async || {
        gateway.text("/metrics").await.contains("heardline_media_recorder_failures_total").then_some(())
    })
    .await;
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
