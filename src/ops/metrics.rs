//! The Prometheus recorder: installed once a process, because `metrics` has one global recorder and tests start
//! many gateways.

use std::sync::OnceLock;

use metrics::{describe_counter, describe_gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

#[derive(Clone, Debug, thiserror::Error)]
pub enum MetricsError {
    #[error("metrics recorder: {0}; another recorder is installed in this process")]
    Install(String),
}

/// Upper bounds for every `…_seconds` histogram: from one RTP packet time to a slow decode.
const SECONDS: [f64; 12] = [0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0];

/// The handle that renders `/metrics`; the first call installs the recorder.
pub fn install() -> Result<PrometheusHandle, MetricsError> {
    static HANDLE: OnceLock<Result<PrometheusHandle, MetricsError>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let failed = |e: metrics_exporter_prometheus::BuildError| MetricsError::Install(e.to_string());
            let handle = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
                .map_err(failed)?
                .install_recorder()
                .map_err(failed)?;
            describe();
            Ok(handle)
        })
        .clone()
}

/// Help texts of what the desk counts; other stages describe theirs beside the counting.
fn describe() {
    describe_counter!("heardline_review_requests_total", "requests the desk listener answered, by status class");
    describe_counter!("heardline_review_refused_total", "requests refused for their Host or Origin, by reason");
    describe_counter!("heardline_review_watchers_cut_total", "event streams closed because their reader was too slow");
    describe_gauge!("heardline_review_watchers", "open event streams");
    describe_counter!("heardline_review_received_total", "drafts posted to the built-in endpoint, by result");
}

#[cfg(test)]
mod tests {
    #[test]
    fn many_gateways_in_one_process_share_one_recorder() {
        let first = super::install().unwrap();
        let second = super::install().unwrap();
        metrics::counter!("heardline_review_received_total", "result" => "accepted").increment(1);
        assert!(first.render().contains("heardline_review_received_total"));
        assert!(second.render().contains("heardline_review_received_total"));
    }
}
