//! Unless the caller hangs up first, nobody is cut off without a spoken close.

mod common;

use std::sync::Arc;

use heardline::call::{Codec, EndCause};
use heardline::ingress::sip::caller::{CallPlan, CallReport, Caller, HangUp, Sound};
use heardline::ops::clock::Clock;
use tokio_util::sync::CancellationToken;

use common::gateway::TestGateway;
use common::recognizer::Deaf;
use common::sound::{RATE, envelope};
use common::{DEADLINE, LOOPBACK};

/// Stays on the line until the gateway hangs up, and keeps what it says.
async fn listen(gateway: &TestGateway, dtmf: Option<&str>) -> CallReport {
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    let plan = CallPlan {
        target: format!("sip:hotline@127.0.0.1:{}", gateway.udp_port()),
        from_user: "listener".into(),
        sound: Sound::new(&[0; 4_000], Codec::Pcmu),
        dtmf: dtmf.map(str::to_owned),
        hang_up: HangUp::WhenPeerDoes,
        record: true,
    };
    let report = caller.call(plan, CancellationToken::new(), |_| ()).await.unwrap();
    assert!(report.ended_by_peer, "the gateway hangs up");
    report
}

/// Seconds in which something was said.
fn spoken_s(heard: &[i16]) -> f64 {
    let loud = envelope(heard).into_iter().filter(|level| *level > 200.0).count();
    loud as f64 * 160.0 / f64::from(RATE)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pressed_over_the_notice_is_answered_with_the_reference_and_goodbye() {
    let mut gateway = TestGateway::start().await;
    let report = listen(&gateway, Some("#")).await;
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(calls[0].cause, Some(EndCause::DtmfEnd));
    assert_eq!(calls[0].dtmf, "#");
    // The close alone is about 9 s of prompts, half of it sound; the notice was cut off within its first second.
    let spoken = spoken_s(&report.heard);
    assert!(spoken > 3.0, "{spoken:.1} s were said");
    let notice = calls[0].notice.expect("the notice was begun");
    assert!(notice.millis() < 4_000, "the key ended the notice: {notice:?}");
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_says_nothing_is_asked_and_told_goodbye() {
    let mut gateway = TestGateway::start_with(Some(Arc::new(Deaf::new())), |config| {
        config.call.silence_ask_s = 1;
        config.call.silence_end_s = 1;
        config.lines[0].languages.truncate(1);
    })
    .await;
    let report = listen(&gateway, None).await;
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(calls[0].cause, Some(EndCause::SystemEnd));
    // Notice, question and close: about 18 s of prompts.
    let spoken = spoken_s(&report.heard);
    assert!(spoken > 7.0, "{spoken:.1} s were said");
    gateway.shutdown().await;
}
