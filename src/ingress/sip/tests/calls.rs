//! Calls that are taken: answered, cancelled, held, ended from either side.

use super::peer::SDP;
use super::*;

#[tokio::test]
async fn a_call_is_answered_and_its_dialog_is_gone_after_bye() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    let answer = caller.call("100").await;
    assert!(answer.text.contains("m=audio 40000 RTP/AVP 0"), "{}", answer.text);
    assert_eq!(answer.header("Content-Type"), Some("application/sdp"));
    let port = door.addresses[0].address().port();
    assert_eq!(answer.header("Contact"), Some(format!("<sip:127.0.0.1:{port}>").as_str()));
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    caller.bye("100", 2).await;
    assert_eq!(door.seen().await, Seen::Event("hung up"));
    assert_eq!(door.seen().await, Seen::Closed);
    door.empties().await;
    assert!(door.admission.admit().is_some());
}

#[tokio::test]
async fn a_call_over_tcp_is_answered_and_ended_by_us_on_the_same_connection() {
    let mut door = Door::open(4).await;
    let mut caller = Peer::tcp(door.addresses[1].address()).await;
    let answer = caller.call("hangup").await;
    assert!(answer.header("Contact").unwrap().to_lowercase().contains(";transport=tcp"), "{}", answer.text);
    assert_eq!(door.seen().await, Seen::Call { dialled: "hangup".into(), transport: "tcp".into(), asserted: false });
    let bye = caller.expect_request("BYE").await;
    assert_eq!(bye.header("Reason"), Some("Q.850;cause=16;text=\"system_end\""));
    door.empties().await;
}

#[tokio::test]
async fn a_call_we_end_is_told_why_and_sends_no_event_to_the_pipeline() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.call("hangup").await;
    caller.expect_request("BYE").await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    assert_eq!(door.seen().await, Seen::Closed);
    door.empties().await;
}

#[tokio::test]
async fn a_pipeline_that_drops_a_call_does_not_leave_the_caller_hanging() {
    let door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.call("forget").await;
    caller.expect_request("BYE").await;
    door.empties().await;
}

#[tokio::test]
async fn a_cancelled_call_ends_with_487_before_and_after_ringing() {
    for user in ["silent", "ring"] {
        let mut door = Door::open(4).await;
        let mut caller = door.caller().await;
        caller.send(&caller.invite(user)).await;
        caller.status(if user == "ring" { 180 } else { 100 }).await;
        caller.to_tag = None;
        door.saw_call().await;
        let cancel = caller.request("CANCEL", user, 1, "invite", "", "");
        caller.send(&cancel).await;
        let mut finals = [caller.receive().await.status(), caller.receive().await.status()];
        finals.sort_unstable();
        assert_eq!(finals, [200, 487], "{user}");
        assert_eq!(door.seen().await, Seen::Event("cancelled"));
        door.empties().await;
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_while_it_rings_gets_both_answers() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.send(&caller.invite("ring")).await;
    caller.status(180).await;
    let bye = caller.request("BYE", "ring", 2, "bye", "", "");
    caller.send(&bye).await;
    let mut finals = [caller.receive().await.status(), caller.receive().await.status()];
    finals.sort_unstable();
    assert_eq!(finals, [200, 487]);
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Event("cancelled"));
    door.empties().await;
}

#[tokio::test]
async fn a_retransmitted_invite_is_one_call() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    for _ in 0..5 {
        caller.send(&caller.invite("ring")).await;
    }
    caller.status(180).await;
    door.saw_call().await;
    // The same INVITE by another path is not a second call either.
    caller.to_tag = None;
    let other_path = caller.request("INVITE", "ring", 1, "other", "", SDP);
    caller.send(&other_path).await;
    caller.status(482).await;
    assert_eq!(door.gauge.active(), 1);
    assert!(door.seen.try_recv().is_err(), "a second call was made");
}

#[tokio::test]
async fn a_call_is_held_and_resumed_with_a_growing_session_version() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    let answer = caller.call("100").await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    let version = |text: &str| text.lines().find(|l| l.starts_with("o=")).unwrap().split(' ').nth(2).map(str::to_owned);
    let mut before = version(&answer.text);
    for (cseq, direction, seen) in [(2, "sendonly", "held"), (3, "sendrecv", "resumed")] {
        let body = format!("{SDP}a={direction}\r\n");
        let change = caller.request("INVITE", "100", cseq, direction, "", &body);
        caller.send(&change).await;
        let answer = caller.status(200).await;
        caller.ack("100", cseq).await;
        assert_eq!(door.seen().await, Seen::Event(seen));
        assert!(version(&answer.text) > before, "{}", answer.text);
        before = version(&answer.text);
    }
    caller.bye("100", 4).await;
    door.empties().await;
}

#[tokio::test]
async fn a_change_the_media_stage_refuses_leaves_the_call_as_it_was() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.call("fixed").await;
    let change = caller.request("INVITE", "fixed", 2, "change", "", SDP);
    caller.send(&change).await;
    caller.status(488).await;
    let ack = caller.request("ACK", "fixed", 2, "change", "", "");
    caller.send(&ack).await;
    let no_codec = SDP.replace("0 8 101", "18");
    let update = caller.request("UPDATE", "fixed", 3, "update", "", &no_codec);
    caller.send(&update).await;
    caller.status(488).await;
    caller.bye("fixed", 4).await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    assert_eq!(door.seen().await, Seen::Event("resumed"));
    assert_eq!(door.seen().await, Seen::Event("hung up"));
}

#[tokio::test]
async fn a_digit_in_info_reaches_the_pipeline() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.call("100").await;
    let kind = "Content-Type: application/dtmf-relay\r\n";
    let info = caller.request("INFO", "100", 2, "info", kind, "Signal=#\r\nDuration=160\r\n");
    caller.send(&info).await;
    caller.status(200).await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    assert_eq!(door.seen().await, Seen::Event("hash"));
}

#[tokio::test]
async fn an_answer_nobody_acknowledges_is_repeated_and_then_the_call_ends() {
    let t1 = Duration::from_millis(50);
    let transactions = EndpointOption { t1, t1x64: t1 * 64, ..EndpointOption::default() };
    let timers = Timers { transactions, ..Timers::default() };
    let mut door = Door::open_timed(4, timers).await;
    let mut caller = door.caller().await;
    caller.send(&caller.invite("100")).await;
    caller.status(200).await;
    caller.status(200).await;
    // An OPTIONS before the ACK is answered, a re-INVITE is told to wait.
    let options = caller.request("OPTIONS", "100", 2, "options", "", "");
    caller.send(&options).await;
    while caller.receive().await.header("CSeq") != Some("2 OPTIONS") {}
    let change = caller.request("INVITE", "100", 3, "change", "", SDP);
    caller.send(&change).await;
    while caller.receive().await.status() != 491 {}
    caller.expect_request("BYE").await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    assert_eq!(door.seen().await, Seen::Event("cancelled"));
    door.empties().await;
}

#[tokio::test]
async fn a_hundred_calls_leave_nothing_behind() {
    let door = Door::open(16).await;
    for _ in 0..100 {
        let mut caller = door.caller().await;
        caller.call("100").await;
        caller.bye("100", 2).await;
    }
    door.empties().await;
    assert_eq!(door.gauge.connections(), 0);
}
