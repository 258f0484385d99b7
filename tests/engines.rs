//! Whoever recognises, and however that fails: the call lives, its sound is complete, the operator is told exactly what is
//! wrong, and words come from the local model or later.

mod common;

use std::path::Path;
use std::time::Duration;

use heardline::call::{Alignment, CallId, Unheard, Utterance};
use heardline::config::{Config, Engine};
use heardline::store::DeliveryState;
use serde_json::Value;
use tempfile::TempDir;

use common::bundled;
use common::gateway::TestGateway;
use common::served::{Served, call, configuration, heardline, until};
use common::sound::{RATE, read_wav};
use common::speech_server::{Speech, SpeechServer};
use common::words::error_rate;

const SAMPLE: &str = "en-gas";
const SENTENCE: &str = "I can smell gas in the basement";
const DEADLINE: Duration = Duration::from_secs(120);

/// The speech server alone, without a local model behind it.
fn alone(url: &str) -> String {
    format!("[speech]\nengine = \"openai\"\n[speech.openai]\nurl = \"{url}\"\ntimeout_s = 1\nfall_back = false\n")
}

fn recorded_ms(path: &Path) -> u64 {
    let (pcm, rate) = read_wav(path);
    pcm.len() as u64 * 1_000 / u64::from(rate)
}

fn spoken_ms() -> u64 {
    read_wav(&bundled(&format!("audio-samples/{SAMPLE}.wav"))).0.len() as u64 * 1_000 / u64::from(RATE)
}

/// One call to a gateway of its own process. The call as the API has it, the metrics, and the log.
async fn one_call(url: &str) -> (Value, String, String) {
    let folder = TempDir::new().unwrap();
    let mut served = Served::start(folder.path(), "", &alone(url), None);
    call(served.sip, SAMPLE).await;
    let done = served.all_delivered(1).await.remove(0);
    assert_eq!((done["state"].as_str(), done["cause"].as_str()), (Some("done"), Some("caller_hangup")), "{url}");
    let recording = folder.path().join(format!("data/recordings/{}.wav", done["id"].as_str().unwrap()));
    assert!(recorded_ms(&recording) >= spoken_ms(), "{} ms recorded", recorded_ms(&recording));
    let metrics = served.text("/metrics").await;
    served.signal(rustix::process::Signal::TERM);
    let (_, said) = served.ended().await;
    (done, metrics, said)
}

fn counted(metrics: &str, result: &str) -> u64 {
    let name = format!("heardline_speech_remote_requests_total{{result=\"{result}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_speech_server_that_fails_costs_no_call_and_the_operator_reads_why_once() {
    let cases = [
        (Speech::Status(500), "busy", "answered 500; the server is overloaded or broken, its log says why"),
        (Speech::Status(401), "set_up", "answered 401; it does not accept the key of speech.openai.key_file"),
        (Speech::Hang, "timeout", "no answer within 1 s (speech.openai.timeout_s); the server is stuck or too slow"),
        (Speech::Junk, "junk", "answered 200 with junk: expected a transcription as JSON, found no whole JSON"),
        (Speech::Huge, "junk", "answered 200 with junk: more than the 1048576 bytes expected at most"),
    ];
    let failing = cases.map(|(speech, result, says)| async move {
        let server = SpeechServer::start(speech).await;
        let outcome = one_call(&server.url()).await;
        (format!("{speech:?}"), server.asked(), outcome, result, says)
    });
    let mut outcomes = futures_util::future::join_all(failing).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = one_call(&format!("http://{closed}/v1")).await;
    outcomes.push(("closed port".into(), 1, outcome, "unreachable", "no connection: "));

    for (case, asked, (done, metrics, said), result, says) in outcomes {
        let complaints: Vec<&str> = said.lines().filter(|line| line.contains("the speech server failed")).collect();
        println!("{case}: {} requests, {complaints:?}", counted(&metrics, result));
        assert!(asked > 0 && counted(&metrics, result) > 0, "{case}: {metrics}");
        let [complaint] = complaints[..] else { panic!("{case}: one line, not {complaints:?}") };
        assert!(complaint.contains(says) && complaint.contains("segments wait to be filled in"), "{case}: {complaint}");
        assert!(!said.contains("city hall"), "{case}: what a server says may be what a caller said");
        assert_eq!(done["draft"]["needs_listening"], true, "{case}");
        let segments = done["transcript"].as_array().unwrap();
        assert!(segments.len() > 2 && segments.iter().all(|s| s["outcome"] == "unrecognised"), "{case}: {segments:?}");
        let cause = if result == "junk" { "engine_failed" } else { "no_engine" };
        assert!(segments.iter().all(|s| s["unheard"] == cause), "{case}: {segments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn word_times_are_taken_where_the_server_has_them_and_declared_missing_where_not() {
    for (speech, alignment) in [(Speech::Words(SENTENCE), "word"), (Speech::TextOnly(SENTENCE), "segment")] {
        let server = SpeechServer::start(speech).await;
        let (done, metrics, _) = one_call(&server.url()).await;
        assert!(counted(&metrics, "ok") > 2, "{metrics}");
        let spoken = done["transcript"].as_array().unwrap().iter().filter(|s| s["outcome"] == "text");
        let segments: Vec<&Value> = spoken.collect();
        assert!(!segments.is_empty());
        for segment in segments {
            assert_eq!((&segment["text"], &segment["alignment"]), (&SENTENCE.into(), &alignment.into()));
            assert_eq!(segment["model"], format!("whisper-1 at {}", server.address));
            let times = segment["words"].as_array().unwrap().iter().map(|w| (&w["start_ms"], &w["end_ms"]));
            let whole = (&segment["span"]["start_ms"], &segment["span"]["end_ms"]);
            let all_whole = times.clone().all(|time| time == whole);
            assert_eq!(all_whole, alignment == "segment", "{segment}");
        }
    }
}

async fn gateway(url: &str, fall_back: bool) -> TestGateway {
    TestGateway::start_with(None, |config: &mut Config| {
        config.speech.engine = Engine::OpenAi;
        config.speech.openai.url = url.to_owned();
        config.speech.openai.fall_back = fall_back;
    })
    .await
}

async fn utterances(gateway: &TestGateway, call: CallId) -> Vec<Utterance> {
    gateway.gateway.store().utterances(call).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_model_recognises_what_the_server_does_not_and_its_words_bear_its_name() {
    let server = SpeechServer::start(Speech::Status(500)).await;
    let mut gateway = gateway(&server.url(), true).await;
    let sip = ([127, 0, 0, 1], gateway.udp_port()).into();
    call(sip, SAMPLE).await;
    let id = gateway.settled(1, DEADLINE).await[0].id;
    let heard = utterances(&gateway, id).await;
    let words = heard.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(" ");
    let (errors, _) = error_rate(SAMPLE, &words);
    assert!(errors <= 0.08, "{errors:.3}: {words}");
    assert!(heard.iter().filter(|u| !u.text.is_empty()).all(|u| u.model == "heardline-nano"), "{heard:?}");
    assert!(server.asked() > 0);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_local_model_words_are_filled_in_when_the_server_is_well_again() {
    let server = SpeechServer::start(Speech::Status(503)).await;
    let mut gateway = gateway(&server.url(), false).await;
    let sip = ([127, 0, 0, 1], gateway.udp_port()).into();
    call(sip, SAMPLE).await;
    let id = gateway.settled(1, DEADLINE).await[0].id;
    let silent = utterances(&gateway, id).await;
    assert!(silent.len() > 2 && silent.iter().all(|u| u.unheard == Some(Unheard::NoEngine)), "{silent:?}");

    server.says(Speech::Words(SENTENCE));
    gateway
        .until("a second version is delivered", DEADLINE, |store| async move {
            let deliveries = store.deliveries(id).await.unwrap();
            let delivered = |version| {
                deliveries
                    .iter()
                    .filter(|d| d.state == DeliveryState::Delivered)
                    .any(|d| d.draft().is_some_and(|of| of.1 == version))
            };
            if delivered(2) { Ok(()) } else { Err(deliveries.len()) }
        })
        .await;
    let heard = utterances(&gateway, id).await;
    assert!(heard.iter().any(|u| u.text == SENTENCE && u.alignment == Alignment::Word), "{heard:?}");
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_engine_calls_are_recorded_and_drafted_for_listening() {
    let folder = TempDir::new().unwrap();
    let none = "[speech]\nengine = \"none\"\n";
    let served = Served::start(folder.path(), "", none, None);
    call(served.sip, SAMPLE).await;
    let done = served.all_delivered(1).await.remove(0);
    assert_eq!(done["draft"]["needs_listening"], true);
    assert!(done["transcript"].as_array().unwrap().iter().all(|s| s["unheard"] == "no_engine"));
    assert!(done["notices"][0].as_str().unwrap().contains("No recogniser is configured"));
    let recording = folder.path().join(format!("data/recordings/{}.wav", done["id"].as_str().unwrap()));
    assert!(recorded_ms(&recording) >= spoken_ms());

    let config = configuration(folder.path(), "", none);
    let (config, wav) = (config.to_str().unwrap(), bundled(&format!("audio-samples/{SAMPLE}.wav")));
    let wav = wav.to_str().unwrap();
    for command in ["transcribe", "draft"] {
        let (code, _, said) = heardline(&[command, "--config", config, wav]).await;
        assert!(code == Some(64) && said.contains("speech.engine = \"none\""), "{command}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_voices_leave_the_machine_is_said_in_the_log_at_the_desk_and_by_doctor() {
    let folder = TempDir::new().unwrap();
    let remote = alone("https://speech.invalid/v1").replace("timeout_s = 1", "allow_remote = true");
    let served = Served::start(folder.path(), "", &remote, None);
    served.says("callers' voices leave this machine to be recognised").await;
    until("the desk says so", async || {
        let calls = served.get("/api/calls").await;
        let notice = calls["notices"][0].as_str()?.to_owned();
        (notice.contains("voices leave this machine") && notice.contains("speech.invalid")).then_some(())
    })
    .await;
    drop(served);
    let doctor = async |more: &str| {
        let config = configuration(folder.path(), "", more);
        let (_, said, _) = heardline(&["doctor", "--config", config.to_str().unwrap()]).await;
        said
    };
    let said = doctor(&remote).await;
    let line = |what: &str| said.lines().find(|line| line.contains(what)).map(str::to_owned).unwrap_or_default();
    assert!(line("voices leave").starts_with("WARN") && line("voices leave").contains("speech.invalid:443"), "{said}");
    assert!(line("filled in when it answers").starts_with("WARN"), "{said}");
    let said = doctor("[speech]\nengine = \"none\"\n").await;
    assert!(said.lines().any(|l| l.starts_with("WARN") && l.contains("recorded for a person to listen")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_which_model_cantonese_needs() {
    let folder = TempDir::new().unwrap();
    let config = configuration(folder.path(), "", "[[line]]\nlanguages = [\"yue\", \"en\"]\n");
    let (_, said, _) = heardline(&["doctor", "--config", config.to_str().unwrap()]).await;
    let line = said.lines().find(|line| line.contains("line.languages")).unwrap_or_default();
    assert!(line.starts_with("WARN") && line.contains("Cantonese needs large-v3 class weights"), "{said}");
}
