//! The doors: where calls come in.
//!
//! A door turns its protocol into an [`IncomingCall`]; what happens next is told in `pipeline.rs`.

use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::call::{CallId, EndCause, Language, MediaPlan, Origin, Party};
use crate::config::Config;

/// A call that was admitted by its door and waits for an answer.
pub struct IncomingCall {
    pub call: CallId,
    pub party: Party,
    pub origin: Origin,
    /// User part of the Request-URI.
    pub dialled: Option<String>,
    /// Name of the line, where the door knows it; else `dialled` chooses.
    pub line: Option<String>,
    /// The language the caller reads, where the door knows it.
    pub language: Option<Language>,
    /// The earlier call this one adds to: it goes on under the same reference.
    pub follows: Option<CallId>,
    /// What both sides can speak; `plan.remote` is the peer's RTP address. Negotiated from the offer.
    pub plan: MediaPlan,
    /// `false`: the caller leaves the offer to us (RFC 3261 section 13.2.1). Until the first `Updated` brings its answer
    /// `plan` is silent both ways; its codec is the one of our offer with the best rate, to record at.
    pub agreed: bool,
    pub carrier: Carrier,
    pub signalling: Box<dyn Signalling>,
    /// What the peer does from now on. Closed when the door is done with the call.
    pub events: mpsc::Receiver<SignalEvent>,
    /// Counts the call against the admission limit until it is dropped.
    pub permit: admission::Permit,
}

/// What carries the sound.
#[derive(Debug)]
pub enum Carrier {
    /// RTP between a port of ours on this address (the listener's that the call came in on) and the peer's.
    Rtp(IpAddr),
    /// The door itself: its packets come from a peer that has proved itself.
    Door(PacketLink),
}

/// RTP and RTCP of one call by way of its door. Both queues drop what does not fit: late sound is no sound.
#[derive(Debug)]
pub struct PacketLink {
    pub received: mpsc::Receiver<LinkEvent>,
    pub send: mpsc::Sender<LinkPacket>,
    /// What the peer was told we send with.
    pub ssrc: u32,
}

/// What the door tells the media stage.
#[derive(Debug)]
pub enum LinkEvent {
    /// The path is up: what is sent from now on arrives.
    Up,
    Packet(LinkPacket),
}

/// One packet in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkPacket {
    Rtp(Bytes),
    /// Compound RTCP (RFC 3550 section 6.1).
    Rtcp(Bytes),
}

/// A door that takes a changed configuration while calls go on.
pub trait Reload: Send + Sync {
    /// Who may call, and certificates read anew. Nothing is changed until the answer is called, so that several doors
    /// change together or not at all. `Err`: in one line what is wrong.
    fn reload(&self, config: &Config) -> Result<Change, String>;
}

/// A change that can no longer fail.
pub type Change = Box<dyn FnOnce()>;

/// What the peer did.
#[derive(Debug)]
pub enum SignalEvent {
    /// CANCEL before the answer, or no ACK after it.
    Cancelled,
    /// The peer hung up (BYE).
    HungUp,
    /// A re-INVITE changed the media; answer with the local address that now receives (same port as a rule).
    /// Dropping `answer` refuses it with 488 and the call goes on as before. Where the plan answers an offer of ours
    /// nobody listens to `answer`.
    Updated { plan: MediaPlan, answer: oneshot::Sender<SocketAddr> },
    /// The call cannot go on: our offer got no usable answer, or the session was not refreshed (RFC 4028). Hang up
    /// with this cause.
    Failed(EndCause),
    /// DTMF that came in signalling (SIP INFO).
    Dtmf(char),
    /// What comes of the transfer that was asked for last.
    Transfer(TransferNews),
}

/// What the line tells of a transfer, in words for the person who asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferNews {
    /// The line is at it.
    Trying(String),
    /// The destination has the caller: this call is over. It may be told even after `Failed`, when the line was late.
    Done,
    /// The call goes on as before.
    Failed(String),
}

/// Our side of the signalling of one call.
#[async_trait]
pub trait Signalling: Send + Sync {
    /// 180 Ringing, unless the peer asked for none that it could not acknowledge (RFC 3262).
    async fn ringing(&self) -> Result<(), SignalError>;
    /// 200 OK with our RTP address in the SDP answer, or in our offer where the caller made none. Returns when it was sent, not when it was acknowledged.
    /// `None`: the door carries the sound.
    async fn answer(&self, local_rtp: Option<SocketAddr>) -> Result<(), SignalError>;
    /// Final refusal before the answer.
    async fn refuse(&self, refusal: Refusal);
    /// Asks the peer to go on with `to`, a SIP URI, in our place (SIP REFER), and returns at once. What comes of it is told
    /// as [`SignalEvent::Transfer`], to its end unless the call ends before. A door that cannot do it, as by default, says
    /// so, and so does one that is at it.
    fn transfer(&self, to: &str) -> Result<(), SignalError> {
        let _nowhere = to;
        Err(SignalError::Transport("this kind of call cannot be passed on".into()))
    }
    /// BYE. Never fails: a peer that does not answer is gone anyway.
    async fn hang_up(&self, cause: EndCause);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 503 with Retry-After.
    Busy,
    /// 500: we could not write the call down.
    CannotRecord,
}

#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    #[error("the peer cancelled the call")]
    Cancelled,
    #[error("could not send: {0}")]
    Transport(String),
}

pub mod admission;
pub mod buckets;
pub mod caller;
pub mod sdp;
pub mod sip;
pub mod text;
pub mod webrtc;
