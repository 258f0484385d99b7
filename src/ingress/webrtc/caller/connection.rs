//! The caller's end of one connection: the offer, ICE and DTLS-SRTP, packets in the clear.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rtc::interceptor::{SenderReportBuilder, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::MIME_TYPE_TELEPHONE_EVENT;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::shared::marshal::Unmarshal;
use sdp_types::Session;
use tokio::sync::{Notify, mpsc, watch};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngineBuilder,
};

use super::cable::Cable;
use crate::call::Codec;
use crate::config::limits;
use crate::ingress::caller::{Formats, Heard, Line};
use crate::ingress::sdp;
use crate::ingress::webrtc::socket::Watched;
use crate::ingress::webrtc::tap::Tap;
use crate::ingress::{LinkEvent, LinkPacket};

/// Candidates are our own address alone; nobody is asked.
const GATHERED: Duration = Duration::from_secs(5);
/// What browsers offer for Opus (RFC 7587 section 7.1).
const OPUS: &str = "minptime=10;useinbandfec=1";

/// One connection. [`close`](Self::close) it; one that is dropped in mid-call closes itself soon after.
pub(super) struct Connection {
    peer: Arc<dyn PeerConnection>,
    track: Arc<dyn TrackLocal>,
    codec: Codec,
    ssrc: u32,
    received: mpsc::Receiver<LinkEvent>,
    states: watch::Receiver<RTCPeerConnectionState>,
    alert_left: Arc<Notify>,
    cable: Cable,
    closed: bool,
}

impl Connection {
    /// Binds a port of `local`; the offer names it and `codec` alone.
    pub async fn offer(codec: Codec, local: IpAddr) -> Result<(Self, String), webrtc::error::Error> {
        let (to_ear, received) = mpsc::channel(limits::LINK_QUEUE);
        let (told, states) = watch::channel(RTCPeerConnectionState::New);
        let (alert_left, cable) = (Arc::new(Notify::new()), Cable::default());
        let handler = Arc::new(Handler { told, gathered: Notify::new() });
        let engine = SettingEngineBuilder::new().with_multicast_dns_mode(rtc::ice::mdns::MulticastDnsMode::Disabled);
        let reports = SenderReportBuilder::new().build();
        let registry = Registry::new().with(Slot::ReceiverReport, Tap::new(to_ear)).with(Slot::SenderReport, reports);
        let peer = PeerConnectionBuilder::new()
            .with_media_engine(media_engine(codec)?)
            .with_interceptor_registry(registry)
            .with_setting_engine(engine.build())
            .with_runtime(Arc::new(Watched::new(alert_left.clone()).through(cable.clone())))
            .with_handler(handler.clone())
            .with_udp_addrs(vec![SocketAddr::new(local, 0)])
            .build()
            .await?;
        let peer: Arc<dyn PeerConnection> = Arc::new(peer);
        let ssrc = rand::random();
        let track = track(codec, ssrc);
        match describe(peer.as_ref(), &track, codec, &handler).await {
            Ok(sdp) => {
                let closed = false;
                Ok((Self { peer, track, codec, ssrc, received, states, alert_left, cable, closed }, sdp))
            }
            Err(error) => {
                let _already_failed = peer.close().await;
                Err(error)
            }
        }
    }

    /// Takes the answer; what was agreed.
    pub async fn answer(&self, sdp: String) -> Result<Formats, String> {
        let formats = agreed(&sdp, self.codec)?;
        let answer = RTCSessionDescription::answer(sdp).map_err(|error| error.to_string())?;
        self.peer.set_remote_description(answer).await.map_err(|error| error.to_string())?;
        Ok(formats)
    }

    /// Returns once sound can flow; `Err`: ICE or DTLS gave up.
    pub async fn up(&mut self) -> Result<(), &'static str> {
        use RTCPeerConnectionState as State;
        let settled = |state: &State| matches!(state, State::Connected | State::Failed | State::Closed);
        match self.states.wait_for(settled).await.map(|state| *state) {
            Ok(State::Connected) => Ok(()),
            _ => Err("no way between us was found; is UDP to the gateway's ports let through?"),
        }
    }

    pub fn cable(&self) -> Cable {
        self.cable.clone()
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The sound of this connection, and a future that is ready once the other side is gone.
    pub fn talk(&mut self, heard: Heard) -> (WebLine<'_>, impl Future<Output = ()>) {
        let (mut states, alert_left) = (self.states.clone(), self.alert_left.clone());
        let ended = async move {
            let gone = |state: &RTCPeerConnectionState| {
                matches!(state, RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed)
            };
            tokio::select! {
                _ = states.wait_for(gone) => {}
                () = alert_left.notified() => {}
            }
        };
        (WebLine { track: self.track.as_ref(), received: &mut self.received, heard }, ended)
    }

    /// Tells the other side, if it can be reached, and frees port and task.
    pub async fn close(&mut self) {
        self.closed = true;
        close(self.peer.as_ref()).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The library's task lives on until it is told; a runtime that is ending takes it along.
        if !self.closed
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let peer = self.peer.clone();
            runtime.spawn(async move { close(peer.as_ref()).await });
        }
    }
}

async fn close(peer: &dyn PeerConnection) {
    if let Err(error) = peer.close().await {
        tracing::debug!(%error, "the caller's connection did not close cleanly");
    }
}

/// One call's sound.
pub(super) struct WebLine<'a> {
    track: &'a dyn TrackLocal,
    received: &'a mut mpsc::Receiver<LinkEvent>,
    pub heard: Heard,
}

impl Line for WebLine<'_> {
    async fn send(&mut self, packet: Vec<u8>) -> bool {
        match rtc::rtp::Packet::unmarshal(&mut Bytes::from(packet)) {
            Ok(packet) => self.track.write_rtp(packet).await.is_ok(),
            Err(_) => false,
        }
    }

    fn listen(&mut self) {
        while let Ok(event) = self.received.try_recv() {
            if let LinkEvent::Packet(LinkPacket::Rtp(packet)) = event {
                self.heard.datagram(&packet);
            }
        }
    }
}

/// Payload types of an answer; the library keeps those of the offer whatever the answer says.
fn agreed(sdp: &str, codec: Codec) -> Result<Formats, String> {
    let session = Session::parse(sdp.as_bytes()).map_err(|error| format!("its SDP cannot be read: {error}"))?;
    let audio = session.medias.iter().find(|media| media.media == "audio" && media.port != 0);
    let formats = sdp::format::Formats::of(audio.ok_or("it takes no audio")?);
    let (payload_type, _) = formats.preferred(&[codec]).ok_or_else(|| format!("it refuses {}", codec.name()))?;
    Ok(Formats { codec, payload_type, keys: formats.number(sdp::format::Kind::Event(codec.clock())) })
}

async fn describe(
    peer: &dyn PeerConnection,
    track: &Arc<dyn TrackLocal>,
    codec: Codec,
    handler: &Handler,
) -> Result<String, webrtc::error::Error> {
    peer.add_track(track.clone()).await?;
    // From a track the library would offer its codec and no keys.
    for transceiver in peer.get_transceivers().await {
        transceiver.set_codec_preferences(vec![sound(codec), event(codec)]).await?;
    }
    let offer = peer.create_offer(None).await?;
    peer.set_local_description(offer).await?;
    let nothing = |what: &str| webrtc::error::Error::Other(what.to_owned());
    let gathered = tokio::time::timeout(GATHERED, handler.gathered.notified()).await;
    gathered.map_err(|_| nothing("no candidates were gathered"))?;
    let local = peer.local_description().await.ok_or_else(|| nothing("there is no local description"))?;
    Ok(local.sdp)
}

fn track(codec: Codec, ssrc: u32) -> Arc<dyn TrackLocal> {
    let coding = RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() };
    let codec = sound(codec).rtp_codec;
    let encoding = RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec, ..Default::default() };
    let name = || "caller".to_owned();
    let track = MediaStreamTrack::new(name(), name(), name(), RtpCodecKind::Audio, vec![encoding]);
    Arc::new(TrackLocalStaticRTP::new(track))
}

fn media_engine(codec: Codec) -> Result<MediaEngine, webrtc::error::Error> {
    let mut engine = MediaEngine::default();
    engine.register_codec(sound(codec), RtpCodecKind::Audio)?;
    engine.register_codec(event(codec), RtpCodecKind::Audio)?;
    Ok(engine)
}

/// Keys at the codec's clock, under the numbers that Chromium gives them.
fn event(codec: Codec) -> RTCRtpCodecParameters {
    let payload_type = if codec.clock() == 48_000 { 110 } else { 126 };
    parameters(MIME_TYPE_TELEPHONE_EVENT, codec.clock(), 0, "0-15", payload_type)
}

fn sound(codec: Codec) -> RTCRtpCodecParameters {
    let (channels, format) = if codec == Codec::Opus { (2, OPUS) } else { (0, "") };
    parameters(
        &format!("audio/{}", codec.name()),
        codec.clock(),
        channels,
        format,
        codec.static_payload_type().unwrap_or(111),
    )
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

/// Called on the library's task, which must not be held up.
struct Handler {
    told: watch::Sender<RTCPeerConnectionState>,
    gathered: Notify,
}

#[async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.notify_one();
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.told.send_replace(state);
    }
}
