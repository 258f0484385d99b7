//! Shows how busy the doors are.

use std::time::Duration;

use metrics::gauge;
use tokio_util::sync::CancellationToken;

use crate::ingress::sip::SipGauge;
use crate::ingress::webrtc::WebDoor;

const EVERY: Duration = Duration::from_secs(1);

/// Sets the doors' gauges until `stop`.
pub(super) async fn show(door: SipGauge, web: Option<WebDoor>, stop: CancellationToken) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        for (name, level) in [
            ("heardline_sip_dialogs", door.active()),
            ("heardline_sip_transactions", door.transactions()),
            ("heardline_sip_connections", door.connections()),
            ("heardline_sip_half_open", door.half_open()),
            ("heardline_webrtc_connections", web.as_ref().map_or(0, WebDoor::live)),
        ] {
            gauge!(name).set(f64::from(u32::try_from(level).unwrap_or(u32::MAX)));
        }
    }
}
