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
/// - The audio formats are ours: 0.21.1 answers the first telephone-event of the offer, whatever its clock, and twice.
pub(super) fn rewrite(answer: &str, offer: &Offer, public: Option<IpAddr>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut in_audio = false;
    for line in answer.lines() {
        in_audio = if line.starts_with("m=") { line.starts_with("m=audio ") } else { in_audio };
        if let Some(candidate) = line.strip_prefix("a=candidate:") {
            lines.extend(candidate_line(candidate, public).filter(|line| !lines.contains(line)));
        } else if in_audio && line.starts_with("m=") {
            lines.push(media_line(line, offer));
        } else if !(in_audio && ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"].iter().any(|name| line.starts_with(name))) {
            lines.push(line.to_owned());
        } else if !lines.iter().any(|line| line.starts_with("a=rtpmap:")) {
            lines.extend(formats(offer));
        }
    }
    lines.join("\r\n") + "\r\n"
}

/// `m=audio PORT PROTO FORMATS` with what was chosen.
fn media_line(line: &str, offer: &Offer) -> String {
    let head: Vec<&str> = line.split(' ').take(3).collect();
    let numbers = [Some(offer.payload_type), offer.dtmf.map(|(number, _)| number)];
    let numbers = numbers.into_iter().flatten().map(|number| format!(" {number}"));
    head.join(" ") + &numbers.collect::<String>()
}

fn formats(offer: &Offer) -> Vec<String> {
    let Offer { codec, payload_type, dtmf, .. } = offer;
    let channels = if *codec == Codec::Opus { "/2" } else { "" };
    let mut lines = vec![format!("a=rtpmap:{payload_type} {}/{}{channels}", codec.name(), codec.clock())];
    if *codec == Codec::Opus {
        lines.push(format!("a=fmtp:{payload_type} {OPUS}"));
    }
    if let Some((number, clock)) = dtmf {
        lines.extend([format!("a=rtpmap:{number} telephone-event/{clock}"), format!("a=fmtp:{number} 0-16")]);
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_gets_each_candidate_and_format_once_and_the_address_it_can_reach() {
        let offer = Offer { codec: Codec::Opus, payload_type: 111, dtmf: Some((110, 48_000)), ptime_ms: 20 };
        let library = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 110 110\r\na=rtpmap:111 opus/48000/2\r\n\
            a=fmtp:111 minptime=10\r\na=rtpmap:110 telephone-event/48000\r\na=rtpmap:110 telephone-event/48000\r\n\
            a=candidate:1 1 udp 2130706431 10.0.0.5 30000 typ host\r\na=candidate:1 2 udp 2130706431 10.0.0.5 30000 typ host\r\n\
            a=candidate:1 1 udp 2130706431 10.0.0.5 30000 typ host\r\na=end-of-candidates\r\n";
        let told = rewrite(library, &offer, Some("203.0.113.7".parse().unwrap()));
        assert!(told.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111 110\r\n"), "{told}");
        assert_eq!(told.matches("a=rtpmap:110 telephone-event/48000\r\n").count(), 1, "{told}");
        assert_eq!(told.matches("a=candidate:").count(), 1, "{told}");
        assert!(told.contains("a=candidate:1 1 udp 2130706431 203.0.113.7 30000 typ host\r\n"), "{told}");
        assert!(told.contains("a=fmtp:111 minptime=10;useinbandfec=1;stereo=0;maxplaybackrate=16000\r\n"), "{told}");
        assert!(told.ends_with("a=end-of-candidates\r\n"));
        assert!(rewrite(library, &offer, None).contains("10.0.0.5 30000"));

        let narrow = Offer { codec: Codec::Pcmu, payload_type: 0, dtmf: Some((126, 8_000)), ..offer };
        let told = rewrite(
            "m=audio 9 UDP/TLS/RTP/SAVPF 0 110\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:110 telephone-event/48000\r\n",
            &narrow,
            None,
        );
        assert!(
            told.starts_with(
                "m=audio 9 UDP/TLS/RTP/SAVPF 0 126\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:126 telephone-event/8000\r\n"
            ),
            "{told}"
        );
        assert!(!told.contains("110"), "{told}");
    }
}
