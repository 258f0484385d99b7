//! The SIP door: calls over UDP and TCP (RFC 3261), from INVITE to BYE.
//!
//! A datagram passes [`doors`] (who), the screen (is it SIP), the stack's transactions, then `requests.rs` (what is
//! it answered with); a call that is taken lives in `dialog.rs`. Only this folder knows rsipstack.

pub mod caller;
mod dialog;
pub mod doors;
mod gauge;
mod listen;
mod negotiation;
mod offer;
pub mod party;
mod raw;
mod refresh;
mod reply;
mod requests;
mod screen;
pub mod sdp;
mod session_timer;
pub mod text;
mod watch;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::{Header, SipMessage, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::{Endpoint, EndpointInnerRef, EndpointOption, MessageInspector};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, TransportLayer};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::call::Codec;
use crate::config::{SipListen, Trunk, limits};
use crate::ops::clock::Clock;

use super::IncomingCall;
use super::admission::Admission;
use doors::Doors;
use listen::{Reachable, ScreenedSocket, StreamScreen};
use requests::{InProgress, Requests};

/// What the door needs of the configuration.
#[derive(Clone, Debug)]
pub struct SipSettings {
    pub listen: Vec<SipListen>,
    /// Written into Contact and SDP for callers from beyond this host.
    pub public_address: Option<IpAddr>,
    /// Serve any source, listed or not.
    pub open: bool,
    pub trunks: Vec<Trunk>,
    /// Codecs we speak, the best first.
    pub codecs: Vec<Codec>,
}

/// Timers that a test makes short.
struct Timers {
    /// Those of RFC 3261 section 17.1.1.1.
    transactions: EndpointOption,
    /// Smallest session interval, seconds (RFC 4028).
    least_interval_s: u32,
}

impl Default for Timers {
    fn default() -> Self {
        Self { transactions: EndpointOption::default(), least_interval_s: refresh::LEAST_INTERVAL_S }
    }
}

/// Why a listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("{listen}: another program uses this address; stop it or name another port in [sip] listen")]
    InUse { listen: SipListen },
    #[error("{listen}: not an address of this machine; name one of its own in [sip] listen")]
    NotOurs { listen: SipListen },
    #[error("{listen}: not permitted; take a port from 1024 up in [sip] listen, or grant CAP_NET_BIND_SERVICE")]
    Forbidden { listen: SipListen },
    #[error("{listen}: {reason}; check [sip] listen")]
    Other { listen: SipListen, reason: String },
    #[error("the SIP stack did not start: {0}; start again")]
    Stack(String),
}

impl BindError {
    fn new(listen: SipListen, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { listen },
            io::ErrorKind::AddrNotAvailable => Self::NotOurs { listen },
            io::ErrorKind::PermissionDenied => Self::Forbidden { listen },
            _ => Self::Other { listen, reason: error.to_string() },
        }
    }
}

/// Bound listeners that wait to be served.
pub struct SipDoor {
    endpoint: Endpoint,
    transactions: TransactionReceiver,
    dialogs: Arc<DialogLayer>,
    streams: Vec<TcpListener>,
    addresses: Vec<SipListen>,
    doors: Arc<Doors>,
    reachable: Reachable,
    codecs: Arc<[Codec]>,
    least_interval: u32,
    admission: Admission,
    clock: Clock,
    stop: CancellationToken,
}

/// How busy the door is, for metrics and for tests that look for leaks.
#[derive(Clone)]
pub struct SipGauge {
    dialogs: Arc<DialogLayer>,
    endpoint: EndpointInnerRef,
}

impl SipGauge {
    /// Dialogs held: ringing, answered, or being ended.
    pub fn active(&self) -> usize {
        self.dialogs.len()
    }

    /// Transactions in progress.
    pub fn transactions(&self) -> usize {
        self.endpoint.get_stats().running_transactions
    }

    /// TCP connections open.
    pub fn connections(&self) -> usize {
        self.endpoint.transport_layer.connections_count()
    }
}

impl SipDoor {
    /// Binds every listener; the first that cannot be bound ends it. Cancelling `stop` closes the door at once, so
    /// drain the calls first.
    pub async fn bind(
        settings: SipSettings,
        admission: Admission,
        clock: Clock,
        stop: CancellationToken,
    ) -> Result<Self, BindError> {
        Self::bind_timed(settings, admission, clock, stop, Timers::default()).await
    }

    async fn bind_timed(
        settings: SipSettings,
        admission: Admission,
        clock: Clock,
        stop: CancellationToken,
        timers: Timers,
    ) -> Result<Self, BindError> {
        let doors = Arc::new(Doors::new(settings.open, settings.trunks));
        let reachable = Reachable { public: settings.public_address };
        let transports = TransportLayer::new(stop.clone());
        let mut streams = Vec::new();
        let mut addresses = Vec::new();
        for listen in settings.listen {
            let wrong = |error: io::Error| BindError::new(listen, &error);
            match listen {
                SipListen::Udp(address) => {
                    let socket = ScreenedSocket::bind(address, doors.clone()).await.map_err(wrong)?;
                    let bound = socket.address().map_err(wrong)?;
                    let external = settings.public_address.map(|ip| SocketAddr::new(ip, bound.port()));
                    let connection = UdpConnection::from_socket(Arc::new(socket), external, Some(stop.child_token()))
                        .await
                        .map_err(|error| BindError::Other { listen, reason: error.to_string() })?;
                    transports.add_transport(connection.into());
                    addresses.push(SipListen::Udp(bound));
                }
                SipListen::Tcp(address) | SipListen::Tls(address) => {
                    let listener = TcpListener::bind(address).await.map_err(wrong)?;
                    addresses.push(SipListen::Tcp(listener.local_addr().map_err(wrong)?));
                    streams.push(listener);
                }
            }
        }
        let (endpoint, transactions) = endpoint(transports, &stop, timers.transactions)?;
        let dialogs = Arc::new(DialogLayer::new(endpoint.inner.clone()));
        Ok(Self {
            endpoint,
            transactions,
            dialogs,
            streams,
            addresses,
            doors,
            reachable,
            codecs: settings.codecs.into(),
            least_interval: timers.least_interval_s,
            admission,
            clock,
            stop,
        })
    }

    /// The bound addresses, port 0 resolved, in the order of the configuration.
    pub fn addresses(&self) -> Vec<SipListen> {
        self.addresses.clone()
    }

    pub fn gauge(&self) -> SipGauge {
        SipGauge { dialogs: self.dialogs.clone(), endpoint: self.endpoint.inner.clone() }
    }

    /// Takes calls until `stop`. A full `incoming` is answered with 503 and Retry-After.
    pub fn serve(self, incoming: mpsc::Sender<IncomingCall>) -> JoinHandle<()> {
        let endpoint = self.endpoint.inner.clone();
        tokio::spawn(gauge::measure(self.gauge(), self.stop.clone()));
        for listener in self.streams {
            let (doors, stop) = (self.doors.clone(), self.stop.clone());
            tokio::spawn(listen::accept(listener, endpoint.clone(), doors, self.reachable, stop));
        }
        tokio::spawn(async move { endpoint.serve().await });
        let requests = Requests {
            dialogs: self.dialogs,
            admission: self.admission,
            clock: self.clock,
            doors: self.doors,
            reachable: self.reachable,
            listeners: self.addresses,
            codecs: self.codecs,
            least_interval: self.least_interval,
            incoming,
            in_progress: InProgress::default(),
        };
        tokio::spawn(requests.run(self.transactions, self.stop))
    }
}

fn endpoint(
    transports: TransportLayer,
    stop: &CancellationToken,
    timers: EndpointOption,
) -> Result<(Endpoint, TransactionReceiver), BindError> {
    let endpoint = EndpointBuilder::new()
        .with_user_agent(reply::AGENT)
        .with_cancel_token(stop.clone())
        .with_transport_layer(transports)
        .with_option(EndpointOption { callid_suffix: Some(reply::AGENT.into()), ..timers })
        .with_inspector(Box::new(RetryLater))
        .with_transport_inspector(Box::new(StreamScreen))
        .build();
    let transactions = endpoint.incoming_transactions().map_err(|error| BindError::Stack(error.to_string()))?;
    Ok((endpoint, transactions))
}

/// Every 503 says when to come back, also those the dialogs send.
struct RetryLater;

impl MessageInspector for RetryLater {
    fn before_send(&self, mut message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Response(response) = &mut message
            && response.status_code == StatusCode::ServiceUnavailable
        {
            response.headers.unique_push(Header::RetryAfter(limits::RETRY_AFTER_S.to_string().into()));
        }
        message
    }

    fn after_received(&self, message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        message
    }
}

#[cfg(test)]
mod tests;
