//! How a session is agreed, changed and kept alive.

use super::peer::SDP;
use super::*;

/// The audio line of a description.
fn audio(text: &str) -> &str {
    text.lines().find(|line| line.starts_with("m=audio")).unwrap_or_default()
}

fn with_formats(formats: &str) -> String {
    SDP.replace("0 8 101", formats)
}

/// INVITE without a body, up to our 200 with the offer.
async fn late_call(door: &mut Door, user: &str) -> (Peer, peer::Received) {
    let mut caller = door.caller().await;
    let invite = caller.request("INVITE", user, 1, "invite", "", "");
    caller.send(&invite).await;
    let answer = caller.status(200).await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    (caller, answer)
}

#[tokio::test]
async fn an_invite_without_an_offer_gets_ours_and_the_ack_brings_the_agreement() {
    let mut door = Door::open(4).await;
    let (mut caller, answer) = late_call(&mut door, "codec").await;
    assert_eq!(audio(&answer.text), "m=audio 40000 RTP/AVP 0 8 9 96 13 101 97", "{}", answer.text);
    assert_eq!(answer.header("Content-Type"), Some("application/sdp"));
    let ack = caller.request("ACK", "codec", 1, "ack", "", &with_formats("8 101"));
    caller.send(&ack).await;
    assert_eq!(door.seen().await, Seen::Codec(Codec::Pcma));
    caller.bye("codec", 2).await;
    assert_eq!(door.seen().await, Seen::Event("hung up"));
    door.empties().await;
}

#[tokio::test]
async fn an_offer_of_ours_that_nobody_can_use_ends_the_call_with_bye() {
    for body in ["", "this is not SDP", &with_formats("18"), &SDP.replace("40002", "0")] {
        let mut door = Door::open(4).await;
        let (mut caller, _) = late_call(&mut door, "100").await;
        let ack = caller.request("ACK", "100", 1, "ack", "", body);
        caller.send(&ack).await;
        let bye = caller.expect_request("BYE").await;
        assert_eq!(bye.header("Reason"), Some("Q.850;cause=41;text=\"no_media\""), "{body:?}");
        assert_eq!(door.seen().await, Seen::Event("failed"));
        door.empties().await;
    }
}

#[tokio::test]
async fn a_re_invite_changes_codec_and_address_and_an_update_does_the_same() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.call("codec").await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    for (cseq, method, formats, codec, answered) in [
        (2, "INVITE", "8 101", Codec::Pcma, "8 101"),
        (3, "UPDATE", "9", Codec::G722, "9"),
        (4, "INVITE", "0", Codec::Pcmu, "0"),
    ] {
        let change = caller.request(method, "codec", cseq, &format!("c{cseq}"), "", &with_formats(formats));
        caller.send(&change).await;
        let answer = caller.status(200).await;
        assert_eq!(audio(&answer.text), format!("m=audio 40000 RTP/AVP {answered}"));
        assert_eq!(door.seen().await, Seen::Codec(codec));
        if method == "INVITE" {
            caller.ack("codec", cseq).await;
        }
    }
    caller.bye("codec", 5).await;
    door.empties().await;
}

#[tokio::test]
async fn a_re_invite_without_an_offer_gets_ours_and_a_second_change_meanwhile_gets_491() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.call("codec").await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    let open = caller.request("INVITE", "codec", 2, "open", "", "");
    caller.send(&open).await;
    let offer = caller.status(200).await;
    assert_eq!(audio(&offer.text), "m=audio 40000 RTP/AVP 0 8 9 96 13 101 97", "{}", offer.text);
    let glare = caller.request("UPDATE", "codec", 3, "glare", "", SDP);
    caller.send(&glare).await;
    while caller.receive().await.status() != 491 {}
    let ack = caller.request("ACK", "codec", 2, "ack2", "", &with_formats("9"));
    caller.send(&ack).await;
    assert_eq!(door.seen().await, Seen::Codec(Codec::G722));
    // An ACK that leaves the offer unanswered changes nothing and ends nothing.
    let again = caller.request("INVITE", "codec", 4, "again", "", "");
    caller.send(&again).await;
    caller.status(200).await;
    caller.ack("codec", 4).await;
    let change = caller.request("UPDATE", "codec", 5, "change", "", &with_formats("8"));
    loop {
        // Until the ACK has been seen the offer is open.
        caller.send(&change.replace("branch=z9hG4bKchange", &format!("branch=z9hG4bK{}", uuid::Uuid::now_v7()))).await;
        match caller.receive().await.status() {
            200 => break,
            status => assert_eq!(status, 491),
        }
    }
    assert_eq!(door.seen().await, Seen::Codec(Codec::Pcma));
    caller.bye("codec", 6).await;
    door.empties().await;
}

#[tokio::test]
async fn a_change_while_one_is_open_is_told_when_to_come_back() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.call("slow").await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    let first = caller.request("INVITE", "slow", 2, "first", "", SDP);
    caller.send(&first).await;
    assert_eq!(door.seen().await, Seen::Event("resumed"), "the pipeline has it and does not answer");
    let second = caller.request("UPDATE", "slow", 3, "second", "", SDP);
    caller.send(&second).await;
    let refused = loop {
        let received = caller.receive().await;
        if received.header("CSeq") == Some("3 UPDATE") {
            break received;
        }
    };
    assert_eq!((refused.status(), refused.header("Retry-After")), (500, Some("1")));
    caller.bye("slow", 4).await;
}

#[tokio::test]
async fn before_the_answer_an_update_with_an_offer_waits_and_one_without_is_fine() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.send(&caller.invite("ring")).await;
    caller.status(180).await;
    door.saw_call().await;
    let change = caller.request("UPDATE", "ring", 2, "change", "", SDP);
    caller.send(&change).await;
    let refused = caller.receive().await;
    assert_eq!((refused.status(), refused.header("Retry-After")), (500, Some("1")));
    let refresh = caller.request("UPDATE", "ring", 3, "refresh", "", "");
    caller.send(&refresh).await;
    assert_eq!(caller.receive().await.status(), 200);
}

#[tokio::test]
async fn a_caller_that_requires_reliable_ringing_hears_none_and_is_answered() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    let invite = caller.request("INVITE", "100", 1, "invite", "Require: 100rel\r\n", SDP);
    caller.send(&invite).await;
    let mut seen = Vec::new();
    while seen.last() != Some(&200) {
        seen.push(caller.receive().await.status());
    }
    assert!(seen.iter().all(|status| matches!(status, 100 | 200)), "{seen:?}: RFC 3262 section 3");
    door.saw_call().await;
}

#[tokio::test]
async fn a_session_timer_is_agreed_as_asked_and_an_interval_too_small_is_told_ours() {
    let door = Door::open(4).await;
    let mut caller = door.caller().await;
    let small = "Supported: timer\r\nSession-Expires: 60\r\n";
    let invite = caller.request("INVITE", "100", 1, "small", small, SDP);
    caller.send(&invite).await;
    let refused = caller.status(422).await;
    assert_eq!(refused.header("Min-SE"), Some("90"));
    for (asked, answered, required) in [
        ("Supported: timer\r\nSession-Expires: 1800\r\n", Some("1800;refresher=uac"), Some("timer")),
        ("k: 100rel, timer\r\nx: 90;refresher=uas\r\n", Some("90;refresher=uas"), Some("timer")),
        ("Require: timer\r\nSession-Expires: 600\r\n", Some("600;refresher=uac"), Some("timer")),
        ("Session-Expires: 1800\r\n", Some("1800;refresher=uas"), None),
        ("Supported: timer\r\n", None, None),
        ("", None, None),
    ] {
        let mut caller = door.caller().await;
        let invite = caller.request("INVITE", "100", 1, "invite", asked, SDP);
        caller.send(&invite).await;
        let answer = caller.status(200).await;
        assert_eq!(answer.header("Session-Expires"), answered, "{asked}");
        assert_eq!(answer.header("Require"), required, "{asked}");
        assert_eq!(answer.header("Supported"), Some("timer"));
        caller.ack("100", 1).await;
        caller.bye("100", 2).await;
    }
    let mut caller = door.caller().await;
    let broken = caller.request("INVITE", "100", 1, "broken", "Session-Expires: soon\r\n", SDP);
    caller.send(&broken).await;
    caller.status(400).await;
}

/// Timers that end within a test.
fn short() -> Timers {
    Timers { least_interval_s: 1, ..Timers::default() }
}

#[tokio::test]
async fn a_session_we_refresh_is_refreshed_with_update_or_re_invite_as_the_peer_can() {
    for (allow, method) in [("Allow: INVITE, UPDATE, BYE\r\n", "UPDATE"), ("", "INVITE")] {
        let door = Door::open_timed(4, short()).await;
        let mut caller = door.caller().await;
        let timer = format!("{allow}Session-Expires: 2\r\n");
        let invite = caller.request("INVITE", "100", 1, "invite", &timer, SDP);
        caller.send(&invite).await;
        let answer = caller.status(200).await;
        caller.ack("100", 1).await;
        for _ in 0..2 {
            let refresh = caller.next_request(method).await;
            assert_eq!(refresh.header("Session-Expires"), Some("2;refresher=uac"));
            let body = if method == "INVITE" { SDP } else { "" };
            if method == "INVITE" {
                assert_eq!(audio(&refresh.text), audio(&answer.text));
                let origin = |text: &str| text.lines().find(|line| line.starts_with("o=")).map(str::to_owned);
                assert_eq!(origin(&refresh.text), origin(&answer.text), "nothing has changed");
            }
            caller.respond(&refresh, 200, "Session-Expires: 2;refresher=uac\r\n", body).await;
        }
        let refresh = caller.next_request(method).await;
        caller.respond(&refresh, 481, "", "").await;
        caller.expect_request("BYE").await;
        door.empties().await;
    }
}

#[tokio::test]
async fn a_session_the_peer_forgets_to_refresh_ends_and_one_it_refreshes_lives() {
    let mut door = Door::open_timed(4, short()).await;
    let mut caller = door.caller().await;
    let timer = "Supported: timer\r\nSession-Expires: 3;refresher=uac\r\n";
    let invite = caller.request("INVITE", "100", 1, "invite", timer, SDP);
    caller.send(&invite).await;
    caller.status(200).await;
    caller.ack("100", 1).await;
    // A refresh may also turn the timer into a longer one.
    let longer = timer.replace('3', "4");
    let refresh = caller.request("UPDATE", "100", 2, "refresh", &longer, "");
    caller.send(&refresh).await;
    let answer = caller.status(200).await;
    assert_eq!(answer.header("Session-Expires"), Some("4;refresher=uac"));
    let bye = caller.expect_request("BYE").await;
    assert_eq!(bye.header("Reason"), Some("Q.850;cause=41;text=\"media_lost\""));
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    assert_eq!(door.seen().await, Seen::Event("failed"));
    door.empties().await;
}
