//! Strings of the peer and for the peer: bounded and without control characters, or as URLs and headers write them.

use crate::config::limits;

/// At most [`limits::MAX_PEER_STRING`] bytes of `text`, cut at a character, control characters removed.
pub fn bounded(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(limits::MAX_PEER_STRING));
    for c in text.trim().chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > limits::MAX_PEER_STRING {
            break;
        }
        kept.push(c);
    }
    kept
}

/// A segment of a URL's path (RFC 3986 section 3.3): all but unreserved characters by their bytes.
pub fn path_segment(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// What stands behind `Bearer` in `Authorization` (RFC 6750 section 2.1), the scheme in any case.
pub fn bearer(value: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_string_is_cut_at_a_character_and_carries_no_line_break() {
        let long = "é".repeat(limits::MAX_PEER_STRING);
        let kept = bounded(&long);
        assert!(kept.len() <= limits::MAX_PEER_STRING && kept.chars().all(|c| c == 'é'));
        assert_eq!(bounded(" a\r\nVia: b\u{0}\u{7f} "), "aVia: b");
    }
}
