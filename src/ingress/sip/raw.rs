//! A SIP message as lines, before anyone interprets it.
//!
//! The stack loses every header after one with bytes that are not UTF-8, and the body of a datagram without
//! Content-Length. Reading the lines here first is what lets the screen judge, and repair, what really came.
//! Nothing is copied unless it has to change: this runs for every hostile packet.

use std::borrow::Cow;

use crate::config::limits;

use super::grammar::is_token;

/// The headers the screen looks at; a compact form is the same header (RFC 3261 section 7.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    CSeq,
    CallId,
    Contact,
    ContentLength,
    ContentType,
    From,
    MaxForwards,
    Require,
    To,
    Via,
    Other,
}

impl Name {
    fn of(label: &str) -> Self {
        // No label is empty, so "" stands for "no compact form".
        const KNOWN: [(&str, &str, Name); 10] = [
            ("CSeq", "", Name::CSeq),
            ("Call-ID", "i", Name::CallId),
            ("Contact", "m", Name::Contact),
            ("Content-Length", "l", Name::ContentLength),
            ("Content-Type", "c", Name::ContentType),
            ("From", "f", Name::From),
            ("Max-Forwards", "", Name::MaxForwards),
            ("Require", "", Name::Require),
            ("To", "t", Name::To),
            ("Via", "v", Name::Via),
        ];
        let is = |name: &str| label.eq_ignore_ascii_case(name);
        KNOWN.iter().find(|(long, compact, _)| is(long) || is(compact)).map_or(Self::Other, |(_, _, name)| *name)
    }
}

/// One header line, unfolded.
#[derive(Clone, Debug)]
pub(super) struct RawHeader<'a> {
    pub name: Name,
    /// The name as it was written.
    pub label: &'a str,
    pub value: Cow<'a, str>,
}

/// A message split into start line, header lines and body.
#[derive(Clone, Debug)]
pub(super) struct Raw<'a> {
    pub start_line: Cow<'a, str>,
    pub headers: Vec<RawHeader<'a>>,
    pub body: &'a [u8],
    /// What was read differs from the datagram: it must be written anew for the stack.
    pub changed: bool,
    /// A header line without a name, with a bare control character, or more lines than the bound.
    pub malformed: bool,
}

impl<'a> Raw<'a> {
    /// A message whose headers no blank line ends is malformed: where they end is anyone's guess.
    pub fn read(datagram: &'a [u8]) -> Self {
        let start = datagram.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(datagram.len());
        let mut rest = datagram.get(start..).unwrap_or_default();
        let mut raw = Raw {
            start_line: Cow::Borrowed(""),
            headers: Vec::with_capacity(16),
            body: &[],
            changed: start > 0,
            malformed: false,
        };
        let mut first = true;
        while let Some(line) = raw.next_line(&mut rest) {
            if line.is_empty() {
                raw.body = rest;
                return raw;
            }
            raw.malformed |= has_control(line);
            if first {
                raw.start_line = raw.text(line);
            } else {
                raw.take_line(line);
            }
            first = false;
        }
        raw.malformed = true;
        raw
    }

    /// The line up to the next line feed, or what is left. A bare line feed ends a line too, but never reaches the
    /// stack: it and we could disagree where the headers end.
    fn next_line(&mut self, rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|b| *b == b'\n');
        self.malformed |= end.is_none();
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        *rest = after.get(1..).unwrap_or_default();
        let cut = line.strip_suffix(b"\r");
        self.changed |= cut.is_none();
        Some(cut.unwrap_or(line))
    }

    /// Latin-1 where the line is not UTF-8: what older phones put into display names.
    fn text(&mut self, line: &'a [u8]) -> Cow<'a, str> {
        match std::str::from_utf8(line) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                self.changed = true;
                Cow::Owned(line.iter().copied().map(char::from).collect())
            }
        }
    }

    fn take_line(&mut self, line: &'a [u8]) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let more = self.text(line.trim_ascii());
            self.changed = true;
            match self.headers.last_mut() {
                Some(header) => {
                    let value = header.value.to_mut();
                    value.push(' ');
                    value.push_str(&more);
                }
                None => self.malformed = true,
            }
            return;
        }
        let colon = line.iter().position(|b| *b == b':');
        let (label, value) = line.split_at(colon.unwrap_or(0));
        let label = std::str::from_utf8(label.trim_ascii()).unwrap_or_default();
        if !is_token(label) || self.headers.len() >= limits::MAX_SIP_HEADERS {
            self.malformed = true;
            return;
        }
        let value = self.text(value.get(1..).unwrap_or_default().trim_ascii());
        self.headers.push(RawHeader { name: Name::of(label), label, value });
    }

    pub fn values(&self, name: Name) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |header| header.name == name).map(|header| header.value.as_ref())
    }

    pub fn value(&self, name: Name) -> Option<&str> {
        self.values(name).next()
    }

    /// The message written anew: one line a header, CRLF, the Content-Length of its body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head: usize = self.headers.iter().map(|header| header.label.len() + header.value.len() + 4).sum();
        let mut out = Vec::with_capacity(head + self.start_line.len() + self.body.len() + 32);
        out.extend_from_slice(self.start_line.as_bytes());
        out.extend_from_slice(b"\r\n");
        for header in self.headers.iter().filter(|header| header.name != Name::ContentLength) {
            for part in [header.label, ": ", &header.value, "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        out.extend_from_slice(self.body);
        out
    }
}

/// A control character that is no tab and not escaped in a quoted string (RFC 3261 section 25.1, `quoted-pair`).
fn has_control(line: &[u8]) -> bool {
    let is_control = |b: u8| (b < b' ' && b != b'\t') || b == 0x7f;
    // Without an early exit the compiler looks at many bytes at once.
    if !line.iter().fold(false, |found, b| found | is_control(*b)) {
        return false;
    }
    let (mut quoted, mut escaped) = (false, false);
    for byte in line {
        match byte {
            b'\r' => return true,
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if is_control(*byte) => return true,
            _ => {}
        }
    }
    false
}
