//! A real gateway process, its data folder handed in, with what it says and how it ends.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heardline::call::Codec;
use heardline::ingress::sip::caller::{CallPlan, CallReport, Caller, CallerError, HangUp, Sound};
use heardline::ops::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::sound::read_wav;
use super::{DEADLINE, LOOPBACK, bundled};

/// How often an answer that is not there yet is looked for.
const LOOK: Duration = Duration::from_millis(50);

pub struct Served {
    process: Child,
    pub sip: SocketAddr,
    pub desk: SocketAddr,
    pub config: PathBuf,
    /// Everything on stdout and stderr so far.
    said: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Loopback listeners on free ports, data in `folder/data`, drafts to `endpoint` (empty: the built-in one), and `more`
/// tables.
pub fn configuration(folder: &Path, endpoint: &str, more: &str) -> PathBuf {
    let file = folder.join("heardline.toml");
    let intake = if endpoint.is_empty() { String::new() } else { format!("[intake]\nurl = \"{endpoint}\"\n") };
    let sip = if more.contains("[sip]") { "" } else { "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\n" };
    let data =
        if more.contains("[data]") { String::new() } else { format!("[data]\ndir = \"{}/data\"\n", folder.display()) };
    let text =
        format!("{data}[desk]\nlisten = \"127.0.0.1:0\"\n[public]\nlisten = \"127.0.0.1:0\"\n{sip}{intake}{more}");
    std::fs::write(&file, text).unwrap();
    file
}

impl Served {
    pub fn start(folder: &Path, endpoint: &str, more: &str, fault: Option<&str>) -> Self {
        Self::start_with(configuration(folder, endpoint, more), |command| {
            if let Some(fault) = fault {
                command.env("HEARDLINE_FAULT", fault);
            }
        })
    }

    /// `tweak`: environment and the like of the process.
    pub fn start_with(config: PathBuf, tweak: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heardline"));
        command.current_dir(bundled("")).args(["serve", "--config"]).arg(&config);
        tweak(&mut command);
        Self::run(command, config)
    }

    /// A command that ends up as `heardline serve`.
    pub fn run(command: Command, config: PathBuf) -> Self {
        Self::run_as(command, config, "http://")
    }

    /// `desk`: what stands before the address of its desk, or before its port alone.
    pub fn run_as(mut command: Command, config: PathBuf, desk: &str) -> Self {
        let _installed_already = rustls::crypto::ring::default_provider().install_default();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let said: Arc<Mutex<String>> = Arc::default();
        let stderr = listen(process.stderr.take().unwrap(), said.clone());
        let stdout = listen(process.stdout.take().unwrap(), said.clone());
        let unknown: SocketAddr = ([0, 0, 0, 0], 0).into();
        let readers = vec![stderr, stdout];
        let mut served = Self { process, sip: unknown, desk: unknown, config, said, readers };
        served.sip = served.address("calls", "sip:");
        served.desk = served.address("desk", desk);
        served
    }

    /// The address in the line that begins with `label`.
    fn address(&mut self, label: &str, prefix: &str) -> SocketAddr {
        let end = Clock::system().instant() + DEADLINE;
        loop {
            if let Some(line) = self.said().lines().find(|line| line.starts_with(label)) {
                let text = line.split(prefix).nth(1).unwrap().split([' ', '/']).next().unwrap();
                return text.parse().unwrap_or_else(|_| (super::LOOPBACK, text.parse().unwrap()).into());
            }
            let gone = self.process.try_wait().unwrap();
            let late = Clock::system().instant() > end;
            assert!(gone.is_none() && !late, "no {label} line: {gone:?}\n{}", self.said());
            std::thread::sleep(LOOK);
        }
    }

    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said `text`.
    pub async fn says(&self, text: &str) {
        until(&format!("said {text:?}"), async || self.said().contains(text).then_some(())).await;
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// SIGKILL, as the kernel's out-of-memory killer would.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits until it has ended by itself; what it said is whole then.
    pub async fn ended(&mut self) -> (ExitStatus, String) {
        let status = until("ended", async || self.process.try_wait().unwrap()).await;
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.said())
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = reqwest::get(format!("http://{}{path}", self.desk)).await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    pub async fn text(&self, path: &str) -> String {
        reqwest::get(format!("http://{}{path}", self.desk)).await.unwrap().text().await.unwrap()
    }

    pub async fn status(&self, path: &str) -> u16 {
        reqwest::get(format!("http://{}{path}", self.desk)).await.unwrap().status().as_u16()
    }

    /// Asks until the answer at `path` satisfies `check`.
    pub async fn until(&self, what: &str, path: &str, check: impl Fn(&Value) -> bool) -> Value {
        until(what, async || Some(self.get(path).await).filter(&check)).await
    }

    /// Two finished sentences are proof that the caller was heard that far: their end in milliseconds.
    pub async fn two_sentences(&self) -> u64 {
        let live = |calls: &Value| calls.pointer("/calls/0/state").is_some_and(|state| state == "live");
        let id = self.until("a live call", "/api/calls", live).await;
        let path = format!("/api/calls/{}", id["calls"][0]["id"].as_str().unwrap());
        let two = |call: &Value| call["transcript"].as_array().is_some_and(|segments| segments.len() >= 2);
        let call = self.until("two sentences recognised", &path, two).await;
        call["transcript"][1]["span"]["end_ms"].as_u64().unwrap()
    }

    /// Waits until `count` calls are there and every one is done with its draft delivered.
    pub async fn all_delivered(&self, count: usize) -> Vec<Value> {
        let done = |calls: &Value| {
            let calls = calls["calls"].as_array().unwrap();
            calls.len() == count && calls.iter().all(|call| call["state"] == "done")
        };
        let list = self.until("all calls done", "/api/calls", done).await;
        let mut calls = Vec::new();
        for call in list["calls"].as_array().unwrap() {
            let path = format!("/api/calls/{}", call["id"].as_str().unwrap());
            let delivered =
                |call: &Value| call.pointer("/deliveries/0/state").is_some_and(|state| state == "delivered");
            calls.push(self.until("its draft delivered", &path, delivered).await);
        }
        calls
    }
}

/// Asks `look` until it has an answer.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

fn listen(pipe: impl Read + Send + 'static, said: Arc<Mutex<String>>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            said.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}

pub fn plan(sip: SocketAddr, sample: &str) -> CallPlan {
    CallPlan {
        target: format!("sip:hotline@{sip}"),
        from_user: "+12025550123".into(),
        sound: said(&samples(sample)),
        dtmf: None,
        hang_up: HangUp::AfterAudio { linger_ms: 0 },
        record: false,
    }
}

/// Says it and stays on the line, in silence: for a call that is ended by something else, however slow the machine.
pub fn stays(sip: SocketAddr, sample: &str) -> CallPlan {
    CallPlan { hang_up: HangUp::WhenPeerDoes, ..plan(sip, sample) }
}

/// A bundled sample, 8 kHz.
pub fn samples(sample: &str) -> Vec<i16> {
    read_wav(&bundled(&format!("audio-samples/{sample}.wav"))).0
}

pub fn said(pcm: &[i16]) -> std::sync::Arc<Sound> {
    Sound::new(pcm, Codec::Pcmu)
}

/// Makes one call; the gateway may die in it.
pub async fn make(plan: CallPlan) -> Result<CallReport, CallerError> {
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    caller.call(plan, CancellationToken::new(), |_| ()).await
}

/// Speaks a sample and hangs up. What counts is what the endpoint gets.
pub async fn call(sip: SocketAddr, sample: &str) {
    told(plan(sip, sample)).await;
}

/// The gateway may die in it. A refusal is printed: whoever waits for the draft of a call that never was should read why.
pub async fn told(plan: CallPlan) {
    if let Err(error) = make(plan).await {
        eprintln!("call: {error}");
    }
}

/// Runs a command of the program to its end: (exit code, stdout, stderr).
pub async fn heardline(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_heardline"));
    let output = command.current_dir(bundled("")).args(arguments).kill_on_drop(true).output();
    let output = tokio::time::timeout(DEADLINE, output).await.expect("the command ends").unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}
