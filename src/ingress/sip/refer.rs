//! A transfer on the wire: our REFER within the call, and the NOTIFYs that tell what comes of it (RFC 3515, RFC 5589
//! section 6).

use std::sync::Arc;

use metrics::counter;
use rsipstack::dialog::dialog::TransactionHandle;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Request, StatusCode};
use tokio::sync::mpsc;

use crate::config::limits;
use crate::ingress::SignalEvent;

use super::dialog::Call;
use super::offer::{self, Rejection};
use super::requests::capabilities;
use super::transfer::{NotAsked, Notice};

const SIPFRAG: &str = "message/sipfrag";

/// Sends the REFER and takes its answer in.
pub(super) async fn send(call: Arc<Call>, events: mpsc::Sender<SignalEvent>, to: String) {
    // The stack sends nothing within a call that the peer has not acknowledged.
    let answer = if call.confirmed().await { refer(&call, &to).await } else { None };
    if let Some(news) = call.transfer_answered(answer) {
        events.send(SignalEvent::Transfer(news)).await.ok();
    }
}

/// Status and CSeq number of the final answer; `None`: none came.
async fn refer(call: &Call, to: &str) -> Option<(u16, u32)> {
    let mut headers = capabilities();
    // RFC 3892: whoever takes the caller may see which number passed them on.
    headers.push(Header::ReferredBy(format!("<{}>", call.dialog().snapshot().to.uri).into()));
    let response = call.dialog().refer(format!("<{to}>"), Some(headers), None).await.ok()??;
    let sequence = response.cseq_header().and_then(|cseq| cseq.seq()).ok()?;
    Some((response.status_code.code(), sequence))
}

/// Answers a NOTIFY within the call.
pub(super) async fn notified(
    call: &Call,
    events: &mpsc::Sender<SignalEvent>,
    request: &Request,
    handle: TransactionHandle,
) {
    let nothing_asked = || Rejection::plain(StatusCode::CallTransactionDoesNotExist);
    let read = if call.transfer_is_asked() { read(request) } else { Err(nothing_asked()) };
    let news = read.and_then(|notice| call.transfer_notified(notice).map_err(|NotAsked| nothing_asked()));
    match news {
        Ok(news) => {
            handle.reply(StatusCode::OK).await.ok();
            if let Some(news) = news {
                events.send(SignalEvent::Transfer(news)).await.ok();
            }
        }
        Err(rejection) => {
            counter!("heardline_sip_refused_total", "status" => rejection.status.code().to_string()).increment(1);
            handle.respond(rejection.status, Some(rejection.headers), None).await.ok();
        }
    }
}

/// A NOTIFY without a body tells only whether there will be others.
fn read(request: &Request) -> Result<Notice, Rejection> {
    let bad_request = || Rejection::plain(StatusCode::BadRequest);
    let event = request.header_value("Event").unwrap_or_default();
    let about = about(&event).ok_or(Rejection::plain(StatusCode::BadEvent))?;
    let state = request.header_value("Subscription-State").unwrap_or_default();
    let state = state.split(';').next().unwrap_or_default().trim();
    let last = state.eq_ignore_ascii_case("terminated");
    if request.body.is_empty() {
        return Ok(Notice { about, status: None, last });
    }
    if request.body.len() > limits::MAX_SIPFRAG {
        return Err(Rejection::plain(StatusCode::RequestEntityTooLarge));
    }
    if offer::media_type(request).is_none_or(|kind| kind != SIPFRAG) {
        return Err(Rejection::with(StatusCode::UnsupportedMediaType, Header::Accept(SIPFRAG.into())));
    }
    let status = status(&request.body).ok_or_else(bad_request)?;
    Ok(Notice { about, status: Some(status), last })
}

/// `refer`, perhaps with `;id=` and the CSeq number of the REFER; `None`: an event of another kind.
fn about(event: &str) -> Option<Option<u32>> {
    let mut parts = event.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("refer") {
        return None;
    }
    let id = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("id"));
    match id {
        Some((_, id)) if id.trim().bytes().all(|b| b.is_ascii_digit()) => id.trim().parse().ok().map(Some),
        Some(_) => None,
        None => Some(None),
    }
}

/// The status of the Status-Line that a sipfrag begins with (RFC 3420); what follows it is nobody's matter here.
fn status(body: &[u8]) -> Option<u16> {
    let end = body.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(body.len());
    let line = std::str::from_utf8(body.get(..end)?).ok()?;
    let rest = line.strip_prefix("SIP/2.0 ")?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let fits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) && !reason.contains(char::is_control);
    code.parse().ok().filter(|code| fits && (100..700).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notify(headers: &str, body: &str) -> Request {
        let text = format!("NOTIFY sip:a@b SIP/2.0\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
        Request::try_from(text.as_str()).unwrap()
    }

    fn refused(headers: &str, body: &str) -> u16 {
        read(&notify(headers, body)).unwrap_err().status.code()
    }

    const WHOLE: &str = "Event: refer;id=2\r\nSubscription-State: terminated;reason=noresource\r\nContent-Type: message/sipfrag;version=2.0\r\n";

    #[test]
    fn a_notify_tells_what_the_destination_answered_and_whether_there_is_more() {
        let told = read(&notify(WHOLE, "SIP/2.0 603 Decline\r\nServer: x\r\n")).unwrap();
        assert_eq!(told, Notice { about: Some(2), status: Some(603), last: true });
        let active = "o: Refer\r\nSubscription-State: active;expires=60\r\nContent-Type: message/sipfrag\r\n";
        let told = read(&notify(active, "SIP/2.0 100 Trying")).unwrap();
        assert_eq!(told, Notice { about: None, status: Some(100), last: false });
        assert_eq!(read(&notify("Event: refer\r\n", "")).unwrap(), Notice { about: None, status: None, last: false });
    }

    #[test]
    fn what_is_no_news_of_a_transfer_is_refused_with_its_reason() {
        assert_eq!(refused("Event: presence\r\n", ""), 489);
        assert_eq!(refused("", ""), 489);
        assert_eq!(refused("Event: refer;id=two\r\n", ""), 489);
        assert_eq!(refused("Event: refer;id=99999999999\r\n", ""), 489);
        assert_eq!(refused("Event: refer\r\nContent-Type: text/plain\r\n", "SIP/2.0 200 OK"), 415);
        assert_eq!(refused("Event: refer\r\n", "SIP/2.0 200 OK"), 415);
        assert_eq!(refused(WHOLE, &format!("SIP/2.0 200 OK\r\n{}", "x".repeat(limits::MAX_SIPFRAG))), 413);
    }

    #[test]
    fn only_a_whole_status_line_is_a_status() {
        assert_eq!(status(b"SIP/2.0 200"), Some(200));
        assert_eq!(status(b"SIP/2.0 200 \n"), Some(200));
        assert_eq!(status("SIP/2.0 486 \u{5fd9}\r\n".as_bytes()), Some(486));
        for bad in [
            "",
            "\r\nSIP/2.0 200 OK",
            " SIP/2.0 200 OK",
            "sip/2.0 200 OK",
            "SIP/2.0  200 OK",
            "SIP/2.0 2000 OK",
            "SIP/2.0 20 OK",
            "SIP/2.0 +20 OK",
            "SIP/2.0 099 OK",
            "SIP/2.0 700 OK",
            "SIP/2.0 200\tOK",
            "SIP/2.0 200 O\u{0}K",
            "SIP/3.0 200 OK",
            "INVITE sip:a@b SIP/2.0",
        ] {
            assert_eq!(status(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(status(b"SIP/2.0 200 \xff\xfe"), None);
    }
}
