//! Who may speak SIP to us: loopback, the networks of a trunk, or anyone when the doors are declared open.

use std::net::IpAddr;

use crate::config::Trunk;

/// The allow lists of all trunks.
#[derive(Clone, Debug)]
pub struct Doors {
    open: bool,
    trunks: Vec<Trunk>,
}

/// What a source may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Its requests are answered; `trusted` means its P-Asserted-Identity is believed (RFC 3325 section 5).
    Admitted { trusted: bool },
    /// It gets no answer at all, so a scanner learns nothing.
    Unlisted,
}

impl Doors {
    pub fn new(open: bool, trunks: Vec<Trunk>) -> Self {
        Self { open, trunks }
    }

    pub fn entry(&self, source: IpAddr) -> Entry {
        let source = source.to_canonical();
        if source.is_loopback() {
            return Entry::Admitted { trusted: true };
        }
        let mut listed = false;
        for trunk in self.trunks.iter().filter(|trunk| trunk.allow.iter().any(|net| net.contains(&source))) {
            if trunk.trust_identity {
                return Entry::Admitted { trusted: true };
            }
            listed = true;
        }
        if listed || self.open { Entry::Admitted { trusted: false } } else { Entry::Unlisted }
    }

    pub fn trusts(&self, source: IpAddr) -> bool {
        self.entry(source) == Entry::Admitted { trusted: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trunk(allow: &str, trust_identity: bool) -> Trunk {
        Trunk {
            name: allow.into(),
            allow: vec![allow.parse().unwrap()],
            trust_identity,
            max_calls: None,
            calls_per_second: None,
        }
    }

    fn entry(doors: &Doors, source: &str) -> Entry {
        doors.entry(source.parse().unwrap())
    }

    #[test]
    fn an_unlisted_source_stays_outside_and_loopback_is_always_in() {
        let doors = Doors::new(false, vec![trunk("192.0.2.0/24", false)]);
        assert_eq!(entry(&doors, "192.0.2.9"), Entry::Admitted { trusted: false });
        assert_eq!(entry(&doors, "192.0.3.9"), Entry::Unlisted);
        assert_eq!(entry(&doors, "127.0.0.7"), Entry::Admitted { trusted: true });
        assert_eq!(entry(&doors, "::ffff:192.0.3.9"), Entry::Unlisted);
        assert_eq!(entry(&Doors::new(false, vec![]), "198.51.100.1"), Entry::Unlisted);
    }

    #[test]
    fn an_identity_is_believed_only_from_a_trunk_that_vouches_for_it() {
        let doors = Doors::new(true, vec![trunk("192.0.2.0/24", false), trunk("198.51.100.0/24", true)]);
        assert!(doors.trusts("198.51.100.7".parse().unwrap()));
        assert!(!doors.trusts("192.0.2.7".parse().unwrap()));
        assert_eq!(entry(&doors, "203.0.113.1"), Entry::Admitted { trusted: false }, "open, yet not trusted");
    }

    #[test]
    fn a_source_listed_by_two_trunks_is_trusted_when_either_vouches() {
        let doors = Doors::new(false, vec![trunk("192.0.2.0/24", false), trunk("192.0.2.128/25", true)]);
        assert!(doors.trusts("192.0.2.200".parse().unwrap()));
    }
}
