//! How often somebody may try a password: at most so many wrong ones a minute for one account and from one address.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::config::limits::{LOGIN_TRIES, LOGIN_TRIES_KEPT};

/// In which `LOGIN_TRIES` are allowed.
const WINDOW: Duration = Duration::from_secs(60);

/// The last tries by whom they concern. Pure; the time is handed in.
#[derive(Debug, Default)]
pub(super) struct Tries {
    of: HashMap<String, Vec<Instant>>,
}

impl Tries {
    /// Counts a try for each of `keys` before the password is looked at, so that many at once gain nothing. `Err`: how long to
    /// wait; nothing was counted.
    pub fn take(&mut self, keys: &[String], now: Instant) -> Result<(), Duration> {
        let wait = keys.iter().filter_map(|key| self.wait(key, now)).max();
        if let Some(wait) = wait {
            return Err(wait);
        }
        if self.of.len() + keys.len() > LOGIN_TRIES_KEPT {
            self.make_room(keys.len(), now);
        }
        for key in keys {
            self.of.entry(key.clone()).or_default().push(now);
        }
        Ok(())
    }

    /// The password was right: this try does not count.
    pub fn forgive(&mut self, keys: &[String], at: Instant) {
        for key in keys {
            if let Some(tries) = self.of.get_mut(key) {
                if let Some(place) = tries.iter().position(|one| *one == at) {
                    tries.remove(place);
                }
                if tries.is_empty() {
                    self.of.remove(key);
                }
            }
        }
    }

    /// Until the next try of this key. `None`: now.
    fn wait(&mut self, key: &str, now: Instant) -> Option<Duration> {
        let tries = self.of.get_mut(key)?;
        tries.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        let oldest = tries.first().filter(|_| tries.len() >= LOGIN_TRIES)?;
        Some(WINDOW.saturating_sub(now.saturating_duration_since(*oldest)))
    }

    /// Forgets what is over; should that not be enough, those that were tried least lately.
    fn make_room(&mut self, count: usize, now: Instant) {
        let last = |tries: &Vec<Instant>| tries.last().copied();
        self.of.retain(|_, tries| last(tries).is_some_and(|at| now.saturating_duration_since(at) < WINDOW));
        while self.of.len() + count > LOGIN_TRIES_KEPT {
            let oldest = self.of.iter().min_by_key(|(_, tries)| last(tries)).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.of.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::clock::Clock;

    fn keys(name: &str, from: &str) -> Vec<String> {
        vec![format!("name {name}"), format!("from {from}")]
    }

    #[test]
    fn five_wrong_tries_a_minute_for_an_account_and_from_an_address_whatever_the_pace() {
        let start = Clock::system().instant();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        for pace in [0, 1, 7, 11] {
            let mut tries = Tries::default();
            let passed: Vec<u64> = (0..600)
                .filter(|second| pace == 0 || second % pace == 0)
                .filter(|second| tries.take(&keys("li", &second.to_string()), at(*second)).is_ok())
                .collect();
            for window in passed.windows(LOGIN_TRIES + 1) {
                assert!(window[LOGIN_TRIES] - window[0] >= 60, "pace {pace}: {window:?}");
            }
            assert!(passed.len() >= 45, "and no fewer: {}", passed.len());
        }
        let mut tries = Tries::default();
        let spraying = |tries: &mut Tries, n: usize| tries.take(&keys(&n.to_string(), "192.0.2.1"), at(0));
        assert_eq!((0..100).filter(|n| spraying(&mut tries, *n).is_ok()).count(), LOGIN_TRIES);
        assert_eq!(spraying(&mut tries, 100), Err(Duration::from_secs(60)), "and says when it may again");
        assert!(tries.take(&keys("li", "192.0.2.2"), at(0)).is_ok(), "others are not held up");
    }

    #[test]
    fn a_right_password_is_no_try() {
        let now = Clock::system().instant();
        let mut tries = Tries::default();
        for _ in 0..100 {
            tries.take(&keys("li", "192.0.2.1"), now).unwrap();
            tries.forgive(&keys("li", "192.0.2.1"), now);
        }
        assert!(tries.of.is_empty());
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_oldest_first() {
        let start = Clock::system().instant();
        let mut tries = Tries::default();
        for n in 0..u64::try_from(LOGIN_TRIES_KEPT).unwrap() + 50 {
            let now = start + Duration::from_millis(n);
            tries.take(&keys(&n.to_string(), &n.to_string()), now).unwrap();
        }
        assert_eq!(tries.of.len(), LOGIN_TRIES_KEPT);
        assert!(!tries.of.contains_key("name 0"));
    }
}
