//! The Prometheus recorder: installed once a process, because `metrics` has one global recorder and tests start
//! many gateways.

use std::sync::OnceLock;

use metrics::{describe_counter, describe_gauge, describe_histogram};
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

/// Help texts, in one table so that an operator's page can be written from it. A name that no stage counts is
/// never rendered.
const COUNTERS: &[(&str, &str)] = &[
    ("heardline_sip_requests_total", "SIP requests taken in, by method"),
    ("heardline_sip_refused_total", "SIP requests answered with a refusal, by status"),
    ("heardline_sip_screened_total", "SIP messages answered or dropped before a transaction, by reason"),
    (
        "heardline_sip_busy_total",
        "INVITEs refused with 503 before a transaction, by limit and the trunk whose limit it is",
    ),
    ("heardline_sip_unlisted_total", "SIP messages from sources that no trunk lists; never answered"),
    ("heardline_sip_dtmf_dropped_total", "digits of SIP INFO that found no room in the call's queue"),
    ("heardline_sip_offers_unanswered_total", "SDP offers of ours that came back without a usable answer"),
    ("heardline_media_packets_total", "RTP packets received, by fate"),
    ("heardline_media_packets_sent_total", "RTP packets sent"),
    ("heardline_media_rtcp_received_total", "RTCP packets of callers"),
    ("heardline_media_no_audio_total", "calls that were up without a sound of their caller, by reason"),
    (
        "heardline_media_overflow_samples_total",
        "samples lost, recorded as silence of the same length, because the call's task did not take them",
    ),
    ("heardline_media_commands_dropped_total", "commands to a media session that found its queue full"),
    ("heardline_media_ports_exhausted_total", "calls refused because no RTP port was free"),
    ("heardline_media_recorder_dropped_samples_total", "samples the recorder could not take"),
    ("heardline_media_recorder_failures_total", "recordings that could not be written"),
    ("heardline_speech_jobs_total", "segments given to the recogniser, by outcome"),
    ("heardline_speech_failures_total", "segments the recogniser failed on"),
    (
        "heardline_speech_partials_shed_total",
        "guesses (partial results, finals begun in a pause) not made or stopped to keep up",
    ),
    ("heardline_speech_remote_requests_total", "segments sent to the speech server, by result"),
    ("heardline_speech_fall_backs_total", "segments recognised by the local model because the speech server failed"),
    ("heardline_speech_foreseen_total", "finals whose decode began before the pause was long enough"),
    ("heardline_speech_second_tries_total", "segments decoded again with the whole window"),
    ("heardline_pipeline_coverage_milliseconds_total", "callers' sound of ended calls, by what became of it"),
    ("heardline_speech_workers_abandoned_total", "recogniser threads given up because they did not stop"),
    ("heardline_intake_attempts_total", "delivery attempts, by result"),
    ("heardline_intake_endpoint_stopped_total", "endpoints that answered 410 and get nothing more"),
    ("heardline_emergency_raised_total", "emergencies raised within calls, by service"),
    ("heardline_emergency_unacknowledged_total", "emergencies that nobody at the desk acknowledged in time"),
    ("heardline_retention_erased_total", "calls erased, by reason: asked or expired"),
    ("heardline_retention_clock_jumps_total", "jumps of the wall clock that held the retention sweep back"),
    ("heardline_traces_sent_total", "spans the trace collector took"),
    ("heardline_traces_dropped_total", "spans that were not sent, by reason"),
    ("heardline_store_commit_failures_total", "group commits that failed"),
    ("heardline_store_damaged_rows_total", "rows that could not be read"),
    ("heardline_review_requests_total", "requests the desk listener answered, by status class"),
    ("heardline_review_refused_total", "requests refused for their Host or Origin, by reason"),
    ("heardline_review_watchers_cut_total", "event streams closed because their reader was too slow"),
    ("heardline_public_requests_total", "requests the public listener answered, by status class"),
    ("heardline_public_streams_lagged_total", "event streams of callers' pages that got everything anew"),
    ("heardline_review_received_total", "drafts posted to the built-in endpoint, by result"),
];
const GAUGES: &[(&str, &str)] = &[
    ("heardline_sip_dialogs", "SIP dialogs: ringing, answered, or being ended"),
    ("heardline_sip_transactions", "SIP transactions in progress"),
    ("heardline_sip_connections", "SIP connections over TCP and TLS that are open"),
    ("heardline_sip_half_open", "INVITEs that nobody has acknowledged yet"),
    ("heardline_gateway_calls", "calls ringing or on the line"),
    ("heardline_gateway_draining", "1 while the gateway ends: new calls are refused, running ones finish"),
    ("heardline_gateway_free_bytes", "free space of the data folder's file system"),
    ("heardline_speech_queue_depth", "segments waiting for the recogniser, by priority"),
    (
        "heardline_speech_workers",
        "recogniser threads in service; below the configured number some could not be replaced",
    ),
    ("heardline_intake_pending", "deliveries not yet accepted by their endpoint"),
    ("heardline_intake_dead", "deliveries given up until a person sends them again"),
    ("heardline_review_watchers", "open event streams"),
    ("heardline_public_streams", "open event streams of callers' pages"),
];
const HISTOGRAMS: &[(&str, &str)] = &[
    ("heardline_media_jitter_seconds", "mean interarrival jitter of a call"),
    ("heardline_media_round_trip_seconds", "round trip to the caller as its reports told it last"),
    ("heardline_media_concealed_seconds", "sound of a call that was lost on the way"),
    ("heardline_speech_audio_seconds", "length of decoded segments"),
    ("heardline_speech_decode_seconds", "time to decode a segment"),
    ("heardline_speech_wait_seconds", "how far recognition lags: time a segment waited for a worker, by priority"),
    ("heardline_store_commit_seconds", "time of a group commit"),
    ("heardline_store_batch_commands", "commands committed together"),
];

fn describe() {
    for &(name, text) in COUNTERS {
        describe_counter!(name, text);
    }
    for &(name, text) in GAUGES {
        describe_gauge!(name, text);
    }
    for &(name, text) in HISTOGRAMS {
        describe_histogram!(name, text);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_description_follows_the_naming_rule() {
        let named = |names: &[(&str, &str)], end: &str| {
            for (name, text) in names {
                assert!(name.starts_with("heardline_") && name.ends_with(end) && !text.is_empty(), "{name}");
            }
        };
        named(super::COUNTERS, "_total");
        named(super::GAUGES, "");
        named(super::HISTOGRAMS, "s");
    }

    #[test]
    fn many_gateways_in_one_process_share_one_recorder() {
        let first = super::install().unwrap();
        let second = super::install().unwrap();
        metrics::counter!("heardline_review_received_total", "result" => "accepted").increment(1);
        assert!(first.render().contains("heardline_review_received_total"));
        assert!(second.render().contains("heardline_review_received_total"));
    }
}
