//! A scripted SIP caller: text out, text in.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::DEADLINE;

pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 40002 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

pub enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
}

pub struct Peer {
    wire: Wire,
    local: SocketAddr,
    pub call_id: String,
    pub to_tag: Option<String>,
}

/// A message of the door.
#[derive(Clone, Debug)]
pub struct Received {
    pub text: String,
}

impl Received {
    pub fn status(&self) -> u16 {
        self.text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.text.lines().find_map(|line| line.strip_prefix(prefix.as_str()))
    }

    pub fn is_request(&self, method: &str) -> bool {
        self.text.starts_with(&format!("{method} "))
    }
}

impl Peer {
    pub async fn udp(door: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(door).await.unwrap();
        let local = socket.local_addr().unwrap();
        Self::new(Wire::Udp(socket), local)
    }

    pub async fn tcp(door: SocketAddr) -> Self {
        let stream = TcpStream::connect(door).await.unwrap();
        let local = stream.local_addr().unwrap();
        Self::new(Wire::Tcp(stream, Vec::new()), local)
    }

    fn new(wire: Wire, local: SocketAddr) -> Self {
        let call_id = format!("{}@example.org", uuid::Uuid::now_v7());
        Self { wire, local, call_id, to_tag: None }
    }

    fn transport(&self) -> &'static str {
        match self.wire {
            Wire::Udp(_) => "UDP",
            Wire::Tcp(..) => "TCP",
        }
    }

    /// A request of this caller's dialog; `branch` names its transaction.
    pub fn request(&self, method: &str, user: &str, cseq: u32, branch: &str, extra: &str, body: &str) -> String {
        let (local, transport) = (self.local, self.transport());
        let tag = self.to_tag.as_ref().map(|tag| format!(";tag={tag}")).unwrap_or_default();
        let kind =
            if body.is_empty() || extra.contains("Content-Type") { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:{user}@127.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/{transport} {local};branch=z9hG4bK{branch};rport\r\n\
             From: \"Ann\" <sip:ann@example.org>;tag=ann\r\n\
             To: <sip:{user}@127.0.0.1>{tag}\r\n\
             Call-ID: {}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:ann@{local};transport={}>\r\nMax-Forwards: 70\r\n{extra}{kind}Content-Length: {}\r\n\r\n{body}",
            self.call_id,
            transport.to_lowercase(),
            body.len(),
        )
    }

    pub fn invite(&self, user: &str) -> String {
        self.request("INVITE", user, 1, "invite", "", SDP)
    }

    pub async fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes()).await;
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        match &mut self.wire {
            Wire::Udp(socket) => assert_eq!(socket.send(bytes).await.unwrap(), bytes.len()),
            Wire::Tcp(stream, _) => stream.write_all(bytes).await.unwrap(),
        }
    }

    pub async fn receive(&mut self) -> Received {
        tokio::time::timeout(DEADLINE, self.next()).await.expect("the door said nothing")
    }

    async fn next(&mut self) -> Received {
        let bytes = match &mut self.wire {
            Wire::Udp(socket) => {
                let mut buffer = vec![0; 65_535];
                let length = socket.recv(&mut buffer).await.unwrap();
                buffer.truncate(length);
                buffer
            }
            Wire::Tcp(stream, pending) => loop {
                if let Some(length) = complete(pending) {
                    break pending.drain(..length).collect();
                }
                let mut buffer = [0; 4096];
                let length = stream.read(&mut buffer).await.unwrap();
                assert!(length > 0, "the door closed the connection");
                pending.extend_from_slice(&buffer[..length]);
            },
        };
        Received { text: String::from_utf8(bytes).unwrap() }
    }

    /// The next response with this status, after any number of others.
    pub async fn status(&mut self, status: u16) -> Received {
        loop {
            let received = self.receive().await;
            if received.status() == status {
                if let Some((_, tag)) = received.header("To").and_then(|to| to.split_once(";tag=")) {
                    self.to_tag = Some(tag.to_owned());
                }
                return received;
            }
            assert!(received.status() < 200, "expected {status}, got {}", received.text);
        }
    }

    /// The next request of the door; responses are passed over, and so is an ACK.
    pub async fn next_request(&mut self, method: &str) -> Received {
        loop {
            let received = self.receive().await;
            if received.is_request(method) {
                return received;
            }
        }
    }

    pub async fn respond(&mut self, request: &Received, status: u16, extra: &str, body: &str) {
        let copied = |name: &str| format!("{name}: {}\r\n", request.header(name).unwrap());
        let headers: String = ["Via", "From", "To", "Call-ID", "CSeq"].iter().map(|name| copied(name)).collect();
        let local = self.local;
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        self.send(&format!(
            "SIP/2.0 {status} As Asked\r\n{headers}Contact: <sip:ann@{local}>\r\n{extra}{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    }

    /// The next request of the door, answered with 200.
    pub async fn expect_request(&mut self, method: &str) -> Received {
        let received = self.next_request(method).await;
        self.respond(&received, 200, "", "").await;
        received
    }

    pub async fn ack(&mut self, user: &str, cseq: u32) {
        let ack = self.request("ACK", user, cseq, &format!("ack{cseq}"), "", "");
        self.send(&ack).await;
    }

    /// INVITE, 200, ACK.
    pub async fn call(&mut self, user: &str) -> Received {
        self.send(&self.invite(user)).await;
        let answer = self.status(200).await;
        self.ack(user, 1).await;
        answer
    }

    pub async fn bye(&mut self, user: &str, cseq: u32) {
        let bye = self.request("BYE", user, cseq, "bye", "", "");
        self.send(&bye).await;
        self.status(200).await;
    }
}

fn complete(pending: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(pending).ok()?;
    let head = text.find("\r\n\r\n")? + 4;
    let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: "))?;
    let total = head + length.trim().parse::<usize>().ok()?;
    (pending.len() >= total).then_some(total)
}
