//! Judges a message before the stack sees it. Pure: bytes in, a verdict out.
//!
//! The stack never answers what it cannot parse, and a peer that hears nothing retransmits for 32 seconds; so
//! every request leaves here either readable for the stack, or with the answer RFC 3261 owes its sender. What is
//! not a request, and every ACK, is dropped instead: answering those starts loops. What we never serve is refused
//! here as well, so that a flood of it costs no transaction.

use std::borrow::Cow;
use std::net::SocketAddr;

use rsipstack::sip::Transport as StackTransport;

use super::grammar::address::Address;
use super::grammar::uri::Uri;
use super::grammar::via::Via;
use super::grammar::{Malformed, is_token, number};
use super::raw::{Name, Raw};
use super::reply;

/// The stack reads datagrams into a buffer of this size.
pub(super) const STACK_DATAGRAM: usize = 8_192;

/// Methods of `reply::ALLOW`.
const SERVED: [&str; 8] = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "NOTIFY"];
/// Methods that are known and not allowed here (405); any other is unknown (501, RFC 3261 section 8.2.1).
const REFUSED: [&str; 6] = ["REGISTER", "SUBSCRIBE", "REFER", "MESSAGE", "PUBLISH", "PRACK"];
/// What we ask of others and do not serve ourselves; responses come to it.
const ASKED: &str = "REFER";

/// What becomes of a message.
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

fn malformed(reason: &'static str) -> Defect {
    Defect { status: 400, reason }
}

/// Judges `message`, which came from `source`; the stack has `room` for that many bytes.
pub(super) fn screen(message: &[u8], source: SocketAddr, room: usize) -> Verdict {
    if message.iter().all(u8::is_ascii_whitespace) {
        return Verdict::Pass; // keep-alive: the stack answers CRLF CRLF (RFC 5626 section 3.5.1)
    }
    let mut raw = Raw::read(message);
    let line = raw.start_line.clone();
    if is_version(&line) {
        return screen_response(raw, &line, message, room);
    }
    if !line.split_ascii_whitespace().any(is_version) {
        return Verdict::Drop("garbage");
    }
    let method = line.split([' ', '\t']).next().unwrap_or_default();
    if let Err(defect) = check_request(&mut raw, &line) {
        return answer(&raw, &defect, method, source);
    }
    let bytes = rewritten(&raw);
    if bytes.as_deref().unwrap_or(message).len() > room {
        return answer(&raw, &Defect { status: 513, reason: "too_large" }, method, source);
    }
    bytes.map_or(Verdict::Pass, Verdict::Repaired)
}

/// `SIP-Version` is compared without case (RFC 3261 section 7.1).
fn is_version(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"))
}

/// Only what the stack would read differently is written anew.
fn rewritten(raw: &Raw<'_>) -> Option<Vec<u8>> {
    (raw.changed || raw.value(Name::ContentLength).is_none()).then(|| raw.to_bytes())
}

fn answer(raw: &Raw<'_>, defect: &Defect, method: &str, source: SocketAddr) -> Verdict {
    if method == "ACK" {
        return Verdict::Drop("bad_ack");
    }
    // Without any of these the sender could not match our answer to a request of its own.
    if [Name::Via, Name::CallId, Name::CSeq].iter().all(|name| raw.value(*name).is_none()) {
        return Verdict::Drop("garbage");
    }
    let unsupported = unsupported(raw).join(", ");
    let extra: &[(&str, &str)] = match defect.status {
        420 => &[("Unsupported", &unsupported)],
        416 => &[("Accept", "application/sdp")],
        405 | 501 => &[("Allow", reply::ALLOW)],
        _ => &[],
    };
    let reply = reply::stateless(raw, defect.status, source, extra);
    Verdict::Answer { status: defect.status, reason: defect.reason, reply }
}

/// A response is for a request of ours or for nobody; it is never answered.
fn screen_response(mut raw: Raw<'_>, line: &str, message: &[u8], room: usize) -> Verdict {
    let mut parts = line.splitn(3, ' ');
    let (version, code) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let code_fits = code.len() == 3 && number::<u16>(code).is_some_and(|code| (100..700).contains(&code));
    let checked = check_counts(&raw).and_then(|()| check_cseq(&raw, None)).and_then(|()| settle(&mut raw, false));
    if version != "SIP/2.0" || !code_fits || raw.malformed || checked.is_err() || check_length(&mut raw).is_err() {
        return Verdict::Drop("bad_response");
    }
    let bytes = rewritten(&raw);
    if bytes.as_deref().unwrap_or(message).len() > room {
        return Verdict::Drop("bad_response");
    }
    bytes.map_or(Verdict::Pass, Verdict::Repaired)
}

/// The order of RFC 3261 section 8.2: what cannot be read, the method, who is called, extensions. On success every
/// header that the stack interprets stands in the one form it reads as we do.
fn check_request(raw: &mut Raw<'_>, line: &str) -> Checked {
    let [method, asked] = request_line(line)?;
    if raw.malformed {
        return refuse(400, "header_line");
    }
    check_counts(raw)?;
    if !SERVED.contains(&method) && !REFUSED.contains(&method) {
        return refuse(501, "unknown_method");
    }
    check_cseq(raw, Some(method))?;
    settle(raw, true)?;
    if method == "INVITE" {
        check_contact(raw)?;
    }
    check_length(raw)?;
    let uri = check_uri(asked)?;
    if REFUSED.contains(&method) {
        return refuse(405, "method");
    }
    if !unsupported(raw).is_empty() && !matches!(method, "ACK" | "CANCEL") {
        return refuse(420, "require");
    }
    if uri != asked || !line.ends_with("SIP/2.0") {
        raw.start_line = Cow::Owned(format!("{method} {uri} SIP/2.0"));
        raw.changed = true;
    }
    Ok(())
}

/// The option tags of `Require` that we do not know (RFC 3261 section 8.2.2.3).
fn unsupported<'r>(raw: &'r Raw<'_>) -> Vec<&'r str> {
    let known = |tag: &str| reply::EXTENSIONS.iter().any(|ours| tag.eq_ignore_ascii_case(ours));
    raw.values(Name::Require).flat_map(|value| value.split(',')).map(str::trim).filter(|tag| !known(tag)).collect()
}

/// Method and Request-URI; one space between the parts and none around them.
fn request_line(line: &str) -> Result<[&str; 2], Defect> {
    if line.bytes().any(|b| b.is_ascii_control()) {
        return Err(malformed("request_line"));
    }
    let mut parts = line.split(' ');
    let (Some(method), Some(uri), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed("request_line"));
    };
    if !is_token(method) || uri.is_empty() {
        return Err(malformed("request_line"));
    }
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let number = version.get(4..).and_then(|v| v.split_once('.')).filter(|_| is_version(version));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let other = number.is_some_and(|(major, minor)| is_number(major) && is_number(minor));
        return Err(if other { Defect { status: 505, reason: "version" } } else { malformed("request_line") });
    }
    Ok([method, uri])
}

/// A header twice is two messages in one (RFC 4475 sections 3.3.8 and 3.3.9), whichever name it goes by.
fn check_counts(raw: &Raw<'_>) -> Checked {
    for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
        let mut values = raw.values(name);
        if values.next().is_none_or(str::is_empty) {
            return refuse(400, "missing_header");
        }
        if values.next().is_some() {
            return refuse(400, "repeated_header");
        }
    }
    if [Name::ContentLength, Name::ContentType, Name::MaxForwards].iter().any(|name| raw.values(*name).nth(1).is_some())
    {
        return refuse(400, "repeated_header");
    }
    if raw.value(Name::Via).is_none() {
        return refuse(400, "missing_header");
    }
    // Zero is for proxies to mind; it ends here (RFC 3261 section 8.2).
    if raw.value(Name::MaxForwards).is_some_and(|hops| number::<u32>(hops).is_none()) {
        return refuse(400, "max_forwards");
    }
    if raw.value(Name::CallId).is_some_and(|id| id.contains([' ', '\t', ','])) {
        return refuse(400, "call_id");
    }
    Ok(())
}

/// `method`: the request's, which CSeq must repeat (RFC 3261 section 8.1.1.5).
fn check_cseq(raw: &Raw<'_>, method: Option<&str>) -> Checked {
    let mut parts = raw.value(Name::CSeq).unwrap_or_default().split_ascii_whitespace();
    if parts.next().and_then(number::<u32>).is_none_or(|number| number >= 1 << 31) {
        return refuse(400, "cseq");
    }
    let fits =
        |repeated: &str| method.map_or(SERVED.contains(&repeated) || repeated == ASKED, |method| method == repeated);
    match (parts.next(), parts.next()) {
        (Some(repeated), None) if fits(repeated) => Ok(()),
        _ => refuse(400, "cseq"),
    }
}

/// Reads the headers that the stack interprets and writes them as it reads them.
fn settle(raw: &mut Raw<'_>, is_request: bool) -> Checked {
    let mut top = true;
    let mut written = String::with_capacity(128);
    for header in &mut raw.headers {
        written.clear();
        match header.name {
            Name::Via if top => {
                top = false;
                write_via(&header.value, is_request, &mut written).map_err(|Malformed| malformed("via"))?;
            }
            Name::From | Name::To => {
                let address = Address::only(&header.value).map_err(|Malformed| malformed("address"))?;
                if header.name == Name::From && address.tag().is_none() {
                    return refuse(400, "from_tag");
                }
                address.write(&mut written);
            }
            Name::Contact => {
                write_contacts(&header.value, &mut written).map_err(|Malformed| malformed("address"))?;
            }
            _ => continue,
        }
        if written != header.value {
            header.value = Cow::Owned(std::mem::take(&mut written));
            raw.changed = true;
        }
    }
    Ok(())
}

/// Only the first hop is ours to read and the stack's to answer by; the others go back as they came. That of a
/// response is one we wrote ourselves.
fn write_via(value: &str, is_request: bool, out: &mut String) -> Result<(), Malformed> {
    let (via, next) = Via::parse(value)?;
    StackTransport::try_from(via.transport).map_err(|_| Malformed)?;
    if is_request {
        via.write_unsourced(out);
    } else {
        via.write(out);
    }
    if let Some(next) = next {
        out.push(',');
        out.push_str(next);
    }
    Ok(())
}

fn write_contacts(value: &str, out: &mut String) -> Result<(), Malformed> {
    if value == "*" {
        out.push('*');
        return Ok(());
    }
    let mut rest = Some(value);
    while let Some(text) = rest {
        let (address, next) = Address::parse(text)?;
        if !out.is_empty() {
            out.push_str(", ");
        }
        address.write(out);
        rest = next;
    }
    Ok(())
}

/// Where we would send our own requests to: exactly one SIP address (RFC 3261 section 8.1.1.8).
fn check_contact(raw: &Raw<'_>) -> Checked {
    let mut contacts = raw.values(Name::Contact);
    match (contacts.next().map(Address::only), contacts.next()) {
        (Some(Ok(address)), None) if address.uri.is_sip() => Ok(()),
        _ => refuse(400, "contact"),
    }
}

/// The Request-URI as the stack reads it.
fn check_uri(text: &str) -> Result<String, Defect> {
    let uri = Uri::parse(text).map_err(|Malformed| malformed("request_uri"))?;
    if uri.has_headers() {
        return Err(malformed("request_uri"));
    }
    let known = match uri {
        Uri::Sip(_) => true,
        Uri::Other { scheme, .. } => scheme.eq_ignore_ascii_case("tel"),
    };
    if !known {
        return Err(Defect { status: 416, reason: "uri_scheme" });
    }
    let mut written = String::with_capacity(text.len());
    uri.write(&mut written);
    Ok(written)
}

/// What stands behind the stated end is no part of the message (RFC 3261 section 18.3).
fn check_length(raw: &mut Raw<'_>) -> Checked {
    let Some(stated) = raw.value(Name::ContentLength) else { return Ok(()) };
    match number::<usize>(stated).and_then(|length| raw.body.get(..length)) {
        Some(body) => {
            raw.body = body;
            Ok(())
        }
        None => refuse(400, "content_length"),
    }
}

#[cfg(test)]
#[path = "screen_properties.rs"]
mod properties;
#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
