//! Requests that are answered with something other than a call.

use super::peer::{Received, SDP};
use super::*;

async fn answer_to(door: &Door, build: impl Fn(&Peer) -> String) -> Received {
    let mut caller = door.caller().await;
    let text = build(&caller);
    caller.send(&text).await;
    loop {
        let received = caller.receive().await;
        if received.status() >= 200 {
            return received;
        }
    }
}

#[tokio::test]
async fn options_names_what_we_can_do() {
    let door = Door::open(4).await;
    let answer = answer_to(&door, |caller| caller.request("OPTIONS", "100", 1, "o", "", "")).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.header("Allow").unwrap().contains("INVITE, ACK, BYE, CANCEL, OPTIONS"));
    assert!(answer.header("Accept").unwrap().contains("application/sdp"));
    assert!(answer.text.contains("\r\nSupported:"), "{}", answer.text);
    assert_eq!(answer.header("User-Agent"), Some("heardline"));
}

#[tokio::test]
async fn methods_we_do_not_serve_are_refused_by_name() {
    let door = Door::open(4).await;
    for (method, status) in [("REGISTER", 405), ("SUBSCRIBE", 405), ("MESSAGE", 405), ("FROBNICATE", 501)] {
        let answer = answer_to(&door, |caller| caller.request(method, "100", 1, "m", "", "")).await;
        assert_eq!(answer.status(), status, "{method}");
        assert!(answer.header("Allow").unwrap().contains("INVITE"), "{method}");
    }
    for method in ["BYE", "INFO", "UPDATE", "CANCEL"] {
        let answer = answer_to(&door, |caller| caller.request(method, "100", 1, "m", "", "")).await;
        assert_eq!(answer.status(), 481, "{method}");
    }
}

#[tokio::test]
async fn an_offer_that_does_not_fit_is_refused_with_the_reason() {
    let door = Door::open(4).await;
    let invite = |extra: &str, body: &str| answer_to_invite(&door, extra.to_owned(), body.to_owned());
    let none = invite("", &SDP.replace("0 8 101", "18 101")).await;
    assert_eq!((none.status(), none.header("Warning").is_some()), (488, true));
    assert_eq!(invite("", "this is not SDP").await.status(), 400);
    let unknown = invite("Content-Type: text/unknown\r\n", "x").await;
    assert_eq!((unknown.status(), unknown.header("Accept")), (415, Some("application/sdp")));
    assert_eq!(invite("Accept: text/plain\r\n", SDP).await.status(), 406);
    assert_eq!(invite("Require: 100rel, gruu\r\n", SDP).await.header("Unsupported"), Some("gruu"));
    door.empties().await;
}

async fn answer_to_invite(door: &Door, extra: String, body: String) -> Received {
    answer_to(door, |caller| caller.request("INVITE", "100", 1, "i", &extra, &body)).await
}

#[tokio::test]
async fn a_full_gateway_says_when_to_try_again_and_takes_the_next_call_when_one_ends() {
    let mut door = Door::open(1).await;
    let mut first = door.caller().await;
    first.call("100").await;
    let refused = answer_to(&door, |caller| caller.invite("100")).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.header("Retry-After"), Some(limits::RETRY_AFTER_S.to_string().as_str()));
    first.bye("100", 2).await;
    door.saw_call().await;
    while door.seen().await != Seen::Closed {}
    let mut next = door.caller().await;
    next.call("100").await;
}

#[tokio::test]
async fn a_call_the_pipeline_refuses_gets_503_with_retry_after() {
    let door = Door::open(4).await;
    let refused = answer_to(&door, |caller| caller.invite("busy")).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.header("Retry-After"), Some(limits::RETRY_AFTER_S.to_string().as_str()));
    door.empties().await;
}

#[tokio::test]
async fn a_request_for_a_dialog_we_do_not_have_gets_481_and_an_old_one_500() {
    let door = Door::open(4).await;
    let stranger = answer_to(&door, |caller| {
        caller.request("BYE", "100", 2, "b", "", "").replace("<sip:100@127.0.0.1>", "<sip:100@127.0.0.1>;tag=none")
    });
    assert_eq!(stranger.await.status(), 481);
    let mut caller = door.caller().await;
    caller.send(&caller.request("INVITE", "100", 7, "invite", "", SDP)).await;
    caller.status(200).await;
    caller.ack("100", 7).await;
    let old = caller.request("OPTIONS", "100", 6, "old", "", "");
    caller.send(&old).await;
    caller.status(500).await;
}

#[tokio::test]
async fn a_screened_request_over_tcp_is_answered_on_its_connection() {
    let door = Door::open(4).await;
    let mut caller = Peer::tcp(door.addresses[1].address()).await;
    let unknown = caller.request("OPTIONS", "100", 1, "r", "Require: nothing\r\n", "");
    caller.send(&unknown).await;
    assert_eq!(caller.receive().await.header("Unsupported"), Some("nothing"));
    let options = caller.request("OPTIONS", "100", 2, "s", "", "");
    caller.send(&options).await;
    caller.status(200).await;
}

#[tokio::test]
async fn a_latin_1_name_does_not_cost_the_call_its_offer() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    let text = caller.invite("100").replace("\"Ann\"", "\"Andr\u{1}\"");
    let bytes: Vec<u8> = text.bytes().map(|b| if b == 1 { 0xe9 } else { b }).collect();
    caller.send_bytes(&bytes).await;
    caller.status(200).await;
    door.saw_call().await;
}
