//! Judges a datagram before the stack sees it. Pure: bytes in, a verdict out.
//!
//! The stack never answers what it cannot parse, and a peer that hears nothing retransmits for 32 seconds; so
//! every request leaves here either readable for the stack, or with the answer RFC 3261 owes its sender. What is
//! not a request, and every ACK, is dropped instead: answering those starts loops.

use std::net::SocketAddr;

use rsipstack::sip::{Request, SipMessage};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};

use super::raw::{Raw, is_token};
use super::reply;

/// The stack reads datagrams into a buffer of this size.
pub(super) const STACK_DATAGRAM: usize = 8_192;

/// Methods the stack can parse; others are 501.
const KNOWN_METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "INFO",
    "UPDATE",
    "REGISTER",
    "SUBSCRIBE",
    "NOTIFY",
    "REFER",
    "MESSAGE",
    "PUBLISH",
    "PRACK",
];

/// What becomes of a datagram.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    /// Hand these bytes to the stack instead.
    Repaired(Vec<u8>),
    /// Send these bytes to the source; the stack never sees the request. `reason` is a metric label.
    Answer {
        status: u16,
        reason: &'static str,
        reply: Vec<u8>,
    },
    Drop(&'static str),
}

/// A request's defect: the status owed and the metric label.
#[derive(Debug)]
struct Defect {
    status: u16,
    reason: &'static str,
}

type Checked = Result<(), Defect>;

fn refuse(status: u16, reason: &'static str) -> Checked {
    Err(Defect { status, reason })
}

/// Judges `datagram`, which came from `source`; the stack has `room` for that many bytes.
pub(super) fn screen(datagram: &[u8], source: SocketAddr, room: usize) -> Verdict {
    if datagram.iter().all(u8::is_ascii_whitespace) {
        return Verdict::Pass; // keep-alive: the stack answers CRLF CRLF (RFC 5626 section 3.5.1)
    }
    let raw = Raw::read(datagram);
    if raw.start_line.starts_with("SIP/") {
        return screen_response(&raw);
    }
    if !raw.start_line.contains("SIP/") {
        return Verdict::Drop("garbage");
    }
    let method = raw.start_line.split([' ', '\t']).next().unwrap_or_default();
    if let Err(defect) = check_request(&raw, method) {
        return answer(&raw, &defect, method, source);
    }
    let needs_length = raw.value("Content-Length").is_none();
    let bytes = (raw.changed || needs_length).then(|| raw.to_bytes());
    let for_stack = bytes.as_deref().unwrap_or(datagram);
    if for_stack.len() > room {
        return answer(&raw, &Defect { status: 513, reason: "too_large" }, method, source);
    }
    if !stack_reads(for_stack) {
        return answer(&raw, &Defect { status: 400, reason: "unparsable" }, method, source);
    }
    bytes.map_or(Verdict::Pass, Verdict::Repaired)
}

fn answer(raw: &Raw<'_>, defect: &Defect, method: &str, source: SocketAddr) -> Verdict {
    if method == "ACK" {
        return Verdict::Drop("bad_ack");
    }
    // Without any of these the sender could not match our answer to a request of its own.
    if raw.value("Via").is_none() && raw.value("Call-ID").is_none() && raw.value("CSeq").is_none() {
        return Verdict::Drop("garbage");
    }
    let unsupported = unsupported(raw).join(", ");
    let extra: &[(&str, &str)] = match defect.status {
        420 => &[("Unsupported", &unsupported)],
        416 => &[("Accept", "application/sdp")],
        501 => &[("Allow", reply::ALLOW)],
        _ => &[],
    };
    let reply = reply::stateless(raw, defect.status, source, extra);
    Verdict::Answer { status: defect.status, reason: defect.reason, reply }
}

/// A response is for a request of ours or for nobody; it is never answered.
fn screen_response(raw: &Raw<'_>) -> Verdict {
    let mut parts = raw.start_line.splitn(3, ' ');
    let (version, code) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let code_fits = code.len() == 3 && code.parse::<u16>().is_ok_and(|code| (100..700).contains(&code));
    let complete = ["Via", "From", "To", "Call-ID", "CSeq"].iter().all(|name| raw.value(name).is_some());
    if version != "SIP/2.0" || !code_fits || raw.malformed || !complete || check_cseq(raw, None).is_err() {
        return Verdict::Drop("bad_response");
    }
    if raw.changed || raw.value("Content-Length").is_none() {
        return Verdict::Repaired(raw.to_bytes());
    }
    Verdict::Pass
}

fn check_request(raw: &Raw<'_>, method: &str) -> Checked {
    let uri = check_request_line(raw)?;
    check_present_once(raw)?;
    if !KNOWN_METHODS.contains(&method) {
        return refuse(501, "unknown_method");
    }
    check_cseq(raw, Some(method))?;
    check_uri(uri)?;
    check_parties(raw)?;
    check_length(raw)?;
    if !unsupported(raw).is_empty() && !matches!(method, "ACK" | "CANCEL") {
        return refuse(420, "require");
    }
    Ok(())
}

/// The option tags of `Require` that we do not know (RFC 3261 section 8.2.2.3).
fn unsupported<'r>(raw: &'r Raw<'_>) -> Vec<&'r str> {
    let known = |tag: &str| reply::EXTENSIONS.iter().any(|ours| tag.eq_ignore_ascii_case(ours));
    raw.values("Require").flat_map(|value| value.split(',')).map(str::trim).filter(|tag| !known(tag)).collect()
}

fn check_request_line<'r>(raw: &'r Raw<'_>) -> Result<&'r str, Defect> {
    let malformed = |reason| Defect { status: 400, reason };
    let parts: Vec<&str> = raw.start_line.split(' ').collect();
    let [method, uri, version] = parts.as_slice() else { return Err(malformed("request_line")) };
    if !is_token(method) || uri.is_empty() {
        return Err(malformed("request_line"));
    }
    if *version != "SIP/2.0" {
        let number = version.strip_prefix("SIP/").and_then(|v| v.split_once('.'));
        let is_version = number.is_some_and(|(major, minor)| {
            [major, minor].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        });
        return Err(if is_version { Defect { status: 505, reason: "version" } } else { malformed("request_line") });
    }
    if raw.malformed {
        return Err(malformed("header_line"));
    }
    Ok(uri)
}

fn check_present_once(raw: &Raw<'_>) -> Checked {
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let mut values = raw.values(name);
        if values.next().is_none_or(str::is_empty) {
            return refuse(400, "missing_header");
        }
        if values.next().is_some() {
            return refuse(400, "repeated_header");
        }
    }
    if raw.value("Via").is_none() {
        return refuse(400, "missing_header");
    }
    if raw.values("Via").any(empty_parameter) {
        return refuse(400, "via");
    }
    let mut hops = raw.values("Max-Forwards");
    if hops.next().is_some_and(|value| value.parse::<u32>().is_err()) || hops.next().is_some() {
        return refuse(400, "max_forwards");
    }
    Ok(())
}

/// `method`: the request's, which CSeq must repeat (RFC 3261 section 8.1.1.5).
fn check_cseq(raw: &Raw<'_>, method: Option<&str>) -> Checked {
    let mut parts = raw.value("CSeq").unwrap_or_default().split_ascii_whitespace();
    let number = parts.next().and_then(|number| number.parse::<u32>().ok());
    if number.is_none_or(|number| number >= 1 << 31) {
        return refuse(400, "cseq");
    }
    match (parts.next(), parts.next()) {
        (Some(repeated), None) if method.is_none_or(|method| method == repeated) => Ok(()),
        _ => refuse(400, "cseq"),
    }
}

fn check_uri(uri: &str) -> Checked {
    let Some((scheme, rest)) = uri.split_once(':') else { return refuse(400, "request_uri") };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_scheme || rest.is_empty() {
        return refuse(400, "request_uri");
    }
    if !["sip", "sips", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return refuse(416, "uri_scheme");
    }
    // Headers in a Request-URI are forbidden (RFC 3261 section 19.1.1, table 1); a user part may contain '?'.
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if host.contains(['?', '>', '<', '"']) {
        return refuse(400, "request_uri");
    }
    Ok(())
}

fn check_parties(raw: &Raw<'_>) -> Checked {
    for name in ["From", "To", "Contact"] {
        if raw.values(name).any(|value| !name_addr_fits(value)) {
            return refuse(400, "address");
        }
    }
    if raw.value("From").is_none_or(|from| !reply::has_tag(from)) {
        return refuse(400, "from_tag");
    }
    Ok(())
}

/// Quotes and brackets closed, no space inside the address, and brackets where the grammar demands them
/// (RFC 3261 section 20.10).
fn name_addr_fits(value: &str) -> bool {
    let mut outside = String::with_capacity(value.len());
    let mut quoted = false;
    let mut escaped = false;
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if !quoted => outside.push(c),
            _ => {}
        }
    }
    if quoted || empty_parameter(&outside) {
        return false;
    }
    match (outside.find('<'), outside.find('>')) {
        (None, None) => {
            let address = outside.split(';').next().unwrap_or_default().trim();
            !address.contains([' ', '?', ',']) && !address.is_empty()
        }
        (Some(open), Some(close)) if open < close => {
            outside.get(open + 1..close).is_some_and(|inside| !inside.is_empty() && !inside.contains([' ', '\t']))
        }
        _ => false,
    }
}

/// `;;` or a `;` at the end (RFC 4475 section 3.1.2.1).
fn empty_parameter(value: &str) -> bool {
    let value = value.trim();
    value.contains(";;") || value.ends_with(';') || value.contains(";,")
}

fn check_length(raw: &Raw<'_>) -> Checked {
    let mut stated = None;
    for value in raw.values("Content-Length") {
        match (value.parse::<usize>(), stated) {
            (Err(_), _) => return refuse(400, "content_length"),
            (Ok(length), Some(before)) if length != before => return refuse(400, "content_length"),
            (Ok(length), _) => stated = Some(length),
        }
    }
    if stated.is_some_and(|length| length > raw.body.len()) {
        return refuse(400, "content_length");
    }
    Ok(())
}

/// The stack's own reading, as far as it needs to create a transaction; what fails here it would drop in silence.
fn stack_reads(bytes: &[u8]) -> bool {
    match SipMessage::try_from(bytes) {
        Ok(SipMessage::Request(request)) => has_key(&request),
        Ok(SipMessage::Response(_)) | Err(_) => false,
    }
}

fn has_key(request: &Request) -> bool {
    TransactionKey::from_request(request, TransactionRole::Server).is_ok()
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
