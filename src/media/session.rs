//! The one task of a call's media: sockets, a 20 ms tick and commands, joined to the pure parts.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::handoff::Handoff;
use super::inbound::Inbound;
use super::ports::RtpPorts;
use super::sender::Sender;
use super::{MediaEvent, MediaStats, Prompt};
use crate::call::{MediaPlan, MediaTime};
use crate::config::limits;
use crate::ops::clock::Clock;

const TICK: Duration = Duration::from_millis(20);
/// Commands waiting for the task, which takes them at once; far above what a call sends.
const COMMANDS: usize = 64;
/// Largest datagram read whole; an RTP packet of a call fits an Ethernet frame. On the stack, so that a waiting call
/// holds no buffer.
const DATAGRAM: usize = 2_048;
/// Packets read in a row before the tick gets its turn, so that a flood cannot hold up the call.
const BURST: usize = 64;
/// How long the end of a call waits to be told of a last packet.
const LAST_LOOK: Duration = Duration::from_millis(2);
/// How long `close` waits for a pipeline that does not take the last frames.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// What a call's media may do, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaRules {
    /// No RTP since the start.
    pub no_media: Duration,
    /// RTP and RTCP stopped.
    pub media_lost: Duration,
    /// A caller whose SDP address is silent may be heard from where its signalling comes from.
    pub nat_learning: bool,
}

impl Default for MediaRules {
    fn default() -> Self {
        Self { no_media: limits::NO_MEDIA, media_lost: limits::MEDIA_LOST, nat_learning: true }
    }
}

enum Command {
    Play(u64, Vec<Arc<Prompt>>),
    StopPlaying,
    Update(MediaPlan),
    Close(oneshot::Sender<MediaStats>),
}

/// Handle of a running media task. Dropping it ends the task and returns the ports to drain.
pub struct MediaSession {
    commands: mpsc::Sender<Command>,
    /// Runs of prompts so far.
    runs: AtomicU64,
    task: JoinHandle<()>,
}

impl MediaSession {
    /// Starts receiving and sending; this moment is media time zero. Call it from within the runtime.
    pub fn start(
        ports: RtpPorts,
        plan: MediaPlan,
        rules: MediaRules,
        clock: Clock,
    ) -> (Self, mpsc::Receiver<MediaEvent>) {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (events, receiver) = mpsc::channel(limits::FRAME_QUEUE);
        let start = clock.instant();
        let sender = Sender::new(&plan);
        let work = Work {
            inbound: Inbound::new(plan, rules, sender.ssrc()),
            sender,
            handoff: Handoff::new(events),
            events: VecDeque::new(),
            clock,
            start,
            packets_sent: 0,
            send_failures: 0,
        };
        let task = tokio::spawn(work.run(ports, inbox));
        (Self { commands, runs: AtomicU64::new(0), task }, receiver)
    }

    /// Queues a run of prompts behind those that play and returns its number, which `PromptsDone` names when the
    /// run was said to its end. Each run has a higher number than the one before; no prompts are said at once.
    pub fn play(&self, prompts: Vec<Arc<Prompt>>) -> u64 {
        let run = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        self.command(Command::Play(run, prompts));
        run
    }

    /// Silences the prompts and forgets those queued: no `PromptsDone` follows for them.
    pub fn stop_playing(&self) {
        self.command(Command::StopPlaying);
    }

    /// The agreed media changed (re-INVITE).
    pub fn update(&self, plan: MediaPlan) {
        self.command(Command::Update(plan));
    }

    /// Ends the session: the remaining frames go to the channel, which then closes; read it to its end.
    pub async fn close(&self) -> MediaStats {
        let (reply, stats) = oneshot::channel();
        if self.commands.send(Command::Close(reply)).await.is_err() {
            return MediaStats::default();
        }
        stats.await.unwrap_or_default()
    }

    fn command(&self, command: Command) {
        if self.commands.try_send(command).is_err() {
            tracing::error!("media command dropped: the media task ended or is stuck");
            metrics::counter!("heardline_media_commands_dropped_total").increment(1);
        }
    }
}

impl Drop for MediaSession {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Work {
    inbound: Inbound,
    sender: Sender,
    handoff: Handoff,
    events: VecDeque<MediaEvent>,
    clock: Clock,
    start: Instant,
    packets_sent: u64,
    send_failures: u64,
}

impl Work {
    async fn run(mut self, ports: RtpPorts, mut inbox: mpsc::Receiver<Command>) {
        let (Some(rtp), Some(rtcp)) = (ports.rtp(), ports.rtcp()) else { return };
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let reply = loop {
            tokio::select! {
                // An error here comes again when the socket is read, and is an ICMP answer to something we sent.
                _ = rtp.readable() => self.receive(rtp, false, BURST),
                _ = rtcp.readable() => self.receive(rtcp, true, BURST),
                _ = tick.tick() => self.tick(rtp, rtcp),
                command = inbox.recv() => match command {
                    Some(Command::Close(reply)) => break Some(reply),
                    Some(command) => self.obey(command),
                    None => break None,
                },
            }
            self.handoff.offer(&mut self.events);
        };
        // What already arrived belongs to the call, also what the runtime has not yet told of; a flood does not keep
        // it from ending.
        let _ = tokio::time::timeout(LAST_LOOK, rtp.readable()).await;
        self.receive(rtp, false, limits::JITTER_RING);
        let goodbye = self.inbound.goodbye(self.sender.sent(self.now()), self.now());
        self.send_report(&goodbye, rtp, rtcp);
        self.finish(reply).await;
        drop(ports);
    }

    /// Reads what waits in a socket, `most` datagrams at once.
    fn receive(&mut self, socket: &UdpSocket, is_rtcp: bool, most: usize) {
        let mut buffer = [0; DATAGRAM];
        for _ in 0..most {
            let (length, from) = match socket.try_recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // An ICMP answer to something we sent; the socket goes on.
                Err(_) => continue,
            };
            let (datagram, now) = (buffer.get(..length).unwrap_or(&[]), self.now());
            if is_rtcp {
                self.inbound.rtcp(datagram, from, now);
            } else {
                self.inbound.rtp(datagram, from, now, &mut self.events);
            }
        }
    }

    fn tick(&mut self, rtp: &UdpSocket, rtcp: &UdpSocket) {
        let now = self.now();
        self.inbound.tick(now, &mut self.events);
        let target = reachable(self.inbound.target(), rtp);
        for _ in 0..self.sender.due(now) {
            let slot = self.sender.slot();
            if let Some(datagram) = slot.datagram {
                match rtp.try_send_to(datagram, target) {
                    Ok(_) => self.packets_sent += 1,
                    Err(_) => self.send_failures += 1,
                }
            }
            if let Some(run) = slot.run_done {
                self.events.push_back(MediaEvent::PromptsDone { run, at: media_time(now) });
            }
        }
        if let Some(report) = self.inbound.report(self.sender.sent(now), now) {
            self.send_report(&report, rtp, rtcp);
        }
    }

    /// A report the network refuses is followed by the next one.
    fn send_report(&self, report: &[u8], rtp: &UdpSocket, rtcp: &UdpSocket) {
        let Some((target, muxed)) = self.inbound.rtcp_target() else { return };
        let socket = if muxed { rtp } else { rtcp };
        let _ = socket.try_send_to(report, reachable(target, socket));
    }

    fn obey(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Play(run, prompts) => {
                if !self.sender.play(run, prompts) {
                    tracing::error!(run, "prompts dropped: too many are queued");
                }
            }
            Command::StopPlaying => self.sender.stop_playing(),
            Command::Update(plan) => {
                self.sender.update(&plan);
                self.inbound.update(plan, now, &mut self.events);
            }
            Command::Close(_) => {}
        }
    }

    async fn finish(mut self, reply: Option<oneshot::Sender<MediaStats>>) {
        let now = self.now();
        self.inbound.finish(now, &mut self.events);
        self.handoff.offer(&mut self.events);
        let stats = MediaStats {
            overflow_samples: self.handoff.overflow_samples,
            overflow_events: self.handoff.overflow_events,
            packets_sent: self.packets_sent,
            send_failures: self.send_failures,
            ..self.inbound.stats()
        };
        count(&stats);
        if tokio::time::timeout(CLOSE_WAIT, self.handoff.finish()).await.is_err() {
            tracing::error!("the call's last frames were not taken");
        }
        if let Some(reply) = reply {
            // The closer may have gone; the stats are in the metrics as well.
            let _ = reply.send(stats);
        }
    }

    fn now(&self) -> Duration {
        self.clock.instant().saturating_duration_since(self.start)
    }
}

/// A socket of both families names IPv4 peers as `::ffff:a.b.c.d`.
fn reachable(target: SocketAddr, socket: &UdpSocket) -> SocketAddr {
    match (target, socket.local_addr()) {
        (SocketAddr::V4(v4), Ok(SocketAddr::V6(_))) => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
        _ => target,
    }
}

fn media_time(now: Duration) -> MediaTime {
    MediaTime(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}

fn count(stats: &MediaStats) {
    let by_fate = [
        ("received", stats.packets_received),
        ("lost", stats.packets_lost),
        ("late", stats.packets_late),
        ("duplicate", stats.duplicates),
        ("wrong_source", stats.wrong_source),
        ("malformed", stats.malformed),
        ("unknown_payload", stats.unknown_payload),
        ("bad_payload", stats.bad_payload),
        ("while_held", stats.while_held),
    ];
    for (fate, count) in by_fate {
        metrics::counter!("heardline_media_packets_total", "fate" => fate).increment(count);
    }
    metrics::counter!("heardline_media_packets_sent_total").increment(stats.packets_sent);
    metrics::counter!("heardline_media_rtcp_received_total").increment(stats.rtcp_received);
    let seconds = |micros: u64| Duration::from_micros(micros).as_secs_f64();
    if stats.packets_received > 0 {
        metrics::histogram!("heardline_media_jitter_seconds").record(seconds(stats.jitter_mean_us));
        let concealed = MediaTime::from_samples(stats.concealed_samples, stats.rate).as_millis();
        metrics::histogram!("heardline_media_concealed_seconds").record(Duration::from_millis(concealed).as_secs_f64());
    }
    if let Some(trip) = stats.round_trip_us {
        metrics::histogram!("heardline_media_round_trip_seconds").record(seconds(trip));
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
