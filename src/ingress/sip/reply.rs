//! Stateless answers (RFC 3261 section 8.2.7) to requests that the stack would not answer at all, or that are not
//! worth a transaction.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

use super::grammar::address::has_tag;
use super::grammar::via::Via;
use super::raw::{Name, Raw};

/// What may be asked of us, for `Allow`.
pub(super) const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY";
/// Extensions a request may require of us: session timers (RFC 4028), and reliable provisional responses (RFC 3262),
/// which we honour by sending none.
pub(super) const EXTENSIONS: [&str; 2] = ["timer", "100rel"];
/// Extensions we advertise in `Supported`.
pub(super) const SUPPORTED: &str = "timer";
/// Our name in `User-Agent` and `Server`.
pub(super) const AGENT: &str = "heardline";

/// A response to `request`, to be sent to its source. Header values are copied unfolded, so none can smuggle a
/// line break in; `extra` is ours.
pub(super) fn stateless(request: &Raw<'_>, status: u16, source: SocketAddr, extra: &[(&str, &str)]) -> Vec<u8> {
    let mut out = String::with_capacity(512);
    out.push_str(&format!("SIP/2.0 {status} {}\r\n", phrase(status)));
    for (index, via) in request.values(Name::Via).enumerate() {
        match index {
            0 => line(&mut out, "Via", &via_with_source(via, source)),
            _ => line(&mut out, "Via", via),
        }
    }
    for (name, label) in [(Name::From, "From"), (Name::To, "To"), (Name::CallId, "Call-ID"), (Name::CSeq, "CSeq")] {
        let Some(value) = request.value(name) else { continue };
        if name == Name::To && !has_tag(value) {
            line(&mut out, label, &format!("{value};tag={}", to_tag(request)));
        } else {
            line(&mut out, label, value);
        }
    }
    for (name, value) in extra {
        line(&mut out, name, value);
    }
    line(&mut out, "Server", AGENT);
    line(&mut out, "Content-Length", "0");
    out.push_str("\r\n");
    out.into_bytes()
}

fn line(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str(": ");
    // The other control characters go back as they came: dropping one would leave its escape to the next character.
    if value.contains(['\r', '\n']) {
        out.extend(value.chars().filter(|c| !matches!(c, '\r' | '\n')));
    } else {
        out.push_str(value);
    }
    out.push_str("\r\n");
}

/// The hops of one Via line, the first with its source; one that cannot be read goes back as it came.
fn via_with_source(value: &str, source: SocketAddr) -> String {
    let Ok((via, next)) = Via::parse(value) else { return value.to_owned() };
    let mut out = String::with_capacity(value.len() + 64);
    via.write_sourced(source, &mut out);
    if let Some(next) = next {
        out.push(',');
        out.push_str(next);
    }
    out
}

/// The same for every retransmission of a request (RFC 3261 section 8.2.7), without remembering it.
fn to_tag(request: &Raw<'_>) -> String {
    let mut hasher = DefaultHasher::new();
    for name in [Name::Via, Name::From, Name::CallId, Name::CSeq] {
        request.value(name).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        405 => "Method Not Allowed",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        481 => "Call/Transaction Does Not Exist",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        _ => "Refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_keep_their_order_on_one_line_and_on_several() {
        let request = "OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP one;branch=1;rport, SIP/2.0/TCP two;branch=2\r\n\
            X: y\r\nVia: SIP/2.0/UNKNOWN three;branch=3\r\nFrom: <sip:a@b>;tag=1\r\nTo: \"B:\\\u{7}\" <sip:b@b>\r\n\r\n";
        let raw = Raw::read(request.as_bytes());
        let reply = String::from_utf8(stateless(&raw, 400, "[2001:db8::7]:99".parse().unwrap(), &[])).unwrap();
        let vias = "\r\nVia: SIP/2.0/UDP one;branch=1;received=2001:db8::7;rport=99, SIP/2.0/TCP two;branch=2\r\n\
            Via: SIP/2.0/UNKNOWN three;branch=3\r\nFrom: <sip:a@b>;tag=1\r\nTo: \"B:\\\u{7}\" <sip:b@b>;tag=";
        assert!(reply.contains(vias), "{reply}");
    }
}
