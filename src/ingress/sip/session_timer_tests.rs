//! Promises of the session timer.

use super::*;
use crate::ops::clock::Clock;

fn wish(session_expires: &str, supported: bool) -> Wish {
    Wish::read(Some(session_expires), None, supported).unwrap()
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_refresher_is_the_one_of_table_2() {
    for (supported, refresher, expected) in [
        (false, "", Refresher::Us),
        (true, "", Refresher::Peer),
        (true, ";refresher=uac", Refresher::Peer),
        (true, "; Refresher = UAS", Refresher::Us),
    ] {
        let terms = wish(&format!("1800{refresher}"), supported).answer(90).unwrap().unwrap();
        assert_eq!((terms.interval, terms.refresher), (1800, expected), "{supported} {refresher:?}");
        assert_eq!(terms.required, supported);
    }
    let theirs = Terms { interval: 1800, refresher: Refresher::Peer, required: true, least: None };
    assert_eq!(theirs.header(Refresher::Peer), "1800;refresher=uac", "in our answer");
    assert_eq!(theirs.header(Refresher::Us), "1800;refresher=uas", "in our request");
}

#[test]
fn an_interval_below_ours_is_refused_only_to_one_who_would_understand() {
    assert_eq!(wish("89", true).answer(90), Err(TooSmall));
    assert_eq!(wish("89", false).answer(90), Ok(None));
    assert!(wish("90", true).answer(90).unwrap().is_some());
    assert_eq!(Wish::default().answer(90), Ok(None), "nobody asked for a timer");
}

#[test]
fn what_is_no_number_is_no_wish_and_a_huge_one_is_for_ever() {
    for bad in ["", "x", "-1", "1800x", ";refresher=uac"] {
        assert_eq!(Wish::read(Some(bad), None, true), None, "{bad:?}");
        assert_eq!(Wish::read(None, Some(bad), true), None, "{bad:?}");
    }
    assert_eq!(wish("99999999999999999999", true).interval, Some(u32::MAX));
    assert_eq!(wish("1800;refresher=both", true).by_sender, None);
    let now = Clock::system().instant();
    let mut timer = SessionTimer::default();
    timer.agree(wish("4294967295", true).answer(90).unwrap(), now);
    assert_eq!(timer.due(now + s(86_400)), None);
}

#[test]
fn a_session_the_peer_refreshes_lives_and_one_it_forgets_dies_before_its_interval_ends() {
    let start = Clock::system().instant();
    let terms = Terms { interval: 90, refresher: Refresher::Peer, required: true, least: None };
    let mut timer = SessionTimer::default();
    timer.agree(Some(terms), start);
    assert_eq!(timer.wakes_at(), Some(start + s(60)), "a third of 90 s before the end");
    assert_eq!(timer.due(start + s(59)), None);
    timer.agree(Some(Terms { interval: 1800, ..terms }), start + s(59));
    assert_eq!(timer.wakes_at(), Some(start + s(59 + 1800 - 32)));
    assert_eq!(timer.due(start + s(59 + 1768)), Some(Due::Expired));
    assert_eq!((timer.due(start + s(9_999)), timer.wakes_at()), (None, None), "told once");
    timer.agree(None, start);
    assert_eq!(timer.wakes_at(), None);
}

#[test]
fn our_refreshes_come_at_half_the_interval_and_a_refused_one_is_tried_again() {
    let start = Clock::system().instant();
    let terms = Terms { interval: 1800, refresher: Refresher::Us, required: false, least: None };
    let mut timer = SessionTimer::default();
    timer.agree(Some(terms), start);
    assert_eq!(timer.due(start + s(899)), None);
    assert_eq!(timer.due(start + s(900)), Some(Due::Refresh(terms)));
    assert_eq!(timer.due(start + s(900)), None, "it is on its way");
    timer.refreshed(Outcome::Again(s(2)), start + s(901));
    assert_eq!(timer.due(start + s(903)), Some(Due::Refresh(terms)));
    timer.refreshed(Outcome::TooSmall(3600), start + s(904));
    let longer = Terms { interval: 3600, least: Some(3600), ..terms };
    assert_eq!(timer.due(start + s(904)), Some(Due::Refresh(longer)));
    timer.refreshed(Outcome::TooSmall(3600), start + s(905));
    assert_eq!(timer.due(start + s(906)), None, "a peer that repeats itself does not make us spin");
    timer.refreshed(Outcome::Refreshed(longer), start + s(1000));
    assert_eq!(timer.wakes_at(), Some(start + s(1000 + 1800)));
    timer.refreshed(Outcome::Gone, start + s(2801));
    assert_eq!(timer.due(start + s(2801)), Some(Due::Expired));
}

#[test]
fn the_answer_to_our_refresh_may_change_the_terms_but_not_make_us_spin() {
    let before = Terms { interval: 1800, refresher: Refresher::Us, required: false, least: None };
    assert_eq!(wish("600;refresher=uac", true).confirmed(90, before).refresher, Refresher::Us);
    assert_eq!(wish("600;refresher=uas", true).confirmed(90, before).refresher, Refresher::Peer);
    assert_eq!(wish("600;refresher=uac", true).confirmed(90, before).interval, 600);
    assert_eq!(wish("1;refresher=uac", true).confirmed(90, before), before);
    assert_eq!(Wish::default().confirmed(90, before), before, "the peer does not know timers; a proxy may");
}
