//! Calls from browsers that come and go badly: what is left of them in the gateway.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::process::{Census, GatewayProcess};
use crate::call::Codec;
use crate::cli::Failure;
use crate::cli::demo::TemporaryFolder;
use crate::ingress::caller::{HangUp, Sound};
use crate::ingress::webrtc::caller::{Fault, WebPlan, WhipCaller};
use crate::media::wav;
use crate::ops::clock::Clock;

/// New calls a second.
const RATE: f64 = 20.0;
/// What each says, unless it is gone before.
const SPEAKS_MS: usize = 2_000;
const DIES_AFTER: Duration = Duration::from_millis(1_000);
/// After the last call: an abandoned one is waited for 30 s, a dead one 15 s, then comes its draft.
const QUIET_WITHIN: Duration = Duration::from_secs(120);
/// Two descriptors: a connection that is being closed, a file that is being synced.
const FILES: usize = 2;
/// Timers and HTTP connections of the moment.
const TASKS: usize = 2;
/// Chance of the allocator, and 200 bytes of each session until it can be read no more.
const KIB: u64 = 16 * 1024;

/// The gateway before and after. All calls are made twice: what the allocator keeps of the first time for the next is
/// no loss, what grows with the second is.
#[derive(Serialize)]
pub(super) struct Churn {
    /// Each time.
    calls: u32,
    abandoned: u32,
    killed: u32,
    /// Ended as it should be.
    ended: u32,
    /// Calls the gateway did not take, with the first reason.
    refused: u32,
    reason: Option<String>,
    started: Census,
    once: Census,
    twice: Census,
    back_after_ms: u64,
}

impl Churn {
    fn is_back(&self) -> bool {
        back(&self.once, &self.twice) && self.twice.rss_kib <= self.once.rss_kib + KIB && self.refused == 0
    }
}

fn back(before: &Census, after: &Census) -> bool {
    after.calls == 0 && after.files <= before.files + FILES && after.tasks <= before.tasks + TASKS
}

impl fmt::Display for Churn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, abandoned, killed, ended, refused, started, once, twice, back_after_ms, .. } = self;
        writeln!(f, "{calls} calls, twice: {abandoned} abandoned, {killed} killed, {ended} ended, {refused} refused")?;
        writeln!(f, "            calls  descriptors  tasks  resident KiB")?;
        for (name, census) in [("started", started), ("once", once), ("twice", twice)] {
            let Census { calls, files, tasks, rss_kib } = census;
            writeln!(f, "{name:10} {calls:6} {files:12} {tasks:6} {rss_kib:13}")?;
        }
        write!(f, "{} {back_after_ms} ms after the last call", if self.is_back() { "back" } else { "NOT back" })
    }
}

/// Makes the calls and counts. `Err`: something was left behind, or calls were refused.
pub(super) async fn run(calls: u32) -> Result<Churn, Failure> {
    let folder = TemporaryFolder::make()?;
    let clock = Clock::system();
    let mut gateway = GatewayProcess::start(&folder.0, calls).await?;
    let started = gateway.census().await?;
    let progress = ProgressBar::new(2 * u64::from(calls)).with_message("calls that go badly");
    let mut made = Made::default();
    make(&gateway.web, calls, &mut made, &progress).await?;
    let once = quiet(&mut gateway, None).await?;
    make(&gateway.web, calls, &mut made, &progress).await?;
    let begun = clock.instant();
    let twice = quiet(&mut gateway, Some(&once)).await?;
    let back_after = clock.instant().duration_since(begun);
    progress.finish_and_clear();
    gateway.finish().await?;
    Ok(Churn {
        calls,
        abandoned: made.abandoned,
        killed: made.killed,
        ended: made.ended,
        refused: made.refused,
        reason: made.reason,
        started,
        once,
        twice,
        back_after_ms: u64::try_from(back_after.as_millis()).unwrap_or(u64::MAX),
    })
}

impl Churn {
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        match (&self.reason, self.is_back()) {
            (Some(reason), _) => {
                Err(Failure::new(format!("{} of {} calls failed: {reason}", self.refused, 2 * self.calls)))
            }
            (None, true) => Ok(()),
            (None, false) => Err(Failure::new("the gateway kept something of calls that are over; see the figures")),
        }
    }
}

#[derive(Default)]
struct Made {
    abandoned: u32,
    killed: u32,
    ended: u32,
    refused: u32,
    reason: Option<String>,
}

/// A third of each kind. Returns when the last caller is gone, its HTTP connections included.
async fn make(url: &str, calls: u32, made: &mut Made, progress: &ProgressBar) -> Result<(), Failure> {
    let caller = Arc::new(WhipCaller::new(url, None, Clock::system()).map_err(Failure::new)?);
    let mut pcm = wav::read_at(&super::sample()?, Codec::Opus.rate()).map_err(Failure::new)?.pcm;
    pcm.truncate(SPEAKS_MS * 16);
    let sound = Sound::new(&pcm, Codec::Opus);
    let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / RATE));
    let mut running = tokio::task::JoinSet::new();
    for number in 0..calls {
        pace.tick().await;
        let fault = [Some(Fault::Abandon), Some(Fault::Die { after: DIES_AFTER }), None];
        let fault = fault.get(usize::try_from(number % 3).unwrap_or(0)).copied().flatten();
        let plan = WebPlan {
            bearer: None,
            info: None,
            sound: sound.clone(),
            dtmf: None,
            hang_up: HangUp::AfterAudio { linger_ms: 0 },
            record: false,
            fault,
        };
        let caller = caller.clone();
        running.spawn(async move { (fault, caller.call(plan, CancellationToken::new(), |_| ()).await) });
    }
    while let Some(joined) = running.join_next().await {
        progress.inc(1);
        match joined.map_err(Failure::new)? {
            (Some(Fault::Abandon), Ok(_)) => made.abandoned += 1,
            (Some(Fault::Die { .. }), Ok(_)) => made.killed += 1,
            (_, Ok(_)) => made.ended += 1,
            (_, Err(error)) => {
                made.refused += 1;
                made.reason.get_or_insert(error.to_string());
            }
        }
    }
    Ok(())
}

/// The gateway once its last call is a draft and, with `before`, once it is back there; else as it is after a while.
async fn quiet(gateway: &mut GatewayProcess, before: Option<&Census>) -> Result<Census, Failure> {
    let clock = Clock::system();
    let give_up = clock.instant() + QUIET_WITHIN;
    let mut last: Option<Census> = None;
    loop {
        let now = gateway.census().await?;
        // Without a mark, quiet is what stays the same over a second.
        let is_quiet = match before {
            Some(before) => back(before, &now),
            None => {
                now.calls == 0 && last.as_ref().is_some_and(|last| last.files == now.files && last.tasks == now.tasks)
            }
        };
        if is_quiet || clock.instant() >= give_up {
            return Ok(now);
        }
        last = Some(now);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
