//! How many files and sockets this process may have open: a call holds two sockets and a recording.

use rustix::process::{Resource, getrlimit, setrlimit};

/// The process may open fewer files than its work needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{needed} open files are needed and the system allows {allowed}; run `ulimit -n {needed}` as root first, or set \
     LimitNOFILE={needed} in the service unit"
)]
pub struct TooFew {
    pub needed: u64,
    pub allowed: u64,
}

/// Raises the soft limit to what the system allows, and says whether that is enough for `needed` open files.
pub fn allow(needed: u64) -> Result<(), TooFew> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // Refused only by a sandbox; then the old limit stands and is judged.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    match getrlimit(Resource::Nofile).current {
        Some(allowed) if allowed < needed => Err(TooFew { needed, allowed }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_too_low_is_told_with_both_numbers() {
        assert_eq!(allow(1), Ok(()));
        if let Err(error) = allow(u64::MAX) {
            assert_eq!(error.needed, u64::MAX);
            assert!(error.allowed > 0 && error.to_string().contains("LimitNOFILE"));
        }
    }
}
