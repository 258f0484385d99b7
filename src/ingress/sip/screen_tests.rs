use super::*;

const SOURCE: &str = "192.0.2.7:5070";

fn request(edit: impl Fn(String) -> String) -> Vec<u8> {
    let plain = [
        "INVITE sip:100@127.0.0.1 SIP/2.0",
        "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKone;rport",
        "From: \"Ann\" <sip:ann@example.org>;tag=a1",
        "To: <sip:100@127.0.0.1>",
        "Call-ID: one@example.org",
        "CSeq: 1 INVITE",
        "Contact: <sip:ann@10.0.0.1>",
        "Max-Forwards: 70",
        "Content-Length: 0",
        "",
        "",
    ];
    edit(plain.join("\r\n")).into_bytes()
}

fn judge(bytes: &[u8]) -> Verdict {
    screen(bytes, SOURCE.parse().unwrap(), STACK_DATAGRAM)
}

fn status_of(edit: impl Fn(String) -> String) -> u16 {
    match judge(&request(edit)) {
        Verdict::Answer { status, .. } => status,
        other => panic!("expected an answer, got {other:?}"),
    }
}

#[test]
fn a_sound_request_passes_untouched() {
    assert_eq!(judge(&request(|m| m)), Verdict::Pass);
}

#[test]
fn every_malformed_request_is_owed_its_status() {
    let table: [(&str, &str, u16); 38] = [
        ("INVITE", "FROBNICATE", 501),
        ("INVITE", "invite", 501),
        ("INVITE", "REGISTER", 405),
        ("INVITE", "MESSAGE", 405),
        ("sip:100@127.0.0.1 SIP", "sip:100@2001:db8::1 SIP", 400),
        ("SIP/2.0\r\n", "SIP/2.0 \r\n", 400),
        ("SIP/2.0\r\n", "SIP/2.x\r\n", 400),
        ("Via: SIP", "Via: SIP/2.0/UDP 10.0.0.1;;\r\nVia: SIP", 400),
        ("UDP 10.0.0.1:5060", "CARRIER-PIGEON 10.0.0.1:5060", 400),
        (";rport", ";rport;branch=z9hG4bKtwo", 400),
        ("Max-Forwards: 70", "Max-Forwards: +70", 400),
        ("Max-Forwards", "f: <sip:eve@example.org>;tag=e\r\nMax-Forwards", 400),
        ("Max-Forwards", "m: <sip:eve@example.org>\r\nMax-Forwards", 400),
        ("Max-Forwards", "c: text/plain\r\nContent-Type: text/plain\r\nMax-Forwards", 400),
        ("Max-Forwards", "l: 0\r\nMax-Forwards", 400),
        ("Max-Forwards", "X\u{0}: y\r\nMax-Forwards", 400),
        ("Contact: <sip:ann@10.0.0.1>", "Contact: *", 400),
        ("Contact: <sip:ann@10.0.0.1>", "Contact: <tel:112>", 400),
        ("Call-ID: one", "Call-ID: one two", 400),
        ("SIP/2.0\r\n", "SIP/7.0\r\n", 505),
        ("sip:100@127.0.0.1 SIP", "soap.beep://127.0.0.1 SIP", 416),
        ("sip:100@127.0.0.1 SIP", "<sip:100@127.0.0.1> SIP", 400),
        ("sip:100@127.0.0.1 SIP", "sip:100@127.0.0.1?Route=x SIP", 400),
        ("INVITE sip", "INVITE  sip", 400),
        ("Max-Forwards", "Require: nothing, never\r\nMax-Forwards", 420),
        ("From: \"Ann\" <sip:ann@example.org>;tag=a1\r\n", "", 400),
        ("To: <sip:100@127.0.0.1>\r\n", "", 400),
        ("Call-ID: one@example.org\r\n", "", 400),
        ("CSeq: 1 INVITE\r\n", "", 400),
        ("Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKone;rport\r\n", "", 400),
        (";tag=a1", "", 400),
        ("1 INVITE", "1 BYE", 400),
        ("1 INVITE", "36893488147419103232 INVITE", 400),
        ("1 INVITE", "2147483648 INVITE", 400),
        ("Length: 0", "Length: 99", 400),
        ("Length: 0", "Length: -9", 400),
        ("Length: 0", "Length: 0\r\nContent-Length: 5", 400),
        ("\"Ann\"", "\"Ann", 400),
    ];
    for (part, with, status) in table {
        let edit = |m: String| {
            assert!(m.contains(part), "{part} is not in the message");
            m.replacen(part, with, if part == "INVITE" { 9 } else { 1 })
        };
        assert_eq!(status_of(edit), status, "{part:?} -> {with:?}");
    }
}

#[test]
fn an_ack_or_a_response_is_never_answered_however_broken() {
    let ack = |m: String| m.replace("INVITE", "ACK").replace(";tag=a1", "");
    assert_eq!(judge(&request(ack)), Verdict::Drop("bad_ack"));
    let response = |m: String| m.replace("INVITE sip:100@127.0.0.1 SIP/2.0", "SIP/2.0 4294967301 huge");
    assert_eq!(judge(&request(response)), Verdict::Drop("bad_response"));
}

#[test]
fn garbage_is_dropped_and_keep_alives_reach_the_stack() {
    assert_eq!(judge(b"\x00\x01\x00\x00\x21\x12\xa4\x42"), Verdict::Drop("garbage"));
    assert_eq!(judge(b"GET / HTTP/1.1\r\n\r\n"), Verdict::Drop("garbage"));
    assert_eq!(judge(b"NOTHING sip:x SIP/2.0\r\n\r\n"), Verdict::Drop("garbage"));
    assert_eq!(judge(b"\r\n\r\n"), Verdict::Pass);
}

#[test]
fn a_latin_1_name_and_a_missing_length_are_repaired() {
    let mut bytes = request(|m| m.replace("Ann", "Andr\u{1}").replace("Content-Length: 0\r\n", ""));
    bytes.iter_mut().filter(|b| **b == 1).for_each(|b| *b = 0xe9);
    bytes.extend_from_slice(b"v=0\r\n");
    let Verdict::Repaired(repaired) = judge(&bytes) else { panic!("not repaired") };
    let text = String::from_utf8(repaired).unwrap();
    assert!(text.contains("\"André\"") && text.contains("Content-Length: 5\r\n\r\nv=0\r\n"), "{text}");
}

#[test]
fn an_answer_copies_what_the_peer_matches_by_and_is_the_same_for_a_retransmission() {
    let bytes = request(|m| m.replace("Max-Forwards", "Require: nothing\r\nMax-Forwards"));
    let Verdict::Answer { reply, .. } = judge(&bytes) else { panic!("no answer") };
    assert_eq!(judge(&bytes), Verdict::Answer { status: 420, reason: "require", reply: reply.clone() });
    let text = String::from_utf8(reply).unwrap();
    for line in [
        "SIP/2.0 420 Bad Extension",
        "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKone;received=192.0.2.7;rport=5070",
        "From: \"Ann\" <sip:ann@example.org>;tag=a1",
        "Call-ID: one@example.org",
        "CSeq: 1 INVITE",
        "Unsupported: nothing",
    ] {
        assert!(text.contains(&format!("{line}\r\n")), "{line} not in {text}");
    }
    assert!(text.contains("To: <sip:100@127.0.0.1>;tag="), "{text}");
}

#[test]
fn a_header_cannot_smuggle_another_into_the_answer() {
    let folded = |m: String| m.replace("Call-ID: one", "Call-ID: one\r\n X-Evil: yes").replace(";tag=a1", "");
    let Verdict::Answer { reply, .. } = judge(&request(folded)) else { panic!("no answer") };
    let text = String::from_utf8(reply).unwrap();
    assert!(!text.contains("\r\nX-Evil") && !text.contains("\r\n X-Evil"), "{text}");
}

#[test]
fn a_message_larger_than_the_stack_reads_is_told_so() {
    let long = |m: String| m.replace("Max-Forwards", &format!("X-Long: {}\r\nMax-Forwards", "x".repeat(9_000)));
    assert_eq!(status_of(long), 513);
}
