//! Promises of a transfer.

use super::*;
use crate::ops::clock::Clock;

const FIRST_NEWS: Duration = Duration::from_secs(32);
const AT_MOST: Duration = Duration::from_secs(240);

fn start() -> Instant {
    Clock::system().instant()
}

fn said(status: u16) -> Notice {
    Notice { about: None, status: Some(status), last: false }
}

fn last(status: u16) -> Notice {
    Notice { last: true, ..said(status) }
}

const TO: &str = "sip:999@trunk.example";

/// Sent, not answered.
fn sent(now: Instant) -> TransferFlow {
    let mut flow = TransferFlow::default();
    send(&mut flow, now);
    flow
}

fn send(flow: &mut TransferFlow, now: Instant) {
    assert!(flow.ask(TO, now));
    assert_eq!(flow.wakes_at(now), Some(now));
    assert_eq!(flow.due(now), Some(Step::Send(TO.into())));
    assert_eq!(flow.due(now), None, "sent once");
}

fn asked(now: Instant) -> TransferFlow {
    let mut flow = sent(now);
    assert_eq!(flow.answered(Some((202, 7)), now), None);
    flow
}

fn gave_up(step: Option<Step>) -> String {
    match step {
        Some(Step::Tell(news)) => failed(Some(news)),
        other => panic!("{other:?}"),
    }
}

fn failed(news: Option<TransferNews>) -> String {
    match news {
        Some(TransferNews::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_transfer_that_goes_through_is_told_step_by_step_and_each_step_once() {
    let mut flow = asked(start());
    let trying = |text: &str| Ok(Some(TransferNews::Trying(text.into())));
    assert_eq!(flow.notified(said(100)), trying("the line calls the destination (100)"));
    assert_eq!(flow.notified(said(100)), Ok(None));
    assert_eq!(flow.notified(said(180)), trying("the destination rings (180)"));
    assert_eq!(flow.notified(last(200)), Ok(Some(TransferNews::Done)));
    assert_eq!(flow.notified(last(200)), Ok(None), "told once");
    assert_eq!((flow.wakes_at(start()), flow.due(start() + AT_MOST * 2)), (None, None));
    assert!(!flow.ask(TO, start()), "the caller is gone already");
}

#[test]
fn news_that_overtakes_the_answer_to_the_refer_counts() {
    let now = start();
    let mut flow = sent(now);
    assert!(matches!(flow.notified(said(100)), Ok(Some(TransferNews::Trying(_)))));
    assert_eq!(flow.answered(Some((202, 3)), now), None);
    assert_eq!(flow.wakes_at(now), Some(now + AT_MOST), "the destination may ring");
    assert_eq!(flow.notified(last(200)), Ok(Some(TransferNews::Done)));
}

#[test]
fn nobody_is_told_of_a_transfer_that_was_not_asked_for() {
    let mut flow = TransferFlow::default();
    assert_eq!(flow.notified(last(200)), Err(NotAsked));
    assert_eq!((flow.answered(Some((202, 1)), start()), flow.wakes_at(start())), (None, None));
    let mut flow = asked(start());
    assert_eq!(flow.notified(Notice { about: Some(6), ..last(200) }), Err(NotAsked), "of another REFER");
    assert_eq!(flow.notified(Notice { about: Some(7), ..last(200) }), Ok(Some(TransferNews::Done)));
}

#[test]
fn one_that_is_under_way_is_not_asked_for_again_and_one_that_failed_may_be() {
    let now = start();
    let mut flow = asked(now);
    assert!(!flow.ask(TO, now));
    assert_eq!(failed(flow.notified(last(486)).unwrap()), "the destination is busy (486)");
    send(&mut flow, now);
    assert_eq!(flow.answered(Some((202, 9)), now), None);
    assert_eq!(flow.notified(Notice { about: Some(7), ..last(486) }), Err(NotAsked), "of the first");
    assert_eq!(flow.notified(Notice { about: Some(9), ..last(200) }), Ok(Some(TransferNews::Done)));
}

#[test]
fn a_peer_that_will_not_transfer_is_told_with_its_reason_and_leaves_nothing_open() {
    for (answer, says) in [
        (Some(603), "the line refused the transfer (603)"),
        (Some(405), "the line cannot transfer calls (405)"),
        (Some(501), "the line cannot transfer calls (501)"),
        (Some(403), "the line does not let us transfer calls (403)"),
        (Some(302), "the line refused the transfer (302)"),
        (None, "the line did not answer the transfer"),
    ] {
        let mut flow = sent(start());
        assert_eq!(failed(flow.answered(answer.map(|status| (status, 2)), start())), says);
        assert_eq!(flow.wakes_at(start()), None);
        assert_eq!(flow.notified(last(200)), Err(NotAsked), "{says}");
        send(&mut flow, start());
    }
}

#[test]
fn a_destination_that_does_not_take_the_caller_is_told_with_the_reason() {
    for (status, says) in [
        (300, "the destination could not be reached (300)"),
        (404, "the line does not know the destination (404)"),
        (480, "the destination did not answer (480)"),
        (603, "the destination declined (603)"),
        (699, "the destination could not be reached (699)"),
    ] {
        let mut flow = asked(start());
        assert_eq!(failed(flow.notified(said(status)).unwrap()), says);
        assert_eq!(flow.notified(last(status)), Ok(None), "the rest of its subscription");
    }
}

#[test]
fn a_line_that_stops_telling_has_failed_to_transfer() {
    for notice in [last(100), Notice { about: None, status: None, last: true }] {
        let mut flow = asked(start());
        assert!(failed(flow.notified(notice).unwrap()).contains("stopped telling"));
    }
    let mut flow = asked(start());
    assert_eq!(
        flow.notified(Notice { about: None, status: None, last: false }),
        Ok(None),
        "it only says that it lives"
    );
}

#[test]
fn without_news_it_fails_in_time_and_a_late_success_is_believed() {
    let now = start();
    let mut flow = asked(now);
    assert_eq!(flow.due(now + FIRST_NEWS - Duration::from_millis(1)), None);
    assert!(gave_up(flow.due(now + FIRST_NEWS)).contains("told nothing"));
    assert_eq!(flow.due(now + FIRST_NEWS), None, "told once");
    assert_eq!(flow.notified(said(100)), Ok(None));
    assert_eq!(flow.notified(last(200)), Ok(Some(TransferNews::Done)), "the caller is with somebody else");

    // One that rings for ever, and tells so for ever.
    let mut flow = asked(now);
    for second in 0..AT_MOST.as_secs() {
        assert_eq!(flow.due(now + Duration::from_secs(second)), None);
        flow.notified(said(180 + u16::try_from(second % 2).unwrap())).unwrap();
    }
    assert!(gave_up(flow.due(now + AT_MOST)).contains("did not answer"));
}

#[test]
fn a_refer_that_was_not_answered_yet_is_waited_for_before_another_is_sent() {
    let now = start();
    let mut flow = sent(now);
    failed(flow.notified(last(486)).unwrap());
    assert!(!flow.ask(TO, now), "its answer would be taken for the next one's");
    assert_eq!(flow.answered(None, now), None, "its end was told");
    assert!(flow.ask(TO, now));
}
