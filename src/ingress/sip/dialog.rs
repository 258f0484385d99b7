//! One call's signalling: our side as [`Signalling`], the peer's as [`SignalEvent`]s.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use metrics::counter;
use rsipstack::dialog::dialog::{Dialog, DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::call::{EndCause, MediaPlan};
use crate::ingress::{Refusal, SignalError, SignalEvent, Signalling};

use super::offer;
use super::path::Reachable;
use super::requests::{Entry, capabilities};
use super::sdp::{Offer, SessionIds};

/// Events of one call that wait for the pipeline; a person presses no digits faster.
const EVENT_QUEUE: usize = 32;
/// How long a re-INVITE waits for the media stage before it is refused.
const UPDATE_WAIT: Duration = Duration::from_secs(5);
/// How long hanging up waits for the peer's 200; the BYE is retransmitted beyond it.
const BYE_WAIT: Duration = Duration::from_secs(2);

/// How far a call has come; only ever forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Ringing,
    Answered,
    /// The peer acknowledged the answer.
    Confirmed,
    Ended,
}

/// What both sides of the signalling share.
pub(super) struct Call {
    dialog: InviteDialog,
    offer: Offer,
    plan: MediaPlan,
    session: u64,
    /// Version of our last session description (RFC 3264 section 8).
    version: AtomicU64,
    /// Held while a change of the session is negotiated; a second one is told to wait.
    changing: Mutex<()>,
    /// We have begun to end the call: nobody else may, and the end is no news to the pipeline.
    ending: AtomicBool,
    reachable: Reachable,
    peer: IpAddr,
    stage: watch::Sender<Stage>,
}

impl Call {
    pub fn new(
        dialog: InviteDialog,
        offer: Offer,
        plan: MediaPlan,
        session: u64,
        reachable: Reachable,
        peer: IpAddr,
    ) -> Arc<Self> {
        let (stage, _) = watch::channel(Stage::Ringing);
        Arc::new(Self {
            dialog,
            offer,
            plan,
            session,
            version: AtomicU64::new(1),
            changing: Mutex::new(()),
            ending: AtomicBool::new(false),
            reachable,
            peer,
            stage,
        })
    }

    fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    fn advance(&self, to: Stage) {
        self.stage.send_if_modified(|stage| {
            let forward = *stage < to;
            *stage = (*stage).max(to);
            forward
        });
    }

    fn description(&self, offer: &Offer, plan: &MediaPlan, local_rtp: SocketAddr, version: u64) -> Vec<u8> {
        let told = self.reachable.address(local_rtp, self.peer);
        offer.answer(plan, told, SessionIds { id: self.session, version }).into_bytes()
    }

    fn gone(&self) -> bool {
        self.stage() == Stage::Ended || self.dialog.state().is_terminated()
    }

    /// BYE once the answer is acknowledged, a refusal before the answer; nothing when the call is over.
    async fn end(&self, cause: EndCause) {
        if self.ending.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.stage() == Stage::Ringing {
            self.dialog.reject(Some(StatusCode::TemporarilyUnavailable), None).ok();
            return;
        }
        // A BYE before the ACK is forbidden to us (RFC 3261 section 15); a lost ACK ends the dialog after 32 s.
        let mut stage = self.stage.subscribe();
        if stage.wait_for(|stage| *stage >= Stage::Confirmed).await.is_ok_and(|stage| *stage == Stage::Ended) {
            return;
        }
        if self.dialog.bye_with_reason(reason(cause)).await.is_err() {
            tracing::debug!(%cause, "BYE not delivered");
        }
    }
}

/// RFC 3326, with the Q.850 cause a trunk's statistics understand.
fn reason(cause: EndCause) -> String {
    let code = match cause {
        EndCause::NoMedia | EndCause::MediaLost | EndCause::Interrupted | EndCause::Shutdown => 41,
        _ => 16,
    };
    format!("Q.850;cause={code};text=\"{cause}\"")
}

fn sdp_type() -> Header {
    Header::ContentType("application/sdp".into())
}

/// Our side of a call. Dropping it ends the call, so that no pipeline can leave a caller hanging.
pub(super) struct SipSignalling {
    call: Arc<Call>,
}

impl SipSignalling {
    pub fn new(call: Arc<Call>) -> Self {
        Self { call }
    }
}

#[async_trait]
impl Signalling for SipSignalling {
    async fn ringing(&self) -> Result<(), SignalError> {
        if self.call.gone() {
            return Err(SignalError::Cancelled);
        }
        self.call.dialog.ringing(None, None).map_err(|error| not_sent(&self.call, &error))
    }

    async fn answer(&self, local_rtp: SocketAddr) -> Result<(), SignalError> {
        let call = &self.call;
        if call.gone() {
            return Err(SignalError::Cancelled);
        }
        let body = call.description(&call.offer, &call.plan, local_rtp, 1);
        let mut headers = vec![sdp_type()];
        headers.extend(capabilities());
        call.advance(Stage::Answered);
        call.dialog.accept(Some(headers), Some(body)).map_err(|error| not_sent(call, &error))?;
        // A CANCEL that won the race has ended the dialog, and the 200 never left.
        if call.gone() { Err(SignalError::Cancelled) } else { Ok(()) }
    }

    async fn refuse(&self, refusal: Refusal) {
        let status = match refusal {
            Refusal::Busy => StatusCode::ServiceUnavailable,
            Refusal::CannotRecord => StatusCode::ServerInternalError,
        };
        if !self.call.gone() && !self.call.ending.swap(true, Ordering::AcqRel) {
            counter!("heardline_sip_refused_total", "status" => status.code().to_string()).increment(1);
            self.call.dialog.reject(Some(status), None).ok();
        }
    }

    async fn hang_up(&self, cause: EndCause) {
        if self.call.gone() {
            return;
        }
        let call = self.call.clone();
        let bye = tokio::spawn(async move { call.end(cause).await });
        tokio::time::timeout(BYE_WAIT, bye).await.ok();
    }
}

impl Drop for SipSignalling {
    fn drop(&mut self) {
        if self.call.gone() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let call = self.call.clone();
            runtime.spawn(async move { call.end(EndCause::SystemEnd).await });
        }
    }
}

/// The stack's texts quote the peer, so only that it failed is passed on.
fn not_sent(call: &Call, error: &rsipstack::Error) -> SignalError {
    match error {
        _ if call.gone() => SignalError::Cancelled,
        rsipstack::Error::IoError(error) => SignalError::Transport(error.to_string()),
        _ => SignalError::Transport("the SIP transaction is over".into()),
    }
}

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

    async fn run(self, mut states: DialogStateReceiver, events: mpsc::Sender<SignalEvent>) {
        let _in_progress = self.entry;
        while let Some(state) = states.recv().await {
            match state {
                DialogState::Confirmed(..) => self.call.advance(Stage::Confirmed),
                DialogState::Updated(_, request, handle) => {
                    tokio::spawn(change(self.call.clone(), events.clone(), request, handle));
                }
                DialogState::Info(_, request, handle) => info(&request, handle, &events).await,
                DialogState::Options(_, _, handle) => {
                    handle.respond(StatusCode::OK, Some(capabilities()), None).await.ok();
                }
                DialogState::Terminated(id, reason) => {
                    let unanswered = self.call.stage() < Stage::Answered;
                    self.call.advance(Stage::Ended);
                    self.dialogs.remove_dialog(&id);
                    // One that we ended ourselves is no news.
                    if !self.call.ending.load(Ordering::Acquire) {
                        events.send(ending(&reason, unanswered)).await.ok();
                    }
                    return;
                }
                _ => {}
            }
        }
    }
}

/// What the pipeline is told about a dialog that the peer ended.
fn ending(reason: &TerminatedReason, unanswered: bool) -> SignalEvent {
    match reason {
        TerminatedReason::UacBye if !unanswered => SignalEvent::HungUp,
        _ => SignalEvent::Cancelled,
    }
}

/// A re-INVITE or UPDATE: hold, resume, new address.
async fn change(call: Arc<Call>, events: mpsc::Sender<SignalEvent>, request: Request, handle: TransactionHandle) {
    let Ok(_changing) = call.changing.try_lock() else {
        // RFC 3261 section 14.2: a second change while one is open.
        let later = Header::RetryAfter("1".into());
        handle.respond(StatusCode::ServerInternalError, Some(vec![later]), None).await.ok();
        return;
    };
    if request.method == Method::Update && request.body.is_empty() {
        // A session refresh (RFC 3311 section 5.1): nothing changes.
        handle.respond(StatusCode::OK, Some(capabilities()), None).await.ok();
        return;
    }
    let (offer, plan) = match offer::negotiate(&request) {
        Ok(negotiated) => negotiated,
        Err(rejection) => {
            handle.respond(rejection.status, Some(rejection.headers), None).await.ok();
            return;
        }
    };
    let (answer, answered) = oneshot::channel();
    let asked = events.try_send(SignalEvent::Updated { plan: plan.clone(), answer });
    let local_rtp = match asked {
        Ok(()) => tokio::time::timeout(UPDATE_WAIT, answered).await.ok().and_then(Result::ok),
        Err(_) => None,
    };
    let Some(local_rtp) = local_rtp else {
        handle.respond(StatusCode::NotAcceptableHere, None, None).await.ok();
        return;
    };
    let version = call.version.fetch_add(1, Ordering::Relaxed).saturating_add(1);
    let body = call.description(&offer, &plan, local_rtp, version);
    follow_target(&call, &request);
    let mut headers = vec![sdp_type()];
    headers.extend(capabilities());
    handle.respond(StatusCode::OK, Some(headers), Some(body)).await.ok();
}

/// A target refresh request moves the peer (RFC 3261 section 12.2.2); the stack leaves that to us.
fn follow_target(call: &Call, request: &Request) {
    let contact = request.contact_header().ok().cloned();
    let target = request.typed_contact_headers().ok().and_then(|contacts| contacts.into_iter().next());
    if let Some(target) = target {
        Dialog::Invite(call.dialog.clone()).set_remote_target(target.uri, contact);
    }
}

async fn info(request: &Request, handle: TransactionHandle, events: &mpsc::Sender<SignalEvent>) {
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
