//! Writing down what must not be lost: tried until the store has it.

use std::time::Duration;

use super::Stages;
use crate::call::CallId;
use crate::store::StoreError;

/// Between two tries when the store cannot take it (disk full); the call stays visible as unfinished meanwhile.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Repeats `write` until it succeeds. `None`: the gateway is ending, or the store says that trying again is no use
/// (logged); the call then stays in its state at the desk, and the next start carries it on.
pub(super) async fn until_stored<T, F>(stages: &Stages, call: CallId, mut write: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        let error = match write().await {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        metrics::counter!("heardline_pipeline_store_retries_total").increment(1);
        if !matches!(error, StoreError::Database(_)) {
            tracing::error!(%call, %error, "cannot be written down; the call stays unfinished until the next start");
            return None;
        }
        tracing::error!(%call, %error, "cannot be written down; trying again in {} s", TRY_AGAIN.as_secs());
        tokio::select! {
            () = stages.stop.cancelled() => return None,
            () = tokio::time::sleep(TRY_AGAIN) => {}
        }
    }
}
