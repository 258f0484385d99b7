//! Thousands of malformed INVITEs at a real gateway, each followed by a control request: none may be missed, nothing
//! may panic, no memory may be kept.

#[path = "malformed/cases.rs"]
mod cases;
mod common;

use std::collections::{BTreeMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use cases::Case;
use common::DEADLINE;
use common::raw_phone::{Message, follow};
use common::served::Served;
use heardline::ops::clock::Clock;
use tempfile::TempDir;

/// As many as the oldest public test suite for SIP parsers has.
const AT_LEAST: usize = 4_527;
/// Last parts of the addresses we speak from.
const HOSTS: std::ops::RangeInclusive<u8> = 2..=33;
/// Control requests on their way at once.
const WINDOW: usize = 16;
/// RFC 3261 section 17.2.2: a server transaction is remembered 64*T1 = 32 s; a pass more, so that none is still filling up.
const TRANSACTIONS_END: Duration = Duration::from_secs(40);
/// By then every buffer and cache is full, on a slow machine too: four or five passes were measured. What is kept of
/// each request never is.
const MOST_PASSES: usize = 14;
/// The gateway has said all it has to say.
const QUIET: Duration = Duration::from_millis(100);
/// Over two passes.
const MAX_GROWTH_KB: u64 = 5 * 1024;

struct Sweep<'a> {
    gateway: &'a Served,
    /// Each is a host of its own, so that none goes faster than one may.
    hosts: Vec<Arc<UdpSocket>>,
    /// What the gateway says, and which host it says it to.
    heard: UnboundedReceiver<(usize, Message)>,
    sent: usize,
    open: HashSet<usize>,
    /// Calls that came about: their To, so that a 200 sent twice is hung up once.
    accepted: HashSet<String>,
    answers: BTreeMap<u16, usize>,
}

impl<'a> Sweep<'a> {
    async fn new(gateway: &'a Served) -> Self {
        let (tell, heard) = unbounded_channel();
        let mut hosts = Vec::new();
        for (index, number) in HOSTS.enumerate() {
            let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, number), 0)).await.expect("a port");
            socket.connect(gateway.sip).await.expect("loopback");
            let socket = Arc::new(socket);
            hosts.push(socket.clone());
            tokio::spawn(listen(index, socket, tell.clone()));
        }
        let (open, accepted, answers) = (HashSet::new(), HashSet::new(), BTreeMap::new());
        Self { gateway, hosts, heard, sent: 0, open, accepted, answers }
    }

    async fn send(&self, host: usize, bytes: &[u8]) {
        self.hosts[host].send(bytes).await.expect("the datagram leaves");
    }

    /// Sends the cases, a control request behind each, and waits until every control has its 200.
    async fn run(&mut self, cases: &[Case]) {
        for case in cases {
            self.sent += 1;
            let host = self.sent % self.hosts.len();
            self.send(host, &case.bytes).await;
            self.send(host, control(self.sent).as_bytes()).await;
            self.open.insert(self.sent);
            while self.open.len() >= WINDOW {
                self.read(&case.name).await;
            }
        }
        while !self.open.is_empty() {
            self.read("the last case").await;
        }
    }

    async fn read(&mut self, near: &str) {
        let heard = tokio::time::timeout(DEADLINE, self.heard.recv()).await;
        let Ok(Some((host, message))) = heard else {
            let said = self.gateway.said();
            let trouble: Vec<_> = said.lines().filter(|line| !line.contains(" INFO ")).collect();
            panic!("near {near}: controls missed: {:?}; the gateway said {trouble:#?}", self.open)
        };
        let Some(status) = message.status().filter(|status| *status >= 200) else { return };
        let branch = message.header("Via").and_then(|via| via.split("branch=z9hG4bKcontrol-").nth(1));
        if let Some(number) = branch.and_then(|rest| rest.split('-').next()?.parse().ok()) {
            assert_eq!(status, 200, "the control request after case {number}");
            self.open.remove(&number);
            return;
        }
        *self.answers.entry(status).or_default() += 1;
        if !message.answers("INVITE") {
            return;
        }
        let accepted = status == 200;
        let ack = follow(&message, "ACK", accepted.then_some("ack"));
        self.send(host, ack.as_bytes()).await;
        // Our tag in To names the call; the Call-ID may be what is broken.
        if accepted && self.accepted.insert(message.header("To").unwrap_or_default().to_owned()) {
            let bye = follow(&message, "BYE", Some(&format!("bye{}", self.accepted.len())));
            self.send(host, bye.as_bytes()).await;
        }
    }
}

impl Sweep<'_> {
    /// Hangs up what is still being answered, until every call that came about has ended and been written down.
    async fn ended(&mut self, gateway: &Served) -> usize {
        let all = async {
            loop {
                while tokio::time::timeout(QUIET, self.read("the end")).await.is_ok() {}
                if let (all, 0) = calls(gateway).await {
                    return all;
                }
            }
        };
        tokio::time::timeout(DEADLINE, all).await.expect("every call ends")
    }
}

async fn listen(index: usize, socket: Arc<UdpSocket>, tell: UnboundedSender<(usize, Message)>) {
    let mut buffer = vec![0; 65_535];
    while let Ok(length) = socket.recv(&mut buffer).await {
        let message = Message { text: String::from_utf8_lossy(&buffer[..length]).into_owned() };
        if tell.send((index, message)).is_err() {
            return;
        }
    }
}

fn control(number: usize) -> String {
    format!(
        "OPTIONS sip:control@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKcontrol-{number}-;rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:control@127.0.0.1>;tag=c\r\nTo: <sip:control@127.0.0.1>\r\n\
         Call-ID: control-{number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

/// How many calls there are, and how many of them have not ended.
async fn calls(gateway: &Served) -> (usize, usize) {
    let (mut all, mut open, mut before) = (0, 0, String::new());
    loop {
        let page = gateway.get(&format!("/api/calls{before}")).await;
        let calls = page["calls"].as_array().expect("calls");
        all += calls.len();
        open += calls.iter().filter(|call| !matches!(call["state"].as_str(), Some("done" | "refused"))).count();
        match page["next"].as_str() {
            Some(next) => before = format!("?before={next}"),
            None => return (all, open),
        }
    }
}

/// Resident memory of the gateway's process, kB.
fn resident_kb(gateway: &Served) -> u64 {
    let pid = gateway.pid().as_raw_nonzero();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the gateway runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_malformed_invite_silences_the_gateway_ends_it_or_stays_in_its_memory() {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let folder = TempDir::new().expect("a folder for the data");
    let gateway = Served::start(folder.path(), "", "", None);
    let mut sweep = Sweep::new(&gateway).await;
    println!("seed {seed}; {} kB at the start", resident_kb(&gateway));
    // What is kept for a while on purpose fills up first: transactions, buffers, the store's cache.
    let clock = Clock::system();
    let filled = clock.instant() + TRANSACTIONS_END;
    let mut resident = Vec::new();
    let grown = loop {
        let mut cases = cases::all(resident.len() * 10_000);
        assert!(cases.len() >= AT_LEAST);
        cases.shuffle(&mut random);
        sweep.run(&cases).await;
        let calls = sweep.ended(&gateway).await;
        assert!(calls >= 100, "the sound parts of the sweep are no longer accepted: {calls} calls");
        resident.push(resident_kb(&gateway));
        let [.., warm, _, end] = resident.as_slice() else { continue };
        let grown = end.saturating_sub(*warm);
        if resident.len() == MOST_PASSES || (clock.instant() > filled && grown <= MAX_GROWTH_KB) {
            println!("{} cases a pass: {resident:?} kB; {calls} calls; answers: {:?}", cases.len(), sweep.answers);
            break grown;
        }
    };
    let said = gateway.said();
    let panics: Vec<_> = said.lines().filter(|line| line.contains("panicked")).collect();
    assert!(panics.is_empty(), "{panics:#?}");
    assert!(grown <= MAX_GROWTH_KB, "{grown} kB kept in the last two passes");
}
