//! The RTP side of a SIP call, and what its dialog says in the meantime.

use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver};
use rsipstack::sip::StatusCode;
use tokio::net::UdpSocket;

use crate::call::MediaPlan;
use crate::ingress::caller::{Heard, Line};

/// Largest datagram that is read whole; RTP of 200 ms G.711 has 1,612 bytes.
const DATAGRAM: usize = 2_048;
/// Datagrams read in a row, so that a flood cannot silence the caller.
const MOST_AT_ONCE: usize = 64;

/// A socket and the ear behind it.
pub(super) struct RtpLine<'a> {
    pub socket: &'a UdpSocket,
    pub media: &'a MediaPlan,
    pub heard: Heard,
}

impl Line for RtpLine<'_> {
    /// A packet the network refuses (no listener yet, full buffer) is lost like any other.
    async fn send(&mut self, packet: Vec<u8>) -> bool {
        self.socket.send_to(&packet, self.media.remote).await.is_ok()
    }

    fn listen(&mut self) {
        let mut buffer = [0_u8; DATAGRAM];
        for _ in 0..MOST_AT_ONCE {
            let Ok((length, source)) = self.socket.try_recv_from(&mut buffer) else { return };
            if source.ip() == self.media.remote.ip() {
                self.heard.datagram(buffer.get(..length).unwrap_or_default());
            }
        }
    }
}

/// Returns when the peer has hung up; `over`: it has already.
pub(super) async fn peer_hangs_up(states: &mut DialogStateReceiver, over: bool) {
    if over {
        return;
    }
    loop {
        match states.recv().await {
            Some(DialogState::Terminated(..)) | None => return,
            Some(state) => answer(state).await,
        }
    }
}

/// Requests of the peer inside the call. We change nothing once it stands.
async fn answer(state: DialogState) {
    let outcome = match state {
        DialogState::Updated(_, _, handle) => handle.reply(StatusCode::NotAcceptableHere).await,
        DialogState::Info(_, _, handle) | DialogState::Options(_, _, handle) => handle.reply(StatusCode::OK).await,
        _ => Ok(()),
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a request in the caller's dialog was not answered");
    }
}
