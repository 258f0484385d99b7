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
    known: Arc<Mutex<HashMap<SessionId, Session>>>,
    clock: Clock,
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
        forget_old(&mut known, self.clock.instant());
        known.insert(id.clone(), session);
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

    /// The call that this bearer opens, whatever its URL: an earlier call to add to.
    pub fn of_bearer(&self, bearer: &Bearer) -> Option<CallId> {
        let hash = bearer.hash();
        let mut known = self.lock();
        forget_old(&mut known, self.clock.instant());
        known.values().find(|session| session.bearer == hash).map(|session| session.call)
    }

    /// The call was never answered: nobody was told of this session.
    pub fn close(&self, id: &SessionId) {
        self.lock().remove(id);
    }

    /// The caller is gone; the session can be read for ten minutes more.
    pub fn ended(&self, id: &SessionId) {
        let now = self.clock.instant();
        if let Some(session) = self.lock().get_mut(id) {
            session.ended.get_or_insert(now);
        }
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn with<T>(
        &self,
        line: &str,
        id: &SessionId,
        read: impl FnOnce(&Session) -> Result<T, NoSession>,
    ) -> Result<T, NoSession> {
        let mut known = self.lock();
        forget_old(&mut known, self.clock.instant());
        read(known.get(id).filter(|session| session.line == line).ok_or(NoSession::Unknown)?)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One a call, so a sweep is as long as the calls of ten minutes are many; over the limit those that ended first go.
fn forget_old(known: &mut HashMap<SessionId, Session>, now: Instant) {
    let old = |ended: Instant| now.saturating_duration_since(ended) >= limits::SESSION_READABLE;
    known.retain(|_, session| !session.ended.is_some_and(old));
    while known.len() >= limits::MAX_SESSIONS {
        let oldest = known.iter().filter_map(|(id, s)| Some((s.ended?, id.clone()))).min_by_key(|(ended, _)| *ended);
        let Some((_, id)) = oldest else { return };
        known.remove(&id);
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
        assert_eq!(sessions.of_bearer(&other_bearer), Some(two));
        assert_eq!(sessions.of_bearer(&Bearer::from_header("")), None);
        assert!(!format!("{its_bearer:?}").contains(its_bearer.reveal()));
    }

    #[test]
    fn a_session_is_read_for_ten_minutes_after_the_hang_up_and_then_forgotten() {
        let clock = Clock::system();
        let sessions = Sessions::new(clock.clone());
        let (id, bearer) = sessions.open(CallId::new(), "default").unwrap();
        forget_old(&mut sessions.lock(), clock.instant() + 10 * limits::SESSION_READABLE);
        assert!(sessions.open_with("default", &id, &bearer).is_ok(), "the call is still up");
        sessions.ended(&id);
        let ended = sessions.lock()[&id].ended.expect("noted");
        sessions.ended(&id);
        assert_eq!(sessions.lock()[&id].ended, Some(ended), "the first end counts");
        forget_old(&mut sessions.lock(), ended + limits::SESSION_READABLE - std::time::Duration::from_secs(1));
        assert!(sessions.open_with("default", &id, &bearer).is_ok());
        forget_old(&mut sessions.lock(), ended + limits::SESSION_READABLE);
        assert_eq!(sessions.open_with("default", &id, &bearer), Err(NoSession::Unknown));
        assert!(sessions.is_empty());
    }
}
