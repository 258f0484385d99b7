//! Concurrent recorded calls.

use std::fmt;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;

use super::process::{CallerProcess, GatewayProcess};
use super::{Figure, Report};
use crate::cli::Failure;
use crate::cli::demo::TemporaryFolder;
use crate::ops::clock::Clock;

#[derive(Args)]
pub(super) struct Media {
    /// Calls at once; several numbers, as in 10,100,500,1500, are measured one after the other, each on a new gateway
    #[arg(long, value_delimiter = ',', default_values_t = DEFAULT_CALLS)]
    calls: Vec<u32>,
    /// Seconds during which all of them speak
    #[arg(long, default_value_t = DEFAULT_SECONDS)]
    seconds: u64,
}

const DEFAULT_CALLS: [u32; 3] = [10, 100, 500];
const DEFAULT_SECONDS: u64 = 60;

impl Default for Media {
    fn default() -> Self {
        Self { calls: DEFAULT_CALLS.into(), seconds: DEFAULT_SECONDS }
    }
}

/// New calls a second while the load grows.
const RATE: u32 = 50;
/// Between the last call's begin and the measured time, and between that and the first call's end.
const MARGIN: Duration = Duration::from_secs(1);

/// One number of calls at once.
#[derive(Serialize)]
pub(super) struct Rung {
    calls: u32,
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
    setup_ms_p99: u64,
}

impl Rung {
    pub(super) const HEAD: &str = " calls  failed  packets sent    lost  ledger ms  KiB/call  gateway ms/call-s  caller ms/call-s  \
         gateway cores  set-up p99 ms";
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:6} {:7} {:13} {:7} {:10} {:9.1} {:18.3} {:17.3} {:14.2} {:14}",
            self.calls,
            self.failed,
            self.packets_sent,
            self.packets_lost,
            self.ledger_lost_ms,
            self.rss_per_call_kib,
            self.gateway_cpu_ms_per_call_s,
            self.caller_cpu_ms_per_call_s,
            self.gateway_cpu_cores,
            self.setup_ms_p99
        )
    }
}

impl Media {
    pub(super) async fn run(&self, report: &mut Report) -> Result<(), Failure> {
        let progress = ProgressBar::new_spinner();
        progress.enable_steady_tick(Duration::from_millis(200));
        for calls in &self.calls {
            progress.set_message(format!("{calls} calls for {} s", self.seconds));
            report.media.push(self.rung(*calls).await?);
        }
        progress.finish_and_clear();
        report.figures.extend(self.figures(&report.media));
        Ok(())
    }

    async fn rung(&self, calls: u32) -> Result<Rung, Failure> {
        let folder = TemporaryFolder::make()?;
        let clock = Clock::system();
        let gateway = GatewayProcess::start(&folder.0, calls + 1).await?;
        let idle = gateway.usage()?;
        let growing = Duration::from_secs(u64::from(calls.div_ceil(RATE)));
        let speaking = growing + 2 * MARGIN + Duration::from_secs(self.seconds);
        let callers = CallerProcess::start(&gateway.target, calls, RATE, speaking.as_secs())?;
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
            failed: summary.failed + tally.not_done,
            packets_sent: summary.packets_sent,
            packets_lost: summary.packets_sent.saturating_sub(tally.packets_received),
            ledger_lost_ms: tally.ledger_lost_ms,
            rss_per_call_kib: peak.saturating_sub(idle.rss_kib) as f64 / f64::from(calls),
            gateway_cpu_ms_per_call_s: per_call_s(gateway_cpu),
            caller_cpu_ms_per_call_s: per_call_s(callers_after.cpu.saturating_sub(callers_before.cpu)),
            gateway_cpu_cores: gateway_cpu.as_secs_f64() / measured_s,
            setup_ms_p99: summary.setup_ms_p99,
        })
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
