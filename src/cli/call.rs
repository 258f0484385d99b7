//! `heardline call`: a real caller, and with `--count` a load generator.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::call::Codec;
use crate::ingress::sip::caller::{CallPlan, CallReport, Caller, HangUp};
use crate::media::wav;
use crate::ops::clock::Clock;

#[derive(Clone, Copy, ValueEnum)]
enum CodecArgument {
    Pcmu,
    Pcma,
}

#[derive(Args)]
pub(super) struct Call {
    /// sip:user@host:port, with ;transport=tcp for TCP
    target: String,
    /// What to say: any PCM WAV
    wav: PathBuf,
    /// How many calls
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// New calls a second
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// Where to write what was heard (8 kHz WAV); with --count only the first call
    #[arg(long)]
    record: Option<PathBuf>,
    /// Keys to press after speaking, for example 1# (RFC 4733)
    #[arg(long)]
    dtmf: Option<String>,
    #[arg(long, value_enum, default_value = "pcmu")]
    codec: CodecArgument,
    /// Caller's number in From
    #[arg(long, default_value = "+12025550123")]
    from: String,
    /// Stay on the line this long after the last sample
    #[arg(long, default_value_t = 500)]
    linger_ms: u64,
    /// Address to call from
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    local: IpAddr,
    /// Speak only the first so many seconds of the file, repeating it when it is shorter
    #[arg(long)]
    seconds: Option<u64>,
    #[arg(long)]
    json: bool,
}

/// What happened, over all calls.
#[derive(Serialize)]
struct Summary {
    calls: u32,
    answered: usize,
    failed: usize,
    setup_ms_p50: u64,
    setup_ms_p99: u64,
    packets_sent: u64,
    packets_received: u64,
    /// The first few reasons of failed calls.
    failures: Vec<String>,
}

impl Call {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let pcm = self.sound()?;
        let caller = Arc::new(Caller::start(self.local, Clock::system()).await.map_err(Failure::new)?);
        let stop = CancellationToken::new();
        let interrupted = stop.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                interrupted.cancel();
            }
        });
        let mut running = tokio::task::JoinSet::new();
        let gap = Duration::from_secs_f64(1.0 / self.rate.max(0.01));
        let mut pace = tokio::time::interval(gap);
        for number in 0..self.count {
            pace.tick().await;
            let plan = self.plan(pcm.clone(), number == 0 && self.record.is_some());
            let (caller, stop) = (caller.clone(), stop.clone());
            running.spawn(async move { (number, caller.call(plan, stop, |_| ()).await) });
        }
        let mut reports = Vec::new();
        let mut failures = Vec::new();
        while let Some(joined) = running.join_next().await {
            match joined {
                Ok((0, Ok(report))) => {
                    self.save(&report)?;
                    reports.push(report);
                }
                Ok((_, Ok(report))) => reports.push(report),
                Ok((_, Err(error))) => failures.push(error.to_string()),
                Err(error) => failures.push(error.to_string()),
            }
        }
        self.report(&reports, failures)
    }

    /// 8 kHz PCM of what is to be said.
    fn sound(&self) -> Result<Vec<i16>, Failure> {
        let pcm = wav::read_at(&self.wav, 8_000).map_err(Failure::new)?.pcm;
        let Some(seconds) = self.seconds else { return Ok(pcm) };
        let samples = usize::try_from(seconds.saturating_mul(8_000)).unwrap_or(usize::MAX);
        Ok(pcm.iter().copied().cycle().take(samples).collect())
    }

    fn plan(&self, pcm: Vec<i16>, record: bool) -> CallPlan {
        CallPlan {
            target: self.target.clone(),
            from_user: self.from.clone(),
            pcm,
            codec: match self.codec {
                CodecArgument::Pcmu => Codec::Pcmu,
                CodecArgument::Pcma => Codec::Pcma,
            },
            dtmf: self.dtmf.clone(),
            hang_up: HangUp::AfterAudio { linger_ms: self.linger_ms },
            record,
        }
    }

    fn save(&self, report: &CallReport) -> Result<(), Failure> {
        match &self.record {
            Some(path) => wav::write_mono(path, 8_000, &report.heard).map_err(Failure::new),
            None => Ok(()),
        }
    }

    fn report(&self, reports: &[CallReport], mut failures: Vec<String>) -> Result<(), Failure> {
        let mut setups: Vec<u64> = reports.iter().map(|r| r.setup_ms).collect();
        setups.sort_unstable();
        failures.sort();
        failures.truncate(5);
        let summary = Summary {
            calls: self.count,
            answered: reports.len(),
            failed: usize::try_from(self.count).unwrap_or(usize::MAX).saturating_sub(reports.len()),
            setup_ms_p50: percentile(&setups, 50),
            setup_ms_p99: percentile(&setups, 99),
            packets_sent: reports.iter().map(|r| r.packets_sent).sum(),
            packets_received: reports.iter().map(|r| r.packets_received).sum(),
            failures,
        };
        if self.json {
            println!("{}", serde_json::to_string(&summary).map_err(Failure::new)?);
        } else {
            println!(
                "{} of {} calls answered, set-up {} ms (p99 {} ms), {} packets sent, {} heard",
                summary.answered,
                summary.calls,
                summary.setup_ms_p50,
                summary.setup_ms_p99,
                summary.packets_sent,
                summary.packets_received
            );
        }
        match summary.failures.first() {
            Some(first) => Err(Failure::new(format!("{} of {} calls failed: {first}", summary.failed, summary.calls))),
            None => Ok(()),
        }
    }
}

/// Value below which `percent` of a sorted list lies; 0 of an empty one.
pub(super) fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or(0)
}
