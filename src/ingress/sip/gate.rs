//! The way in for every message, from a datagram or a stream: may its source speak now, is it SIP, is there room for
//! another INVITE. What passes goes to the stack, what does not is answered statelessly or not at all.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use metrics::counter;

use crate::config::limits;
use crate::ingress::admission::Admission;
use crate::ops::clock::Clock;

use super::doors::{Busy, Doors, Entry};
use super::grammar::address::{Address, has_tag};
use super::grammar::number;
use super::half_open::InviteHash;
use super::raw::{Name, Raw};
use super::reply;
use super::screen::{Verdict, screen};

/// A storm is logged once in this time, not once a call.
const LOG_EVERY_MS: i64 = 10_000;

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judged<'a> {
    /// Hand these bytes to the stack.
    Pass(Cow<'a, [u8]>),
    /// Send these bytes back; the stack never hears of it.
    Answer(Vec<u8>),
    Drop,
}

pub(super) struct Gate {
    doors: Arc<Doors>,
    admission: Admission,
    clock: Clock,
    logged_ms: AtomicI64,
}

impl Gate {
    pub fn new(doors: Arc<Doors>, admission: Admission, clock: Clock) -> Self {
        Self { doors, admission, clock, logged_ms: AtomicI64::new(i64::MIN) }
    }

    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// May `source` say something now? What it says is dropped unread if not.
    pub fn lets_in(&self, source: IpAddr) -> bool {
        if self.doors.entry(source) == Entry::Unlisted {
            counter!("heardline_sip_unlisted_total").increment(1);
            return false;
        }
        let slow_enough = self.doors.keeps_rate(source, self.clock.instant());
        if !slow_enough {
            screened("rate");
        }
        slow_enough
    }

    /// Judges a message that `source` was let in with; the stack has `room` for that many bytes.
    pub fn judge<'a>(&self, message: &'a [u8], source: SocketAddr, room: usize) -> Judged<'a> {
        let passed = match screen(message, source, room) {
            Verdict::Pass => Cow::Borrowed(message),
            Verdict::Repaired(bytes) => Cow::Owned(bytes),
            Verdict::Answer { status, reason, reply } => {
                answered(status, reason);
                return Judged::Answer(reply);
            }
            Verdict::Drop(reason) => {
                screened(reason);
                return Judged::Drop;
            }
        };
        match self.has_room(&passed, source) {
            Some(refusal) => Judged::Answer(refusal),
            None => Judged::Pass(passed),
        }
    }

    /// The 503 for an INVITE that there is no room for; follows ACKs on the way.
    fn has_room(&self, message: &[u8], source: SocketAddr) -> Option<Vec<u8>> {
        let is_invite = message.starts_with(b"INVITE ");
        if !is_invite && !message.starts_with(b"ACK ") {
            return None;
        }
        let raw = Raw::read(message);
        let invite = invite_hash(&raw)?;
        if !is_invite {
            self.doors.acknowledged(invite);
            return None;
        }
        if raw.value(Name::To).is_some_and(has_tag) {
            return None;
        }
        let busy = self.doors.invite(source.ip(), invite, self.admission.is_full(), self.clock.instant()).err()?;
        self.tell(&busy);
        let later = limits::RETRY_AFTER_S.to_string();
        Some(reply::stateless(&raw, 503, source, &[("Retry-After", &later)]))
    }

    fn tell(&self, busy: &Busy) {
        answered(503, busy.reason);
        let trunk = busy.trunk.clone().unwrap_or_default();
        counter!("heardline_sip_busy_total", "reason" => busy.reason, "trunk" => trunk.clone()).increment(1);
        let now = self.clock.unix_ms();
        let last = self.logged_ms.load(Ordering::Relaxed);
        if now.saturating_sub(last) >= LOG_EVERY_MS
            && self.logged_ms.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            tracing::warn!(reason = busy.reason, trunk, "calls are refused with 503: a limit is reached");
        }
    }
}

fn screened(reason: &'static str) {
    counter!("heardline_sip_screened_total", "reason" => reason).increment(1);
}

/// Counts an answer that the stack knows nothing of.
pub(super) fn answered(status: u16, reason: &'static str) {
    screened(reason);
    counter!("heardline_sip_refused_total", "status" => status.to_string()).increment(1);
}

/// What an INVITE and its ACK have in common (RFC 3261 sections 13.2.2.4 and 17.1.1.3).
fn invite_hash(raw: &Raw<'_>) -> Option<InviteHash> {
    let mut hasher = DefaultHasher::new();
    raw.value(Name::CallId)?.hash(&mut hasher);
    Address::only(raw.value(Name::From)?).ok()?.tag()?.hash(&mut hasher);
    number::<u32>(raw.value(Name::CSeq)?.split_ascii_whitespace().next()?)?.hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Trunk;

    fn message(method: &str, call: u32, to_tag: &str) -> String {
        let cseq = if method == "ACK" { "0001 ACK".to_owned() } else { format!("0001 {method}") };
        format!(
            "{method} sip:311@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{call}{method}\r\n\
             From: <sip:a@b>;tag=x{call}\r\nTo: <sip:311@127.0.0.1>{to_tag}\r\nCall-ID: c{call}\r\nCSeq: {cseq}\r\n\
             Contact: <sip:a@192.0.2.1>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
    }

    fn gate(max_calls: usize) -> (Gate, Admission) {
        let admission = Admission::new(max_calls);
        let held = Trunk {
            name: "city".into(),
            allow: vec!["192.0.2.0/24".parse().unwrap()],
            trust_identity: false,
            max_calls: Some(1),
            calls_per_second: None,
        };
        let doors = Arc::new(Doors::new(false, vec![held]));
        (Gate::new(doors, admission.clone(), Clock::system()), admission)
    }

    fn status(judged: &Judged<'_>) -> String {
        match judged {
            Judged::Answer(reply) => String::from_utf8_lossy(reply).into_owned(),
            other => panic!("not answered: {other:?}"),
        }
    }

    fn passes(gate: &Gate, text: &str) -> bool {
        matches!(gate.judge(text.as_bytes(), "192.0.2.1:5060".parse().unwrap(), 8_192), Judged::Pass(_))
    }

    #[test]
    fn an_invite_beyond_the_cap_hears_when_to_come_back_and_its_trunk_goes_on_after_the_ack() {
        let (gate, _admission) = gate(10);
        let source = "192.0.2.1:5060".parse().unwrap();
        assert!(passes(&gate, &message("INVITE", 1, "")) && passes(&gate, &message("INVITE", 2, "")));
        let third = message("INVITE", 3, "");
        let refused = status(&gate.judge(third.as_bytes(), source, 8_192));
        assert!(refused.starts_with("SIP/2.0 503 Service Unavailable\r\n"), "{refused}");
        assert!(
            refused.contains("Retry-After: 5\r\n") && refused.contains("To: <sip:311@127.0.0.1>;tag="),
            "{refused}"
        );
        assert!(passes(&gate, &message("INVITE", 2, "")), "a retransmission of one that is in");
        assert!(passes(&gate, &message("INVITE", 4, ";tag=ours")), "a re-INVITE opens nothing");
        assert!(passes(&gate, &message("ACK", 1, ";tag=ours")));
        assert!(passes(&gate, &third));
    }

    #[test]
    fn a_full_gateway_says_so_without_troubling_the_stack() {
        let (gate, admission) = gate(1);
        let _call = admission.admit().unwrap();
        let judged = message("INVITE", 1, "");
        assert!(status(&gate.judge(judged.as_bytes(), "127.0.0.1:5060".parse().unwrap(), 8_192)).contains(" 503 "));
        assert!(matches!(
            gate.judge(message("OPTIONS", 2, "").as_bytes(), "127.0.0.1:5060".parse().unwrap(), 8_192),
            Judged::Pass(_)
        ));
    }

    #[test]
    fn an_unlisted_source_is_not_even_read() {
        let (gate, _admission) = gate(1);
        assert!(!gate.lets_in("198.51.100.1".parse().unwrap()));
        assert!(gate.lets_in("192.0.2.1".parse().unwrap()));
    }
}
