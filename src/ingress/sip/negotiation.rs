//! The offers and answers of one dialog (RFC 3264, RFC 6337). Pure: no message is read or sent here.
//!
//! One exchange at a time: while one is open, a second offer of the peer is refused, and how depends on whose the
//! open one is.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::call::{Codec, MediaPlan};

use crate::ingress::sdp::{self, Offer, SessionIds};

/// Why an offer must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// The peer's own offer is not answered yet: 500 with Retry-After (RFC 3261 section 14.2, RFC 3311 section 5.2).
    Theirs,
    /// Our offer is not answered yet: 491 (same sections).
    Ours,
}

/// Where the answer to our offer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerIn {
    /// The ACK with this CSeq number.
    Ack(u32),
    /// The response to our own request.
    Response,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Theirs,
    Ours(AnswerIn),
}

#[derive(Debug)]
pub(super) struct Negotiation {
    codecs: Arc<[Codec]>,
    /// Of the description we make next.
    next: SessionIds,
    /// The peer's last description that was agreed; `None` before a late offer is answered.
    theirs: Option<Offer>,
    plan: MediaPlan,
    /// Our last description, for a refresh that changes nothing.
    ours: Vec<u8>,
    open: Open,
}

impl Negotiation {
    /// A dialog whose INVITE brought `theirs`, or no offer. `session`: id of our descriptions.
    pub fn new(codecs: Arc<[Codec]>, session: u64, theirs: Option<Offer>, plan: MediaPlan) -> Self {
        let open = if theirs.is_some() { Open::Theirs } else { Open::Nothing };
        Self { codecs, next: SessionIds { id: session, version: 1 }, theirs, plan, ours: Vec::new(), open }
    }

    pub fn codecs(&self) -> &[Codec] {
        &self.codecs
    }

    /// What was agreed last, or stands in for it.
    pub fn plan(&self) -> &MediaPlan {
        &self.plan
    }

    pub fn agreed(&self) -> bool {
        self.theirs.is_some()
    }

    /// The answer of the first INVITE, or our offer where it brought none; `cseq`: the INVITE's.
    pub fn first(&mut self, cseq: u32, local_rtp: SocketAddr) -> Vec<u8> {
        match self.theirs.clone() {
            Some(offer) => self.answer(offer, self.plan.clone(), local_rtp),
            None => self.offer(AnswerIn::Ack(cseq), local_rtp),
        }
    }

    /// An offer of the peer came.
    pub fn open_theirs(&mut self) -> Result<(), Pending> {
        self.idle()?;
        self.open = Open::Theirs;
        Ok(())
    }

    /// We want to offer.
    pub fn idle(&self) -> Result<(), Pending> {
        match self.open {
            Open::Nothing => Ok(()),
            Open::Theirs => Err(Pending::Theirs),
            Open::Ours(_) => Err(Pending::Ours),
        }
    }

    /// Their offer is taken.
    pub fn answer(&mut self, offer: Offer, plan: MediaPlan, local_rtp: SocketAddr) -> Vec<u8> {
        let body = offer.answer(&plan, local_rtp, self.ids()).into_bytes();
        self.theirs = Some(offer);
        self.plan = plan;
        self.open = Open::Nothing;
        self.ours.clone_from(&body);
        body
    }

    /// Everything we can speak, once more.
    pub fn offer(&mut self, answer: AnswerIn, local_rtp: SocketAddr) -> Vec<u8> {
        let ids = self.ids();
        let body = match &self.theirs {
            Some(theirs) => theirs.again(&self.codecs, &self.plan, local_rtp, ids),
            None => sdp::offer(&self.codecs, local_rtp, ids),
        };
        self.open = Open::Ours(answer);
        self.ours = body.into_bytes();
        self.ours.clone()
    }

    /// Our last description again, unchanged and with its version (RFC 4028 section 7.4).
    pub fn repeat(&mut self) -> Result<Vec<u8>, Pending> {
        self.idle()?;
        self.open = Open::Ours(AnswerIn::Response);
        Ok(self.ours.clone())
    }

    pub fn waits_for(&self, answer: AnswerIn) -> bool {
        self.open == Open::Ours(answer)
    }

    /// The answer to our offer came.
    pub fn answered(&mut self, answer: Offer, plan: MediaPlan) {
        self.theirs = Some(answer);
        self.plan = plan;
        self.open = Open::Nothing;
    }

    /// The open exchange came to nothing: the session is as it was (RFC 3261 section 14.1).
    pub fn abandon(&mut self) {
        self.open = Open::Nothing;
    }

    fn ids(&mut self) -> SessionIds {
        let ids = self.next;
        self.next.version = self.next.version.saturating_add(1);
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "127.0.0.1:20000";

    fn offer(audio: &str) -> Offer {
        let body = format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{audio}");
        Offer::parse(body.as_bytes()).unwrap()
    }

    fn begun() -> Negotiation {
        let theirs = offer("m=video 5000 RTP/AVP 96\r\nm=audio 4000 RTP/AVP 0 8\r\n");
        let plan = theirs.negotiate(&Codec::ALL).unwrap();
        Negotiation::new(Codec::ALL.into(), 7, Some(theirs), plan)
    }

    fn text(body: Vec<u8>) -> String {
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn a_second_offer_waits_and_is_told_whose_exchange_is_open() {
        let local = LOCAL.parse().unwrap();
        let mut session = begun();
        assert_eq!(session.open_theirs(), Err(Pending::Theirs), "the INVITE is not answered");
        session.first(1, local);
        assert_eq!(session.open_theirs(), Ok(()));
        assert_eq!(session.open_theirs(), Err(Pending::Theirs));
        assert_eq!(session.repeat(), Err(Pending::Theirs));
        session.abandon();
        session.offer(AnswerIn::Ack(5), local);
        assert_eq!(session.open_theirs(), Err(Pending::Ours));
        assert!(session.waits_for(AnswerIn::Ack(5)) && !session.waits_for(AnswerIn::Ack(1)));
        session.abandon();
        session.repeat().unwrap();
        assert_eq!(session.open_theirs(), Err(Pending::Ours));
    }

    #[test]
    fn our_offer_inside_a_session_keeps_its_lines_and_grows_its_version() {
        let local = LOCAL.parse().unwrap();
        let mut session = begun();
        let answer = text(session.first(1, local));
        assert!(answer.contains("o=- 7 1 ") && answer.contains("m=video 0 ") && answer.contains("RTP/AVP 0\r\n"));
        let again = text(session.offer(AnswerIn::Ack(2), local));
        assert!(again.contains("o=- 7 2 ") && again.contains("m=video 0 "), "{again}");
        assert!(again.contains("m=audio 20000 RTP/AVP 0 8 9 96 13 101 97\r\n"), "{again}");
        session.abandon();
        assert_eq!(text(session.repeat().unwrap()), again, "a refresh changes nothing");
    }

    #[test]
    fn an_invite_without_an_offer_gets_ours_and_its_ack_brings_the_plan() {
        let theirs = offer("m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n");
        let silent = begun().plan().clone();
        let mut session = Negotiation::new([Codec::Pcmu, Codec::Pcma].into(), 7, None, silent);
        let ours = text(session.first(3, LOCAL.parse().unwrap()));
        assert!(ours.contains("m=audio 20000 RTP/AVP 0 8 13 101\r\n"), "{ours}");
        assert!(session.waits_for(AnswerIn::Ack(3)) && !session.agreed());
        let plan = theirs.agreed(session.codecs()).unwrap();
        session.answered(theirs, plan);
        assert_eq!((session.plan().codec, session.plan().dtmf_payload_type), (Codec::Pcma, Some(101)));
        assert!(session.agreed() && session.idle().is_ok());
    }
}
