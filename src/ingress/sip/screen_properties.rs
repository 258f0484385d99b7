//! What holds for every message, found by breaking good ones at random.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng};
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{HasHeaders as _, SipMessage};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};

use super::*;

const ROUNDS: usize = 40_000;

/// Every form the grammar allows, so that mutations start where the parsers have most to do.
const GOOD: [&str; 6] = [
    "INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKone;rport\r\n\
     From: \"Ann \\\"A\\\" <x>, B\" <sip:ann@example.org;user=phone>;tag=a1\r\nTo: <sip:100@127.0.0.1>\r\n\
     Call-ID: one@example.org\r\nCSeq: 1 INVITE\r\nContact: <sip:ann;x=y@10.0.0.1:5070;transport=udp>;q=0.5\r\n\
     Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n",
    "OPTIONS sip:[2001:db8::1]:5070;lr SIP/2.0\r\nv: SIP / 2.0 / TCP [::1] : 5060 ; branch = b ;received=[::2],\r\n \
     SIP/2.0/X y\r\nf: Ann M\u{fc}ller<sip:a:b@c>;x=\"1;tag=2\";tag=3\r\nt: sip:x@y\r\ni: q\r\nCSeq: 0009\r\n\tOPTIONS\r\nl: 0\r\n\r\n",
    "BYE sip:u;p=1?z@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nVia: SIP/2.0/UDP g;rport=1\r\nFrom: sip:a@b;tag=1\r\n\
     To: sip:c@d;tag=2;y=e@f\r\nCall-ID: a\r\nCSeq: 2147483647 BYE\r\n\r\n",
    "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n\
     Call-ID: a\r\nCSeq: 1 REGISTER\r\nContact: *\r\nContact: \"a\" <sip:a@b>, sip:c@d;expires=5\r\nContent-Length: 0\r\n\r\n",
    "ACK sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n\
     Call-ID: a\r\nCSeq: 1 ACK\r\nRequire: x\r\nContent-Length: 0\r\n\r\n",
    "SIP/2.0 200 \u{41e}\u{41a}\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1;received=127.0.0.1;rport=5060\r\n\
     From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: a\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
];
const PIECES: [&str; 40] = [
    "\r\n",
    "\n",
    "\r",
    "\0",
    "\t",
    " ",
    "  ",
    "\"",
    "\\",
    "\\\"",
    "<",
    ">",
    ";",
    ";;",
    ",",
    ":",
    "=",
    "@",
    "?",
    "/",
    "[",
    "]",
    "%",
    "%00",
    "-1",
    "99999999999",
    "tag=",
    ";tag=x",
    ";branch=z",
    ";received=6.6.6.6",
    ";rport=6",
    ";transport=x",
    "\u{7f}",
    "\u{a0}",
    "\u{fc}",
    "SIP/2.0",
    "sip:",
    "\r\nVia: SIP/2.0/UDP z",
    "\r\n\r\n",
    "*",
];

fn mutated(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = GOOD.choose(random).unwrap().as_bytes().to_vec();
    for _ in 0..random.random_range(1..=3) {
        let at = random.random_range(0..=bytes.len());
        let to = random.random_range(at..=bytes.len().min(at + 12));
        match random.random_range(0..5) {
            0 => bytes.splice(at..at, PIECES.choose(random).unwrap().bytes()).for_each(drop),
            1 => bytes.splice(at..to, PIECES.choose(random).unwrap().bytes()).for_each(drop),
            2 => bytes.drain(at..to).for_each(drop),
            3 => {
                let copy = bytes[at..to].to_vec();
                bytes.splice(at..at, copy).for_each(drop);
            }
            _ if at < bytes.len() => bytes[at] = random.random(),
            _ => {}
        }
    }
    bytes
}

/// What reaches the stack: it makes a transaction of it, and sees the parts that matter as we saw them.
fn assert_agreed(bytes: &[u8]) {
    let shown = String::from_utf8_lossy(bytes);
    let message = SipMessage::try_from(bytes).unwrap_or_else(|error| panic!("{error}: {shown}"));
    let key = match &message {
        SipMessage::Request(request) => TransactionKey::from_request(request, TransactionRole::Server),
        SipMessage::Response(response) => TransactionKey::from_response(response, TransactionRole::Client),
    };
    assert!(key.is_ok(), "no transaction: {shown}");
    let raw = Raw::read(bytes);
    let address = |name| Address::only(raw.value(name).unwrap()).unwrap();
    let from = message.from_header().unwrap().tag().unwrap();
    assert_eq!(from.as_ref().map(|tag| tag.value()), address(Name::From).tag(), "{shown}");
    let to = message.to_header().unwrap().tag().unwrap();
    assert_eq!(to.as_ref().map(|tag| tag.value()), address(Name::To).tag(), "{shown}");
    assert_eq!(message.headers().len(), raw.headers.len(), "{shown}");
    if let SipMessage::Request(request) = &message {
        let stated = number(raw.value(Name::ContentLength).unwrap()).unwrap();
        assert_eq!(request.body, raw.body[..stated], "{shown}");
        let via = message.top_via_header().unwrap().typed().unwrap();
        assert!(via.received().is_none() && via.rport().flatten().is_none(), "the peer names the target: {shown}");
    }
}

fn assert_sound_reply(reply: &[u8], asked: &[u8]) {
    let text = std::str::from_utf8(reply).unwrap();
    let head = text.strip_suffix("\r\n\r\n").expect("a blank line at the end");
    for line in head.split("\r\n") {
        assert!(!line.is_empty() && !line.contains(['\r', '\n']) && !line.starts_with([' ', '\t']), "{text:?}");
    }
    assert!(text.starts_with("SIP/2.0 4") || text.starts_with("SIP/2.0 5"), "{text:?}");
    // Latin-1 may double; what we add is bounded. Nobody can use us to multiply traffic.
    assert!(reply.len() <= 2 * asked.len() + 400, "{} from {}", reply.len(), asked.len());
}

#[test]
fn whatever_comes_nothing_panics_and_what_passes_is_read_by_the_stack_as_we_read_it() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let source = "[2001:db8::7]:5070".parse().unwrap();
    let (mut passed, mut repaired, mut answered, mut dropped) = (0, 0, 0, 0);
    for _ in 0..ROUNDS {
        let bytes = mutated(&mut random);
        match screen(&bytes, source, STACK_DATAGRAM) {
            Verdict::Pass => {
                passed += 1;
                assert_agreed(&bytes);
            }
            Verdict::Repaired(written) => {
                repaired += 1;
                assert_agreed(&written);
                assert_eq!(
                    screen(&written, source, STACK_DATAGRAM),
                    Verdict::Pass,
                    "{}",
                    String::from_utf8_lossy(&written)
                );
            }
            Verdict::Answer { reply, .. } => {
                answered += 1;
                assert!(!bytes.starts_with(b"SIP/") && !bytes.starts_with(b"ACK "), "never answered");
                assert_sound_reply(&reply, &bytes);
            }
            Verdict::Drop(_) => dropped += 1,
        }
    }
    println!("{passed} passed, {repaired} repaired, {answered} answered, {dropped} dropped");
    assert!([passed, repaired, answered, dropped].iter().all(|count| *count > ROUNDS / 200), "a kind was hardly met");
}

#[test]
fn random_bytes_are_garbage() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..2_000 {
        let mut bytes = vec![0; random.random_range(1..512)];
        random.fill(&mut bytes[..]);
        bytes[0] = bytes[0].max(b'!'); // blank lines are a keep-alive
        assert!(matches!(screen(&bytes, "127.0.0.1:5060".parse().unwrap(), STACK_DATAGRAM), Verdict::Drop(_)));
    }
}
