//! The talking part of a call: both directions of the sound and the wait for the end.

use std::future::Future;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::speaker::Speaker;
use super::{Formats, HangUp, Progress, Sound};

/// How long we wait for the other side to hang up after the last sound: its silence rules and its goodbye fit in.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What carries the sound of one call.
pub(in crate::ingress) trait Line {
    /// Sends one RTP packet; whether it left.
    fn send(&mut self, packet: Vec<u8>) -> impl Future<Output = bool> + Send;
    /// Takes in what has arrived. Called once a packet time.
    fn listen(&mut self) {}
}

/// What is said, and how.
pub(in crate::ingress) struct Voice<'a> {
    pub sound: &'a Sound,
    pub keys: &'a [u8],
    pub formats: Formats,
    pub hang_up: HangUp,
    /// SSRC, sequence number and timestamp of the first packet: random (RFC 3550 section 5.1).
    pub start: (u32, u16, u32),
    /// `false`: the other side wants nothing; we only keep time.
    pub sends: bool,
}

pub(in crate::ingress) struct Outcome {
    pub packets_sent: u64,
    pub ended_by_peer: bool,
}

/// Speaks and listens until the plan, the peer (`ended`) or `stop` ends the call.
pub(in crate::ingress) async fn hold(
    voice: Voice<'_>,
    line: &mut impl Line,
    ended: impl Future<Output = ()>,
    stop: &CancellationToken,
    progress: &mut (impl FnMut(Progress) + Send),
) -> Outcome {
    let mut speaker = Speaker::new(voice.sound, voice.keys, voice.formats, voice.start);
    let mut packets_sent = 0;
    // One interval for the whole call keeps its deadlines on a fixed grid; a late tick is made up for, so the
    // stream never drifts against the clock.
    let packet_time = Duration::from_millis(u64::from(voice.sound.ptime_ms()));
    let mut ticks = tokio::time::interval(packet_time);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut left: Option<u128> = None;
    let mut ended = std::pin::pin!(ended);
    let ended_by_peer = loop {
        // What has come is read once a packet time: a caller in a hurry has nothing from it, and a load test would
        // pay twice as many wake-ups.
        tokio::select! {
            biased;
            () = &mut ended => break true,
            () = stop.cancelled() => break false,
            _ = ticks.tick() => {
                match &mut left {
                    Some(0) => break false,
                    Some(ticks) => *ticks -= 1,
                    None => {}
                }
                let tick = speaker.next();
                if voice.sends {
                    for packet in tick.packets {
                        packets_sent += u64::from(line.send(packet).await);
                    }
                }
                if tick.finished_now {
                    progress(Progress::AudioDone);
                    left = Some(linger(voice.hang_up).as_millis() / packet_time.as_millis().max(1));
                }
                line.listen();
            }
        }
    };
    line.listen();
    Outcome { packets_sent, ended_by_peer }
}

fn linger(hang_up: HangUp) -> Duration {
    match hang_up {
        HangUp::AfterAudio { linger_ms } => Duration::from_millis(linger_ms),
        HangUp::WhenPeerDoes => PATIENCE,
    }
}
