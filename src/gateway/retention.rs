//! The retention sweep: once a day calls whose time is over are erased. A clock that jumped erases nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::call::CallEvent;
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
) -> Result<Vec<Erased>, StoreError> {
    let calls = eraser.find(text).await?;
    let erased = eraser.erase(&calls, clock.unix_ms()).await?;
    metrics::counter!("heardline_retention_erased_total", "reason" => "asked").increment(erased.len() as u64);
    for one in &erased {
        tracing::info!(call = %one.call, cancelled_deliveries = one.cancelled, "call erased on request");
        let _nobody_watches = events.send(CallEvent::Erased { call: one.call });
    }
    Ok(erased)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallId, CallState, EndCause, Origin, Outline, Party, Traces};
    use crate::config::Line;
    use crate::pipeline::LinePrompts;
    use crate::store::{CallEnd, CompletedDraft, DataDir, NewCall, SqliteStore, Store as _};

    const DAY_MS: i64 = 24 * 3_600 * 1_000;
    const QUICK: Pace = Pace {
        look_every: Duration::from_millis(5),
        confirm: Duration::from_millis(200),
        sweep_every: Duration::from_millis(10),
    };

    struct Office {
        store: Arc<SqliteStore>,
        data: DataDir,
        clock: Clock,
        events: broadcast::Sender<CallEvent>,
        stop: CancellationToken,
        _folder: tempfile::TempDir,
    }

    impl Office {
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let data = DataDir::open(folder.path()).unwrap();
            let store = Arc::new(SqliteStore::open(&data).await.unwrap());
            let (events, stop) = (broadcast::Sender::new(64), CancellationToken::new());
            Self { store, data, clock: Clock::system(), events, stop, _folder: folder }
        }

        /// A finished call of `line` that ended `days` ago, with a recording.
        async fn call(&self, line: &str, days: i64) -> CallId {
            let id = CallId::new();
            let ended_unix_ms = self.clock.unix_ms() - days * DAY_MS;
            let (party, origin) = (Party::default(), Origin::File);
            let started_unix_ms = ended_unix_ms - 1_000;
            let call = NewCall { id, line: line.into(), party, origin, dialled: None, follows: None, started_unix_ms };
            self.store.create_call(call).await.unwrap();
            self.store.answer_call(id, started_unix_ms).await.unwrap();
            std::fs::write(self.data.recording(id), "sound").unwrap();
            let end = CallEnd {
                cause: EndCause::CallerHangup,
                ended_unix_ms,
                duration_ms: 1_000,
                recording: None,
                lost: Vec::new(),
                notice: None,
                dtmf: String::new(),
                read_backs: Vec::new(),
                transfer: None,
                line_quality: None,
            };
            self.store.end_call(id, end).await.unwrap();
            let draft = CompletedDraft {
                call: id,
                draft: crate::call::DraftId::new(),
                version: 1,
                body: "{}".into(),
                coverage: crate::call::Coverage::default(),
                created_unix_ms: ended_unix_ms,
                endpoints: vec!["desk".into()],
                traces: Traces::default(),
                outline: Outline::default(),
            };
            self.store.complete_draft(draft).await.unwrap();
            id
        }

        fn sweep(&self) -> tokio::task::JoinHandle<()> {
            let mut config = Config::standard();
            let line = |name: &str, retention_days| Line { name: name.into(), retention_days, ..Line::default() };
            config.lines = vec![line("short", 7), line("long", 400)];
            let prompts = LinePrompts::load(&config).unwrap();
            let retention = Retention {
                settings: Arc::new(Settings::new(config, prompts)),
                store: self.store.clone(),
                eraser: Eraser::new(self.store.clone(), self.data.clone()),
                clock: self.clock.clone(),
                events: self.events.clone(),
            };
            tokio::spawn(retention.run(QUICK, self.stop.clone()))
        }

        async fn erased(&self, call: CallId) -> bool {
            let row = self.store.call(call).await.unwrap().expect("a stub stays");
            assert_eq!(row.state, CallState::Done);
            assert_eq!(row.erased_unix_ms.is_none(), self.data.recording(call).exists());
            row.erased_unix_ms.is_some()
        }
    }

    #[tokio::test]
    async fn calls_are_erased_when_the_time_of_their_line_is_over_and_not_before() {
        let office = Office::open().await;
        let mut events = office.events.subscribe();
        let due = office.call("short", 8).await;
        let kept = [office.call("short", 6).await, office.call("long", 399).await, office.call("removed", 399).await];
        let sweeping = office.sweep();
        let told = tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
        assert!(matches!(told, CallEvent::Erased { call } if call == due), "{told:?}");
        office.stop.cancel();
        sweeping.await.unwrap();
        assert!(office.erased(due).await);
        for call in kept {
            assert!(!office.erased(call).await, "a line that is not configured keeps its calls as long as any");
        }
    }

    #[tokio::test]
    async fn a_clock_that_jumps_a_year_ahead_erases_nothing_until_it_has_stood() {
        let office = Office::open().await;
        let mut events = office.events.subscribe();
        let due = office.call("short", 8).await;
        let kept = office.call("long", 1).await;
        let sweeping = office.sweep();
        // The first erasure shows that the clock is believed.
        tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
        let began = office.clock.instant();
        office.clock.step(Duration::from_millis(u64::try_from(500 * DAY_MS).unwrap()));
        let next = tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
        assert!(matches!(next, CallEvent::Erased { call } if call == kept));
        assert!(began.elapsed() >= QUICK.confirm, "only after the confirming time");
        office.stop.cancel();
        sweeping.await.unwrap();
        assert!(office.erased(due).await && office.erased(kept).await);
    }
}
