//! A bad network between real sockets: a relay for one SIP call over UDP that puts itself into the path of its sound.
//!
//! The relay stands where the caller dials. In the INVITE and in its 200 it replaces the port of the audio line by one
//! of its own; what the caller then says goes through the [`Link`], what the gateway says goes straight through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::LOOPBACK;
use super::link::{Link, LinkPlan};

pub struct FaultyLine {
    /// Where the caller dials.
    pub port: u16,
    counts: Arc<Counts>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Counts {
    carried: AtomicU64,
    dropped: AtomicU64,
}

/// Where each side wants its sound, as its SDP says.
#[derive(Clone, Copy, Default)]
struct Ends {
    caller: Option<SocketAddr>,
    gateway: Option<SocketAddr>,
}

async fn socket() -> Arc<UdpSocket> {
    Arc::new(UdpSocket::bind((LOOPBACK, 0)).await.expect("a socket"))
}

fn port(socket: &UdpSocket) -> u16 {
    socket.local_addr().expect("its address").port()
}

impl FaultyLine {
    /// A line to the gateway at `sip`. It carries one call: a second one would share its ports.
    pub async fn start(sip: SocketAddr, plan: LinkPlan) -> Self {
        let (sip_socket, to_caller, to_gateway) = (socket().await, socket().await, socket().await);
        let (ends, known) = watch::channel(Ends::default());
        let counts = Arc::new(Counts::default());
        let port = port(&sip_socket);
        let mut tasks = JoinSet::new();
        tasks.spawn(relay_sip(sip_socket, sip, (to_caller.clone(), to_gateway.clone()), ends));
        tasks.spawn(spoil(to_caller.clone(), to_gateway.clone(), known.clone(), Link::new(plan), counts.clone()));
        tasks.spawn(carry(to_gateway, to_caller, known));
        Self { port, counts, _tasks: tasks }
    }

    /// Packets of the caller that were lost on this line.
    pub fn dropped(&self) -> u64 {
        self.counts.dropped.load(Ordering::Relaxed)
    }

    /// Packets of the caller that it took.
    pub fn carried(&self) -> u64 {
        self.counts.carried.load(Ordering::Relaxed)
    }
}

/// Both ways through one socket: what does not come from the gateway comes from the caller.
async fn relay_sip(
    socket: Arc<UdpSocket>,
    gateway: SocketAddr,
    (to_caller, to_gateway): (Arc<UdpSocket>, Arc<UdpSocket>),
    ends: watch::Sender<Ends>,
) {
    let mut caller = None;
    let mut buffer = vec![0; 65_536];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.expect("a datagram");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if from == gateway {
            let (text, said) = with_audio_port(&text, port(&to_caller));
            said.into_iter().for_each(|port| ends.send_modify(|ends| ends.gateway = Some((LOOPBACK, port).into())));
            if let Some(caller) = caller {
                socket.send_to(text.as_bytes(), caller).await.expect("the way to the caller");
            }
        } else {
            caller = Some(from);
            let (text, said) = with_audio_port(&text, port(&to_gateway));
            said.into_iter().for_each(|port| ends.send_modify(|ends| ends.caller = Some((LOOPBACK, port).into())));
            socket.send_to(text.as_bytes(), gateway).await.expect("the way to the gateway");
        }
    }
}

/// The message with another port in its audio line, and the port that stood there.
fn with_audio_port(message: &str, port: u16) -> (String, Option<u16>) {
    let Some((head, body)) = message.split_once("\r\n\r\n") else { return (message.to_owned(), None) };
    let Some((before, line)) = body.split_once("m=audio ") else { return (message.to_owned(), None) };
    let (said, rest) = line.split_once(' ').expect("an audio line has a port and more");
    let body = format!("{before}m=audio {port} {rest}");
    let head: Vec<String> = head
        .split("\r\n")
        .map(|line| match line.split_once(':') {
            Some((name, _)) if name.eq_ignore_ascii_case("Content-Length") => format!("{name}: {}", body.len()),
            _ => line.to_owned(),
        })
        .collect();
    (format!("{}\r\n\r\n{body}", head.join("\r\n")), said.parse().ok())
}

/// The caller's sound, through the link. Each copy waits its own delay.
async fn spoil(
    from: Arc<UdpSocket>,
    to: Arc<UdpSocket>,
    ends: watch::Receiver<Ends>,
    mut link: Link,
    counts: Arc<Counts>,
) {
    let mut under_way = JoinSet::new();
    let mut buffer = [0; 2_048];
    loop {
        let (length, _) = from.recv_from(&mut buffer).await.expect("a datagram");
        counts.carried.fetch_add(1, Ordering::Relaxed);
        let delays = link.delays();
        if delays.is_empty() {
            counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
        let Some(gateway) = ends.borrow().gateway else { continue };
        for delay in delays {
            let (packet, to) = (buffer[..length].to_vec(), to.clone());
            if delay.is_zero() {
                let _refused = to.send_to(&packet, gateway).await;
                continue;
            }
            under_way.spawn(async move {
                tokio::time::sleep(delay).await;
                let _refused = to.send_to(&packet, gateway).await;
            });
        }
        while under_way.try_join_next().is_some() {}
    }
}

/// The gateway's sound, as it is.
async fn carry(from: Arc<UdpSocket>, to: Arc<UdpSocket>, ends: watch::Receiver<Ends>) {
    let mut buffer = [0; 2_048];
    loop {
        let (length, _) = from.recv_from(&mut buffer).await.expect("a datagram");
        let Some(caller) = ends.borrow().caller else { continue };
        let _refused = to.send_to(&buffer[..length], caller).await;
    }
}

#[test]
fn only_the_audio_port_and_the_length_change() {
    let body = "v=0\r\nm=audio 4000 RTP/AVP 0\r\na=ptime:20\r\n";
    let message = format!("INVITE sip:a@b SIP/2.0\r\nVia: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let (changed, said) = with_audio_port(&message, 40_001);
    assert_eq!(said, Some(4_000));
    let wanted = message.replace("4000", "40001").replace(&body.len().to_string(), &(body.len() + 1).to_string());
    assert_eq!(changed, wanted);
    assert_eq!(with_audio_port("OPTIONS sip:a@b SIP/2.0\r\n\r\n", 1).1, None);
}
