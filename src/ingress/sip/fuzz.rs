//! What a fuzzer feeds the SIP door with: any bytes go in, a broken promise is a panic. The targets of `tests/fuzz/` call
//! these, and so does `tests/fuzz_corpus.rs` with the corpora that are kept.

use std::net::{Ipv4Addr, SocketAddr};

use crate::call::Codec;

use super::framing::{Frame, Framer, Lost};
use super::screen::{STACK_DATAGRAM, Verdict};
use crate::ingress::sdp::{Offer, SessionIds};

const SOURCE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5_060);

/// A message from the network. What the stack gets in its place is judged the same again, and an answer is a response
/// of the status it says.
pub fn screen(message: &[u8]) {
    match super::screen::screen(message, SOURCE, STACK_DATAGRAM) {
        Verdict::Repaired(bytes) => {
            assert!(bytes.len() <= STACK_DATAGRAM, "repaired beyond the stack's room");
            let again = super::screen::screen(&bytes, SOURCE, STACK_DATAGRAM);
            let settled = again == Verdict::Pass || again == Verdict::Repaired(bytes);
            assert!(settled, "the repaired message is judged otherwise: {again:?}");
        }
        Verdict::Answer { status, reply, .. } => {
            assert!(reply.starts_with(format!("SIP/2.0 {status} ").as_bytes()), "not a response");
            let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
            assert!(end.is_some(), "a response without an end of its headers");
        }
        Verdict::Pass | Verdict::Drop(_) => {}
    }
}

/// A session description. What is agreed can be answered, line by line, and offered anew; both can be read.
pub fn sdp(body: &[u8]) {
    let Ok(offer) = Offer::parse(body) else { return };
    let (Ok(plan), Ok(_)) = (offer.negotiate(&Codec::ALL), offer.agreed(&Codec::ALL)) else { return };
    assert!(plan.payload_type < 128 && plan.remote.port() != 0, "{plan:?}");
    let ids = SessionIds { id: 1, version: 1 };
    for ours in [offer.answer(&plan, SOURCE, ids), offer.again(&Codec::ALL, &plan, SOURCE, ids)] {
        let read = Offer::parse(ours.as_bytes());
        assert!(read.is_ok(), "our description cannot be read: {ours:?}");
        assert_eq!(ours.matches("\r\nm=").count(), offer.lines(), "a line for each of the peer's: {ours:?}");
    }
}

/// A stream, cut in two anywhere (the first two bytes say where). The same messages come out as of the stream in one
/// piece, and together they are no longer than it.
pub fn framing(data: &[u8]) {
    let Some((cut, stream)) = data.split_first_chunk::<2>() else { return };
    let cut = usize::from(u16::from_be_bytes(*cut)).min(stream.len());
    let (first, second) = stream.split_at(cut);
    let whole = frames(&[stream]);
    assert_eq!(frames(&[first, second]), whole, "a stream that came in two pieces reads otherwise");
    let length: usize =
        whole.0.iter().map(|frame| if let Frame::Message(bytes) = frame { bytes.len() } else { 0 }).sum();
    assert!(length <= stream.len(), "more came out than went in");
}

/// Everything that can be read, and why reading ended where it did.
fn frames(pieces: &[&[u8]]) -> (Vec<Frame>, Option<Lost>) {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(lost) => return (frames, Some(lost)),
            }
        }
    }
    (frames, None)
}
