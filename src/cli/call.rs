//! `heardline call`: a real caller, and with `--count` a load generator.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::phone::{Dial, Phone, Talk};
use crate::call::Codec;
use crate::ingress::caller::{CallReport, HangUp, Progress, Sound};
use crate::media::wav;
use crate::ops::clock::Clock;
use crate::ops::descriptors;

#[derive(Clone, Copy, ValueEnum)]
enum CodecArgument {
    Pcmu,
    Pcma,
    G722,
    Opus,
}

impl From<CodecArgument> for Codec {
    fn from(argument: CodecArgument) -> Self {
        match argument {
            CodecArgument::Pcmu => Self::Pcmu,
            CodecArgument::Pcma => Self::Pcma,
            CodecArgument::G722 => Self::G722,
            CodecArgument::Opus => Self::Opus,
        }
    }
}

#[derive(Args)]
pub(super) struct Call {
    /// By telephone sip:user@host:port, with ;transport=tcp for TCP; as a browser http://host:port/whip/LINE
    target: String,
    /// What to say: any PCM WAV
    wav: PathBuf,
    /// How many calls
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// New calls a second
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// Where to write what was heard (WAV at the codec's rate); with --count only the first call
    #[arg(long)]
    record: Option<PathBuf>,
    /// Keys to press after speaking, for example 1# (RFC 4733)
    #[arg(long)]
    dtmf: Option<String>,
    /// Without it: pcmu by telephone, opus as a browser
    #[arg(long, value_enum)]
    codec: Option<CodecArgument>,
    /// Milliseconds of sound in a packet: 10, 20, 40 or 60
    #[arg(long, default_value_t = 20, value_parser = packet_time)]
    ptime_ms: u32,
    /// Caller's number: in From (+12025550123 without it), or typed into the page
    #[arg(long)]
    from: Option<String>,
    /// Signed identity (JWT) of the caller, as a browser
    #[arg(long)]
    token: Option<String>,
    /// Stay on the line this long after the last sample
    #[arg(long, default_value_t = 500)]
    linger_ms: u64,
    /// Address to call from. Without it: 127.0.0.1 by telephone (give ::1 or another IPv6 address for an IPv6
    /// target), as a browser the one that leads there
    #[arg(long)]
    local: Option<IpAddr>,
    /// Speak only the first so many seconds of the file, repeating it when it is shorter
    #[arg(long)]
    seconds: Option<u64>,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

/// What happened, over all calls.
#[derive(Serialize, Deserialize)]
pub(super) struct Summary {
    pub calls: u32,
    pub answered: usize,
    pub failed: usize,
    /// From INVITE to 200, or from offer to answer.
    pub setup_ms_p50: u64,
    pub setup_ms_p95: u64,
    pub setup_ms_p99: u64,
    /// Calls answered, over the time from the first one's begin to the last answer.
    pub setups_per_s: f64,
    pub packets_sent: u64,
    pub packets_received: u64,
    /// The first few reasons of failed calls.
    pub failures: Vec<String>,
}

/// Two sockets each (sound, HTTP), and what the program holds besides.
const FILES_A_CALL: u64 = 2;
const FILES_BESIDES: u64 = 50;

fn packet_time(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|ms| [10, 20, 40, 60].contains(ms)).ok_or_else(|| "10, 20, 40 or 60".to_owned())
}

impl Call {
    pub(super) async fn run(self) -> Result<(), Failure> {
        descriptors::allow(u64::from(self.count) * FILES_A_CALL + FILES_BESIDES).map_err(Failure::new)?;
        let sound = self.sound()?;
        let clock = Clock::system();
        let phone = Arc::new(Phone::ready(self.dial(), clock.clone()).await?);
        let stop = CancellationToken::new();
        let interrupted = stop.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                interrupted.cancel();
            }
        });
        let mut running = tokio::task::JoinSet::new();
        let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / self.rate.max(0.01)));
        let begun = clock.instant();
        let last_answer_ms = Arc::new(AtomicU64::new(0));
        for number in 0..self.count {
            pace.tick().await;
            let talk = self.talk(sound.clone(), number == 0 && self.record.is_some());
            let (phone, stop, clock, last_answer_ms) =
                (phone.clone(), stop.clone(), clock.clone(), last_answer_ms.clone());
            let progress = move |step| {
                if step == Progress::Answered {
                    let since = clock.instant().duration_since(begun).as_millis();
                    last_answer_ms.fetch_max(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
                }
            };
            running.spawn(async move { (number, phone.call(talk, stop, progress).await) });
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
                Ok((_, Err(reason))) => failures.push(reason),
                Err(error) => failures.push(error.to_string()),
            }
        }
        self.report(&reports, failures, last_answer_ms.load(Ordering::Relaxed))
    }

    /// What is to be said, encoded once for all calls.
    fn sound(&self) -> Result<Arc<Sound>, Failure> {
        let codec = self.codec();
        let mut pcm = wav::read_at(&self.wav, codec.rate()).map_err(Failure::new)?.pcm;
        if let Some(seconds) = self.seconds {
            let samples = usize::try_from(seconds.saturating_mul(u64::from(codec.rate()))).unwrap_or(usize::MAX);
            pcm = pcm.iter().copied().cycle().take(samples).collect();
        }
        Ok(Sound::packed(&pcm, codec, self.ptime_ms))
    }

    fn codec(&self) -> Codec {
        self.codec.map_or_else(|| self.dial().codec(), Codec::from)
    }

    fn dial(&self) -> Dial {
        let (target, from, token) = (self.target.clone(), self.from.clone(), self.token.clone());
        Dial { target, from, token, local: self.local }
    }

    fn talk(&self, sound: Arc<Sound>, record: bool) -> Talk {
        let hang_up = HangUp::AfterAudio { linger_ms: self.linger_ms };
        Talk { sound, dtmf: self.dtmf.clone(), hang_up, record }
    }

    fn save(&self, report: &CallReport) -> Result<(), Failure> {
        match &self.record {
            Some(path) => wav::write_mono(path, self.codec().rate(), &report.heard).map_err(Failure::new),
            None => Ok(()),
        }
    }

    fn report(&self, reports: &[CallReport], mut failures: Vec<String>, took_ms: u64) -> Result<(), Failure> {
        let mut setups: Vec<u64> = reports.iter().map(|r| r.setup_ms).collect();
        setups.sort_unstable();
        failures.sort();
        failures.truncate(5);
        let summary = Summary {
            calls: self.count,
            answered: reports.len(),
            failed: usize::try_from(self.count).unwrap_or(usize::MAX).saturating_sub(reports.len()),
            setup_ms_p50: percentile(&setups, 50),
            setup_ms_p95: percentile(&setups, 95),
            setup_ms_p99: percentile(&setups, 99),
            setups_per_s: reports.len() as f64 * 1_000.0 / took_ms.max(1) as f64,
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
