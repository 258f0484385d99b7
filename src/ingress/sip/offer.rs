//! What a request's body offers, or the refusal it is owed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Host, Method, Request, StatusCode};

use crate::call::{Codec, Direction, MediaPlan};
use crate::config::limits;

use super::reply;
use crate::ingress::sdp::{self, Offer, SdpError};

pub(super) const SDP: &str = "application/sdp";

/// A final answer that refuses, with the headers that explain it.
#[derive(Debug)]
pub(super) struct Rejection {
    pub status: StatusCode,
    pub headers: Vec<Header>,
}

impl Rejection {
    pub fn plain(status: StatusCode) -> Self {
        Self { status, headers: Vec::new() }
    }

    pub fn with(status: StatusCode, header: Header) -> Self {
        Self { status, headers: vec![header] }
    }

    /// 488 with the Warning codes of RFC 3261 section 20.43.
    fn not_acceptable(code: u16, text: &str) -> Self {
        let warning = Header::Warning(format!("{code} {} \"{text}\"", reply::AGENT).into());
        Self::with(StatusCode::NotAcceptableHere, warning)
    }
}

/// Whose turn it is to offer.
#[derive(Debug)]
pub(super) enum Proposal {
    Theirs(Offer, MediaPlan),
    /// A request without a body: our 2xx makes the offer, the ACK brings the answer (RFC 3261 section 13.2.1).
    Ours,
}

/// Reads and negotiates the SDP of an INVITE or UPDATE. `from`: where the request came from.
pub(super) fn read(request: &Request, codecs: &[Codec], from: IpAddr) -> Result<Proposal, Rejection> {
    if !accepts_sdp(request) {
        return Err(Rejection::plain(StatusCode::NotAcceptable));
    }
    if request.body.is_empty() {
        return Ok(Proposal::Ours);
    }
    let encoding = request.header_value("Content-Encoding");
    if encoding.is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity")) {
        let identity = Header::AcceptEncoding("identity".into());
        return Err(Rejection::with(StatusCode::UnsupportedMediaType, identity));
    }
    if media_type(request).is_some_and(|kind| kind != SDP) {
        return Err(Rejection::with(StatusCode::UnsupportedMediaType, Header::Accept(SDP.into())));
    }
    if request.body.len() > limits::MAX_SDP {
        return Err(Rejection::plain(StatusCode::RequestEntityTooLarge));
    }
    let offer = Offer::parse(&request.body).map_err(refusal)?;
    let plan = offer.negotiate(codecs).map_err(refusal)?;
    Ok(Proposal::Theirs(offer, MediaPlan { signalled_from: Some(from), ..plan }))
}

/// The answer to our own offer in the body of an ACK or of a response; `None`: there is none that we can use.
pub(super) fn answer(body: &[u8], codecs: &[Codec], from: IpAddr) -> Option<(Offer, MediaPlan)> {
    let answer = Offer::parse(body).ok()?;
    let plan = answer.agreed(codecs).ok()?;
    Some((answer, MediaPlan { signalled_from: Some(from), ..plan }))
}

/// Stands in until the answer to our own offer comes: silent both ways. Its rate is the best of our offer, because
/// the call is recorded at it whatever is agreed.
pub(super) fn unagreed(codecs: &[Codec]) -> MediaPlan {
    let codec = codecs.iter().copied().max_by_key(|codec| codec.rate()).unwrap_or(Codec::Pcmu);
    let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    MediaPlan {
        codec,
        payload_type: codec.static_payload_type().unwrap_or(sdp::OFFERED_DYNAMIC),
        noise_payload_type: None,
        dtmf_payload_type: None,
        remote: nowhere,
        remote_rtcp: nowhere,
        rtcp_mux: false,
        signalled_from: None,
        direction: Direction::Inactive,
        ptime_ms: sdp::PTIME_MS,
    }
}

fn refusal(error: SdpError) -> Rejection {
    match error.status() {
        400 => Rejection::plain(StatusCode::BadRequest),
        _ => Rejection::not_acceptable(error.warning(), &error.to_string()),
    }
}

/// Does the peer name the method in `Allow`?
pub(super) fn allows(request: &Request, method: Method) -> bool {
    request.headers.iter().any(|header| match header {
        Header::Allow(allow) => allow.value().split(',').any(|name| name.trim() == method.to_string()),
        _ => false,
    })
}

/// The body's media type in lower case, without parameters.
pub(super) fn media_type(request: &Request) -> Option<String> {
    let value = request.header_value("Content-Type")?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Where a request came from, which the stack wrote into its top Via (RFC 3261 section 18.2.1).
pub(super) fn source(request: &Request) -> Option<IpAddr> {
    let via = request.via_header().ok()?.typed().ok()?;
    let received = via.received().and_then(Result::ok);
    let sent_by = match via.uri.host_with_port.host {
        Host::IpAddr(ip) => Some(ip),
        Host::Domain(_) => None,
    };
    Some(received.or(sent_by)?.to_canonical())
}

/// No Accept means SDP (RFC 3261 section 20.1).
fn accepts_sdp(request: &Request) -> bool {
    let mut ranges = request.headers.iter().filter_map(|header| match header {
        Header::Accept(accept) => Some(accept.value()),
        _ => None,
    });
    let takes = |accept: &str| {
        accept.split(',').any(|range| {
            let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            matches!(range.as_str(), SDP | "application/*" | "*/*")
        })
    };
    ranges.next().is_none_or(|first| takes(first) || ranges.any(takes))
}

/// The digit of an INFO body: `Signal=5` in application/dtmf-relay, the bare character in application/dtmf.
pub(super) fn dtmf_digit(request: &Request) -> Option<char> {
    let body = std::str::from_utf8(&request.body).ok()?;
    let text = match media_type(request)?.as_str() {
        "application/dtmf-relay" => body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then_some(value)
        })?,
        "application/dtmf" => body,
        _ => return None,
    };
    let digit = match text.trim() {
        "10" => '*',
        "11" => '#',
        text => text.chars().next()?.to_ascii_uppercase(),
    };
    matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D').then_some(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(kind: &str, body: &str) -> Request {
        let text =
            format!("INFO sip:a@b SIP/2.0\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        Request::try_from(text.as_str()).unwrap()
    }

    #[test]
    fn a_digit_in_info_is_read_in_both_forms_and_nothing_else_is() {
        assert_eq!(dtmf_digit(&info("application/dtmf-relay", "Signal= 5\r\nDuration=160\r\n")), Some('5'));
        assert_eq!(dtmf_digit(&info("Application/DTMF-Relay;x=y", "Signal=11\r\n")), Some('#'));
        assert_eq!(dtmf_digit(&info("application/dtmf", "*")), Some('*'));
        assert_eq!(dtmf_digit(&info("application/dtmf", "x")), None);
        assert_eq!(dtmf_digit(&info("text/plain", "5")), None);
    }

    #[test]
    fn a_peer_that_will_not_take_sdp_is_told_before_its_offer_is_read() {
        let request = |accept: &str| {
            Request::try_from(format!("INVITE sip:a@b SIP/2.0\r\nAccept: {accept}\r\n\r\n").as_str()).unwrap()
        };
        let from = IpAddr::from([127, 0, 0, 1]);
        let refused = read(&request("text/plain"), &Codec::ALL, from).unwrap_err();
        assert_eq!(refused.status, StatusCode::NotAcceptable);
        assert!(matches!(read(&request("*/*"), &Codec::ALL, from), Ok(Proposal::Ours)));
    }
}
