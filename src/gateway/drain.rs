//! How a gateway ends: new calls hear busy, running ones may go on for a while, then they are told goodbye; what was
//! said is written down, drafted and delivered before the listeners close.

use std::time::Duration;

use super::Gateway;
use crate::pipeline::Stages;

/// What the gateway waits for while it ends, for whoever told it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draining {
    /// Calls on the line go on, at most this long.
    Calls { on_the_line: usize, at_most: Duration },
    /// Those still on the line are being told goodbye.
    Goodbye { on_the_line: usize },
    /// Nobody is on the line; what was said is recognised, drafted and delivered.
    Drafts { calls: usize },
}

/// Thanks, ten digits and goodbye take about ten seconds; a caller on hold hears none of it and must not hold us up.
const GOODBYE_WITHIN: Duration = Duration::from_secs(20);
/// After this long calls that are still being recognised are left to boot recovery.
const FINISH_WITHIN: Duration = Duration::from_secs(30);
/// After this long drafts that are still due are left to the next start.
const DELIVER_WITHIN: Duration = Duration::from_secs(5);
/// An attempt that is under way is waited for.
const ATTEMPT_WITHIN: Duration = crate::config::limits::DELIVERY_TIMEOUT;
/// A reader that holds a connection open this long after the end is cut off.
const LISTENERS_WITHIN: Duration = Duration::from_secs(5);
/// The last spans are sent in one or two requests.
const TRACES_WITHIN: Duration = Duration::from_secs(10);
/// How often the line is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Gateway {
    /// Beyond `call.drain_s`, the end takes at most this long.
    pub const GRACE: Duration = Duration::from_secs(
        GOODBYE_WITHIN.as_secs()
            + FINISH_WITHIN.as_secs()
            + DELIVER_WITHIN.as_secs()
            + ATTEMPT_WITHIN.as_secs()
            + LISTENERS_WITHIN.as_secs()
            + TRACES_WITHIN.as_secs(),
    );

    /// Ends as an operator wants it: calls on the line may go on up to `call.drain_s`, then they end with a spoken
    /// goodbye. `told` hears what is waited for, whenever that changes.
    pub async fn drain(self, told: impl Fn(Draining)) {
        let patience = Duration::from_secs(self.stages.settings.now().config.call.drain_s);
        self.refuse_calls();
        let on_the_line = self.admission.in_progress();
        if on_the_line > 0 {
            told(Draining::Calls { on_the_line, at_most: patience });
        }
        if !self.line_is_free(patience).await {
            told(Draining::Goodbye { on_the_line: self.admission.in_progress() });
            self.stages.goodbye.cancel();
            if !self.line_is_free(GOODBYE_WITHIN).await {
                let calls = self.admission.in_progress();
                tracing::warn!(calls, "calls cut off: they did not hear the goodbye to its end in time");
            }
        }
        self.finish(told).await;
    }

    /// Ends without patience: whoever is on the line is cut off, with cause `shutdown`; drafts are finished all the
    /// same. For a program that makes its calls itself.
    pub async fn shutdown(self) {
        self.refuse_calls();
        self.finish(|_| ()).await;
    }

    fn refuse_calls(&self) {
        self.admission.close();
        self.health.drain();
        metrics::gauge!("heardline_gateway_draining").set(1.0);
    }

    /// Waits until no call rings or is on the line. `false`: some still are.
    async fn line_is_free(&self, within: Duration) -> bool {
        let free = async {
            while self.admission.in_progress() > 0 {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(within, free).await.is_ok()
    }

    async fn finish(mut self, told: impl Fn(Draining)) {
        self.stages.stop.cancel();
        self.calls.close();
        if !self.calls.is_empty() {
            told(Draining::Drafts { calls: self.calls.len() });
        }
        let over = async {
            // An offer that was being answered may still become a call.
            if let Some(web) = &self.web {
                web.closed().await;
            }
            self.calls.wait().await;
        };
        if tokio::time::timeout(FINISH_WITHIN, over).await.is_err() {
            tracing::warn!(calls = self.calls.len(), "calls not finished in time; the next start carries them on");
        }
        // The built-in endpoint must still answer while the last drafts are posted.
        if tokio::time::timeout(DELIVER_WITHIN, nothing_due(&self.stages)).await.is_err() {
            tracing::warn!("drafts are still owed; the next start delivers them");
        }
        self.outbox_stop.cancel();
        if tokio::time::timeout(ATTEMPT_WITHIN, self.outbox.stopped()).await.is_err() {
            tracing::warn!("a delivery was under way; the next start makes it again, with the same webhook-id");
        }
        self.health.stop();
        self.servers.cancel();
        let listeners = tokio::time::timeout(LISTENERS_WITHIN, async {
            for task in &mut self.tasks {
                // Cancelled or panicked (logged where it happened): it is gone either way.
                let _gone = task.await;
            }
        });
        if listeners.await.is_err() {
            self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        }
        self.stages.store.close().await;
        self.tracing_stop.cancel();
        if let Some(tracing) = self.tracing {
            let _gone = tokio::time::timeout(TRACES_WITHIN, tracing).await;
        }
        metrics::gauge!("heardline_gateway_draining").set(0.0);
    }
}

/// Returns when every delivery was made or waits for a later time.
async fn nothing_due(stages: &Stages) {
    const ASK_EVERY: Duration = Duration::from_millis(20);
    while stages.store.due_deliveries(stages.clock.unix_ms(), 1).await.is_ok_and(|due| !due.is_empty()) {
        stages.outbox.nudge();
        tokio::time::sleep(ASK_EVERY).await;
    }
}
