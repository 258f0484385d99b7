//! One trace a call, to a real HTTP collector, without a word of the call; and a dead collector harms nobody.

mod common;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use heardline::call::CallId;
use rustix::process::Signal;
use tempfile::TempDir;

use common::LOOPBACK;
use common::served::{Served, call, until};

type Requests = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn take(State(requests): State<Requests>, headers: HeaderMap, body: Bytes) {
    requests.lock().unwrap().push((headers, body));
}

/// The URL and what was sent to it.
async fn collector() -> (String, Requests) {
    let requests = Requests::default();
    let listener = tokio::net::TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/traces", post(take)).with_state(requests.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, requests)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_call_is_one_trace_whose_id_is_the_calls() {
    let (url, requests) = collector().await;
    let folder = TempDir::new().unwrap();
    let mut gateway = Served::start(folder.path(), "", &format!("[telemetry]\notlp_endpoint = \"{url}\"\n"), None);
    call(gateway.sip, "en-streetlight").await;
    let calls = gateway.all_delivered(1).await;
    // The last spans leave with the program at the latest.
    gateway.signal(Signal::TERM);
    let (status, said) = gateway.ended().await;
    assert!(status.success(), "{said}");

    let requests = requests.lock().unwrap();
    assert!(requests.iter().all(|(headers, _)| headers["content-type"] == "application/x-protobuf"));
    let sent = requests.iter().flat_map(|(_, body)| body.to_vec()).collect::<Vec<u8>>();
    let id = calls[0]["id"].as_str().unwrap();
    for part in
        ["service.name", "heardline", "call", "answer", "recognise", "draft", "deliver", "PCMU", "caller_hangup", id]
    {
        assert!(holds(&sent, part.as_bytes()), "{part} is not in {} bytes", sent.len());
    }
    assert!(holds(&sent, &id.parse::<CallId>().unwrap().as_bytes()), "the call's id is the trace's");
    let lower = sent.to_ascii_lowercase();
    for secret in ["street light", "market", "2025550123"] {
        assert!(!holds(&lower, secret.as_bytes()), "{secret} left the machine");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_or_never_answers_costs_no_call() {
    let silent = tokio::net::TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let gone = tokio::net::TcpListener::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap();
    for address in [silent.local_addr().unwrap(), gone] {
        let folder = TempDir::new().unwrap();
        let url = format!("[telemetry]\notlp_endpoint = \"http://{address}/v1/traces\"\n");
        let mut gateway = Served::start(folder.path(), "", &url, None);
        call(gateway.sip, "zh-water").await;
        gateway.all_delivered(1).await;
        let dropped = "heardline_traces_dropped_total{reason=\"collector\"}";
        until("dropped and counted", async || gateway.text("/metrics").await.contains(dropped).then_some(())).await;
        gateway.signal(Signal::TERM);
        let (status, said) = gateway.ended().await;
        assert!(status.success() && said.contains("the trace collector takes nothing"), "{said}");
    }
}
