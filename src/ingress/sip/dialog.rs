//! One call's signalling: our side as [`Signalling`]; the peer's is told by `watch.rs`.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use metrics::counter;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, StatusCode};
use tokio::sync::{Notify, watch};

use crate::call::{EndCause, MediaPlan};
use crate::ingress::{Refusal, SignalError, Signalling, TransferNews};
use crate::ops::clock::Clock;

use super::negotiation::Negotiation;
use super::offer::SDP;
use super::path::Reachable;
use super::refresh;
use super::requests::capabilities;
use super::session_timer::{Due, Outcome, SessionTimer, Terms};
use super::transfer::{NotAsked, Notice, Patience, Step, TransferFlow};

/// How long hanging up waits for the peer's 200; the BYE is retransmitted beyond it.
const BYE_WAIT: Duration = Duration::from_secs(2);

/// How far a call has come; only ever forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Ringing,
    Answered,
    /// The peer acknowledged the answer.
    Confirmed,
    Ended,
}

/// The INVITE that made a call, as far as it is needed later.
pub(super) struct Invitation {
    pub dialog: InviteDialog,
    pub sequence: u32,
    /// The session timer of its answer.
    pub terms: Option<Terms>,
    /// `Require: 100rel`: no provisional response above 100 may leave unreliably (RFC 3262 section 3), so none does.
    pub silent: bool,
    /// The peer takes UPDATE.
    pub peer_updates: bool,
    /// Where it came from.
    pub source: IpAddr,
}

/// What is waited for, and how long.
pub(super) struct Bounds {
    /// Smallest session interval, seconds.
    pub least_interval: u32,
    pub transfers: Patience,
}

/// What both sides of the signalling share.
pub(super) struct Call {
    invitation: Invitation,
    negotiation: Mutex<Negotiation>,
    /// Where we receive, once it is known.
    local_rtp: OnceLock<SocketAddr>,
    timer: Mutex<SessionTimer>,
    timer_set: Notify,
    transfer: Mutex<TransferFlow>,
    transfer_set: Notify,
    /// Smallest session interval, seconds.
    least_interval: u32,
    /// We have begun to end the call: nobody else may, and the end is no news to the pipeline.
    ending: AtomicBool,
    reachable: Reachable,
    clock: Clock,
    stage: watch::Sender<Stage>,
}

impl Call {
    pub fn new(
        invitation: Invitation,
        negotiation: Negotiation,
        reachable: Reachable,
        clock: Clock,
        bounds: Bounds,
    ) -> Arc<Self> {
        let (stage, _) = watch::channel(Stage::Ringing);
        Arc::new(Self {
            invitation,
            negotiation: Mutex::new(negotiation),
            local_rtp: OnceLock::new(),
            timer: Mutex::default(),
            timer_set: Notify::new(),
            transfer: Mutex::new(TransferFlow::new(bounds.transfers)),
            transfer_set: Notify::new(),
            least_interval: bounds.least_interval,
            ending: AtomicBool::new(false),
            reachable,
            clock,
            stage,
        })
    }

    pub fn dialog(&self) -> &InviteDialog {
        &self.invitation.dialog
    }

    /// Where the call came from.
    pub fn source(&self) -> IpAddr {
        self.invitation.source
    }

    pub fn peer_updates(&self) -> bool {
        self.invitation.peer_updates
    }

    pub fn least_interval(&self) -> u32 {
        self.least_interval
    }

    pub fn local_rtp(&self) -> Option<SocketAddr> {
        self.local_rtp.get().copied()
    }

    /// Never held across an await.
    pub fn negotiation(&self) -> MutexGuard<'_, Negotiation> {
        self.negotiation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn timer(&self) -> MutexGuard<'_, SessionTimer> {
        self.timer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    pub fn advance(&self, to: Stage) {
        self.stage.send_if_modified(|stage| {
            let forward = *stage < to;
            *stage = (*stage).max(to);
            forward
        });
    }

    /// The end of the call is our own doing.
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// Our RTP address as the peer can reach it, of the family of its own.
    pub fn told(&self, local_rtp: SocketAddr, plan: &MediaPlan) -> SocketAddr {
        let (source, media) = (self.source(), plan.remote.ip());
        let other_family = !media.is_unspecified() && media.is_ipv4() != source.is_ipv4();
        self.reachable.address(local_rtp, if other_family { media } else { source })
    }

    pub fn agree_timer(&self, terms: Option<Terms>) {
        self.timer().agree(terms, self.clock.instant());
        self.timer_set.notify_one();
    }

    pub fn refreshed(&self, outcome: Outcome) {
        self.timer().refreshed(outcome, self.clock.instant());
        self.timer_set.notify_one();
    }

    /// Waits until the session timer asks for something.
    pub async fn session_due(&self) -> Due {
        loop {
            let wake = self.timer().wakes_at();
            tokio::select! {
                () = self.timer_set.notified() => {}
                () = until(wake) => {
                    if let Some(due) = self.timer().due(self.clock.instant()) {
                        return due;
                    }
                }
            }
        }
    }

    fn transfer(&self) -> MutexGuard<'_, TransferFlow> {
        self.transfer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `false`: one is under way, or went through.
    fn ask_transfer(&self, to: &str) -> bool {
        let asked = self.transfer().ask(to, self.clock.instant());
        self.transfer_set.notify_one();
        asked
    }

    pub fn transfer_is_asked(&self) -> bool {
        self.transfer().is_asked()
    }

    pub fn transfer_answered(&self, answer: Option<(u16, u32)>) -> Option<TransferNews> {
        let news = self.transfer().answered(answer, self.clock.instant());
        self.transfer_set.notify_one();
        news
    }

    pub fn transfer_notified(&self, notice: Notice) -> Result<Option<TransferNews>, NotAsked> {
        let news = self.transfer().notified(notice);
        self.transfer_set.notify_one();
        news
    }

    /// Waits until the transfer asks for something.
    pub async fn transfer_due(&self) -> Step {
        loop {
            let wake = self.transfer().wakes_at(self.clock.instant());
            tokio::select! {
                () = self.transfer_set.notified() => {}
                () = until(wake) => {
                    if let Some(step) = self.transfer().due(self.clock.instant()) {
                        return step;
                    }
                }
            }
        }
    }

    /// Waits for the peer to acknowledge the answer; `false`: the call is over.
    pub async fn confirmed(&self) -> bool {
        let mut stage = self.stage.subscribe();
        stage.wait_for(|stage| *stage >= Stage::Confirmed).await.is_ok_and(|stage| *stage == Stage::Confirmed)
    }

    fn gone(&self) -> bool {
        self.stage() == Stage::Ended || self.dialog().state().is_terminated()
    }

    /// BYE once the answer is acknowledged, a refusal before the answer; nothing when the call is over.
    async fn end(&self, cause: EndCause) {
        if self.ending.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.stage() == Stage::Ringing {
            self.dialog().reject(Some(StatusCode::TemporarilyUnavailable), None).ok();
            return;
        }
        // A BYE before the ACK is forbidden to us (RFC 3261 section 15); a lost ACK ends the dialog after 32 s.
        if !self.confirmed().await {
            return;
        }
        if self.dialog().bye_with_reason(reason(cause)).await.is_err() {
            tracing::debug!(%cause, "BYE not delivered");
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
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

pub(super) fn sdp_type() -> Header {
    Header::ContentType(SDP.into())
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
        if self.call.invitation.silent {
            return Ok(());
        }
        self.call.dialog().ringing(None, None).map_err(|error| not_sent(&self.call, &error))
    }

    async fn answer(&self, local_rtp: Option<SocketAddr>) -> Result<(), SignalError> {
        let call = &self.call;
        let local_rtp = local_rtp.ok_or_else(|| SignalError::Transport("no RTP address to answer with".into()))?;
        if call.gone() {
            return Err(SignalError::Cancelled);
        }
        let body = {
            let mut negotiation = call.negotiation();
            let told = call.told(*call.local_rtp.get_or_init(|| local_rtp), negotiation.plan());
            negotiation.first(call.invitation.sequence, told)
        };
        let terms = call.invitation.terms;
        let mut headers = vec![sdp_type()];
        headers.extend(capabilities());
        headers.extend(refresh::headers(terms.as_ref()));
        call.advance(Stage::Answered);
        call.dialog().accept(Some(headers), Some(body)).map_err(|error| not_sent(call, &error))?;
        call.agree_timer(terms);
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
            self.call.dialog().reject(Some(status), None).ok();
        }
    }

    fn transfer(&self, to: &str) -> Result<(), SignalError> {
        if self.call.gone() {
            return Err(SignalError::Cancelled);
        }
        let asked = self.call.ask_transfer(to);
        asked.then_some(()).ok_or_else(|| SignalError::Transport("a transfer of this call is under way".into()))
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
