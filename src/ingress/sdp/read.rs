//! A session description of the peer, and the plan it gives.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Media, Session};

use super::format::{Formats, Kind};
use super::{PTIME_MS, PTIMES_MS, SdpError};
use crate::call::{Codec, Direction, MediaPlan};
use crate::config::limits;

/// What the peer described, as far as we look at it.
#[derive(Clone, Debug)]
pub struct Offer {
    pub(super) lines: Vec<Line>,
}

/// One media line: what its refusal repeats, and the stream when it is one that we could take.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub media: String,
    pub proto: String,
    /// Its first format; a refused line needs no more (RFC 3264 section 6).
    pub format: String,
    pub stream: Result<Stream, SdpError>,
}

/// An audio stream without encryption.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub formats: Formats,
    address: SocketAddr,
    rtcp: SocketAddr,
    rtcp_mux: bool,
    direction: Direction,
    ptime_ms: u32,
}

impl Offer {
    /// Reads a body of at most [`limits::MAX_SDP`] bytes and [`limits::MAX_MEDIA_LINES`] media lines.
    pub fn parse(body: &[u8]) -> Result<Self, SdpError> {
        if body.len() > limits::MAX_SDP {
            return Err(SdpError::Malformed(format!("{} bytes, at most {}", body.len(), limits::MAX_SDP)));
        }
        let session = Session::parse(body).map_err(|e| SdpError::Malformed(e.to_string()))?;
        if session.medias.len() > limits::MAX_MEDIA_LINES {
            return Err(SdpError::TooManyLines);
        }
        Ok(Self { lines: session.medias.iter().map(|media| Line::read(media, &session)).collect() })
    }

    /// Media lines, refused ones included.
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// What both sides can speak, from the first audio line with one of `codecs`; the answerer chooses, so our order
    /// counts (RFC 3264 section 6.1).
    pub fn negotiate(&self, codecs: &[Codec]) -> Result<MediaPlan, SdpError> {
        self.plan(codecs, |formats| formats.preferred(codecs))
    }

    /// The same from an answer to our own offer: the peer lists first what it likes best.
    pub fn agreed(&self, codecs: &[Codec]) -> Result<MediaPlan, SdpError> {
        self.plan(codecs, |formats| formats.first(codecs))
    }

    /// The line that `plan` was made from.
    pub(super) fn chosen(&self, plan: &MediaPlan) -> Option<usize> {
        self.lines.iter().position(|line| {
            let formats = line.stream.as_ref().map(|stream| &stream.formats);
            formats.is_ok_and(|formats| formats.kind(plan.payload_type) == Some(Kind::Audio(plan.codec)))
        })
    }

    fn plan(&self, codecs: &[Codec], choose: impl Fn(&Formats) -> Option<(u8, Codec)>) -> Result<MediaPlan, SdpError> {
        let mut nearest = SdpError::NoAudio;
        for line in &self.lines {
            let refusal = match &line.stream {
                Ok(stream) => match choose(&stream.formats) {
                    Some((payload_type, codec)) => return Ok(stream.plan(payload_type, codec)),
                    None => SdpError::NoCommonCodec(codecs.iter().map(|c| c.name()).collect::<Vec<_>>().join(", ")),
                },
                Err(refusal) => refusal.clone(),
            };
            if refusal.nearness() > nearest.nearness() {
                nearest = refusal;
            }
        }
        Err(nearest)
    }
}

impl Line {
    fn read(media: &Media, session: &Session) -> Self {
        Self {
            media: media.media.clone(),
            proto: media.proto.clone(),
            format: media.fmt.split_ascii_whitespace().next().unwrap_or("0").to_owned(),
            stream: Stream::read(media, session),
        }
    }
}

impl Stream {
    fn read(media: &Media, session: &Session) -> Result<Self, SdpError> {
        if !media.media.eq_ignore_ascii_case("audio") || media.port == 0 {
            return Err(SdpError::NoAudio);
        }
        let proto = media.proto.to_ascii_uppercase();
        if proto.contains("SAVP") {
            return Err(SdpError::Encrypted);
        }
        if !matches!(proto.as_str(), "RTP/AVP" | "RTP/AVPF") {
            return Err(SdpError::Profile);
        }
        let address = SocketAddr::new(host(media, session)?, media.port);
        let rtcp_mux = media.get_first_attribute_value("rtcp-mux").is_some();
        Ok(Self {
            formats: Formats::of(media),
            address,
            rtcp: if rtcp_mux { address } else { rtcp_address(media, address) },
            rtcp_mux,
            direction: ours(direction(media, session), address.ip().is_unspecified()),
            ptime_ms: packet_time(media),
        })
    }

    fn plan(&self, payload_type: u8, codec: Codec) -> MediaPlan {
        let narrow = codec.rate() == 8_000;
        MediaPlan {
            codec,
            payload_type,
            noise_payload_type: self.formats.number(Kind::Noise).filter(|_| narrow),
            dtmf_payload_type: self.formats.event(codec.clock()),
            remote: self.address,
            remote_rtcp: self.rtcp,
            rtcp_mux: self.rtcp_mux,
            signalled_from: None,
            direction: self.direction,
            ptime_ms: self.ptime_ms,
        }
    }
}

/// The line's own `c=`, else the session's.
fn host(media: &Media, session: &Session) -> Result<IpAddr, SdpError> {
    let connection = media.connections.first().or(session.connection.as_ref()).ok_or(SdpError::Address)?;
    match connection.try_address().map(|address| address.ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) if ip.is_broadcast() => Err(SdpError::Address),
        Ok(ip) if !ip.is_multicast() => Ok(ip),
        _ => Err(SdpError::Address),
    }
}

/// As the peer wrote it, from its side.
pub(in crate::ingress) fn direction(media: &Media, session: &Session) -> Direction {
    let named = |attributes: &[Attribute]| {
        attributes.iter().find_map(|a| match a.attribute.to_ascii_lowercase().as_str() {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        })
    };
    named(&media.attributes).or_else(|| named(&session.attributes)).unwrap_or(Direction::SendRecv)
}

/// Mirrors the peer's direction; `c=0.0.0.0` is the old way to say "send me nothing" (RFC 3264 section 8.4).
pub(in crate::ingress) fn ours(theirs: Direction, silenced: bool) -> Direction {
    match (theirs, silenced) {
        (Direction::SendRecv, false) => Direction::SendRecv,
        (Direction::SendRecv | Direction::SendOnly, _) => Direction::RecvOnly,
        (Direction::RecvOnly, false) => Direction::SendOnly,
        (Direction::RecvOnly, true) | (Direction::Inactive, _) => Direction::Inactive,
    }
}

/// `a=rtcp:PORT [IN IP4|IP6 ADDRESS]` (RFC 3605), else the port above.
fn rtcp_address(media: &Media, rtp: SocketAddr) -> SocketAddr {
    let above = SocketAddr::new(rtp.ip(), rtp.port().checked_add(1).unwrap_or(rtp.port()));
    let Some(Some(value)) = media.get_first_attribute_value("rtcp") else { return above };
    let mut parts = value.split_ascii_whitespace();
    let Some(port) = parts.next().and_then(|p| p.parse::<u16>().ok()).filter(|p| *p != 0) else { return above };
    let own = parts.nth(2).and_then(|ip| ip.parse::<IpAddr>().ok()).filter(|ip| !ip.is_multicast());
    SocketAddr::new(own.unwrap_or(rtp.ip()), port)
}

/// The longest packet time of ours that is neither above the wish (`a=ptime`) nor above the most that is taken
/// (`a=maxptime`), RFC 8866 section 6.4.
pub(in crate::ingress) fn packet_time(media: &Media) -> u32 {
    let number = |name: &str| {
        let value = media.get_first_attribute_value(name).flatten()?;
        value.trim().parse::<u32>().ok().filter(|ms| *ms > 0)
    };
    let most = number("maxptime").unwrap_or(u32::MAX);
    let asked = number("ptime").unwrap_or(PTIME_MS).min(most);
    let [shortest, ..] = PTIMES_MS;
    PTIMES_MS.into_iter().rev().find(|ms| *ms <= asked).unwrap_or(shortest)
}
