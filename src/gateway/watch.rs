//! Looks now and then at what the gateway lives on: sets the health conditions and pauses admission.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::ingress::admission::Admission;
use crate::ops::health::Health;
use crate::pipeline::Settings;
use crate::store::{DataDir, Store};

/// Looks at free space are cheap, and a full disk must be known before the next call is answered.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks between two at the rows: each of those logs every damaged one.
const ROWS_EVERY: u64 = 300;

/// What is watched, and who is told.
pub(super) struct Watch {
    pub settings: Arc<Settings>,
    pub data: DataDir,
    pub store: Arc<dyn Store>,
    pub health: Arc<Health>,
    pub admission: Admission,
}

impl Watch {
    /// Sets the health conditions, and refuses new calls while the disk has no room for them.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut round: u64 = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
            }
            let disk = self.disk().await;
            self.admission.pause(disk.is_err());
            self.health.set("disk", disk);
            metrics::gauge!("heardline_gateway_calls").set(self.admission.in_progress() as f64);
            if round.is_multiple_of(ROWS_EVERY) {
                self.health.set("store", rows(self.store.as_ref()).await);
            }
            round += 1;
        }
    }

    /// Below the floor running calls can still finish; the floor is what they have for it.
    async fn disk(&self) -> Result<(), String> {
        let floor_mib = self.settings.now().config.data.min_free_mib;
        let folder = self.data.clone();
        let free = tokio::task::spawn_blocking(move || folder.free_bytes()).await;
        let place = self.data.root().display();
        let free = free.map_err(|e| e.to_string()).and_then(|free| free.map_err(|e| format!("{place}: {e}")))?;
        metrics::gauge!("heardline_gateway_free_bytes").set(free as f64);
        // The number that changes stays out of the reason, or every look would log it anew.
        if free >= floor_mib.saturating_mul(1 << 20) {
            return Ok(());
        }
        Err(format!(
            "less than {floor_mib} MiB free in {place} (data.min_free_mib); new calls are refused until there is more"
        ))
    }
}

/// Rows that cannot be read belong to calls that nobody would see otherwise.
async fn rows(store: &dyn Store) -> Result<(), String> {
    let damaged = store.damaged().await.map_err(|e| e.to_string())?;
    match damaged.first() {
        None => Ok(()),
        Some(first) => Err(format!("{} damaged call rows, the first {first}; restore a backup", damaged.len())),
    }
}
