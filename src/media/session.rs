//! The one task of a call's media: packets, a 20 ms tick and commands, joined to the pure parts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::handoff::Handoff;
use super::inbound::Inbound;
use super::path::{Arrival, Path};
use super::sender::Sender;
use super::{MediaEvent, MediaStats, Prompt};
use crate::call::{Direction, MediaPlan, MediaTime};
use crate::config::limits;
use crate::ingress::{LinkEvent, LinkPacket};
use crate::ops::clock::Clock;

const TICK: Duration = Duration::from_millis(20);
/// Commands waiting for the task, which takes them at once; far above what a call sends.
const COMMANDS: usize = 64;
/// Packets read in a row before the tick gets its turn, so that a flood cannot hold up the call.
const BURST: usize = 64;
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
    Away(bool),
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
        path: impl Into<Path>,
        plan: MediaPlan,
        rules: MediaRules,
        clock: Clock,
    ) -> (Self, mpsc::Receiver<MediaEvent>) {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (events, receiver) = mpsc::channel(limits::FRAME_QUEUE);
        let start = clock.instant();
        let path = path.into();
        // What is said before a link is up is heard by nobody: the prompts wait.
        let (sender, coming_up) = match &path {
            Path::Ports(_) => (Sender::new(&plan, rand::random()), None),
            Path::Link(link) => {
                let silent = MediaPlan { direction: Direction::Inactive, ..plan.clone() };
                (Sender::new(&silent, link.ssrc).sparse(), Some(plan.clone()))
            }
        };
        let work = Work {
            inbound: Inbound::new(plan, rules, sender.ssrc()),
            sender,
            coming_up,
            handoff: Handoff::new(events),
            events: VecDeque::new(),
            clock,
            start,
            packets_sent: 0,
            send_failures: 0,
        };
        let task = tokio::spawn(work.run(path, inbox));
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

    /// The caller is being passed on, or not any more: may they be silent?
    pub fn away(&self, away: bool) {
        self.command(Command::Away(away));
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
    /// The plan of a link that is not up yet.
    coming_up: Option<MediaPlan>,
    handoff: Handoff,
    events: VecDeque<MediaEvent>,
    clock: Clock,
    start: Instant,
    packets_sent: u64,
    send_failures: u64,
}

impl Work {
    async fn run(mut self, mut path: Path, mut inbox: mpsc::Receiver<Command>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let reply = loop {
            tokio::select! {
                ready = path.ready() => path.read(ready, BURST, |arrival| self.receive(arrival)),
                _ = tick.tick() => self.tick(&path),
                command = inbox.recv() => match command {
                    Some(Command::Close(reply)) => break Some(reply),
                    Some(command) => self.obey(command),
                    None => break None,
                },
            }
            self.handoff.offer(&mut self.events);
        };
        path.read_last(limits::JITTER_RING, |arrival| self.receive(arrival)).await;
        let goodbye = self.inbound.goodbye(self.sender.sent(self.now()), self.now());
        path.send_report(&goodbye, self.inbound.rtcp_target());
        self.finish(reply).await;
        drop(path);
    }

    fn receive(&mut self, arrival: Arrival<'_>) {
        let now = self.now();
        match arrival {
            Arrival::Rtp(datagram, from) => self.inbound.rtp(datagram, from, now, &mut self.events),
            Arrival::Rtcp(datagram, from) => self.inbound.rtcp(datagram, from, now),
            Arrival::Link(LinkEvent::Packet(LinkPacket::Rtp(packet))) => {
                self.inbound.carried(&packet, now, &mut self.events);
            }
            Arrival::Link(LinkEvent::Packet(LinkPacket::Rtcp(packet))) => self.inbound.carried_rtcp(&packet, now),
            Arrival::Link(LinkEvent::Up) => {
                if let Some(plan) = self.coming_up.take() {
                    self.sender.update(&plan);
                }
            }
        }
    }

    fn tick(&mut self, path: &Path) {
        let now = self.now();
        self.inbound.tick(now, &mut self.events);
        let target = self.inbound.target();
        for _ in 0..self.sender.due(now) {
            let slot = self.sender.slot();
            if let Some(datagram) = slot.datagram {
                if path.send(datagram, target) {
                    self.packets_sent += 1;
                } else {
                    self.send_failures += 1;
                }
            }
            if let Some(run) = slot.run_done {
                self.events.push_back(MediaEvent::PromptsDone { run, at: media_time(now) });
            }
        }
        if let Some(report) = self.inbound.report(self.sender.sent(now), now) {
            path.send_report(&report, self.inbound.rtcp_target());
        }
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
            Command::Away(away) => self.inbound.set_away(away, now),
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
