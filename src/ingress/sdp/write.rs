//! What we write: answers, and offers of our own.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Origin, Session};

use super::format::{self, Formats, Kind};
use super::read::{Line, Offer};
use super::{OFFERED_DTMF, OFFERED_DYNAMIC, PTIME_MS, PTIMES_MS, SessionIds};
use crate::call::{Codec, Direction, MediaPlan};

/// What we ask of an Opus sender (RFC 7587 section 6.1): the recogniser listens at 16 kHz, in mono, and lost packets
/// are mended from the ones that follow.
const OPUS: &str = "minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0;maxplaybackrate=16000";
/// Digits, `*`, `#`, A to D and flash (RFC 4733 section 2.5.1.1).
const EVENTS: &str = "0-16";

/// Our offer of one audio line with these codecs, in this order.
pub fn offer(codecs: &[Codec], local_rtp: SocketAddr, ids: SessionIds) -> String {
    let line = audio_line(&Spoken::offered(codecs, &Formats::default(), "RTP/AVP"), local_rtp.port());
    print(vec![line], local_rtp.ip(), ids)
}

impl Offer {
    /// Our answer: as many media lines as the offer in its order, everything but the chosen one refused with
    /// port 0 (RFC 3264 section 6). The numbers and the profile of the chosen line are the peer's.
    pub fn answer(&self, plan: &MediaPlan, local_rtp: SocketAddr, ids: SessionIds) -> String {
        self.describe(plan, local_rtp, ids, |line| {
            let formats = line.stream.as_ref().map(|stream| stream.formats.clone()).unwrap_or_default();
            Spoken::answered(plan, &formats, &line.proto)
        })
    }

    /// Our offer inside a session whose last description by the peer this is: the same lines, the same meaning of
    /// every number (RFC 3264 sections 8 and 8.3.2), all of `codecs` open again.
    pub fn again(&self, codecs: &[Codec], plan: &MediaPlan, local_rtp: SocketAddr, ids: SessionIds) -> String {
        self.describe(plan, local_rtp, ids, |line| {
            let formats = line.stream.as_ref().map(|stream| stream.formats.clone()).unwrap_or_default();
            Spoken::offered(codecs, &formats, &line.proto)
        })
    }

    fn describe<'a>(
        &'a self,
        plan: &MediaPlan,
        local_rtp: SocketAddr,
        ids: SessionIds,
        spoken: impl Fn(&'a Line) -> Spoken<'a>,
    ) -> String {
        let chosen = self.chosen(plan);
        let medias = self.lines.iter().enumerate().map(|(index, line)| {
            if chosen == Some(index) { audio_line(&spoken(line), local_rtp.port()) } else { refused(line) }
        });
        print(medias.collect(), local_rtp.ip(), ids)
    }
}

/// What our own audio line says.
struct Spoken<'a> {
    profile: &'a str,
    formats: Vec<(u8, Kind)>,
    rtcp_mux: bool,
    ptime_ms: u32,
    direction: Direction,
}

impl<'a> Spoken<'a> {
    fn answered(plan: &MediaPlan, offered: &Formats, profile: &'a str) -> Self {
        let mut formats = vec![(plan.payload_type, Kind::Audio(plan.codec))];
        formats.extend(plan.noise_payload_type.map(|number| (number, Kind::Noise)));
        let event = plan.dtmf_payload_type.and_then(|number| Some((number, offered.kind(number)?)));
        formats.extend(event);
        Self { profile, formats, rtcp_mux: plan.rtcp_mux, ptime_ms: plan.ptime_ms, direction: plan.direction }
    }

    /// `known`: the numbers the session uses already.
    fn offered(codecs: &[Codec], known: &Formats, profile: &'a str) -> Self {
        let mut formats: Vec<(u8, Kind)> = Vec::new();
        let add = |formats: &mut Vec<(u8, Kind)>, kind, usual: u8| {
            let taken = |number: &u8| known.kind(*number).is_some() || formats.iter().any(|(of, _)| of == number);
            let free = || std::iter::once(usual).chain(OFFERED_DYNAMIC..128).find(|number| !taken(number));
            if let Some(number) = known.number(kind).or_else(free) {
                formats.push((number, kind));
            }
        };
        for codec in codecs {
            add(&mut formats, Kind::Audio(*codec), codec.static_payload_type().unwrap_or(OFFERED_DYNAMIC));
        }
        if codecs.iter().any(|codec| codec.rate() == 8_000) {
            add(&mut formats, Kind::Noise, format::NOISE);
        }
        let mut clocks: Vec<u32> = codecs.iter().map(|codec| codec.clock()).collect();
        clocks.sort_unstable();
        clocks.dedup();
        for clock in clocks {
            add(&mut formats, Kind::Event(clock), OFFERED_DTMF);
        }
        Self { profile, formats, rtcp_mux: false, ptime_ms: PTIME_MS, direction: Direction::SendRecv }
    }
}

fn attribute(name: &str, value: Option<String>) -> Attribute {
    Attribute { attribute: name.to_owned(), value }
}

fn audio_line(spoken: &Spoken<'_>, port: u16) -> Media {
    let mut attributes = Vec::new();
    for (number, kind) in &spoken.formats {
        let encoding = format::encoding(*kind);
        attributes.extend(encoding.map(|encoding| attribute("rtpmap", Some(format!("{number} {encoding}")))));
        let parameters = match kind {
            Kind::Audio(Codec::Opus) => OPUS,
            Kind::Event(_) => EVENTS,
            _ => continue,
        };
        attributes.push(attribute("fmtp", Some(format!("{number} {parameters}"))));
    }
    let [.., longest] = PTIMES_MS;
    attributes.push(attribute("ptime", Some(spoken.ptime_ms.to_string())));
    attributes.push(attribute("maxptime", Some(longest.to_string())));
    if spoken.rtcp_mux {
        attributes.push(attribute("rtcp-mux", None));
    }
    let direction = match spoken.direction {
        Direction::SendRecv => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::RecvOnly => "recvonly",
        Direction::Inactive => "inactive",
    };
    attributes.push(attribute(direction, None));
    let numbers: Vec<String> = spoken.formats.iter().map(|(number, _)| number.to_string()).collect();
    line("audio", port, spoken.profile, &numbers.join(" "), attributes)
}

fn refused(offered: &Line) -> Media {
    line(&offered.media, 0, &offered.proto, &offered.format, Vec::new())
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
