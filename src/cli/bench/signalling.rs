//! Calls set up a second.

use std::fmt;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;

use super::process::{CallerProcess, GatewayProcess};
use super::{Figure, Report};
use crate::cli::Failure;
use crate::cli::demo::TemporaryFolder;

#[derive(Args)]
pub(super) struct Signalling {
    /// New calls a second; several numbers are measured one after the other, up to the first that is too many
    #[arg(long, value_delimiter = ',', default_values_t = DEFAULT_RATES)]
    rate: Vec<u32>,
    /// Seconds of each rate
    #[arg(long, default_value_t = DEFAULT_SECONDS)]
    seconds: u32,
}

const DEFAULT_RATES: [u32; 7] = [50, 100, 200, 300, 400, 500, 700];
const DEFAULT_SECONDS: u32 = 10;
/// A caller that waits longer hears nothing and wonders.
const PATIENCE_MS: u64 = 200;

/// Calls in progress at which the gateway says busy: more than a rate that holds ever has.
const MOST_AT_ONCE: u32 = 2_000;

impl Default for Signalling {
    fn default() -> Self {
        Self { rate: DEFAULT_RATES.into(), seconds: DEFAULT_SECONDS }
    }
}

/// One rate of new calls. Each is answered, recorded, hung up at once, and becomes a draft.
#[derive(Serialize)]
pub(super) struct Rung {
    rate: u32,
    setups_per_s: f64,
    failed: usize,
    setup_ms_p50: u64,
    setup_ms_p99: u64,
    gateway_cpu_ms_per_setup: f64,
    caller_cpu_ms_per_setup: f64,
    /// From the last hang-up until every call was a draft.
    finished_after_ms: u64,
}

impl Rung {
    pub(super) const HEAD: &str =
        "  rate  reached/s  failed  p50 ms  p99 ms  gateway ms/set-up  caller ms/set-up  drafts done after ms";

    fn holds(&self) -> bool {
        // A caller process that cannot dial this fast measures itself.
        self.failed == 0 && self.setup_ms_p99 <= PATIENCE_MS && self.setups_per_s >= 0.95 * f64::from(self.rate)
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:6} {:10.1} {:7} {:7} {:7} {:18.2} {:17.2} {:21}",
            self.rate,
            self.setups_per_s,
            self.failed,
            self.setup_ms_p50,
            self.setup_ms_p99,
            self.gateway_cpu_ms_per_setup,
            self.caller_cpu_ms_per_setup,
            self.finished_after_ms
        )
    }
}

impl Signalling {
    pub(super) async fn run(&self, report: &mut Report) -> Result<(), Failure> {
        let progress = ProgressBar::new_spinner();
        progress.enable_steady_tick(Duration::from_millis(200));
        for rate in &self.rate {
            progress.set_message(format!("{rate} set-ups a second for {} s", self.seconds));
            let rung = self.rung(*rate).await?;
            let holds = rung.holds();
            report.signalling.push(rung);
            if !holds {
                break;
            }
        }
        progress.finish_and_clear();
        report.figures.extend(self.figures(&report.signalling));
        Ok(())
    }

    async fn rung(&self, rate: u32) -> Result<Rung, Failure> {
        let folder = TemporaryFolder::make()?;
        let calls = rate.saturating_mul(self.seconds).max(1);
        let gateway = GatewayProcess::start(&folder.0, calls.min(MOST_AT_ONCE)).await?;
        let gateway_before = gateway.usage()?;
        let callers = CallerProcess::start(&gateway.target, calls, rate, 0)?;
        let (callers_cpu, summary) = callers.watched().await?;
        let gateway_cpu = gateway.usage()?.cpu.saturating_sub(gateway_before.cpu);
        let tally = gateway.finish().await?;
        let per_setup = |cpu: Duration| cpu.as_secs_f64() * 1_000.0 / f64::from(calls);
        if let Some(reason) = summary.failures.first() {
            eprintln!("heardline: {} of {calls} calls failed: {reason}", summary.failed);
        }
        Ok(Rung {
            rate,
            setups_per_s: summary.setups_per_s,
            failed: summary.failed + tally.not_done,
            setup_ms_p50: summary.setup_ms_p50,
            setup_ms_p99: summary.setup_ms_p99,
            gateway_cpu_ms_per_setup: per_setup(gateway_cpu),
            caller_cpu_ms_per_setup: per_setup(callers_cpu),
            finished_after_ms: tally.finished_after_ms,
        })
    }

    fn figures(&self, rungs: &[Rung]) -> Vec<Figure> {
        let mut figures = Vec::new();
        let best = rungs.iter().filter(|rung| rung.holds()).max_by_key(|rung| rung.rate);
        figures.push(Figure {
            name: "set-ups a second, none failed",
            value: best.map_or(0.0, |rung| rung.setups_per_s),
            unit: "calls/s",
            landing: 200.0,
            goal: 500.0,
            note: format!("for {} s, p99 at most {PATIENCE_MS} ms, recogniser stubbed", self.seconds),
        });
        figures.extend(best.map(|rung| Figure {
            name: "set-up time at that rate, p99",
            value: rung.setup_ms_p99 as f64,
            unit: "ms",
            landing: 200.0,
            goal: 50.0,
            note: format!(
                "median {} ms; {:.2} ms of the gateway's processor time a call",
                rung.setup_ms_p50, rung.gateway_cpu_ms_per_setup
            ),
        }));
        figures
    }
}
