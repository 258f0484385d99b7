//! The incoming loop: what each request is answered with. Nothing in it awaits, so one slow peer delays nobody.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::counter;
use rsipstack::dialog::dialog::{Dialog, DialogState};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::call::{CallId, Codec};
use crate::config::SipListen;
use crate::ingress::admission::Admission;
use crate::ingress::{Carrier, IncomingCall};
use crate::ops::clock::Clock;

use super::dialog::{Bounds, Call, Invitation, SipSignalling};
use super::doors::Doors;
use super::flows::{Flows, Riding};
use super::negotiation::{Negotiation, Pending};
use super::offer::{self, Proposal, Rejection};
use super::path::{Path, Reachable};
use super::transfer::Patience;
use super::watch::{self, Watch};
use super::{party, refresh, reply};
use crate::ingress::text;

/// Call-ID, From tag and CSeq of an INVITE in progress.
type InviteKey = (String, String, u32);

/// Everything a request may need.
pub(super) struct Requests {
    pub dialogs: Arc<DialogLayer>,
    pub admission: Admission,
    pub clock: Clock,
    pub doors: Arc<Doors>,
    pub flows: Flows,
    pub reachable: Reachable,
    pub listeners: Vec<SipListen>,
    /// Codecs we speak, the best first.
    pub codecs: Arc<[Codec]>,
    /// Smallest session interval, seconds.
    pub least_interval: u32,
    pub transfers: Patience,
    pub incoming: mpsc::Sender<IncomingCall>,
    pub in_progress: InProgress,
}

/// INVITEs whose call lives, to recognise one that came a second time by another path (RFC 3261 section 8.2.2.2).
#[derive(Clone, Default)]
pub(super) struct InProgress(Arc<Mutex<HashSet<InviteKey>>>);

/// Takes its INVITE off the list when the call is over, and lets go of the connection it came over.
pub(super) struct Entry {
    list: InProgress,
    key: InviteKey,
    _flow: Option<Riding>,
}

impl InProgress {
    fn enter(&self, key: InviteKey, flow: Option<Riding>) -> Option<Entry> {
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        fresh.then(|| Entry { list: self.clone(), key, _flow: flow })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.list.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Requests {
    /// Serves requests until `stop`.
    pub async fn run(self, mut transactions: TransactionReceiver, stop: CancellationToken) {
        loop {
            let transaction = tokio::select! {
                () = stop.cancelled() => return,
                transaction = transactions.recv() => transaction,
            };
            match transaction {
                Some(transaction) => self.dispatch(transaction),
                None => return,
            }
        }
    }

    fn dispatch(&self, transaction: Transaction) {
        let method = transaction.original.method;
        counter!("heardline_sip_requests_total", "method" => method.to_string()).increment(1);
        let in_dialog = match transaction.original.to_header().map(|to| to.tag()) {
            Ok(Ok(tag)) => tag.is_some(),
            Ok(Err(_)) | Err(_) => return reject(transaction, Rejection::plain(StatusCode::BadRequest)),
        };
        match method {
            Method::Invite if !in_dialog => self.invite(transaction),
            Method::Options if !in_dialog => respond(transaction, StatusCode::OK, capabilities()),
            Method::Invite
            | Method::Bye
            | Method::Options
            | Method::Info
            | Method::Update
            | Method::Notify
            | Method::Cancel
                if in_dialog =>
            {
                self.within_dialog(transaction);
            }
            Method::Bye | Method::Info | Method::Update | Method::Notify | Method::Cancel => {
                reject(transaction, Rejection::plain(StatusCode::CallTransactionDoesNotExist));
            }
            Method::Ack => {}
            _ => {
                let allow = Header::Allow(reply::ALLOW.into());
                reject(transaction, Rejection::with(StatusCode::MethodNotAllowed, allow));
            }
        }
    }

    fn within_dialog(&self, transaction: Transaction) {
        let Some(Dialog::Invite(dialog)) = self.dialogs.match_dialog(&transaction) else {
            return reject(transaction, Rejection::plain(StatusCode::CallTransactionDoesNotExist));
        };
        let sequence = transaction.original.cseq_header().and_then(|cseq| cseq.seq()).unwrap_or_default();
        if sequence < dialog.snapshot().remote_cseq {
            // Out of order (RFC 3261 section 12.2.2); the stack would stay silent.
            return reject(transaction, Rejection::plain(StatusCode::ServerInternalError));
        }
        let method = transaction.original.method;
        match (dialog.state(), method) {
            (DialogState::Confirmed(..), _) | (DialogState::WaitAck(..), Method::Bye) => handle(dialog, transaction),
            (DialogState::Terminated(..), _) => {
                reject(transaction, Rejection::plain(StatusCode::CallTransactionDoesNotExist));
            }
            (_, Method::Bye) => {
                // The caller may end an early dialog with BYE (section 15); its INVITE still needs a final answer.
                respond(transaction, StatusCode::OK, Vec::new());
                dialog.reject(Some(StatusCode::RequestTerminated), None).ok();
            }
            (_, Method::Options) => respond(transaction, StatusCode::OK, capabilities()),
            (DialogState::WaitAck(..), _) => reject(transaction, Rejection::plain(StatusCode::RequestPending)),
            // An early dialog: the offer of its INVITE waits for our answer.
            (_, Method::Update) if transaction.original.body.is_empty() => {
                respond(transaction, StatusCode::OK, capabilities());
            }
            (_, Method::Invite | Method::Update) => reject(transaction, watch::wait(Pending::Theirs)),
            _ => reject(transaction, Rejection::plain(StatusCode::RequestPending)),
        }
    }

    fn invite(&self, transaction: Transaction) {
        match self.take_call(&transaction) {
            Ok((dialog, call, slot)) => {
                handle(dialog, transaction);
                slot.send(call);
            }
            Err(rejection) => reject(transaction, rejection),
        }
    }

    /// Everything that must fit before a call is a call, cheapest checks first.
    fn take_call(
        &self,
        transaction: &Transaction,
    ) -> Result<(InviteDialog, IncomingCall, mpsc::Permit<'_, IncomingCall>), Rejection> {
        let request = &transaction.original;
        let bad_request = || Rejection::plain(StatusCode::BadRequest);
        let unavailable = || Rejection::plain(StatusCode::ServiceUnavailable);
        let key = invite_key(request).ok_or_else(bad_request)?;
        let (.., sequence) = key;
        let path = Path::of(transaction, &self.listeners, &self.flows).ok_or_else(unavailable)?;
        let source = path.peer.ip().to_canonical();
        let terms = refresh::asked(request, self.least_interval)?;
        let (theirs, plan) = match offer::read(request, &self.codecs, source)? {
            Proposal::Theirs(offer, plan) => (Some(offer), plan),
            Proposal::Ours => (None, offer::unagreed(&self.codecs)),
        };
        let agreed = theirs.is_some();
        let riding = path.flow.as_ref().map(|flow| flow.ride());
        let entry = self.in_progress.enter(key, riding).ok_or(Rejection::plain(StatusCode::LoopDetected))?;
        let quota = self.doors.quota(path.peer.ip());
        let permit = self.admission.admit_within(quota.as_ref()).ok_or_else(unavailable)?;
        let slot = self.incoming.try_reserve().map_err(|_| unavailable())?;

        let told = self.reachable.address(path.local, path.peer.ip());
        let (state_sender, states) = self.dialogs.new_dialog_state_channel();
        let dialog = self
            .dialogs
            .get_or_create_server_invite(transaction, state_sender, None, Some(path.contact(told, request)))
            .map_err(|_| bad_request())?;
        let session = u64::try_from(self.clock.unix_ms()).unwrap_or_default();
        let negotiation = Negotiation::new(self.codecs.clone(), session, theirs, plan.clone());
        let invitation = Invitation {
            dialog: dialog.clone(),
            sequence,
            terms,
            silent: request.header_contains_token("Require", "100rel"),
            peer_updates: offer::allows(request, Method::Update),
            source,
        };
        let bounds = Bounds { least_interval: self.least_interval, transfers: self.transfers };
        let call = Call::new(invitation, negotiation, self.reachable, self.clock.clone(), bounds);
        let events = Watch { call: call.clone(), dialogs: self.dialogs.clone(), entry }.start(states);
        let call = IncomingCall {
            call: CallId::new(),
            party: party::read(request, self.doors.trusts(path.peer.ip())),
            origin: path.origin(request),
            dialled: request.uri.user().map(text::bounded),
            line: None,
            language: None,
            follows: None,
            plan,
            agreed,
            carrier: Carrier::Rtp(path.local.ip()),
            signalling: Box::new(SipSignalling::new(call)),
            events,
            permit,
        };
        Ok((dialog, call, slot))
    }
}

fn invite_key(request: &Request) -> Option<InviteKey> {
    let tag = request.from_header().ok()?.tag().ok()??;
    let sequence = request.cseq_header().ok()?.seq().ok()?;
    Some((request.call_id_header().ok()?.value().to_owned(), tag.value().to_owned(), sequence))
}

/// Drives one transaction of a dialog to its end.
fn handle(mut dialog: InviteDialog, mut transaction: Transaction) {
    tokio::spawn(async move {
        let method = transaction.original.method;
        if let Err(error) = dialog.handle(&mut transaction).await {
            tracing::debug!(%method, status = error_kind(&error), "SIP transaction ended early");
        }
        let state = dialog.state();
        if method == Method::Invite && !state.is_confirmed() && !state.is_terminated() {
            // The transaction is over and nobody was reached: without this the call would ring for ever.
            dialog.reject(Some(StatusCode::ServerInternalError), None).ok();
        }
    });
}

/// The stack's error texts quote headers of the peer; only their kind may be logged.
fn error_kind(error: &rsipstack::Error) -> &'static str {
    match error {
        rsipstack::Error::TransportLayerError(..) | rsipstack::Error::IoError(_) => "transport",
        rsipstack::Error::SipMessageError(_) => "message",
        _ => "transaction",
    }
}

pub(super) fn capabilities() -> Vec<Header> {
    vec![
        Header::Allow(reply::ALLOW.into()),
        Header::Accept("application/sdp, application/dtmf-relay".into()),
        Header::Supported(reply::SUPPORTED.into()),
    ]
}

fn reject(transaction: Transaction, rejection: Rejection) {
    counter!("heardline_sip_refused_total", "status" => rejection.status.code().to_string()).increment(1);
    respond(transaction, rejection.status, rejection.headers);
}

fn respond(mut transaction: Transaction, status: StatusCode, headers: Vec<Header>) {
    tokio::spawn(async move {
        transaction.reply_with(status, headers, None).await.ok();
    });
}
