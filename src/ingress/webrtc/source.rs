//! Whose request it is, where proxies stand between.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Each proxy appends who spoke to it (de facto; RFC 7239 section 7.4).
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address to count a request by: the peer's, or behind proxies that we trust the last one that is none of them.
///
/// Read from the right, because what stands left of the first untrusted address is that client's own invention. What
/// cannot be read ends the search: then it is the last proxy that could be.
pub fn client(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_proxy = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut known = peer.ip().to_canonical();
    // A client can repeat the header; proxies append to the last one.
    for line in headers.get_all(FORWARDED_FOR).iter().rev() {
        for entry in line.as_bytes().rsplit(|byte| *byte == b',') {
            if !is_proxy(&known) {
                return known;
            }
            let Some(named) = address(entry) else { return known };
            known = named;
        }
    }
    known
}

/// An address alone, or with the port that some proxies write.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let alone = text.parse().ok();
    let address = alone.or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    address.or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, axum::http::HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_peer_that_is_no_proxy_of_ours_is_believed_nothing() {
        assert_eq!(of("192.0.2.1:5000", &[]), "192.0.2.1");
        assert_eq!(of("192.0.2.1:5000", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn behind_proxies_it_is_the_last_address_that_is_none_of_them() {
        assert_eq!(of("10.0.0.1:5000", &[]), "10.0.0.1");
        assert_eq!(of("10.0.0.1:5000", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(of("10.0.0.1:5000", &["203.0.113.9, 198.51.100.7, 10.2.2.2"]), "198.51.100.7");
        assert_eq!(of("10.0.0.1:5000", &["203.0.113.9", "198.51.100.7", "10.2.2.2,10.3.3.3"]), "198.51.100.7");
        assert_eq!(of("10.0.0.1:5000", &["10.9.9.9, 10.2.2.2"]), "10.9.9.9", "a caller inside");
        assert_eq!(of("[fd00::1]:5000", &["2001:db8::7"]), "2001:db8::7");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_read_as_the_address_they_hold() {
        for written in ["198.51.100.7:4711", " ::ffff:198.51.100.7 ", "[::ffff:198.51.100.7]:1"] {
            assert_eq!(of("[::ffff:10.0.0.1]:5000", &[written]), "198.51.100.7", "{written}");
        }
        assert_eq!(of("10.0.0.1:5000", &["[2001:db8::7]"]), "2001:db8::7");
    }

    #[test]
    fn junk_ends_the_search_at_the_last_good_address() {
        for junk in ["", "unknown", "_hidden", "198.51.100.7;", "1.2.3", "\u{ff}", "203.0.113.9, , 10.2.2.2"] {
            assert!(of("10.0.0.1:5000", &[junk]).starts_with("10."), "{junk}");
        }
        assert_eq!(of("10.0.0.1:5000", &["203.0.113.9, junk, 10.2.2.2"]), "10.2.2.2");
        assert_eq!(of("10.0.0.1:5000", &["junk, 198.51.100.7"]), "198.51.100.7");
    }
}
