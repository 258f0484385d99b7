//! Stateless answers (RFC 3261 section 8.2.7) to requests that the stack would not answer at all.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

use super::raw::Raw;

/// What may be asked of us, for `Allow`.
pub(super) const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE";
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
    let mut out = format!("SIP/2.0 {status} {}\r\n", phrase(status));
    for (index, via) in request.values("Via").enumerate() {
        match index {
            0 => line(&mut out, "Via", &via_with_source(via, source)),
            _ => line(&mut out, "Via", via),
        }
    }
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let Some(value) = request.value(name) else { continue };
        if name == "To" && !has_tag(value) {
            line(&mut out, name, &format!("{value};tag={}", to_tag(request)));
        } else {
            line(&mut out, name, value);
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
    out.extend(value.chars().filter(|c| !c.is_control()));
    out.push_str("\r\n");
}

/// RFC 3581 section 4: `received`, and `rport` when the client asked for it.
fn via_with_source(via: &str, source: SocketAddr) -> String {
    let (first, others) = match via.split_once(',') {
        Some((first, others)) => (first.trim_end(), Some(others)),
        None => (via, None),
    };
    let asked = first.split(';').skip(1).any(|parameter| parameter.trim().eq_ignore_ascii_case("rport"));
    let kept = first
        .split(';')
        .map(str::trim)
        .filter(|part| !part.eq_ignore_ascii_case("rport") && !part.to_ascii_lowercase().starts_with("received="));
    let mut out = kept.collect::<Vec<_>>().join(";");
    out.push_str(&format!(";received={}", source.ip()));
    if asked {
        out.push_str(&format!(";rport={}", source.port()));
    }
    if let Some(others) = others {
        out.push(',');
        out.push_str(others);
    }
    out
}

/// Does the header's value carry a tag parameter? Looks behind the closing bracket, so a `tag` in the URI is none.
pub(super) fn has_tag(value: &str) -> bool {
    let parameters = match value.rfind('>') {
        Some(bracket) => value.get(bracket..).unwrap_or_default(),
        None => value,
    };
    parameters.split(';').skip(1).any(|parameter| {
        parameter
            .split_once('=')
            .is_some_and(|(name, tag)| name.trim().eq_ignore_ascii_case("tag") && !tag.trim().is_empty())
    })
}

/// The same for every retransmission of a request (RFC 3261 section 8.2.7), without remembering it.
fn to_tag(request: &Raw<'_>) -> String {
    let mut hasher = DefaultHasher::new();
    for name in ["Via", "From", "Call-ID", "CSeq"] {
        request.value(name).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        501 => "Not Implemented",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        _ => "Refused",
    }
}
