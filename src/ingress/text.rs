//! Strings of the peer, made safe to keep: bounded and without control characters.

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
