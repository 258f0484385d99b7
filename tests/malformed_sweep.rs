//! Thousands of malformed INVITEs at a real gateway, each followed by a control request: none may be missed, nothing
//! may panic, no memory may be kept.

#[path = "malformed/cases.rs"]
mod cases;
mod common;
#[path = "malformed/served.rs"]
mod served;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use tokio::net::UdpSocket;

use cases::Case;
use common::raw_phone::{Message, follow};
use common::{DEADLINE, LOOPBACK};
use served::Served;

/// As many as the oldest public test suite for SIP parsers has.
const AT_LEAST: usize = 4_527;
/// Control requests on their way at once.
const WINDOW: usize = 16;
/// The gateway has said all it has to say.
const QUIET: Duration = Duration::from_millis(100);
const MAX_GROWTH_KB: u64 = 5 * 1024;

struct Sweep {
    socket: UdpSocket,
    local: std::net::SocketAddr,
    sent: usize,
    open: HashSet<usize>,
    /// Calls that came about: their Call-ID, so that a 200 sent twice is hung up once.
    accepted: HashSet<String>,
    answers: BTreeMap<u16, usize>,
}

impl Sweep {
    async fn new(gateway: &Served) -> Self {
        let socket = UdpSocket::bind((LOOPBACK, 0)).await.expect("a port");
        socket.connect(gateway.sip).await.expect("loopback");
        let local = socket.local_addr().expect("its address");
        Self { socket, local, sent: 0, open: HashSet::new(), accepted: HashSet::new(), answers: BTreeMap::new() }
    }

    /// Sends the cases, a control request behind each, and waits until every control has its 200.
    async fn run(&mut self, cases: &[Case]) {
        for case in cases {
            self.socket.send(&case.bytes).await.unwrap_or_else(|error| panic!("{}: {error}", case.name));
            self.sent += 1;
            let control = self.control(self.sent);
            self.socket.send(control.as_bytes()).await.expect("the control request leaves");
            self.open.insert(self.sent);
            while self.open.len() >= WINDOW {
                self.read(&case.name).await;
            }
        }
        while !self.open.is_empty() {
            self.read("the last case").await;
        }
    }

    fn control(&self, number: usize) -> String {
        let local = self.local;
        format!(
            "OPTIONS sip:control@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKcontrol-{number}-\r\n\
             Max-Forwards: 70\r\nFrom: <sip:control@{local}>;tag=c\r\nTo: <sip:control@127.0.0.1>\r\n\
             Call-ID: control-{number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    }

    async fn read(&mut self, near: &str) {
        let mut buffer = vec![0; 65_535];
        let length = tokio::time::timeout(DEADLINE, self.socket.recv(&mut buffer))
            .await
            .unwrap_or_else(|_| panic!("near {near}: controls missed: {:?}", self.open))
            .expect("the gateway listens");
        let message = Message { text: String::from_utf8_lossy(&buffer[..length]).into_owned() };
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
        self.socket.send(ack.as_bytes()).await.expect("the ACK leaves");
        if accepted && self.accepted.insert(message.header("Call-ID").unwrap_or_default().to_owned()) {
            let bye = follow(&message, "BYE", Some(&format!("bye{}", self.accepted.len())));
            self.socket.send(bye.as_bytes()).await.expect("the BYE leaves");
        }
    }
}

impl Sweep {
    /// Hangs up what is still being answered, until every call that came about has ended and been written down.
    async fn ended(&mut self, gateway: &Served) -> usize {
        let all = async {
            loop {
                while tokio::time::timeout(QUIET, self.read("the end")).await.is_ok() {}
                if let (all, 0) = gateway.calls().await {
                    return all;
                }
            }
        };
        tokio::time::timeout(DEADLINE, all).await.expect("every call ends")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_malformed_invite_silences_the_gateway_ends_it_or_stays_in_its_memory() {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let mut gateway = Served::start();
    let mut sweep = Sweep::new(&gateway).await;
    println!("seed {seed}; {} kB at the start", gateway.resident_kb());
    // The first pass fills what is kept for a while on purpose: transactions for 32 s, buffers, the store's cache.
    let mut resident = Vec::new();
    for pass in 0..2 {
        let mut cases = cases::all(pass * 10_000);
        assert!(cases.len() >= AT_LEAST);
        cases.shuffle(&mut random);
        sweep.run(&cases).await;
        let calls = sweep.ended(&gateway).await;
        resident.push(gateway.resident_kb());
        println!("{} cases: {resident:?} kB; {calls} calls came about; answers: {:?}", cases.len(), sweep.answers);
        assert!(calls >= 100, "the sound parts of the sweep are no longer accepted: {calls} calls");
        gateway.assert_unharmed();
    }
    let grown = resident[1].saturating_sub(resident[0]);
    assert!(grown <= MAX_GROWTH_KB, "{grown} kB kept");
}
