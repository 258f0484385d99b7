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
/// Calls before the first count: allocator, store and HTTP have what they keep for good.
const WARM_UP: u32 = 90;
/// After the last call: an abandoned one is waited for 30 s, a dead one 15 s, then comes its draft.
const QUIET_WITHIN: Duration = Duration::from_secs(120);
/// Two descriptors: a connection that is being closed, a file that is being synced.
const FILES: usize = 2;
/// Timers and HTTP connections of the moment.
const TASKS: usize = 2;
/// What the allocator may keep, and 200 bytes of each session until it can be read no more.
const KIB: u64 = 16 * 1024;

/// The gateway before and after.
#[derive(Serialize)]
pub(super) struct Churn {
    calls: u32,
    abandoned: u32,
    killed: u32,
    /// Ended as it should be.
    ended: u32,
    /// Calls the gateway did not take, with the first reason.
    refused: u32,
    reason: Option<String>,
    before: Census,
    after: Census,
    back_after_ms: u64,
}

impl Churn {
    fn is_back(&self) -> bool {
        back(&self.before, &self.after) && self.after.rss_kib <= self.before.rss_kib + KIB && self.refused == 0
    }
}

fn back(before: &Census, after: &Census) -> bool {
    after.calls == 0 && after.files <= before.files + FILES && after.tasks <= before.tasks + TASKS
}

impl fmt::Display for Churn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, abandoned, killed, ended, refused, before, after, back_after_ms, .. } = self;
        writeln!(f, "{calls} calls: {abandoned} abandoned, {killed} killed, {ended} ended, {refused} refused")?;
        writeln!(f, "            calls  descriptors  tasks  resident KiB")?;
        for (name, census) in [("before", before), ("after", after)] {
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
    let mut gateway = GatewayProcess::start(&folder.0, calls.max(WARM_UP)).await?;
    let progress = ProgressBar::new(u64::from(WARM_UP + calls)).with_message("calls that go badly");
    make(&gateway.web, WARM_UP, &progress).await?;
    let before = quiet(&mut gateway, None).await?;
    let made = make(&gateway.web, calls, &progress).await?;
    let begun = clock.instant();
    let after = quiet(&mut gateway, Some(&before)).await?;
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
        before,
        after,
        back_after_ms: u64::try_from(back_after.as_millis()).unwrap_or(u64::MAX),
    })
}

impl Churn {
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        match (&self.reason, self.is_back()) {
            (Some(reason), _) => {
                Err(Failure::new(format!("{} of {} calls failed: {reason}", self.refused, self.calls)))
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
async fn make(url: &str, calls: u32, progress: &ProgressBar) -> Result<Made, Failure> {
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
    let mut made = Made::default();
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
    Ok(made)
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
