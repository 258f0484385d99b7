//! The stack's own counts as metrics: a leak there is seen by the operator before it is felt.

use std::time::Duration;

use metrics::gauge;
use tokio_util::sync::CancellationToken;

use super::SipGauge;

/// Between two looks; a look locks the stack's tables for as long as it takes to count them.
const EVERY: Duration = Duration::from_secs(1);

/// Sets the gauges until `stop`.
pub(super) async fn measure(door: SipGauge, stop: CancellationToken) {
    let mut every = tokio::time::interval(EVERY);
    while stop.run_until_cancelled(every.tick()).await.is_some() {
        for (name, count) in [
            ("heardline_sip_dialogs", door.active()),
            ("heardline_sip_transactions", door.transactions()),
            ("heardline_sip_connections", door.connections()),
        ] {
            gauge!(name).set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        }
    }
}
