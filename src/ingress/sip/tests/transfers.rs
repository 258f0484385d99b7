//! A caller who is passed on: our REFER, the peer's NOTIFYs, and the end of the call or not.

use super::*;

pub const TO: &str = "sip:999@trunk.example";

/// Up to our REFER.
async fn referred(door: &mut Door) -> (Peer, peer::Received) {
    let mut caller = door.caller().await;
    caller.call("transfer").await;
    door.saw_call().await;
    assert_eq!(door.seen().await, Seen::Answered(true));
    assert_eq!(door.seen().await, Seen::Asked(true, false), "one at a time");
    let refer = caller.next_request("REFER").await;
    (caller, refer)
}

fn notify(caller: &Peer, cseq: u32, event: &str, state: &str, fragment: &str) -> String {
    let kind = "Content-Type: message/sipfrag;version=2.0";
    let headers = format!("Event: {event}\r\nSubscription-State: {state}\r\n{kind}\r\n");
    caller.request("NOTIFY", "transfer", cseq, &format!("notify{cseq}"), &headers, fragment)
}

/// What the destination answers, told by the peer; the status it is answered with.
async fn tell(caller: &mut Peer, cseq: u32, state: &str, fragment: &str) -> u16 {
    let notify = notify(caller, cseq, "refer", state, fragment);
    caller.send(&notify).await;
    answer_to(caller, cseq, "NOTIFY").await
}

/// The destination has taken the caller: that is answered with 200, and our BYE, which may come before, with another.
async fn taken(caller: &mut Peer, cseq: u32, event: &str) -> peer::Received {
    let notify = notify(caller, cseq, event, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
    caller.send(&notify).await;
    let (mut answered, mut ended) = (false, None);
    loop {
        let received = caller.receive().await;
        if received.is_request("BYE") {
            caller.respond(&received, 200, "", "").await;
            ended = Some(received);
        } else if received.header("CSeq") == Some(format!("{cseq} NOTIFY").as_str()) {
            assert_eq!(received.status(), 200);
            answered = true;
        }
        if let Some(bye) = ended.take_if(|_| answered) {
            return bye;
        }
    }
}

async fn answer_to(caller: &mut Peer, cseq: u32, method: &str) -> u16 {
    loop {
        let received = caller.receive().await;
        if received.header("CSeq") == Some(format!("{cseq} {method}").as_str()) {
            return received.status();
        }
    }
}

async fn failed(door: &mut Door) -> String {
    match door.seen().await {
        Seen::Transfer(TransferNews::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// The call is as it was: it can be changed, and the caller ends it.
async fn goes_on(mut door: Door, mut caller: Peer, cseq: u32) {
    let update = caller.request("UPDATE", "transfer", cseq, "update", "", peer::SDP);
    caller.send(&update).await;
    assert_eq!(answer_to(&mut caller, cseq, "UPDATE").await, 200);
    assert_eq!(door.seen().await, Seen::Event("resumed"));
    caller.bye("transfer", cseq + 1).await;
    assert_eq!(door.seen().await, Seen::Event("hung up"));
    assert_eq!(door.seen().await, Seen::Closed);
    door.empties().await;
}

#[tokio::test]
async fn a_caller_is_passed_on_and_the_call_ends_with_its_cause() {
    let mut door = Door::open(4).await;
    let (mut caller, refer) = referred(&mut door).await;
    assert_eq!(refer.header("Refer-To"), Some("<sip:999@trunk.example>"));
    assert_eq!(refer.header("Referred-By"), Some("<sip:transfer@127.0.0.1>"));
    assert!(refer.header("Allow").unwrap().contains("NOTIFY"), "{}", refer.text);
    caller.respond(&refer, 202, "", "").await;
    assert_eq!(tell(&mut caller, 2, "active;expires=60", "SIP/2.0 100 Trying\r\n").await, 200);
    let trying = TransferNews::Trying("the line calls the destination (100)".into());
    assert_eq!(door.seen().await, Seen::Transfer(trying));
    let bye = taken(&mut caller, 3, "refer").await;
    assert_eq!(door.seen().await, Seen::Transfer(TransferNews::Done));
    assert_eq!(bye.header("Reason"), Some("Q.850;cause=16;text=\"transferred\""));
    assert_eq!(door.seen().await, Seen::Closed);
    door.empties().await;
}

#[tokio::test]
async fn over_tcp_the_refer_goes_over_the_callers_connection() {
    let mut door = Door::open(4).await;
    let mut caller = Peer::tcp(door.addresses[1].address()).await;
    caller.call("transfer").await;
    let refer = caller.next_request("REFER").await;
    caller.respond(&refer, 202, "", "").await;
    taken(&mut caller, 2, "refer").await;
    door.saw_call().await;
    door.empties().await;
}

#[tokio::test]
async fn a_peer_that_ends_the_call_itself_once_it_has_passed_the_caller_on_is_no_loss() {
    let mut door = Door::open(4).await;
    let (mut caller, refer) = referred(&mut door).await;
    caller.respond(&refer, 202, "", "").await;
    // Both at once: our BYE and the peer's may cross.
    let notify = notify(&caller, 2, "refer", "terminated", "SIP/2.0 200 OK");
    let bye = caller.request("BYE", "transfer", 3, "bye", "", "");
    caller.send(&notify).await;
    assert_eq!(door.seen().await, Seen::Transfer(TransferNews::Done));
    caller.send(&bye).await;
    while door.seen().await != Seen::Closed {}
    door.empties().await;
}

#[tokio::test]
async fn a_refused_transfer_leaves_the_call_as_it_was_and_may_be_asked_for_again() {
    for (status, says) in [
        (603, "the line refused the transfer (603)"),
        (405, "the line cannot transfer calls (405)"),
        (501, "the line cannot transfer calls (501)"),
        // The stack would end a call that is challenged.
        (407, "the line does not let us transfer calls (403)"),
    ] {
        let mut door = Door::open(4).await;
        let (mut caller, refer) = referred(&mut door).await;
        caller.respond(&refer, status, "", "").await;
        assert_eq!(failed(&mut door).await, says);
        assert_eq!(tell(&mut caller, 2, "terminated", "SIP/2.0 200 OK").await, 481, "nothing is under way");
        let star = "Content-Type: application/dtmf-relay\r\n";
        let again = caller.request("INFO", "transfer", 3, "again", star, "Signal=*\r\n");
        caller.send(&again).await;
        assert_eq!(door.seen().await, Seen::Asked(true, false));
        let refer = caller.next_request("REFER").await;
        caller.respond(&refer, 202, "", "").await;
        assert_eq!(tell(&mut caller, 4, "terminated", "SIP/2.0 486 Busy Here").await, 200);
        assert_eq!(failed(&mut door).await, "the destination is busy (486)");
        goes_on(door, caller, 5).await;
    }
}

#[tokio::test]
async fn a_peer_that_takes_the_transfer_and_tells_nothing_has_failed_and_the_call_goes_on() {
    let transfers = Patience { first_news: Duration::from_millis(200), ..Patience::default() };
    let mut door = Door::open_timed(4, Timers { transfers, ..Timers::default() }).await;
    let (mut caller, refer) = referred(&mut door).await;
    caller.respond(&refer, 202, "", "").await;
    assert_eq!(failed(&mut door).await, "the line took the transfer and told nothing of it");
    goes_on(door, caller, 2).await;
}

#[tokio::test]
async fn a_peer_that_never_answers_the_refer_has_failed_and_the_call_goes_on() {
    let t1 = Duration::from_millis(20);
    let transactions = EndpointOption { t1, t1x64: t1 * 64, ..EndpointOption::default() };
    let mut door = Door::open_timed(4, Timers { transactions, ..Timers::default() }).await;
    let (caller, _) = referred(&mut door).await;
    assert_eq!(failed(&mut door).await, "the line did not answer the transfer");
    goes_on(door, caller, 2).await;
}

#[tokio::test]
async fn news_that_is_none_is_refused_and_changes_nothing() {
    let mut door = Door::open(4).await;
    let (mut caller, refer) = referred(&mut door).await;
    caller.respond(&refer, 202, "", "").await;
    let sequence: u32 = refer.header("CSeq").unwrap().split(' ').next().unwrap().parse().unwrap();
    let (other, own) = (format!("refer;id={}", sequence + 1), format!("refer;id={sequence}"));
    let long = format!("SIP/2.0 200 OK\r\nX: {}\r\n", "x".repeat(limits::MAX_SIPFRAG));
    let fragment = "Content-Type: message/sipfrag\r\n";
    for (cseq, event, kind, body, status) in [
        (2, "presence", fragment, "SIP/2.0 200 OK", 489),
        (3, other.as_str(), fragment, "SIP/2.0 200 OK", 481),
        (4, "refer", "Content-Type: text/plain\r\n", "SIP/2.0 200 OK", 415),
        (5, "refer", fragment, "200 OK", 400),
        (6, "refer", fragment, long.as_str(), 413),
    ] {
        let headers = format!("Event: {event}\r\nSubscription-State: terminated\r\n{kind}");
        let notify = caller.request("NOTIFY", "transfer", cseq, &format!("n{cseq}"), &headers, body);
        caller.send(&notify).await;
        assert_eq!(answer_to(&mut caller, cseq, "NOTIFY").await, status, "{event} {body:.20}");
    }
    taken(&mut caller, 7, &own).await;
    assert_eq!(door.seen().await, Seen::Transfer(TransferNews::Done));
    door.empties().await;
}
