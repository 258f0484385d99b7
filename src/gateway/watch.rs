//! Looks now and then at what the gateway lives on: sets the health conditions and pauses admission.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::ingress::admission::Admission;
use crate::ops::health::Health;
use crate::store::{DataDir, Store};

/// Free space below which no new call is taken: running ones can still finish.
const FREE_FLOOR: u64 = 256 * 1024 * 1024;
/// Rounds between two looks at the rows: each look logs every damaged one.
const ROWS_EVERY: u64 = 60;
/// How often what the gateway lives on is looked at.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// Sets the health conditions, and refuses new calls while the disk has no room for them.
pub(super) async fn watch(
    data: DataDir,
    store: Arc<dyn Store>,
    health: Arc<Health>,
    admission: Admission,
    stop: CancellationToken,
) {
    let mut every = tokio::time::interval(WATCH_EVERY);
    let mut round: u64 = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        let folder = data.clone();
        let free = tokio::task::spawn_blocking(move || folder.free_bytes()).await;
        let disk = match free.map_err(|e| e.to_string()).and_then(|free| free.map_err(|e| e.to_string())) {
            Ok(free) if free >= FREE_FLOOR => Ok(()),
            Ok(free) => Err(format!(
                "{} MiB free in {}; new calls are refused below {} MiB",
                free >> 20,
                data.root().display(),
                FREE_FLOOR >> 20
            )),
            Err(error) => Err(format!("{}: {error}", data.root().display())),
        };
        admission.pause(disk.is_err());
        health.set("disk", disk);
        if round.is_multiple_of(ROWS_EVERY) {
            health.set("store", rows(store.as_ref()).await);
        }
        round += 1;
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
