//! The two processes of a load measurement: the gateway and its callers, and what each of them costs.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::stub::StubRecognizer;
use super::{config, target};
use crate::call::CallState;
use crate::cli::Failure;
use crate::cli::call::Summary;
use crate::config::PortRange;
use crate::gateway::{Gateway, Parts};
use crate::ops::clock::Clock;
use crate::ops::{descriptors, metrics};
use crate::store::Store;

/// Sound ports below the system's own, which the callers' sockets come from: 10,000 pairs, as each stays bound for
/// 10 s after its call.
const RTP_PORTS: PortRange = PortRange { first: 10_000, last: 29_999 };
/// The same for browsers: one each, above those.
const WEB_PORTS: PortRange = PortRange { first: 30_000, last: 32_767 };
/// New calls a minute that the callers' one address may make: no bound.
const WEB_RATE: u32 = 60_000;
/// How long the last calls may take to become drafts.
const FINISH_WITHIN: Duration = Duration::from_secs(120);
/// Sockets and files of one call, and what the process holds besides.
const FILES_A_CALL: u64 = 4;
const FILES_BESIDES: u64 = 200;
/// `/proc/PID/stat` counts in hundredths of a second (USER_HZ) on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// `heardline bench gateway`: takes a census at every line of its stdin; when that closes it says what it has come to.
#[derive(Args)]
pub(super) struct GatewayUnderLoad {
    #[arg(long)]
    data: PathBuf,
    #[arg(long)]
    max_calls: usize,
}

/// What the gateway says once it serves.
#[derive(Serialize, Deserialize)]
struct Serving {
    target: String,
    web: String,
}

/// What a gateway holds at a moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Census {
    /// In no final state.
    pub calls: usize,
    /// Open descriptors.
    pub files: usize,
    /// Of the runtime.
    pub tasks: usize,
    pub rss_kib: u64,
}

/// What the gateway says when its last call is a draft.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tally {
    pub done: usize,
    pub not_done: usize,
    /// Over all coverage ledgers.
    pub ledger_lost_ms: u64,
    pub packets_received: u64,
    /// By sequence number.
    pub packets_lost: u64,
    /// From the end of the load until every call was a draft.
    pub finished_after_ms: u64,
}

impl GatewayUnderLoad {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let clock = Clock::system();
        let mut config = config(&self.data);
        config.sip.max_calls = self.max_calls;
        config.sip.rtp_ports = RTP_PORTS;
        config.webrtc.udp_ports = WEB_PORTS;
        config.webrtc.calls_per_address = self.max_calls;
        config.webrtc.calls_per_minute = WEB_RATE;
        descriptors::allow(u64::try_from(self.max_calls).unwrap_or(0) * FILES_A_CALL + FILES_BESIDES)
            .map_err(Failure::new)?;
        let parts =
            Parts { clock: clock.clone(), recognizer: Some(Arc::new(StubRecognizer::default())), ..Parts::default() };
        let gateway = Gateway::start(config, parts).await?;
        let web = format!("http://{}/whip/default", gateway.public_address());
        say(&Serving { target: target(&gateway)?, web })?;
        let mut asked = BufReader::new(tokio::io::stdin()).lines();
        while let Ok(Some(_)) = asked.next_line().await {
            say(&census(gateway.store().as_ref()).await?)?;
        }
        let begun = clock.instant();
        let store = gateway.store();
        let finishing = async {
            while !store.unfinished().await.map_err(Failure::new)?.is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok::<(), Failure>(())
        };
        let finished = tokio::time::timeout(FINISH_WITHIN, finishing).await;
        let finished_after = clock.instant().duration_since(begun);
        let mut tally = tally(store.as_ref()).await?;
        tally.finished_after_ms = u64::try_from(finished_after.as_millis()).unwrap_or(u64::MAX);
        gateway.shutdown().await;
        finished.unwrap_or_else(|_| Err(Failure::new("the last calls did not become drafts in time")))?;
        say(&tally)
    }
}

async fn census(store: &dyn Store) -> Result<Census, Failure> {
    let files = std::fs::read_dir("/proc/self/fd").map_err(|e| Failure::new(format!("/proc/self/fd: {e}")))?.count();
    Ok(Census {
        calls: store.unfinished().await.map_err(Failure::new)?.len(),
        files,
        tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        rss_kib: Usage::of_process(std::process::id())?.rss_kib,
    })
}

fn say(line: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(line).map_err(Failure::new)?);
    Ok(())
}

async fn tally(store: &dyn Store) -> Result<Tally, Failure> {
    let counted = metrics::install().map_err(Failure::new)?.render();
    let packets = |fate: &str| {
        let name = format!("heardline_media_packets_total{{fate=\"{fate}\"}} ");
        let value = counted.lines().find_map(|line| line.strip_prefix(&name));
        value.and_then(|value| value.trim().parse().ok()).ok_or_else(|| Failure::new(format!("no metric {name}")))
    };
    let mut tally = Tally {
        done: 0,
        not_done: 0,
        ledger_lost_ms: 0,
        packets_received: packets("received")?,
        packets_lost: packets("lost")?,
        finished_after_ms: 0,
    };
    let mut before = None;
    loop {
        let page = store.calls(before, 200).await.map_err(Failure::new)?;
        for call in page.calls {
            let done = call.state == CallState::Done && call.coverage.is_some();
            *(if done { &mut tally.done } else { &mut tally.not_done }) += 1;
            tally.ledger_lost_ms += call.coverage.map_or(0, |ledger| ledger.lost_ms);
        }
        match page.next {
            Some(next) => before = Some(next),
            None => return Ok(tally),
        }
    }
}

/// Processor time and memory of a process since its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    pub cpu: Duration,
    pub rss_kib: u64,
    pub peak_rss_kib: u64,
}

impl Usage {
    fn of(child: &Child) -> Result<Self, Failure> {
        child.id().map_or_else(|| Err(Failure::new("a process of the measurement has ended")), Self::of_process)
    }

    fn of_process(pid: u32) -> Result<Self, Failure> {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            std::fs::read_to_string(&path).map_err(|e| Failure::new(format!("{path}: {e}")))
        };
        let (stat, status) = (read("stat")?, read("status")?);
        // User and system time are fields 14 and 15; the name in field 2 may hold anything, so count from its end.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = |nth: usize| after_name.split_whitespace().nth(nth).and_then(|field| field.parse::<u32>().ok());
        let kib = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let usage = || {
            let cpu = TICK * (ticks(11)? + ticks(12)?);
            Some(Self { cpu, rss_kib: kib("VmRSS:")?, peak_rss_kib: kib("VmHWM:")? })
        };
        usage().ok_or_else(|| Failure::new(format!("/proc/{pid} reads otherwise than expected")))
    }
}

/// The gateway under load, with the recogniser stubbed.
pub(super) struct GatewayProcess {
    child: Child,
    answers: Lines<BufReader<ChildStdout>>,
    pub target: String,
    /// WHIP URL of its line.
    pub web: String,
}

impl GatewayProcess {
    pub(super) async fn start(folder: &Path, max_calls: u32) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe().map_err(Failure::new)?)
            .args(["bench", "gateway", "--max-calls", &max_calls.to_string(), "--data"])
            .arg(folder.join("data"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Failure::new)?;
        let stdout = child.stdout.take().ok_or_else(|| Failure::new("the gateway's answers are lost"))?;
        let mut answers = BufReader::new(stdout).lines();
        let Serving { target, web } = answer(&mut answers).await?;
        Ok(Self { child, answers, target, web })
    }

    pub(super) fn usage(&self) -> Result<Usage, Failure> {
        Usage::of(&self.child)
    }

    pub(super) async fn census(&mut self) -> Result<Census, Failure> {
        let stdin = self.child.stdin.as_mut().ok_or_else(|| Failure::new("the gateway cannot be asked"))?;
        stdin.write_all(b"census\n").await.map_err(Failure::new)?;
        stdin.flush().await.map_err(Failure::new)?;
        answer(&mut self.answers).await
    }

    /// Waits until every call has become a draft, then ends the gateway.
    pub(super) async fn finish(mut self) -> Result<Tally, Failure> {
        drop(self.child.stdin.take());
        let tally = answer(&mut self.answers).await?;
        self.child.wait().await.map_err(Failure::new)?;
        Ok(tally)
    }
}

async fn answer<T: for<'a> Deserialize<'a>>(answers: &mut Lines<BufReader<ChildStdout>>) -> Result<T, Failure> {
    let line = answers.next_line().await.map_err(Failure::new)?;
    let line = line.ok_or_else(|| Failure::new("the gateway process ended; its reason stands above"))?;
    serde_json::from_str(&line).map_err(Failure::new)
}

/// The callers.
pub(super) struct CallerProcess(Child);

impl CallerProcess {
    /// `calls` of `seconds`, begun `rate` a second.
    pub(super) fn start(target: &str, calls: u32, rate: u32, seconds: u64) -> Result<Self, Failure> {
        let child = Command::new(std::env::current_exe().map_err(Failure::new)?)
            .args(["call", target])
            .arg(super::sample()?)
            .args(["--json", "--linger-ms", "0", "--count", &calls.to_string()])
            .args(["--rate", &rate.to_string(), "--seconds", &seconds.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Failure::new)?;
        Ok(Self(child))
    }

    pub(super) fn usage(&self) -> Result<Usage, Failure> {
        Usage::of(&self.0)
    }

    /// Waits for the end; also the processor time up to the last look before it, at most 50 ms earlier.
    pub(super) async fn watched(self) -> Result<(Duration, Summary), Failure> {
        let pid = self.0.id().ok_or_else(|| Failure::new("the calling process has ended"))?;
        let mut cpu = Duration::ZERO;
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        let mut finishing = std::pin::pin!(self.finish());
        loop {
            tokio::select! {
                summary = &mut finishing => return Ok((cpu, summary?)),
                _ = looks.tick() => cpu = Usage::of_process(pid).map_or(cpu, |usage| cpu.max(usage.cpu)),
            }
        }
    }

    pub(super) async fn finish(self) -> Result<Summary, Failure> {
        let output = self.0.wait_with_output().await.map_err(Failure::new)?;
        serde_json::from_slice(&output.stdout)
            .map_err(|e| Failure::new(format!("the calling process: {e}: {}", String::from_utf8_lossy(&output.stderr))))
    }
}
