//! Malformed INVITEs: each field of a sound one, broken in each way.

use std::fmt::Write as _;

/// One broken INVITE. Its Call-ID, tag and branch are its own unless they are what is broken.
pub struct Case {
    pub name: String,
    pub bytes: Vec<u8>,
}

const HEAD: &str = "{method} sip:{user}@{host}{uri_params} {version}\r\n\
    Via: {protocol} {via_host}:{via_port};ttl={ttl};branch={branch}\r\n\
    From: {from_name} <{from_uri}>;tag={from_tag}\r\n\
    To: {to_name} <{to_uri}>{to_params}\r\n\
    Call-ID: {call_id}\r\n\
    CSeq: {cseq} {cseq_method}\r\n\
    Contact: {contact_name} <{contact_uri}>\r\n\
    Max-Forwards: {hops}\r\n\
    User-Agent: {agent}\r\n\
    Content-Type: {type}\r\n\
    Content-Length: {length}\r\n\r\n";

const BODY: &str = "v={v}\r\no={o}\r\ns={s}\r\nc=IN {c_family} {c_address}\r\nt={t}\r\n\
    m=audio {m_port} {m_profile} {m_formats}\r\na=rtpmap:{a_rtpmap}\r\n";

/// Every field and its sound value; `#` is the case's number.
const FIELDS: [(&str, &str); 35] = [
    ("method", "INVITE"),
    ("user", "311"),
    ("host", "127.0.0.1"),
    ("uri_params", ";user=phone"),
    ("version", "SIP/2.0"),
    ("protocol", "SIP/2.0/UDP"),
    ("via_host", "127.0.0.1"),
    ("via_port", "5060"),
    ("ttl", "1"),
    ("branch", "z9hG4bKsweep#"),
    ("from_name", "\"Sweep\""),
    ("from_uri", "sip:sweep@127.0.0.1"),
    ("from_tag", "tag#"),
    ("to_name", "\"Hotline\""),
    ("to_uri", "sip:311@127.0.0.1"),
    ("to_params", ";x=y"),
    ("call_id", "sweep-#@127.0.0.1"),
    ("cseq", "1"),
    ("cseq_method", "INVITE"),
    ("contact_name", "Sweep"),
    ("contact_uri", "sip:sweep@127.0.0.1:9"),
    ("hops", "70"),
    ("agent", "sweep"),
    ("type", "application/sdp"),
    ("length", ""), // counted
    ("v", "0"),
    ("o", "- 1 1 IN IP4 127.0.0.1"),
    ("s", "-"),
    ("c_family", "IP4"),
    ("c_address", "127.0.0.1"),
    ("t", "0 0"),
    ("m_port", "9"),
    ("m_profile", "RTP/AVP"),
    ("m_formats", "0 101"),
    ("a_rtpmap", "101 telephone-event/8000"),
];

const SPECIAL: [&str; 14] = ["%", "\\", "\"", "<", ">", ":", ";", ",", "@", "[", "]", "\0", "\t", " "];
const NUMBERS: [&str; 12] = [
    "-1",
    "0",
    "00000000000000000000000001",
    "65536",
    "2147483647",
    "2147483648",
    "4294967296",
    "18446744073709551616",
    "1111111111111111111111111111111111111111",
    "+1",
    "0x41",
    "1e9",
];
const ODD: [&str; 32] = [
    "",
    "%s%s%s%s%n",
    "%x%x%x%x",
    "%00",
    "%",
    "%zz",
    "256.256.256.256",
    "0.0.0.0",
    "255.255.255.255",
    "1.2.3",
    "127.0.0.1.1",
    "[::1]",
    "::",
    "[::ffff:127.0.0.1",
    "[2001:db8:::1]",
    "[]",
    "localhost",
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "\r\n ",
    "\n\n",
    "../../etc/passwd",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "\u{202e}\u{0}\u{feff}",
    "\u{1b}[2J",
    "INVITE",
    "sip:",
    "*",
    "\u{fdd0}\u{10ffff}",
];
const LENGTHS: [usize; 6] = [16, 128, 1_024, 4_096, 8_192, 60_000];

/// What a field may be turned into.
fn anomalies(sound: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for text in ODD.iter().chain(&NUMBERS) {
        all.push((format!("becomes {text:?}"), (*text).to_owned()));
    }
    for length in LENGTHS {
        all.push((format!("becomes a, {length} times"), "a".repeat(length)));
    }
    let middle = sound.len() / 2;
    for special in SPECIAL {
        all.push((format!("becomes {special:?}"), special.to_owned()));
        all.push((format!("after {special:?}"), format!("{special}{sound}")));
        all.push((format!("before {special:?}"), format!("{sound}{special}")));
        all.push((format!("around {special:?}"), format!("{}{special}{}", &sound[..middle], &sound[middle..])));
        for times in [16, 2_000] {
            all.push((format!("becomes {special:?}, {times} times"), special.repeat(times)));
        }
    }
    all
}

fn written(number: usize, broken: &str, with: &str) -> Vec<u8> {
    let fill = |template: &str, length: &str| {
        FIELDS.iter().fold(template.to_owned(), |text, (field, sound)| {
            let value = match *field {
                field if field == broken => with.to_owned(),
                "length" => length.to_owned(),
                _ => sound.replace('#', &number.to_string()),
            };
            text.replace(&format!("{{{field}}}"), &value)
        })
    };
    let body = fill(BODY, "");
    (fill(HEAD, &body.len().to_string()) + &body).into_bytes()
}

/// Bytes that are no text, in place of the mark.
fn with_bytes(number: usize, field: &str, bytes: &[u8]) -> Vec<u8> {
    let text = written(number, field, "\u{1}");
    text.into_iter().flat_map(|b| if b == 1 { bytes.to_vec() } else { vec![b] }).collect()
}

/// What becomes of a whole header line.
const LINES: [&str; 3] = ["missing", "twice", "twice, in another spelling"];

fn with_line(number: usize, line: usize, how: &str) -> Case {
    let text = String::from_utf8(written(number, "", "")).expect("sound text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a body");
    let mut all: Vec<&str> = head.split("\r\n").collect();
    let name = all[line].split(':').next().unwrap_or_default();
    let respelt = all[line].replacen(": ", "   :\r\n ", 1).to_uppercase();
    match how {
        "missing" => drop(all.remove(line)),
        "twice" => all.insert(line, all[line]),
        _ => all.insert(line, &respelt),
    }
    Case { name: format!("{name} {how}"), bytes: format!("{}\r\n\r\n{body}", all.join("\r\n")).into_bytes() }
}

/// All cases, in the order of the fields, numbered from `first`.
pub fn all(first: usize) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let headers = HEAD.matches("\r\n").count() - 2;
    for (field, sound) in FIELDS {
        for (how, value) in anomalies(sound) {
            let bytes = written(first + cases.len(), field, &value.replace('#', "0"));
            cases.push(Case { name: format!("{field} {how}"), bytes });
        }
        for bytes in [b"\xff\xfe".as_slice(), b"\xc0\x80", b"\xe9", b"\xf4\x90\x80\x80"] {
            let mut name = format!("{field} becomes bytes");
            for byte in bytes {
                write!(name, " {byte:02x}").expect("memory");
            }
            cases.push(Case { name, bytes: with_bytes(first + cases.len(), field, bytes) });
        }
    }
    for line in 1..=headers {
        for how in LINES {
            cases.push(with_line(first + cases.len(), line, how));
        }
    }
    let sound = written(first + cases.len(), "", "");
    for cut in (0..sound.len()).step_by(7) {
        cases.push(Case { name: format!("cut at {cut}"), bytes: sound[..cut].to_vec() });
    }
    // Above this no datagram leaves.
    cases.retain(|case| case.bytes.len() <= 65_507);
    cases
}
