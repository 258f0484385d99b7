//! What stands behind the WHIP routes: who may call, and the calls that are up.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use axum::http::HeaderMap;
use ipnet::IpNet;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::call::{Command, WebSignalling, watch};
use super::callers::{Callers, Place, Wait};
use super::info::{self, CallInfo};
use super::offer::{Offer, OfferError};
use super::peer::{Answered, Peer, PeerError, PeerSettings};
use super::ports::UdpPorts;
use super::sessions::{Bearer, SessionId, Sessions};
use super::token::{TokenKeyError, TokenRefused, Tokens};
use super::{fragment, source};
use crate::call::{CallId, Origin};
use crate::config::{Config, WebRtc, limits};
use crate::ingress::admission::{Admission, Permit};
use crate::ingress::{Carrier, Change, IncomingCall, Refusal, Reload};
use crate::ops::clock::Clock;

/// The web door. Clones share it.
#[derive(Clone)]
pub struct WebDoor(Arc<Door>);

struct Door {
    peers: PeerSettings,
    origins: Vec<String>,
    trusted_proxies: Vec<IpNet>,
    callers: Callers,
    tokens: Option<Tokens>,
    token_required: bool,
    lines: RwLock<Vec<String>>,
    admission: Admission,
    sessions: Sessions,
    live: Mutex<HashMap<SessionId, Live>>,
    offers: Arc<Semaphore>,
    /// Every call's task, so that the end of the program waits for the farewells.
    calls: TaskTracker,
    incoming: mpsc::Sender<IncomingCall>,
    clock: Clock,
}

/// A call whose connection is up or coming up.
struct Live {
    commands: mpsc::Sender<Command>,
    /// Of the offer: a fragment under another one asks for an ICE restart.
    ufrag: Option<String>,
}

/// One offer with all that came along.
pub(super) struct Request {
    pub line: String,
    pub sdp: String,
    pub source: IpAddr,
    pub authorization: Option<Vec<u8>>,
    pub info: Option<Vec<u8>>,
    pub user_agent: Option<String>,
    pub origin: Option<String>,
}

/// What the browser is told.
#[derive(Debug)]
pub(super) struct Created {
    pub session: SessionId,
    pub bearer: Bearer,
    pub sdp: String,
}

/// Why there is no call.
#[derive(Debug)]
pub(super) enum Refused {
    NoSuchLine,
    Token(TokenRefused),
    Info(info::InfoError),
    Offer(OfferError),
    /// The call to add to can no longer be.
    TooLate,
    Wait(Wait),
    Busy,
    CannotRecord,
    Failed,
}

impl WebDoor {
    pub fn new(
        config: &Config,
        admission: Admission,
        sessions: Sessions,
        incoming: mpsc::Sender<IncomingCall>,
        clock: Clock,
    ) -> Result<Self, TokenKeyError> {
        let WebRtc { addresses, udp_ports, public_address, ice_lite, .. } = &config.webrtc;
        let own = [config.public.listen.ip()];
        let addresses = if addresses.is_empty() { &own[..] } else { addresses };
        Ok(Self(Arc::new(Door {
            peers: PeerSettings {
                ports: UdpPorts::new(addresses, *udp_ports),
                public_address: *public_address,
                lite: *ice_lite,
            },
            origins: config.webrtc.origins.clone(),
            trusted_proxies: config.public.trusted_proxies.clone(),
            callers: Callers::new(config.webrtc.calls_per_address, config.webrtc.calls_per_minute),
            tokens: Tokens::load(&config.webrtc, clock.clone())?,
            token_required: config.webrtc.token_required,
            lines: RwLock::new(names(config)),
            admission,
            sessions,
            live: Mutex::default(),
            offers: Arc::new(Semaphore::new(limits::MAX_OFFERS)),
            calls: TaskTracker::new(),
            incoming,
            clock,
        })))
    }

    /// Another site's page may only call when it is named.
    pub(super) fn is_known_origin(&self, origin: &str) -> bool {
        self.0.origins.iter().any(|known| known == origin)
    }

    /// The address whose calls this request counts as.
    pub(super) fn source(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        source::client(peer, headers, &self.0.trusted_proxies)
    }

    /// Returns when every connection is closed and its browser told.
    pub async fn closed(&self) {
        self.0.calls.close();
        self.0.calls.wait().await;
    }

    /// Connections that are up or coming up.
    pub fn live(&self) -> usize {
        self.0.live().len()
    }

    /// Checks everything that costs nothing, then makes the connection in a task of its own: the browser that asked
    /// may be gone at any moment, and ports and tasks are freed all the same.
    pub(super) async fn call(&self, request: Request) -> Result<Created, Refused> {
        let admitted = self.0.admit(request)?;
        let (reply, answered) = oneshot::channel();
        self.0.calls.spawn(self.0.clone().run(admitted, reply));
        match tokio::time::timeout(limits::OFFER_ANSWERED, answered).await {
            Ok(answered) => answered.unwrap_or(Err(Refused::Failed)),
            Err(_) => Err(Refused::Busy),
        }
    }

    /// False: there is no such call, or it is over.
    pub(super) async fn hang_up(&self, session: &SessionId) -> bool {
        match self.0.commands(session) {
            Some(commands) => commands.send(Command::HangUp).await.is_ok(),
            None => false,
        }
    }

    /// How many candidates were taken. `None`: there is no such call, or it is over.
    pub(super) async fn candidates(
        &self,
        session: &SessionId,
        candidates: Vec<(String, Option<String>)>,
    ) -> Option<usize> {
        let commands = self.0.commands(session)?;
        let (reply, taken) = oneshot::channel();
        commands.send(Command::Candidates(candidates, reply)).await.ok()?;
        taken.await.ok()
    }

    /// Whether a fragment under this user name belongs to the connection. `None`: there is none any more.
    pub(super) fn is_ufrag_of(&self, session: &SessionId, ufrag: &str) -> Option<bool> {
        self.0.live().get(session).map(|live| live.ufrag.as_deref() == Some(ufrag))
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }
}

impl Reload for WebDoor {
    fn reload(&self, config: &Config) -> Result<Change, String> {
        let (door, lines) = (self.0.clone(), names(config));
        Ok(Box::new(move || *door.lines.write().unwrap_or_else(PoisonError::into_inner) = lines))
    }
}

fn names(config: &Config) -> Vec<String> {
    config.lines.iter().map(|line| line.name.clone()).collect()
}

/// A call that may be made.
struct Admitted {
    request: Request,
    offer: Offer,
    party: crate::call::Party,
    language: Option<crate::call::Language>,
    follows: Option<CallId>,
    place: Place,
    permit: Permit,
    offer_permit: tokio::sync::OwnedSemaphorePermit,
}

impl Door {
    fn admit(&self, request: Request) -> Result<Admitted, Refused> {
        if !self.lines.read().unwrap_or_else(PoisonError::into_inner).contains(&request.line) {
            return Err(Refused::NoSuchLine);
        }
        let place = self.callers.admit(request.source, self.clock.instant()).map_err(Refused::Wait)?;
        let verified = match (&self.tokens, &request.authorization) {
            (Some(tokens), Some(token)) => Some(tokens.check(token).map_err(Refused::Token)?),
            (_, None) if self.token_required => return Err(Refused::Token(TokenRefused::NotBearer)),
            _ => None,
        };
        let info = request.info.as_deref().map(CallInfo::read).transpose().map_err(Refused::Info)?.unwrap_or_default();
        let offer = Offer::parse(&request.sdp).map_err(Refused::Offer)?;
        let follows = match &info.related {
            Some(bearer) => Some(self.sessions.of_bearer(&request.line, bearer).ok_or(Refused::TooLate)?),
            None => None,
        };
        let offer_permit = self.offers.clone().try_acquire_owned().map_err(|_| Refused::Busy)?;
        let permit = self.admission.admit().ok_or(Refused::Busy)?;
        let language = info.language.or(verified.as_ref().and_then(|verified| verified.language));
        let party = info::party(&info, verified.map(|verified| verified.identity));
        Ok(Admitted { request, offer, party, language, follows, place, permit, offer_permit })
    }

    /// The call's task on this side of the pipeline.
    async fn run(self: Arc<Self>, admitted: Admitted, reply: oneshot::Sender<Result<Created, Refused>>) {
        let Admitted { request, offer, party, language, follows, place, permit, offer_permit } = admitted;
        let Answered { mut peer, link, sdp } = match Peer::answer(request.sdp.clone(), &offer, &self.peers).await {
            Ok(answered) => answered,
            Err(error) => {
                let _gone = reply.send(Err(refused(error)));
                return;
            }
        };
        let (call, source) = (CallId::new(), request.source);
        let Some((session, bearer)) = self.sessions.open(call, &request.line) else {
            peer.close().await;
            let _gone = reply.send(Err(Refused::Failed));
            return;
        };
        let (signals, events) = mpsc::channel(8);
        let (commands, commanded) = mpsc::channel(8);
        let (over, answered) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let answer = Created { session: session.clone(), bearer, sdp };
        let incoming = IncomingCall {
            call,
            party,
            origin: Origin::WebRtc { source, user_agent: request.user_agent, origin: request.origin },
            dialled: None,
            line: Some(request.line),
            language,
            follows,
            plan: offer.plan(SocketAddr::new(source, DISCARD)),
            agreed: true,
            carrier: Carrier::Door(link),
            signalling: Box::new(WebSignalling::new(reply, answer, answered.clone(), over.clone())),
            events,
            permit,
        };
        let ufrag = fragment::ufrag(&request.sdp).map(str::to_owned);
        let entry = Entry { door: &self, session, answered };
        self.live().insert(entry.session.clone(), Live { commands, ufrag });
        if let Err(TrySendError::Full(call) | TrySendError::Closed(call)) = self.incoming.try_send(incoming) {
            call.signalling.refuse(Refusal::Busy).await;
        }
        drop(offer_permit);
        watch(peer, commanded, signals, over).await;
        drop((entry, place));
    }

    fn commands(&self, session: &SessionId) -> Option<mpsc::Sender<Command>> {
        self.live().get(session).map(|live| live.commands.clone())
    }

    fn live(&self) -> MutexGuard<'_, HashMap<SessionId, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's entry in the tables, taken out whatever ends its task.
struct Entry<'a> {
    door: &'a Door,
    session: SessionId,
    answered: Arc<AtomicBool>,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.door.live().remove(&self.session);
        if self.answered.load(Ordering::Acquire) {
            self.door.sessions.ended(&self.session);
        } else {
            // Nobody was told of it.
            self.door.sessions.close(&self.session);
        }
    }
}

/// The port that stands for none (RFC 863), as browsers write it into SDP.
const DISCARD: u16 = 9;

fn refused(error: PeerError) -> Refused {
    match error {
        PeerError::Offer(error) => Refused::Offer(error),
        PeerError::NoPort => {
            tracing::error!(%error, "call from a browser refused");
            Refused::Busy
        }
        PeerError::Failed(_) => {
            tracing::error!(%error, "call from a browser refused");
            Refused::Failed
        }
    }
}
