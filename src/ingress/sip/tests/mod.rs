//! A real door on loopback, a scripted caller on a raw socket, and a pipeline that does as the dialled name says.

mod calls;
mod peer;
mod refusals;
mod sessions;
mod torture;
mod transfers;

use std::time::Duration;

use super::*;
use crate::call::EndCause;
use crate::config::limits;
use crate::ingress::{IncomingCall, Refusal, SignalEvent, TransferNews};
use peer::Peer;

/// Ten times what loopback ever needs: reaching it means the event never comes.
const DEADLINE: Duration = Duration::from_secs(10);
const RTP: &str = "127.0.0.1:40000";

fn settings(listen: Vec<SipListen>) -> SipSettings {
    let codecs = vec![Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];
    SipSettings { listen, public_address: None, open: false, trunks: Vec::new(), codecs, tls: None }
}

/// What the pipeline of the test saw.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Call {
        dialled: String,
        transport: String,
        asserted: bool,
    },
    Answered(bool),
    Event(&'static str),
    /// A new agreement: what we speak.
    Codec(Codec),
    /// Whether a transfer could be asked for, and a second one meanwhile.
    Asked(bool, bool),
    Transfer(TransferNews),
    Closed,
}

struct Door {
    addresses: Vec<SipListen>,
    gauge: SipGauge,
    seen: mpsc::UnboundedReceiver<Seen>,
    admission: Admission,
    stop: CancellationToken,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Door {
    async fn open(max_calls: usize) -> Self {
        Self::open_timed(max_calls, Timers::default()).await
    }

    async fn open_timed(max_calls: usize, timers: Timers) -> Self {
        let listen = vec!["udp:127.0.0.1:0".parse().unwrap(), "tcp:127.0.0.1:0".parse().unwrap()];
        let settings = settings(listen);
        let admission = Admission::new(max_calls);
        let stop = CancellationToken::new();
        let door =
            SipDoor::bind_timed(settings, admission.clone(), Clock::system(), stop.clone(), timers).await.unwrap();
        let (incoming, mut calls) = mpsc::channel::<IncomingCall>(8);
        let (tell, seen) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(call) = calls.recv().await {
                tokio::spawn(pipeline(call, tell.clone()));
            }
        });
        let (addresses, gauge) = (door.addresses(), door.gauge());
        door.serve(incoming);
        Self { addresses, gauge, seen, admission, stop }
    }

    async fn caller(&self) -> Peer {
        Peer::udp(self.addresses[0].address()).await
    }

    async fn seen(&mut self) -> Seen {
        tokio::time::timeout(DEADLINE, self.seen.recv()).await.expect("the pipeline saw nothing").unwrap()
    }

    async fn saw_call(&mut self) {
        assert!(matches!(self.seen().await, Seen::Call { .. }));
    }

    /// Waits until no dialog is left; the deadline is the test's failure.
    async fn empties(&self) {
        let empty = async {
            while self.gauge.active() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, empty).await.expect("a dialog was never removed");
    }
}

fn ask(call: &IncomingCall, tell: &mpsc::UnboundedSender<Seen>) {
    let ask = || call.signalling.transfer(transfers::TO).is_ok();
    tell.send(Seen::Asked(ask(), ask())).ok();
}

async fn pipeline(mut call: IncomingCall, tell: mpsc::UnboundedSender<Seen>) {
    let crate::call::Origin::Sip { transport, .. } = call.origin.clone() else { panic!("a SIP call") };
    let dialled = call.dialled.clone().unwrap_or_default();
    let asserted = call.party.asserted.is_some();
    tell.send(Seen::Call { dialled: dialled.clone(), transport, asserted }).ok();
    let rtp: SocketAddr = RTP.parse().unwrap();
    match dialled.as_str() {
        "busy" => return call.signalling.refuse(Refusal::Busy).await,
        "silent" => {}
        "ring" => call.signalling.ringing().await.unwrap(),
        _ => {
            call.signalling.ringing().await.ok();
            tell.send(Seen::Answered(call.signalling.answer(Some(rtp)).await.is_ok())).ok();
        }
    }
    match dialled.as_str() {
        "hangup" => call.signalling.hang_up(EndCause::SystemEnd).await,
        "forget" => return,
        "transfer" => ask(&call, &tell),
        _ => {}
    }
    let mut pending = Vec::new();
    while let Some(event) = call.events.recv().await {
        let name = match event {
            SignalEvent::Cancelled => "cancelled",
            SignalEvent::HungUp => "hung up",
            SignalEvent::Dtmf('#') => "hash",
            SignalEvent::Updated { plan, answer } => {
                if dialled == "slow" {
                    tell.send(Seen::Event("resumed")).ok();
                    pending.push(answer);
                    continue;
                }
                if dialled != "fixed" {
                    answer.send(rtp).ok();
                }
                if dialled == "codec" {
                    tell.send(Seen::Codec(plan.codec)).ok();
                    continue;
                }
                if plan.direction.we_send() { "resumed" } else { "held" }
            }
            SignalEvent::Transfer(news) => {
                let done = news == TransferNews::Done;
                tell.send(Seen::Transfer(news)).ok();
                if done {
                    call.signalling.hang_up(EndCause::Transferred).await;
                }
                continue;
            }
            SignalEvent::Dtmf('*') => {
                ask(&call, &tell);
                continue;
            }
            SignalEvent::Failed(cause) => {
                tell.send(Seen::Event("failed")).ok();
                call.signalling.hang_up(cause).await;
                continue;
            }
            SignalEvent::Dtmf(_) => "digit",
        };
        tell.send(Seen::Event(name)).ok();
    }
    tell.send(Seen::Closed).ok();
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let taken = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let listen: SipListen = format!("udp:{}", taken.local_addr().unwrap()).parse().unwrap();
    let bound =
        SipDoor::bind(settings(vec![listen]), Admission::new(1), Clock::system(), CancellationToken::new()).await;
    let message = bound.err().unwrap().to_string();
    assert!(message.contains(&listen.to_string()) && message.contains("[sip] listen"), "{message}");
}
