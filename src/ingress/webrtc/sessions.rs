//! Which URL and bearer belong to which call, from the answer until ten minutes after the hang-up.
//!
//! A session's URL cannot be guessed and may end its call; reading what was understood takes the bearer too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use crate::call::CallId;
use crate::config::limits;
use crate::ops::clock::Clock;

/// Last part of a session's URL: 128 random bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(String);

/// Opens what was understood of one call: 256 random bits, kept as their hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer(String);

/// The sessions of all calls. Clones share them.
#[derive(Clone)]
pub struct Sessions {
    known: Arc<Mutex<Known>>,
    clock: Clock,
}

#[derive(Default)]
struct Known {
    sessions: HashMap<SessionId, Session>,
    by_bearer: HashMap<[u8; 32], SessionId>,
}

struct Session {
    call: CallId,
    line: String,
    bearer: [u8; 32],
    /// When the caller was gone.
    ended: Option<Instant>,
}

/// Why a request about a session is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSession {
    #[error("no such call; it ended more than ten minutes ago, or the address is wrong")]
    Unknown,
    #[error("this bearer does not open this call")]
    Bearer,
}

impl SessionId {
    /// As it came in a URL; [`Sessions`] says whether it exists.
    pub fn from_url(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Bearer {
    /// As it came in a header.
    pub fn from_header(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// For the one answer that tells it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer(…)")
    }
}

impl Sessions {
    pub fn new(clock: Clock) -> Self {
        Self { known: Arc::default(), clock }
    }

    /// A session for this call. `None`: the system has no random numbers.
    pub fn open(&self, call: CallId, line: &str) -> Option<(SessionId, Bearer)> {
        let id = SessionId(random::<16>()?);
        let bearer = Bearer(random::<32>()?);
        let session = Session { call, line: line.to_owned(), bearer: bearer.hash(), ended: None };
        let mut known = self.lock();
        known.forget_old(self.clock.instant());
        known.by_bearer.insert(session.bearer, id.clone());
        known.sessions.insert(id.clone(), session);
        Some((id, bearer))
    }

    /// The call of this URL.
    pub fn call(&self, line: &str, id: &SessionId) -> Result<CallId, NoSession> {
        self.with(line, id, |session| Ok(session.call))
    }

    /// The call of this URL, for who has its bearer.
    pub fn open_with(&self, line: &str, id: &SessionId, bearer: &Bearer) -> Result<CallId, NoSession> {
        // Hashes are compared, so the time it takes tells nothing about the bearer.
        self.with(
            line,
            id,
            |session| {
                if session.bearer == bearer.hash() { Ok(session.call) } else { Err(NoSession::Bearer) }
            },
        )
    }

    /// The call of this line that this bearer opens, whatever its URL: an earlier call to add to.
    pub fn of_bearer(&self, line: &str, bearer: &Bearer) -> Option<CallId> {
        let known = self.lock();
        let id = known.by_bearer.get(&bearer.hash())?;
        known.readable(line, id, self.clock.instant()).map(|session| session.call)
    }

    /// Whether this is the bearer of a call other than that of `id`.
    pub fn is_of_another(&self, id: &SessionId, bearer: &Bearer) -> bool {
        self.lock().by_bearer.get(&bearer.hash()).is_some_and(|of| of != id)
    }

    /// The call was never answered: nobody was told of this session.
    pub fn close(&self, id: &SessionId) {
        self.lock().remove(id);
    }

    /// The caller is gone; the session can be read for ten minutes more.
    pub fn ended(&self, id: &SessionId) {
        let now = self.clock.instant();
        if let Some(session) = self.lock().sessions.get_mut(id) {
            session.ended.get_or_insert(now);
        }
    }

    pub fn len(&self) -> usize {
        self.lock().sessions.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lock().sessions.is_empty()
    }

    fn with<T>(
        &self,
        line: &str,
        id: &SessionId,
        read: impl FnOnce(&Session) -> Result<T, NoSession>,
    ) -> Result<T, NoSession> {
        read(self.lock().readable(line, id, self.clock.instant()).ok_or(NoSession::Unknown)?)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_old(&self, now: Instant) -> bool {
        self.ended.is_some_and(|ended| now.saturating_duration_since(ended) >= limits::SESSION_READABLE)
    }
}

impl Known {
    fn readable(&self, line: &str, id: &SessionId, now: Instant) -> Option<&Session> {
        self.sessions.get(id).filter(|session| session.line == line && !session.is_old(now))
    }

    fn remove(&mut self, id: &SessionId) {
        if let Some(session) = self.sessions.remove(id) {
            self.by_bearer.remove(&session.bearer);
        }
    }

    /// One a call, so a sweep is as long as the calls of ten minutes are many; over the limit those that ended first go.
    fn forget_old(&mut self, now: Instant) {
        self.sessions.retain(|_, session| !session.is_old(now));
        while self.sessions.len() >= limits::MAX_SESSIONS {
            let ended = self.sessions.iter().filter_map(|(id, session)| Some((session.ended?, id.clone())));
            let Some((_, id)) = ended.min_by_key(|(ended, _)| *ended) else { break };
            self.remove(&id);
        }
        let sessions = &self.sessions;
        self.by_bearer.retain(|_, id| sessions.contains_key(id));
    }
}

fn random<const N: usize>() -> Option<String> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bearer_of_one_call_opens_nothing_of_another() {
        let sessions = Sessions::new(Clock::system());
        let (one, two) = (CallId::new(), CallId::new());
        let (first, its_bearer) = sessions.open(one, "default").unwrap();
        let (second, other_bearer) = sessions.open(two, "default").unwrap();
        assert_eq!(sessions.open_with("default", &first, &its_bearer), Ok(one));
        assert_eq!(sessions.open_with("default", &first, &other_bearer), Err(NoSession::Bearer));
        assert_eq!(sessions.open_with("other", &first, &its_bearer), Err(NoSession::Unknown));
        assert_eq!(sessions.call("default", &second), Ok(two));
        assert_eq!(sessions.of_bearer("default", &other_bearer), Some(two));
        assert_eq!(sessions.of_bearer("other", &other_bearer), None, "another line's ticket");
        assert_eq!(sessions.of_bearer("default", &Bearer::from_header("")), None);
        assert!(sessions.is_of_another(&first, &other_bearer) && !sessions.is_of_another(&first, &its_bearer));
        assert!(!sessions.is_of_another(&first, &Bearer::from_header("a.signed.identity")));
        assert!(!format!("{its_bearer:?}").contains(its_bearer.reveal()));
    }

    #[test]
    fn a_session_is_read_for_ten_minutes_after_the_hang_up_and_then_forgotten() {
        let clock = Clock::system();
        let sessions = Sessions::new(clock.clone());
        let (id, bearer) = sessions.open(CallId::new(), "default").unwrap();
        sessions.lock().forget_old(clock.instant() + 10 * limits::SESSION_READABLE);
        assert!(sessions.open_with("default", &id, &bearer).is_ok(), "the call is still up");
        sessions.ended(&id);
        let ended = sessions.lock().sessions[&id].ended.expect("noted");
        sessions.ended(&id);
        assert_eq!(sessions.lock().sessions[&id].ended, Some(ended), "the first end counts");
        sessions.lock().forget_old(ended + limits::SESSION_READABLE - std::time::Duration::from_secs(1));
        assert!(sessions.open_with("default", &id, &bearer).is_ok());
        sessions.lock().forget_old(ended + limits::SESSION_READABLE);
        assert_eq!(sessions.open_with("default", &id, &bearer), Err(NoSession::Unknown));
        assert!(sessions.is_empty() && sessions.lock().by_bearer.is_empty());
    }
}
