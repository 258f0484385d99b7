//! `application/trickle-ice-sdpfrag` (RFC 8840): candidates a browser sends after its offer. Pure.

use std::net::IpAddr;

use crate::config::limits;

/// What a PATCH asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fragment {
    pub ufrag: Option<String>,
    /// Each with the `a=mid` it stands under.
    pub candidates: Vec<(String, Option<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FragmentError {
    #[error("not an SDP fragment: every line is a letter, an equals sign and a value")]
    Malformed,
    #[error("more candidates than one connection needs")]
    TooMany,
}

impl Fragment {
    pub fn parse(body: &str) -> Result<Self, FragmentError> {
        let mut fragment = Self::default();
        let mut mid = None;
        for line in body.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            let (kind, value) = line.split_once('=').ok_or(FragmentError::Malformed)?;
            match (kind, value.split_once(':')) {
                ("a", Some(("ice-ufrag", ufrag))) => fragment.ufrag = Some(ufrag.to_owned()),
                ("a", Some(("mid", name))) => mid = Some(name.to_owned()),
                ("a", Some(("candidate", _))) => fragment.candidates.push((value.to_owned(), mid.clone())),
                ("a" | "m" | "v" | "o" | "s" | "t" | "c", _) => {}
                _ => return Err(FragmentError::Malformed),
            }
        }
        if fragment.candidates.len() > limits::MAX_CANDIDATES { Err(FragmentError::TooMany) } else { Ok(fragment) }
    }
}

/// An address and a UDP port: nothing to resolve, nothing to connect to (RFC 8839 section 5.1).
pub(super) fn is_usable(candidate: &str) -> bool {
    let mut parts = candidate.split(' ');
    let transport = parts.nth(2).is_some_and(|transport| transport.eq_ignore_ascii_case("udp"));
    transport && parts.nth(1).is_some_and(|address| address.parse::<IpAddr>().is_ok())
}

/// The offer with at most [`limits::MAX_CANDIDATES`] candidates, those we can use.
pub(super) fn usable(offer: &str) -> String {
    let mut candidates = 0;
    let keep = |line: &&str| match line.strip_prefix("a=candidate:") {
        None => true,
        Some(candidate) => {
            candidates += usize::from(is_usable(candidate));
            is_usable(candidate) && candidates <= limits::MAX_CANDIDATES
        }
    };
    offer.split_inclusive('\n').filter(keep).collect()
}

/// The user name fragment an offer stands under.
pub(super) fn ufrag(offer: &str) -> Option<&str> {
    offer.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_read_with_the_line_they_belong_to() {
        let body = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
            a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n\
            a=end-of-candidates\r\n";
        let fragment = Fragment::parse(body).unwrap();
        assert_eq!(fragment.ufrag.as_deref(), Some("EsAw"));
        let [(candidate, mid)] = fragment.candidates.as_slice() else { panic!("{fragment:?}") };
        assert!(candidate.starts_with("candidate:1387637174 1 udp") && mid.as_deref() == Some("0"));
        assert_eq!(ufrag(body), Some("EsAw"));
    }

    #[test]
    fn only_addresses_with_udp_ports_are_tried_and_only_so_many() {
        let one = "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n";
        let others = "a=candidate:1 1 tcp 1 10.0.0.5 6379 typ host tcptype passive\r\na=candidate:1 1 udp 1 internal.example 53 \
            typ host\r\na=candidate:1 1 udp\r\n";
        assert_eq!(usable(&format!("v=0\r\n{others}{one}a=mid:0\r\n")), format!("v=0\r\n{one}a=mid:0\r\n"));
        assert_eq!(usable(&one.repeat(500)), one.repeat(limits::MAX_CANDIDATES));
        assert!(is_usable("candidate:1 1 UDP 1 2001:db8::1 4000 typ host"));
    }

    #[test]
    fn what_is_no_fragment_or_too_much_of_one_is_refused() {
        assert_eq!(Fragment::parse("{\"candidate\":1}"), Err(FragmentError::Malformed));
        assert_eq!(Fragment::parse("x=1"), Err(FragmentError::Malformed));
        assert_eq!(
            Fragment::parse(&"a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n".repeat(65)),
            Err(FragmentError::TooMany)
        );
        assert_eq!(Fragment::parse(""), Ok(Fragment::default()));
    }
}
