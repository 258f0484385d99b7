//! An agent passes a live caller on to the line's own destination; whatever comes of it, the promise holds: recording,
//! draft, delivery.

mod common;

use std::sync::Arc;

use heardline::call::{CallEvent, CallId, CallState, Codec, EndCause, TransferState};
use heardline::config::Config;
use serde_json::{Value, json};

use common::endpoint::ScriptedEndpoint;
use common::gateway::{TestGateway, all_calls};
use common::phones::{Baresip, BaresipPlan, Transport};
use common::raw_phone::{Message, RawPhone};
use common::recognizer::Deaf;
use common::{DEADLINE, sound};

const TO: &str = "sip:999@trunk.example";

/// Deaf, and patient with a phone that sends no sound.
async fn start(endpoint: &ScriptedEndpoint, to: Option<&str>) -> TestGateway {
    TestGateway::start_with(Some(Arc::new(Deaf::new())), |config| settings(config, endpoint, to)).await
}

fn settings(config: &mut Config, endpoint: &ScriptedEndpoint, to: Option<&str>) {
    config.intake.url = Some(endpoint.url());
    config.call.no_media_s = 600;
    config.lines[0].emergency_transfer = to.map(str::to_owned);
}

/// A phone whose call is live.
async fn calling(gateway: &mut TestGateway) -> (RawPhone, CallId) {
    let mut phone = RawPhone::udp(gateway.udp_port()).await;
    phone.send(&phone.invite()).await;
    assert_eq!(phone.finish("INVITE").await, 200);
    phone.send(&phone.ack(200)).await;
    let call = gateway
        .event("a live call", |event| match event {
            CallEvent::State { call, state: CallState::Live, .. } => Some(*call),
            _ => None,
        })
        .await;
    (phone, call)
}

/// Status and body of a request to the desk about the call.
async fn desk(gateway: &TestGateway, method: &str, call: CallId, path: &str) -> (u16, Value) {
    let desk = format!("http://{}", gateway.gateway.desk_address());
    let url = format!("{desk}/api/calls/{call}{path}");
    let http = reqwest::Client::new();
    let ask = if method == "GET" { http.get(url) } else { http.post(url).header("origin", desk) };
    let answer = ask.send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

async fn ask(gateway: &TestGateway, call: CallId) -> (u16, Value) {
    desk(gateway, "POST", call, "/transfer").await
}

async fn shown(gateway: &TestGateway, call: CallId) -> Value {
    desk(gateway, "GET", call, "").await.1["transfer"].clone()
}

async fn refer(phone: &mut RawPhone) -> Message {
    phone.wait("REFER", DEADLINE, |message| message.method() == Some("REFER")).await
}

/// What the destination answers, as the trunk tells it.
async fn tell(phone: &mut RawPhone, cseq: u32, fragment: &str) {
    let headers =
        "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\nContent-Type: message/sipfrag\r\n";
    phone.send(&phone.in_dialog_with("NOTIFY", cseq, headers, fragment)).await;
    assert_eq!(phone.finish("NOTIFY").await, 200);
}

/// Waits until watchers are told that it has come this far; what else they are told.
async fn told(gateway: &mut TestGateway, wanted: TransferState) -> Option<String> {
    gateway
        .event("news of the transfer", |event| match event {
            CallEvent::Transfer { state, detail, .. } if *state == wanted => Some(detail.clone()),
            _ => None,
        })
        .await
}

async fn draft(endpoint: &mut ScriptedEndpoint) -> Value {
    serde_json::from_slice(&endpoint.wait_for(1).await[0].body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_was_passed_on_leaves_a_draft_that_says_so() {
    let mut endpoint = ScriptedEndpoint::start().await;
    let mut gateway = start(&endpoint, Some(TO)).await;
    let (mut phone, call) = calling(&mut gateway).await;
    let possible = json!({"to": "999 (sip:999@trunk.example)", "state": "possible", "detail": null});
    assert_eq!(shown(&gateway, call).await, possible);
    assert_eq!(ask(&gateway, call).await, (202, json!({"state": "asked"})));
    assert_eq!(told(&mut gateway, TransferState::Asked).await, None);
    let (status, problem) = ask(&gateway, call).await;
    assert_eq!(status, 409, "{problem}");
    let request = refer(&mut phone).await;
    assert_eq!(request.header("Refer-To"), Some("<sip:999@trunk.example>"));
    phone.answer(&request, 202).await;
    tell(&mut phone, 2, "SIP/2.0 200 OK\r\n").await;
    let bye = phone.wait("BYE", DEADLINE, |message| message.method() == Some("BYE")).await;
    phone.accept(&bye).await;
    told(&mut gateway, TransferState::Done).await;
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!((calls[0].state, calls[0].cause), (CallState::Done, Some(EndCause::Transferred)));
    assert_eq!(draft(&mut endpoint).await["call"]["end_cause"], "transferred");
    assert_eq!(shown(&gateway, call).await["state"], "done", "after the call, too");
    assert_eq!(ask(&gateway, call).await.0, 409);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whom_nobody_takes_stays_on_the_line_and_may_be_passed_on_again() {
    let mut endpoint = ScriptedEndpoint::start().await;
    let mut gateway = start(&endpoint, Some(TO)).await;
    let (mut phone, call) = calling(&mut gateway).await;
    ask(&gateway, call).await;
    let request = refer(&mut phone).await;
    phone.answer(&request, 603).await;
    let detail = told(&mut gateway, TransferState::Failed).await.unwrap();
    assert_eq!(detail, "the line refused the transfer (603)");
    let failed = shown(&gateway, call).await;
    assert_eq!((&failed["state"], failed["detail"].as_str()), (&json!("failed"), Some(detail.as_str())));
    assert_eq!(gateway.calls().await[0].state, CallState::Live, "as if nothing had been");

    assert_eq!(ask(&gateway, call).await.0, 202);
    let request = refer(&mut phone).await;
    phone.answer(&request, 202).await;
    // The caller gives up before anybody tells what comes of it.
    phone.send(&phone.bye()).await;
    assert_eq!(phone.finish("BYE").await, 200);
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(calls[0].cause, Some(EndCause::CallerHangup));
    assert_eq!(draft(&mut endpoint).await["call"]["end_cause"], "caller_hangup");
    let kept = shown(&gateway, call).await;
    assert!(kept["state"] == "failed" && kept["detail"].as_str().unwrap().contains("ended before"), "{kept}");
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_a_destination_passes_nobody_on() {
    let endpoint = ScriptedEndpoint::start().await;
    let mut gateway = start(&endpoint, None).await;
    let (mut phone, call) = calling(&mut gateway).await;
    assert_eq!(shown(&gateway, call).await, Value::Null);
    let (status, problem) = ask(&gateway, call).await;
    assert!(status == 409 && problem["detail"].as_str().unwrap().contains("emergency_transfer"), "{problem}");
    phone.send(&phone.bye()).await;
    assert_eq!(phone.finish("BYE").await, 200);
    gateway.settled(1, DEADLINE).await;
    gateway.shutdown().await;
}

/// The phone itself calls the destination, which is another gateway, and tells when that has answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_phone_is_passed_on_and_both_ends_have_their_call() {
    let mut endpoint = ScriptedEndpoint::start().await;
    let folder = tempfile::TempDir::new().unwrap();
    let plays = folder.path().join("plays.wav");
    let (spoken, rate) = sound::read_wav(&common::bundled("audio-samples/en-gas.wav"));
    // The phone hangs up where its file ends.
    sound::write_wav(&plays, &[spoken, vec![0; 300 * usize::try_from(rate).unwrap()]].concat());
    let mut destination = TestGateway::start().await;
    let to = format!("sip:999@127.0.0.1:{}", destination.udp_port());
    let mut gateway = start(&endpoint, Some(&to)).await;
    let plan = BaresipPlan {
        transport: Transport::Udp,
        codec: Codec::Pcmu,
        number: "4155550199",
        plays: &plays,
        dials: gateway.udp_port(),
        authority: None,
    };
    let mut phone = Baresip::dial(&plan);
    let live = |event: &CallEvent| match event {
        CallEvent::State { call, state: CallState::Live, .. } => Some(*call),
        _ => None,
    };
    let call = gateway.event("the caller is live", live).await;
    let path = gateway.recording(call);
    let second = u64::from(rate) * 2;
    gateway
        .until("a second is recorded", DEADLINE, |_| {
            let length = std::fs::metadata(&path).map(|file| file.len());
            async move { length.ok().filter(|bytes| *bytes > second).ok_or("not yet") }
        })
        .await;
    assert_eq!(ask(&gateway, call).await.0, 202);
    destination.event("the destination has the caller", live).await;
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(calls[0].cause, Some(EndCause::Transferred), "{}", phone.log());
    let recording = calls[0].recording.as_ref().expect("what was said before is kept");
    assert!(recording.duration_ms >= 1_000, "{recording:?}");
    assert_eq!(draft(&mut endpoint).await["call"]["end_cause"], "transferred");
    let taken = &all_calls(destination.gateway.store().as_ref()).await[0];
    assert_eq!((taken.state, taken.dialled.as_deref()), (CallState::Live, Some("999")), "the call goes on there");
    phone.press("b").await;
    destination.settled(1, DEADLINE).await;
    gateway.shutdown().await;
    destination.shutdown().await;
}
