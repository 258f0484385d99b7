//! Where one SIP message ends and the next begins on a stream (RFC 3261 sections 7.5 and 18.3). Pure: bytes in as the
//! network cut them, whole messages out.
//!
//! Whoever errs here reads the next message out of the body of the last one, so nothing is guessed: a stream whose
//! Content-Length is missing, repeated or no number has lost its frame and must be closed.

use crate::config::limits;

/// Header section; as long as a datagram may be.
const MAX_HEAD: usize = limits::MAX_DATAGRAM;

/// One thing the peer sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// CRLF CRLF between messages (RFC 5626 section 4.4.1): answer CRLF.
    Ping,
    /// Header section and body.
    Message(Vec<u8>),
}

/// Why nothing after this point can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// No header line can begin like this: TLS on the wrong port, another protocol.
    Garbage,
    /// Content-Length missing, repeated, negative or no number.
    Length,
    /// Longer than [`limits::MAX_STREAM_MESSAGE`], or a header section without end.
    TooLarge,
}

impl Lost {
    /// Metric label.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::Length => "framing",
            Self::TooLarge => "too_large",
        }
    }

    /// Status owed for the request whose header section was read.
    pub fn status(self) -> u16 {
        if self == Self::TooLarge { 513 } else { 400 }
    }
}

/// Takes a stream apart.
#[derive(Debug, Default)]
pub(super) struct Framer {
    buffer: Vec<u8>,
    /// Bytes already searched for the blank line, so that a message sent byte by byte costs no more than one sent whole.
    searched: usize,
    /// Length of the message that the buffer begins with, once its header section is complete.
    whole: Option<usize>,
}

impl Framer {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Has a message begun that is not complete? A CRLF alone is none: it may be half a keep-alive.
    pub fn is_within_message(&self) -> bool {
        self.buffer.iter().any(|byte| !b"\r\n".contains(byte))
    }

    /// What there is of the message that lost its frame.
    pub fn rest(&self) -> &[u8] {
        &self.buffer
    }

    /// The next frame; `None` until more bytes come. After an error the stream is to be closed.
    pub fn next(&mut self) -> Result<Option<Frame>, Lost> {
        if self.whole.is_none() {
            if self.skip_empty_lines() {
                return Ok(Some(Frame::Ping));
            }
            self.whole = self.find_end()?;
        }
        let Some(length) = self.whole.filter(|length| *length <= self.buffer.len()) else { return Ok(None) };
        let rest = self.buffer.split_off(length);
        let message = std::mem::replace(&mut self.buffer, rest);
        (self.whole, self.searched) = (None, 0);
        Ok(Some(Frame::Message(message)))
    }

    /// Takes CRLFs before a message away; true when two of them made a keep-alive.
    fn skip_empty_lines(&mut self) -> bool {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.drain(..4);
            return true;
        }
        // One CRLF waits for the second one; anything else behind it is the message itself.
        let is_one = match self.buffer.as_slice() {
            [b'\r', b'\n', b'\r', after, ..] => *after != b'\n',
            [b'\r', b'\n', after, ..] => *after != b'\r',
            _ => false,
        };
        if is_one {
            self.buffer.drain(..2);
        }
        false
    }

    /// Length of the whole message, as soon as its header section is there.
    fn find_end(&mut self) -> Result<Option<usize>, Lost> {
        match self.buffer.first() {
            Some(b'\r') if b"\r\n\r".starts_with(&self.buffer) => return Ok(None),
            Some(first) if !(first.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(first)) => {
                return Err(Lost::Garbage);
            }
            _ => {}
        }
        let from = self.searched.saturating_sub(3);
        let blank = self.buffer.get(from..).and_then(|new| new.windows(4).position(|window| window == b"\r\n\r\n"));
        let Some(head) = blank.map(|at| from.saturating_add(at).saturating_add(4)) else {
            self.searched = self.buffer.len();
            return if self.buffer.len() > MAX_HEAD { Err(Lost::TooLarge) } else { Ok(None) };
        };
        if head > MAX_HEAD {
            return Err(Lost::TooLarge);
        }
        let body = content_length(self.buffer.get(..head).unwrap_or_default())?;
        match head.checked_add(body) {
            Some(whole) if whole <= limits::MAX_STREAM_MESSAGE => Ok(Some(whole)),
            _ => Err(Lost::TooLarge),
        }
    }
}

/// The one Content-Length of a header section, folded or compact (RFC 3261 sections 7.3.1 and 20.14).
fn content_length(head: &[u8]) -> Result<usize, Lost> {
    let mut found: Option<Vec<u8>> = None;
    let mut within = false;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some(value) = found.as_mut().filter(|_| within) {
                value.extend_from_slice(line);
            }
            continue;
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default().trim_ascii();
        within = name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l");
        if within && found.replace(parts.next().unwrap_or_default().to_vec()).is_some() {
            return Err(Lost::Length);
        }
    }
    let digits = found.as_deref().map(<[u8]>::trim_ascii).unwrap_or_default();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Lost::Length);
    }
    // More digits than a length can have is a message too large for anyone.
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or(Lost::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: &str, body: &str) -> String {
        format!("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n{length}\r\n{body}")
    }

    fn all(framer: &mut Framer) -> Result<Vec<Frame>, Lost> {
        let mut frames = Vec::new();
        while let Some(frame) = framer.next()? {
            frames.push(frame);
        }
        Ok(frames)
    }

    fn read(bytes: &[u8]) -> Result<Vec<Frame>, Lost> {
        let mut framer = Framer::default();
        framer.push(bytes);
        all(&mut framer)
    }

    #[test]
    fn a_stream_gives_the_same_frames_wherever_the_network_cuts_it() {
        let first = message("Content-Length: 4\r\n", "a\r\n\r");
        let second = message("l :\r\n 0\r\n", "");
        let stream = format!("{first}\r\n\r\n{second}\r\n{first}");
        let expected = || {
            [first.as_str(), "ping", second.as_str(), first.as_str()].map(|text| match text {
                "ping" => Frame::Ping,
                text => Frame::Message(text.as_bytes().to_vec()),
            })
        };
        assert_eq!(read(stream.as_bytes()).unwrap(), expected());
        for cut in 0..=stream.len() {
            let (left, right) = stream.as_bytes().split_at(cut);
            let mut framer = Framer::default();
            framer.push(left);
            let mut frames = all(&mut framer).unwrap();
            framer.push(right);
            frames.extend(all(&mut framer).unwrap());
            assert_eq!(frames, expected(), "cut at {cut}");
        }
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for byte in stream.as_bytes() {
            framer.push(std::slice::from_ref(byte));
            frames.extend(all(&mut framer).unwrap());
        }
        assert_eq!(frames, expected(), "byte by byte");
        assert!(!framer.is_within_message());
    }

    #[test]
    fn a_length_that_is_not_one_number_loses_the_frame() {
        for length in [
            "",
            "Content-Length: -1\r\n",
            "Content-Length: +4\r\n",
            "Content-Length: ten\r\n",
            "Content-Length: 4 4\r\n",
            "Content-Length:\r\n",
            "Content-Length: 4\r\nl: 4\r\n",
            "Content-Length: 4\r\nContent-Length: 5\r\n",
            "Content-Length: 0x4\r\n",
        ] {
            assert_eq!(read(message(length, "body").as_bytes()), Err(Lost::Length), "{length:?}");
        }
    }

    #[test]
    fn a_message_beyond_the_bound_is_refused_before_its_body_comes() {
        let fits = format!("Content-Length: {}\r\n", 100_000);
        assert_eq!(read(message(&fits, &"x".repeat(100_000)).as_bytes()).unwrap().len(), 1);
        for length in ["131072", "4294967296", "99999999999999999999999999"] {
            let head = message(&format!("Content-Length: {length}\r\n"), "");
            assert_eq!(read(head.as_bytes()), Err(Lost::TooLarge), "{length}");
        }
        assert_eq!(read(&[b'A'; MAX_HEAD + 1]), Err(Lost::TooLarge));
    }

    #[test]
    fn what_cannot_begin_a_message_is_known_by_its_first_byte() {
        for first in [&b"\x16\x03\x01\x02"[..], b"\n\n", b"{}", b"\0", b" OPTIONS", b"\rX"] {
            assert_eq!(read(first), Err(Lost::Garbage), "{first:?}");
        }
    }

    #[test]
    fn half_a_keep_alive_is_no_message_begun() {
        let mut framer = Framer::default();
        for byte in b"\r\n\r" {
            framer.push(&[*byte]);
            assert_eq!(framer.next(), Ok(None));
            assert!(!framer.is_within_message());
        }
        framer.push(b"\n");
        assert_eq!(framer.next(), Ok(Some(Frame::Ping)));
        framer.push(b"O");
        assert_eq!(framer.next(), Ok(None));
        assert!(framer.is_within_message());
    }
}
