//! The answer as the browser gets it: the library's, with our addresses and without what it writes twice. Pure.

use std::net::IpAddr;

use crate::call::Codec;

use super::offer::Offer;

/// What we want to hear, as `a=fmtp` (RFC 7587 section 7.1): one channel, no more than the recogniser's 16 kHz, the
/// redundancy that makes up for lost packets.
pub(super) const OPUS: &str = "minptime=10;useinbandfec=1;stereo=0;maxplaybackrate=16000";

/// The library's answer for the browser. `public`: the address browsers reach us by.
///
/// - Candidates of component 2 are left out (RTP and RTCP share a port), and each other one stands once.
/// - A format that stands twice in the audio line (telephone-event, 0.21.1) stands once.
pub(super) fn rewrite(answer: &str, offer: &Offer, public: Option<IpAddr>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in answer.lines() {
        let line = match line.strip_prefix("a=candidate:") {
            Some(candidate) => match candidate_line(candidate, public) {
                Some(line) => line,
                None => continue,
            },
            None if line.starts_with("m=audio ") => once(line),
            None if line.starts_with(&format!("a=fmtp:{} ", offer.payload_type)) && offer.codec == Codec::Opus => {
                format!("a=fmtp:{} {OPUS}", offer.payload_type)
            }
            None => line.to_owned(),
        };
        // Attributes may stand in several media lines; only what the library doubles within one is dropped.
        let doubled = ["a=candidate:", "a=rtpmap:", "a=fmtp:"].iter().any(|name| line.starts_with(name));
        let in_this_media = lines.iter().rev().take_while(|line| !line.starts_with("m="));
        if !(doubled && in_this_media.into_iter().any(|before| *before == line)) {
            lines.push(line);
        }
    }
    lines.join("\r\n") + "\r\n"
}

/// `foundation component transport priority address port typ …` (RFC 8839 section 5.1).
fn candidate_line(candidate: &str, public: Option<IpAddr>) -> Option<String> {
    let mut parts: Vec<&str> = candidate.split(' ').collect();
    if parts.get(1) != Some(&"1") {
        return None;
    }
    let public = public.map(|ip| ip.to_string());
    if let (Some(public), Some(address)) = (&public, parts.get_mut(4)) {
        *address = public;
    }
    Some(format!("a=candidate:{}", parts.join(" ")))
}

fn once(media: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for (n, part) in media.split(' ').enumerate() {
        // The first three are kind, port and protocol.
        if n < 3 || !kept.iter().skip(3).any(|before| *before == part) {
            kept.push(part);
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Direction;

    #[test]
    fn the_browser_gets_each_candidate_and_format_once_and_the_address_it_can_reach() {
        let offer = Offer {
            codec: Codec::Opus,
            payload_type: 111,
            dtmf: Some((110, 48_000)),
            direction: Direction::SendRecv,
            ptime_ms: 20,
        };
        let library = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 110 110\r\na=rtpmap:111 opus/48000/2\r\n\
            a=fmtp:111 minptime=10\r\na=rtpmap:110 telephone-event/48000\r\na=rtpmap:110 telephone-event/48000\r\n\
            a=candidate:1 1 udp 2130706431 10.0.0.5 30000 typ host\r\na=candidate:1 2 udp 2130706431 10.0.0.5 30000 typ host\r\n\
            a=candidate:1 1 udp 2130706431 10.0.0.5 30000 typ host\r\na=end-of-candidates\r\n";
        let told = rewrite(library, &offer, Some("203.0.113.7".parse().unwrap()));
        assert!(told.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111 110\r\n"), "{told}");
        assert_eq!(told.matches("a=rtpmap:110").count(), 1, "{told}");
        assert_eq!(told.matches("a=candidate:").count(), 1, "{told}");
        assert!(told.contains("a=candidate:1 1 udp 2130706431 203.0.113.7 30000 typ host\r\n"), "{told}");
        assert!(told.contains("a=fmtp:111 minptime=10;useinbandfec=1;stereo=0;maxplaybackrate=16000\r\n"), "{told}");
        assert!(told.ends_with("a=end-of-candidates\r\n"));
        assert!(rewrite(library, &offer, None).contains("10.0.0.5 30000"));
    }
}
