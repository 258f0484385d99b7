//! Many agents at the desk at once: each has live updates open, takes drafts, reads them and decides them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::Rng as _;
use serde_json::Value;
use tokio::task::JoinSet;

use super::Figure;
use crate::cli::Failure;
use crate::cli::call::percentile;
use crate::ops::clock::Clock;
use crate::ops::outbound::Asker;

/// Each decides one so often: some thirty times as fast as people do.
const PACE: Duration = Duration::from_secs(1);
/// Drafts that each decides.
const DRAFTS: u32 = 20;
/// The last updates are on their way.
const REST: Duration = Duration::from_millis(500);

/// What all of them saw.
#[derive(Default)]
struct Seen {
    /// Microseconds that each request took.
    requests: Vec<u64>,
    /// When each decision was sent.
    decided: HashMap<String, Instant>,
    /// Microseconds until it stood at another desk.
    updates: Vec<u64>,
    lagged: u32,
}

type Shared = Arc<Mutex<Seen>>;

/// How many open drafts so many agents decide.
pub(super) const fn drafts(agents: u32) -> u32 {
    agents.saturating_mul(DRAFTS)
}

/// `Err`: a request was refused. Takes twenty seconds, and as many drafts for each agent from the queue.
pub(super) async fn shift(desk: &Asker, agents: u32) -> Result<Vec<Figure>, Failure> {
    let seen = Shared::default();
    let mut watching = JoinSet::new();
    for _ in 0..agents {
        let (desk, seen) = (desk.clone(), Arc::clone(&seen));
        watching.spawn(async move { desk.follow("/api/events", |line| note(&seen, line)).await });
    }
    let mut working = JoinSet::new();
    for _ in 0..agents {
        working.spawn(work(desk.clone(), Arc::clone(&seen)));
    }
    while let Some(done) = working.join_next().await {
        done.map_err(Failure::new)?.map_err(Failure::new)?;
    }
    tokio::time::sleep(REST).await;
    watching.shutdown().await;
    let mut seen = std::mem::take(&mut *lock(&seen));
    seen.requests.sort_unstable();
    seen.updates.sort_unstable();
    let wanted = u64::from(agents) * u64::from(drafts(agents));
    let note = format!("{agents} agents, each a decision a second");
    let told = format!("{note}; {} of {wanted} updates, {} readers lagged", seen.updates.len(), seen.lagged);
    let figure = |name, micros: &[u64], note| Figure {
        name,
        value: Duration::from_micros(percentile(micros, 95)).as_secs_f64() * 1_000.0,
        unit: "ms",
        landing: 200.0,
        goal: 100.0,
        note,
    };
    Ok(vec![
        figure("agents' requests, p95", &seen.requests, note),
        figure("an update at another desk, p95", &seen.updates, told),
    ])
}

/// One agent's part.
async fn work(desk: Asker, seen: Shared) -> Result<(), String> {
    // Not all in the same moment.
    let late = PACE.mul_f64(rand::rng().random());
    tokio::time::sleep(late).await;
    let mut pace = tokio::time::interval(PACE);
    for _ in 0..DRAFTS {
        pace.tick().await;
        let next = timed(&seen, desk.post("/api/queue/next", None, "")).await?;
        let call = read(&next)?["call"].as_str().ok_or("the queue is empty; ask for more open drafts")?.to_owned();
        let review = timed(&seen, desk.get(&format!("/api/calls/{call}/review"))).await?;
        timed(&seen, desk.get(&format!("/api/calls/{call}"))).await?;
        timed(&seen, desk.get("/api/queue")).await?;
        let revision = read(&review)?["revision"].as_u64();
        lock(&seen).decided.insert(call.clone(), Clock::system().instant());
        let decision = "{\"decision\": \"reject\", \"reason\": \"a made-up call\"}";
        timed(&seen, desk.post(&format!("/api/calls/{call}/decision"), revision, decision)).await?;
    }
    Ok(())
}

async fn timed(seen: &Shared, request: impl Future<Output = Result<Vec<u8>, String>>) -> Result<Vec<u8>, String> {
    let clock = Clock::system();
    let begun = clock.instant();
    let body = request.await?;
    lock(seen).requests.push(micros(clock.instant().duration_since(begun)));
    Ok(body)
}

/// One line of an event stream: a decision that has come to be known, or that this reader was too slow.
fn note(seen: &Shared, line: &str) {
    let mut seen = lock(seen);
    seen.lagged += u32::from(line == "event: lagged");
    let Some(data) = line.strip_prefix("data:") else { return };
    let event: Value = serde_json::from_str(data.trim()).unwrap_or_default();
    let sent = event["call"].as_str().and_then(|call| seen.decided.get(call)).copied();
    if let Some(sent) = sent.filter(|_| event["state"] == "deciding") {
        seen.updates.push(micros(Clock::system().instant().duration_since(sent)));
    }
}

fn lock(seen: &Shared) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn read(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|e| e.to_string())
}
