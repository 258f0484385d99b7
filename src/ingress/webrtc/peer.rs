//! The connection to one browser: ICE, DTLS-SRTP and the packets in the clear. The only user of webrtc 0.21.1 on the
//! gateway's side.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rtc::interceptor::Slot;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::MIME_TYPE_TELEPHONE_EVENT;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::shared::marshal::Unmarshal;
use tokio::sync::{Notify, mpsc};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceCandidateInit,
    RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngineBuilder,
};

use super::offer::{Offer, OfferError};
use super::ports::UdpPorts;
use super::socket::{Handshake, Watched};
use super::tap::Tap;
use super::{answer, fragment};
use crate::call::Codec;
use crate::config::limits;
use crate::ingress::{LinkEvent, LinkPacket, PacketLink};

/// Packets behind the newest one that may still come once each (RFC 3711 section 3.3.2); off by default in the library.
const REPLAY_WINDOW: usize = 128;
/// Ports tried for one connection.
const BIND_TRIES: usize = 3;
/// How long candidates may take: they are our own addresses, nobody is asked.
const GATHERED: Duration = Duration::from_secs(5);
/// No answer to checks for this long: disconnected; this long after it: failed. The media stage gives up before
/// (`call.media_lost_s`), and until then the path may come back.
const DISCONNECTED: Duration = Duration::from_secs(5);
const FAILED: Duration = Duration::from_secs(60);
const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// How peers are reached.
#[derive(Clone, Debug)]
pub(super) struct PeerSettings {
    pub ports: UdpPorts,
    pub public_address: Option<IpAddr>,
    pub lite: bool,
}

/// Why no connection could be offered.
#[derive(Debug, thiserror::Error)]
pub(super) enum PeerError {
    #[error(transparent)]
    Offer(#[from] OfferError),
    #[error("every port of webrtc.udp_ports is taken; widen the range")]
    NoPort,
    #[error("the connection could not be made: {0}")]
    Failed(String),
}

/// What the connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerEvent {
    /// Keys are agreed, sound flows.
    Up,
    /// The browser closed it.
    Closed,
    /// ICE or DTLS gave up.
    Failed,
}

/// One connection. End it with [`close`](Peer::close), which waits until port and task are free.
pub(super) struct Peer {
    connection: Arc<dyn PeerConnection>,
    events: mpsc::Receiver<PeerEvent>,
    alert_left: Arc<Notify>,
    /// Candidates that came after the offer.
    candidates: usize,
    up: bool,
    closed: bool,
}

/// A connection that waits for the browser, and what it is told.
pub(super) struct Answered {
    pub peer: Peer,
    pub link: PacketLink,
    pub sdp: String,
}

impl Peer {
    /// Takes a port and answers the offer; the browser's checks are awaited from now on.
    pub async fn answer(sdp: String, offer: &Offer, settings: &PeerSettings) -> Result<Answered, PeerError> {
        // Between our look at a port and the library's bind another program may take it.
        let mut error = PeerError::NoPort;
        for _ in 0..BIND_TRIES {
            match Self::answer_on(settings.ports.pick().ok_or(PeerError::NoPort)?, &sdp, offer, settings).await {
                Err(failed @ PeerError::Failed(_)) => error = failed,
                settled => return settled,
            }
        }
        Err(error)
    }

    async fn answer_on(
        addresses: Vec<SocketAddr>,
        sdp: &str,
        offer: &Offer,
        settings: &PeerSettings,
    ) -> Result<Answered, PeerError> {
        let (to_media, received) = mpsc::channel(limits::LINK_QUEUE);
        let (events, told) = mpsc::channel(8);
        let alert_left = Arc::new(Notify::new());
        let handshake = Arc::new(Handshake::default());
        let handler =
            Arc::new(Handler { events, link: to_media.clone(), gathered: Notify::new(), handshake: handshake.clone() });
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(media_engine(offer)?)
            .with_interceptor_registry(Registry::new().with(Slot::ReceiverReport, Tap::new(to_media)))
            .with_setting_engine(engine(settings.lite))
            .with_runtime(Arc::new(Watched::new(alert_left.clone()).shaking(handshake)))
            .with_handler(handler.clone())
            .with_udp_addrs(addresses)
            .build()
            .await
            .map_err(failed)?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let mut peer = Self { connection, events: told, alert_left, candidates: 0, up: false, closed: false };
        match peer.describe(sdp, offer, &handler).await {
            Ok((answer, track, ssrc)) => {
                let (send, leaving) = mpsc::channel(limits::LINK_QUEUE);
                tokio::spawn(send_all(leaving, track));
                let sdp = answer::rewrite(&answer, offer, settings.public_address);
                Ok(Answered { peer, link: PacketLink { received, send, ssrc }, sdp })
            }
            Err(error) => {
                peer.close().await;
                Err(error)
            }
        }
    }

    async fn describe(
        &self,
        sdp: &str,
        offer: &Offer,
        handler: &Handler,
    ) -> Result<(String, Arc<dyn TrackLocal>, u32), PeerError> {
        let malformed = |error: webrtc::error::Error| OfferError::Malformed(error.to_string());
        let theirs = RTCSessionDescription::offer(fragment::usable(sdp)).map_err(malformed)?;
        self.connection.set_remote_description(theirs).await.map_err(malformed)?;
        let ssrc = rand::random();
        let track = self.add_track(offer, ssrc).await?;
        let ours = self.connection.create_answer(None).await.map_err(malformed)?;
        self.connection.set_local_description(ours).await.map_err(failed)?;
        tokio::time::timeout(GATHERED, handler.gathered.notified())
            .await
            .map_err(|_| PeerError::Failed("no candidates were gathered".into()))?;
        let local = self.connection.local_description().await;
        let local = local.ok_or_else(|| PeerError::Failed("there is no local description".into()))?;
        Ok((local.sdp, track, ssrc))
    }

    async fn add_track(&self, offer: &Offer, ssrc: u32) -> Result<Arc<dyn TrackLocal>, PeerError> {
        let coding = RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() };
        let codec = codec(offer).rtp_codec;
        let encoding = RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec, ..Default::default() };
        let name = || "heardline".to_owned();
        let track = MediaStreamTrack::new(name(), name(), name(), RtpCodecKind::Audio, vec![encoding]);
        let track: Arc<dyn TrackLocal> = Arc::new(TrackLocalStaticRTP::new(track));
        self.connection.add_track(track.clone()).await.map_err(failed)?;
        Ok(track)
    }

    /// What happens to the connection next; after `Closed` or `Failed` nothing more does. Safe to cancel.
    pub async fn next(&mut self) -> PeerEvent {
        let event = tokio::select! {
            event = self.events.recv() => event.unwrap_or(PeerEvent::Failed),
            () = self.alert_left.notified() => if self.up { PeerEvent::Closed } else { PeerEvent::Failed },
        };
        self.up |= event == PeerEvent::Up;
        event
    }

    /// A candidate the browser found later (RFC 8838): an address and a UDP port, and only so many in a call.
    pub async fn add_candidate(&mut self, candidate: String, mid: Option<String>) -> Result<(), String> {
        self.candidates += 1;
        if self.candidates > limits::MAX_CANDIDATES || !fragment::is_usable(&candidate) {
            return Err("over another transport, with a name, or one too many".into());
        }
        let candidate = RTCIceCandidateInit { candidate, sdp_mid: mid, ..Default::default() };
        self.connection.add_ice_candidate(candidate).await.map_err(|error| error.to_string())
    }

    /// Tells the browser and frees port and task.
    pub async fn close(&mut self) {
        self.closed = true;
        close(self.connection.as_ref()).await;
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The library's task lives on until it is told; a runtime that is ending takes it along.
        if !self.closed
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let connection = self.connection.clone();
            runtime.spawn(async move { close(connection.as_ref()).await });
        }
    }
}

async fn close(connection: &dyn PeerConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "a peer connection did not close cleanly");
    }
}

fn failed(error: webrtc::error::Error) -> PeerError {
    PeerError::Failed(error.to_string())
}

fn engine(lite: bool) -> webrtc::peer_connection::SettingEngine {
    SettingEngineBuilder::new()
        .with_lite(lite)
        .with_multicast_dns_mode(rtc::ice::mdns::MulticastDnsMode::Disabled)
        .with_ice_timeouts(Some(DISCONNECTED), Some(FAILED), Some(KEEP_ALIVE))
        .with_srtp_replay_protection_window(REPLAY_WINDOW)
        .with_srtcp_replay_protection_window(REPLAY_WINDOW)
        .with_dtls_replay_protection_window(REPLAY_WINDOW)
        .build()
}

/// Only what was chosen from the offer, under the offer's numbers: nothing is left to negotiate.
fn media_engine(offer: &Offer) -> Result<MediaEngine, PeerError> {
    let mut engine = MediaEngine::default();
    engine.register_codec(codec(offer), RtpCodecKind::Audio).map_err(failed)?;
    if let Some((payload_type, clock)) = offer.dtmf {
        let event = parameters(MIME_TYPE_TELEPHONE_EVENT, clock, 0, "0-16", payload_type);
        engine.register_codec(event, RtpCodecKind::Audio).map_err(failed)?;
    }
    Ok(engine)
}

fn codec(offer: &Offer) -> RTCRtpCodecParameters {
    let (channels, format) = if offer.codec == Codec::Opus { (2, answer::OPUS) } else { (0, "") };
    let mime = format!("audio/{}", offer.codec.name());
    parameters(&mime, offer.codec.clock(), channels, format, offer.payload_type)
}

fn parameters(mime: &str, clock: u32, channels: u16, format: &str, payload_type: u8) -> RTCRtpCodecParameters {
    let rtp_codec = RTCRtpCodec {
        mime_type: mime.to_owned(),
        clock_rate: clock,
        channels,
        sdp_fmtp_line: format.to_owned(),
        rtcp_feedback: Vec::new(),
    };
    RTCRtpCodecParameters { rtp_codec, payload_type }
}

/// Ends when the media stage has let go of the link.
async fn send_all(mut leaving: mpsc::Receiver<LinkPacket>, track: Arc<dyn TrackLocal>) {
    while let Some(packet) = leaving.recv().await {
        let sent = match packet {
            LinkPacket::Rtp(packet) => send_rtp(track.as_ref(), packet).await,
            LinkPacket::Rtcp(packet) => send_rtcp(track.as_ref(), packet).await,
        };
        if let Err(error) = sent {
            tracing::trace!(%error, "a packet did not leave; the connection is closing");
        }
    }
}

async fn send_rtp(track: &dyn TrackLocal, mut packet: Bytes) -> Result<(), webrtc::error::Error> {
    track.write_rtp(rtc::rtp::Packet::unmarshal(&mut packet)?).await
}

async fn send_rtcp(track: &dyn TrackLocal, mut packet: Bytes) -> Result<(), webrtc::error::Error> {
    track.write_rtcp(rtc::rtcp::packet::unmarshal(&mut packet)?).await
}

/// Called on the library's task, which must not be held up.
struct Handler {
    events: mpsc::Sender<PeerEvent>,
    link: mpsc::Sender<LinkEvent>,
    gathered: Notify,
    handshake: Arc<Handshake>,
}

#[async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.notify_one();
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let event = match state {
            RTCPeerConnectionState::Connected => PeerEvent::Up,
            RTCPeerConnectionState::Failed => PeerEvent::Failed,
            RTCPeerConnectionState::Closed => PeerEvent::Closed,
            _ => return,
        };
        if event == PeerEvent::Up {
            self.handshake.is_done();
            let _media_stage_is_gone = self.link.try_send(LinkEvent::Up);
        }
        let _call_is_over = self.events.try_send(event);
    }
}
