//! SIP URIs (RFC 3261 section 19.1) and the others a request may carry.

use std::net::Ipv6Addr;

use rsipstack::sip::Uri as StackUri;

use super::{Malformed, Param, number, params};

/// A URI, taken apart as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingress::sip) enum Uri<'a> {
    Sip(SipUri<'a>),
    /// `tel:`, `http:`, anything: its scheme, and the whole text.
    Other {
        scheme: &'a str,
        text: &'a str,
    },
}

/// `sip:user:password@host:port;parameters?headers`
#[derive(Clone, Copy, Debug)]
pub(in crate::ingress::sip) struct SipUri<'a> {
    scheme: &'a str,
    /// With the password.
    user: Option<&'a str>,
    host: HostPort<'a>,
    params: &'a str,
    headers: Option<&'a str>,
}

/// Host, IPv6 in brackets, and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingress::sip) struct HostPort<'a> {
    pub host: &'a str,
    pub port: Option<u16>,
}

impl<'a> Uri<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let (scheme, rest) = text.split_once(':').ok_or(Malformed)?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        // The stack trims what Unicode calls white space, too.
        let fits = |c: char| !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '\\');
        if !is_scheme || rest.is_empty() || !text.chars().all(fits) {
            return Err(Malformed);
        }
        if !scheme.eq_ignore_ascii_case("sip") && !scheme.eq_ignore_ascii_case("sips") {
            // Not ours to read, but the stack's.
            return StackUri::try_from(text).map(|_| Self::Other { scheme, text }).map_err(|_| Malformed);
        }
        // An `@` stands nowhere else unescaped, so the user part may hold `;` and `?` (RFC 4475 section 3.1.1.9).
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        if user.is_some_and(str::is_empty) || rest.contains('@') {
            return Err(Malformed);
        }
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers)),
            None => (rest, None),
        };
        let (host, params_text) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
        let host = HostPort::parse(host)?;
        if params(params_text).any(|param| param.is_err()) {
            return Err(Malformed);
        }
        Ok(Self::Sip(SipUri { scheme, user, host, params: params_text, headers }))
    }

    /// As the stack reads it: what looks like a parameter or header in the user part escaped, no parameter whose
    /// value it does not know.
    pub fn write(&self, out: &mut String) {
        let uri = match self {
            Self::Other { text, .. } => return out.push_str(text),
            Self::Sip(uri) => uri,
        };
        out.push_str(uri.scheme);
        out.push(':');
        if let Some(user) = uri.user {
            for c in user.chars() {
                match c {
                    ';' => out.push_str("%3B"),
                    '?' => out.push_str("%3F"),
                    c => out.push(c),
                }
            }
            out.push('@');
        }
        uri.host.write(out);
        for param in params(uri.params).flatten().filter(Param::is_read_by_stack) {
            param.write(out);
        }
        if let Some(headers) = uri.headers {
            out.push('?');
            out.push_str(headers);
        }
    }

    pub fn is_sip(&self) -> bool {
        matches!(self, Self::Sip(_))
    }

    /// Would set header fields of a request: forbidden where it names who is called (RFC 3261 section 19.1.1).
    pub fn has_headers(&self) -> bool {
        matches!(self, Self::Sip(SipUri { headers: Some(_), .. }))
    }
}

impl<'a> HostPort<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let text = text.trim_ascii();
        let (host, port) = match text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((inner, after)) => {
                inner.parse::<Ipv6Addr>().map_err(|_| Malformed)?;
                let host = text.get(..inner.len() + 2).ok_or(Malformed)?;
                match after.trim_ascii() {
                    "" => (host, None),
                    after => (host, Some(after.strip_prefix(':').ok_or(Malformed)?)),
                }
            }
            None => {
                let (host, port) = match text.split_once(':') {
                    Some((host, port)) => (host.trim_ascii(), Some(port)),
                    None => (text, None),
                };
                // Underscores are no host names, yet they are in use.
                let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
                if host.is_empty() || !host.bytes().all(fits) {
                    return Err(Malformed);
                }
                (host, port)
            }
        };
        let port = match port {
            Some(port) => Some(number(port.trim_ascii()).ok_or(Malformed)?),
            None => None,
        };
        Ok(Self { host, port })
    }

    pub fn write(&self, out: &mut String) {
        out.push_str(self.host);
        if let Some(port) = self.port {
            out.push(':');
            out.push_str(&port.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Option<String> {
        let mut out = String::new();
        Uri::parse(text).ok()?.write(&mut out);
        Some(out)
    }

    #[test]
    fn the_user_part_keeps_what_is_its_own() {
        for same in [
            "sip:100@127.0.0.1",
            "sips:a:b@h.example:5061;lr;transport=tcp",
            "sip:sips%3Auser%40example.com@example.net",
            "SIP:[2001:db8::10]:5070",
            "sip:[2001:db8::10:5070]",
            "sip:a@h?Subject=x",
            "tel:+1-555;phone-context=x",
            "sip:*31#@h",
        ] {
            assert_eq!(written(same).as_deref(), Some(same));
        }
        assert_eq!(written("sip:u;par=u%40e@h;x").as_deref(), Some("sip:u%3Bpar=u%40e@h;x"));
        assert_eq!(written("sip:a?b@h").as_deref(), Some("sip:a%3Fb@h"));
        assert_eq!(written("sip:a@h;transport=carrier-pigeon;lr").as_deref(), Some("sip:a@h;lr"));
    }

    #[test]
    fn what_has_no_host_or_two_is_no_uri() {
        for bad in [
            "",
            "sip",
            "sip:",
            ":a",
            "1sip:a",
            "sip:@h",
            "sip:a@",
            "sip:a@b@c",
            "sip:a@h:",
            "sip:a@h:65536",
            "sip:a@h:+1",
            "sip:2001:db8::10",
            "sip:[2001:db8:::1]",
            "sip:[::1",
            "sip:[::1]x",
            "sip:a@h;",
            "sip:a@h;;lr",
            "sip:a b@h",
            "sip:a@h h",
            "<sip:a@h>",
            "sip:a@\u{e9}",
        ] {
            assert!(Uri::parse(bad).is_err(), "{bad}");
        }
    }
}
