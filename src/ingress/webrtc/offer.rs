//! A browser's offer (RFC 8829): whether we can serve it, and with which codec. Pure.

use std::net::SocketAddr;

use sdp_types::{Attribute, Media, Session};

use crate::call::{Codec, Direction, MediaPlan};
use crate::config::limits;
use crate::ingress::sdp::format::{Formats, Kind};
use crate::ingress::sdp::read::{direction, ours, packet_time};

/// Codecs we speak with browsers, the best first.
pub(super) const CODECS: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];

/// Why an offer gives no call; [`status`](OfferError::status) says it in HTTP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    #[error("the SDP cannot be read: {0}")]
    Malformed(String),
    #[error("more media lines than one call has; offer one of audio")]
    TooManyLines,
    #[error("no audio line; offer one, sendrecv")]
    NoAudio,
    #[error("two audio lines; a call has one microphone")]
    TwoMicrophones,
    #[error("the audio is not encrypted with DTLS-SRTP; offer UDP/TLS/RTP/SAVPF with a=fingerprint and a=setup")]
    NotEncrypted,
    #[error("no ICE credentials; offer a=ice-ufrag and a=ice-pwd")]
    NoIce,
    #[error("sound must go both ways, for the caller must hear that the call is recorded; offer sendrecv")]
    OneWay,
    #[error("RTP and RTCP on ports of their own; offer a=rtcp-mux")]
    NotMultiplexed,
    #[error("no codec in common; offer opus, G722, PCMU or PCMA")]
    NoCommonCodec,
}

impl OfferError {
    /// 400 for what is no SDP, 406 for codecs, 422 for a session we do not serve.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NoCommonCodec => 406,
            _ => 422,
        }
    }
}

/// What a usable offer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub codec: Codec,
    pub payload_type: u8,
    /// telephone-event with its clock, hertz.
    pub dtmf: Option<(u8, u32)>,
    pub ptime_ms: u32,
}

impl Offer {
    /// Reads a body of at most [`limits::MAX_SDP`] bytes.
    pub fn parse(body: &str) -> Result<Self, OfferError> {
        if body.len() > limits::MAX_SDP {
            return Err(OfferError::Malformed(format!("{} bytes, at most {}", body.len(), limits::MAX_SDP)));
        }
        let session = Session::parse(body.as_bytes()).map_err(|error| OfferError::Malformed(error.to_string()))?;
        if session.medias.len() > limits::MAX_MEDIA_LINES {
            return Err(OfferError::TooManyLines);
        }
        let is_audio = |media: &&Media| media.media.eq_ignore_ascii_case("audio") && media.port != 0;
        let mut audio = session.medias.iter().filter(is_audio);
        let media = audio.next().ok_or(OfferError::NoAudio)?;
        if audio.next().is_some() {
            return Err(OfferError::TwoMicrophones);
        }
        secure(media, &session)?;
        let direction = ours(direction(media, &session), false);
        if direction != Direction::SendRecv {
            return Err(OfferError::OneWay);
        }
        let formats = Formats::of(media);
        let (payload_type, codec) = formats.preferred(&CODECS).ok_or(OfferError::NoCommonCodec)?;
        let event = |clock: u32| Some((formats.number(Kind::Event(clock))?, clock));
        Ok(Self {
            codec,
            payload_type,
            dtmf: event(codec.clock()).or_else(|| event(8_000)),
            ptime_ms: packet_time(media),
        })
    }

    /// As the media stage needs it. `source`: where the offer came from; the door knows where the sound goes.
    pub fn plan(&self, source: SocketAddr) -> MediaPlan {
        MediaPlan {
            codec: self.codec,
            payload_type: self.payload_type,
            noise_payload_type: None,
            dtmf_payload_type: self.dtmf.map(|(payload_type, _)| payload_type),
            remote: source,
            remote_rtcp: source,
            rtcp_mux: true,
            signalled_from: None,
            direction: Direction::SendRecv,
            ptime_ms: self.ptime_ms,
        }
    }
}

/// Keys by DTLS, a way by ICE, one port (RFC 8834 section 4.5).
fn secure(media: &Media, session: &Session) -> Result<(), OfferError> {
    let has = |name: &str| {
        let there = |attributes: &[Attribute]| attributes.iter().any(|a| a.attribute.eq_ignore_ascii_case(name));
        there(&media.attributes) || there(&session.attributes)
    };
    let proto = media.proto.to_ascii_uppercase();
    if !matches!(proto.as_str(), "UDP/TLS/RTP/SAVPF" | "UDP/TLS/RTP/SAVP") || !has("fingerprint") || !has("setup") {
        return Err(OfferError::NotEncrypted);
    }
    if !has("ice-ufrag") || !has("ice-pwd") {
        return Err(OfferError::NoIce);
    }
    if has("rtcp-mux") || has("rtcp-mux-only") { Ok(()) } else { Err(OfferError::NotMultiplexed) }
}

#[cfg(test)]
#[path = "offer_tests.rs"]
mod tests;
