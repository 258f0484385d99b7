//! Where agents may pass live calls on to.

use std::path::Path;

use super::check::value_error;
use super::{ConfigError, Line};

/// Characters of the URI; it goes into one header line.
const LONGEST: usize = 200;
const KEY: &str = "line.emergency_transfer";

/// Calls go only where the configuration says, so what it says must be whole: a scheme, a host, nothing that would write
/// further headers.
pub(super) fn check(line: &Line, path: &Path) -> Result<(), ConfigError> {
    let Some(uri) = &line.emergency_transfer else { return Ok(()) };
    match wrong(uri) {
        Some(expected) => value_error(path, KEY, uri, expected),
        None => Ok(()),
    }
}

fn wrong(uri: &str) -> Option<&'static str> {
    let known = ["sip:", "sips:"].iter().find_map(|scheme| uri.strip_prefix(scheme));
    let Some(rest) = known else {
        return Some("a SIP URI as the trunk takes it, for example \"sip:112@trunk.example\"");
    };
    if uri.len() > LONGEST {
        return Some("at most 200 characters");
    }
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\\' | ',');
    if !rest.chars().all(plain) {
        return Some("no spaces, quotes, commas or angle brackets, and only ASCII; escape others as %XX");
    }
    if rest.contains('?') {
        return Some("no headers (what follows \"?\"); the call goes to the address alone");
    }
    let (user, rest) = rest.split_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
    let user_fits = |user: &str| !user.is_empty() && !user.contains([':', ';']);
    if user.is_some_and(|user| !user_fits(user)) || rest.contains('@') {
        return Some("one user part without a password before one \"@\", for example \"sip:112@trunk.example\"");
    }
    let (host, params) = rest.split_once(';').map_or((rest, None), |(host, params)| (host, Some(params)));
    if !is_host(host) {
        return Some("names no host; write for example \"sip:112@trunk.example\" or \"sip:112@[2001:db8::1]:5060\"");
    }
    let empty = params.is_some_and(|params| params.split(';').any(str::is_empty));
    empty.then_some("an empty parameter; leave the \";\" out")
}

/// A name, an IPv4 address, or an IPv6 address in brackets; perhaps a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((inner, "")) => return inner.parse::<std::net::Ipv6Addr>().is_ok(),
        Some((inner, after)) => match (inner.parse::<std::net::Ipv6Addr>(), after.strip_prefix(':')) {
            (Ok(_), Some(port)) => ("v6", Some(port)),
            _ => return false,
        },
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let name = |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    let digits =
        |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    host.contains(|c: char| c.is_ascii_alphanumeric()) && name(host) && port.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn parse(uri: &str) -> Result<Option<String>, String> {
        let text = format!("[[line]]\nemergency_transfer = {uri:?}\n");
        let config = Config::parse(&text, Path::new("heardline.toml")).map_err(|error| error.to_string())?;
        Ok(config.lines[0].emergency_transfer.clone())
    }

    #[test]
    fn without_a_destination_there_is_none() {
        assert_eq!(Config::standard().lines[0].emergency_transfer, None);
    }

    #[test]
    fn a_destination_is_kept_as_it_was_written() {
        for uri in [
            "sip:999@trunk.example",
            "sips:112@trunk.example:5061",
            "sip:+15551234567@h",
            "sip:dispatch@192.0.2.1:5070;transport=tcp",
            "sip:112@[2001:db8::1]:5060",
            "sip:[::1]",
            "sip:desk%20one@pbx-1.example",
        ] {
            assert_eq!(parse(uri).unwrap().as_deref(), Some(uri));
        }
    }

    #[test]
    fn a_wrong_destination_is_named_with_what_would_be_right() {
        let long = format!("sip:{}@h.example", "9".repeat(LONGEST));
        for (uri, says) in [
            ("999", "a SIP URI as the trunk takes it"),
            ("", "a SIP URI as the trunk takes it"),
            ("tel:+44999", "a SIP URI as the trunk takes it"),
            ("<sip:999@h>", "a SIP URI as the trunk takes it"),
            ("sip:999@h>\r\nVia: x", "no spaces"),
            ("sip:99 9@h", "no spaces"),
            ("sip:999@h,<sip:1@h>", "no spaces"),
            ("sip:求助@h", "only ASCII"),
            ("sip:999@h?Replaces=x", "no headers"),
            ("sip:@h", "one user part"),
            ("sip:a:secret@h", "without a password"),
            ("sip:a@b@h", "one user part"),
            ("sip:", "names no host"),
            ("sip:999@", "names no host"),
            ("sip:999@h:0", "names no host"),
            ("sip:999@h:65536", "names no host"),
            ("sip:999@h_:+1", "names no host"),
            ("sip:999@2001:db8::1", "names no host"),
            ("sip:999@[2001:db8::1", "names no host"),
            ("sip:999@h;", "an empty parameter"),
            (long.as_str(), "at most 200"),
        ] {
            let error = parse(uri).unwrap_err();
            assert!(error.contains(KEY) && error.contains(says), "{uri}: {error}");
        }
    }
}
