//! Concurrent recorded calls.

use std::fmt;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;

use super::process::{CallerProcess, GatewayProcess};
use super::{Figure, Report, churn};
use crate::cli::Failure;
use crate::cli::demo::TemporaryFolder;
use crate::ops::clock::Clock;

#[derive(Args)]
pub(super) struct Media {
    /// Calls at once; several numbers, as in 10,100,500,1500, are measured one after the other, each on a new gateway.
    /// Without it 10,100,500, and as browsers 150,400
    #[arg(long, value_delimiter = ',')]
    calls: Vec<u32>,
    /// Seconds during which all of them speak
    #[arg(long, default_value_t = DEFAULT_SECONDS)]
    seconds: u64,
    /// Opus by WHIP, ICE and DTLS-SRTP
    #[arg(long)]
    webrtc: bool,
    /// Instead: so many calls of browsers, a third abandoned before ICE, a third killed in mid-call; fails when the
    /// gateway keeps anything of them
    #[arg(long, requires = "webrtc", conflicts_with_all = ["calls", "seconds"])]
    churn: Option<u32>,
}

const DEFAULT_CALLS: [u32; 3] = [10, 100, 500];
const DEFAULT_WEB_CALLS: [u32; 2] = [150, 400];
const DEFAULT_SECONDS: u64 = 60;

impl Default for Media {
    fn default() -> Self {
        Self { calls: Vec::new(), seconds: DEFAULT_SECONDS, webrtc: false, churn: None }
    }
}

/// New calls a second while the load grows.
const RATE: u32 = 50;
/// The same of browsers, whose keys are agreed by both sides on the same machine.
const WEB_RATE: u32 = 20;
/// Between the last call's begin and the measured time, and between that and the first call's end.
const MARGIN: Duration = Duration::from_secs(1);

/// One number of calls at once.
#[derive(Serialize)]
pub(super) struct Rung {
    calls: u32,
    webrtc: bool,
    failed: usize,
    packets_sent: u64,
    /// Sent and not counted by the gateway.
    packets_lost: u64,
    /// What the calls' ledgers declare lost.
    ledger_lost_ms: u64,
    /// Resident memory at the peak, less that before the first call, a call.
    rss_per_call_kib: f64,
    /// Processor time for one second of one call, while all of them speak.
    gateway_cpu_ms_per_call_s: f64,
    caller_cpu_ms_per_call_s: f64,
    gateway_cpu_cores: f64,
    setup_ms_p50: u64,
    setup_ms_p95: u64,
    setup_ms_p99: u64,
}

impl Rung {
    pub(super) const HEAD: &str = " calls      by  failed  packets sent    lost  ledger ms  KiB/call  gateway ms/call-s  caller ms/call-s  \
         gateway cores  set-up p50, p95, p99 ms";
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:6} {:>7} {:7} {:13} {:7} {:10} {:9.1} {:18.3} {:17.3} {:14.2} {:13} {:4} {:4}",
            self.calls,
            if self.webrtc { "browser" } else { "phone" },
            self.failed,
            self.packets_sent,
            self.packets_lost,
            self.ledger_lost_ms,
            self.rss_per_call_kib,
            self.gateway_cpu_ms_per_call_s,
            self.caller_cpu_ms_per_call_s,
            self.gateway_cpu_cores,
            self.setup_ms_p50,
            self.setup_ms_p95,
            self.setup_ms_p99
        )
    }
}

impl Media {
    /// What the README says of browsers.
    pub(super) fn web() -> Self {
        Self { webrtc: true, ..Self::default() }
    }

    pub(super) async fn run(&self, report: &mut Report) -> Result<(), Failure> {
        if let Some(calls) = self.churn {
            report.churn = Some(churn::run(calls).await?);
            return Ok(());
        }
        let progress = ProgressBar::new_spinner();
        progress.enable_steady_tick(Duration::from_millis(200));
        let usual = if self.webrtc { &DEFAULT_WEB_CALLS[..] } else { &DEFAULT_CALLS };
        let all = if self.calls.is_empty() { usual } else { &self.calls };
        let mut rungs = Vec::new();
        for calls in all {
            progress.set_message(format!("{calls} calls for {} s", self.seconds));
            rungs.push(self.rung(*calls).await?);
        }
        progress.finish_and_clear();
        report.figures.extend(if self.webrtc { self.web_figures(&rungs) } else { self.figures(&rungs) });
        report.media.extend(rungs);
        Ok(())
    }

    async fn rung(&self, calls: u32) -> Result<Rung, Failure> {
        let folder = TemporaryFolder::make()?;
        let clock = Clock::system();
        let gateway = GatewayProcess::start(&folder.0, calls + 1).await?;
        let idle = gateway.usage()?;
        let (rate, target) = if self.webrtc { (WEB_RATE, &gateway.web) } else { (RATE, &gateway.target) };
        let growing = Duration::from_secs(u64::from(calls.div_ceil(rate)));
        let speaking = growing + 2 * MARGIN + Duration::from_secs(self.seconds);
        let callers = CallerProcess::start(target, calls, rate, speaking.as_secs())?;
        tokio::time::sleep(growing + MARGIN).await;
        let (begun, gateway_before, callers_before) = (clock.instant(), gateway.usage()?, callers.usage()?);
        tokio::time::sleep(Duration::from_secs(self.seconds)).await;
        let (gateway_after, callers_after) = (gateway.usage()?, callers.usage()?);
        let measured_s = clock.instant().duration_since(begun).as_secs_f64();
        let summary = callers.finish().await?;
        let peak = gateway.usage()?.peak_rss_kib;
        let tally = gateway.finish().await?;
        let per_call_s = |cpu: Duration| cpu.as_secs_f64() * 1_000.0 / (measured_s * f64::from(calls));
        let gateway_cpu = gateway_after.cpu.saturating_sub(gateway_before.cpu);
        if let Some(reason) = summary.failures.first() {
            eprintln!("heardline: {} of {calls} calls failed: {reason}", summary.failed);
        }
        Ok(Rung {
            calls,
            webrtc: self.webrtc,
            failed: summary.failed + tally.not_done,
            packets_sent: summary.packets_sent,
            packets_lost: summary.packets_sent.saturating_sub(tally.packets_received),
            ledger_lost_ms: tally.ledger_lost_ms,
            rss_per_call_kib: peak.saturating_sub(idle.rss_kib) as f64 / f64::from(calls),
            gateway_cpu_ms_per_call_s: per_call_s(gateway_cpu),
            caller_cpu_ms_per_call_s: per_call_s(callers_after.cpu.saturating_sub(callers_before.cpu)),
            gateway_cpu_cores: gateway_cpu.as_secs_f64() / measured_s,
            setup_ms_p50: summary.setup_ms_p50,
            setup_ms_p95: summary.setup_ms_p95,
            setup_ms_p99: summary.setup_ms_p99,
        })
    }

    /// Each number of calls has its own bound: the smaller one must hold, the larger one is the goal.
    fn web_figures(&self, rungs: &[Rung]) -> Vec<Figure> {
        let mut figures = Vec::new();
        for rung in rungs {
            let load = format!("{} browsers at once for {} s, recogniser stubbed", rung.calls, self.seconds);
            figures.push(Figure {
                name: "packets of browsers lost under load",
                value: rung.packets_lost as f64 + rung.ledger_lost_ms as f64 / 20.0,
                unit: "packets",
                landing: 0.0,
                goal: 0.0,
                note: format!(
                    "{load}; {} sent, {} calls failed; {:.3} ms of processor time a second of a call, {:.0} KiB a call",
                    rung.packets_sent, rung.failed, rung.gateway_cpu_ms_per_call_s, rung.rss_per_call_kib
                ),
            });
            figures.push(Figure {
                name: "offer to answer, p95",
                value: rung.setup_ms_p95 as f64,
                unit: "ms",
                landing: 300.0,
                goal: 100.0,
                note: format!("{load}, {WEB_RATE} new ones a second; median {} ms", rung.setup_ms_p50),
            });
        }
        figures
    }

    fn figures(&self, rungs: &[Rung]) -> Vec<Figure> {
        let Some(most) = rungs.iter().max_by_key(|rung| rung.calls) else { return Vec::new() };
        let load = format!("{} calls at once for {} s, recogniser stubbed", most.calls, self.seconds);
        let mut figures = vec![
            Figure {
                name: "packets lost under load",
                value: most.packets_lost as f64 + most.ledger_lost_ms as f64 / 20.0,
                unit: "packets",
                landing: 0.0,
                goal: 0.0,
                note: format!(
                    "{load}; {} packets sent, {} calls failed, set-up p99 {} ms",
                    most.packets_sent, most.failed, most.setup_ms_p99
                ),
            },
            Figure {
                name: "memory a call",
                value: most.rss_per_call_kib,
                unit: "KiB",
                landing: 150.0,
                goal: 100.0,
                note: format!("{load}; peak less idle"),
            },
        ];
        let least = rungs.iter().min_by_key(|rung| rung.calls).filter(|least| least.calls < most.calls);
        if let Some(least) = least {
            figures.push(Figure {
                name: "cost of a call, most at once over fewest",
                value: most.gateway_cpu_ms_per_call_s / least.gateway_cpu_ms_per_call_s,
                unit: "times",
                landing: 1.2,
                goal: 1.0,
                note: format!(
                    "{:.3} ms of processor time a second of a call at {}, {:.3} ms at {}",
                    most.gateway_cpu_ms_per_call_s, most.calls, least.gateway_cpu_ms_per_call_s, least.calls
                ),
            });
        }
        figures
    }
}
