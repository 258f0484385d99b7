//! A browser made of software: it offers by WHIP, speaks in real time, presses keys, listens and hangs up.
//!
//! `heardline call`, the load tests and the acceptance tests call the gateway with it, over the same HTTP, ICE and
//! DTLS-SRTP as any browser. It can also do what browsers do to a gateway: vanish, and lose the network.

mod cable;
mod connection;
mod whip;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

pub(super) use cable::Cable;
use connection::Connection;
use whip::{Session, Whip};

use crate::call::Language;
use crate::config::limits;
pub use crate::ingress::caller::{CallReport, HangUp, Progress, Sound};
use crate::ingress::caller::{Formats, Heard, Voice, hold, keys};
use crate::ops::clock::Clock;

/// A gateway that answers our offer or our farewell no more is gone.
const FAREWELL: Duration = Duration::from_secs(5);

/// One call to make.
#[derive(Clone, Debug)]
pub struct WebPlan {
    /// Signed identity (JWT), where the line wants one.
    pub bearer: Option<String>,
    pub info: Option<CallInfo>,
    /// What to say, in the one codec that is offered.
    pub sound: Arc<Sound>,
    /// Keys pressed after the audio (RFC 4733): `0-9`, `*`, `#`, `A-D`.
    pub dtmf: Option<String>,
    pub hang_up: HangUp,
    /// Keep what the other side says.
    pub record: bool,
    pub fault: Option<Fault>,
}

/// What the caller's page sends along: nothing of it is proven.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct CallInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The bearer of an earlier call that this one adds to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related: Option<String>,
}

/// What a browser does when its tab is closed, its machine dies or its network goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes too late for the page: it is never applied, and nothing more is heard of the call.
    Abandon,
    /// This long after the connection came up the machine is gone: no DELETE, no `close_notify`, ports closed.
    Die { after: Duration },
    /// The network is away for a while, in both directions.
    Outage { after: Duration, lasts: Duration },
}

/// How a call went.
#[derive(Clone, Debug)]
pub struct WebReport {
    pub call: CallReport,
    /// From the offer until sound could flow; zero when it never did.
    pub connect_ms: u64,
    /// URL of the call, for its snapshot.
    pub session: String,
    /// Opens it.
    pub token: Option<String>,
}

/// Why there was no conversation.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    #[error("{url}: not the address of a line; write for example http://127.0.0.1:8312/whip/default")]
    Url { url: String },
    #[error("{key:?} is not a telephone key; use 0-9, *, # and A-D")]
    Key { key: char },
    #[error("cannot call from here: {reason}")]
    Local { reason: String },
    #[error("{url}: no answer: {reason}")]
    NoAnswer { url: String, reason: String },
    #[error("{url}: refused with {status} {said}{}", again(*.retry_after_s))]
    Refused { url: String, status: u16, said: String, retry_after_s: Option<u64> },
    #[error("{url}: answered, but {reason}")]
    Answer { url: String, reason: String },
    #[error("{url}: answered without telephone-event, so no key can be pressed")]
    NoKeys { url: String },
    #[error("{url}: answered, but no sound can flow: {reason}")]
    NotConnected { url: String, reason: String },
    #[error("{url}: stopped before the connection stood")]
    Stopped { url: String },
}

fn again(retry_after_s: Option<u64>) -> String {
    retry_after_s.map(|seconds| format!("; try again in {seconds} s")).unwrap_or_default()
}

/// Calls one line, any number of times at once.
pub struct WhipCaller {
    whip: Whip,
    local: Option<IpAddr>,
    clock: Clock,
}

impl WhipCaller {
    /// `url` of the line: `http://host:port/whip/{line}`. `local`: our address; `None` takes the one that leads there.
    pub fn new(url: &str, local: Option<IpAddr>, clock: Clock) -> Result<Self, CallerError> {
        Ok(Self { whip: Whip::new(url)?, local, clock })
    }

    /// Makes one call and returns when it is over, with everything it took freed. `stop` ends it in good order at any
    /// time; a call that was connected then still gives its report.
    pub async fn call(
        &self,
        plan: WebPlan,
        stop: CancellationToken,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<WebReport, CallerError> {
        let keys = keys(plan.dtmf.as_deref().unwrap_or_default()).map_err(|key| CallerError::Key { key })?;
        let local = self.local().await?;
        let (mut connection, offer) = Connection::offer(plan.sound.codec(), local)
            .await
            .map_err(|error| CallerError::Local { reason: error.to_string() })?;
        let began = self.clock.instant();
        let outcome = match self.dial(&plan, offer, &stop).await {
            Ok(mut session) => {
                let setup_ms = self.millis_since(began);
                let talked = self.talk(&plan, &keys, &mut connection, &mut session, &stop, &mut progress).await;
                // Who abandoned the call or died says nothing.
                if !matches!(plan.fault, Some(Fault::Abandon | Fault::Die { .. })) {
                    self.end(&session).await;
                }
                talked.map(|talk| talk.report(&session, began, setup_ms))
            }
            Err(error) => Err(error),
        };
        connection.close().await;
        outcome
    }

    /// From offer to answer.
    async fn dial(&self, plan: &WebPlan, offer: String, stop: &CancellationToken) -> Result<Session, CallerError> {
        let mut offering = std::pin::pin!(self.whip.offer(offer, plan.bearer.as_deref(), plan.info.as_ref()));
        tokio::select! {
            session = &mut offering => return session,
            () = stop.cancelled() => {}
        }
        // The gateway may have taken the call already: only its answer says where it can be ended.
        if let Ok(Ok(session)) = tokio::time::timeout(FAREWELL, offering).await {
            self.end(&session).await;
        }
        Err(CallerError::Stopped { url: self.url() })
    }

    /// From answer to hang-up.
    async fn talk(
        &self,
        plan: &WebPlan,
        keys: &[u8],
        connection: &mut Connection,
        session: &mut Session,
        stop: &CancellationToken,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Talk, CallerError> {
        if plan.fault == Some(Fault::Abandon) {
            return Ok(Talk::default());
        }
        let formats = self.connect(connection, std::mem::take(&mut session.answer), stop).await?;
        if !keys.is_empty() && formats.keys.is_none() {
            return Err(CallerError::NoKeys { url: self.url() });
        }
        let connected = self.clock.instant();
        progress(Progress::Answered);
        let voice = Voice {
            sound: &plan.sound,
            keys,
            formats,
            hang_up: plan.hang_up,
            start: (connection.ssrc(), rand::random(), rand::random()),
            sends: true,
        };
        let cable = connection.cable();
        let (mut line, ended) = connection.talk(Heard::new(formats, plan.record));
        let over = stop.child_token();
        let talk = tokio::select! {
            talk = hold(voice, &mut line, ended, &over, progress) => talk,
            never = suffer(plan.fault, &cable, &over) => match never {},
        };
        let (packets_received, heard) = line.heard.finish();
        Ok(Talk {
            connected: Some(connected),
            talk_ms: self.millis_since(connected),
            packets_sent: talk.packets_sent,
            packets_received,
            heard,
            ended_by_peer: talk.ended_by_peer,
        })
    }

    /// From answer to the first sound's keys.
    async fn connect(
        &self,
        connection: &mut Connection,
        answer: String,
        stop: &CancellationToken,
    ) -> Result<Formats, CallerError> {
        let bad = |reason| CallerError::Answer { url: self.url(), reason };
        let formats = connection.answer(answer).await.map_err(bad)?;
        let late = || format!("no connection within {} s", limits::WEB_CONNECT.as_secs());
        let up = tokio::select! {
            up = tokio::time::timeout(limits::WEB_CONNECT, connection.up()) => up,
            () = stop.cancelled() => return Err(CallerError::Stopped { url: self.url() }),
        };
        let reason = match up {
            Ok(Ok(())) => return Ok(formats),
            Ok(Err(reason)) => reason.to_owned(),
            Err(_) => late(),
        };
        Err(CallerError::NotConnected { url: self.url(), reason })
    }

    async fn end(&self, session: &Session) {
        if tokio::time::timeout(FAREWELL, self.whip.end(session)).await.is_err() {
            tracing::debug!("the gateway did not answer our farewell");
        }
    }

    /// The address of ours that leads to the gateway.
    async fn local(&self) -> Result<IpAddr, CallerError> {
        if let Some(local) = self.local {
            return Ok(local);
        }
        let no_way = |error: std::io::Error| CallerError::NoAnswer { url: self.url(), reason: error.to_string() };
        let host = self.whip.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = self.whip.url.port_or_known_default().unwrap_or_default();
        let mut there = tokio::net::lookup_host((host, port)).await.map_err(no_way)?;
        let there = there.next().ok_or_else(|| no_way(std::io::ErrorKind::NotFound.into()))?;
        let any: IpAddr = if there.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
        // Connecting a UDP socket sends nothing, it only chooses the way.
        let socket = UdpSocket::bind((any, 0)).await.map_err(no_way)?;
        socket.connect(there).await.map_err(no_way)?;
        Ok(socket.local_addr().map_err(no_way)?.ip())
    }

    fn url(&self) -> String {
        self.whip.url.to_string()
    }

    fn millis_since(&self, then: Instant) -> u64 {
        millis(self.clock.instant().saturating_duration_since(then))
    }
}

/// What there is to tell of a call; nothing of one that was abandoned.
#[derive(Default)]
struct Talk {
    connected: Option<Instant>,
    talk_ms: u64,
    packets_sent: u64,
    packets_received: u64,
    heard: Vec<i16>,
    ended_by_peer: bool,
}

impl Talk {
    fn report(self, session: &Session, began: Instant, setup_ms: u64) -> WebReport {
        let call = CallReport {
            status: session.status,
            setup_ms,
            talk_ms: self.talk_ms,
            packets_sent: self.packets_sent,
            packets_received: self.packets_received,
            heard: self.heard,
            ended_by_peer: self.ended_by_peer,
        };
        let connect_ms = self.connected.map_or(0, |at| millis(at.saturating_duration_since(began)));
        WebReport { call, connect_ms, session: session.location.to_string(), token: session.token.clone() }
    }
}

/// Lets the fault happen, then does nothing for ever; the talk around it ends the call.
async fn suffer(fault: Option<Fault>, cable: &Cable, over: &CancellationToken) -> Infallible {
    match fault {
        Some(Fault::Die { after }) => {
            tokio::time::sleep(after).await;
            cable.pull();
            over.cancel();
        }
        Some(Fault::Outage { after, lasts }) => {
            tokio::time::sleep(after).await;
            cable.pull();
            tokio::time::sleep(lasts).await;
            cable.plug_in();
        }
        Some(Fault::Abandon) | None => {}
    }
    std::future::pending().await
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
