//! SIP over TCP and TLS: connections are ours, the stack sees whole, judged messages only.
//!
//! Its own framing would drop a connection on the first thing it cannot parse, and its loop waits for a peer that does
//! not read. So every connection has one task here, between the socket and two channels: judged messages go into the
//! stack's event queue, and what the stack sends comes out of an in-memory connection of its kind.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rsipstack::sip::{SipMessage, Transport};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::config::limits;
use crate::ops::tls::Tls;

use super::flows::{Flow, Flows};
use super::framing::{Frame, Framer, Lost};
use super::gate::{Gate, Judged, answered};
use super::raw::{Name, Raw};
use super::reply;

/// Pause after an accept that failed, so that running out of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a connection that lost its frame is read on, so that its last answer arrives.
const LINGER: Duration = Duration::from_secs(1);
/// Bytes read at once.
const READ: usize = 4 * 1024;

/// What all connections of the door share.
#[derive(Clone)]
pub(super) struct Streams {
    pub gate: Arc<Gate>,
    pub flows: Flows,
    /// Into the stack.
    pub stack: UnboundedSender<TransportEvent>,
    pub stop: CancellationToken,
}

impl Streams {
    /// Accepts connections until `stop`; `tls`: they begin with a handshake.
    pub async fn accept(self, listener: TcpListener, tls: Option<Tls>) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "SIP connection not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            if let Some(flow) = self.enter(&stream, peer, tls.is_some()) {
                let (streams, tls) = (self.clone(), tls.clone());
                tokio::spawn(async move {
                    streams.serve_socket(stream, flow.clone(), tls).await;
                    streams.flows.close(&flow);
                });
            }
        }
    }

    /// `None`: the door is shut for it, and dropping the socket closes it.
    fn enter(&self, stream: &TcpStream, peer: SocketAddr, secure: bool) -> Option<Arc<Flow>> {
        if !self.gate.lets_in(peer.ip()) {
            return None;
        }
        let addresses = (stream.local_addr().ok()?, peer);
        let transport = if secure { Transport::Tls } else { Transport::Tcp };
        let known = self.gate.doors().knows(peer.ip());
        stream.set_nodelay(true).ok();
        self.flows.open_new(addresses, transport, known, self.stop.child_token(), self.gate.clock().instant())
    }

    async fn serve_socket(&self, stream: TcpStream, flow: Arc<Flow>, tls: Option<Tls>) {
        let Some(tls) = tls else { return self.serve(stream, flow).await };
        let handshake = tokio::time::timeout(limits::TLS_HANDSHAKE, tls.acceptor().accept(stream));
        let shaken = tokio::select! {
            () = flow.closed.cancelled() => return,
            shaken = handshake => shaken,
        };
        match shaken {
            Ok(Ok(stream)) => self.serve(stream, flow).await,
            Ok(Err(error)) => {
                answered_nothing("handshake");
                tracing::debug!(%error, "TLS handshake failed");
            }
            Err(_) => answered_nothing("handshake"),
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send>(&self, socket: S, flow: Arc<Flow>) {
        let (outgoing, from_stack) = unbounded_channel();
        // The stack reads nothing from here: what comes in is handed to it with this connection as its sender.
        let (_, nothing) = unbounded_channel();
        let address = SipAddr::new(flow.transport, flow.peer.into());
        let connection =
            ChannelConnection::create_connection(nothing, outgoing, address, Some(flow.closed.clone())).await;
        let Ok(connection) = connection else { return };
        let now = self.gate.clock().instant();
        let framer = Framer::default();
        let mut served =
            Connection { streams: self, flow, connection, socket, framer, from_stack, opened: now, begun: None };
        served.run().await;
    }
}

/// One connection while it is served.
struct Connection<'a, S> {
    streams: &'a Streams,
    flow: Arc<Flow>,
    connection: ChannelConnection,
    socket: S,
    framer: Framer,
    from_stack: UnboundedReceiver<TransportEvent>,
    opened: Instant,
    /// When the message that is being received began.
    begun: Option<Instant>,
}

/// The connection is over.
struct Over;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<'_, S> {
    async fn run(&mut self) {
        let mut buffer = [0; READ];
        let closed = self.flow.closed.clone();
        loop {
            let patience = self.patience();
            let turn = tokio::select! {
                () = closed.cancelled() => return,
                message = self.from_stack.recv() => match message {
                    Some(event) => self.send(event).await,
                    None => return,
                },
                read = self.socket.read(&mut buffer) => match read {
                    Ok(length) if length > 0 => self.take(buffer.get(..length).unwrap_or_default()).await,
                    _ => return,
                },
                () = tokio::time::sleep(patience) => self.out_of_patience(),
            };
            if turn.is_err() {
                self.socket.shutdown().await.ok();
                return;
            }
        }
    }

    /// How long the peer may stay silent from now on.
    fn patience(&self) -> Duration {
        let now = self.streams.gate.clock().instant();
        let end = match self.begun {
            Some(begun) => begun + limits::MESSAGE_WITHIN,
            None if !self.flow.spoke() => self.opened + limits::FIRST_MESSAGE,
            None => self.flow.last() + limits::STREAM_IDLE,
        };
        end.saturating_duration_since(now)
    }

    fn out_of_patience(&mut self) -> Result<(), Over> {
        if self.begun.is_none() && self.flow.carries_calls() {
            self.flow.heard(false, self.streams.gate.clock().instant());
            return Ok(());
        }
        answered_nothing(if self.begun.is_some() { "slow" } else { "idle" });
        Err(Over)
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Over> {
        self.framer.push(bytes);
        self.flow.heard(false, self.streams.gate.clock().instant());
        loop {
            match self.framer.next() {
                Ok(Some(Frame::Ping)) => self.write(b"\r\n").await?,
                Ok(Some(Frame::Message(message))) => {
                    self.begun = None;
                    self.message(&message).await?;
                }
                Ok(None) => break,
                Err(lost) => return self.lost(lost).await,
            }
        }
        if !self.framer.is_within_message() {
            self.begun = None;
        } else if self.begun.is_none() {
            self.begun = Some(self.streams.gate.clock().instant());
        }
        Ok(())
    }

    async fn message(&mut self, message: &[u8]) -> Result<(), Over> {
        let gate = &self.streams.gate;
        self.flow.heard(true, gate.clock().instant());
        if !gate.lets_in(self.flow.peer.ip()) {
            return Ok(());
        }
        match gate.judge(message, self.flow.peer, limits::MAX_STREAM_MESSAGE) {
            Judged::Pass(bytes) => self.hand_over(&bytes),
            Judged::Answer(reply) => self.write(&reply).await,
            Judged::Drop => Ok(()),
        }
    }

    fn hand_over(&self, bytes: &[u8]) -> Result<(), Over> {
        let (peer, transport) = (self.flow.peer, self.flow.transport);
        let parsed = SipMessage::try_from(bytes).ok();
        let received = |message| SipConnection::update_msg_received(message, peer, transport).ok();
        let Some(message) = parsed.and_then(received) else {
            answered_nothing("unparsable");
            return Ok(());
        };
        let from = SipAddr::new(self.flow.transport, self.flow.peer.into());
        let event = TransportEvent::Incoming(message, SipConnection::Channel(self.connection.clone()), from);
        self.streams.stack.send(event).map_err(|_| Over)
    }

    /// Answers what can be answered, and ends: where the next message begins is anyone's guess.
    async fn lost(&mut self, lost: Lost) -> Result<(), Over> {
        let raw = Raw::read(self.framer.rest());
        let is_request = raw.start_line.ends_with(" SIP/2.0") && !raw.start_line.starts_with("ACK ");
        if lost == Lost::Garbage || !is_request || raw.value(Name::Via).is_none() {
            answered_nothing(lost.reason());
            return Err(Over);
        }
        answered(lost.status(), lost.reason());
        let refusal = reply::stateless(&raw, lost.status(), self.flow.peer, &[]);
        self.write(&refusal).await?;
        self.linger().await;
        Err(Over)
    }

    /// Closing on unread bytes would reset the connection and take the answer with it.
    async fn linger(&mut self) {
        let mut unread = [0; READ];
        let socket = &mut self.socket;
        let drained = async {
            socket.shutdown().await.ok();
            let mut left = limits::MAX_STREAM_MESSAGE;
            while left > 0 {
                match socket.read(&mut unread).await {
                    Ok(length) if length > 0 => left = left.saturating_sub(length),
                    _ => return,
                }
            }
        };
        tokio::time::timeout(LINGER, drained).await.ok();
    }

    /// Writes what the stack sends. A peer that does not read is cut off, so that nothing piles up for it.
    async fn send(&mut self, event: TransportEvent) -> Result<(), Over> {
        let TransportEvent::Incoming(message, ..) = event else { return Ok(()) };
        if self.from_stack.len() > limits::STREAM_BACKLOG {
            answered_nothing("backlog");
            return Err(Over);
        }
        self.write(&message.to_bytes()).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Over> {
        let socket = &mut self.socket;
        let written = async {
            socket.write_all(bytes).await?;
            socket.flush().await
        };
        match tokio::time::timeout(limits::STREAM_WRITE, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Over),
            Err(_) => {
                answered_nothing("not_read");
                Err(Over)
            }
        }
    }
}

fn answered_nothing(reason: &'static str) {
    metrics::counter!("heardline_sip_screened_total", "reason" => reason).increment(1);
}
