//! What the peer does in a dialog, told to the pipeline: changes of the session, digits, the end.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use rsipstack::dialog::dialog::{Dialog, DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use tokio::sync::{mpsc, oneshot};

use crate::call::EndCause;
use crate::ingress::SignalEvent;

use super::dialog::{Call, Stage, sdp_type};
use super::negotiation::{AnswerIn, Pending};
use super::offer::{self, Proposal, Rejection};
use super::requests::{Entry, capabilities};
use super::session_timer::Due;
use super::transfer::Step;
use super::{refer, refresh};

/// Events of one call that wait for the pipeline; a person presses no digits faster.
const EVENT_QUEUE: usize = 32;
/// How long a re-INVITE waits for the media stage before it is refused.
const UPDATE_WAIT: Duration = Duration::from_secs(5);
/// Retry-After of a change that meets an open one: RFC 3261 section 14.2 wants up to 10 s.
const RETRY_CHANGE_S: &str = "1";

type Events = mpsc::Sender<SignalEvent>;

/// Turns a dialog's states into events until it is over, then removes it: the stack itself never would.
pub(super) struct Watch {
    pub call: Arc<Call>,
    pub dialogs: Arc<DialogLayer>,
    /// Dropped with the watch: the INVITE is no longer in progress.
    pub entry: Entry,
}

impl Watch {
    pub fn start(self, states: DialogStateReceiver) -> mpsc::Receiver<SignalEvent> {
        let (events, receiver) = mpsc::channel(EVENT_QUEUE);
        tokio::spawn(self.run(states, events));
        receiver
    }

    async fn run(self, mut states: DialogStateReceiver, events: Events) {
        let Self { call, dialogs, entry: _in_progress } = self;
        loop {
            let state = tokio::select! {
                state = states.recv() => state,
                due = call.session_due() => {
                    match due {
                        Due::Refresh(terms) => drop(tokio::spawn(refresh::send(call.clone(), events.clone(), terms))),
                        // The peer is gone as far as signalling can tell.
                        Due::Expired => tell(&events, SignalEvent::Failed(EndCause::MediaLost)).await,
                    }
                    continue;
                }
                step = call.transfer_due() => {
                    match step {
                        Step::Send(to) => drop(tokio::spawn(refer::send(call.clone(), events.clone(), to))),
                        Step::Tell(news) => tell(&events, SignalEvent::Transfer(news)).await,
                    }
                    continue;
                }
            };
            match state {
                None => return,
                Some(DialogState::Confirmed(..)) => {
                    call.advance(Stage::Confirmed);
                    if let Some(event) = acknowledged(&call) {
                        tell(&events, event).await;
                    }
                }
                Some(DialogState::Updated(_, request, handle)) => {
                    tokio::spawn(change(call.clone(), events.clone(), request, handle));
                }
                Some(DialogState::Info(_, request, handle)) => info(&request, handle, &events).await,
                Some(DialogState::Notify(_, request, handle)) => {
                    refer::notified(&call, &events, &request, handle).await
                }
                Some(DialogState::Options(_, _, handle)) => {
                    handle.respond(StatusCode::OK, Some(capabilities()), None).await.ok();
                }
                Some(DialogState::Terminated(id, reason)) => {
                    let unanswered = call.stage() < Stage::Answered;
                    call.advance(Stage::Ended);
                    dialogs.remove_dialog(&id);
                    // One that we ended ourselves is no news.
                    if !call.is_ending() {
                        tell(&events, ending(&reason, unanswered)).await;
                    }
                    return;
                }
                Some(_) => {}
            }
        }
    }
}

/// A pipeline that has gone needs no news.
async fn tell(events: &Events, event: SignalEvent) {
    events.send(event).await.ok();
}

/// What the pipeline is told about a dialog that the peer ended.
fn ending(reason: &TerminatedReason, unanswered: bool) -> SignalEvent {
    match reason {
        TerminatedReason::UacBye if !unanswered => SignalEvent::HungUp,
        _ => SignalEvent::Cancelled,
    }
}

/// The ACK of a 2xx that carried our offer brings the answer (RFC 3261 section 13.2.2.4). The stack tells that a
/// dialog is confirmed on other occasions too, so the CSeq number decides.
fn acknowledged(call: &Call) -> Option<SignalEvent> {
    let ack = call.dialog().last_remote_ack()?;
    let sequence = ack.cseq_header().and_then(|cseq| cseq.seq()).ok()?;
    let from = offer::source(&ack).unwrap_or(call.source());
    let mut negotiation = call.negotiation();
    if !negotiation.waits_for(AnswerIn::Ack(sequence)) {
        return None;
    }
    let described = offer::media_type(&ack).is_none_or(|kind| kind == offer::SDP);
    let answer = offer::answer(&ack.body, negotiation.codecs(), from).filter(|_| described);
    match answer {
        Some((answer, plan)) => {
            negotiation.answered(answer, plan.clone());
            let (unheard, _) = oneshot::channel();
            Some(SignalEvent::Updated { plan, answer: unheard })
        }
        None => {
            counter!("heardline_sip_offers_unanswered_total").increment(1);
            negotiation.abandon();
            // Inside a session the old agreement stands; without one there is nothing to talk with.
            (!negotiation.agreed()).then_some(SignalEvent::Failed(EndCause::NoMedia))
        }
    }
}

/// A re-INVITE or UPDATE: hold, resume, new codec or address, or a refresh of the session.
async fn change(call: Arc<Call>, events: Events, request: Request, handle: TransactionHandle) {
    match accepted(&call, &events, &request).await {
        Ok((headers, body)) => handle.respond(StatusCode::OK, Some(headers), body).await.ok(),
        Err(rejection) => {
            counter!("heardline_sip_refused_total", "status" => rejection.status.code().to_string()).increment(1);
            handle.respond(rejection.status, Some(rejection.headers), None).await.ok()
        }
    };
}

async fn accepted(
    call: &Call,
    events: &Events,
    request: &Request,
) -> Result<(Vec<Header>, Option<Vec<u8>>), Rejection> {
    let terms = refresh::asked(request, call.least_interval())?;
    let mut headers = capabilities();
    headers.extend(refresh::headers(terms.as_ref()));
    // An UPDATE without a body only refreshes (RFC 3311 section 5.1): nothing is negotiated.
    let body = if request.method == Method::Update && request.body.is_empty() {
        None
    } else {
        headers.push(sdp_type());
        Some(exchange(call, events, request).await?)
    };
    follow_target(call, request);
    call.agree_timer(terms);
    Ok((headers, body))
}

/// One offer/answer exchange; whatever refuses it leaves the session as it was.
async fn exchange(call: &Call, events: &Events, request: &Request) -> Result<Vec<u8>, Rejection> {
    call.negotiation().open_theirs().map_err(wait)?;
    let described = negotiated(call, events, request).await;
    if described.is_err() {
        call.negotiation().abandon();
    }
    described
}

pub(super) fn wait(pending: Pending) -> Rejection {
    match pending {
        Pending::Ours => Rejection::plain(StatusCode::RequestPending),
        Pending::Theirs => Rejection::with(StatusCode::ServerInternalError, Header::RetryAfter(RETRY_CHANGE_S.into())),
    }
}

async fn negotiated(call: &Call, events: &Events, request: &Request) -> Result<Vec<u8>, Rejection> {
    let refused = || Rejection::plain(StatusCode::NotAcceptableHere);
    let from = offer::source(request).unwrap_or(call.source());
    let codecs = call.negotiation().codecs().to_vec();
    let (offer, plan) = match offer::read(request, &codecs, from)? {
        Proposal::Theirs(offer, plan) => (offer, plan),
        Proposal::Ours => {
            let sequence = request.cseq_header().and_then(|cseq| cseq.seq()).map_err(|_| refused())?;
            let local_rtp = call.local_rtp().ok_or_else(refused)?;
            let mut negotiation = call.negotiation();
            let told = call.told(local_rtp, negotiation.plan());
            return Ok(negotiation.offer(AnswerIn::Ack(sequence), told));
        }
    };
    let (answer, answered) = oneshot::channel();
    events.try_send(SignalEvent::Updated { plan: plan.clone(), answer }).map_err(|_| refused())?;
    let local_rtp = tokio::time::timeout(UPDATE_WAIT, answered).await.ok().and_then(Result::ok).ok_or_else(refused)?;
    let told = call.told(local_rtp, &plan);
    Ok(call.negotiation().answer(offer, plan, told))
}

/// A target refresh request moves the peer (RFC 3261 section 12.2.2); the stack leaves that to us.
fn follow_target(call: &Call, request: &Request) {
    let contact = request.contact_header().ok().cloned();
    let target = request.typed_contact_headers().ok().and_then(|contacts| contacts.into_iter().next());
    if let Some(target) = target {
        Dialog::Invite(call.dialog().clone()).set_remote_target(target.uri, contact);
    }
}

async fn info(request: &Request, handle: TransactionHandle, events: &Events) {
    if let Some(digit) = offer::dtmf_digit(request) {
        if events.try_send(SignalEvent::Dtmf(digit)).is_err() {
            counter!("heardline_sip_dtmf_dropped_total").increment(1);
        }
        handle.reply(StatusCode::OK).await.ok();
    } else if request.body.is_empty() {
        handle.reply(StatusCode::OK).await.ok();
    } else {
        let accept = Header::Accept("application/dtmf-relay, application/dtmf".into());
        handle.respond(StatusCode::UnsupportedMediaType, Some(vec![accept]), None).await.ok();
    }
}
