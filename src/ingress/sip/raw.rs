//! A SIP message as lines, before anyone interprets it.
//!
//! The stack loses every header after one with bytes that are not UTF-8, and the body of a datagram without
//! Content-Length. Reading the lines here first is what lets the screen judge, and repair, what really came.

use crate::config::limits;

/// One header line, unfolded.
#[derive(Clone, Debug)]
pub(super) struct RawHeader {
    pub name: String,
    pub value: String,
}

/// A message split into start line, header lines and body.
#[derive(Clone, Debug)]
pub(super) struct Raw<'a> {
    pub start_line: String,
    pub headers: Vec<RawHeader>,
    pub body: &'a [u8],
    /// What was read differs from the datagram: it must be written anew for the stack.
    pub changed: bool,
    /// A header line without a name, with a control character, or more lines than the bound.
    pub malformed: bool,
}

impl RawHeader {
    /// Compares with a header's long name; compact forms count (RFC 3261 section 7.3.3).
    fn is(&self, long: &str) -> bool {
        let name = match self.name.as_str() {
            "i" | "I" => "Call-ID",
            "m" | "M" => "Contact",
            "c" | "C" => "Content-Type",
            "e" | "E" => "Content-Encoding",
            "f" | "F" => "From",
            "k" | "K" => "Supported",
            "l" | "L" => "Content-Length",
            "t" | "T" => "To",
            "v" | "V" => "Via",
            name => name,
        };
        name.eq_ignore_ascii_case(long)
    }
}

impl<'a> Raw<'a> {
    /// A message whose headers no blank line ends is malformed: where they end is anyone's guess.
    pub fn read(datagram: &'a [u8]) -> Self {
        let trimmed = datagram.trim_ascii_start();
        let split = split_head(trimmed);
        let endless = split.is_none();
        let (head, body, bare_newlines) = split.unwrap_or((trimmed.trim_ascii_end(), &[], false));
        let mut raw = Raw {
            start_line: String::new(),
            headers: Vec::new(),
            body,
            changed: bare_newlines || trimmed.len() != datagram.len(),
            malformed: endless,
        };
        for (index, line) in head.split(|&b| b == b'\n').enumerate() {
            let line = raw.text(line.strip_suffix(b"\r").unwrap_or(line));
            if index == 0 {
                raw.start_line = line;
            } else {
                raw.take_line(&line);
            }
        }
        raw.malformed |= raw.start_line.chars().any(char::is_control);
        raw
    }

    /// Latin-1 where the line is not UTF-8: what older phones put into display names.
    fn text(&mut self, line: &[u8]) -> String {
        match std::str::from_utf8(line) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                self.changed = true;
                line.iter().copied().map(char::from).collect()
            }
        }
    }

    fn take_line(&mut self, line: &str) {
        self.malformed |= line.chars().any(|c| c.is_control() && c != '\t');
        if line.starts_with([' ', '\t']) {
            match self.headers.last_mut() {
                Some(header) => {
                    header.value.push(' ');
                    header.value.push_str(line.trim());
                }
                None => self.malformed = true,
            }
            return;
        }
        match line.split_once(':') {
            Some((name, value)) if is_token(name.trim()) && self.headers.len() < limits::MAX_SIP_HEADERS => {
                self.headers.push(RawHeader { name: name.trim().to_owned(), value: value.trim().to_owned() });
            }
            _ => self.malformed = true,
        }
    }

    pub fn values<'s>(&'s self, long: &'s str) -> impl Iterator<Item = &'s str> {
        self.headers.iter().filter(move |h| h.is(long)).map(|h| h.value.as_str())
    }

    pub fn value(&self, long: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.is(long)).map(|h| h.value.as_str())
    }

    /// The message written anew: one line a header, CRLF, Content-Length present.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.start_line);
        for header in &self.headers {
            out.push_str(&format!("{}: {}\r\n", header.name, header.value));
        }
        if self.value("Content-Length").is_none() {
            out.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        out.push_str("\r\n");
        let mut out = out.into_bytes();
        out.extend_from_slice(self.body);
        out
    }
}

/// Header section, body, and whether lines end in a bare LF.
fn split_head(message: &[u8]) -> Option<(&[u8], &[u8], bool)> {
    for (blank, bare) in [(&b"\r\n\r\n"[..], false), (&b"\n\n"[..], true)] {
        if let Some(end) = message.windows(blank.len()).position(|window| window == blank) {
            let (head, rest) = message.split_at(end);
            return Some((head, rest.get(blank.len()..).unwrap_or_default(), bare));
        }
    }
    None
}

/// RFC 3261 section 25.1 `token`.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}
