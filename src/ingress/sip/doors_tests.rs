use std::time::Duration;

use super::*;
use crate::ops::clock::Clock;

fn trunk(allow: &str, trust_identity: bool) -> Trunk {
    Trunk {
        name: allow.into(),
        allow: vec![allow.parse().unwrap()],
        trust_identity,
        max_calls: None,
        calls_per_second: None,
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn entry(doors: &Doors, source: &str) -> Entry {
    doors.entry(ip(source))
}

/// How many of `tries` new INVITEs get in, and why the last one did not.
fn invites(doors: &Doors, source: &str, first: u64, tries: u64, now: Instant) -> (u64, Option<&'static str>) {
    let mut refused = None;
    let taken = (first..first + tries)
        .filter(|invite| match doors.invite(ip(source), *invite, false, now) {
            Ok(()) => true,
            Err(busy) => {
                refused = Some(busy.reason);
                false
            }
        })
        .count();
    (u64::try_from(taken).unwrap(), refused)
}

#[test]
fn an_unlisted_source_stays_outside_and_loopback_is_always_in() {
    let doors = Doors::new(false, vec![trunk("192.0.2.0/24", false)]);
    assert_eq!(entry(&doors, "192.0.2.9"), Entry::Admitted { trusted: false });
    assert_eq!(entry(&doors, "192.0.3.9"), Entry::Unlisted);
    assert_eq!(entry(&doors, "127.0.0.7"), Entry::Admitted { trusted: true });
    assert_eq!(entry(&doors, "::1"), Entry::Admitted { trusted: true });
    assert_eq!(entry(&doors, "::ffff:192.0.3.9"), Entry::Unlisted);
    assert_eq!(entry(&doors, "::ffff:192.0.2.9"), Entry::Admitted { trusted: false });
    assert_eq!(entry(&Doors::new(false, vec![]), "198.51.100.1"), Entry::Unlisted);
}

#[test]
fn an_identity_is_believed_only_from_a_trunk_that_vouches_for_it() {
    let doors = Doors::new(true, vec![trunk("192.0.2.0/24", false), trunk("198.51.100.0/24", true)]);
    assert!(doors.trusts(ip("198.51.100.7")));
    assert!(!doors.trusts(ip("192.0.2.7")));
    assert_eq!(entry(&doors, "203.0.113.1"), Entry::Admitted { trusted: false }, "open, yet not trusted");
}

#[test]
fn a_source_listed_by_two_trunks_is_trusted_when_either_vouches() {
    let doors = Doors::new(false, vec![trunk("192.0.2.0/24", false), trunk("192.0.2.128/25", true)]);
    assert!(doors.trusts(ip("192.0.2.200")));
}

#[test]
fn a_trunk_that_lists_a_loopback_address_holds_it_to_its_limits() {
    let held = Trunk { max_calls: Some(5), calls_per_second: Some(2), ..trunk("127.0.0.0/24", false) };
    let doors = Doors::new(false, vec![held]);
    assert_eq!(entry(&doors, "127.0.0.7"), Entry::Admitted { trusted: false });
    assert_eq!(entry(&doors, "127.1.0.1"), Entry::Admitted { trusted: true }, "not of the trunk");
    let now = Clock::system().instant();
    assert_eq!(invites(&doors, "127.0.0.7", 0, 100, now), (2, Some("trunk_rate")));
    assert_eq!(invites(&doors, "127.1.0.1", 1_000, 100, now), (100, None));
    assert_eq!(doors.invite(ip("127.0.0.7"), 0, false, now), Ok(()), "a retransmission costs nothing");
    assert_eq!(invites(&doors, "127.0.0.7", 200, 9, now + Duration::from_secs(1)), (2, Some("trunk_rate")));
    let refused = doors.invite(ip("127.0.0.8"), 300, false, now + Duration::from_secs(1)).unwrap_err();
    assert_eq!(refused.trunk.as_deref(), Some("127.0.0.0/24"));
}

#[test]
fn strangers_are_held_to_thirty_messages_in_two_seconds_and_trunks_to_what_they_carry() {
    let doors = Doors::new(true, vec![trunk("192.0.2.0/24", false)]);
    let start = Clock::system().instant();
    let passed = |source: &str, tries: u32, after_ms: u64| {
        let now = start + Duration::from_millis(after_ms);
        (0..tries).filter(|_| doors.keeps_rate(ip(source), now)).count()
    };
    assert_eq!(passed("203.0.113.1", 1_000, 0), 30);
    assert_eq!(passed("203.0.113.2", 1_000, 0), 30, "each for itself");
    assert_eq!(passed("203.0.113.1", 1_000, 2_000), 30);
    assert_eq!(passed("192.0.2.1", 5_000, 0), 5_000);
    assert_eq!(passed("127.0.0.1", 5_000, 0), 5_000);
}

#[test]
fn unacknowledged_invites_of_strangers_leave_the_trunks_their_room() {
    let doors = Doors::new(true, vec![trunk("192.0.2.0/24", false)]);
    let now = Clock::system().instant();
    assert_eq!(invites(&doors, "203.0.113.1", 0, 20, now), (8, Some("half_open")));
    for host in 2..=200_u64 {
        invites(&doors, &format!("203.0.113.{host}"), host * 100, 20, now);
    }
    assert_eq!(doors.half_open(now), limits::HALF_OPEN_STRANGERS);
    assert_eq!(invites(&doors, "192.0.2.1", 100_000, 500, now), (500, None));
    doors.acknowledged(0);
    assert_eq!(doors.invite(ip("203.0.113.1"), 99, false, now), Ok(()), "an ACK makes room");
    assert_eq!(doors.half_open(now + limits::HALF_OPEN_LIFE), 0);
}

#[test]
fn a_full_gateway_refuses_new_calls_but_knows_the_ones_it_took() {
    let doors = Doors::new(false, vec![]);
    let now = Clock::system().instant();
    assert_eq!(doors.invite(ip("127.0.0.1"), 1, false, now), Ok(()));
    assert_eq!(doors.invite(ip("127.0.0.1"), 1, true, now), Ok(()));
    assert_eq!(doors.invite(ip("127.0.0.1"), 2, true, now).unwrap_err().reason, "full");
}

#[test]
fn a_trunk_with_all_its_calls_is_refused_until_one_ends() {
    let doors = Doors::new(false, vec![Trunk { max_calls: Some(1), ..trunk("192.0.2.0/24", false) }]);
    let admission = crate::ingress::admission::Admission::new(10);
    let call = admission.admit_within(doors.quota(ip("192.0.2.1")).as_ref()).unwrap();
    let now = Clock::system().instant();
    assert_eq!(doors.invite(ip("192.0.2.2"), 1, false, now).unwrap_err().reason, "trunk_calls");
    drop(call);
    assert_eq!(doors.invite(ip("192.0.2.2"), 1, false, now), Ok(()));
}

#[test]
fn trunks_change_while_their_calls_go_on() {
    let city = |allow: &str, calls: usize| Trunk { name: "city".into(), max_calls: Some(calls), ..trunk(allow, false) };
    let doors = Doors::new(false, vec![city("192.0.2.0/24", 2)]);
    let admission = crate::ingress::admission::Admission::new(10);
    let _call = admission.admit_within(doors.quota(ip("192.0.2.1")).as_ref()).unwrap();
    doors.replace_trunks(vec![trunk("203.0.113.0/24", false), city("198.51.100.0/24", 1)]);
    assert_eq!(entry(&doors, "192.0.2.1"), Entry::Unlisted);
    let now = Clock::system().instant();
    let refused = doors.invite(ip("198.51.100.1"), 1, false, now).unwrap_err();
    assert_eq!(refused, Busy { reason: "trunk_calls", trunk: Some("city".into()) }, "its call of before counts");
    assert_eq!(doors.invite(ip("203.0.113.1"), 2, false, now), Ok(()));
}
