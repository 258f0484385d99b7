//! What drafts cost, and from hang-up to accepted draft.

use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{Figure, Report, config, drafting, sample, target};
use crate::call::{CallEvent, Codec, DeliveryKind};
use crate::cli::Failure;
use crate::cli::call::percentile;
use crate::cli::demo::TemporaryFolder;
use crate::gateway::{Gateway, Parts};
use crate::ingress::sip::caller::{CallPlan, Caller, HangUp, Sound};
use crate::media::wav;
use crate::ops::clock::Clock;

#[derive(Args)]
pub(super) struct Drafts {
    /// Calls, one after the other
    #[arg(long, default_value_t = 5)]
    calls: u32,
}

impl Default for Drafts {
    fn default() -> Self {
        Self { calls: 5 }
    }
}

/// Line noise of the samples stays below this.
const QUIET: u16 = 300;

impl Drafts {
    /// The draft stage alone, while nothing else runs in this process. Then one call at a time on an idle machine: from the
    /// caller's BYE to the endpoint's acceptance.
    pub(super) async fn run(&self, report: &mut Report) -> Result<(), Failure> {
        drafting::measure(report)?;
        let folder = TemporaryFolder::make()?;
        let clock = Clock::system();
        let gateway = Gateway::start(config(&folder.0), Parts::default()).await?;
        let mut pcm = wav::read_at(&sample()?, Codec::Pcmu.rate()).map_err(Failure::new)?.pcm;
        // Hung up with the last sound: its sentence is still to be recognised.
        let spoken_to = pcm.iter().rposition(|sample| sample.unsigned_abs() > QUIET).map_or(0, |last| last + 1);
        pcm.truncate(spoken_to);
        let plan = CallPlan {
            target: target(&gateway)?,
            from_user: "bench".into(),
            sound: Sound::new(&pcm, Codec::Pcmu),
            dtmf: None,
            hang_up: HangUp::AfterAudio { linger_ms: 0 },
            record: false,
        };
        let caller = Caller::start([127, 0, 0, 1].into(), clock.clone()).await.map_err(Failure::new)?;
        let progress = ProgressBar::new(u64::from(self.calls)).with_message("hang-up to draft");
        let mut took_ms = Vec::new();
        for _ in 0..self.calls {
            let mut events = gateway.events();
            caller.call(plan.clone(), CancellationToken::new(), |_| ()).await.map_err(Failure::new)?;
            let hung_up = clock.instant();
            loop {
                let event = tokio::time::timeout(Duration::from_secs(30), events.recv())
                    .await
                    .map_err(|_| Failure::new("no draft was accepted within 30 s"))?;
                match event {
                    Ok(CallEvent::Delivery { state, kind: DeliveryKind::Draft, .. }) if state == "delivered" => break,
                    Err(RecvError::Closed) => return Err(Failure::new("the gateway ended")),
                    _ => {}
                }
            }
            took_ms.push(u64::try_from(clock.instant().duration_since(hung_up).as_millis()).unwrap_or(u64::MAX));
            progress.inc(1);
        }
        progress.finish_and_clear();
        gateway.shutdown().await;
        took_ms.sort_unstable();
        report.figures.push(Figure {
            name: "hang-up to accepted draft, p95",
            value: percentile(&took_ms, 95) as f64 / 1000.0,
            unit: "s",
            landing: 2.0,
            goal: 1.0,
            note: format!(
                "{} calls of {} s, hung up with the last word, one at a time; median {:.3} s",
                self.calls,
                pcm.len() / 8_000,
                percentile(&took_ms, 50) as f64 / 1000.0
            ),
        });
        Ok(())
    }
}
