//! What leaves the stack, made right before it is sent.
//!
//! The stack names its first listener in the Via of every request, whatever the dialog uses. Our Contact says where the
//! dialog lives, and the Via must agree with it: that is where the peer sends its response (RFC 3261 section 18.1.1).

use async_trait::async_trait;
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::uri::ParamsExt as _;
use rsipstack::sip::{Header, Method, Param, Request, Response, Scheme, SipMessage, StatusCode, Transport};
use rsipstack::transaction::endpoint::{MessageInspector, TransportEventInspector};
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};

use crate::config::limits;

pub(super) struct Outgoing;

impl MessageInspector for Outgoing {
    fn before_send(&self, mut message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        match &mut message {
            SipMessage::Request(request) => via_of_contact(request),
            // Every 503 says when to come back, also those the dialogs send.
            SipMessage::Response(response) if response.status_code == StatusCode::ServiceUnavailable => {
                response.headers.unique_push(Header::RetryAfter(limits::RETRY_AFTER_S.to_string().into()));
            }
            SipMessage::Response(_) => {}
        }
        message
    }

    fn after_received(&self, mut message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Response(response) = &mut message {
            refuse_challenge(response);
        }
        message
    }
}

/// Keeps out what never passed the gate: a request over a connection that the stack opened itself, to deliver a BYE
/// after the caller's own connection was gone. Only the response to it is of use there. The others get a `received`
/// that the stack can read, before it looks for a retransmission: the answer to one goes by it, too.
pub(super) struct OwnFlowsOnly;

#[async_trait]
impl TransportEventInspector for OwnFlowsOnly {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        match event {
            TransportEvent::Incoming(SipMessage::Request(_), SipConnection::Tcp(_), _) => None,
            TransportEvent::Incoming(SipMessage::Request(mut request), connection, from) => {
                bare_received(&mut request);
                Some(TransportEvent::Incoming(request.into(), connection, from))
            }
            event => Some(event),
        }
    }
}

/// The stack ends a call, without a BYE, whose request is answered with a challenge. A REFER that is must not end it: we
/// have no password, so to us it is forbidden.
fn refuse_challenge(response: &mut Response) {
    let challenged = matches!(response.status_code.code(), 401 | 407);
    if challenged && response.cseq_header().and_then(|cseq| cseq.method()).is_ok_and(|asked| asked == Method::Refer) {
        tracing::warn!(
            status = response.status_code.code(),
            "the trunk asks for a password before it transfers a call; let it take REFER from this address without one"
        );
        response.status_code = StatusCode::Forbidden;
    }
}

fn via_of_contact(request: &mut Request) {
    let Some(contact) = request.typed_contact_headers().ok().and_then(|contacts| contacts.into_iter().next()) else {
        return;
    };
    let transport = match (&contact.uri.scheme, contact.uri.transport()) {
        (Some(Scheme::Sips), _) => Transport::Tls,
        (_, Some(transport)) => *transport,
        (_, None) => Transport::Udp,
    };
    let Ok(via) = request.via_header_mut() else { return };
    via.update_first_value(|via| {
        let mut via = via.typed()?;
        via.uri.host_with_port = contact.uri.host_with_port.clone();
        via.transport = transport;
        Ok(via.into())
    })
    .ok();
}

/// The stack writes `received=[::1]`, which it cannot read itself; the grammar has no brackets there (RFC 3261 section
/// 25.1, RFC 5118 section 4.5).
fn bare_received(request: &mut Request) {
    let Ok(via) = request.via_header_mut() else { return };
    if !via.value().contains("received=[") {
        return;
    }
    via.update_first_value(|via| {
        let mut via = via.typed()?;
        for param in &mut via.params {
            if let Param::Received(received) = param {
                let bare = received.value().trim_matches(['[', ']']).to_owned();
                *received = rsipstack::sip::param::Received::new(bare);
            }
        }
        Ok(via.into())
    })
    .ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via_after(contact: &str) -> String {
        let text = format!(
            "BYE sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1;rport\r\n\
             From: <sip:c@d>;tag=2\r\nTo: <sip:a@b>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n{contact}Content-Length: 0\r\n\r\n"
        );
        let request = Request::try_from(text.as_str()).unwrap();
        let SipMessage::Request(request) = Outgoing.before_send(request.into(), None) else { panic!("a request") };
        request.via_header().unwrap().value().to_owned()
    }

    #[test]
    fn a_request_of_ours_is_answered_where_its_dialog_lives() {
        for (contact, sent_by) in [
            ("Contact: <sip:[::1]:5070>\r\n", "SIP/2.0/UDP [::1]:5070"),
            ("Contact: <sip:192.0.2.9:5060;transport=tcp>\r\n", "SIP/2.0/TCP 192.0.2.9:5060"),
            ("Contact: <sip:192.0.2.9:5061;transport=tls>\r\n", "SIP/2.0/TLS 192.0.2.9:5061"),
            ("Contact: <sips:192.0.2.9:5061>\r\n", "SIP/2.0/TLS 192.0.2.9:5061"),
            ("", "SIP/2.0/UDP 127.0.0.1:5060"),
        ] {
            let via = via_after(contact);
            assert!(via.starts_with(sent_by) && via.contains("branch=z9hG4bK1"), "{contact}: {via}");
        }
    }

    #[test]
    fn a_challenge_to_our_refer_is_a_refusal_and_one_to_another_request_stays() {
        for (method, status, seen) in [("REFER", 407, 403), ("REFER", 401, 403), ("REFER", 603, 603), ("BYE", 407, 407)]
        {
            let text = format!(
                "SIP/2.0 {status} x\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
                 To: <sip:c@d>;tag=2\r\nCall-ID: 1\r\nCSeq: 2 {method}\r\nContent-Length: 0\r\n\r\n"
            );
            let response = Response::try_from(text.as_str()).unwrap();
            let SipMessage::Response(response) = Outgoing.after_received(response.into(), None) else { panic!() };
            assert_eq!(response.status_code.code(), seen, "{method} {status}");
        }
    }

    #[test]
    fn received_carries_an_ipv6_address_without_brackets() {
        let text = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h.example;branch=z9hG4bK1;received=[2001:db8::1];rport=7\r\n\
             From: <sip:c@d>;tag=2\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
        let mut request = Request::try_from(text).unwrap();
        bare_received(&mut request);
        let via = request.via_header().unwrap().value().to_owned();
        assert!(via.contains("received=2001:db8::1;") || via.ends_with("received=2001:db8::1"), "{via}");
        assert!(via.contains("rport=7"), "{via}");
    }
}
