//! The SIP door: calls over UDP, TCP and TLS (RFC 3261), from INVITE to BYE.
//!
//! Datagrams come in at `listen.rs`, streams at `stream.rs` (cut into messages by `framing.rs`). Every message passes
//! `gate.rs`: [`doors`] (who, and how much), the screen (is it SIP). Then the stack's transactions, then `requests.rs`
//! (what is it answered with); a call that is taken lives in `dialog.rs`. `path.rs` knows which of our addresses a call
//! uses, `outgoing.rs` puts it on what leaves. Only this folder knows rsipstack.

pub mod caller;
mod dialog;
pub mod doors;
mod flows;
mod framing;
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod grammar;
mod half_open;
mod listen;
mod negotiation;
mod offer;
mod outgoing;
pub mod party;
mod path;
mod raw;
mod refer;
mod refresh;
mod reply;
mod requests;
mod screen;
mod session_timer;
mod stream;
mod transfer;
mod watch;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::{Endpoint, EndpointInnerRef, EndpointOption};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, TransportEvent, TransportLayer};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::call::Codec;
use crate::config::{Config, SipListen, Trunk};
use crate::ops::clock::Clock;
use crate::ops::tls::{Tls, TlsError};

use super::admission::Admission;
use super::{Change, IncomingCall, Reload};
use doors::Doors;
use flows::Flows;
use gate::Gate;
use listen::ScreenedSocket;
use path::Reachable;
use requests::{InProgress, Requests};
use stream::Streams;
use transfer::Patience;

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
    /// Certificate chain and key (PEM) of the `tls:` listeners.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// Timers that a test makes short.
struct Timers {
    /// Those of RFC 3261 section 17.1.1.1.
    transactions: EndpointOption,
    /// Smallest session interval, seconds (RFC 4028).
    least_interval_s: u32,
    transfers: Patience,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            transactions: EndpointOption::default(),
            least_interval_s: refresh::LEAST_INTERVAL_S,
            transfers: Patience::default(),
        }
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
    #[error("{listen}: TLS needs sip.tls_certificate and sip.tls_key (PEM files)")]
    NoCertificate { listen: SipListen },
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    streams: Vec<(TcpListener, Option<Tls>)>,
    flows: Flows,
    /// Judged messages of streams, on their way into the stack.
    from_streams: (mpsc::UnboundedSender<TransportEvent>, ChannelConnection),
    tls: Option<Tls>,
    addresses: Vec<SipListen>,
    doors: Arc<Doors>,
    gate: Arc<Gate>,
    reachable: Reachable,
    codecs: Arc<[Codec]>,
    least_interval: u32,
    transfers: Patience,
    admission: Admission,
    clock: Clock,
    stop: CancellationToken,
}

/// How busy the door is, for metrics and for tests that look for leaks.
#[derive(Clone)]
pub struct SipGauge {
    dialogs: Arc<DialogLayer>,
    endpoint: EndpointInnerRef,
    flows: Flows,
    doors: Arc<Doors>,
    clock: Clock,
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

    /// TCP and TLS connections open.
    pub fn connections(&self) -> usize {
        self.flows.len()
    }

    /// INVITEs that nobody has acknowledged yet.
    pub fn half_open(&self) -> usize {
        self.doors.half_open(self.clock.instant())
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
        let tls = settings.tls.as_ref().map(|(certificate, key)| Tls::load("sip", certificate, key)).transpose()?;
        let doors = Arc::new(Doors::new(settings.open, settings.trunks));
        let gate = Arc::new(Gate::new(doors.clone(), admission.clone(), clock.clone()));
        let reachable = Reachable { public: settings.public_address };
        let Bound { sockets, streams, addresses } = Bound::all(&settings.listen, tls.as_ref())?;
        let transports = TransportLayer::new(stop.clone());
        let siblings: Arc<[Arc<UdpSocket>]> = sockets.into();
        for socket in siblings.iter() {
            let screened = ScreenedSocket::new(socket.clone(), siblings.clone(), reachable, gate.clone());
            let connection = UdpConnection::from_socket(Arc::new(screened), None, Some(stop.child_token()))
                .await
                .map_err(|error| BindError::Stack(error.to_string()))?;
            transports.add_transport(connection.into());
        }
        let (endpoint, transactions) = endpoint(transports, &stop, timers.transactions)?;
        let dialogs = Arc::new(DialogLayer::new(endpoint.inner.clone()));
        let from_streams = way_in(&stop).await?;
        let flows = Flows::default();
        Ok(Self {
            endpoint,
            transactions,
            dialogs,
            streams,
            flows,
            from_streams,
            tls,
            addresses,
            doors,
            gate,
            reachable,
            codecs: settings.codecs.into(),
            least_interval: timers.least_interval_s,
            transfers: timers.transfers,
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
        SipGauge {
            dialogs: self.dialogs.clone(),
            endpoint: self.endpoint.inner.clone(),
            flows: self.flows.clone(),
            doors: self.doors.clone(),
            clock: self.clock.clone(),
        }
    }

    /// Takes a changed configuration while the door is served.
    pub fn reloader(&self) -> Reloader {
        Reloader { doors: self.doors.clone(), tls: self.tls.clone() }
    }

    /// Takes calls until `stop`. A full `incoming` is answered with 503 and Retry-After.
    pub fn serve(self, incoming: mpsc::Sender<IncomingCall>) -> JoinHandle<()> {
        let endpoint = self.endpoint.inner.clone();
        let (stack, way_in) = self.from_streams;
        endpoint.transport_layer.add_connection(way_in.into());
        let streams = Streams { gate: self.gate, flows: self.flows.clone(), stack, stop: self.stop.clone() };
        for (listener, tls) in self.streams {
            tokio::spawn(streams.clone().accept(listener, tls));
        }
        tokio::spawn(async move { endpoint.serve().await });
        let requests = Requests {
            dialogs: self.dialogs,
            admission: self.admission,
            clock: self.clock,
            doors: self.doors,
            flows: self.flows,
            reachable: self.reachable,
            listeners: self.addresses,
            codecs: self.codecs,
            least_interval: self.least_interval,
            transfers: self.transfers,
            incoming,
            in_progress: InProgress::default(),
        };
        tokio::spawn(requests.run(self.transactions, self.stop))
    }
}

/// Changes a door that is being served: trunks, certificate and key.
pub struct Reloader {
    doors: Arc<Doors>,
    tls: Option<Tls>,
}

impl Reload for Reloader {
    fn reload(&self, config: &Config) -> Result<Change, String> {
        // Without a `tls:` listener the files are of no use.
        let renewed = match &self.tls {
            Some(tls) => {
                let files = config.sip.tls_certificate.as_ref().zip(config.sip.tls_key.as_ref());
                let (certificate, key) =
                    files.ok_or("sip.tls_certificate and sip.tls_key: a tls: listener needs both")?;
                let fresh = Tls::load("sip", certificate, key).map_err(|error| error.to_string())?;
                Some((tls.clone(), fresh))
            }
            None => None,
        };
        let (doors, trunks) = (self.doors.clone(), config.trunks.clone());
        Ok(Box::new(move || {
            if let Some((tls, fresh)) = renewed {
                tls.replace(&fresh);
            }
            doors.replace_trunks(trunks);
        }))
    }
}

/// What was bound, in the order of the configuration.
#[derive(Default)]
struct Bound {
    sockets: Vec<Arc<UdpSocket>>,
    streams: Vec<(TcpListener, Option<Tls>)>,
    addresses: Vec<SipListen>,
}

impl Bound {
    fn all(listen: &[SipListen], tls: Option<&Tls>) -> Result<Self, BindError> {
        let mut bound = Self::default();
        for listen in listen.iter().copied() {
            let wrong = |error: io::Error| BindError::new(listen, &error);
            let address = match listen {
                SipListen::Udp(address) => {
                    let socket = listen::bind_udp(address).map_err(wrong)?;
                    let address = SipListen::Udp(socket.local_addr().map_err(wrong)?);
                    bound.sockets.push(Arc::new(socket));
                    address
                }
                SipListen::Tcp(address) => {
                    let listener = listen::bind_tcp(address).map_err(wrong)?;
                    let address = SipListen::Tcp(listener.local_addr().map_err(wrong)?);
                    bound.streams.push((listener, None));
                    address
                }
                SipListen::Tls(address) => {
                    let tls = tls.cloned().ok_or(BindError::NoCertificate { listen })?;
                    let listener = listen::bind_tcp(address).map_err(wrong)?;
                    let address = SipListen::Tls(listener.local_addr().map_err(wrong)?);
                    bound.streams.push((listener, Some(tls)));
                    address
                }
            };
            bound.addresses.push(address);
        }
        Ok(bound)
    }
}

/// A connection of the stack's own kind that passes on whatever is sent into it: the way in for messages of streams.
async fn way_in(
    stop: &CancellationToken,
) -> Result<(mpsc::UnboundedSender<TransportEvent>, ChannelConnection), BindError> {
    let (sender, events) = mpsc::unbounded_channel();
    let (nowhere, _) = mpsc::unbounded_channel();
    let nobody = SipAddr::from(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
    let connection = ChannelConnection::create_connection(events, nowhere, nobody, Some(stop.child_token()))
        .await
        .map_err(|error| BindError::Stack(error.to_string()))?;
    Ok((sender, connection))
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
        .with_inspector(Box::new(outgoing::Outgoing))
        .with_transport_inspector(Box::new(outgoing::OwnFlowsOnly))
        .build();
    let transactions = endpoint.incoming_transactions().map_err(|error| BindError::Stack(error.to_string()))?;
    Ok((endpoint, transactions))
}

#[cfg(test)]
mod tests;
