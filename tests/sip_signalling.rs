//! Signalling as other people's stacks and a misbehaving phone see it. Whatever they do, the store agrees with it.

mod common;

use std::time::Duration;

use common::DEADLINE;
use common::gateway::TestGateway;
use common::phones::{Transport, sipp};
use common::raw_phone::RawPhone;
use heardline::call::{CallState, EndCause};
use heardline::store::CallRow;

/// RFC 3261 section 13.3.1.4: an unacknowledged 200 is resent for 64*T1 = 32 s.
const LOST_ACK: Duration = Duration::from_secs(45);

fn ended(call: &CallRow) -> (CallState, Option<EndCause>) {
    (call.state, call.cause)
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_calls_at_fifty_a_second_are_all_answered_written_down_and_delivered_once() {
    let mut gateway = TestGateway::start().await;
    sipp("call.xml", Transport::Udp, gateway.udp_port(), 500, 50).await;
    let calls = gateway.settled(500, 4 * DEADLINE).await;
    for call in &calls {
        assert_eq!(ended(call), (CallState::Done, Some(EndCause::CallerHangup)), "{}", call.id);
        assert!(call.answered_unix_ms.is_some() && call.recording.is_some(), "{}", call.id);
        assert!(gateway.recording(call.id).exists(), "{}", call.id);
    }
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_over_one_tcp_connection_are_answered_and_delivered() {
    let mut gateway = TestGateway::start().await;
    sipp("call.xml", Transport::Tcp, gateway.tcp_port(), 20, 10).await;
    let calls = gateway.settled(20, DEADLINE).await;
    assert!(calls.iter().all(|call| ended(call) == (CallState::Done, Some(EndCause::CallerHangup))));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_survives_hold_and_resume() {
    let mut gateway = TestGateway::start().await;
    sipp("hold_resume.xml", Transport::Udp, gateway.udp_port(), 3, 3).await;
    sipp("hold_resume.xml", Transport::Tcp, gateway.tcp_port(), 3, 3).await;
    let calls = gateway.settled(6, DEADLINE).await;
    assert!(calls.iter().all(|call| ended(call) == (CallState::Done, Some(EndCause::CallerHangup))));
    gateway.shutdown().await;
}

/// A SIPp scenario over both transports, three calls each; every one ends hung up by the caller, with its draft.
async fn scenario(file: &str) {
    let mut gateway = TestGateway::start().await;
    sipp(file, Transport::Udp, gateway.udp_port(), 3, 3).await;
    sipp(file, Transport::Tcp, gateway.tcp_port(), 3, 3).await;
    for call in gateway.settled(6, DEADLINE).await {
        assert_eq!(ended(&call), (CallState::Done, Some(EndCause::CallerHangup)), "{file}: {}", call.id);
        assert!(call.answered_unix_ms.is_some() && call.recording.is_some(), "{file}: {}", call.id);
    }
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_the_offer_to_us_is_answered_in_its_ack() {
    scenario("late_offer.xml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_refreshes_holds_and_resumes_a_call() {
    scenario("update.xml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_when_its_codec_changes_and_when_a_change_is_refused() {
    scenario("codec_change.xml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_timer_is_agreed_and_refreshed() {
    scenario("session_timer.xml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_requires_reliable_ringing_is_answered_without_ringing() {
    scenario("reliable.xml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_answered_and_is_no_call() {
    let gateway = TestGateway::start().await;
    sipp("options.xml", Transport::Udp, gateway.udp_port(), 20, 20).await;
    sipp("options.xml", Transport::Tcp, gateway.tcp_port(), 20, 20).await;
    assert!(gateway.calls().await.is_empty());
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_of_ours_that_its_ack_leaves_unanswered_ends_in_a_draft_that_says_no_media() {
    let mut gateway = TestGateway::start().await;
    let mut phone = RawPhone::udp(gateway.udp_port()).await;
    let invite = phone.late_invite();
    phone.send(&invite).await;
    assert_eq!(phone.finish("INVITE").await, 200);
    let ack = phone.ack(200);
    phone.send(&ack).await;
    let bye = phone.wait("BYE", DEADLINE, |m| m.method() == Some("BYE")).await;
    phone.accept(&bye).await;
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(ended(&calls[0]), (CallState::Done, Some(EndCause::NoMedia)));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_comes_after_the_answer_is_taken_and_ends_nothing() {
    let mut gateway = TestGateway::start().await;
    let mut phone = RawPhone::udp(gateway.udp_port()).await;
    let invite = phone.invite();
    phone.send(&invite).await;
    assert_eq!(phone.finish("INVITE").await, 200);
    let cancel = phone.cancel();
    phone.send(&cancel).await;
    assert_eq!(phone.finish("CANCEL").await, 200);
    let ack = phone.ack(200);
    phone.send(&ack).await;
    let options = phone.in_dialog("OPTIONS", 2);
    phone.send(&options).await;
    assert_eq!(phone.finish("OPTIONS").await, 200, "the call stands");
    // An INVITE that was on its way twice is still the same call after its ACK.
    phone.send(&invite).await;
    let bye = phone.in_dialog("BYE", 3);
    phone.send(&bye).await;
    assert_eq!(phone.finish("BYE").await, 200);
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(ended(&calls[0]), (CallState::Done, Some(EndCause::CallerHangup)));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_100_kb_is_refused_whole_and_the_connection_serves_the_next_call() {
    let mut gateway = TestGateway::start().await;
    let mut phone = RawPhone::tcp(gateway.tcp_port()).await;
    let large = phone.invite_with(100_000);
    assert!(large.len() > 100_000);
    phone.send(&large).await;
    let status = phone.finish("INVITE").await;
    assert_eq!(status, 413, "RFC 3261 section 21.4.11");
    let ack = phone.ack(status);
    // The ACK, a keep-alive and two requests in one segment (RFC 3261 section 18.3, RFC 5626 section 3.5.1).
    let joined = ack + "\r\n\r\n" + &phone.ping(2) + &phone.ping(3);
    phone.send(&joined).await;
    assert_eq!(phone.finish("OPTIONS").await, 200);
    assert_eq!(phone.finish("OPTIONS").await, 200);
    phone.renew();
    let invite = phone.invite();
    phone.send(&invite).await;
    assert_eq!(phone.finish("INVITE").await, 200);
    let two = phone.ack(200) + &phone.bye();
    phone.send(&two).await;
    assert_eq!(phone.finish("BYE").await, 200);
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(ended(&calls[0]), (CallState::Done, Some(EndCause::CallerHangup)));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_without_a_codec_of_ours_is_refused_with_488_and_owed_no_draft() {
    let mut gateway = TestGateway::start().await;
    sipp("no_common_codec.xml", Transport::Udp, gateway.udp_port(), 3, 3).await;
    // Refused at the door or written down as refused: both are fine, a draft is not.
    let made = gateway.calls().await.len();
    let calls = gateway.settled(made, DEADLINE).await;
    assert!(calls.iter().all(|call| call.state == CallState::Refused));
    gateway.shutdown().await;
}

/// Sends the CANCEL when `moment` comes and follows the RFC from there. Returns whether it came in time.
async fn cancel_at(phone: &mut RawPhone, moment: u16) -> bool {
    let invite = phone.invite();
    phone.send(&invite).await;
    let first = phone
        .wait("a response", DEADLINE, |m| m.answers("INVITE") && m.status().is_some_and(|status| status >= moment))
        .await;
    let cancel = phone.cancel();
    phone.send(&cancel).await;
    let status = match first.status() {
        Some(status) if status >= 200 => status,
        _ => phone.finish("INVITE").await,
    };
    let ack = phone.ack(status);
    phone.send(&ack).await;
    match status {
        487 => true,
        // The answer was on its way already: the CANCEL has no effect, the call ends as any other (section 9.1).
        200 => {
            let bye = phone.bye();
            phone.send(&bye).await;
            assert_eq!(phone.finish("BYE").await, 200);
            false
        }
        other => panic!("INVITE ended with {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_ends_cancelled_or_hung_up_and_never_hangs() {
    let mut gateway = TestGateway::start().await;
    let mut in_time = 0;
    for turn in 0..20 {
        let mut phone = RawPhone::udp(gateway.udp_port()).await;
        // At the first provisional response, whichever it is; a UAC may not CANCEL earlier.
        let moment = if turn % 2 == 0 { 100 } else { 180 };
        in_time += usize::from(cancel_at(&mut phone, moment).await);
    }
    println!("{in_time} of 20 CANCELs came before the answer");
    let calls = gateway.settled(20, DEADLINE).await;
    let cancelled = calls.iter().filter(|call| call.cause == Some(EndCause::Cancelled)).count();
    assert!(calls.iter().all(|call| matches!(call.cause, Some(EndCause::Cancelled | EndCause::CallerHangup))));
    assert_eq!(cancelled, in_time, "the store and the phone tell the same story");
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retransmitted_invite_is_one_call() {
    let mut gateway = TestGateway::start().await;
    let mut phone = RawPhone::udp(gateway.udp_port()).await;
    let invite = phone.invite();
    for _ in 0..3 {
        phone.send(&invite).await;
    }
    assert_eq!(phone.finish("INVITE").await, 200);
    phone.send(&invite).await;
    let ack = phone.ack(200);
    phone.send(&ack).await;
    let bye = phone.bye();
    phone.send(&bye).await;
    assert_eq!(phone.finish("BYE").await, 200);
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(ended(&calls[0]), (CallState::Done, Some(EndCause::CallerHangup)));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_ack_the_200_is_resent_and_the_call_is_ended_with_a_bye() {
    let mut gateway = TestGateway::start().await;
    let mut phone = RawPhone::udp(gateway.udp_port()).await;
    let invite = phone.invite();
    phone.send(&invite).await;
    assert_eq!(phone.finish("INVITE").await, 200);
    let mut resent = 0;
    let bye = loop {
        let message = phone.receive(LOST_ACK).await.expect("the 200 again, or the BYE");
        if message.method() == Some("BYE") {
            break message;
        }
        resent += usize::from(message.is_final_to("INVITE"));
    };
    phone.accept(&bye).await;
    // T1, 2*T1, 4*T1, then every T2: ten times in 32 s.
    assert!((5..=12).contains(&resent), "200 resent {resent} times");
    let calls = gateway.settled(1, DEADLINE).await;
    assert!(calls[0].state.is_final() && calls[0].cause.is_some(), "{:?}", calls[0]);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_cut_at_every_byte_and_two_in_one_segment_are_read_as_they_were_meant() {
    let mut gateway = TestGateway::start().await;
    let mut phone = RawPhone::tcp(gateway.tcp_port()).await;
    let invite = phone.invite();
    for byte in invite.as_bytes().chunks(1) {
        phone.send_bytes(byte).await;
    }
    assert_eq!(phone.finish("INVITE").await, 200);
    let two = phone.ack(200) + &phone.bye();
    phone.send(&two).await;
    assert_eq!(phone.finish("BYE").await, 200);
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(ended(&calls[0]), (CallState::Done, Some(EndCause::CallerHangup)));
    gateway.shutdown().await;
}
