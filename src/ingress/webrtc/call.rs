//! One call from a browser: our side of it as [`Signalling`], the browser's as events, from the offer to the close.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::door::{Created, Refused};
use super::peer::{Peer, PeerEvent};
use crate::call::EndCause;
use crate::config::limits;
use crate::ingress::{Refusal, SignalError, SignalEvent, Signalling};

/// What the session's URL is asked for.
#[derive(Debug)]
pub(super) enum Command {
    HangUp,
    /// Candidates the browser found later, with the media line they are for. The answer: how many were taken.
    Candidates(Vec<(String, Option<String>)>, oneshot::Sender<usize>),
}

/// Whoever waits for the answer to the offer, and what it will be.
type Waiting = (oneshot::Sender<Result<Created, Refused>>, Created);

/// Our side of the call.
pub(super) struct WebSignalling {
    waiting: Mutex<Option<Waiting>>,
    answered: Arc<AtomicBool>,
    over: CancellationToken,
}

impl WebSignalling {
    /// `answered` becomes true with the answer; `over` is cancelled when the pipeline ends the call.
    pub fn new(
        reply: oneshot::Sender<Result<Created, Refused>>,
        answer: Created,
        answered: Arc<AtomicBool>,
        over: CancellationToken,
    ) -> Self {
        Self { waiting: Mutex::new(Some((reply, answer))), answered, over }
    }

    /// False when nobody waits any more.
    fn reply(&self, refusal: Option<Refused>) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        waiting.is_some_and(|(reply, answer)| reply.send(refusal.map_or(Ok(answer), Err)).is_ok())
    }
}

#[async_trait]
impl Signalling for WebSignalling {
    /// A browser waits for the answer and hears nothing before it.
    async fn ringing(&self) -> Result<(), SignalError> {
        Ok(())
    }

    async fn answer(&self, _: Option<std::net::SocketAddr>) -> Result<(), SignalError> {
        if !self.reply(None) {
            return Err(SignalError::Cancelled);
        }
        self.answered.store(true, Ordering::Release);
        Ok(())
    }

    async fn refuse(&self, refusal: Refusal) {
        self.reply(Some(match refusal {
            Refusal::Busy => Refused::Busy,
            Refusal::CannotRecord => Refused::CannotRecord,
        }));
        self.over.cancel();
    }

    async fn hang_up(&self, _: EndCause) {
        self.over.cancel();
    }
}

/// The browser's side, until the call is over for either of them. The connection is closed when this returns.
pub(super) async fn watch(
    mut peer: Peer,
    mut commands: mpsc::Receiver<Command>,
    signals: mpsc::Sender<SignalEvent>,
    over: CancellationToken,
) {
    let connected_by = tokio::time::sleep(limits::WEB_CONNECT);
    tokio::pin!(connected_by);
    let mut up = false;
    let news = loop {
        let commanded = tokio::select! {
            () = over.cancelled() => break None,
            // The pipeline is done with the call.
            () = signals.closed() => break None,
            () = &mut connected_by, if !up => break Some(SignalEvent::Failed(EndCause::NoMedia)),
            event = peer.next() => match event {
                PeerEvent::Up => {
                    up = true;
                    continue;
                }
                PeerEvent::Closed => break Some(SignalEvent::HungUp),
                PeerEvent::Failed if up => break Some(SignalEvent::Failed(EndCause::MediaLost)),
                PeerEvent::Failed => break Some(SignalEvent::Failed(EndCause::NoMedia)),
            },
            command = commands.recv() => command,
        };
        match commanded {
            None | Some(Command::HangUp) => {
                // The request may have overtaken the last words.
                tokio::time::sleep(limits::LAST_WORDS).await;
                break Some(SignalEvent::HungUp);
            }
            Some(Command::Candidates(candidates, taken)) => {
                let _nobody_asks = taken.send(add(&mut peer, candidates).await);
            }
        }
    };
    if let Some(news) = news {
        let _pipeline_is_gone = signals.send(news).await;
    }
    peer.close().await;
}

async fn add(peer: &mut Peer, candidates: Vec<(String, Option<String>)>) -> usize {
    let mut taken = 0;
    for (candidate, mid) in candidates {
        match peer.add_candidate(candidate, mid).await {
            Ok(()) => taken += 1,
            Err(error) => tracing::debug!(error, "a candidate was refused"),
        }
    }
    taken
}
