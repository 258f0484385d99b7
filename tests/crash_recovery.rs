//! kill -9 anywhere: after the restart exactly one draft per call at the endpoint (acceptance 5).

mod common;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use heardline::call::Codec;
use heardline::ingress::sip::caller::{CallPlan, Caller, HangUp, Sound};
use heardline::ops::clock::Clock;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use common::endpoint::{Post, ScriptedEndpoint};
use common::sound::read_wav;
use common::{DEADLINE, LOOPBACK, bundled};

/// A real gateway process.
struct Served {
    process: Child,
    sip: SocketAddr,
    desk: SocketAddr,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}

impl Served {
    fn start(folder: &Path, endpoint: &str, fault: Option<&str>) -> Self {
        let _installed_already = rustls::crypto::ring::default_provider().install_default();
        let file = folder.join("heardline.toml");
        let config = format!(
            "[data]\ndir = \"{}/data\"\n[desk]\nlisten = \"127.0.0.1:0\"\n[public]\nlisten = \"127.0.0.1:0\"\n\
             [sip]\nlisten = [\"udp:127.0.0.1:0\"]\n[intake]\nurl = \"{endpoint}\"\n",
            folder.display()
        );
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_heardline"));
        command.current_dir(bundled("")).args(["serve", "--config"]).arg(&file).stdout(Stdio::piped());
        if let Some(fault) = fault {
            command.env("HEARDLINE_FAULT", fault);
        }
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut after = |label: &str, prefix: &str| -> SocketAddr {
            let line =
                lines.find(|line| line.starts_with(label)).unwrap_or_else(|| panic!("no {label} line: did it start?"));
            let rest = line.split(prefix).nth(1).unwrap();
            rest.split([' ', '/']).next().unwrap().parse().unwrap()
        };
        let sip = after("calls", "sip:");
        let desk = after("desk", "http://");
        Self { process, sip, desk }
    }

    /// SIGKILL, as the kernel's out-of-memory killer would.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// The fault point aborts the process by itself.
    async fn wait_for_abort(mut self) {
        let waited = tokio::time::timeout(DEADLINE, async {
            while self.process.try_wait().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        waited.await.expect("the fault point was reached");
    }

    /// Two finished sentences are proof that the caller was heard that far: their end in milliseconds.
    async fn two_sentences(&self) -> u64 {
        let heard = tokio::time::timeout(DEADLINE, async {
            loop {
                let calls = self.get("/api/calls").await;
                if let Some(id) = calls.pointer("/calls/0/id").and_then(Value::as_str) {
                    let call = self.get(&format!("/api/calls/{id}")).await;
                    let segments = call["transcript"].as_array().unwrap();
                    if segments.len() >= 2 {
                        return segments[1]["span"]["end_ms"].as_u64().unwrap();
                    }
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        heard.await.expect("two sentences were recognised")
    }

    async fn get(&self, path: &str) -> Value {
        let answer = reqwest::get(format!("http://{}{path}", self.desk)).await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}

fn plan(sip: SocketAddr, sample: &str) -> CallPlan {
    CallPlan {
        target: format!("sip:hotline@{sip}"),
        from_user: "+12025550123".into(),
        sound: Sound::new(&read_wav(&bundled(&format!("audio-samples/{sample}.wav"))).0, Codec::Pcmu),
        dtmf: None,
        hang_up: HangUp::AfterAudio { linger_ms: 0 },
        record: false,
    }
}

async fn call(sip: SocketAddr, sample: &'static str) {
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    // The gateway may die before it answers our BYE; what counts is what the endpoint gets.
    let _report = caller.call(plan(sip, sample), CancellationToken::new(), |_| ()).await;
}

/// One draft as a receiver that keeps the webhook-ids it has seen would have it.
fn one_effect(posts: &[Post]) -> Value {
    let ids: HashSet<_> = posts.iter().map(|post| post.headers["webhook-id"].to_str().unwrap().to_owned()).collect();
    let keys: HashSet<_> =
        posts.iter().map(|post| post.headers["idempotency-key"].to_str().unwrap().to_owned()).collect();
    let bodies: HashSet<_> = posts.iter().map(|post| post.body.clone()).collect();
    assert_eq!((ids.len(), keys.len(), bodies.len()), (1, 1, 1), "the same delivery at every try");
    serde_json::from_slice(&posts[0].body).unwrap()
}

fn words(draft: &Value) -> String {
    let segments = draft.pointer("/transcript/segments").unwrap().as_array().unwrap();
    segments.iter().map(|s| s["text"].as_str().unwrap().to_lowercase()).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_mid_call_the_draft_is_made_from_what_was_recorded() {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    let gateway = Served::start(folder.path(), &endpoint.url(), None);
    let speaking = tokio::spawn(call(gateway.sip, "en-streetlight"));

    let heard_ms = gateway.two_sentences().await;
    gateway.kill();
    speaking.abort();
    assert!(endpoint.posts().is_empty());

    let again = Served::start(folder.path(), &endpoint.url(), None);
    endpoint.wait_for(1).await;
    let draft = one_effect(&endpoint.posts());
    let kept_ms = draft.pointer("/call/duration_ms").unwrap().as_u64().unwrap();
    assert!(kept_ms + 1_000 >= heard_ms, "{kept_ms} ms kept of at least {heard_ms} ms heard");
    assert_eq!(draft.pointer("/call/end_cause").unwrap(), "interrupted");
    assert!(words(&draft).contains("street light is broken"), "{}", words(&draft));
    let row = again.get("/api/calls").await;
    assert_eq!(row.pointer("/calls/0/state").unwrap(), "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_in_mid_call_the_draft_is_delivered_before_the_process_ends() {
    let folder = TempDir::new().unwrap();
    let endpoint = ScriptedEndpoint::start().await;
    let mut gateway = Served::start(folder.path(), &endpoint.url(), None);
    let speaking = tokio::spawn(call(gateway.sip, "en-streetlight"));
    gateway.two_sentences().await;
    let pid = rustix::process::Pid::from_child(&gateway.process);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(status) = gateway.process.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert!(ended.await.expect("it ends").success());
    speaking.abort();
    let draft = one_effect(&endpoint.posts());
    assert_eq!(draft.pointer("/call/end_cause").unwrap(), "shutdown");
    assert!(words(&draft).contains("street light is broken"), "{}", words(&draft));
}

/// Aborts at `fault`, restarts, and returns what the endpoint got.
async fn crash_at(fault: &str, sample: &'static str) -> (Vec<Post>, Value) {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    let gateway = Served::start(folder.path(), &endpoint.url(), Some(fault));
    let speaking = tokio::spawn(call(gateway.sip, sample));
    gateway.wait_for_abort().await;
    speaking.abort();
    let before = endpoint.posts().len();
    let again = Served::start(folder.path(), &endpoint.url(), None);
    endpoint.wait_for(before + 1).await;
    let posts = tokio::time::timeout(DEADLINE, async {
        loop {
            let dead_or_waiting = again.get("/api/calls").await;
            let id = dead_or_waiting.pointer("/calls/0/id").unwrap().as_str().unwrap().to_owned();
            let call = again.get(&format!("/api/calls/{id}")).await;
            if call.pointer("/deliveries/0/state").is_some_and(|state| state == "delivered") {
                return endpoint.posts();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let posts = posts.await.expect("delivered after the restart");
    let draft = one_effect(&posts);
    (posts, draft)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_hang_up_before_the_draft_everything_said_is_in_it() {
    let (posts, draft) = crash_at("audio.complete", "zh-water").await;
    assert_eq!(posts.len(), 1);
    assert_eq!(draft.pointer("/call/end_cause").unwrap(), "caller_hangup", "the end was known before the crash");
    assert!(words(&draft).contains("停水了"), "{}", words(&draft));
    assert_eq!(draft.pointer("/issues/0/category/value").unwrap(), "utility.water");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_commit_and_post_the_draft_is_still_delivered() {
    let (posts, _) = crash_at("draft.committed", "zh-water").await;
    assert_eq!(posts.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_post_before_it_is_marked_the_endpoint_can_tell_it_is_the_same() {
    let (posts, _) = crash_at("post.accepted", "zh-water").await;
    assert_eq!(posts.len(), 2, "sent again with the same webhook-id, key and body, so it counts once");
}
