//! Who may speak SIP to us, and how much: loopback, the networks of a trunk, or anyone when the doors are declared
//! open. The time is handed in, so tests step it.
//!
//! Order of the checks, cheapest first: is the source listed, does it keep its rate, does its trunk (or all strangers
//! together) still have room for an INVITE. Nothing here allocates for a message that is turned away.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Instant;

use crate::config::{Trunk, limits};
use crate::ingress::admission::Quota;

use super::half_open::{Caps, HalfOpen, InviteHash};
use crate::ingress::buckets::{Bucket, Buckets, Rate};

/// The allow lists and limits of all trunks, and what each source has used of them.
#[derive(Debug)]
pub struct Doors {
    rules: RwLock<Rules>,
    used: Mutex<Used>,
}

#[derive(Debug)]
struct Rules {
    open: bool,
    trunks: Vec<Listed>,
}

/// A trunk and its limits.
#[derive(Debug)]
struct Listed {
    trunk: Trunk,
    quota: Option<Quota>,
    calls: Option<Rate>,
    messages: Rate,
    half_open: usize,
}

#[derive(Debug)]
struct Used {
    sources: Buckets,
    /// INVITEs of each trunk, in the order of the trunks.
    calls: Vec<Bucket>,
    half_open: HalfOpen,
}

/// What a source may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Its requests are answered; `trusted` means its P-Asserted-Identity is believed (RFC 3325 section 5).
    Admitted { trusted: bool },
    /// It gets no answer at all, so a scanner learns nothing.
    Unlisted,
}

/// Where a source belongs. A trunk's own address is the trunk's also on loopback, so that a proxy on this host can be
/// held to limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Trunk(usize),
    Loopback,
    Stranger,
    Unlisted,
}

/// Why an INVITE is refused with 503.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Busy {
    /// Metric label.
    pub reason: &'static str,
    /// The trunk whose limit it is.
    pub trunk: Option<String>,
}

/// Groups of half-open INVITEs that are no trunk; trunks are counted from 0.
const STRANGERS: usize = usize::MAX;
const LOOPBACK: usize = usize::MAX - 1;

impl Listed {
    /// `quota`: what an earlier listing of the trunk counts its calls in.
    fn new(trunk: Trunk, quota: Option<Quota>) -> Self {
        let (rate, burst) = match trunk.calls_per_second {
            // Never slower than a stranger may be.
            Some(calls) => {
                let rate = calls.saturating_mul(limits::MESSAGES_PER_CALL);
                (rate.max(limits::STRANGER_RATE.0), rate.max(limits::STRANGER_RATE.1))
            }
            None => limits::TRUNK_RATE,
        };
        Self {
            quota: trunk.max_calls.map(|calls| match quota {
                Some(quota) => {
                    quota.resize(calls);
                    quota
                }
                None => Quota::new(calls),
            }),
            calls: trunk.calls_per_second.map(|calls| Rate::new(calls, calls)),
            messages: Rate::new(rate, burst),
            half_open: trunk.max_calls.map_or(limits::HALF_OPEN_PER_TRUNK, |calls| calls.saturating_mul(2)),
            trunk,
        }
    }
}

impl Doors {
    pub fn new(open: bool, trunks: Vec<Trunk>) -> Self {
        let used = Used { sources: Buckets::new(), calls: Vec::new(), half_open: HalfOpen::default() };
        let doors = Self { rules: RwLock::new(Rules { open, trunks: Vec::new() }), used: Mutex::new(used) };
        doors.replace_trunks(trunks);
        doors
    }

    /// Other trunks from now on. One that keeps its name keeps its running calls in its quota.
    pub fn replace_trunks(&self, trunks: Vec<Trunk>) {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = trunks.into_iter().map(|trunk| {
            let before = rules.trunks.iter().find(|listed| listed.trunk.name == trunk.name);
            Listed::new(trunk, before.and_then(|listed| listed.quota.clone()))
        });
        let fresh: Vec<_> = fresh.collect();
        self.used().calls = vec![Bucket::default(); fresh.len()];
        rules.trunks = fresh;
    }

    pub fn entry(&self, source: IpAddr) -> Entry {
        let rules = self.rules();
        match rules.standing(source) {
            Standing::Unlisted => Entry::Unlisted,
            Standing::Loopback => Entry::Admitted { trusted: true },
            Standing::Stranger => Entry::Admitted { trusted: false },
            // A source that two trunks list is trusted when either vouches for it.
            Standing::Trunk(_) => {
                Entry::Admitted { trusted: rules.listing(source).any(|(_, listed)| listed.trunk.trust_identity) }
            }
        }
    }

    pub fn trusts(&self, source: IpAddr) -> bool {
        self.entry(source) == Entry::Admitted { trusted: true }
    }

    /// Listed, so its connections give way last.
    pub(super) fn knows(&self, source: IpAddr) -> bool {
        matches!(self.rules().standing(source), Standing::Trunk(_) | Standing::Loopback)
    }

    /// The quota that a call from `source` counts against.
    pub(super) fn quota(&self, source: IpAddr) -> Option<Quota> {
        let rules = self.rules();
        rules.trunk(rules.standing(source))?.quota.clone()
    }

    /// Takes one of the messages that `source` may send; false when it goes too fast.
    pub(super) fn keeps_rate(&self, source: IpAddr, now: Instant) -> bool {
        let rules = self.rules();
        let standing = rules.standing(source);
        let rate = match (standing, rules.trunk(standing)) {
            (_, Some(listed)) => listed.messages,
            (Standing::Loopback, _) => Rate::new(limits::TRUNK_RATE.0, limits::TRUNK_RATE.1),
            _ => Rate::new(limits::STRANGER_RATE.0, limits::STRANGER_RATE.1),
        };
        self.used().sources.take(source.to_canonical(), rate, now)
    }

    /// An INVITE that opens a dialog: `Ok` lets it in, and a retransmission of one that is in.
    pub(super) fn invite(&self, source: IpAddr, invite: InviteHash, full: bool, now: Instant) -> Result<(), Busy> {
        let rules = self.rules();
        let standing = rules.standing(source);
        let listed = rules.trunk(standing);
        let busy = |reason| Err(Busy { reason, trunk: listed.map(|listed| listed.trunk.name.clone()) });
        let mut used = self.used();
        if used.half_open.is_known(invite) {
            return Ok(());
        }
        if full {
            return Err(Busy { reason: "full", trunk: None });
        }
        if listed.and_then(|listed| listed.quota.as_ref()).is_some_and(Quota::is_full) {
            return busy("trunk_calls");
        }
        let (group, caps) = match (standing, listed) {
            (Standing::Trunk(index), Some(listed)) => {
                (index, Caps { group: listed.half_open, address: listed.half_open })
            }
            (Standing::Loopback, _) => {
                (LOOPBACK, Caps { group: limits::HALF_OPEN_PER_TRUNK, address: limits::HALF_OPEN_PER_TRUNK })
            }
            _ => (STRANGERS, Caps { group: limits::HALF_OPEN_STRANGERS, address: limits::HALF_OPEN_PER_STRANGER }),
        };
        if used.half_open.has_no_room(source, group, caps, now) {
            return busy("half_open");
        }
        if let (Standing::Trunk(index), Some(rate)) = (standing, listed.and_then(|listed| listed.calls))
            && let Some(bucket) = used.calls.get_mut(index)
            && !bucket.take(rate, now)
        {
            return busy("trunk_rate");
        }
        used.half_open.enter(invite, source, group, now);
        Ok(())
    }

    /// An ACK came.
    pub(super) fn acknowledged(&self, invite: InviteHash) {
        self.used().half_open.acknowledged(invite);
    }

    /// INVITEs that nobody has acknowledged yet.
    pub(super) fn half_open(&self, now: Instant) -> usize {
        let mut used = self.used();
        used.half_open.forget_old(now);
        used.half_open.len()
    }

    fn rules(&self) -> RwLockReadGuard<'_, Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rules {
    fn standing(&self, source: IpAddr) -> Standing {
        let source = source.to_canonical();
        match self.listing(source).next() {
            Some((index, _)) => Standing::Trunk(index),
            None if source.is_loopback() => Standing::Loopback,
            None if self.open => Standing::Stranger,
            None => Standing::Unlisted,
        }
    }

    fn trunk(&self, standing: Standing) -> Option<&Listed> {
        match standing {
            Standing::Trunk(index) => self.trunks.get(index),
            _ => None,
        }
    }

    fn listing(&self, source: IpAddr) -> impl Iterator<Item = (usize, &Listed)> {
        let source = source.to_canonical();
        let lists = move |listed: &Listed| listed.trunk.allow.iter().any(|net| net.contains(&source));
        self.trunks.iter().enumerate().filter(move |(_, listed)| lists(listed))
    }
}

#[cfg(test)]
#[path = "doors_tests.rs"]
mod tests;
