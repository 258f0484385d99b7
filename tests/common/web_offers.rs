//! Offers that no browser makes: a table of known ways to break a parser or an agent, and seeded mutations of a real one.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// As Chromium makes it; the keys are nobody's.
pub const CHROMIUM: &str = "v=0\r\no=- 3273002595352518180 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    a=extmap-allow-mixed\r\na=msid-semantic: WMS 2dcf2721\r\n\
    m=audio 57267 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 127.0.0.1\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
    a=candidate:3644916485 1 udp 2122194687 127.0.0.1 57267 typ host generation 0 network-id 3 network-cost 50\r\n\
    a=ice-ufrag:86Wc\r\na=ice-pwd:U4PQsSbgGSoCWQ84zfF/rpSl\r\na=ice-options:trickle\r\n\
    a=fingerprint:sha-256 E8:63:3D:48:46:E6:52:D7:E7:47:9D:A5:EC:9C:F8:F1:3C:14:D5:98:7E:AB:4C:03:C2:E0:F9:D3:7A:EB:88:F5\r\n\
    a=setup:actpass\r\na=mid:0\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendrecv\r\na=msid:a b\r\n\
    a=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
    a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n\
    a=ssrc:2857888491 cname:HxmyGXWkmi+G0tL3\r\na=ssrc:2857888491 msid:a b\r\n";

/// Each with what it tries.
pub fn known() -> Vec<(&'static str, String)> {
    let with = |from: &str, to: &str| {
        assert!(CHROMIUM.contains(from), "{from}");
        CHROMIUM.replace(from, to)
    };
    let line = CHROMIUM.find("m=audio").expect("the audio line");
    let more = |text: &str| format!("{CHROMIUM}{text}");
    vec![
        ("nothing", String::new()),
        ("a byte order mark", format!("\u{feff}{CHROMIUM}")),
        ("bare carriage returns", CHROMIUM.replace("\r\n", "\r")),
        ("no line ends", CHROMIUM.replace("\r\n", "")),
        ("NUL bytes", with("a=mid:0", "a=mid:\0")),
        ("a port above 65535", with("m=audio 57267", "m=audio 99999")),
        ("a negative port", with("m=audio 57267", "m=audio -1")),
        ("a format beyond 32 bits (CVE-2018-1000099)", with(" 111 63 9", " 4294967296 111 63 9")),
        ("127 formats", with(" 111 63 9 0 8", &(0..127).map(|n| format!(" {n}")).collect::<String>())),
        ("the same format a thousand times", with(" 111 63", &" 111".repeat(1_000))),
        ("a clock of zero", with("opus/48000/2", "opus/0/2")),
        ("a fingerprint that is too short", with("E8:63:3D:48:", "")),
        ("a fingerprint of an unknown hash", with("fingerprint:sha-256", "fingerprint:md2")),
        ("a fingerprint of nonsense", with("fingerprint:sha-256 E8:63", "fingerprint:sha-256 ZZ:--")),
        ("no value of the fingerprint", with("a=setup:actpass", "a=fingerprint:\r\na=setup:actpass")),
        ("an ICE name of one letter", with("ice-ufrag:86Wc", "ice-ufrag:8")),
        ("an ICE name of 300 letters", with("ice-ufrag:86Wc", &format!("ice-ufrag:{}", "a".repeat(300)))),
        ("an empty ICE password", with("ice-pwd:U4PQsSbgGSoCWQ84zfF/rpSl", "ice-pwd:")),
        ("a setup that holds", with("setup:actpass", "setup:holdconn")),
        ("a setup that nobody knows", with("setup:actpass", "setup:\u{202e}")),
        ("a candidate without an address", with("udp 2122194687 127.0.0.1 57267", "udp 2122194687")),
        ("a candidate with a name", with("2122194687 127.0.0.1", "2122194687 internal.example")),
        ("a candidate of broadcast", with("2122194687 127.0.0.1", "2122194687 255.255.255.255")),
        ("five hundred candidates", with("a=ice-ufrag", &candidates(500))),
        ("a layered stream", more("a=rid:h send\r\na=rid:l send\r\na=simulcast:send h;l\r\n")),
        ("a layered stream that pauses", more("a=rid:~h send\r\na=simulcast:send ~h;~~\r\n")),
        ("repair flows of nothing", more("a=ssrc-group:FID 1 2\r\na=ssrc-group:FID 2 1\r\na=ssrc-group:FEC-FR 1\r\n")),
        (
            "the same source twice",
            more("a=ssrc:2857888491 cname:x\r\na=ssrc:0 cname:y\r\na=ssrc:4294967296 cname:z\r\n"),
        ),
        ("header extension zero", with("extmap:4", "extmap:0")),
        ("header extension 999", with("extmap:4", "extmap:999")),
        ("no name of the line", with("a=mid:0\r\n", "")),
        ("a name of 60,000 letters", with("a=mid:0", &format!("a=mid:{}", "m".repeat(60_000)))),
        ("a bundle of others", with("BUNDLE 0", "BUNDLE 1 2 3")),
        ("two audio lines", more(&CHROMIUM[line..])),
        (
            "thirty-one video lines",
            more(&"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:v\r\n".repeat(31)),
        ),
        (
            "a data channel beside it",
            more("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\na=sctp-port:0\r\n"),
        ),
        ("ten thousand attributes", more(&"a=x\r\n".repeat(10_000))),
        ("markup", with("s=-", "s=<script>alert(1)</script>")),
        ("a telephone's offer", with("UDP/TLS/RTP/SAVPF", "RTP/AVP")),
        ("only listening", with("a=sendrecv", "a=recvonly")),
    ]
}

fn candidates(count: u32) -> String {
    let line = |n: u32| format!("a=candidate:{n} 1 udp {n} 192.0.2.{} {} typ host\r\n", n % 255, 1_024 + n);
    (1..=count).map(line).collect::<String>() + "a=ice-ufrag"
}

/// The real one with up to eight wounds.
pub fn mutated(seed: u64) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut body = CHROMIUM.as_bytes().to_vec();
    for _ in 0..random.random_range(1..=8) {
        let at = random.random_range(0..body.len().max(1)).min(body.len().saturating_sub(1));
        match random.random_range(0..5) {
            0 if !body.is_empty() => body[at] = random.random(),
            1 => body.truncate(at),
            2 => body.insert(at, random.random()),
            3 => {
                let end = (at + random.random_range(1..64)).min(body.len());
                let part = body[at.min(end)..end].to_vec();
                body.splice(at..at, part);
            }
            _ => {
                let end = (at + random.random_range(1..64)).min(body.len());
                body.drain(at.min(end)..end);
            }
        }
    }
    body
}
