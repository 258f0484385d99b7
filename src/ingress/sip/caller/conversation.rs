//! The talking part of a call: both RTP directions and the wait for the end.

use std::time::Duration;

use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver};
use rsipstack::sip::StatusCode;
use tokio::net::UdpSocket;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::heard::Heard;
use super::speaker::Speaker;
use super::{CallPlan, HangUp, Progress};
use crate::call::MediaPlan;

/// How long we wait for the peer's BYE after the last sound: its silence rules and its goodbye fit in.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Largest datagram that is read whole; RTP of 200 ms G.711 has 1,612 bytes.
const DATAGRAM: usize = 2_048;

/// Datagrams read in a row, so that a flood cannot silence the caller.
const MOST_AT_ONCE: usize = 64;

/// What is said, where to, and through what.
pub(super) struct Voice<'a> {
    pub plan: &'a CallPlan,
    pub keys: &'a [u8],
    pub media: &'a MediaPlan,
    pub socket: &'a UdpSocket,
    /// The peer has hung up already.
    pub over: bool,
}

pub(super) struct Talk {
    pub packets_sent: u64,
    pub packets_received: u64,
    pub heard: Vec<i16>,
    pub ended_by_peer: bool,
}

/// Speaks and listens until the plan, the peer or `stop` ends the call. The dialog is not touched.
pub(super) async fn hold(
    voice: Voice<'_>,
    states: &mut DialogStateReceiver,
    stop: &CancellationToken,
    progress: &mut (impl FnMut(Progress) + Send),
) -> Talk {
    let Voice { plan, keys, media, socket, over } = voice;
    let mut speaker = Speaker::new(&plan.sound, keys, media, (rand::random(), rand::random(), rand::random()));
    let mut heard = Heard::new(media, plan.record);
    let mut packets_sent = 0;
    // One interval for the whole call keeps its deadlines on a fixed grid; a late tick is made up for, so the
    // stream never drifts against the clock.
    let packet_time = Duration::from_millis(u64::from(plan.sound.ptime_ms()));
    let mut ticks = tokio::time::interval(packet_time);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut left: Option<u128> = None;
    let mut buffer = [0_u8; DATAGRAM];
    let ended_by_peer = loop {
        // What has come is read once a packet time: a caller in a hurry has nothing from it, and a load test would
        // pay twice as many wake-ups.
        tokio::select! {
            biased;
            () = std::future::ready(()), if over => break true,
            () = stop.cancelled() => break false,
            state = states.recv() => match state {
                Some(DialogState::Terminated(..)) | None => break true,
                Some(state) => answer(state).await,
            },
            _ = ticks.tick() => {
                match &mut left {
                    Some(0) => break false,
                    Some(ticks) => *ticks -= 1,
                    None => {}
                }
                let tick = speaker.next();
                if media.direction.we_send() {
                    packets_sent += send(socket, media, &tick.packets).await;
                }
                if tick.finished_now {
                    progress(Progress::AudioDone);
                    left = Some(linger(plan.hang_up).as_millis() / packet_time.as_millis().max(1));
                }
                listen(socket, media, &mut heard, &mut buffer);
            }
        }
    };
    listen(socket, media, &mut heard, &mut buffer);
    let (packets_received, heard) = heard.finish();
    Talk { packets_sent, packets_received, heard, ended_by_peer }
}

/// Takes in everything that has arrived.
fn listen(socket: &UdpSocket, media: &MediaPlan, heard: &mut Heard, buffer: &mut [u8]) {
    for _ in 0..MOST_AT_ONCE {
        let Ok((length, source)) = socket.try_recv_from(buffer) else { return };
        if source.ip() == media.remote.ip() {
            heard.datagram(buffer.get(..length).unwrap_or_default());
        }
    }
}

fn linger(hang_up: HangUp) -> Duration {
    match hang_up {
        HangUp::AfterAudio { linger_ms } => Duration::from_millis(linger_ms),
        HangUp::WhenPeerDoes => PATIENCE,
    }
}

/// A packet the network refuses (no listener yet, full buffer) is lost like any other.
async fn send(socket: &UdpSocket, media: &MediaPlan, packets: &[Vec<u8>]) -> u64 {
    let mut sent = 0;
    for packet in packets {
        if socket.send_to(packet, media.remote).await.is_ok() {
            sent += 1;
        }
    }
    sent
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
