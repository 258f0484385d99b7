//! A telephone made of software: it dials, speaks in real time, presses keys, listens and hangs up.
//!
//! `heardline call`, the demo and the load tests call the gateway with it, over the same SIP and RTP as any
//! other phone. One [`Caller`] owns one SIP socket and makes any number of calls at once.

mod line;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Method, Response, StatusCode, StatusCodeKind, Transport, Uri};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{TcpListenerConnection, TransportLayer};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::call::MediaPlan;
use crate::ingress::caller::{self, Formats, Heard};
use crate::ingress::sdp::{self, Offer, SessionIds};
use crate::ops::clock::Clock;

pub use crate::ingress::caller::{CallReport, HangUp, Progress, Sound};
use line::RtpLine;

/// No final answer to an INVITE within this: cancel it. Longer than Timer B (RFC 3261 section 17.1.1.2).
const SETUP: Duration = Duration::from_secs(60);
/// A peer that does not answer our BYE or CANCEL is gone.
const FAREWELL: Duration = Duration::from_secs(5);

/// One call to make.
#[derive(Clone, Debug)]
pub struct CallPlan {
    /// `sip:user@host:port`, optionally with `;transport=tcp`.
    pub target: String,
    /// User part of our From and Contact: a number or a name.
    pub from_user: String,
    /// What to say, in the one codec that is offered.
    pub sound: Arc<Sound>,
    /// Keys pressed after the audio (RFC 4733): `0-9`, `*`, `#`, `A-D`.
    pub dtmf: Option<String>,
    pub hang_up: HangUp,
    /// Keep what the other side says.
    pub record: bool,
}

/// Why there was no conversation.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    #[error("cannot open a phone on {local_ip}: {reason}")]
    Socket { local_ip: IpAddr, reason: String },
    #[error("{target}: not a SIP address; write for example sip:311@127.0.0.1:5060")]
    Target { target: String },
    #[error("caller name {from_user:?}: letters, digits and -_.+ only")]
    FromUser { from_user: String },
    #[error("{key:?} is not a telephone key; use 0-9, *, # and A-D")]
    Key { key: char },
    #[error("{target}: refused with {status} {reason}")]
    Refused { target: String, status: u16, reason: String },
    #[error("{target}: no answer: {reason}")]
    NoAnswer { target: String, reason: String },
    #[error("{target}: answered 200, but {source}")]
    Answer { target: String, source: sdp::SdpError },
    #[error("{target}: answered 200 without telephone-event, so no key can be pressed")]
    NoKeys { target: String },
    #[error("{target}: stopped before the answer")]
    Stopped { target: String },
}

/// One SIP socket, reused for many calls. Dropping it closes the socket.
pub struct Caller {
    dialogs: Arc<DialogLayer>,
    local: SocketAddr,
    clock: Clock,
    closing: CancellationToken,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

impl Caller {
    /// Opens a free port (UDP, and TCP on the same number) on `local_ip`.
    pub async fn start(local_ip: IpAddr, clock: Clock) -> Result<Self, CallerError> {
        let refused = |reason: String| CallerError::Socket { local_ip, reason };
        let closing = CancellationToken::new();
        let layer = TransportLayer::new(closing.clone());
        let udp = UdpConnection::create_connection(SocketAddr::new(local_ip, 0), None, Some(closing.child_token()))
            .await
            .map_err(|e| refused(e.to_string()))?;
        let local = udp.get_addr().get_socketaddr().map_err(|e| refused(e.to_string()))?;
        let tcp = TcpListenerConnection::new(local, None).await.map_err(|e| refused(e.to_string()))?;
        layer.add_transport(udp.into());
        layer.add_transport(tcp.into());
        let endpoint = EndpointBuilder::new()
            .with_user_agent(concat!("heardline-caller/", env!("CARGO_PKG_VERSION")))
            .with_option(EndpointOption { callid_suffix: Some(local_ip.to_string()), ..EndpointOption::default() })
            .with_cancel_token(closing.clone())
            .with_transport_layer(layer)
            .build();
        let incoming = endpoint.incoming_transactions().map_err(|e| refused(e.to_string()))?;
        let dialogs = Arc::new(DialogLayer::new(endpoint.inner.clone()));
        tokio::spawn(serve(endpoint.inner.clone()));
        tokio::spawn(receive(incoming, dialogs.clone()));
        Ok(Self { dialogs, local, clock, closing })
    }

    /// Makes one call and returns when it is over. `stop` ends it in good order at any time; a call that was
    /// answered then still gives its report.
    pub async fn call(
        &self,
        plan: CallPlan,
        stop: CancellationToken,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<CallReport, CallerError> {
        let keys = caller::keys(plan.dtmf.as_deref().unwrap_or_default()).map_err(|key| CallerError::Key { key })?;
        let socket = UdpSocket::bind(SocketAddr::new(self.local.ip(), 0))
            .await
            .map_err(|e| CallerError::Socket { local_ip: self.local.ip(), reason: e.to_string() })?;
        let began = self.clock.instant();
        let mut answered = self.dial(&plan, &socket, &stop, &mut progress).await?;
        let setup_ms = millis(self.clock.instant() - began);
        progress(Progress::Answered);

        let media = match agreed(&plan, &answered.response, &keys) {
            Ok(media) => media,
            Err(error) => {
                self.hang_up(&answered.dialog).await;
                return Err(error);
            }
        };
        let talk_began = self.clock.instant();
        // A BYE that came on the heels of the 200 was seen while dialling; its state is not told twice.
        let over = matches!(answered.dialog.state(), DialogState::Terminated(..));
        let formats = formats(&media);
        let voice = caller::Voice {
            sound: &plan.sound,
            keys: &keys,
            formats,
            hang_up: plan.hang_up,
            start: (rand::random(), rand::random(), rand::random()),
            sends: media.direction.we_send(),
        };
        let mut line = RtpLine { socket: &socket, media: &media, heard: Heard::new(formats, plan.record) };
        let hung_up = line::peer_hangs_up(&mut answered.states, over);
        let talk = caller::hold(voice, &mut line, hung_up, &stop, &mut progress).await;
        let talk_ms = millis(self.clock.instant() - talk_began);
        self.hang_up(&answered.dialog).await;
        let (packets_received, heard) = line.heard.finish();
        Ok(CallReport {
            status: answered.response.status_code.code(),
            setup_ms,
            talk_ms,
            packets_sent: talk.packets_sent,
            packets_received,
            heard,
            ended_by_peer: talk.ended_by_peer,
        })
    }

    /// From INVITE to the 2xx.
    async fn dial(
        &self,
        plan: &CallPlan,
        socket: &UdpSocket,
        stop: &CancellationToken,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Answered, CallerError> {
        let target = || plan.target.clone();
        let no_answer = |reason: String| CallerError::NoAnswer { target: target(), reason };
        let option = self.invite(plan, socket)?;
        let (state_sender, mut states) = self.dialogs.new_dialog_state_channel();
        let (dialog, mut final_response) =
            self.dialogs.do_invite_async(option, state_sender).map_err(|e| no_answer(e.to_string()))?;

        let mut deadline = std::pin::pin!(tokio::time::sleep(SETUP));
        let mut cancelled = false;
        let mut ringing = false;
        let outcome = loop {
            tokio::select! {
                // States first: the 180 must be told before the 200 that came with it.
                biased;
                Some(state) = states.recv() => {
                    if matches!(state, DialogState::Early(..)) && !ringing {
                        ringing = true;
                        progress(Progress::Ringing);
                    }
                }
                outcome = &mut final_response => break outcome,
                () = stop.cancelled(), if !cancelled => {
                    cancelled = true;
                    give_up(&dialog).await;
                    deadline.as_mut().reset(tokio::time::Instant::from_std(self.clock.instant() + FAREWELL));
                }
                () = &mut deadline => {
                    final_response.abort();
                    if cancelled {
                        return Err(CallerError::Stopped { target: target() });
                    }
                    return Err(no_answer(format!("no final response within {} s", SETUP.as_secs())));
                }
            }
        };
        let response = match outcome {
            Ok(Ok((_, Some(response)))) => response,
            _ if cancelled => return Err(CallerError::Stopped { target: target() }),
            Ok(Ok((_, None))) => return Err(no_answer("the transaction timed out".into())),
            Ok(Err(e)) => return Err(no_answer(e.to_string())),
            Err(e) => return Err(no_answer(e.to_string())),
        };
        if cancelled {
            return Err(CallerError::Stopped { target: target() });
        }
        if response.status_code.kind() != StatusCodeKind::Successful {
            let (status, reason) = (response.status_code.code(), response.status_code.text().to_owned());
            return Err(CallerError::Refused { target: target(), status, reason });
        }
        Ok(Answered { dialog, response, states })
    }

    fn invite(&self, plan: &CallPlan, socket: &UdpSocket) -> Result<InviteOption, CallerError> {
        let wrong_target = || CallerError::Target { target: plan.target.clone() };
        let callee = Uri::try_from(plan.target.as_str()).map_err(|_| wrong_target())?;
        if !plan.target.to_ascii_lowercase().starts_with("sip:") || plan.target.contains(['\r', '\n', ' ']) {
            return Err(wrong_target());
        }
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
        if plan.from_user.is_empty() || !plan.from_user.chars().all(named) {
            return Err(CallerError::FromUser { from_user: plan.from_user.clone() });
        }
        let own = |address: String| Uri::try_from(address).map_err(|_| wrong_target());
        let caller = own(format!("sip:{}@{}", plan.from_user, self.local.ip()))?;
        let tcp = callee.params.iter().any(|p| matches!(p, rsipstack::sip::Param::Transport(Transport::Tcp)));
        let transport = if tcp { ";transport=tcp" } else { "" };
        let contact = own(format!("sip:{}@{}{transport}", plan.from_user, self.local))?;
        let local_rtp = socket
            .local_addr()
            .map_err(|e| CallerError::Socket { local_ip: self.local.ip(), reason: e.to_string() })?;
        let ids = SessionIds { id: u64::from(rand::random::<u32>()), version: 1 };
        Ok(InviteOption {
            caller,
            callee,
            contact,
            offer: Some(sdp::offer(&[plan.sound.codec()], local_rtp, ids).into_bytes()),
            ..InviteOption::default()
        })
    }

    /// BYE when the dialog still stands, and its place in the stack is freed in any case.
    async fn hang_up(&self, dialog: &InviteDialog) {
        if let Ok(Err(error)) = tokio::time::timeout(FAREWELL, dialog.bye()).await {
            tracing::debug!(%error, "the peer did not take our BYE");
        }
        self.dialogs.remove_dialog(&dialog.id());
    }
}

struct Answered {
    dialog: InviteDialog,
    response: Response,
    states: DialogStateReceiver,
}

/// CANCEL; the stack waits for the first provisional response when there was none (RFC 3261 section 9.1).
async fn give_up(dialog: &InviteDialog) {
    if let Ok(Err(error)) = tokio::time::timeout(FAREWELL, dialog.cancel()).await {
        tracing::debug!(%error, "the peer did not take our CANCEL");
    }
}

fn agreed(plan: &CallPlan, response: &Response, keys: &[u8]) -> Result<MediaPlan, CallerError> {
    let media = Offer::parse(&response.body)
        .and_then(|answer| answer.agreed(&[plan.sound.codec()]))
        .map_err(|source| CallerError::Answer { target: plan.target.clone(), source })?;
    if !keys.is_empty() && media.dtmf_payload_type.is_none() {
        return Err(CallerError::NoKeys { target: plan.target.clone() });
    }
    Ok(media)
}

fn formats(media: &MediaPlan) -> Formats {
    Formats { codec: media.codec, payload_type: media.payload_type, keys: media.dtmf_payload_type }
}

async fn serve(endpoint: EndpointInnerRef) {
    if let Err(error) = endpoint.serve().await {
        tracing::warn!(%error, "the caller's SIP endpoint stopped");
    }
}

/// Hands requests inside our dialogs to them; nobody can call this phone.
async fn receive(mut incoming: TransactionReceiver, dialogs: Arc<DialogLayer>) {
    while let Some(mut transaction) = incoming.recv().await {
        let known = dialogs.match_dialog(&transaction);
        tokio::spawn(async move {
            let in_dialog = transaction.original.to_header().is_ok_and(|to| matches!(to.tag(), Ok(Some(_))));
            let outcome = match known {
                Some(mut dialog) => dialog.handle(&mut transaction).await,
                None if in_dialog => transaction.reply(StatusCode::CallTransactionDoesNotExist).await,
                None if transaction.original.method == Method::Ack => Ok(()),
                None => transaction.reply(StatusCode::TemporarilyUnavailable).await,
            };
            if let Err(error) = outcome {
                tracing::debug!(%error, "a request to the caller was not answered");
            }
        });
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
