//! Session timers (RFC 4028): who refreshes the session, when, and when it counts as dead. Pure.

use std::time::{Duration, Instant};

/// Most that a BYE leaves before the session's end (RFC 4028 section 10).
const MARGIN: Duration = Duration::from_secs(32);

/// Who sends the refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresher {
    Us,
    Peer,
}

/// What a request or response says about timers. Intervals in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// `Session-Expires`.
    pub interval: Option<u32>,
    /// Its `refresher` is the side that sent the request (`uac`), or the one that answers (`uas`).
    pub by_sender: Option<bool>,
    /// `Min-SE`.
    pub least: Option<u32>,
    /// `timer` stands in Supported or Require.
    pub supported: bool,
}

/// What was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub interval: u32,
    pub refresher: Refresher,
    /// The peer knows the extension: the answer requires it.
    pub required: bool,
    /// Greatest Min-SE that a 422 told us, to be repeated in our requests (RFC 4028 section 7.4).
    pub least: Option<u32>,
}

/// The interval is below what we take: 422 with Min-SE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooSmall;

impl Wish {
    /// Reads the values of the headers `Session-Expires` and `Min-SE`; `None`: not as RFC 4028 section 4 writes them.
    pub fn read(session_expires: Option<&str>, min_se: Option<&str>, supported: bool) -> Option<Self> {
        let mut wish = Self { supported, ..Self::default() };
        if let Some(value) = session_expires {
            let mut parts = value.split(';');
            wish.interval = Some(seconds(parts.next()?)?);
            wish.by_sender = parts.find_map(|parameter| {
                let (name, value) = parameter.split_once('=')?;
                let known = [("uac", true), ("uas", false)];
                let side = known.iter().find(|(side, _)| value.trim().eq_ignore_ascii_case(side));
                name.trim().eq_ignore_ascii_case("refresher").then_some(side?.1)
            });
        }
        if let Some(value) = min_se {
            wish.least = Some(seconds(value.split(';').next()?)?);
        }
        Some(wish)
    }

    /// Our answer to a request (RFC 4028 section 9, table 2). `least`: ours. We ask for no timer of our own, and the
    /// peer refreshes where it left the choice to us.
    pub fn answer(self, least: u32) -> Result<Option<Terms>, TooSmall> {
        let Some(interval) = self.interval else { return Ok(None) };
        if interval < least {
            // One that does not know the extension would not understand the 422 either: no timer then.
            return if self.supported { Err(TooSmall) } else { Ok(None) };
        }
        let by_sender = self.supported && self.by_sender.unwrap_or(true);
        let refresher = if by_sender { Refresher::Peer } else { Refresher::Us };
        Ok(Some(Terms { interval, refresher, required: self.supported, least: None }))
    }

    /// What the 2xx to our refresh says (section 7.2); without Session-Expires, or with one below `least`, the terms
    /// stay.
    pub fn confirmed(self, least: u32, before: Terms) -> Terms {
        match self.interval.filter(|interval| *interval >= least) {
            Some(interval) => {
                let refresher = if self.by_sender == Some(false) { Refresher::Peer } else { Refresher::Us };
                Terms { interval, refresher, required: true, ..before }
            }
            None => before,
        }
    }
}

/// `delta-seconds`; more than fits is as good as for ever.
fn seconds(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

impl Terms {
    /// Value of `Session-Expires` in a message; `sender`: who sent, or sends, its request.
    pub fn header(&self, sender: Refresher) -> String {
        let side = if self.refresher == sender { "uac" } else { "uas" };
        format!("{};refresher={side}", self.interval)
    }
}

/// What the clock asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Send a refresh.
    Refresh(Terms),
    /// The session is dead: BYE. Told once.
    Expired,
}

/// What became of our refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Refreshed(Terms),
    /// 422 with this Min-SE.
    TooSmall(u32),
    /// Not now (491, or another refusal that says nothing about the session): again after this time.
    Again(Duration),
    /// 408, 481 or no response: the peer has no such session (section 10).
    Gone,
}

/// The timer of one session.
#[derive(Debug, Default)]
pub(super) struct SessionTimer {
    running: Option<Running>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    terms: Terms,
    /// The BYE leaves before the interval ends: by a third of it, at most 32 s (section 10).
    dies: Instant,
    /// When we refresh next; `None`: the peer does, or our refresh is on its way.
    refresh: Option<Instant>,
}

impl SessionTimer {
    /// New terms, from the moment `now` of their 2xx. `None`: no timer any more.
    pub fn agree(&mut self, terms: Option<Terms>, now: Instant) {
        self.running = terms.map(|terms| {
            let interval = Duration::from_secs(u64::from(terms.interval));
            let dies = now + (interval - (interval / 3).min(MARGIN));
            let refresh = (terms.refresher == Refresher::Us).then(|| now + interval / 2);
            Running { terms, dies, refresh }
        });
    }

    /// When `due` has news.
    pub fn wakes_at(&self) -> Option<Instant> {
        let running = self.running?;
        Some(running.refresh.map_or(running.dies, |refresh| refresh.min(running.dies)))
    }

    pub fn due(&mut self, now: Instant) -> Option<Due> {
        let running = self.running.as_mut()?;
        if now >= running.dies {
            self.running = None;
            return Some(Due::Expired);
        }
        running.refresh.take_if(|refresh| now >= *refresh).map(|_| Due::Refresh(running.terms))
    }

    /// Our refresh of these `terms` ended.
    pub fn refreshed(&mut self, outcome: Outcome, now: Instant) {
        let Some(running) = self.running.as_mut() else { return };
        match outcome {
            Outcome::Refreshed(terms) => self.agree(Some(terms), now),
            Outcome::TooSmall(least) if least > running.terms.interval => {
                running.terms = Terms { interval: least, least: Some(least), ..running.terms };
                running.refresh = Some(now);
            }
            Outcome::TooSmall(_) => running.refresh = None,
            Outcome::Again(after) => running.refresh = Some(now + after),
            Outcome::Gone => running.dies = now,
        }
    }
}

#[cfg(test)]
#[path = "session_timer_tests.rs"]
mod tests;
