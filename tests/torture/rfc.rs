//! The messages of RFC 4475 and RFC 5118 and what we owe each, as their manifests and the texts say. The messages
//! are read from where the RFCs' files lie; they are no part of this project.

use std::path::{Path, PathBuf};

use super::wire::Outcome;

/// File and answer over UDP; 0: none, for what is no request is never answered.
pub const RFC_4475: [(&str, u16); 49] = [
    ("wsinv", 481), // a To tag of no dialog of ours, once the white space is read through
    ("intmeth", 501),
    ("esc01", 200),
    ("escnull", 405),
    ("esc02", 501),
    ("lwsdisp", 200),
    ("longreq", 200),
    ("dblreq", 405),
    ("semiuri", 200),
    ("transports", 200),
    ("mpart01", 405),
    ("unreason", 0),
    ("noreason", 0),
    ("badinv01", 400),
    ("clerr", 400),
    ("ncl", 400),
    ("scalar02", 400),
    ("scalarlg", 0),
    ("quotbal", 400),
    ("ltgtruri", 400),
    ("lwsruri", 400),
    ("lwsstart", 400),
    ("trws", 400),
    ("escruri", 400),
    ("baddate", 200), // the Date is ignored
    ("regbadct", 400),
    ("badaspec", 400),
    ("baddn", 400),
    ("badvers", 505),
    ("mismatch01", 400),
    ("mismatch02", 501),
    ("bigcode", 0),
    ("badbranch", 200), // matched as RFC 2543 did
    ("insuf", 400),
    ("unkscm", 416),
    ("novelsc", 416),
    ("unksm2", 405),
    ("bext01", 420),
    ("invut", 415),
    ("regaut01", 405),
    ("multi01", 400),
    ("mcl01", 400),
    ("bcast", 0),
    ("zeromf", 200),
    ("cparam01", 405),
    ("cparam02", 405),
    ("regescrt", 405),
    ("sdp01", 406),
    ("inv2543", 400), // no From tag
];

pub const RFC_5118: [(&str, u16); 12] = [
    ("4.1-ipv6-reference", 405),
    ("4.2-missing-brackets", 400),
    ("4.3-port-ambiguous", 405),
    ("4.4-port-unambiguous", 405),
    ("4.5a-received-bracketed", 481),
    ("4.5b-received-plain", 200),
    ("4.6-sdp-ipv6", 488),
    ("4.7-mixed-vias", 481),
    ("4.8-mixed-sdp", 200),
    ("4.9-ipv4-mapped", 488),
    ("4.10a-triple-colon", 400),
    ("4.10b-correct", 200),
];

/// RFC 5118 prints these lengths; the files carry the true ones. One is beyond the body, the others cut it.
pub const PRINTED_LENGTHS: [(&str, usize, u16); 3] =
    [("4.6-sdp-ipv6", 268, 400), ("4.8-mixed-sdp", 181, 200), ("4.9-ipv4-mapped", 236, 488)];

/// Headers an answer must carry, with what they must say.
pub const EXPLAINED: [(u16, &str, &str); 5] = [
    (405, "Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS"),
    (501, "Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS"),
    (415, "Accept", "application/sdp"),
    (420, "Unsupported", "nothingSupportsThis, nothingSupportsThisEither"),
    (488, "Warning", "heardline"),
];

pub fn by_datagram(status: u16) -> Outcome {
    if status == 0 { Outcome::silence() } else { Outcome::status(status) }
}

/// Where a stream differs: there the length decides where the next message begins.
pub fn by_stream(file: &str, status: u16) -> Outcome {
    match file {
        // More is announced than ever comes: waited for, then closed.
        "clerr" | "baddn" => Outcome::Closed(Vec::new()),
        // Nobody can say where the next message begins.
        "ncl" | "mcl01" | "inv2543" => Outcome::Closed(vec![400]),
        // What a datagram drops is the next message here; it has no Contact.
        "dblreq" => Outcome::Answered(vec![405, 400]),
        _ => by_datagram(status),
    }
}

/// The folder, when it is there.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("HEARDLINE_TORTURE_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    folder.join("rfc4475/MANIFEST.tsv").exists().then_some(folder)
}

/// A message as the RFC has it, but that sound would go to loopback: the RFC's addresses may belong to somebody
/// where the tests run. The lengths stay the same.
pub fn message(folder: &Path, rfc: &str, file: &str) -> Vec<u8> {
    let path = folder.join(rfc).join(format!("{file}.dat"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    replaced(&bytes, b"c=IN IP4 192.0.2.", b"c=IN IP4 127.0.0.")
}

/// `message` with another number in its Content-Length, as a call of its own.
pub fn with_length(message: &[u8], length: usize) -> Vec<u8> {
    let message = &replaced(message, b"\r\nCall-ID: ", format!("\r\nCall-ID: {length}-").as_bytes());
    let body = message.windows(4).position(|window| window == b"\r\n\r\n").expect("a body") + 4;
    let stated = format!("Content-Length: {}\r\n", message.len() - body);
    replaced(message, stated.as_bytes(), format!("Content-Length: {length}\r\n").as_bytes())
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}
