//! Session timers on the wire (RFC 4028): the headers of requests and responses, and the refreshes we owe.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};

use crate::ingress::SignalEvent;

use super::dialog::{Call, sdp_type};
use super::offer::{self, Rejection};
use super::requests::capabilities;
use super::session_timer::{Outcome, Refresher, Terms, Wish};

/// The smallest interval we take, seconds (RFC 4028 section 5 forbids less).
pub(super) const LEAST_INTERVAL_S: u32 = 90;
/// A refresh that was refused for a reason of its own is tried again after this time.
const AGAIN: Duration = Duration::from_secs(10);
/// Most milliseconds before another try after 491: whoever did not choose the Call-ID waits up to 2 s (RFC 3261
/// section 14.1).
const GLARE_MS: u64 = 2_000;

/// The timer an INVITE or UPDATE asks for, or the refusal it is owed.
pub(super) fn asked(request: &Request, least: u32) -> Result<Option<Terms>, Rejection> {
    let supported =
        request.header_contains_token("Supported", "timer") || request.header_contains_token("Require", "timer");
    wish(request, supported)
        .ok_or(Rejection::plain(StatusCode::BadRequest))?
        .answer(least)
        .map_err(|_| Rejection::with(StatusCode::SessionIntervalTooSmall, Header::MinSE(least.to_string().into())))
}

fn wish(message: &impl HeadersExt, supported: bool) -> Option<Wish> {
    let (expires, least) = (message.header_value("Session-Expires"), message.header_value("Min-SE"));
    Wish::read(expires.as_deref(), least.as_deref(), supported)
}

/// What our 2xx says of the timer (RFC 4028 section 9).
pub(super) fn headers(terms: Option<&Terms>) -> Vec<Header> {
    let Some(terms) = terms else { return Vec::new() };
    let mut headers = vec![Header::SessionExpires(terms.header(Refresher::Peer).into())];
    if terms.required {
        headers.push(Header::Require("timer".into()));
    }
    headers
}

/// Sends one refresh: UPDATE where the peer takes it, else a re-INVITE with our description unchanged.
pub(super) async fn send(call: Arc<Call>, events: mpsc::Sender<SignalEvent>, terms: Terms) {
    let mut outcome = None;
    if call.peer_updates() {
        outcome = updated(&call, terms).await;
    }
    let outcome = match outcome {
        Some(outcome) => outcome,
        None => invited(&call, &events, terms).await,
    };
    call.refreshed(outcome);
}

fn request_headers(terms: Terms) -> Vec<Header> {
    let mut headers = capabilities();
    headers.push(Header::SessionExpires(terms.header(Refresher::Us).into()));
    headers.extend(terms.least.map(|least| Header::MinSE(least.to_string().into())));
    headers
}

/// `None`: the peer does not take UPDATE after all.
async fn updated(call: &Call, terms: Terms) -> Option<Outcome> {
    match call.dialog().update(Some(request_headers(terms)), None).await {
        Ok(Some(response)) if matches!(response.status_code.code(), 405 | 501) => None,
        Ok(response) => Some(outcome(response.as_ref(), call.least_interval(), terms)),
        Err(_) => Some(Outcome::Again(AGAIN)),
    }
}

async fn invited(call: &Call, events: &mpsc::Sender<SignalEvent>, terms: Terms) -> Outcome {
    let Ok(description) = call.negotiation().repeat() else { return glare() };
    let mut headers = request_headers(terms);
    headers.push(sdp_type());
    let response = call.dialog().reinvite(Some(headers), Some(description)).await;
    let answer = match &response {
        Ok(Some(response)) if response.status_code == StatusCode::OK => {
            offer::answer(&response.body, call.negotiation().codecs(), call.source())
        }
        _ => None,
    };
    let mut changed = None;
    {
        let mut negotiation = call.negotiation();
        match answer {
            Some((answer, plan)) => {
                changed = (plan != *negotiation.plan()).then(|| plan.clone());
                negotiation.answered(answer, plan);
            }
            None => negotiation.abandon(),
        }
    }
    if let Some(plan) = changed {
        let (unheard, _) = oneshot::channel();
        events.send(SignalEvent::Updated { plan, answer: unheard }).await.ok();
    }
    match response {
        Ok(response) => outcome(response.as_ref(), call.least_interval(), terms),
        Err(_) => Outcome::Again(AGAIN),
    }
}

fn glare() -> Outcome {
    Outcome::Again(Duration::from_millis(rand::random_range(GLARE_MS / 10..=GLARE_MS)))
}

fn outcome(response: Option<&Response>, least: u32, terms: Terms) -> Outcome {
    let Some(response) = response else { return Outcome::Gone };
    match response.status_code.code() {
        200..300 => Outcome::Refreshed(wish(response, true).unwrap_or_default().confirmed(least, terms)),
        408 | 481 => Outcome::Gone,
        422 => Outcome::TooSmall(wish(response, true).and_then(|wish| wish.least).unwrap_or_default()),
        491 => glare(),
        _ => Outcome::Again(AGAIN),
    }
}
