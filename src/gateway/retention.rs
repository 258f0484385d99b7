//! The retention sweep: once a day calls whose time is over are erased. A clock that jumped erases nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::call::{CallEvent, CallId};
use crate::config::{Config, limits};
use crate::ops::clock::Clock;
use crate::ops::trusted_time::{CONFIRM, Look, TrustedTime};
use crate::pipeline::Settings;
use crate::store::{Erasable, Erased, Eraser, StoreError};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How often is looked, how long a clock must be steady, how often is swept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub look_every: Duration,
    pub confirm: Duration,
    pub sweep_every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { look_every: Duration::from_secs(60), confirm: CONFIRM, sweep_every: DAY }
    }
}

/// Everything a sweep needs.
pub(super) struct Retention {
    pub settings: Arc<Settings>,
    pub store: Arc<dyn Erasable>,
    pub eraser: Eraser,
    pub clock: Clock,
    pub events: broadcast::Sender<CallEvent>,
}

impl Retention {
    pub(super) async fn run(self, pace: Pace, stop: CancellationToken) {
        let mut time = TrustedTime::confirmed_after(pace.confirm);
        let mut swept: Option<Instant> = None;
        let mut every = tokio::time::interval(pace.look_every);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
            }
            self.resume().await;
            let now = self.clock.instant();
            match time.look(now, self.clock.unix_ms()) {
                Look::Trusted(unix_ms) if swept.is_none_or(|at| now.duration_since(at) >= pace.sweep_every) => {
                    match self.sweep(unix_ms, &stop).await {
                        Ok(()) => swept = Some(now),
                        Err(error) => tracing::error!(%error, "the retention sweep broke off; it is tried again"),
                    }
                }
                Look::Waiting { jumped_ms: Some(jumped_ms) } => {
                    metrics::counter!("heardline_retention_clock_jumps_total").increment(1);
                    tracing::warn!(
                        jumped_ms,
                        "the clock jumped; nothing is erased until it has been steady for a while"
                    );
                }
                Look::Trusted(_) | Look::Waiting { jumped_ms: None } => {}
            }
        }
    }

    /// What an earlier run, or a disk without room, broke off.
    async fn resume(&self) {
        match self.eraser.resume().await {
            Ok(0) => {}
            Ok(calls) => tracing::info!(calls, "erasures that were broken off are finished"),
            Err(error) => tracing::error!(%error, "erasures are not finished; they are tried again"),
        }
    }

    async fn sweep(&self, now_unix_ms: i64, stop: &CancellationToken) -> Result<(), StoreError> {
        let in_force = self.settings.now();
        for line in self.store.erasable_lines().await? {
            let before = now_unix_ms.saturating_sub(kept_ms(&in_force.config, &line));
            loop {
                if stop.is_cancelled() {
                    return Ok(());
                }
                let due = self.store.ended_before(&line, before, limits::ERASE_BATCH).await?;
                let erased = self.eraser.erase_all(&due, now_unix_ms).await?;
                self.tell(&line, &erased);
                // One that cannot be erased stays due; without this it would be looked at for ever.
                if erased.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn tell(&self, line: &str, erased: &[Erased]) {
        if erased.is_empty() {
            return;
        }
        metrics::counter!("heardline_retention_erased_total", "reason" => "expired").increment(erased.len() as u64);
        tracing::info!(line, calls = erased.len(), "calls erased: their time was over");
        for one in erased {
            if one.cancelled > 0 {
                tracing::warn!(call = %one.call, deliveries = one.cancelled, "erased before it was delivered");
            }
            let _nobody_watches = self.events.send(CallEvent::Erased { call: one.call });
        }
    }
}

/// How long a line's calls are kept. One that is no longer configured keeps them as long as any does.
fn kept_ms(config: &Config, line: &str) -> i64 {
    let own = config.lines.iter().find(|one| one.name == line).map(|one| one.retention_days);
    let days = own.or_else(|| config.lines.iter().map(|one| one.retention_days).max()).unwrap_or(u32::MAX);
    i64::from(days) * i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX)
}

/// Erases because somebody asked, and tells who watches.
pub(super) async fn on_request(
    eraser: &Eraser,
    text: &str,
    clock: &Clock,
    events: &broadcast::Sender<CallEvent>,
) -> Result<Erased, StoreError> {
    let call: CallId = eraser.find(text).await?;
    let erased = eraser.erase(call, clock.unix_ms()).await?;
    metrics::counter!("heardline_retention_erased_total", "reason" => "asked").increment(1);
    tracing::info!(%call, cancelled_deliveries = erased.cancelled, "call erased on request");
    let _nobody_watches = events.send(CallEvent::Erased { call });
    Ok(erased)
}
