//! A message of our own for each rule that the RFC messages test, and for those they leave out.

use super::wire::Outcome;

/// Stands for the address of a third party that must never hear of us.
pub const VICTIM: &str = "VICTIM";

/// What is changed in a sound request, and the answer owed: a status, or 0 for none.
pub struct Rule {
    pub method: &'static str,
    pub edits: &'static [(&'static str, &'static str)],
    pub status: u16,
}

const fn rule(method: &'static str, edits: &'static [(&'static str, &'static str)], status: u16) -> Rule {
    Rule { method, edits, status }
}

impl Rule {
    pub fn outcome(&self) -> Outcome {
        if self.status == 0 { Outcome::silence() } else { Outcome::status(self.status) }
    }

    /// The message, from `local`, with its own Call-ID and branch.
    pub fn message(&self, number: usize, local: &str, victim: &str) -> Vec<u8> {
        let mut text = sound(self.method, number, local);
        for (part, with) in self.edits {
            assert!(text.contains(part), "{part:?} is not in {text}");
            text = text.replacen(part, with, 1);
        }
        text.replace(VICTIM, victim).into_bytes()
    }
}

const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40002 RTP/AVP 0\r\n";

fn sound(method: &str, number: usize, local: &str) -> String {
    let (kind, body) = if method == "INVITE" { ("Content-Type: application/sdp\r\n", SDP) } else { ("", "") };
    format!(
        "{method} sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKown{number}\r\n\
         Max-Forwards: 70\r\nFrom: \"Own\" <sip:own@{local}>;tag=own{number}\r\nTo: <sip:100@127.0.0.1>\r\n\
         Call-ID: own-{number}@{local}\r\nCSeq: 7 {method}\r\nContact: <sip:own@{local}>\r\n{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const START: &str = "OPTIONS sip:100@127.0.0.1 SIP/2.0";
const TO: &str = "To: <sip:100@127.0.0.1>";

/// Forms that look wrong and are right.
pub const VALID: &[Rule] = &[
    rule(
        "OPTIONS",
        &[
            (TO, "t :\r\n <sip:100@127.0.0.1>\r\n\t;x = y"),
            ("CSeq: 7 ", "cSeQ  :  0007\r\n "),
            ("Via: SIP/2.0/UDP ", "v: SIP  /  2.0\r\n / UDP  "),
        ],
        200,
    ),
    rule("!odd-Method_*+`.%~'", &[], 501),
    rule("OPTIONS", &[("sip:100@", "sip:%31%30%30%40home:p%3aw@")], 200),
    rule("INVITE", &[("sip:100@", "sip:gate;tgrp=7?x@"), ("<sip:own@", "<sip:own;trunk=1@")], 200),
    rule("REGISTER", &[("Contact: <sip:own@", "Contact: <sip:%00@")], 405),
    rule("REG%49STER", &[], 501),
    rule("OPTIONS", &[("\"Own\" <", "Own<")], 200),
    rule("INVITE", &[("\"Own\"", "\"A \\\"quoted\\\" <name>, with; everything\"")], 200),
    rule(
        "OPTIONS",
        &[("From: \"Own\" <sip:own@127.0.0.1", "From: <sip:own@127.0.0.1"), (";tag=own", ";x=\"y;tag=other\";tag=own")],
        200,
    ),
    rule(
        "OPTIONS",
        &[(
            "\r\nMax-Forwards",
            "\r\nVia: SIP/2.0/PIGEON far.example;branch=z9hG4bKx, SIP/2.0/SCTP [::1]\r\nMax-Forwards",
        )],
        200,
    ),
    rule("OPTIONS", &[("Max-Forwards: 70", "Max-Forwards: 0")], 200),
    rule(
        "OPTIONS",
        &[("Max-Forwards: 70\r\n", "Date: Fri, 01 Jan 2010 16:00:00 PST\r\nExpires: 99999999999999999999\r\n")],
        200,
    ),
    rule("OPTIONS", &[(";branch=z9hG4bKown", ";branch=z9hG4bK;x=")], 200),
    rule(
        "OPTIONS",
        &[("Content-Length: 0\r\n\r\n", "Content-Length: 0\r\n\r\nOPTIONS sip:second@127.0.0.1 SIP/2.0\r\n\r\n")],
        200,
    ),
    rule("OPTIONS", &[("Content-Length: 0\r\n", "")], 200),
    rule("MESSAGE", &[("Content-Length: 0\r\n\r\n", "Content-Length: 5\r\n\r\na\0b\r\n")], 405),
    rule("OPTIONS", &[(TO, "To: \"bell:\\\u{7} nul:\\\0\" <sip:100@127.0.0.1>")], 200),
    rule("OPTIONS", &[(START, "\r\n\r\nOPTIONS sip:100@127.0.0.1 sip/2.0")], 200),
    rule(
        "OPTIONS",
        &[("sip:100@127.0.0.1 SIP", "sip:[2001:db8::10]:5070 SIP"), (TO, "To: <sip:[2001:db8::10:5070]>")],
        200,
    ),
    rule("OPTIONS", &[("UDP 127.0.0.1", "UDP [2001:db8::9:1];received=[2001:db8::9:255];x=127.0.0.1")], 200),
    rule("REGISTER", &[(TO, "To: isbn:2983792873"), ("Contact: <sip:own@", "Contact: <name:own.")], 405),
    rule("REGISTER", &[("Max-Forwards", "Authorization: Unheard-of opaque=\"x\"\r\nMax-Forwards")], 405),
    rule("NOTIFY", &[], 481),
    rule("INVITE", &[(TO, "To: <sip:100@127.0.0.1>;tag=nobodys")], 481),
    rule("BYE", &[(TO, "To: <sip:100@127.0.0.1>;tag=nobodys")], 481),
];

/// What cannot be read, or is not for us.
pub const REFUSED: &[Rule] = &[
    rule("OPTIONS", &[(START, "OPTIONS  sip:100@127.0.0.1 SIP/2.0")], 400),
    rule("OPTIONS", &[(START, "OPTIONS sip:100@127.0.0.1 SIP/2.0 ")], 400),
    rule("OPTIONS", &[(START, "OPTIONS <sip:100@127.0.0.1> SIP/2.0")], 400),
    rule("OPTIONS", &[(START, "OPTIONS sip:100@127.0.0.1; lr SIP/2.0")], 400),
    rule("OPTIONS", &[(START, "OPTIONS sip:100@127.0.0.1?Route=%3Csip:x%3E SIP/2.0")], 400),
    rule("OPTIONS", &[(START, "OPTIONS sip:2001:db8::10 SIP/2.0")], 400),
    rule("OPTIONS", &[(START, "OPTIONS sip:[2001:db8:::1] SIP/2.0")], 400),
    rule("OPTIONS", &[(START, "OPTIONS unheard-of:100 SIP/2.0")], 416),
    rule("OPTIONS", &[(START, "OPTIONS http://127.0.0.1/ SIP/2.0")], 416),
    rule("OPTIONS", &[("SIP/2.0\r\n", "SIP/3.1\r\n")], 505),
    rule("options", &[], 501),
    rule("OPTIONS", &[("CSeq: 7 OPTIONS", "CSeq: 7 INVITE")], 400),
    rule("NOVEL", &[("CSeq: 7 NOVEL", "CSeq: 7 INVITE")], 501),
    rule("OPTIONS", &[("CSeq: 7 ", "CSeq: 2147483648 ")], 400),
    rule("OPTIONS", &[("CSeq: 7 ", "CSeq: 36893488147419103232 ")], 400),
    rule("OPTIONS", &[("CSeq: 7 ", "CSeq: -7 ")], 400),
    rule("OPTIONS", &[("\"Own\"", "\"Own")], 400),
    rule("OPTIONS", &[("\"Own\"", "Own, Anne")], 400),
    rule("OPTIONS", &[(TO, "To: < sip:100@127.0.0.1 >")], 400),
    rule("OPTIONS", &[(TO, "To: sip:100@127.0.0.1?Route=x")], 400),
    rule("OPTIONS", &[("\r\nMax-Forwards", ";;,;,,\r\nMax-Forwards")], 400),
    rule("OPTIONS", &[("Contact: <sip:own@", "Contact: \"x\" <sip:a@b>;;;;\r\nX: <")], 400),
    rule("OPTIONS", &[("From: \"Own\" <", "X-From: <")], 400),
    rule("OPTIONS", &[(TO, "X-To: x")], 400),
    rule("OPTIONS", &[("Call-ID", "X-Call-ID")], 400),
    rule("OPTIONS", &[(";tag=own", ";gat=own")], 400),
    rule("OPTIONS", &[("Content-Length: 0", "Content-Length: 9999")], 400),
    rule("OPTIONS", &[("Content-Length: 0", "Content-Length: -1")], 400),
    rule("OPTIONS", &[("Content-Length: 0", "Content-Length: 0\r\nl: 5")], 400),
    rule("OPTIONS", &[(TO, "To: <sip:100@127.0.0.1>\r\nt: <sip:101@127.0.0.1>")], 400),
    rule("OPTIONS", &[("Max-Forwards: 70", "Max-Forwards: many")], 400),
    rule("OPTIONS", &[("Max-Forwards", "Nul\0Header: x\r\nMax-Forwards")], 400),
    rule("OPTIONS", &[("Max-Forwards", "Header: bare\rreturn\r\nMax-Forwards")], 400),
    rule("OPTIONS", &[("Content-Length: 0\r\n\r\n", "Content-Length: 0\r\n")], 400),
    rule("OPTIONS", &[("Max-Forwards", "Require: a, b\r\nRequire: c\r\nMax-Forwards")], 420),
    rule("INVITE", &[("application/sdp", "application/unheard-of")], 415),
    rule("INVITE", &[("Max-Forwards", "Accept: text/unheard-of\r\nMax-Forwards")], 406),
    rule("INVITE", &[("RTP/AVP 0", "RTP/AVP 2")], 488),
    rule("INVITE", &[("Contact: <sip:own@", "X: <sip:own@")], 400),
    rule("INVITE", &[("Contact: ", "Contact: <sip:a@b>, ")], 400),
];

/// What is no request, or must not be answered.
pub const UNANSWERED: &[Rule] = &[
    rule("OPTIONS", &[(START, "SIP/2.0 200 = 2**3 \u{43d}\u{43e}"), ("CSeq: 7 OPTIONS", "CSeq: 7 BYE")], 0),
    rule("OPTIONS", &[(START, "SIP/2.0 100 "), ("CSeq: 7 OPTIONS", "CSeq: 7 BYE")], 0),
    rule("OPTIONS", &[(START, "SIP/2.0 4294967301 big"), ("CSeq: 7 OPTIONS", "CSeq: 7 BYE")], 0),
    rule("OPTIONS", &[(START, "SIP/2.0 503 Later"), ("CSeq: 7 OPTIONS", "CSeq: 99999999999999999999 BYE")], 0),
    rule(
        "OPTIONS",
        &[(START, "SIP/2.0 200 OK"), ("\r\nMax-Forwards", "\r\nVia: SIP/2.0/UDP 255.255.255.255\r\nMax-Forwards")],
        0,
    ),
    rule("OPTIONS", &[(START, "SIP/2.0 200 OK"), ("Via", "No")], 0),
    rule("ACK", &[], 0),
    rule("ACK", &[(";tag=own", ";gat=own")], 0),
    rule("ACK", &[("SIP/2.0\r\n", "SIP/7.0\r\n")], 0),
    rule("OPTIONS", &[(START, "OPTIONS sip:100@127.0.0.1")], 0),
    rule("OPTIONS", &[(START, "GET / HTTP/1.1")], 0),
];

/// Where a request says its answer should go; it goes to where it came from all the same.
pub const MISDIRECTED: &[Rule] = &[
    rule("OPTIONS", &[("\r\nMax-Forwards", ";received=VICTIM_HOST;rport=VICTIM_PORT\r\nMax-Forwards")], 200),
    rule("OPTIONS", &[("\r\nMax-Forwards", ";maddr=VICTIM_HOST;rport=VICTIM_PORT;transport=TCP\r\nMax-Forwards")], 200),
    rule("OPTIONS", &[("Via: SIP/2.0/UDP ", "Via: SIP/2.0/UDP VICTIM;rport;x=")], 200),
    rule("OPTIONS", &[("Via: SIP/2.0/UDP ", "Via: SIP/2.0/TCP VICTIM;x=")], 200),
    rule("REGISTER", &[("Via: SIP/2.0/UDP ", "Via: SIP/2.0/UDP VICTIM;received=VICTIM_HOST;x=")], 405),
    rule("OPTIONS", &[("Max-Forwards", "Route: <sip:VICTIM;lr>\r\nMax-Forwards")], 200),
    rule("OPTIONS", &[("Max-Forwards", "Require: x\r\nRecord-Route: <sip:VICTIM;lr>\r\nMax-Forwards")], 420),
    rule("INVITE", &[("Via: SIP/2.0/UDP ", "Via: SIP/2.0/UDP VICTIM;x=")], 200),
    rule("REFER", &[("Max-Forwards", "Refer-To: <sip:VICTIM>\r\nMax-Forwards")], 405),
];
