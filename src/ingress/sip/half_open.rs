//! INVITEs that nobody has acknowledged yet: counted, so that a flood of them cannot fill the stack. Pure.
//!
//! Everything is told by the wire alone: an INVITE without a To tag opens, the ACK with its Call-ID, From tag and CSeq
//! number closes, and the transaction layer's own end (64*T1) forgets. A retransmission is known and counts once.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Instant;

use crate::config::limits;

use crate::ingress::buckets::neighbourhood;

/// An INVITE by the hash of what its ACK repeats.
pub(super) type InviteHash = u64;

/// How many a group (a trunk, this host, all strangers) and one address of it may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    pub group: usize,
    pub address: usize,
}

#[derive(Debug, Default)]
pub(super) struct HalfOpen {
    invites: HashMap<InviteHash, Pending>,
    /// When each was entered, oldest first; what was acknowledged since is skipped.
    order: VecDeque<(Instant, InviteHash)>,
    by_address: HashMap<(usize, IpAddr), usize>,
    by_group: HashMap<usize, usize>,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    group: usize,
    address: IpAddr,
    since: Instant,
}

impl HalfOpen {
    pub fn len(&self) -> usize {
        self.invites.len()
    }

    pub fn is_known(&self, invite: InviteHash) -> bool {
        self.invites.contains_key(&invite)
    }

    /// Would a new INVITE of `source` be over a cap?
    pub fn has_no_room(&mut self, source: IpAddr, group: usize, caps: Caps, now: Instant) -> bool {
        self.forget_old(now);
        let of_address = (group, neighbourhood(source));
        self.by_group.get(&group).is_some_and(|count| *count >= caps.group)
            || self.by_address.get(&of_address).is_some_and(|count| *count >= caps.address)
    }

    /// An INVITE of `source`, which belongs to `group`, was let in.
    pub fn enter(&mut self, invite: InviteHash, source: IpAddr, group: usize, now: Instant) {
        let address = neighbourhood(source);
        if self.invites.insert(invite, Pending { group, address, since: now }).is_none() {
            self.order.push_back((now, invite));
            *self.by_group.entry(group).or_default() += 1;
            *self.by_address.entry((group, address)).or_default() += 1;
        }
    }

    /// Its ACK came.
    pub fn acknowledged(&mut self, invite: InviteHash) {
        let Some(Pending { group, address, .. }) = self.invites.remove(&invite) else { return };
        count_down(&mut self.by_group, group);
        count_down(&mut self.by_address, (group, address));
        // Acknowledged ones leave their entry in the order; they must not outnumber the living for long.
        if self.order.len() > self.invites.len().saturating_mul(2).saturating_add(1_024) {
            let invites = &self.invites;
            self.order.retain(|(since, invite)| invites.get(invite).is_some_and(|pending| pending.since == *since));
        }
    }

    /// Forgets what is older than the transaction layer remembers.
    pub fn forget_old(&mut self, now: Instant) {
        while let Some((since, invite)) = self.order.front().copied() {
            if now.saturating_duration_since(since) < limits::HALF_OPEN_LIFE {
                return;
            }
            self.order.pop_front();
            if self.invites.get(&invite).is_some_and(|pending| pending.since == since) {
                self.acknowledged(invite);
            }
        }
    }
}

fn count_down<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ops::clock::Clock;

    const CAPS: Caps = Caps { group: 5, address: 2 };

    fn ip(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn an_address_then_its_group_are_full_and_an_ack_makes_room() {
        let now = Clock::system().instant();
        let mut open = HalfOpen::default();
        open.enter(1, ip(1), 0, now);
        open.enter(1, ip(1), 0, now);
        assert!(open.is_known(1) && !open.has_no_room(ip(1), 0, CAPS, now), "entered twice, counted once");
        open.enter(2, ip(1), 0, now);
        assert!(open.has_no_room(ip(1), 0, CAPS, now), "the address has two");
        for n in 3..6 {
            assert!(!open.has_no_room(ip(9), 0, Caps { address: 9, ..CAPS }, now));
            open.enter(n, ip(9), 0, now);
        }
        assert!(open.has_no_room(ip(8), 0, CAPS, now), "the group has five");
        assert!(!open.has_no_room(ip(8), 1, CAPS, now), "another group is another matter");
        open.acknowledged(1);
        open.acknowledged(1);
        assert!(!open.has_no_room(ip(1), 0, CAPS, now) && open.len() == 4);
    }

    #[test]
    fn what_is_never_acknowledged_is_forgotten_and_nothing_is_left_behind() {
        let start = Clock::system().instant();
        let mut open = HalfOpen::default();
        for n in 0..20_000 {
            let now = start + Duration::from_millis(n);
            open.enter(n, ip(u8::try_from(n % 7).unwrap()), 0, now);
            if n % 2 == 0 {
                open.acknowledged(n);
            }
        }
        assert_eq!(open.len(), 10_000);
        assert!(open.order.len() <= 2 * open.len() + 1_024);
        open.forget_old(start + Duration::from_secs(20) + limits::HALF_OPEN_LIFE);
        assert_eq!((open.len(), open.order.len()), (0, 0));
        assert!(open.by_address.is_empty() && open.by_group.is_empty());
    }
}
