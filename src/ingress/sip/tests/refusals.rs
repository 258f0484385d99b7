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

#[tokio::test]
async fn an_offer_is_refused_or_answered_line_by_line() {
    let door = Door::open(8).await;
    let invite = |body: &str| answer_to_invite(&door, String::new(), body.to_owned());
    let encrypted = invite(&SDP.replace("RTP/AVP", "RTP/SAVP")).await;
    assert_eq!(encrypted.status(), 488);
    let warning = encrypted.header("Warning").unwrap();
    assert!(warning.starts_with("302 heardline ") && warning.contains("encrypted"), "{warning}");
    // RFC 5118 section 4.8: audio over one family, video over the other.
    let mixed = format!("{SDP}m=video 40010 RTP/AVP 31\r\nc=IN IP6 2001:db8::1\r\n");
    let answer = invite(&mixed).await;
    assert_eq!(answer.status(), 200);
    let lines: Vec<&str> = answer.text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines, ["m=audio 40000 RTP/AVP 0 101", "m=video 0 RTP/AVP 31"]);
    for hostile in ["4294967296", "-1", "128 129"] {
        assert_eq!(invite(&SDP.replace("0 8 101", hostile)).await.status(), 488, "{hostile}");
    }
    for port in ["65536", "-1", "4294967296"] {
        assert_eq!(invite(&SDP.replace("40002", port)).await.status(), 400, "{port}");
    }
    assert_eq!(invite(&SDP.replace("40002", "0")).await.status(), 488);
    let many = format!("{SDP}{}", "m=video 0 RTP/AVP 31\r\n".repeat(300));
    assert_eq!(invite(&many).await.status(), 488);
}

#[tokio::test]
async fn a_body_in_a_coding_we_do_not_read_is_refused_with_the_one_we_do() {
    let door = Door::open(4).await;
    let packed = answer_to_invite(&door, "Content-Encoding: gzip\r\n".into(), SDP.into()).await;
    assert_eq!((packed.status(), packed.header("Accept-Encoding")), (415, Some("identity")));
    let plain = answer_to_invite(&door, "Content-Encoding: identity\r\n".into(), SDP.into()).await;
    assert_eq!(plain.status(), 200);
    let either = answer_to_invite(&door, "Accept: text/plain\r\nAccept: application/sdp\r\n".into(), SDP.into());
    assert_eq!(either.await.status(), 200, "each Accept line counts");
}

#[tokio::test]
async fn inside_a_call_only_what_belongs_to_one_is_served() {
    let mut door = Door::open(4).await;
    let mut caller = door.caller().await;
    caller.call("100").await;
    door.saw_call().await;
    let methods = ["REFER", "SUBSCRIBE", "MESSAGE", "PRACK", "PUBLISH", "REGISTER"];
    for (cseq, method) in (2..).zip(methods) {
        let extra = "Refer-To: <sip:9011@example.org>\r\nRAck: 1 1 INVITE\r\nEvent: refer\r\n";
        let request = caller.request(method, "100", cseq, method, extra, "");
        caller.send(&request).await;
        let refused = caller.receive().await;
        assert_eq!(refused.status(), 405, "{method}");
        assert!(refused.header("Allow").unwrap().contains("UPDATE"), "{method}");
    }
    // News of a transfer that nobody asked for.
    let news = "Event: refer\r\nSubscription-State: terminated\r\nContent-Type: message/sipfrag\r\n";
    let notify = caller.request("NOTIFY", "100", 19, "notify", news, "SIP/2.0 200 OK");
    caller.send(&notify).await;
    assert_eq!(caller.receive().await.status(), 481);
    let info = caller.request("INFO", "100", 20, "info", "Content-Type: text/plain\r\n", "hello");
    caller.send(&info).await;
    let refused = caller.receive().await;
    assert_eq!((refused.status(), refused.header("Accept").is_some()), (415, true));
    let options = caller.request("OPTIONS", "100", 21, "options", "", "");
    caller.send(&options).await;
    let answer = caller.receive().await;
    assert_eq!(answer.status(), 200);
    for header in ["Allow", "Accept", "Supported"] {
        assert!(answer.header(header).is_some(), "{header}: {}", answer.text);
    }
    caller.bye("100", 22).await;
    door.empties().await;
}

#[tokio::test]
async fn a_request_at_the_end_of_its_hops_is_served_because_nobody_passes_it_on() {
    let door = Door::open(4).await;
    let last = answer_to(&door, |caller| caller.invite("100").replace("Max-Forwards: 70", "Max-Forwards: 0")).await;
    assert_eq!(last.status(), 200);
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
