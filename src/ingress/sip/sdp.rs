//! SDP offer and answer (RFC 8866, RFC 3264) for one stream of G.711 audio with telephone-event.
//!
//! Pure: a body in, a [`MediaPlan`] or the status owed to the peer out. An answer to our own offer is read with
//! the same functions, because RFC 3264 describes both sides with the same words.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Origin, Session};

use crate::call::{Codec, Direction, MediaPlan};
use crate::config::limits;

/// Packet time we send and ask for, milliseconds.
pub const PTIME_MS: u32 = 20;
/// Payload type of telephone-event where we make the offer; the number most peers use.
pub const OFFERED_DTMF: u8 = 101;
/// Payload type of a codec without a static one, where we make the offer.
pub const OFFERED_DYNAMIC: u8 = 96;
/// Packet times beyond this are a typing error, not a wish (RFC 3551 section 4.2 asks receivers for 200 ms).
const MAX_PTIME_MS: u32 = 200;

/// Why an SDP body gives no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("SDP cannot be read: {0}")]
    Malformed(String),
    #[error("no audio line with a port in the SDP")]
    NoAudio,
    #[error("no codec in common; offer PCMU or PCMA at 8000 Hz")]
    NoCommonCodec,
    #[error("audio transport is not RTP/AVP; offer it without encryption or feedback profile")]
    Profile,
    #[error("the audio address is not a unicast IPv4 address")]
    Address,
}

impl SdpError {
    /// SIP status owed to the peer (RFC 3261 sections 21.4.1 and 21.4.26).
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NoAudio | Self::NoCommonCodec | Self::Profile | Self::Address => 488,
        }
    }
}

/// Identity of our session description: the id stays for the dialog, the version grows by one with each change
/// (RFC 3264 section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionIds {
    pub id: u64,
    pub version: u64,
}

/// A session description of the peer.
#[derive(Clone, Debug)]
pub struct Offer {
    session: Session,
}

impl Offer {
    /// Reads a body of at most [`limits::MAX_SDP`] bytes.
    pub fn parse(body: &[u8]) -> Result<Self, SdpError> {
        if body.len() > limits::MAX_SDP {
            return Err(SdpError::Malformed(format!("{} bytes, at most {}", body.len(), limits::MAX_SDP)));
        }
        let session = Session::parse(body).map_err(|e| SdpError::Malformed(e.to_string()))?;
        Ok(Self { session })
    }

    /// Media lines, refused ones included.
    pub fn lines(&self) -> usize {
        self.session.medias.len()
    }

    /// What both sides can speak, from the first usable audio line.
    pub fn negotiate(&self) -> Result<MediaPlan, SdpError> {
        self.chosen().map(|(_, plan)| plan)
    }

    /// Our answer: as many media lines as the offer in its order, everything but the chosen one refused with
    /// port 0 (RFC 3264 section 6).
    pub fn answer(&self, plan: &MediaPlan, local_rtp: SocketAddr, ids: SessionIds) -> String {
        let chosen = self.chosen().map(|(index, _)| index).ok();
        let medias = self.session.medias.iter().enumerate().map(|(index, offered)| {
            if chosen == Some(index) { audio_line(&Spoken::from(plan), local_rtp.port()) } else { refused(offered) }
        });
        print(medias.collect(), local_rtp.ip(), ids)
    }

    /// Index of the first audio line we can take, and its plan; else the reason of the most promising line.
    fn chosen(&self) -> Result<(usize, MediaPlan), SdpError> {
        let mut reason = SdpError::NoAudio;
        for (index, media) in self.session.medias.iter().enumerate() {
            if !media.media.eq_ignore_ascii_case("audio") || media.port == 0 {
                continue;
            }
            match self.plan(media) {
                Ok(plan) => return Ok((index, plan)),
                Err(SdpError::NoCommonCodec) => reason = SdpError::NoCommonCodec,
                Err(other) if reason == SdpError::NoAudio => reason = other,
                Err(_) => {}
            }
        }
        Err(reason)
    }

    fn plan(&self, media: &Media) -> Result<MediaPlan, SdpError> {
        if !media.proto.eq_ignore_ascii_case("RTP/AVP") {
            return Err(SdpError::Profile);
        }
        let formats: Vec<Format> = media.fmt.split_ascii_whitespace().filter_map(|pt| Format::of(media, pt)).collect();
        let (payload_type, codec) =
            formats.iter().find_map(|f| f.codec.map(|codec| (f.payload_type, codec))).ok_or(SdpError::NoCommonCodec)?;
        let address = self.address(media)?;
        let offered = self.direction(media);
        Ok(MediaPlan {
            codec,
            payload_type,
            dtmf_payload_type: formats.iter().find(|f| f.telephone_event).map(|f| f.payload_type),
            remote: SocketAddr::from((address, media.port)),
            remote_rtcp: rtcp_address(media, address),
            rtcp_mux: false,
            signalled_from: None,
            noise_payload_type: None,
            direction: ours(offered, address.is_unspecified()),
            ptime_ms: packet_time(media),
        })
    }

    /// The line's own `c=`, else the session's.
    fn address(&self, media: &Media) -> Result<Ipv4Addr, SdpError> {
        let connection = media.connections.first().or(self.session.connection.as_ref()).ok_or(SdpError::Address)?;
        match connection.try_address().map(|address| address.ip) {
            Ok(IpAddr::V4(ip)) if !ip.is_multicast() && !ip.is_broadcast() => Ok(ip),
            _ => Err(SdpError::Address),
        }
    }

    /// As the peer wrote it, from its side.
    fn direction(&self, media: &Media) -> Direction {
        let named = |attributes: &[Attribute]| {
            attributes.iter().find_map(|a| match a.attribute.to_ascii_lowercase().as_str() {
                "sendrecv" => Some(Direction::SendRecv),
                "sendonly" => Some(Direction::SendOnly),
                "recvonly" => Some(Direction::RecvOnly),
                "inactive" => Some(Direction::Inactive),
                _ => None,
            })
        };
        named(&media.attributes).or_else(|| named(&self.session.attributes)).unwrap_or(Direction::SendRecv)
    }
}

/// Our offer of one audio line with one codec, for calls that we make.
pub fn offer(codec: Codec, local_rtp: SocketAddr, ids: SessionIds) -> String {
    let spoken = Spoken {
        codec,
        payload_type: codec.static_payload_type().unwrap_or(OFFERED_DYNAMIC),
        dtmf: Some(OFFERED_DTMF),
        direction: Direction::SendRecv,
    };
    print(vec![audio_line(&spoken, local_rtp.port())], local_rtp.ip(), ids)
}

/// One number of an `m=` line and what it stands for.
struct Format {
    payload_type: u8,
    codec: Option<Codec>,
    telephone_event: bool,
}

impl Format {
    fn of(media: &Media, text: &str) -> Option<Self> {
        let payload_type: u8 = text.parse().ok().filter(|pt| *pt < 128)?;
        let mapped = media.get_attribute_values("rtpmap").flatten().find_map(|value| {
            let (number, encoding) = value.trim().split_once(char::is_whitespace)?;
            (number.parse() == Ok(payload_type)).then(|| encoding.trim())
        });
        let Some(encoding) = mapped else {
            let codec = [Codec::Pcmu, Codec::Pcma].into_iter().find(|c| c.static_payload_type() == Some(payload_type));
            return Some(Self { payload_type, codec, telephone_event: false });
        };
        let mut parts = encoding.split('/');
        let name = parts.next().unwrap_or_default();
        let narrow = parts.next() == Some("8000") && matches!(parts.next(), None | Some("1"));
        let codec = [Codec::Pcmu, Codec::Pcma].into_iter().find(|c| narrow && name.eq_ignore_ascii_case(c.name()));
        Some(Self { payload_type, codec, telephone_event: narrow && name.eq_ignore_ascii_case("telephone-event") })
    }
}

/// Mirrors the peer's direction; `c=0.0.0.0` is the old way to say "send me nothing" (RFC 3264 section 8.4).
fn ours(theirs: Direction, silenced: bool) -> Direction {
    match (theirs, silenced) {
        (Direction::SendRecv, false) => Direction::SendRecv,
        (Direction::SendRecv | Direction::SendOnly, _) => Direction::RecvOnly,
        (Direction::RecvOnly, false) => Direction::SendOnly,
        (Direction::RecvOnly, true) | (Direction::Inactive, _) => Direction::Inactive,
    }
}

/// `a=rtcp:PORT [IN IP4 ADDRESS]` (RFC 3605), else the port above.
fn rtcp_address(media: &Media, address: Ipv4Addr) -> SocketAddr {
    let above = SocketAddr::from((address, media.port.checked_add(1).unwrap_or(media.port)));
    let Some(Some(value)) = media.get_first_attribute_value("rtcp") else { return above };
    let mut parts = value.split_ascii_whitespace();
    let Some(port) = parts.next().and_then(|p| p.parse::<u16>().ok()).filter(|p| *p != 0) else { return above };
    let own = parts.nth(2).and_then(|ip| ip.parse::<Ipv4Addr>().ok()).filter(|ip| !ip.is_multicast());
    SocketAddr::from((own.unwrap_or(address), port))
}

fn packet_time(media: &Media) -> u32 {
    let asked = media.get_first_attribute_value("ptime").flatten().and_then(|v| v.trim().parse().ok());
    asked.filter(|ms| (1..=MAX_PTIME_MS).contains(ms)).unwrap_or(PTIME_MS)
}

/// What our own audio line says.
struct Spoken {
    codec: Codec,
    payload_type: u8,
    dtmf: Option<u8>,
    direction: Direction,
}

impl From<&MediaPlan> for Spoken {
    fn from(plan: &MediaPlan) -> Self {
        Self {
            codec: plan.codec,
            payload_type: plan.payload_type,
            dtmf: plan.dtmf_payload_type,
            direction: plan.direction,
        }
    }
}

fn attribute(name: &str, value: Option<String>) -> Attribute {
    Attribute { attribute: name.to_owned(), value }
}

fn audio_line(spoken: &Spoken, port: u16) -> Media {
    let mut formats = spoken.payload_type.to_string();
    let mut attributes =
        vec![attribute("rtpmap", Some(format!("{} {}/8000", spoken.payload_type, spoken.codec.name())))];
    if let Some(dtmf) = spoken.dtmf {
        formats.push_str(&format!(" {dtmf}"));
        attributes.push(attribute("rtpmap", Some(format!("{dtmf} telephone-event/8000"))));
        attributes.push(attribute("fmtp", Some(format!("{dtmf} 0-16"))));
    }
    attributes.push(attribute("ptime", Some(PTIME_MS.to_string())));
    let direction = match spoken.direction {
        Direction::SendRecv => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::RecvOnly => "recvonly",
        Direction::Inactive => "inactive",
    };
    attributes.push(attribute(direction, None));
    line("audio", port, "RTP/AVP", &formats, attributes)
}

fn refused(offered: &Media) -> Media {
    line(&offered.media, 0, &offered.proto, &offered.fmt, Vec::new())
}

fn line(media: &str, port: u16, proto: &str, fmt: &str, attributes: Vec<Attribute>) -> Media {
    Media {
        media: media.to_owned(),
        port,
        num_ports: None,
        proto: proto.to_owned(),
        fmt: fmt.to_owned(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes,
    }
}

fn print(medias: Vec<Media>, local: IpAddr, ids: SessionIds) -> String {
    let mut session = Session::new(Origin::with_ip_addr(ids.id, ids.version, local), "-");
    session.connection = Some(Connection::from_ip_addr(local));
    session.medias = medias;
    let mut out = Vec::new();
    // Writing into memory cannot fail; an empty body would be refused by the peer like any other bad one.
    if session.write(&mut out).is_err() {
        out.clear();
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
#[path = "sdp_tests.rs"]
mod tests;
